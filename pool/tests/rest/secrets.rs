//! No secret in a log, in an answer that is not its first, or in a file that others read.

use std::path::Path;

use hotseat_protocol::link::{FromPool, Renewal};

use crate::command_line::Program;
use crate::socket::{Disk, Link};
use crate::world::password;

/// The finest level, and every dependency that is known to log what it carries named for itself.
const EVERYTHING: &str = "trace,tungstenite=trace,tokio_tungstenite=trace,hyper=trace,\
    hyper_util=trace,h2=trace,axum=trace,tower=trace,tower_http=trace,rustls=trace,ureq=trace,\
    ureq_proto=trace,mio=trace,zbus=trace,log=trace";

/// A secret as it may stand in a log, in a list of bytes, in an address or in another text.
fn forms(secret: &str) -> Vec<String> {
    use base64::Engine as _;
    let bytes = secret.as_bytes();
    let of_each = |form: &dyn Fn(&u8) -> String, between: &str| {
        bytes.iter().map(form).collect::<Vec<_>>().join(between)
    };
    let in_address = |byte: &u8| match byte {
        byte if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) => {
            char::from(*byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    vec![
        secret.to_owned(),
        format!("{secret:?}").trim_matches('"').to_owned(),
        serde_json::to_string(secret).unwrap().trim_matches('"').to_owned(),
        base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes),
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes),
        of_each(&|byte| format!("{byte:02x}"), ""),
        of_each(&|byte| format!("{byte:02X}"), ""),
        of_each(&|byte| byte.to_string(), ", "),
        of_each(&in_address, ""),
    ]
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn files_are_their_owners_only_and_hold_no_secret_but_the_token() {
    let program = Program::new();
    program.ok(&["init", "--seats", "2", "--yes"], "");
    let log_file = program.data_dir().with_extension("log");
    let server = program.serve_at(EVERYTHING, std::fs::File::create(&log_file).unwrap());
    let lucy = format!("{}\n", password("Lucy"));
    program.ok(&["user", "add", "lucy@finance.example", "--name", "Lucy"], &lucy);
    let invitation = first_line(&program.ok(&["machine", "invite"], ""));
    let service = first_line(&program.ok(&["service", "add", "crm", "--act-for"], ""));
    let client = crate::world::Client::new(program.address);
    let body = serde_json::json!({ "email": "lucy@finance.example", "password": password("Lucy") });
    let answer = client.post("/api/v1/login", &body).expect(200);
    let token = answer["token"].as_str().unwrap().to_owned();
    let body = serde_json::json!({ "invitation": invitation, "name": "desk-1" });
    let answer = client.post("/api/v1/machines/enroll", &body).expect(201);
    let credential = answer["credential"].as_str().unwrap().to_owned();
    let (machine, told) = (answer["machine"].as_str().unwrap().parse().unwrap(), &credential);
    let mut link = Link::open_at(program.address, told).unwrap();
    link.hello(machine, &Disk::default(), "boot");
    let Some(FromPool::Welcome { secret: Some(link_secret), .. }) = link.next() else {
        panic!("no welcome")
    };
    link.renew(Renewal::default());
    let link_token = link.log_in("Lucy");
    let wrong = serde_json::json!({ "email": "lucy@finance.example", "password": "a wrong guess" });
    client.post("/api/v1/login", &wrong).expect(401);
    drop(link);
    server.stop();
    let log = std::fs::read_to_string(log_file).unwrap();

    let admin = std::fs::read_to_string(program.data_dir().join("admin.token")).unwrap();
    let secrets = [
        password("Lucy"),
        invitation,
        service,
        token,
        credential,
        link_secret.expose().to_owned(),
        link_token.expose().to_owned(),
        "a wrong guess".to_owned(),
        admin.trim().to_owned(),
    ];
    assert!(log.contains("serving"), "{log}");
    for secret in &secrets {
        assert!(secret.len() > 8);
        for form in forms(secret) {
            assert!(!log.contains(&form), "the log has {secret} as {form}");
        }
    }
    for path in files(&program.data_dir()) {
        assert!(crate::platform::is_private(&path), "{} is readable by others", path.display());
        if path.ends_with("admin.token") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for secret in &secrets {
            for form in forms(secret) {
                let found = bytes.windows(form.len()).any(|window| window == form.as_bytes());
                assert!(!found, "{} has {secret} as {form}", path.display());
            }
        }
    }
    assert!(crate::platform::is_private(&program.data_dir()));
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap().to_owned()
}
