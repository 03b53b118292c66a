//! The processes of this machine as `/proc` shows them.

use std::fs;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// How often, once a millisecond, a process is looked at that is just becoming another program.
const LOOKS_AT_A_NEWCOMER: u32 = 100;

/// All processes whose environment, at their start, held this line (`NAME=value`).
///
/// Unlike a process group, a mark in the environment is also found on what detached itself.
pub fn marked(line: &str) -> Vec<u32> {
    marked_by(|entry| entry == line.as_bytes())
}

/// All processes whose environment, at their start, held such a line.
pub fn marked_by(is_mark: impl Fn(&[u8]) -> bool) -> Vec<u32> {
    let carries = |id: &u32| {
        let environment = environment(*id);
        environment.split(|byte| *byte == 0).any(&is_mark) && !is_zombie(*id)
    };
    all().filter(carries).collect()
}

/// The environment a process started with, each line ended by a zero byte; empty if it has ended or
/// belongs to somebody else.
pub fn environment(id: u32) -> Vec<u8> {
    let mut environment = Vec::new();
    for _ in 0..LOOKS_AT_A_NEWCOMER {
        environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        // For a moment while it becomes another program, a process shows neither environment nor arguments.
        // Threads of the kernel, children of process 2, never show any.
        let is_changing = environment.is_empty() && arguments(id).is_empty() && !is_zombie(id);
        if !is_changing || parent(id).is_none_or(|parent| parent == 0 || parent == 2) {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    environment
}

/// The children of a process and theirs.
pub fn descendants(root: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = all().filter_map(|id| Some((id, parent(id)?))).collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(id) = found.get(next).copied() {
        let children =
            parents.iter().filter(|(child, parent)| *parent == id && !found.contains(child));
        let children: Vec<u32> = children.map(|(child, _)| *child).collect();
        found.extend(children);
        next += 1;
    }
    found.split_off(1)
}

/// The name of a process's program, as the kernel keeps it (at most 15 bytes).
pub fn name(id: u32) -> Option<String> {
    Some(fs::read_to_string(format!("/proc/{id}/comm")).ok()?.trim_end().to_owned())
}

/// The arguments of a process, its program first.
pub fn arguments(id: u32) -> Vec<String> {
    let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    let words = line.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    words.map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// Processor time a process has used so far with all its threads, in clock ticks (100 a second).
pub fn ticks(id: u32) -> Option<u64> {
    let fields = stat(id)?;
    // Fields 14 and 15 of the line; the list begins with the third.
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}

/// Sends a signal; a process that is gone already is no error.
pub fn signal(id: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

fn all() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn parent(id: u32) -> Option<u32> {
    stat(id)?.get(1)?.parse().ok()
}

fn is_zombie(id: u32) -> bool {
    stat(id).is_some_and(|fields| fields.first().is_some_and(|state| state == "Z"))
}

/// The fields of the `stat` line after the name, which is in brackets and may contain anything.
fn stat(id: u32) -> Option<Vec<String>> {
    let line = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, rest) = line.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_name_arguments_and_used_time() {
        let own = std::process::id();
        assert!(name(own).is_some_and(|name| !name.is_empty()));
        assert!(!arguments(own).is_empty());
        assert!(ticks(own).is_some());
    }

    #[test]
    fn a_mark_that_nobody_carries_finds_nobody() {
        assert!(marked("NOBODY_HAS_THIS=1").is_empty());
    }
}
