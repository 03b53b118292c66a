//! That nothing outlives its owner, however hard it tries.

use super::*;

fn family() -> (tempfile::TempDir, Children) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let children = Children::new(folder.path()).expect("children");
    (folder, children)
}

fn shell(script: &str) -> Launch {
    Launch::new("shell", "/bin/sh").arg("-c").arg(script)
}

#[test]
fn a_program_run_to_its_end_tells_status_and_both_outputs() {
    let (_folder, children) = family();
    let launch = shell("read word; echo \"got $word\"; echo oops >&2; exit 3").stdin("secret\n");
    let finished = children.run(launch).expect("it runs");
    assert_eq!(finished.status.code(), Some(3));
    assert_eq!(finished.stdout, "got secret\n");
    assert_eq!(finished.stderr, "oops\n");
}

#[test]
fn a_program_sees_only_the_environment_it_was_given() {
    let (_folder, children) = family();
    let launch = Launch::new("env", "/usr/bin/env").env("COLOUR", "green");
    let seen = children.run(launch).expect("it runs").stdout;
    assert!(seen.contains("COLOUR=green"), "{seen}");
    assert!(!seen.contains("CARGO"), "{seen}");
    assert!(!seen.contains("HOME="), "{seen}");
}

#[test]
fn dropping_a_child_kills_also_what_left_its_process_group() {
    let (_folder, children) = family();
    let mut child =
        children.start(shell("setsid sleep 600 & sleep 600 & echo up; wait")).expect("it starts");
    child
        .wait_for_output("the shell is up", |line| (line == "up").then_some(()))
        .expect("it is up");
    wait_until("all three run", || Ok((child.all_processes().len() == 3).then_some(())))
        .expect("they run");
    let mark = child.mark.clone();
    drop(child);
    assert_eq!(processes::marked(&mark), Vec::<u32>::new());
}

#[test]
fn what_outlived_its_own_parent_is_killed_with_the_child_that_started_it() {
    let (_folder, children) = family();
    let mut child = children.start(shell("setsid sleep 600 & echo $!")).expect("it starts");
    let id: u32 = child.wait_for_output("the id is told", |line| line.parse().ok()).expect("an id");
    child.wait().expect("the shell ends");
    assert_eq!(child.all_processes(), [id]);
    let mark = child.mark.clone();
    drop(child);
    assert_eq!(processes::marked(&mark), Vec::<u32>::new());
}

#[test]
fn the_family_kills_all_its_members() {
    let (_folder, children) = family();
    let first = children.start(shell("sleep 600")).expect("it starts");
    let second = children.start(shell("setsid sleep 600")).expect("it starts");
    children.kill_all();
    assert_eq!(first.all_processes(), Vec::<u32>::new());
    assert_eq!(second.all_processes(), Vec::<u32>::new());
}

#[test]
fn a_frozen_child_does_nothing_until_it_is_thawed() {
    let (_folder, children) = family();
    let mut child = children
        .start(shell("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done"));
    let child = child.as_mut().expect("it starts");
    child
        .wait_for_output("the shell is up", |line| (line == "up").then_some(()))
        .expect("it is up");
    child.freeze();
    child.terminate();
    assert!(child.status().expect("a status").is_none());
    child.thaw();
    assert!(child.wait().expect("it ends").success());
    assert!(child.output().contains("bye"));
}

#[test]
fn a_child_that_ends_while_waited_for_is_reported_with_its_words() {
    let (_folder, children) = family();
    let mut child = children.start(shell("echo 'no such bus' >&2; exit 1")).expect("it starts");
    let error = child.wait_for_output("it is up", |_| None::<()>).expect_err("it ended");
    assert!(format!("{error:#}").contains("no such bus"), "{error:#}");
}
