//! Stores with a record that cannot be used: they are read and not written, and go on without it
//! once an administrator says so.

use std::fs;
use std::path::Path;

use hotseat_protocol::link::FromPool;
use hotseat_protocol::problem::Code;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::rolled_back::Machine;
use crate::world::{Client, Program, email, until};

/// What is there before anything is poisoned.
struct Office {
    program: Program,
    crm: Client,
    /// Lucy, by her own log-in.
    lucy: Client,
    desk: Machine,
}

/// Changes a store behind the program's back.
fn meddle(program: &Program, sql: &str) {
    let store = Connection::open(program.store()).unwrap();
    store.execute_batch(sql).unwrap();
    store.close().unwrap();
}

fn number(program: &Program, select: &str) -> u64 {
    let store = Connection::open(program.store()).unwrap();
    store.query_row(select, [], |row| row.get::<_, i64>(0)).unwrap().unsigned_abs()
}

/// Lucy holds a seat, a machine is enrolled, and the newest but one record disables Olaf. Nothing
/// ever had a lease longer than ten seconds, and no snapshot is left.
fn office() -> Office {
    let program = Program::with_store();
    // As if it had been defined so, by a program that wrote no checksums yet.
    meddle(
        &program,
        "UPDATE journal SET checksum = NULL, payload = json_set(payload,
             '$.definition.lease_ms', 10000, '$.definition.calls_timeout_ms', 10000,
             '$.definition.clients.web.session_timeout_ms', 10000)
         WHERE kind = 'pool_defined'; DELETE FROM snapshot",
    );
    let server = program.serve();
    let crm = program.application_server(&["Lucy", "Bill", "Olaf"]);
    let desk = Machine::enrol(&program);
    let password = json!({ "email": email("Lucy"), "password": "Lucy's own password" });
    let token = program.client().post("/api/v1/login", &password).expect(200)["token"].clone();
    let lucy = program.with_token(token.as_str().unwrap());
    for name in ["Olaf", "Lucy"] {
        crm.sign_on(name, "network").expect(201);
    }
    let disabled = program.admin().ask(
        "PATCH",
        &format!("/api/v1/users/{}", email("Olaf")),
        &json!({ "enabled": false }).to_string(),
    );
    disabled.unwrap().expect(200);
    crm.sign_on("Bill", "network").expect(201);
    server.kill();
    Office { program, crm, lucy, desk }
}

/// Makes one record unreadable, in this way; its number.
fn poison(program: &Program, which: &str, how: &str) -> u64 {
    let record = number(program, &format!("SELECT max(seq) FROM journal WHERE {which}"));
    meddle(program, &how.replace("?1", &record.to_string()));
    record
}

const FLIPPED: &str = "UPDATE journal SET payload = replace(payload, 'false', 'folse')
                       WHERE seq = ?1";

