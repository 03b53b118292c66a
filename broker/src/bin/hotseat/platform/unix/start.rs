//! Starts a program as a shell does, and says why where it cannot.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use hotseat_host::in_the_way::{Needed, in_the_way};
use rustix::fs::{Access, access};
use rustix::io::Errno;
use tokio::process::{Child, Command};

use crate::failure::exit;

/// What runs a script whose first line names nothing else (POSIX, `execvp`).
const SHELL: &str = "/bin/sh";

/// Where programs are where `PATH` is not set, as in the C library.
const USUAL_PATH: &str = "/bin:/usr/bin";

/// Of a file's first line as much as tells what it is; Linux looks at 256 bytes.
const FIRST_LINE_BYTES_MAX: u64 = 256;

/// Starts a program. One that is a script without a `#!` line is run by the shell.
///
/// # Errors
///
/// With the exit code that a shell gives, and a sentence.
pub(crate) fn start(program: &OsStr, arguments: &[OsString]) -> Result<Child, (u8, String)> {
    let error = match Command::new(program).args(arguments).spawn() {
        Ok(child) => return Ok(child),
        Err(error) => error,
    };
    let path = found(program);
    if let Some(path) = &path
        && Errno::from_io_error(&error) == Some(Errno::NOEXEC)
        && first_line(path).is_ok_and(|line| !line.contains(&0))
    {
        // A name that begins with a dash is no option of the shell.
        let by_shell = Command::new(SHELL).arg("--").arg(path).args(arguments).spawn();
        return by_shell.map_err(|error| {
            let why = why_not(Path::new(SHELL), &error);
            not_run(program, &format!("{SHELL}, which runs scripts: {why}"))
        });
    }
    let Some(path) = path else {
        let why = match program.as_bytes().contains(&b'/') {
            true => "there is no such file: check the path",
            false => "there is no such program in PATH: install it, or give its path",
        };
        if error.kind() == ErrorKind::NotFound {
            return Err((exit::NO_PROGRAM, text(program, why)));
        }
        let why = match in_the_way(Path::new(program), Needed::File) {
            Some(why) => why,
            None => why_not(Path::new(program), &error),
        };
        return Err(not_run(program, &why));
    };
    Err(not_run(program, &why_not(&path, &error)))
}

fn not_run(program: &OsStr, why: &str) -> (u8, String) {
    (exit::NOT_RUN, text(program, why))
}

fn text(program: &OsStr, why: &str) -> String {
    format!("cannot run {}: {why}.", program.display())
}

/// Why a file that is there cannot be run, and what helps.
fn why_not(path: &Path, error: &io::Error) -> String {
    if path.is_dir() {
        return "it is a directory: name a program in it".to_owned();
    }
    match Errno::from_io_error(error) {
        Some(Errno::ACCESS | Errno::PERM) => forbidden(path, error),
        Some(Errno::NOENT) => match interpreter(path) {
            Some(interpreter) => format!(
                "its first line names {interpreter}, which is not there: install that, or correct \
                 the line"
            ),
            None => "its loader is not there: it is for another system than this".to_owned(),
        },
        Some(Errno::NOEXEC) => match first_line(path) {
            Ok(_) => "it is no program for this kind of computer: install one that is".to_owned(),
            Err(error) => format!("it is a script that may not be read ({error}): chmod +r helps"),
        },
        Some(Errno::LOOP) => "what runs it is a script of a script, and so on: name a program in \
                              its first line"
            .to_owned(),
        Some(Errno::TXTBSY) => {
            "another program is writing it: try again when that is done".to_owned()
        }
        Some(Errno::TOOBIG) => "its arguments and environment are more than the system takes: \
                                give it fewer, or put them into a file"
            .to_owned(),
        Some(Errno::AGAIN) => "you have as many processes as you may: end some, or have the limit \
                               raised (ulimit -u)"
            .to_owned(),
        Some(Errno::NOMEM) => "there is no memory for it: end some programs".to_owned(),
        Some(Errno::MFILE | Errno::NFILE) => {
            "too many files are open: end some programs, or have the limit raised (ulimit -n)"
                .to_owned()
        }
        _ => format!("{error}: see whether a shell can run it, and ask your administrator"),
    }
}

