//! Bytes from outside that a fuzzer once made up, or that a person thought of: every one is taken
//! again. `cargo xtask fuzz` looks for more.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hotseat_tests::hostile::{TARGETS, Target, after_service_conversations};
use hotseat_tests::paths::program;

/// Where a target's bytes are kept: what the fuzzer begins from, and what it once broke.
fn kept(target: &str) -> Vec<PathBuf> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let mut files = Vec::new();
    for folder in ["corpus", "found"] {
        let Ok(entries) = fs::read_dir(fuzz.join(folder).join(target)) else {
            continue;
        };
        files.extend(entries.map(|entry| entry.expect("the folder can be read").path()));
    }
    files.sort();
    files
}

fn takes_all(name: &str) {
    let found: Option<&(&str, Target)> = TARGETS.iter().find(|(target, _)| *target == name);
    let (_, target) = found.expect("a target of this name");
    let files = kept(name);
    assert!(!files.is_empty(), "no bytes are kept for {name}");
    for file in &files {
        let bytes = fs::read(file).expect("a kept file can be read");
        let taken = std::panic::catch_unwind(|| target(&bytes));
        assert!(taken.is_ok(), "{} breaks {name}", file.display());
    }
}

#[test]
fn the_broker_takes_any_frames_of_a_program() {
    takes_all("ipc_frames");
}

#[test]
fn broker_and_pool_take_any_frames_of_the_link() {
    takes_all("link_frames");
}

#[test]
fn rest_takes_any_body() {
    takes_all("rest_bodies");
}

#[test]
fn any_record_or_snapshot_is_read_or_refused() {
    takes_all("journal_records");
}

#[test]
fn any_configuration_is_read_or_refused_in_words() {
    takes_all("configuration");
}

#[test]
fn nobody_else_notices_what_a_machine_says() {
    takes_all("machine_conversations");
}

#[test]
fn nobody_else_notices_what_an_application_server_calls() {
    takes_all("service_conversations");
    after_service_conversations(|store| {
        let backup = store.join("backup.db");
        let backup = backup.to_str().expect("a folder for temporary files has a good name");
        for verb in [&["verify"][..], &["backup", backup]] {
            let program = program("hotseat-pool").expect("the pool server is built");
            let mut command = Command::new(program);
            let output = command.arg("--data-dir").arg(store).args(verb).output();
            let output = output.expect("the program can be started");
            assert!(output.status.success(), "{verb:?}: {output:?}");
        }
    });
}

#[test]
fn every_target_has_a_fuzz_target_of_its_name() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/Cargo.toml");
    let manifest = fs::read_to_string(manifest).expect("the fuzz targets have a manifest");
    for (name, _) in TARGETS {
        let path = format!("path = \"fuzz_targets/{name}.rs\"");
        assert!(manifest.contains(&path), "no fuzz target calls {name}");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
}
