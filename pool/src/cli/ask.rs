//! Questions to a person, and passwords.

use std::io::{BufRead as _, IsTerminal as _, Read as _};

use anyhow::{Context as _, bail};
use hotseat_protocol::ids::Secret;

use crate::output;

/// The longest line that is read.
const LINE_BYTES_MAX: u64 = 4096;

/// Asks until an answer can be used; an empty one is the default.
pub(super) fn ask<T>(
    question: &str,
    default: Option<&str>,
    read: impl Fn(&str) -> Result<T, String>,
) -> anyhow::Result<T> {
    loop {
        match default {
            Some(default) => output::question(format!("{question} [{default}]")),
            None => output::question(question),
        }
        let Some(answer) = line()? else {
            bail!("there was no answer; give it as a flag, and --yes to be asked nothing");
        };
        let answer = match (answer.trim(), default) {
            ("", Some(default)) => default,
            (answer, _) => answer,
        };
        match read(answer) {
            Ok(value) => return Ok(value),
            Err(why) => output::note(why),
        }
    }
}

/// A new password: asked twice at a terminal, else the first line of standard input.
pub(super) fn new_password() -> anyhow::Result<Secret> {
    if !std::io::stdin().is_terminal() {
        let line = line()?.context("there is no password on standard input")?;
        return Ok(Secret::new(line));
    }
    let first = rpassword::prompt_password("Password: ").context("cannot read the password")?;
    let again = rpassword::prompt_password("Again: ").context("cannot read the password")?;
    if first != again {
        bail!("the two passwords differ; nothing was changed");
    }
    Ok(Secret::new(first))
}

/// The next line of standard input, without its end.
fn line() -> anyhow::Result<Option<String>> {
    let mut line = String::new();
    let stdin = std::io::stdin().lock();
    let read = stdin.take(LINE_BYTES_MAX).read_line(&mut line);
    if read.context("cannot read standard input")? == 0 {
        return Ok(None);
    }
    let line = line.strip_suffix('\n').unwrap_or(&line);
    Ok(Some(line.strip_suffix('\r').unwrap_or(line).to_owned()))
}
