//! Bytes from outside that a fuzzer once made up, or that a person thought of: every one is taken
//! again. `cargo xtask fuzz` looks for more.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::process::Command;

use flate2::read::GzDecoder;
use hotseat_tests::hostile::{TARGETS, Target, after_service_conversations};
use hotseat_tests::paths::program;
use tar::Archive;

/// A target's bytes, with what each is called.
type Kept = Vec<(String, Vec<u8>)>;

/// What is kept for a target: what the fuzzer begins from, and what it once broke.
fn kept(target: &str) -> Kept {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let archive = fuzz.join("corpus").join(format!("{target}.tar.gz"));
    let mut kept = packed(&archive).expect("each target has an archive that can be read");
    if let Ok(found) = fs::read_dir(fuzz.join("found").join(target)) {
        kept.extend(found.map(|entry| {
            let path = entry.expect("the folder can be read").path();
            (path.display().to_string(), fs::read(&path).expect("a kept file can be read"))
        }));
    }
    kept
}

fn packed(archive: &Path) -> io::Result<Kept> {
    let mut archive = Archive::new(GzDecoder::new(File::open(archive)?));
    let read = archive.entries()?.map(|entry| {
        let mut entry = entry?;
        let (name, mut bytes) = (entry.path()?.display().to_string(), Vec::new());
        entry.read_to_end(&mut bytes)?;
        Ok((name, bytes))
    });
    read.collect()
}

fn takes_all(name: &str) {
    let found: Option<&(&str, Target)> = TARGETS.iter().find(|(target, _)| *target == name);
    let (_, target) = found.expect("a target of this name");
    let kept = kept(name);
    assert!(!kept.is_empty(), "no bytes are kept for {name}");
    for (called, bytes) in &kept {
        let taken = std::panic::catch_unwind(|| target(bytes));
        assert!(taken.is_ok(), "{called} breaks {name}");
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
