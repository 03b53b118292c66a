//! No secret in a log, in an answer that is not its first, or in a file that others read.

use std::path::Path;

use crate::command_line::Program;
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
    let server = program.serve();
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
    let wrong = serde_json::json!({ "email": "lucy@finance.example", "password": "a wrong guess" });
    client.post("/api/v1/login", &wrong).expect(401);
    let log = server.stop();

    let admin = std::fs::read_to_string(program.data_dir().join("admin.token")).unwrap();
    let secrets = [
        password("Lucy"),
        invitation,
        service,
        token,
        credential,
        "a wrong guess".to_owned(),
        admin.trim().to_owned(),
    ];
    assert!(log.contains("serving"), "{log}");
    for secret in &secrets {
        assert!(secret.len() > 8);
        assert!(!log.contains(secret.as_str()), "the log has {secret}");
    }
    for path in files(&program.data_dir()) {
        assert!(crate::platform::is_private(&path), "{} is readable by others", path.display());
        if path.ends_with("admin.token") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for secret in &secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{} has {secret}", path.display());
        }
    }
    assert!(crate::platform::is_private(&program.data_dir()));
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap().to_owned()
}
