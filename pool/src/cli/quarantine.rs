//! `hotseat-pool recover --quarantine` and `--rows`

use std::time::Duration;

use hotseat_protocol::ids::{MachineId, Seq, UserId};
use serde_json::{Value, json};

use super::durations::{ms, written};
use super::shown::{CAUSE_MAX, shown};
use super::upkeep::{begun, tell_wait};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::journal::Stopper;
use crate::output;
use crate::upkeep::quarantine::{Plan, Quarantined, SetAside, apply, plan};

/// Lines of one list, unless all are asked for.
const LISTED_MAX: usize = 50;
/// Letters of a record's text that are shown; the store keeps all of it.
const SHOWN_MAX: usize = 2_000;
/// People and computers that are named for one record.
const NAMED_MAX: usize = 5;

/// What is to be done.
#[derive(Debug)]
pub(super) struct Request {
    /// The record; none: rows beside the journal.
    pub(super) record: Option<u64>,
    /// The longest lease that any pool ever had.
    pub(super) longest_lease: Option<Duration>,
    /// Whether to do it.
    pub(super) yes: bool,
    /// Whether lists are told whole.
    pub(super) all: bool,
}

pub(super) fn run(config: &Config, request: &Request, json: bool) -> anyhow::Result<()> {
    let Request { record, longest_lease, yes, all } = *request;
    let record = record.map(Seq);
    let lists = Lists { at_most: if all { usize::MAX } else { LISTED_MAX } };
    if !yes {
        let plan = plan(config, record, longest_lease)?;
        if json {
            output::line(serde_json::to_string_pretty(&told(&plan, false))?);
        } else {
            lists.tell(&plan);
            tell_next(&plan, longest_lease);
        }
        return Ok(());
    }
    let now = SystemClock::new().wall();
    let Quarantined { plan, generation, moved_to } = apply(config, record, longest_lease, now)?;
    output::acted();
    if json {
        let mut told = told(&plan, true);
        told["generation"] = begun(generation, plan.wait, None)["generation"].clone();
        told["moved_to"] = json!(moved_to);
        output::line(serde_json::to_string_pretty(&told)?);
        return Ok(());
    }
    lists.tell(&plan);
    output::line(format!("\nDone. The store has begun the new generation {generation}."));
    if let Some(folder) = moved_to {
        output::line(format!("The damaged store is in {}.", folder.display()));
    }
    let unsaid = plan.believed.cannot_tell().filter(|_| longest_lease.is_none());
    tell_wait(plan.wait, unsaid);
    Ok(())
}

/// Tells what goes, in lists that are no longer than this.
struct Lists {
    at_most: usize,
}

impl Lists {
    fn tell(&self, plan: &Plan) {
        match plan.poison.what {
            Stopper::Record(record) => tell_record(plan, record),
            Stopper::Rows => output::line("Every record can be used; rows beside them cannot."),
        }
        let others = plan.survey.set_aside.iter().skip(1).map(|aside| line(plan, aside));
        self.list("These later records no longer apply without it, and go with it:", others);
        let title =
            format!("The snapshot at record {} covers these, which go too:", plan.survey.base_at);
        self.list(&title, plan.survey.covered.iter().map(|aside| line(plan, aside)));
        let rows = plan.rows.iter().map(|row| shown(&row.to_string(), CAUSE_MAX));
        self.list("These rows cannot be used and go:", rows);
        self.tell_doubts(plan);
        self.tell_unknown(plan);
    }

    fn tell_doubts(&self, plan: &Plan) {
        let doubts = &plan.survey.doubts;
        self.list(
            "It may have disabled, removed or changed these people. They are refused until you say \
             `hotseat-pool user confirm EMAIL` (--all for all of them):",
            doubts.users.iter().map(|id| person(plan, *id)),
        );
        self.list(
            "It may have revoked these computers. They are refused until you say \
             `hotseat-pool machine confirm NAME` (--all for all of them):",
            doubts.machines.iter().map(|id| machine(plan, *id)),
        );
        self.list(
            "It may have changed or removed these pools. They grant nothing until you say \
             `hotseat-pool pool set POOL --seats N`:",
            doubts.pools.iter().map(ToString::to_string),
        );
    }

    fn tell_unknown(&self, plan: &Plan) {
        self.list(
            "These people's records are among them, and they cannot log in. Remove and add them \
             again with `hotseat-pool user`:",
            plan.unknown_people.iter().map(|id| person(plan, *id)),
        );
        self.list(
            "These computers' records are among them, and they cannot link. Enrol them again: \
             `hotseat-pool machine invite`:",
            plan.unknown_machines.iter().map(|id| machine(plan, *id)),
        );
        self.list(
            "Nobody knows any more what these people are called. The next start removes them; add \
             them again with `hotseat-pool user`:",
            plan.nameless_people.iter().map(ToString::to_string),
        );
        self.list(
            "The credentials of these computers are lost. The next start revokes them; enrol them \
             again: `hotseat-pool machine invite`:",
            plan.nameless_machines.iter().map(ToString::to_string),
        );
    }

