//! Stores with rows beside the journal that cannot be used, and what is told to those whom the
//! readable part of a store does not know.

use std::fs;
use std::path::Path;

use hotseat_protocol::link::FromPool;
use hotseat_protocol::problem::Code;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::rolled_back::Machine;
use crate::world::{Program, email};

fn meddle(program: &Program, sql: &str) {
    let store = Connection::open(program.store()).unwrap();
    store.execute_batch(sql).unwrap();
    store.close().unwrap();
}

/// Lucy, Bill, a machine and a service, all in one file; Lucy's token.
fn office() -> (Program, String, Machine) {
    let program = Program::with_store();
    let server = program.serve();
    program.application_server(&["Lucy", "Bill"]);
    let desk = Machine::enrol(&program);
    let token = logs_in(&program, "Lucy");
    drop(server);
    meddle(&program, "PRAGMA wal_checkpoint(TRUNCATE)");
    (program, token, desk)
}

fn logs_in(program: &Program, name: &str) -> String {
    let password = json!({ "email": email(name), "password": format!("{name}'s own password") });
    let token = program.client().post("/api/v1/login", &password).expect(200)["token"].clone();
    token.as_str().unwrap().to_owned()
}

/// Everything that can be asked of a server answers, if only with the reason.
fn nothing_fails(program: &Program, token: &str) {
    let (admin, lucy) = (program.admin(), program.with_token(token));
    for path in [
        "/healthz",
        "/api/v1/me",
        "/api/v1/me/history",
        "/api/v1/pools",
        "/api/v1/pools/infor-crm",
        "/api/v1/users",
        "/api/v1/users/lucy@finance.example",
        "/api/v1/services",
        "/api/v1/machines",
        "/api/v1/history",
    ] {
        for who in [&admin, &lucy] {
            let told = who.get(path);
            let halted = told.status == 503 && told.body["code"] == "pool_recovering";
            let role = told.status == 403 && told.body["code"] == "not_allowed";
            assert!(told.status == 200 || halted || role, "{path}: {told:?}");
        }
    }
}

#[test]
fn a_row_that_cannot_be_read_is_named_and_set_aside_only_when_an_administrator_says_so() {
    for (sql, named) in [
        ("UPDATE person SET name = CAST(x'ff' AS TEXT) WHERE name = 'Bill'", "table person"),
        ("UPDATE machine SET id = x'00'", "table machine"),
        ("UPDATE machine SET name = CAST(x'ff' AS TEXT)", "table machine"),
        ("UPDATE position_key SET key = x'00'", "table position_key"),
        ("UPDATE service SET pools = 'no list'", "table service"),
        ("UPDATE user_token SET person = x'00'", "table user_token"),
        ("UPDATE admin_token SET hash = x'00'", "table admin_token"),
        ("DROP TABLE invitation", "table invitation"),
        ("DROP TABLE person; CREATE TABLE person (id INTEGER)", "table person"),
    ] {
        let (program, token, _) = office();
        meddle(&program, &format!("PRAGMA foreign_keys = OFF; {sql}"));
        let before = program.files();
        let (sound, told) = program.verify();
        assert!(!sound && told["findings"].to_string().contains(named), "{sql}: {told}");
        let server = program.serve();
        let ready = program.client().get("/readyz").expect(503);
        assert_eq!(ready["code"], "pool_recovering");
        assert!(ready["detail"].as_str().unwrap().contains(named), "{ready}");
        assert!(ready["next"].as_str().unwrap().contains("recover --rows"), "{ready}");
        nothing_fails(&program, &token);
        server.kill();
        assert!(program.files() == before, "{sql}: a start changed the store");

        let backup = program.file("copy.db");
        let refused = program.fails(1, &["backup", backup.to_str().unwrap()]);
        assert!(refused.contains("recover --rows"), "{refused}");
        let record = program.fails(1, &["recover", "--quarantine", "2"]);
        assert!(record.contains("recover --rows"), "{record}");
        let plain = program.fails(1, &["recover", "--yes"]);
        assert!(plain.contains("recover --rows"), "{plain}");
        let said = program.ok(&["recover", "--rows"]);
        assert!(said.contains(named) && said.contains("Nothing was changed"), "{said}");
        assert!(program.files() == before, "{sql}: a dry run changed the store");
        let done = program.ok(&["recover", "--rows", "--yes", "--longest-lease", "10s", "--json"]);
        let done: Value = serde_json::from_str(&done).unwrap();
        assert!(done["rows"].to_string().contains(named), "{done}");
        let kept = Path::new(done["moved_to"].as_str().unwrap()).join("pool.db");
        assert_eq!(fs::read(kept).unwrap(), before[&program.store()]);

        let (sound, told) = program.verify();
        assert!(sound, "{sql}: {told}");
        let server = program.serve();
        assert_eq!(program.client().get("/healthz").expect(200)["status"], "recovering");
        program.admin().get("/api/v1/users").expect(200);
        let history = program.admin().get("/api/v1/history?limit=1000").expect(200);
        assert!(history.to_string().contains("generation_began"), "{history}");
        drop(server);
        assert!(program.verify().0, "{sql}");
    }
}

