//! Starts a program as a shell does, and says why where it cannot.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use hotseat_host::in_the_way::{Needed, explained};
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
        let by_shell = Command::new(SHELL).arg(path).args(arguments).spawn();
        return by_shell.map_err(|error| not_run(program, &format!("{SHELL}: {error}")));
    }
    let Some(path) = path else {
        let why = match program.as_bytes().contains(&b'/') {
            true => "there is no such file: check the path",
            false => "there is no such program in PATH: install it, or give its path",
        };
        return match error.kind() {
            ErrorKind::NotFound => Err((exit::NO_PROGRAM, text(program, why))),
            _ => {
                let error = explained(Path::new(program), Needed::File, error);
                Err(not_run(program, &error.to_string()))
            }
        };
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
        Some(Errno::ACCESS) if access(path, Access::EXEC_OK).is_err() => {
            "it is not executable: make it so with chmod +x, or name what runs it before it"
                .to_owned()
        }
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
        _ => error.to_string(),
    }
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