#[test]
fn a_poisoned_store_is_read_and_nothing_is_written() {
    let Office { program, crm, lucy, desk } = office();
    let record = poison(&program, "kind = 'user_changed'", FLIPPED);
    let before = program.files();
    let named = format!("Record {record} ");
    let next = format!("hotseat-pool recover --quarantine {record}");
    for _ in 0..2 {
        let server = program.serve();
        let anybody = program.client();
        let health = anybody.get("/healthz").expect(200);
        assert_eq!(health["status"], "read_only");
        assert!(health["next"].as_str().unwrap().contains(&next), "{health}");
        anybody.get("/activez").expect(200);
        let ready = anybody.get("/readyz").expect(503);
        assert_eq!(ready["code"], "pool_recovering");
        assert!(ready["detail"].as_str().unwrap().starts_with(&named), "{ready}");

        let admin = program.admin();
        // Olaf's seat ended just before the record; Lucy's is there, however long ago it was.
        assert_eq!(admin.get("/api/v1/pools/infor-crm").expect(200)["in_use"], 1);
        assert_eq!(admin.get("/api/v1/users").expect(200).as_array().unwrap().len(), 3);
        assert_eq!(admin.get("/api/v1/machines").expect(200).as_array().unwrap().len(), 1);
        let me = lucy.get("/api/v1/me").expect(200);
        assert_eq!(me["seats"].as_array().unwrap().len(), 1);
        let seat = me["seats"][0].clone();
        lucy.get("/api/v1/me/history").expect(200);
        let history = admin.get("/api/v1/history").expect(200);
        let records = history["records"].as_array().unwrap();
        assert_eq!(records.last().unwrap()["what"], "unreadable");
        assert_eq!(records.last().unwrap()["seq"], record);
        assert_eq!(records.len() as u64, record);

        let password = json!({ "email": email("Lucy"), "password": "Lucy's own password" });
        let claim = json!([{ "id": seat["id"], "epoch": seat["epoch"] }]);
        for refused in [
            crm.sign_on("Bill", "web"),
            crm.sign_off(&seat),
            crm.post("/api/v1/seats/renew", &claim),
            anybody.post("/api/v1/login", &password),
            admin.post("/api/v1/machines/invitations", &json!({})),
            admin.delete(&format!("/api/v1/users/{}", email("Bill"))),
        ] {
            let told = refused.expect(503);
            assert_eq!(told["code"], "pool_recovering");
            assert!(told["detail"].as_str().unwrap().starts_with(&named), "{told}");
            assert!(told["next"].as_str().unwrap().contains(&next), "{told}");
        }
        let answer = desk.is_answered(&program, None);
        let FromPool::Refused { problem } = answer else { panic!("{answer:?}") };
        assert_eq!(problem.code, Code::PoolRecovering);
        assert!(problem.detail.starts_with(&named), "{problem}");
        // By the administration socket, too.
        assert!(program.ok(&["user", "list"]).contains("olaf@"));
        assert!(program.fails(1, &["user", "disable", &email("Bill")]).contains(&named));
        let log = server.kill();
        assert!(log.contains(&format!("record={record}")) && log.contains("only reads"), "{log}");
        assert!(program.files() == before, "a start changed the store");
    }
    // Without a server the verbs do the same.
    assert!(program.ok(&["pool", "list"]).contains("infor-crm"));
    assert!(program.fails(1, &["pool", "remove", "infor-crm"]).contains(&named));
    assert!(program.files() == before, "a verb changed the store");
}

/// Runs `recover --quarantine RECORD --json`, with or without doing it.
fn recovers(program: &Program, record: u64, yes: bool) -> Value {
    let record = record.to_string();
    let mut arguments = vec!["recover", "--quarantine", &record, "--json"];
    if yes {
        arguments.push("--yes");
    }
    serde_json::from_str(&program.ok(&arguments)).unwrap()
}

#[test]
fn a_record_is_set_aside_only_when_an_administrator_says_so() {
    let Office { program, crm, desk, .. } = office();
    let record = poison(&program, "kind = 'user_changed'", FLIPPED);
    let text = record.to_string();
    let server = program.serve();
    let in_use = program.fails(1, &["recover", "--quarantine", &text, "--yes"]);
    assert!(in_use.contains("in use"), "{in_use}");
    server.kill();

    let before = program.files();
    let said = program.ok(&["recover", "--quarantine", &text]);
    for word in ["user_changed", "folse", "it is not what was written", "olaf@finance", "10 s"] {
        assert!(said.contains(word), "no {word:?} in {said}");
    }
    assert!(said.contains("Nothing was changed"), "{said}");
    let another = program.fails(1, &["recover", "--quarantine", "2", "--yes"]);
    assert!(another.contains(&format!("record {record} is the first")), "{another}");
    let plain = program.fails(1, &["recover", "--yes"]);
    assert!(plain.contains(&format!("recover --quarantine {record}")), "{plain}");
    let copy = program.file("copy.db");
    let backup = program.fails(1, &["backup", copy.to_str().unwrap()]);
    assert!(backup.contains(&format!("recover --quarantine {record}")), "{backup}");
    assert!(!copy.exists());
    let plan = recovers(&program, record, false);
    assert_eq!(plan["set_aside"].as_array().unwrap().len(), 1, "{plan}");
    assert_eq!(plan["users_to_confirm"], json!([email("Olaf")]));
    assert_eq!(plan["machines_to_confirm"], json!([]));
    assert!(program.files() == before, "a dry run changed the store");

    let done = recovers(&program, record, true);
    assert_eq!(done["done"], true);
    let moved = done["moved_to"].as_str().unwrap();
    assert_eq!(fs::read(Path::new(moved).join("pool.db")).unwrap(), before[&program.store()]);
    let (sound, told) = program.verify();
    assert!(sound && told["recovery"] == "waiting", "{told}");
    let kept = "SELECT count(*) FROM quarantined WHERE payload LIKE '%folse%' AND kind =
                'user_changed' AND checksum IS NOT NULL";
    assert_eq!(number(&program, kept), 1);
    program.ok(&["backup", copy.to_str().unwrap()]);
    let again = program.fails(1, &["recover", "--quarantine", &text, "--yes"]);
    assert!(again.contains("nothing to set aside"), "{again}");

    let server = program.serve();
    assert_eq!(crm.sign_on("Bill", "web").expect(409)["code"], "pool_recovering");
    assert!(matches!(desk.is_answered(&program, None), FromPool::Welcome { .. }));
    until("seats are granted again", || program.client().get("/readyz").status == 200);
    crm.sign_on("Bill", "web").expect(201);
    assert_eq!(crm.sign_on("Olaf", "web").expect(409)["code"], "user_disabled");
    assert!(program.ok(&["user", "list"]).contains("to be confirmed"));
    let not = program.fails(1, &["user", "confirm", &email("Bill")]);
    assert!(not.contains("needs no confirmation"), "{not}");
    drop(server);
    let server = program.serve();
    until("seats are granted again", || program.client().get("/readyz").status == 200);
    assert_eq!(crm.sign_on("Olaf", "web").expect(409)["code"], "user_disabled");
    program.ok(&["user", "confirm", &email("Olaf")]);
    crm.sign_on("Olaf", "web").expect(201);
    let history = program.admin().get("/api/v1/history?limit=1000").expect(200).to_string();
    for what in ["record_set_aside", "quarantined", "generation_began"] {
        assert!(history.contains(what), "no {what} in {history}");
    }
    drop(server);
    assert!(program.verify().0);
}

