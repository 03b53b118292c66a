//! Verify, backup and restore, as a person plays them.

use std::fs;

use serde_json::{Value, json};

use crate::platform;
use crate::world::{Program, until};

/// Lease and time-outs so short that a test can wait for them; the shortest that a pool takes.
const SHORT: [&str; 9] = [
    "pool",
    "set",
    "infor-crm",
    "--lease",
    "10s",
    "--calls-timeout",
    "10s",
    "--session-timeout",
    "web=10s",
];

#[test]
fn a_backup_is_made_while_people_work_and_overwrites_nothing() {
    let program = Program::with_store();
    let server = program.serve();
    let crm = program.application_server(&["Lucy", "Bill"]);
    crm.sign_on("Lucy", "network").expect(201);
    let file = program.file("backup.db");
    let name = file.to_str().unwrap();
    let said = program.ok(&["backup", name]);
    assert!(said.contains("verified"), "{said}");
    assert_eq!(platform::mode(&file).unwrap_or(0o600), 0o600);
    let before = fs::read(&file).unwrap();
    crm.sign_on("Bill", "network").expect(201);

    let again = program.fails(1, &["backup", name]);
    assert!(again.contains("give another name"), "{again}");
    assert_eq!(fs::read(&file).unwrap(), before);
    let beside: Vec<_> = fs::read_dir(program.folder.path()).unwrap().collect();
    assert_eq!(beside.len(), 2, "nothing is left beside the backup: {beside:?}");

    let (sound, told) = program.verify();
    assert!(sound, "while the server runs: {told}");
    let json: Value = serde_json::from_str(&program.ok(&[
        "backup",
        program.file("b").to_str().unwrap(),
        "--json",
    ]))
    .unwrap();
    assert_eq!(json["sound"], true);
    assert_eq!(json["newest"], told["newest"]);
    drop(server);
}

#[test]
fn a_backup_of_nothing_or_to_nowhere_says_so() {
    let program = Program::new();
    let to = program.file("backup.db");
    let none = program.fails(1, &["backup", to.to_str().unwrap()]);
    assert!(none.contains("hotseat-pool init"), "{none}");
    assert!(program.fails(1, &["verify"]).contains("hotseat-pool restore"), "{none}");
    program.init();
    let nowhere = program.file("no/such/folder");
    let said = program.fails(1, &["backup", nowhere.to_str().unwrap()]);
    assert!(said.contains("no/such"), "{said}");
    assert!(!to.exists());
}

#[test]
fn a_restored_store_grants_nothing_for_the_longest_lease_and_says_how_long() {
    let program = Program::with_store();
    let server = program.serve();
    program.ok(&SHORT);
    let crm = program.application_server(&["Lucy", "Bill", "Olaf"]);
    let kept = crm.sign_on("Lucy", "network").expect(201);
    let file = program.file("backup.db");
    program.ok(&["backup", file.to_str().unwrap()]);
    // The time that will be lost.
    crm.sign_off(&kept).expect(204);
    let lost = crm.sign_on("Olaf", "network").expect(201);
    let in_use = program.fails(1, &["restore", file.to_str().unwrap(), "--replace"]);
    assert!(in_use.contains("in use"), "{in_use}");
    drop(server);

    let occupied = program.fails(1, &["restore", file.to_str().unwrap()]);
    assert!(occupied.contains("--replace"), "{occupied}");
    let (_, old) = program.verify();
    let before = program.files();
    let restored = program.ok(&["restore", file.to_str().unwrap(), "--replace", "--json"]);
    let restored: Value = serde_json::from_str(&restored).unwrap();
    assert_eq!(restored["grants_nothing_for_ms"], 10_000);
    assert_eq!(restored["new_admin_token"], Value::Null, "the old token opens it");
    assert_ne!(restored["generation"], old["generation"]);
    // What was there is kept, to the byte.
    let moved = restored["moved_to"].as_str().unwrap();
    for (path, bytes) in before.iter().filter(|(path, _)| !path.ends_with("admin.token")) {
        let name = path.file_name().unwrap();
        assert_eq!(&fs::read(std::path::Path::new(moved).join(name)).unwrap(), bytes);
    }

    let server = program.serve();
    // The server is well and must be reached; it is not ready to grant anything.
    let health = program.client().get("/healthz").expect(200);
    assert_eq!(health["status"], "recovering");
    assert!(health["left_ms"].as_u64().unwrap() <= 10_000, "{health}");
    let ready = program.client().get("/readyz").expect(503);
    assert_eq!((&ready["code"], &ready["detail"]), (&json!("pool_recovering"), &health["detail"]));
    let listed = program.run(&["pool", "list"], "");
    let remark = String::from_utf8(listed.stderr).unwrap();
    assert!(remark.contains("grants nothing"), "{remark}");
    let refused = crm.sign_on("Bill", "network").expect(409);
    assert_eq!(refused["code"], "pool_recovering");
    assert!(refused["detail"].as_str().unwrap().contains("grants nothing for another"));
    let check = json!({ "request_id": crate::world::fresh(), "client": "mobile",
                        "user": crate::world::email("Bill") });
    let refused = crm.post("/api/v1/pools/infor-crm/checks", &check).expect(409);
    assert_eq!(refused["code"], "pool_recovering");
    assert!(crm.holds(&kept), "what the backup knows is renewed");
    assert!(!crm.holds(&lost), "what it does not know is gone");

    until("seats are granted again", || {
        crm.holds(&kept);
        program.client().get("/readyz").status == 200
    });
    assert!(crm.holds(&kept));
    let granted = crm.sign_on("Bill", "network").expect(201);
    let generation = restored["generation"].as_str().unwrap();
    assert!(granted["epoch"].as_str().unwrap().starts_with(generation), "{granted}");
    assert_eq!(crm.in_use(), 2);
    let log = server.kill();
    assert!(log.contains("the pool grants no seat yet"), "{log}");
    assert!(program.verify().0);
}

