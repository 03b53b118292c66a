//! Root in the directory of the server's own user, as with the packaged unit: it may look, and
//! changes nothing there.

use std::fs;

use crate::platform::{self, give_store_away, owners, run_as, user_name};
use crate::world::{Program, Running};

/// The server's user.
const SERVER: u32 = 4_711;

/// Whether a server runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Runs {
    Yes,
    No,
}

/// A store of the server's user; none where only that user could make it.
fn store_of_the_server() -> Option<Program> {
    let program = Program::with_store();
    // So that the lock is there, and a log.
    program.ok(&["pool", "list"]);
    give_store_away(program.data_dir(), SERVER).then_some(program)
}

fn serve_as_its_user(program: &Program) -> Running {
    let mut command = program.command(&["serve"]);
    run_as(&mut command, SERVER);
    program.serve_as(command)
}

/// Looks at the store in both ways.
#[track_caller]
fn looks(program: &Program, name: &str, runs: Runs) {
    let before = owners(program.data_dir());
    let log_index = program.data_dir().join("pool.db-shm");
    let index = (runs == Runs::No).then(|| fs::read(&log_index).ok());
    let (sound, told) = program.verify();
    assert!(sound, "{name}: {told}");
    let backup = program.file(name);
    program.ok(&["backup", backup.to_str().unwrap()]);
    assert_eq!(owners(program.data_dir()), before, "{name}: something was made or changed");
    // A server that runs writes there, too.
    if let Some(index) = index {
        let now = fs::read(&log_index).ok();
        assert!(now == index, "{name}: the index of the log was written");
    }
    let elsewhere = Program::new();
    elsewhere.ok(&["restore", backup.to_str().unwrap()]);
    assert!(elsewhere.verify().0, "{name}");
}

#[test]
fn root_looks_at_the_store_of_the_servers_user_and_changes_nothing() {
    let Some(program) = store_of_the_server() else {
        eprintln!("skipped: only root can give a store away");
        return;
    };
    looks(&program, "stopped.db", Runs::No);
    let server = serve_as_its_user(&program);
    looks(&program, "running.db", Runs::Yes);
    program.admin().get("/api/v1/users").expect(200);
    server.kill();
    let log = fs::metadata(program.data_dir().join("pool.db-wal")).unwrap();
    assert!(log.len() > 0, "the server was killed");
    looks(&program, "killed.db", Runs::No);
    // Nothing was left that keeps its user out.
    drop(serve_as_its_user(&program));

    assert!(platform::set_mode(&program.store(), 0o640));
    let output = program.run(&["verify"], "");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("others may read this file"), "{said}");
    assert!(said.contains("chmod 0600 ") && said.contains("pool.db"), "{said}");
    assert_eq!(platform::mode(&program.store()), Some(0o640));
}

#[test]
fn what_is_neither_roots_nor_the_servers_users_is_refused_with_the_right_owner() {
    let Some(program) = store_of_the_server() else {
        eprintln!("skipped: only root can give a store away");
        return;
    };
    for other in [0, 4_712] {
        assert!(platform::give_away(&program.store(), other));
        let said = program.fails(1, &["verify"]);
        let next = format!("chown {SERVER} {}", program.store().display());
        assert!(said.contains(&format!("it belongs to user {other}")), "{said}");
        assert!(said.contains(&next), "{next} is not in {said}");
    }
}

#[test]
fn root_writes_nothing_there_and_follows_no_link_and_says_who_should() {
    let Some(program) = store_of_the_server() else {
        eprintln!("skipped: only root can give a store away");
        return;
    };
    let precious = program.file("precious");
    fs::write(&precious, "precious").unwrap();
    assert!(platform::set_mode(&precious, 0o644));
    let data_dir = program.data_dir();
    let backup = program.file("backup.db");
    program.ok(&["backup", backup.to_str().unwrap()]);
    let inside = data_dir.join("new/deep");
    let new = ["init", "--seats", "2", "--yes", "--data-dir", inside.to_str().unwrap()];
    let restore = ["restore", backup.to_str().unwrap(), "--replace"];
    let verbs: [&[&str]; 6] = [
        &["serve"],
        &["pool", "list"],
        &["recover", "--yes"],
        &["recover", "--rows"],
        &new,
        &restore,
    ];
    let before = owners(data_dir);
    for verb in verbs {
        let said = program.fails(1, verb);
        assert!(said.contains("directory belongs to user 4711"), "{verb:?}: {said}");
        assert!(said.contains("run it as "), "{verb:?}: {said}");
    }
    assert_eq!(owners(data_dir), before);

    for file in ["pool.db", "pool.db-wal", "pool.db-shm", "pool.db.lock", "admin.token"] {
        let file = data_dir.join(file);
        let aside = program.file("aside");
        let was_there = fs::rename(&file, &aside).is_ok();
        assert!(platform::link(precious.to_str().unwrap(), &file));
        let elsewhere = ["--server", "https://localhost:1", "user", "list"];
        for verb in verbs.into_iter().chain([&["verify"][..], &elsewhere]) {
            program.run(verb, "");
            let name = file.display();
            assert_eq!(platform::mode(&precious), Some(0o644), "{name}: {verb:?}");
            assert_eq!(fs::read_to_string(&precious).unwrap(), "precious", "{name}: {verb:?}");
        }
        fs::remove_file(&file).unwrap();
        if was_there {
            fs::rename(&aside, &file).unwrap();
        }
    }
    assert!(give_store_away(data_dir, 65_534));
    if let Some(name) = user_name(65_534) {
        let said = program.fails(1, &["recover", "--yes"]);
        let next =
            format!("`runuser -u {name} -- hotseat-pool --data-dir {} …`", data_dir.display());
        assert!(said.contains(&next), "{next} is not in {said}");
    } else {
        eprintln!("skipped: user 65534 has no name here");
    }
}
