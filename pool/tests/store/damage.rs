//! Stores that are damaged, of another program, or of the future: the server does not start, or
//! only reads, says what to do, changes nothing, and a backup helps.

use std::fs;

use rusqlite::Connection;

use crate::world::Program;

/// Changes a store behind the program's back.
fn meddle(program: &Program, sql: &str) {
    let store = Connection::open(program.store()).unwrap();
    store.execute_batch(sql).unwrap();
    // Into the file itself, so that what is compared later is all there is.
    store.close().unwrap();
    assert!(!program.data_dir().join("pool.db-wal").exists());
}

/// Makes these bytes the whole store: a verb that ran meanwhile may have left a log of its own
/// beside it, which SQLite would read with them.
fn put(program: &Program, bytes: &[u8]) {
    for aside in ["pool.db-wal", "pool.db-shm"] {
        let aside = program.data_dir().join(aside);
        if aside.exists() {
            fs::remove_file(aside).unwrap();
        }
    }
    fs::write(program.store(), bytes).unwrap();
}

/// A store with a little history and a backup of it.
fn with_history() -> (Program, String) {
    let program = Program::with_store();
    let server = program.serve();
    let crm = program.application_server(&["Lucy", "Bill"]);
    let lucy = crm.sign_on("Lucy", "network").expect(201);
    crm.sign_on("Bill", "network").expect(201);
    crm.sign_off(&lucy).expect(204);
    drop(server);
    // A verb that opens and closes the store saves a snapshot of the newest record.
    program.ok(&["pool", "list"]);
    let backup = program.file("backup.db").to_str().unwrap().to_owned();
    program.ok(&["backup", &backup]);
    // All in one file.
    meddle(&program, "PRAGMA wal_checkpoint(TRUNCATE)");
    (program, backup)
}

/// The server refuses so, and leaves the store as it is; so do the verbs that would open it.
#[track_caller]
fn refuses(program: &Program, words: &[&str]) {
    let before = program.files();
    for verb in [&["serve"][..], &["pool", "list"], &["recover", "--yes"]] {
        let said = program.fails(1, verb);
        for word in words {
            assert!(said.contains(word), "{verb:?}: not {word:?} but {said}");
        }
    }
    assert!(program.files() == before, "the bad store was changed");
}

/// The server only reads, and leaves the store as it is; so do the verbs that would open it.
#[track_caller]
fn only_reads(program: &Program, record: u64, words: &[&str]) {
    let before = program.files();
    let server = program.serve();
    let told = program.client().get("/readyz").expect(503);
    assert_eq!(told["code"], "pool_recovering");
    assert!(told["detail"].as_str().unwrap().contains(&format!("Record {record} ")), "{told}");
    server.kill();
    program.ok(&["pool", "list"]);
    let said = program.fails(1, &["recover", "--yes"]);
    let next = format!("hotseat-pool recover --quarantine {record}");
    for word in words.iter().chain([&"damaged", &next.as_str(), &"hotseat-pool restore"]) {
        assert!(said.contains(word), "not {word:?} but {said}");
    }
    assert!(program.files() == before, "the bad store was changed");
}

/// `verify` finds this wrong, and leaves the store as it is.
#[track_caller]
fn finds(program: &Program, word: &str) {
    let before = program.files();
    let (sound, told) = program.verify();
    assert!(!sound && told["findings"].to_string().contains(word), "not {word:?} but {told}");
    let said = program.fails(3, &["verify"]);
    assert!(said.contains("is damaged") && said.contains("Next:"), "{said}");
    assert!(program.files() == before, "the bad store was changed");
}

/// A backup gets a person out of it.
#[track_caller]
fn is_helped(program: &Program, backup: &str) {
    let bad = program.files();
    let to = program.file("bad.db");
    let said = program.fails(1, &["backup", to.to_str().unwrap()]);
    assert!(!to.exists(), "a copy of a damaged store is no backup: {said}");
    let said = program.ok(&["restore", backup, "--replace"]);
    assert!(said.contains("What was there before is in"), "{said}");
    assert!(program.verify().0);
    let server = program.serve();
    assert!(program.admin().get("/api/v1/history").expect(200).to_string().contains("Bill"));
    drop(server);
    let folders = fs::read_dir(program.data_dir()).unwrap().map(|entry| entry.unwrap().path());
    let moved = folders.filter(|path| path.is_dir()).max().unwrap();
    assert_eq!(fs::read(moved.join("pool.db")).unwrap(), bad[&program.store()]);
}