#[test]
fn whoever_has_no_readable_row_is_told_of_and_is_removed() {
    let (program, ..) = office();
    meddle(&program, "UPDATE person SET name = CAST(x'ff' AS TEXT) WHERE name = 'Bill'");
    let said = program.ok(&["recover", "--rows"]);
    assert!(said.contains("Nobody knows any more what these people are called"), "{said}");
    program.ok(&["recover", "--rows", "--yes"]);
    let server = program.serve();
    let users = program.admin().get("/api/v1/users").expect(200);
    assert_eq!(users.as_array().unwrap().len(), 1, "{users}");
    let history = program.admin().get("/api/v1/history?limit=1000").expect(200).to_string();
    assert!(history.contains("user_removed"), "{history}");
    drop(server);
}

#[test]
fn what_can_be_made_again_stops_nothing() {
    for (sql, named) in [
        ("UPDATE snapshot SET checksum = x'00'", "table snapshot"),
        ("UPDATE snapshot SET seq = -5, generation = -1", "table snapshot"),
        ("DROP TABLE snapshot", "table snapshot"),
        ("UPDATE own_time SET own_ms = 9223372036854775807", "table own_time"),
        ("INSERT INTO journal_time VALUES (3, 9223372036854775807)", "table journal_time"),
        ("INSERT INTO journal_time VALUES (9999, 1)", "table journal_time"),
        ("DROP TABLE journal_time; DROP TABLE probe", "table probe"),
    ] {
        let (program, token, _) = office();
        meddle(&program, sql);
        let (sound, told) = program.verify();
        assert!(!sound && told["findings"].to_string().contains(named), "{sql}: {told}");
        let server = program.serve();
        program.client().get("/readyz").expect(200);
        program.with_token(&token).get("/api/v1/me").expect(200);
        program.application_server(&["Olaf"]).sign_on("Olaf", "network").expect(201);
        let log = server.kill();
        assert!(log.contains(named), "{sql}: {log}");
        let (sound, told) = program.verify();
        assert!(sound, "{sql}: {told}");
    }
}

#[test]
fn a_journal_without_records_is_not_served_as_an_empty_pool() {
    let (program, ..) = office();
    meddle(&program, "DELETE FROM journal; DELETE FROM snapshot");
    let (sound, told) = program.verify();
    assert!(!sound && told["findings"].to_string().contains("the journal is empty"), "{told}");
    assert!(told["generation"].is_null());
    assert!(program.fails(3, &["verify"]).contains("generation unknown"));
    let server = program.serve();
    let ready = program.client().get("/readyz").expect(503);
    assert!(ready["next"].as_str().unwrap().contains("--quarantine 1"), "{ready}");
    server.kill();
    let said = program.ok(&["recover", "--quarantine", "1", "--yes"]);
    for word in [email("Lucy"), "desk-1".to_owned(), "machine invite".to_owned()] {
        assert!(said.contains(&word), "no {word:?} in {said}");
    }
    drop(program.serve());
    assert!(program.verify().0);
}