#[test]
fn a_machine_and_a_pool_in_doubt_wait_for_an_administrator() {
    let Office { program, crm, desk, .. } = office();
    // Nothing of it can be read: it may have been anything, and no later record tells of Olaf.
    let record = poison(
        &program,
        "kind = 'user_changed'",
        "UPDATE journal SET payload = '', kind = '' WHERE seq = ?1",
    );
    let plan = recovers(&program, record, false);
    assert_eq!(plan["users_to_confirm"].as_array().unwrap().len(), 2, "Bill signed on later");
    assert_eq!(plan["pools_to_define"], json!(["infor-crm"]));
    assert_eq!(plan["grants_nothing_for_ms"], 7 * 24 * 3600 * 1000);
    let (text, lease) = (record.to_string(), ["--longest-lease", "10s"]);
    let shorter = ["recover", "--quarantine", &text, "--yes", lease[0], lease[1]];
    let said = program.ok(&shorter);
    assert!(said.contains("10 s") && said.contains("infor-crm") && said.contains("desk-1"));

    let server = program.serve();
    until("the wait is over", || program.client().get("/readyz").status == 200);
    let refused = crm.sign_on("Bill", "web").expect(409);
    assert_eq!(refused["code"], "pool_recovering");
    assert!(refused["next"].as_str().unwrap().contains("hotseat-pool pool set"), "{refused}");
    program.ok(&["pool", "set", "infor-crm", "--seats", "2"]);
    crm.sign_on("Bill", "web").expect(201);
    assert!(program.ok(&["machine", "list"]).contains("to be confirmed"));
    program.ok(&["machine", "confirm", &desk.id.to_string()]);
    assert!(matches!(desk.is_answered(&program, None), FromPool::Welcome { .. }));
    program.ok(&["user", "confirm", "--all"]);
    crm.sign_on("Lucy", "web").expect(201);
    drop(server);
}