/// A store whose lease was 10 s when a backup was made, and an hour when it was damaged so.
fn restored_over(damage: &str) -> (Program, Value) {
    let program = Program::with_store();
    let server = program.serve();
    program.ok(&SHORT);
    let file = program.file("backup.db");
    program.ok(&["backup", file.to_str().unwrap()]);
    program.ok(&["pool", "set", "infor-crm", "--lease", "1h"]);
    program.application_server(&["Lucy"]);
    server.kill();
    let store = rusqlite::Connection::open(program.store()).unwrap();
    store.execute_batch(damage).unwrap();
    store.close().unwrap();
    let said = program.ok(&["restore", file.to_str().unwrap(), "--replace", "--json"]);
    (program, serde_json::from_str(&said).unwrap())
}

#[test]
fn a_damaged_store_that_is_replaced_tells_as_much_of_leases_as_can_be_read_of_it() {
    const HOUR: u64 = 3_600_000;
    // The newest record: somebody was added, which states no lease.
    let newest = "UPDATE journal SET checksum = zeroblob(32)
                  WHERE seq = (SELECT max(seq) FROM journal)";
    let (_, said) = restored_over(newest);
    assert_eq!(
        (&said["grants_nothing_for_ms"], &said["cannot_tell"]),
        (&json!(HOUR), &json!(null))
    );

    let definition = "UPDATE journal SET checksum = zeroblob(32) WHERE seq =
                      (SELECT max(seq) FROM journal WHERE kind = 'pool_defined')";
    for damage in [definition, "DROP TABLE journal", "PRAGMA user_version = 99"] {
        let (program, said) = restored_over(damage);
        assert_eq!(said["grants_nothing_for_ms"], 7 * 24 * HOUR, "{damage}: {said}");
        assert!(said["cannot_tell"].is_string(), "{said}");
        // Not without the administrator's word, which is taken for what nobody can tell only.
        let word = ["recover", "--longest-lease", "2h"];
        let said = program.fails(1, &word);
        let words = "waits 168 h after a start, longer than the 2 h given; add --yes to shorten it";
        assert!(said.contains(words) && said.contains("(never below "), "{said}");
        let said = program.ok(&[&word[..], &["--yes"]].concat());
        assert!(said.contains("granted for 2 h,"), "{said}");
    }
}

#[test]
fn where_there_is_no_store_to_read_the_wait_is_the_longest_and_says_why() {
    let old = Program::with_store();
    let file = old.file("backup.db");
    old.ok(&["backup", file.to_str().unwrap()]);
    let new = Program::new();
    let said = new.ok(&["restore", file.to_str().unwrap()]);
    for word in
        ["granted for 168 h", "there was no store", "recover --longest-lease DURATION --yes"]
    {
        assert!(said.contains(word), "no {word:?} in {said}");
    }
    let said = new.fails(2, &["recover", "--yes", "--longest-lease", "999999999h"]);
    assert!(said.contains("lease_ms") && said.contains("10 s to 168 h"), "{said}");
    // The least that was stated: 90 s.
    let said = new.ok(&["recover", "--yes", "--longest-lease", "10s"]);
    assert!(said.contains("granted for 90 s,"), "{said}");
}

#[test]
fn a_backup_goes_into_an_empty_directory_with_a_token_of_its_own() {
    let old = Program::with_store();
    let server = old.serve();
    old.application_server(&["Lucy"]);
    let file = old.file("backup.db");
    old.ok(&["backup", file.to_str().unwrap()]);
    drop(server);

    let new = Program::new();
    let arguments = ["restore", file.to_str().unwrap(), "--longest-lease", "2h"];
    let said = new.ok(&arguments);
    assert!(said.contains("token is a new one") && said.contains("2 h"), "{said}");
    let token = new.data_dir().join("admin.token");
    assert_eq!(platform::mode(&token).unwrap_or(0o600), 0o600);
    assert_ne!(fs::read(&token).unwrap(), fs::read(old.data_dir().join("admin.token")).unwrap());
    let server = new.serve();
    let people = new.admin().get("/api/v1/users").expect(200);
    assert!(people.to_string().contains("lucy@finance.example"), "{people}");
    drop(server);
    // And again, over the new one, with the same token.
    let said = new.ok(&["restore", file.to_str().unwrap(), "--replace"]);
    assert!(said.contains("token is a new one"), "the backup knows only the old one: {said}");
    let server = new.serve();
    new.admin().get("/api/v1/users").expect(200);
    drop(server);
}

#[test]
fn what_is_no_sound_backup_is_not_put_back_and_nothing_changes() {
    let program = Program::with_store();
    let good = program.file("good.db");
    program.ok(&["backup", good.to_str().unwrap()]);
    let before = program.files();
    let bytes = fs::read(&good).unwrap();
    for (name, content) in [
        ("missing.db", None),
        ("text.db", Some(b"no database, and longer than a header would be. ".repeat(20))),
        ("cut.db", Some(bytes[..bytes.len() / 2].to_vec())),
        ("empty.db", Some(Vec::new())),
    ] {
        let file = program.file(name);
        if let Some(content) = content {
            fs::write(&file, content).unwrap();
        }
        let said = program.fails(1, &["restore", file.to_str().unwrap(), "--replace"]);
        assert!(said.contains(name) || said.contains("damaged"), "{name}: {said}");
        assert!(program.files() == before, "{name}");
    }
    drop(program.serve());
}
