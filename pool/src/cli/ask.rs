//! Questions to a person, and passwords.

use std::io::{ErrorKind, IsTerminal as _};

use anyhow::{Context as _, bail};
use hotseat_host::input;
use hotseat_protocol::bounded_text::NewPassword;
use hotseat_protocol::ids::Secret;
use zeroize::Zeroizing;

use crate::output;

/// The longest line that is read, in bytes.
const LINE_BYTES_MAX: usize = input::PASSWORD_BYTES_MAX;

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
pub(super) fn new_password() -> anyhow::Result<NewPassword> {
    if !std::io::stdin().is_terminal() {
        let line = line()?.context("there is no password on standard input")?;
        return Ok(NewPassword::new(Secret::new(line.as_str()))?);
    }
    let first = typed("Password: ")?;
    let again = typed("Again: ")?;
    if first != again {
        bail!("the two passwords differ; nothing was changed");
    }
    Ok(NewPassword::new(Secret::new(first.as_str()))?)
}

fn typed(prompt: &str) -> anyhow::Result<Zeroizing<String>> {
    match input::password(prompt) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            bail!("no password was typed; nothing was changed")
        }
        typed => typed.context("cannot read the password"),
    }
}

/// The next line of standard input, without its end.
fn line() -> anyhow::Result<Option<Zeroizing<String>>> {
    input::line(std::io::stdin().lock(), LINE_BYTES_MAX).context("cannot read standard input")
}
