//! `hotseat-pool machine`

use anyhow::{Context as _, bail};
use hotseat_protocol::api::{Invitation, MachineView};

use super::args::{MachineVerb, as_id};
use super::client::Client;
use crate::directory::Token;
use crate::output::{self, TellOnce};

const MACHINES: &str = "/api/v1/machines";
const INVITATIONS: &str = "/api/v1/machines/invitations";

pub(super) fn run(client: &Client, verb: MachineVerb) -> anyhow::Result<()> {
    match verb {
        MachineVerb::Invite(json) => invite(client, json.json)?,
        MachineVerb::List(json) => list(client, json.json)?,
        MachineVerb::Revoke { machine } => {
            let found = find(client, &machine)?;
            client.delete(&format!("{MACHINES}/{}", found.id))?;
            output::line(format!("{} is revoked: its seats are reclaimed.", found.name));
        }
        MachineVerb::Confirm { machine: Some(machine), all: _ } => {
            confirm(client, &find(client, &machine)?)?;
        }
        MachineVerb::Confirm { machine: None, all: _ } => {
            let machines: Vec<MachineView> = client.get(MACHINES)?;
            for machine in machines.iter().filter(|machine| machine.unconfirmed) {
                confirm(client, machine)?;
            }
        }
    }
    Ok(())
}

fn confirm(client: &Client, machine: &MachineView) -> anyhow::Result<()> {
    if !machine.unconfirmed {
        let state = if machine.revoked { "revoked by an administrator" } else { "enrolled" };
        bail!("{} needs no confirmation: it is {state}", machine.name);
    }
    client.run(&format!("{MACHINES}/{}/confirm", machine.id))?;
    output::line(format!("{} is confirmed and works again.", machine.name));
    Ok(())
}

fn invite(client: &Client, json: bool) -> anyhow::Result<()> {
    let secret = TellOnce::ready()?;
    let made: Invitation = client.post(INVITATIONS, &serde_json::json!({}))?;
    let all = if json { Some(serde_json::to_string_pretty(&made)?) } else { None };
    let text = all.as_deref().unwrap_or_else(|| made.invitation.expose());
    secret.tell(text, "the invitation", || {
        let named = Token::shown(made.invitation.expose()).to_hex();
        let undone = client.delete(&format!("{INVITATIONS}/{named}"));
        undone.with_context(|| format!("it ends by itself at {}", made.expires_at))
    })?;
    if json {
        return Ok(());
    }
    output::note(format!(
        "\nThis invitation enrols one computer, once, until {}. On that computer, as root:\n  \
         hotseat-broker enroll --server {}\nand paste it there.",
        made.expires_at,
        client.url(),
    ));
    if !client.is_running() {
        output::note("No server is running now: start it with `hotseat-pool serve`.");
    }
    Ok(())
}

fn list(client: &Client, json: bool) -> anyhow::Result<()> {
    let machines: Vec<MachineView> = client.get(MACHINES)?;
    if json {
        output::line(serde_json::to_string_pretty(&machines)?);
        return Ok(());
    }
    let cloned = machines.iter().filter(|machine| !machine.revoked);
    let clones: Vec<(String, String)> = cloned
        .filter_map(|machine| Some((machine.name.to_string(), machine.clone_seen_at?.to_string())))
        .collect();
    let rows: Vec<[String; 5]> = machines
        .into_iter()
        .map(|machine| {
            let state = match (machine.revoked, machine.connected) {
                (true, _) if machine.unconfirmed => "to be confirmed",
                (true, _) => "revoked",
                (false, true) => "connected",
                (false, false) => "not connected",
            };
            let state = match machine.clone_seen_at.filter(|_| !machine.revoked) {
                Some(_) => format!("{state}, CLONED"),
                None => state.to_owned(),
            };
            let (seats, since) = (machine.seats.to_string(), machine.enrolled_at.to_string());
            [machine.name.to_string(), state, seats, since, machine.id.to_string()]
        })
        .collect();
    output::table(["NAME", "STATE", "SEATS", "ENROLLED", "ID"], &rows);
    for (name, at) in clones {
        output::note(format!(
            "\nTwo computers use the enrolment of {name}; one of them was last refused at {at}.\n\
             One is a copy of the other, or was put back from a backup. Enrol it anew: \
             `hotseat-pool machine invite` here,\nthen on that computer, as root: \
             hotseat-broker enroll --force --server {}",
            client.url(),
        ));
    }
    Ok(())
}

fn find(client: &Client, text: &str) -> anyhow::Result<MachineView> {
    let machines: Vec<MachineView> = client.get(MACHINES)?;
    let id = as_id(text);
    let mut found = machines.into_iter().filter(|machine| match id {
        Some(id) => machine.id.0 == id,
        None => machine.name == text && (!machine.revoked || machine.unconfirmed),
    });
    let Some(machine) = found.next() else {
        bail!("there is no machine {text:?}; `hotseat-pool machine list` shows them");
    };
    if found.next().is_some() {
        bail!("several machines are named {text:?}: give the id that `machine list` shows");
    }
    Ok(machine)
}
