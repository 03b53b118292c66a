//! One thing that building or testing needs, and how to see that it is there.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::command;

/// How a need shows that it is met. Each is opened or started, not only looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Proof {
    /// A program on the path that can be loaded; without a display some end with an error even for `--version`.
    Program(&'static str, &'static [&'static str]),
    /// A program on the path that succeeds with these arguments.
    Works(&'static str, &'static [&'static str]),
    /// A library with headers, as `pkg-config` names it.
    Library(&'static str),
    /// A file that can be opened; `*` stands for the machine's library folder.
    File(&'static str),
}

impl Proof {
    /// What a person would look for.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Proof::Program(name, _)
            | Proof::Works(name, _)
            | Proof::Library(name)
            | Proof::File(name) => name,
        }
    }

    /// Opens or starts the thing.
    pub(crate) fn holds(self) -> bool {
        match self {
            Proof::Program(name, arguments) => {
                status(name, arguments).is_some_and(|code| code != LOADER_FAILED)
            }
            Proof::Works(name, arguments) => status(name, arguments) == Some(0),
            Proof::Library(name) => command::read("pkg-config", &["--modversion", name]).is_some(),
            Proof::File(pattern) => places(pattern).iter().any(|place| File::open(place).is_ok()),
        }
    }
}

/// Status of a shell or loader that found the program but not what it needs.
const LOADER_FAILED: i32 = 127;

/// The exit status of a program; `None` if there is no such program or it died of a signal.
fn status(name: &str, arguments: &[&str]) -> Option<i32> {
    Command::new(command::find_program(name)?)
        .args(arguments)
        .env_remove("DISPLAY")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .ok()?
        .code()
}

/// The files a pattern may mean: Debian keeps libraries in a folder named after the architecture.
fn places(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let Ok(folders) = Path::new(before).read_dir() else {
        return Vec::new();
    };
    folders
        .filter_map(Result::ok)
        .map(|folder| folder.path().join(after.trim_start_matches('/')))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_there_starts() {
        assert!(Proof::Program("cargo", &["--version"]).holds());
    }

    #[test]
    fn what_is_missing_is_seen_to_be_missing() {
        assert!(!Proof::Program("no-such-program", &[]).holds());
        assert!(!Proof::Works("cargo", &["no-such-verb"]).holds());
        assert!(!Proof::Library("no-such-library-4.1").holds());
        assert!(!Proof::File("/no/such/file").holds());
        assert!(!Proof::File("/no/such/*/file").holds());
    }

    #[test]
    fn a_star_stands_for_one_folder() {
        let root = command::workspace();
        let pattern = format!("{}/*/Cargo.toml", root.display());
        assert!(places(&pattern).contains(&root.join("xtask/Cargo.toml")));
    }
}