#[test]
fn flipped_bytes_anywhere_are_noticed_or_harm_nothing() {
    let (program, backup) = with_history();
    let good = fs::read(program.store()).unwrap();
    let (_, whole) = program.verify();
    let mut noticed = 0;
    // In the middle, and at the edges, of each page from the second on; the first says whose file
    // it is.
    for at in (4096..good.len()).step_by(4096).flat_map(|page| [page + 3, page + 2000, page + 4090])
    {
        let mut bad = good.clone();
        for byte in &mut bad[at..at + 4] {
            *byte ^= 0x5a;
        }
        put(&program, &bad);
        let (sound, told) = program.verify();
        assert!(fs::read(program.store()).unwrap() == bad, "verify changed it");
        if sound {
            // Nothing is kept there; all of it reads as before.
            assert_eq!(told, whole);
            continue;
        }
        noticed += 1;
        // The server reads less than all of it; the rest of the damage does no harm to seats.
        let output = program.run(&["pool", "list"], "");
        if !output.status.success() {
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(said.contains("damaged") || said.contains("cannot be read"), "{said}");
            assert!(said.contains("hotseat-pool restore"), "the next step: {said}");
            assert!(fs::read(program.store()).unwrap() == bad, "it changed the bad store");
        }
    }
    assert!(noticed > 10, "only {noticed} of the damages hit something");
    let mut bad = good;
    bad[4096..8192].fill(0x5a);
    put(&program, &bad);
    refuses(&program, &["damaged", "hotseat-pool verify", "hotseat-pool restore"]);
    finds(&program, "SQLite");
    is_helped(&program, &backup);
}

#[test]
fn a_record_that_a_disk_changed_is_noticed_by_its_checksum() {
    let (program, backup) = with_history();
    meddle(
        &program,
        "DELETE FROM snapshot;
         UPDATE journal SET payload = replace(payload, 'network', 'netwerk')",
    );
    only_reads(&program, 2, &["is not what was written", "hotseat-pool verify"]);
    finds(&program, "is not what was written");
    is_helped(&program, &backup);
}

#[test]
fn a_missing_record_is_noticed() {
    let (program, backup) = with_history();
    meddle(&program, "DELETE FROM snapshot; DELETE FROM journal WHERE seq = 4");
    only_reads(&program, 4, &["it is missing: 5 follows"]);
    finds(&program, "record 4 is missing");
    is_helped(&program, &backup);
}

#[test]
fn a_journal_whose_end_is_missing_is_behind_its_own_snapshot() {
    let (program, backup) = with_history();
    meddle(&program, "DELETE FROM journal WHERE seq > 6");
    only_reads(&program, 7, &["snapshot", "which the journal does not have"]);
    finds(&program, "which the journal lacks");
    // The snapshot has what the lost records said.
    let said = program.ok(&["recover", "--quarantine", "7"]);
    assert!(said.contains("The snapshot at record"), "{said}");
    is_helped(&program, &backup);
    meddle(&program, "DELETE FROM journal WHERE seq > 6");
    program.ok(&["recover", "--quarantine", "7", "--yes"]);
    assert!(program.verify().1["findings"].to_string().contains("the snapshot at record"));
    let server = program.serve();
    assert_eq!(program.client().get("/healthz").expect(200)["status"], "recovering");
    assert_eq!(program.admin().get("/api/v1/users").expect(200).as_array().unwrap().len(), 2);
    drop(server);
}

#[test]
fn a_page_of_the_journal_that_cannot_be_read_is_left_behind() {
    let (program, backup) = with_history();
    // Enough records for pages of their own, and no snapshot of them.
    let server = program.serve();
    let crm = program.application_server(&["Olaf"]);
    for _ in 0..40 {
        let olaf = crm.sign_on("Olaf", "network").expect(201);
        crm.sign_off(&olaf).expect(204);
    }
    server.kill();
    meddle(&program, "DELETE FROM snapshot");
    let mut bad = fs::read(program.store()).unwrap();
    let (at, record) = middle_leaf(&program);
    // The type of the page: no leaf, and nothing else.
    bad[at] = 0x77;
    put(&program, &bad);
    only_reads(&program, record, &["SQLite cannot read it"]);
    finds(&program, "SQLite");
    let text = record.to_string();
    let said = program.ok(&["recover", "--quarantine", &text]);
    assert!(said.contains("SQLite cannot read it"), "{said}");
    program.ok(&["recover", "--quarantine", &text, "--yes", "--longest-lease", "20min"]);
    let (sound, told) = program.verify();
    assert!(sound, "{told}");
    let server = program.serve();
    assert_eq!(program.client().get("/healthz").expect(200)["status"], "recovering");
    assert_eq!(program.admin().get("/api/v1/users").expect(200).as_array().unwrap().len(), 3);
    drop((server, backup));
}

