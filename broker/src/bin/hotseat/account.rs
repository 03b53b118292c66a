//! `hotseat login` and `hotseat logout`.

use std::io::{ErrorKind, IsTerminal as _};

use hotseat_host::input;
use hotseat_protocol::ids::Secret;
use hotseat_protocol::ipc::{Reply, Request, Role};
use hotseat_protocol::link::AccountUser;
use hotseat_protocol::problem::{Code, Problem};
use zeroize::Zeroizing;

use crate::failure::{Failure, exit};
use crate::output::Output;
use crate::session::{self, Place};

/// Logs the caller in on this computer.
pub(crate) async fn log_in(
    place: &Place,
    output: Output,
    email: Option<&str>,
    yes: bool,
) -> Result<u8, Failure> {
    let (client, _pushes) = place.connect(Role::Cli, vec![]).await?;
    let view = session::view(&client).await?;
    let email = match email {
        Some(email) => email.to_owned(),
        None => {
            output.say("E-mail:");
            read_line()?.to_string()
        }
    };
    let other = view.account.filter(|user| !user.email.eq_ignore_ascii_case(email.trim()));
    if let Some(other) = other
        && !yes
    {
        replace(output, &other)?;
    }
    let password = read_password(&email)?;
    let request = Request::log_in(&email, Secret::new(password.as_str()))
        .map_err(|error| Failure::from(Problem::new(Code::Invalid, format!("The {error}."), "")))?;
    match session::ask(&client, request).await? {
        Reply::LoggedIn { user } => {
            output.result(&user, || {
                format!("Logged in as {}. Next: hotseat sign-on POOL.", user.name)
            });
            Ok(exit::DONE)
        }
        _ => Err(Failure::unexpected()),
    }
}

/// Sees that somebody else's log-in, and his seats, do not end unnoticed.
fn replace(output: Output, other: &AccountUser) -> Result<(), Failure> {
    let (name, email) = (&other.name, &other.email);
    let happens = format!(
        "{name} ({email}) is logged in here and would be logged out and signed off everywhere"
    );
    let kept = || Failure {
        code: exit::REFUSED,
        problem: Problem::new(
            Code::NotAllowed,
            format!("{happens}. Nothing was changed."),
            "Run it again with --yes, or log out first: hotseat logout.",
        ),
    };
    if !std::io::stdin().is_terminal() {
        return Err(kept());
    }
    output.say(&format!("{happens}. Go on? [y/N]"));
    let answer = input::line(std::io::stdin().lock(), LINE_BYTES_MAX).map_err(|e| unread(&e))?;
    match answer.as_deref().map(|answer| answer.trim().to_ascii_lowercase()).as_deref() {
        Some("y" | "yes") => Ok(()),
        _ => Err(kept()),
    }
}

/// Signs off everywhere and logs out.
pub(crate) async fn log_out(place: &Place, output: Output) -> Result<u8, Failure> {
    let (client, _pushes) = place.connect(Role::Cli, vec![]).await?;
    session::done(&client, Request::LogOut).await?;
    output.result(&serde_json::json!({ "logged_out": true }), || "Logged out.".to_owned());
    Ok(exit::DONE)
}

/// From the terminal without echo, or the first line of standard input.
fn read_password(email: &str) -> Result<Zeroizing<String>, Failure> {
    if std::io::stdin().is_terminal() {
        return input::password(&format!("Password of {email}: ")).map_err(|error| {
            let detail = match error.kind() {
                ErrorKind::UnexpectedEof => "No password was typed.".to_owned(),
                _ => format!("The password could not be read: {error}."),
            };
            Failure::other(detail, "Try again, or pipe it to standard input.")
        });
    }
    read_line()
}

/// The longest line that is read from standard input, in bytes: an e-mail address or a password.
const LINE_BYTES_MAX: usize = input::PASSWORD_BYTES_MAX;

fn read_line() -> Result<Zeroizing<String>, Failure> {
    match input::line(std::io::stdin().lock(), LINE_BYTES_MAX).map_err(|e| unread(&e))? {
        Some(line) if !line.is_empty() => Ok(line),
        _ => Err(Failure::other(
            "Standard input is empty.",
            "Type it at the prompt, or pipe it: printf '%s\\n' \"$PASSWORD\" | hotseat login EMAIL.",
        )),
    }
}

fn unread(error: &std::io::Error) -> Failure {
    let next = match error.kind() {
        ErrorKind::FileTooLarge => "One line is expected there: check what is piped or redirected.",
        _ => "Check what is piped or redirected there.",
    };
    Failure::other(format!("Standard input could not be read: {error}."), next)
}
