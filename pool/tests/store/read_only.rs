//! A store that can be read and not written.

use std::path::Path;

use crate::platform;
use crate::world::Program;

/// Plays it; false: nothing can be made read-only here.
fn refuses(program: &Program, what: &Path) -> bool {
    let before = program.files();
    let Some(read_only) = platform::read_only(what) else { return false };
    let said = program.fails(1, &["serve"]);
    assert!(said.contains("cannot be written"), "{said}");
    assert!(said.contains("owner, its mode and the mount"), "the next step: {said}");
    let said = program.fails(1, &["pool", "list"]);
    assert!(said.contains("cannot be written"), "{said}");
    let said = program.fails(1, &["recover", "--yes"]);
    assert!(said.contains("cannot be written"), "{said}");

    // A person gets out of it without writing there.
    let (sound, told) = program.verify();
    assert!(sound, "{told}");
    let backup = program.file("backup.db");
    program.ok(&["backup", backup.to_str().unwrap()]);
    let elsewhere = Program::new();
    elsewhere.ok(&["restore", backup.to_str().unwrap()]);
    drop(elsewhere.serve());

    drop(read_only);
    assert!(program.files() == before, "something was changed");
    drop(program.serve());
    true
}

#[test]
fn a_read_only_data_directory() {
    let program = Program::with_store();
    if !refuses(&program, program.data_dir()) {
        println!("nothing can be made read-only here");
    }
}

#[test]
fn a_read_only_data_directory_whose_store_others_can_read() {
    let program = Program::with_store();
    if !platform::set_mode(&program.store(), 0o644) {
        eprintln!("skipped: files have no modes here");
    } else if !refuses(&program, program.data_dir()) {
        eprintln!("skipped: nothing can be made read-only here");
    }
}

#[test]
fn a_read_only_database_file() {
    let program = Program::with_store();
    if !refuses(&program, &program.store()) {
        println!("nothing can be made read-only here");
    }
}
