//! No secret stands in a log, in `--json`, in the arguments of a process, or in a file that others can read.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hotseat_tests::people::LUCY;
use hotseat_tests::pool_server::POOL;
use hotseat_tests::processes;
use hotseat_tests::world::{World, sign_on};
use serde_json::{Value, json};

/// Fields whose values are secrets, wherever they stand.
const SECRET_FIELDS: [&str; 4] = ["token", "credential", "password", "key"];
/// What a short command prints is its answer to the person who typed it.
const ANSWERS: [&str; 1] = ["pool-machine"];

#[tokio::test(flavor = "multi_thread")]
async fn secrets_stand_nowhere_but_in_their_owners_files() {
    let world = World::new().unwrap();
    let lucy = world.desk(LUCY).await.unwrap();
    sign_on(&world, &lucy).unwrap();
    let (_program, _) = world.run_program(&lucy.host, &LUCY).await.unwrap();
    let mut secrets = vec![LUCY.password.to_owned()];
    let admin = fs::read_to_string(world.pool.data_dir().join("admin.token")).unwrap();
    secrets.push(admin.trim().to_owned());
    let body = json!({"name": "crm", "act_for": true});
    let service = world.pool.admin().unwrap().post("/api/v1/services", &body).unwrap();
    secrets.push(service.body["token"].as_str().unwrap().to_owned());
    for file in files(&lucy.host.state_dir()) {
        if let Ok(value) = serde_json::from_slice(&fs::read(file).unwrap()) {
            collect(&value, &mut secrets);
        }
    }
    assert!(secrets.len() >= 5, "a credential and a log-in token are kept: {}", secrets.len());

    let found = |text: &[u8]| {
        secrets.iter().find(|secret| {
            let secret = secret.as_bytes();
            text.windows(secret.len()).any(|part| part == secret)
        })
    };
    for file in files(world.folder()) {
        let text = fs::read(&file).unwrap_or_default();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_log = ["out", "log"].iter().any(|end| name.ends_with(end));
        let is_answer = ANSWERS.iter().any(|answer| name.contains(answer));
        let others = fs::metadata(&file).map_or(0, |file| file.permissions().mode() & 0o077);
        if found(&text).is_some() && !is_answer {
            assert!(!is_log, "{} has a secret", file.display());
            assert_eq!(others, 0, "{} can be read by others", file.display());
            let is_owners = name == "admin.token" || file.starts_with(lucy.host.state_dir());
            assert!(is_owners, "{} has a secret in the clear", file.display());
        }
    }
    for id in processes::descendants(std::process::id()) {
        let arguments = processes::arguments(id).join(" ");
        assert_eq!(found(arguments.as_bytes()), None, "{arguments}");
    }
    for verb in [&["status"][..], &["who", POOL], &["doctor"]] {
        let answer = lucy.hotseat(&[verb, &["--json"]].concat()).unwrap();
        let text = format!("{}{}", answer.stdout, answer.stderr);
        assert_eq!(found(text.as_bytes()), None, "{text}");
    }
}

fn collect(value: &Value, secrets: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(text) if SECRET_FIELDS.contains(&name.as_str()) => {
                        secrets.push(text.to_owned());
                    }
                    _ => collect(value, secrets),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, secrets)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Every file below a folder; sockets and links are none.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found
}
