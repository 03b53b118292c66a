//! `hotseat-pool user`

use anyhow::bail;
use hotseat_protocol::api::{AddUser, ChangeUser, UserKind, UserView};

use super::args::UserVerb;
use super::ask::new_password;
use super::client::Client;
use crate::output;

const USERS: &str = "/api/v1/users";

pub(super) fn run(client: &Client, verb: UserVerb) -> anyhow::Result<()> {
    match verb {
        UserVerb::Add { email, name, named } => {
            let kind = if named { UserKind::Named } else { UserKind::Concurrent };
            let password = new_password()?;
            let user: UserView = client.post(USERS, &AddUser { email, name, password, kind })?;
            output::line(format!("{} can log in as {}.", user.name, user.email));
        }
        UserVerb::List(json) => list(client, json.json)?,
        UserVerb::Disable { email } => {
            let user = change(client, &email, enabled(false))?;
            output::line(format!(
                "{} is disabled: seats are reclaimed, new ones refused.",
                user.email
            ));
        }
        UserVerb::Enable { email } => {
            let user = change(client, &email, enabled(true))?;
            output::line(format!("{} is enabled.", user.email));
        }
        UserVerb::Confirm { email: Some(email), all: _ } => confirm(client, &email)?,
        UserVerb::Confirm { email: None, all: _ } => {
            let users: Vec<UserView> = client.get(USERS)?;
            for user in users.into_iter().filter(|user| user.unconfirmed) {
                confirm(client, &user.email)?;
            }
        }
        UserVerb::Password { email } => {
            let password = Some(new_password()?);
            let user = change(client, &email, ChangeUser { password, ..ChangeUser::default() })?;
            output::line(format!(
                "{} has a new password and is logged out everywhere.",
                user.email
            ));
        }
        UserVerb::Remove { email } => {
            client.delete(&path(&email))?;
            output::line(format!("{email} was forgotten."));
        }
    }
    Ok(())
}

fn confirm(client: &Client, email: &str) -> anyhow::Result<()> {
    let user: UserView = client.get(&path(email))?;
    if !user.unconfirmed {
        let state = if user.enabled { "enabled" } else { "disabled by an administrator" };
        bail!("{email} needs no confirmation: it is {state}");
    }
    let user = change(client, email, enabled(true))?;
    output::line(format!("{} is confirmed and enabled.", user.email));
    Ok(())
}

fn enabled(enabled: bool) -> ChangeUser {
    ChangeUser { enabled: Some(enabled), ..ChangeUser::default() }
}

fn change(client: &Client, email: &str, change: ChangeUser) -> anyhow::Result<UserView> {
    client.patch(&path(email), &change)
}

fn path(email: &str) -> String {
    format!("{USERS}/{}", escaped(email))
}

/// A text as a part of a path.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte);
    let parts = text.bytes().map(|byte| match byte {
        byte if plain(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    parts.collect()
}

fn list(client: &Client, json: bool) -> anyhow::Result<()> {
    let users: Vec<UserView> = client.get(USERS)?;
    if json {
        output::line(serde_json::to_string_pretty(&users)?);
        return Ok(());
    }
    let rows: Vec<[String; 4]> = users
        .into_iter()
        .map(|user| {
            let kind = match user.kind {
                UserKind::Named => "named",
                UserKind::Concurrent => "concurrent",
            };
            let state = match (user.enabled, user.unconfirmed) {
                (true, _) => "enabled",
                (false, false) => "disabled",
                (false, true) => "to be confirmed",
            };
            [user.email.to_string(), user.name.to_string(), kind.to_owned(), state.to_owned()]
        })
        .collect();
    output::table(["LOG-IN", "NAME", "KIND", "STATE"], &rows);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_fits_into_a_path() {
        assert_eq!(escaped("lucy@finance.example"), "lucy@finance.example");
        assert_eq!(escaped("a/b?c d"), "a%2Fb%3Fc%20d");
    }
}