/// Where a leaf in the middle of the journal's table begins in the file, and its first record.
fn middle_leaf(program: &Program) -> (usize, u64) {
    let bytes = fs::read(program.store()).unwrap();
    let store = Connection::open(program.store()).unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'journal'";
    let root: u16 = store.query_row(root, [], |row| row.get(0)).unwrap();
    let page = |number: usize| (number - 1) * 4096;
    let word = |at: usize| usize::from(bytes[at]) << 8 | usize::from(bytes[at + 1]);
    let root = page(usize::from(root));
    assert_eq!(bytes[root], 5, "the journal has an inner page");
    let cells = word(root + 3);
    assert!(cells > 3, "only {cells} leaves");
    // Each cell: the child's page, then the largest record in it, in one or two bytes.
    let cell = |n: usize| root + word(root + 12 + 2 * n);
    let largest = |n: usize| match bytes[cell(n) + 4] {
        high if high >= 0x80 => u64::from(high & 0x7f) << 7 | u64::from(bytes[cell(n) + 5]),
        low => u64::from(low),
    };
    let at = cell(cells / 2);
    let child = word(at) << 16 | word(at + 2);
    (page(child), largest(cells / 2 - 1) + 1)
}

#[test]
fn a_truncated_snapshot_costs_time_and_nothing_else() {
    let (program, _) = with_history();
    meddle(&program, "UPDATE snapshot SET payload = substr(payload, 1, 100)");
    finds(&program, "its checksum is wrong");
    let server = program.serve();
    let log = server.kill();
    assert!(log.contains("a snapshot is damaged"), "{log}");
    let (_, told) = program.verify();
    assert!(told["findings"].to_string().contains("Nothing is lost"), "{told}");
    // A verb that opens and closes the store saves a new one, and drops the damaged ones.
    program.ok(&["pool", "list"]);
    let (sound, told) = program.verify();
    assert!(sound, "{told}");
}

/// The checksum that the newest snapshot would have if it were of another version.
fn snapshot_of_version(program: &Program, version: u32) -> String {
    use sha2::{Digest as _, Sha256};
    let store = Connection::open(program.store()).unwrap();
    let select = "SELECT seq, generation, payload FROM snapshot ORDER BY seq DESC LIMIT 1";
    let (seq, generation, payload): (i64, u32, Vec<u8>) =
        store.query_row(select, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let mut sum = Sha256::new();
    sum.update(seq.to_be_bytes());
    sum.update(generation.to_be_bytes());
    sum.update(version.to_be_bytes());
    sum.update(payload);
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn stores_of_the_future_are_left_to_newer_programs() {
    for (sql, what) in [
        ("PRAGMA user_version = 99", "tables"),
        // Without the checksum, which a test cannot work out.
        ("UPDATE journal SET version = 99, checksum = NULL WHERE seq = 2", "a record"),
        ("UPDATE snapshot SET version = 99, checksum = sha256", "a snapshot"),
    ] {
        let (program, backup) = with_history();
        let sum = snapshot_of_version(&program, 99);
        meddle(&program, &sql.replace("sha256", &format!("x'{sum}'")));
        refuses(&program, &[what, "version 99", "start the newer program"]);
        let said = program.run(&["verify"], "");
        let said = [said.stdout, said.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("version 99") && said.contains("newer program"), "{said}");
        program.ok(&["restore", &backup, "--replace"]);
        drop(program.serve());
    }
}

#[test]
fn files_of_other_programs_are_left_alone() {
    let (program, backup) = with_history();
    fs::write(program.store(), "a text, and longer than a database's header would be. ".repeat(20))
        .unwrap();
    refuses(&program, &["is not a Hotseat store", "point data_dir elsewhere"]);
    fs::remove_file(program.store()).unwrap();
    meddle(&program, "CREATE TABLE music (title)");
    refuses(&program, &["is not a Hotseat store"]);
    assert!(program.fails(1, &["verify"]).contains("is not a Hotseat store"));
    let said = program.ok(&["restore", &backup, "--replace"]);
    assert!(said.contains("What was there before"), "{said}");
    drop(program.serve());
}

#[test]
fn a_store_that_was_cut_off_with_its_log_beside_it_is_replaced() {
    let (program, backup) = with_history();
    let server = program.serve();
    program.application_server(&["Nina"]).sign_on("Nina", "network").expect(201);
    server.kill();
    let log = program.data_dir().join("pool.db-wal");
    assert!(fs::metadata(&log).unwrap().len() > 0, "the log has what came last");
    let whole = fs::metadata(program.store()).unwrap().len();
    for length in [4096, whole / 4096 / 2 * 4096, 100] {
        let store = fs::OpenOptions::new().write(true).open(program.store()).unwrap();
        store.set_len(length).unwrap();
        program.ok(&["restore", &backup, "--replace"]);
        let (sound, told) = program.verify();
        assert!(sound, "{length}: {told}");
    }
}

#[test]
fn what_undoes_changes_of_the_old_store_never_meets_the_new_one() {
    let (program, backup) = with_history();
    let journal = program.data_dir().join("pool.db-journal");
    fs::write(&journal, "what was there before").unwrap();
    program.ok(&["restore", &backup, "--replace"]);
    assert!(!journal.exists());
    let kept = fs::read_dir(program.data_dir()).unwrap().map(|entry| entry.unwrap().path());
    let mut kept = kept.filter(|path| path.is_dir()).map(|folder| folder.join("pool.db-journal"));
    assert!(kept.any(|file| file.is_file()), "it is kept with its store");
}
