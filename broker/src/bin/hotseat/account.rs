//! `hotseat login` and `hotseat logout`.

use std::io::{BufRead as _, IsTerminal as _};

use hotseat_protocol::ids::Secret;
use hotseat_protocol::ipc::{Reply, Request, Role};
use zeroize::Zeroizing;

use crate::failure::{Failure, exit};
use crate::output::Output;
use crate::session::{self, Place};

/// Logs the caller in on this computer.
pub(crate) async fn log_in(
    place: &Place,
    output: Output,
    email: Option<&str>,
) -> Result<u8, Failure> {
    let (client, _pushes) = place.connect(Role::Cli, vec![]).await?;
    let email = match email {
        Some(email) => email.to_owned(),
        None => {
            output.say("E-mail:");
            read_line()?
        }
    };
    let password = read_password(&email)?;
    let request = Request::LogIn { email, password: Secret::new(password.as_str()) };
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
        let prompt = format!("Password of {email}: ");
        return rpassword::prompt_password(prompt)
            .map(Zeroizing::new)
            .map_err(|e| Failure::other(format!("The password could not be read: {e}."), ""));
    }
    read_line().map(Zeroizing::new)
}

fn read_line() -> Result<String, Failure> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    let line = line.trim_end_matches(['\r', '\n']);
    match read {
        Ok(_) if !line.is_empty() => Ok(line.to_owned()),
        Ok(_) => Err(Failure::other(
            "Standard input is empty.",
            "Type it at the prompt, or pipe it: printf '%s\\n' \"$PASSWORD\" | hotseat login EMAIL.",
        )),
        Err(e) => Err(Failure::other(format!("Standard input could not be read: {e}."), "")),
    }
}
