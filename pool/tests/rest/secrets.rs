//! No secret in a log, in an answer that is not its first, or in a file that others read.

use std::path::Path;

use hotseat_canary::{Canaries, EVERYTHING};
use hotseat_protocol::link::{FromPool, Renewal};

use crate::command_line::Program;
use crate::socket::{Disk, Link};
use crate::world::password;

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
    let mut canaries = Canaries::new();
    for (what, secret) in [
        ("the password", password("Lucy").as_str()),
        ("the invitation", &invitation),
        ("the service's token", &service),
        ("the log-in's token", &token),
        ("the machine's credential", &credential),
        ("the link's secret", link_secret.expose()),
        ("the token of a log-in by link", link_token.expose()),
        ("a wrong password", "a wrong guess"),
        ("the administrator's token", admin.trim()),
    ] {
        canaries.plant(what, secret);
    }
    let search = canaries.search();
    assert!(log.contains("serving"), "{log}");
    assert_eq!(search.find(&log), [], "the log");
    for path in files(&program.data_dir()) {
        assert!(crate::platform::is_private(&path), "{} is readable by others", path.display());
        if !path.ends_with("admin.token") {
            assert_eq!(search.find(std::fs::read(&path).unwrap()), [], "{}", path.display());
        }
    }
    assert!(crate::platform::is_private(&program.data_dir()));
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap().to_owned()
}
