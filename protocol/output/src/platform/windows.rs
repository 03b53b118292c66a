//! Windows: the standard library's streams, which translate for the console.

use std::io::{self, IsTerminal as _, Write};

pub(crate) fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    write(io::stdout().lock(), bytes)
}

pub(crate) fn write_stderr(bytes: &[u8]) -> io::Result<()> {
    write(io::stderr().lock(), bytes)
}

/// A handle that is not there cannot be told from one that takes everything.
pub(crate) fn stdout_goes_nowhere() -> bool {
    false
}

pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

fn write(mut file: impl Write, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.flush()
}

/// Writing waits for a reader here.
#[expect(clippy::unnecessary_wraps, reason = "other systems ask")]
pub(crate) fn stdout_takes_more(ending: impl Fn() -> bool) -> io::Result<bool> {
    Ok(!ending())
}
