//! `hotseat-pool service`

use anyhow::{Context as _, bail};
use hotseat_protocol::api::{AddService, NewService, ServiceView};
use hotseat_protocol::bounded_list::BoundedList;

use super::args::{Json, ServiceVerb, as_id};
use super::client::Client;
use crate::output::{self, TellOnce};

const SERVICES: &str = "/api/v1/services";

pub(super) fn run(client: &Client, verb: ServiceVerb) -> anyhow::Result<()> {
    match verb {
        ServiceVerb::Add { name, act_for, pools, clients, json } => {
            let (pools, clients) = (allowed("--pool", pools)?, allowed("--client", clients)?);
            add(client, &AddService { name, act_for, pools, clients }, json)?;
        }
        ServiceVerb::List(json) => list(client, json.json)?,
        ServiceVerb::Revoke { service } => {
            let found = find(client, &service)?;
            client.delete(&format!("{SERVICES}/{}", found.id))?;
            output::line(format!("{} is revoked: its token is worth nothing now.", found.name));
        }
    }
    Ok(())
}

/// The limit that flags make; none without them.
fn allowed<T, const LEAST: usize, const MOST: usize>(
    flag: &str,
    given: Vec<T>,
) -> anyhow::Result<Option<BoundedList<T, LEAST, MOST>>> {
    if given.is_empty() {
        return Ok(None);
    }
    let count = given.len();
    let list = BoundedList::new(given);
    list.map(Some).with_context(|| format!("{flag} is there {count} times: use at most {MOST}"))
}

fn add(client: &Client, service: &AddService, json: Json) -> anyhow::Result<()> {
    let secret = TellOnce::ready()?;
    let made: NewService = client.post(SERVICES, service)?;
    let name = &made.service.name;
    let all = if json.json { Some(serde_json::to_string_pretty(&made)?) } else { None };
    let text = all.as_deref().unwrap_or_else(|| made.token.expose());
    secret.tell(text, &format!("the token of {name}"), || {
        let undone = client.delete(&format!("{SERVICES}/{}", made.service.id));
        undone.with_context(|| format!("revoke it with `hotseat-pool service revoke {name}`"))
    })?;
    if json.json {
        return Ok(());
    }
    output::note(format!(
        "\nThis is the token of {}, shown this once. Its program sends it as\n  \
         Authorization: Bearer TOKEN",
        made.service.name
    ));
    Ok(())
}

fn list(client: &Client, json: bool) -> anyhow::Result<()> {
    let services: Vec<ServiceView> = client.get(SERVICES)?;
    if json {
        output::line(serde_json::to_string_pretty(&services)?);
        return Ok(());
    }
    let rows: Vec<[String; 5]> = services
        .into_iter()
        .map(|service| {
            let act_for = if service.act_for { "yes" } else { "no" };
            let (pools, clients) = (limit(service.pools), limit(service.clients));
            [service.name.to_string(), act_for.to_owned(), pools, clients, service.id.to_string()]
        })
        .collect();
    output::table(["NAME", "ACTS FOR USERS", "POOLS", "CLIENTS", "ID"], &rows);
    Ok(())
}

fn limit<T: ToString>(list: Option<Vec<T>>) -> String {
    list.map_or_else(
        || "all".to_owned(),
        |list| list.iter().map(T::to_string).collect::<Vec<_>>().join(", "),
    )
}

fn find(client: &Client, text: &str) -> anyhow::Result<ServiceView> {
    let services: Vec<ServiceView> = client.get(SERVICES)?;
    let id = as_id(text);
    let found = services.into_iter().find(|service| match id {
        Some(id) => service.id.0 == id,
        None => service.name == text,
    });
    match found {
        Some(service) => Ok(service),
        None => bail!("there is no service {text:?}; `hotseat-pool service list` shows them"),
    }
}