#[test]
fn nobody_is_judged_by_what_a_store_that_is_only_read_does_not_know() {
    let program = Program::with_store();
    let server = program.serve();
    program.application_server(&["Lucy"]);
    let late = program.application_server(&["Bill"]);
    let (desk, bill) = (Machine::enrol(&program), logs_in(&program, "Bill"));
    let invitation = program.admin().post("/api/v1/machines/invitations", &json!({})).expect(201);
    server.kill();
    meddle(&program, "DELETE FROM snapshot");
    // Everybody but Lucy came after it.
    let select = "UPDATE journal SET payload = '{' WHERE seq = (
                      SELECT min(seq) FROM journal WHERE kind = 'user_added')";
    meddle(&program, select);
    let server = program.serve();
    let anybody = program.client();
    for told in [
        program.with_token(&bill).get("/api/v1/me"),
        program.with_token("hsu_made-up").get("/api/v1/me"),
        program.admin().get("/api/v1/users/bill@finance.example"),
        late.get("/api/v1/requests/018f2c6e-0000-7000-8000-000000000001"),
        anybody.post(
            "/api/v1/machines/enroll",
            &json!({ "invitation": invitation["invitation"], "name": "desk-2" }),
        ),
    ] {
        assert_eq!(told.clone().expect(503)["code"], "pool_recovering", "{told:?}");
    }
    // Whoever shows nothing is still asked to.
    assert_eq!(anybody.get("/api/v1/me").expect(401)["code"], "not_authenticated");
    let answer = desk.is_answered(&program, None);
    let FromPool::Refused { problem } = answer else { panic!("{answer:?}") };
    assert_eq!(problem.code, Code::PoolRecovering);
    drop(server);
}

#[test]
fn a_machine_whose_record_is_set_aside_is_named() {
    let (program, ..) = office();
    meddle(
        &program,
        "DELETE FROM snapshot; UPDATE journal SET kind = 'odd' WHERE kind = 'machine_added'",
    );
    let record = stopped_at(&program);
    let said = program.ok(&["recover", "--quarantine", &record]);
    assert!(said.contains("about desk-1"), "{said}");
    assert!(said.contains("These computers' records are among them"), "{said}");
    let plan = program.ok(&["recover", "--quarantine", &record, "--json"]);
    let plan: Value = serde_json::from_str(&plan).unwrap();
    assert_eq!(plan["set_aside"][0]["about"], json!(["desk-1"]));
    program.ok(&["recover", "--quarantine", &record, "--yes", "--longest-lease", "10s"]);
    drop(program.serve());
    assert!(program.verify().0);
}

/// The record that `verify` says must be set aside.
fn stopped_at(program: &Program) -> String {
    let (_, told) = program.verify();
    let findings = told["findings"].to_string();
    let (_, record) = findings.split_once("--quarantine ").unwrap();
    record.chars().take_while(char::is_ascii_digit).collect()
}

#[test]
fn what_a_dry_run_shows_is_bounded_unless_all_of_it_is_asked_for() {
    let program = Program::with_store();
    let server = program.serve();
    let crm = program.application_server(&["Lucy"]);
    program.ok(&["pool", "set", "infor-crm", "--seats", "100"]);
    for _ in 0..60 {
        crm.sign_on("Lucy", "network").expect(201);
    }
    server.kill();
    // Without Lucy none of her seats was granted; her record is of endless text.
    meddle(
        &program,
        "DELETE FROM snapshot; UPDATE journal SET
             payload = '\"' || replace(hex(zeroblob(40000)), '00', 'ü'),
             kind = replace(hex(zeroblob(40000)), '00', 'ü')
         WHERE kind = 'user_added'",
    );
    let record = stopped_at(&program);
    let said = program.ok(&["recover", "--quarantine", &record]);
    assert!(said.chars().count() < 30_000, "{} letters", said.chars().count());
    assert!(said.contains(" more; --all lists them"), "{said}");
    let all = program.ok(&["recover", "--quarantine", &record, "--all"]);
    assert!(!all.contains("--all lists them"));
    assert!(all.lines().count() > said.lines().count());
}