/// Why this account may not run a file that is there, and what helps.
fn forbidden(path: &Path, error: &io::Error) -> String {
    if let Some(bar) = Bar::of(path) {
        return match bar {
            Bar::Place => "nothing in that place may be run (its file system is mounted noexec): \
                           copy it to another"
                .to_owned(),
            Bar::Mode => "it is not executable: make it so with chmod +x, or name what runs it \
                          before it"
                .to_owned(),
        };
    }
    let named = interpreter(path);
    let barred = named.as_ref().and_then(|named| Some((named, Bar::of(Path::new(named))?)));
    match barred {
        Some((named, Bar::Place)) => format!(
            "its first line names {named}, which lies where nothing may be run (mounted noexec): \
             name another there"
        ),
        Some((named, Bar::Mode)) => format!(
            "its first line names {named}, which is not executable: make that so with chmod +x, or \
             correct the line"
        ),
        None => format!(
            "{error}: you may not enter a directory in which it lies, or a rule of this computer \
             forbids it. Ask your administrator"
        ),
    }
}

/// What keeps a file from being run.
enum Bar {
    /// Its file system runs nothing.
    Place,
    /// It is no program for this account, or a directory.
    Mode,
}

impl Bar {
    fn of(path: &Path) -> Option<Self> {
        if path.is_dir() {
            return Some(Self::Mode);
        }
        match access(path, Access::EXEC_OK) {
            // The operating system counts the file system as a part of the mode.
            Err(Errno::ACCESS) if runs_nothing(path) => Some(Self::Place),
            Err(Errno::ACCESS) if path.exists() => Some(Self::Mode),
            _ => None,
        }
    }
}

/// Whether the file system on which something lies runs no programs.
#[cfg(target_os = "linux")]
fn runs_nothing(path: &Path) -> bool {
    use rustix::fs::{StatVfsMountFlags, statvfs};
    statvfs(path).is_ok_and(|found| found.f_flag.contains(StatVfsMountFlags::NOEXEC))
}

/// Whether the file system on which something lies runs no programs: here nothing tells.
#[cfg(not(target_os = "linux"))]
fn runs_nothing(_path: &Path) -> bool {
    false
}

/// The file that a shell would run: of a name without a slash, the first in `PATH` that can be
/// executed, else the first that is there at all.
#[expect(clippy::disallowed_methods, reason = "the operating system looks into PATH, too")]
fn found(program: &OsStr) -> Option<PathBuf> {
    if program.as_bytes().contains(&b'/') {
        return Some(PathBuf::from(program)).filter(|path| path.exists());
    }
    if program.is_empty() {
        return None;
    }
    let path = env::var_os("PATH").unwrap_or_else(|| USUAL_PATH.into());
    let there = || env::split_paths(&path).map(|folder| Path::new(".").join(folder).join(program));
    let can_be_run = |path: &PathBuf| path.is_file() && access(path, Access::EXEC_OK).is_ok();
    there().find(can_be_run).or_else(|| there().find(|path| path.exists()))
}

fn first_line(path: &Path) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    File::open(path)?.take(FIRST_LINE_BYTES_MAX).read_to_end(&mut line)?;
    if let Some(end) = line.iter().position(|byte| *byte == b'\n') {
        line.truncate(end);
    }
    Ok(line)
}

/// What the first line of a script names.
fn interpreter(path: &Path) -> Option<String> {
    let line = first_line(path).ok()?;
    let words = String::from_utf8_lossy(line.strip_prefix(b"#!")?).into_owned();
    words.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_nothing_to_do_with_the_file_is_told_with_a_next_step_too() {
        let shell = Path::new(SHELL);
        for (errno, words) in [
            (Errno::TXTBSY, "another program is writing it: try again"),
            (Errno::TOOBIG, "more than the system takes: give it fewer"),
            (Errno::AGAIN, "as many processes as you may: end some"),
            (Errno::NOMEM, "no memory for it: end some programs"),
            (Errno::MFILE, "too many files are open: end some programs"),
            (Errno::LOOP, "name a program in its first line"),
            (Errno::ACCESS, "may not enter a directory"),
            (Errno::IO, "see whether a shell can run it"),
        ] {
            let said = why_not(shell, &errno.into());
            assert!(said.contains(words), "{said}");
        }
    }
}
