//! Linux: xtask adopts every process that its children leave behind, so that it can find them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, WaitOptions, geteuid, kill_process, set_child_subreaper, wait};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How often we look again whether a process that was still ending is gone.
const LOOKS: u32 = 50;
/// Time between two looks; together five seconds.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Makes this process the new parent of every descendant whose own parent ends.
pub(crate) fn adopt_descendants() -> Result<()> {
    set_child_subreaper(Some(rustix::process::getpid())).context("cannot adopt descendants")
}

/// Fails, after killing them, if a descendant of this process is still running.
pub(crate) fn no_descendant_left() -> Result<()> {
    let mut left = Vec::new();
    for _ in 0..LOOKS {
        reap();
        left = descendants(&processes(), process::id());
        if left.is_empty() {
            return Ok(());
        }
        thread::sleep(BETWEEN_LOOKS);
    }
    let mut lines = Vec::new();
    for found in &left {
        lines.push(format!("  {} {}", found.id, found.command));
        if let Some(pid) = i32::try_from(found.id).ok().and_then(Pid::from_raw) {
            // It may have ended by itself meanwhile.
            let _ = kill_process(pid, Signal::KILL);
        }
    }
    thread::sleep(BETWEEN_LOOKS);
    reap();
    bail!("left behind by this command, and killed now:\n{}", lines.join("\n"))
}

/// True if packages can be installed without `sudo`.
pub(crate) fn is_root() -> bool {
    geteuid().is_root()
}

/// Lets the child decide what a signal means: a terminal sends SIGINT to it as well, the others are passed on.
pub(crate) fn pass_signals_to(child: u32) -> Result<()> {
    let pid = i32::try_from(child).ok().and_then(Pid::from_raw).context("not a process id")?;
    let mut signals =
        Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot listen for signals")?;
    thread::spawn(move || {
        for signal in &mut signals {
            let passed = match signal {
                SIGTERM => Signal::TERM,
                SIGHUP => Signal::HUP,
                _ => continue,
            };
            // The child may have ended already.
            let _ = kill_process(pid, passed);
        }
    });
    Ok(())
}

/// Makes `link` stand for `program`.
pub(crate) fn link_program(program: &Path, link: &Path) -> Result<()> {
    if link.symlink_metadata().is_ok() {
        fs::remove_file(link).with_context(|| format!("cannot replace {}", link.display()))?;
    }
    symlink(program, link).with_context(|| format!("cannot write {}", link.display()))
}

/// Writes a small program.
pub(crate) fn write_program(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("cannot make {} a program", path.display()))
}

/// One process as `/proc` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Process {
    id: u32,
    parent: u32,
    command: String,
}

/// Collects the exit status of adopted processes, so that they are not listed as zombies.
fn reap() {
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
}

fn processes() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let ids =
        entries.filter_map(Result::ok).filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter_map(read_process).collect()
}

fn read_process(id: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let parent = parent_in(&stat)?;
    let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    let words: Vec<_> = line.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
    Some(Process { id, parent, command: words.join(" ").trim().to_owned() })
}

/// The parent in a `stat` line: the second field after the name, which is in brackets and may contain anything.
fn parent_in(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

/// All processes below `root`.
fn descendants(all: &[Process], root: u32) -> Vec<Process> {
    let parents: BTreeMap<u32, u32> =
        all.iter().map(|process| (process.id, process.parent)).collect();
    let below_root = |mut id: u32| {
        // No chain is longer than the table: this also ends on a table read while it changed.
        for _ in 0..parents.len() {
            match parents.get(&id) {
                Some(parent) if *parent == root => return true,
                Some(parent) => id = *parent,
                None => return false,
            }
        }
        false
    };
    all.iter().filter(|process| below_root(process.id)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    fn process(id: u32, parent: u32) -> Process {
        Process { id, parent, command: String::new() }
    }

    #[test]
    fn children_of_children_are_found_and_others_not() {
        let all = [process(1, 0), process(10, 1), process(11, 10), process(12, 11), process(20, 1)];
        let found: Vec<u32> = descendants(&all, 10).iter().map(|process| process.id).collect();
        assert_eq!(found, [11, 12]);
    }

    #[test]
    fn a_name_with_brackets_does_not_hide_the_parent() {
        assert_eq!(parent_in("42 (a) b (c)) S 7 42 42 0"), Some(7));
    }

    #[test]
    fn a_running_child_is_listed() {
        let piped = process::Stdio::piped;
        let mut cat = process::Command::new("cat");
        let mut child = cat.arg("-u").stdin(piped()).stdout(piped()).spawn().expect("cat starts");
        // What comes back shows that it is the program itself, and no longer what became it.
        let (mut given, mut back) = (child.stdin.take().expect("piped"), [0]);
        given.write_all(b"a").expect("it takes a byte");
        child.stdout.take().expect("piped").read_exact(&mut back).expect("and gives it back");
        let found = descendants(&processes(), process::id());
        child.kill().expect("the child is ours");
        child.wait().expect("the child ends");
        assert!(
            found.iter().any(|left| left.id == child.id() && left.command == "cat -u"),
            "{found:?}"
        );
    }
}
