//! Kept tools look at the REST interface from outside: its document is valid, a client that is
//! generated from it works, and requests that are made from it, right and wrong ones, are answered
//! as it says.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::world::{Client, Server, email, password};

/// Requests that are made for each operation beside those that cover its limits one by one.
const EXAMPLES_EACH: &str = "4";
/// What each answer is checked for.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,negative_data_rejection";
/// A caller without a token does not look for one; a body that is too long is rejected by 413; and
/// where names are made up, one that exists is given, so that more than "not found" is answered.
const CONFIG: &str = r#"
[auth]
auto-signup = false

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 409, 410, 413, 415, 422, 429]

[[operations]]
include-operation-id = ["sign_on", "check_seat", "show_pool"]
parameters = { "path.pool" = "infor-crm" }
"#;

/// Where `cargo xtask deps` puts the tools: below the target directory that this program is in.
fn tool(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let target = own.ancestors().nth(3).unwrap();
    let tool = target.join("tools/rest-testers/bin").join(name);
    assert!(
        tool.exists(),
        "{} is not there: `cargo xtask deps --install` installs it",
        tool.display()
    );
    tool
}

/// Runs a tool to its end, which must be a success.
#[track_caller]
fn run(command: &mut Command) -> String {
    let done = command.output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}\n{text}");
    text.into_owned()
}

/// A folder with the document in it.
fn folder_with_document() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("openapi.json");
    std::fs::write(&document, hotseat_pool::http::document()).unwrap();
    (folder, document)
}

#[test]
fn the_document_is_a_valid_one() {
    let (_folder, document) = folder_with_document();
    run(Command::new(tool("openapi-spec-validator")).arg(&document));
    let server = Server::start(1);
    let sent = server.client().get("/api/v1/openapi.json").expect(200);
    assert_eq!(sent, *crate::described::DOCUMENT);
    assert_eq!(sent["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_generated_client_signs_lucy_on_is_refused_the_third_seat_and_signs_off() {
    let (folder, document) = folder_with_document();
    let generated = folder.path().join("hotseat_client");
    let config = folder.path().join("generator.yml");
    std::fs::write(&config, "post_hooks: []\n").unwrap();
    run(Command::new(tool("openapi-python-client"))
        .args(["generate", "--meta", "none", "--fail-on-warning", "--path"])
        .arg(&document)
        .arg("--output-path")
        .arg(&generated)
        .arg("--config")
        .arg(&config));
    let server = Server::start(2);
    for name in ["Lucy", "Bill", "Olaf"] {
        server.add_person(name, "concurrent");
    }
    let journey = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rest/journey.py");
    let people = ["Lucy", "Bill", "Olaf"].map(|name| json!([email(name), password(name)]));
    let told = run(Command::new(tool("python"))
        .arg("-B")
        .arg(journey)
        .arg(format!("http://{}", server.address))
        .arg(json!(people).to_string())
        .env("PYTHONPATH", folder.path()));
    assert!(told.ends_with("Olaf has the seat that Lucy gave back.\n"), "{told}");
}

/// Sends requests that are made from the document.
fn fuzz(server: &Server, client: &Client, operations: [&str; 2]) {
    let (folder, document) = folder_with_document();
    let config = folder.path().join("schemathesis.toml");
    std::fs::write(&config, CONFIG).unwrap();
    let mut command = Command::new(tool("st"));
    command
        .current_dir(folder.path())
        .arg("--config-file")
        .arg(&config)
        .arg("run")
        .arg(&document)
        .args(["--url", &format!("http://{}", server.address)])
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", EXAMPLES_EACH, "--generation-deterministic"])
        .args(["--workers", "1"])
        .args(["--no-color", "--warnings", "off"])
        .args(operations.iter().filter(|argument| !argument.is_empty()));
    if let Some(token) = client.token() {
        command.args(["--header", &format!("Authorization: Bearer {token}")]);
    }
    run(&mut command);
    server.client().get("/readyz").expect(200);
}

const ALL: [&str; 2] = ["", ""];

#[test]
fn whatever_an_administrator_sends_is_answered_as_described() {
    let server = Server::start(2);
    fuzz(&server, &server.admin(), ALL);
}

#[test]
fn whatever_a_person_sends_is_answered_as_described() {
    let server = Server::start(2);
    let lucy = server.person("Lucy");
    // Logging out ends the token that everything else is tried with.
    fuzz(&server, &lucy, ["--exclude-operation-id", "log_out"]);
    fuzz(&server, &lucy, ["--include-operation-id", "log_out"]);
}

#[test]
fn whatever_an_application_server_sends_is_answered_as_described() {
    let server = Server::start(2);
    server.add_person("Lucy", "concurrent");
    fuzz(&server, &server.application_server(), ALL);
}

#[test]
fn whatever_a_stranger_sends_is_answered_as_described() {
    let server = Server::start(2);
    fuzz(&server, &server.client(), ALL);
}