#[test]
fn every_kind_of_poison_has_its_way_out() {
    let last = "seq < (SELECT max(seq) FROM journal)";
    for (which, how, later) in [
        // Left as it was written by an older program's defect.
        (last, "UPDATE journal SET payload = '{}', checksum = NULL WHERE seq = ?1", 0),
        (last, "UPDATE journal SET version = -7 WHERE seq = ?1", 0),
        (last, "UPDATE journal SET payload = CAST(x'7bff' AS TEXT) WHERE seq = ?1", 0),
        (last, "UPDATE journal SET request = x'00' WHERE seq = ?1", 0),
        (last, "DELETE FROM journal WHERE seq = ?1", 0),
        (last, "UPDATE journal SET generation = 5, checksum = NULL WHERE seq = ?1", 0),
        // The store's beginning: everybody was added later, and the pool too.
        ("seq = 1", "DELETE FROM journal WHERE seq = ?1", 0),
        // Without the pool no seat was granted.
        ("kind = 'pool_defined'", "DELETE FROM journal WHERE seq = ?1", 4),
        // Without Lucy neither.
        ("kind = 'user_added' AND seq = 3", FLIPPED_KIND, 1),
    ] {
        let Office { program, crm, .. } = office();
        let record = poison(&program, which, how);
        let server = program.serve();
        let ready = program.client().get("/readyz").expect(503);
        assert!(ready["detail"].as_str().unwrap().starts_with(&format!("Record {record} ")));
        program.admin().get("/api/v1/history").expect(200);
        server.kill();
        let (sound, told) = program.verify();
        assert!(!sound && told["findings"].to_string().contains("--quarantine"), "{told}");
        let before = program.files();
        let plan = recovers(&program, record, false);
        assert_eq!(plan["set_aside"].as_array().unwrap().len(), 1 + later, "{how}: {plan}");
        let text = record.to_string();
        let yes = ["recover", "--quarantine", &text, "--yes", "--longest-lease", "10s"];
        assert!(program.files() == before, "{how}");
        program.ok(&yes);
        let (sound, told) = program.verify();
        assert!(sound, "{how}: {told}");
        let server = program.serve();
        until("the wait is over", || program.client().get("/readyz").status == 200);
        program.ok(&["user", "confirm", "--all"]);
        program.ok(&["pool", "set", "infor-crm", "--preset", "infor-crm", "--seats", "2"]);
        crm.sign_on("Bill", "web").expect(201);
        drop(server);
        assert!(program.verify().0, "{how}");
    }
}

const FLIPPED_KIND: &str = "UPDATE journal SET kind = 'user_odded' WHERE seq = ?1";

#[test]
fn a_record_that_a_snapshot_covers_stops_nothing() {
    let Office { program, crm, .. } = office();
    // A verb that opens and closes the store saves a snapshot of the newest record.
    program.ok(&["pool", "list"]);
    let record = poison(&program, "kind = 'user_changed'", FLIPPED);
    let server = program.serve();
    program.client().get("/readyz").expect(200);
    assert_eq!(crm.sign_on("Olaf", "web").expect(409)["code"], "user_disabled");
    let history = program.admin().get("/api/v1/history?limit=1000").expect(200);
    let records = history["records"].as_array().unwrap();
    assert!(records.len() as u64 > record, "history goes on after it");
    let log = server.kill();
    assert!(log.contains(&format!("record={record}")) && log.contains("newer snapshot"), "{log}");
    let (_, told) = program.verify();
    assert!(told["findings"].to_string().contains("the snapshot at record"), "{told}");
    let backup = program.file("backup.db");
    program.ok(&["backup", backup.to_str().unwrap()]);
    let not = program.fails(1, &["recover", "--quarantine", &record.to_string(), "--yes"]);
    assert!(not.contains("nothing to set aside"), "{not}");
    // SQLite's own index is made of the text: with a text that is none it cannot be checked.
    let granted = poison_by_force(&program, "kind = 'seat_granted'");
    drop(program.serve());
    let (_, told) = program.verify();
    assert!(told["findings"].to_string().contains("SQLite"), "{told}");
    let text = record.min(granted).to_string();
    let said = program.ok(&["recover", "--quarantine", &text, "--yes"]);
    assert!(said.contains("covers these"), "{said}");
    fs::remove_file(&backup).unwrap();
    program.ok(&["backup", backup.to_str().unwrap()]);
    let elsewhere = Program::new();
    elsewhere.ok(&["restore", backup.to_str().unwrap()]);
    drop(elsewhere.serve());
}

/// Spoils the text of a record in the file itself, past all that SQLite keeps of it; its number.
fn poison_by_force(program: &Program, which: &str) -> u64 {
    let select = format!("SELECT max(seq) FROM journal WHERE {which}");
    let record = number(program, &select);
    let store = Connection::open(program.store()).unwrap();
    let select = format!("SELECT payload FROM journal WHERE seq = {record}");
    let payload: String = store.query_row(&select, [], |row| row.get(0)).unwrap();
    store.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    store.close().unwrap();
    let mut bytes = fs::read(program.store()).unwrap();
    // Also where SQLite left a copy when it moved a row.
    let found: Vec<usize> = bytes
        .windows(payload.len())
        .enumerate()
        .filter_map(|(at, text)| (text == payload.as_bytes()).then_some(at))
        .collect();
    assert!(!found.is_empty());
    for at in found {
        bytes[at] = b'#';
    }
    fs::write(program.store(), bytes).unwrap();
    record
}
