//! `hotseat-pool verify`, `backup`, `restore` and `recover`

use std::fs;
use std::path::Path;
use std::time::Duration;

use hotseat_protocol::ids::Generation;
use hotseat_rules::{Recovery, Wait};
use serde_json::{Value, json};

use super::durations::{ms, written};
use super::shown::{CAUSE_MAX, shown};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::journal::verify::{Next, Report};
use crate::upkeep::left_over::{advice, left_over};
use crate::upkeep::recover::Recovered;
use crate::upkeep::restore::{Restore, Restored};
use crate::{output, upkeep};

/// `verify` found something wrong.
const DAMAGED: u8 = 3;

pub(super) fn verify(config: &Config, json: bool) -> anyhow::Result<u8> {
    let store = config.store_file();
    let report = upkeep::check(&store)?;
    if json {
        output::line(serde_json::to_string_pretty(&told(&store, &report))?);
    } else {
        tell(&store, &report);
    }
    let sound = report.findings.is_empty();
    Ok(if sound { super::DONE } else { DAMAGED })
}

fn tell(store: &Path, report: &Report) {
    let summary = summary(report);
    if report.findings.is_empty() {
        output::line(format!("{} is sound: {summary}.", store.display()));
    } else {
        output::line(format!("{} is damaged: {summary}. Wrong is:", store.display()));
        for finding in &report.findings {
            output::line(format!("  {}", shown(&finding.what, CAUSE_MAX)));
        }
        output::line("\nNext:");
        let mut told: Vec<Next> = Vec::new();
        for finding in &report.findings {
            if !told.contains(&finding.next) {
                told.push(finding.next);
                output::line(format!("  {}", finding.next));
            }
        }
    }
    if report.unsummed > 0 {
        output::line(format!(
            "{} records are from before there were checksums: of those only the form was checked.",
            report.unsummed
        ));
    }
    for copy in left_over(store) {
        output::line(advice(&copy));
    }
    match report.state.as_ref().and_then(|state| state.recovery()) {
        Some(Recovery::Behind { .. }) => output::line(
            "A computer has seen more than this store has, so it was rolled back, and its pools \
             grant nothing. Next: stop the server and run hotseat-pool recover.",
        ),
        Some(Recovery::Waiting { wait }) => output::line(format!(
            "A new generation has begun: nothing is granted for the first {} after a start.",
            written(ms(wait.whole()))
        )),
        None => {}
    }
}

fn summary(report: &Report) -> String {
    let generation =
        report.generation.map_or_else(|| "unknown".to_owned(), |generation| generation.to_string());
    format!(
        "{} records up to number {}, {} snapshots, generation {generation}",
        report.records, report.newest, report.snapshots
    )
}

fn told(store: &Path, report: &Report) -> Value {
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| json!({ "what": finding.what, "next": finding.next.to_string() }))
        .collect();
    let recovery = report.state.as_ref().and_then(|state| state.recovery());
    json!({
        "store": store,
        "sound": findings.is_empty(),
        "findings": findings,
        "records": report.records,
        "newest": report.newest,
        "records_without_checksum": report.unsummed,
        "snapshots": report.snapshots,
        "generation": report.generation.map(|generation| generation.to_string()),
        "left_over": left_over(store),
        "recovery": recovery.map(|recovery| match recovery {
            Recovery::Behind { .. } => "behind",
            Recovery::Waiting { .. } => "waiting",
        }),
    })
}

pub(super) fn backup(config: &Config, file: &Path, json: bool) -> anyhow::Result<()> {
    let report = upkeep::backup::backup(&config.store_file(), file)?;
    output::acted();
    if json {
        output::line(serde_json::to_string_pretty(&told(file, &report))?);
        return Ok(());
    }
    let size = fs::metadata(file).map_or(0, |file| file.len());
    output::line(format!("{}: {}, {size} bytes, verified.", file.display(), summary(&report)));
    output::line("It contains hashes and keys of the pool: keep it where only you can read it.");
    Ok(())
}

pub(super) fn restore(config: &Config, what: &Restore, json: bool) -> anyhow::Result<()> {
    let Restored { generation, wait, cannot_tell, records, moved_to, new_token } =
        upkeep::restore::restore(config, what, SystemClock::new().wall())?;
    output::acted();
    let cannot_tell = cannot_tell.filter(|_| what.longest_lease.is_none());
    let token_file = config.admin_token_file();
    if json {
        let mut told = begun(generation, wait, cannot_tell.as_deref());
        told["records"] = json!(records);
        told["moved_to"] = json!(moved_to);
        told["new_admin_token"] = json!(new_token.then_some(token_file));
        output::line(serde_json::to_string_pretty(&told)?);
        return Ok(());
    }
    output::line(format!(
        "Put {} back as {}: {records} records, now of the new generation {generation}.",
        what.file.display(),
        config.store_file().display()
    ));
    if let Some(folder) = moved_to {
        output::line(format!("What was there before is in {}.", folder.display()));
    }
    if new_token {
        output::line(format!("The administrator's token is a new one: {}.", token_file.display()));
    }
    tell_wait(wait, cannot_tell.as_deref());
    Ok(())
}

pub(super) fn recover(
    config: &Config,
    word: Option<Duration>,
    even_so: bool,
    json: bool,
) -> anyhow::Result<()> {
    let now = SystemClock::new().wall();
    let Recovered { generation, wait } = upkeep::recover::recover(config, word, even_so, now)?;
    output::acted();
    if json {
        output::line(serde_json::to_string_pretty(&begun(generation, wait, None))?);
        return Ok(());
    }
    output::line(format!("The store has begun the new generation {generation}."));
    tell_wait(wait, None);
    Ok(())
}

pub(super) fn begun(generation: Generation, wait: Wait, cannot_tell: Option<&str>) -> Value {
    json!({
        "generation": generation.to_string(),
        "grants_nothing_for_ms": ms(wait.whole()),
        "stated_ms": ms(wait.stated()),
        "cannot_tell": cannot_tell,
    })
}

/// Tells how long nothing is granted, and why so long. `cannot_tell` is why a lease may have been
/// stated that nobody knows, where no administrator said how long any was.
pub(super) fn tell_wait(wait: Wait, cannot_tell: Option<&str>) {
    output::line(format!(
        "After the next start nothing is granted for {}, until nobody can believe in a seat of the \
         time that was lost any more; seats that are held are renewed and signed off as ever.",
        written(ms(wait.whole()))
    ));
    if let Some(why) = cannot_tell {
        output::line(format!(
            "Nobody can tell every lease that was stated ({}), so it is the longest that there can \
             be.",
            shown(why, CAUSE_MAX)
        ));
    }
    if wait.whole() > wait.stated() {
        output::line(format!(
            "Of that, {} is known. If you know the longest lease that any pool ever had, make it \
             shorter: hotseat-pool recover --longest-lease DURATION --yes.",
            written(ms(wait.stated()))
        ));
    }
    output::line("\nNext:\n  hotseat-pool serve");
}
