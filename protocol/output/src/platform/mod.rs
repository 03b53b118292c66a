//! Standard output and standard error themselves; the only place of all programs that writes there.
//! Each system has the same functions:
//!
//! | name | what |
//! |---|---|
//! | `write_stdout`, `write_stderr` | writing all of something, without a buffer |
//! | `stdout_takes_more` | waiting for a reader of standard output |
//! | `stdout_goes_nowhere` | whether standard output is the null device |
//! | `stderr_is_terminal` | whether a person reads the log |

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{
    stderr_is_terminal, stdout_goes_nowhere, stdout_takes_more, write_stderr, write_stdout,
};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{
    stderr_is_terminal, stdout_goes_nowhere, stdout_takes_more, write_stderr, write_stdout,
};
