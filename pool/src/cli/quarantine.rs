//! `hotseat-pool recover --quarantine`

use std::time::Duration;

use hotseat_protocol::ids::Seq;
use hotseat_protocol::text::is_unseen;
use serde_json::{Value, json};

use super::durations::{ms, written};
use super::upkeep::{begun, tell_wait};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::output;
use crate::upkeep::quarantine::{Plan, Quarantined, SetAside, apply, plan};

/// Lines of one list; `--json` has all of them.
const LISTED_MAX: usize = 50;
/// Letters of a record's text that are shown; the store keeps all of it.
const SHOWN_MAX: usize = 2_000;

/// What is to be done.
#[derive(Debug)]
pub(super) struct Request {
    /// The record.
    pub(super) record: u64,
    /// The longest lease that any pool ever had.
    pub(super) longest_lease: Option<Duration>,
    /// Whether to do it.
    pub(super) yes: bool,
}

pub(super) fn run(config: &Config, request: &Request, json: bool) -> anyhow::Result<()> {
    let Request { record, longest_lease, yes } = *request;
    let record = Seq(record);
    if !yes {
        let plan = plan(config, record, longest_lease)?;
        if json {
            output::line(serde_json::to_string_pretty(&told(&plan, false))?);
        } else {
            tell(&plan);
            tell_next(&plan, longest_lease);
        }
        return Ok(());
    }
    let now = SystemClock::new().wall();
    let Quarantined { plan, generation, moved_to } = apply(config, record, longest_lease, now)?;
    output::acted();
    if json {
        let mut told = told(&plan, true);
        told["generation"] = begun(generation, plan.wait)["generation"].clone();
        told["moved_to"] = json!(moved_to);
        output::line(serde_json::to_string_pretty(&told)?);
        return Ok(());
    }
    tell(&plan);
    output::line(format!("\nDone. The store has begun the new generation {generation}."));
    if let Some(folder) = moved_to {
        output::line(format!("The damaged store is in {}.", folder.display()));
    }
    tell_wait(plan.wait);
    Ok(())
}

fn tell(plan: &Plan) {
    let set_aside = &plan.survey.set_aside;
    output::line(format!("Record {} cannot be used: {}.", plan.poison.record, plan.poison.cause));
    match set_aside.split_first() {
        Some((first, others)) => {
            tell_remains(first);
            let lines = others.iter().map(line);
            list("These later records no longer apply without it, and go with it:", lines);
        }
        None => output::line(format!(
            "The snapshot at record {} has what followed from it.",
            plan.survey.base_at
        )),
    }
    let title =
        format!("The snapshot at record {} covers these, which go too:", plan.survey.base_at);
    list(&title, plan.survey.covered.iter().map(line));
    let doubts = &plan.survey.doubts;
    let users = doubts.users.iter().map(|id| match plan.names.person(*id) {
        Some(person) => person.email.clone(),
        None => id.to_string(),
    });
    list(
        "It may have disabled, removed or changed these people. They are refused until you say \
         `hotseat-pool user confirm EMAIL` (--all for all of them):",
        users,
    );
    let machines = doubts.machines.iter().map(|id| match plan.names.machine(*id) {
        Some(name) => format!("{name} ({id})"),
        None => id.to_string(),
    });
    list(
        "It may have revoked these computers. They are refused until you say \
         `hotseat-pool machine confirm NAME` (--all for all of them):",
        machines,
    );
    list(
        "It may have changed or removed these pools. They grant nothing until you say \
         `hotseat-pool pool set POOL --seats N`:",
        doubts.pools.iter().map(ToString::to_string),
    );
    let unknown = plan.unknown_people.iter().filter_map(|id| plan.names.person(*id));
    list(
        "These people's records are among them, and they cannot log in. Remove and add them again \
         with `hotseat-pool user`:",
        unknown.map(|person| person.email.clone()),
    );
}

fn tell_remains(first: &SetAside) {
    let Some(remains) = &first.remains else {
        return output::line("Nothing of it is left.");
    };
    let mut says = Vec::new();
    says.extend(remains.kind.as_ref().map(|kind| format!("kind {kind:?}")));
    says.extend(remains.at.map(|at| format!("written at {at}")));
    says.extend(remains.generation.map(|generation| format!("of generation {generation}")));
    if !says.is_empty() {
        output::line(format!("  {}", says.join(", ")));
    }
    if let Some(payload) = &remains.payload {
        let shown: String = payload.chars().take(SHOWN_MAX).collect();
        let more = if payload.chars().count() > SHOWN_MAX { " …" } else { "" };
        output::line(format!("  {}{more}", visible(&shown)));
    }
}

fn line(aside: &SetAside) -> String {
    let kind = aside.remains.as_ref().and_then(|remains| remains.kind.as_deref());
    format!("record {} ({}): {}", aside.seq, visible(kind.unwrap_or("unknown")), aside.reason)
}

/// Whatever a damaged text holds must not reach a terminal as it is.
fn visible(text: &str) -> String {
    text.chars().map(|letter| if is_unseen(letter) { '\u{fffd}' } else { letter }).collect()
}

fn list(title: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return;
    }
    output::line(format!("\n{title}"));
    for line in lines.iter().take(LISTED_MAX) {
        output::line(format!("  {line}"));
    }
    if lines.len() > LISTED_MAX {
        output::line(format!("  and {} more; --json lists all", lines.len() - LISTED_MAX));
    }
}

fn tell_next(plan: &Plan, longest_lease: Option<Duration>) {
    output::line(format!(
        "\nAfter the next start nothing would be granted for {}, the longest lease that somebody \
         may still believe in.",
        written(ms(plan.wait))
    ));
    if plan.survey.may_have_stated_lease && longest_lease.is_none() {
        output::line(
            "The record may have stated any lease. If you know the longest that any pool ever had, \
             give it with --longest-lease.",
        );
    }
    output::line(format!(
        "Nothing was changed. To do it; the damaged store is kept:\n  \
         hotseat-pool recover --quarantine {} --yes",
        plan.poison.record
    ));
}

fn told(plan: &Plan, done: bool) -> Value {
    let set_aside: Vec<Value> = plan
        .survey
        .set_aside
        .iter()
        .map(|aside| {
            let remains = aside.remains.as_ref();
            json!({
                "record": aside.seq,
                "reason": aside.reason,
                "kind": remains.and_then(|remains| remains.kind.clone()),
                "at": remains.and_then(|remains| remains.at).map(|at| at.to_string()),
                "payload": remains.and_then(|remains| remains.payload.clone()),
            })
        })
        .collect();
    let doubts = &plan.survey.doubts;
    let email = |id: &hotseat_protocol::ids::UserId| {
        plan.names.person(*id).map_or_else(|| id.to_string(), |person| person.email.clone())
    };
    json!({
        "done": done,
        "record": plan.poison.record,
        "cause": plan.poison.cause,
        "set_aside": set_aside,
        "covered": plan.survey.covered.iter().map(|aside| aside.seq).collect::<Vec<_>>(),
        "users_to_confirm": doubts.users.iter().map(email).collect::<Vec<_>>(),
        "machines_to_confirm": doubts.machines,
        "pools_to_define": doubts.pools,
        "unknown_people": plan.unknown_people.iter().map(email).collect::<Vec<_>>(),
        "grants_nothing_for_ms": ms(plan.wait),
        "may_have_stated_a_lease": plan.survey.may_have_stated_lease,
    })
}