    fn list(&self, title: &str, lines: impl Iterator<Item = String>) {
        let lines: Vec<String> = lines.collect();
        if lines.is_empty() {
            return;
        }
        output::line(format!("\n{title}"));
        for line in lines.iter().take(self.at_most) {
            output::line(format!("  {}", shown(line, SHOWN_MAX)));
        }
        if lines.len() > self.at_most {
            let more = lines.len() - self.at_most;
            output::line(format!("  and {more} more; --all lists them"));
        }
    }
}

fn tell_record(plan: &Plan, record: Seq) {
    let cause = shown(&plan.poison.cause, CAUSE_MAX);
    output::line(format!("Record {record} cannot be used: {cause}."));
    match plan.survey.set_aside.first() {
        Some(first) => tell_remains(plan, first),
        None => output::line(format!(
            "The snapshot at record {} has what followed from it.",
            plan.survey.base_at
        )),
    }
}

fn tell_remains(plan: &Plan, first: &SetAside) {
    let Some(remains) = &first.remains else {
        return output::line("Nothing of it is left.");
    };
    let mut says = Vec::new();
    says.extend(remains.kind.as_ref().map(|kind| format!("kind {}", shown(kind, CAUSE_MAX))));
    says.extend(remains.at.map(|at| format!("written at {at}")));
    says.extend(remains.generation.map(|generation| format!("of generation {generation}")));
    says.extend(about(plan, first));
    if !says.is_empty() {
        output::line(format!("  {}", says.join(", ")));
    }
    if let Some(payload) = &remains.payload {
        output::line(format!("  {}", shown(payload, SHOWN_MAX)));
    }
}

fn line(plan: &Plan, aside: &SetAside) -> String {
    let kind = aside.remains.as_ref().and_then(|remains| remains.kind.as_deref());
    let kind = shown(kind.unwrap_or("unknown"), CAUSE_MAX);
    let about = about(plan, aside).map_or_else(String::new, |about| format!(", {about}"));
    format!("record {} ({kind}{about}): {}", aside.seq, shown(&aside.reason, CAUSE_MAX))
}

/// Whom and which computers a record is about.
fn about(plan: &Plan, aside: &SetAside) -> Option<String> {
    let named = plan.about(aside);
    let more = named.len().saturating_sub(NAMED_MAX);
    let first: Vec<String> =
        named.iter().take(NAMED_MAX).map(|name| shown(name, CAUSE_MAX)).collect();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    (!first.is_empty()).then(|| format!("about {}{more}", first.join(", ")))
}

fn person(plan: &Plan, id: UserId) -> String {
    plan.names.person(id).map_or_else(|| id.to_string(), |person| person.email.clone())
}

fn machine(plan: &Plan, id: MachineId) -> String {
    plan.names.machine(id).map_or_else(|| id.to_string(), |name| format!("{name} ({id})"))
}

fn tell_next(plan: &Plan, longest_lease: Option<Duration>) {
    output::line(format!(
        "\nAfter the next start nothing would be granted for {}, the longest lease that somebody \
         may still believe in.",
        written(ms(plan.wait.whole()))
    ));
    if let (Some(why), None) = (plan.believed.cannot_tell(), longest_lease) {
        output::line(format!(
            "Nobody can tell every lease that was stated ({}). If you know the longest that any \
             pool ever had, give it with --longest-lease.",
            shown(why, CAUSE_MAX)
        ));
    }
    output::line(format!(
        "Nothing was changed. To do it; the damaged store is kept:\n  {} --yes",
        plan.poison.next()
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
                "about": plan.about(aside),
            })
        })
        .collect();
    let doubts = &plan.survey.doubts;
    let email = |id: &UserId| person(plan, *id);
    let record = match plan.poison.what {
        Stopper::Record(record) => Some(record),
        Stopper::Rows => None,
    };
    let rows: Vec<String> = plan.rows.iter().map(ToString::to_string).collect();
    json!({
        "done": done,
        "record": record,
        "cause": plan.poison.cause,
        "set_aside": set_aside,
        "rows": rows,
        "covered": plan.survey.covered.iter().map(|aside| aside.seq).collect::<Vec<_>>(),
        "users_to_confirm": doubts.users.iter().map(email).collect::<Vec<_>>(),
        "machines_to_confirm": doubts.machines,
        "pools_to_define": doubts.pools,
        "unknown_people": plan.unknown_people.iter().map(email).collect::<Vec<_>>(),
        "unknown_machines": plan.unknown_machines,
        "nameless_people": plan.nameless_people,
        "nameless_machines": plan.nameless_machines,
        "grants_nothing_for_ms": ms(plan.wait.whole()),
        "may_have_stated_a_lease": plan.believed.cannot_tell().is_some(),
    })
}
