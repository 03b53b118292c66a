//! A measuring program that is interrupted leaves nothing behind: no process, no folder.

use std::path::Path;

use hotseat_tests::children::{Child, Children, started_by};
use hotseat_tests::launch::Launch;
use hotseat_tests::processes;
use rustix::process::Signal;
use tempfile::TempDir;

/// Starts a program with a folder for its own, and waits until it has started all of these.
fn started(
    children: &Children,
    program: &str,
    flags: &[&str],
    folder: &Path,
    all: &[&str],
) -> Child {
    let launch = Launch::new("interrupted", program).args(flags).env("TMPDIR", folder);
    let mut child = children.start(launch).expect("it starts");
    let id = child.id();
    let begun = child.wait_until("it has started its programs", || {
        let names: Vec<_> = started_by(id).into_iter().filter_map(processes::name).collect();
        let there = all.iter().all(|wanted| names.iter().any(|name| name == wanted));
        Ok(there.then_some(()))
    });
    begun.expect("its programs start");
    child
}

fn interrupted_by(mut child: Child, signal: Signal) -> Option<i32> {
    child.signal(signal);
    let status = child.wait().expect("it ends");
    let left: Vec<_> = started_by(child.id()).into_iter().filter_map(processes::name).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    status.code()
}

#[test]
fn the_table() {
    let folder = TempDir::new().unwrap();
    let (logs, theirs) = (folder.path().join("logs"), folder.path().join("theirs"));
    std::fs::create_dir(&theirs).unwrap();
    let children = Children::new(&logs).unwrap();
    let program = env!("CARGO_BIN_EXE_hotseat-ends");
    let flags = ["--row", "tray: SIG", "--at-once", "2"];
    let all = ["hotseat-pool", "hotseat-broker", "hotseat-tray", "Xvfb", "dbus-daemon"];
    let child = started(&children, program, &flags, &theirs, &all);
    assert_eq!(interrupted_by(child, Signal::TERM), Some(143));
    let left = std::fs::read_dir(&theirs).unwrap().map(|entry| entry.unwrap().file_name());
    // Where programs agree on ports is for all of them, and stays.
    let left: Vec<_> =
        left.filter(|name| !name.to_string_lossy().starts_with("hotseat-ports")).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

#[test]
fn the_storm() {
    let folder = TempDir::new().unwrap();
    let children = Children::new(&folder.path().join("logs")).unwrap();
    let program = env!("CARGO_BIN_EXE_hotseat-storm");
    let all = ["hotseat-pool", "hotseat-broker"];
    let child = started(&children, program, &["--kills", "1000"], folder.path(), &all);
    assert_eq!(interrupted_by(child, Signal::INT), Some(130));
}
