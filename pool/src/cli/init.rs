//! `hotseat-pool init`

use std::sync::Arc;

use anyhow::{Context as _, bail};
use hotseat_rules::PoolDefinition;
use hotseat_rules::presets;

use super::args::Init;
use super::ask::ask;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::journal::JournalError;
use crate::{RunError, output};

pub(super) fn init(config: &Config, verb: Init) -> anyhow::Result<()> {
    let store = config.store_file();
    if JournalError::is_there(&store).map_err(RunError::from)? {
        return Err(RunError::AlreadyThere(store).into());
    }
    let definition = definition(verb)?;
    let (pool, seats) = (definition.id.clone(), definition.seats);
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(crate::init(config, definition, Arc::new(SystemClock::new())))?;
    output::acted();
    let dir = config.data_dir.display();
    let seats = if seats == 1 { "1 seat".to_owned() } else { format!("{seats} seats") };
    output::line(format!("Made a store in {dir} with pool {pool}, {seats}."));
    output::line(format!(
        "The administrator's token is in {}: keep it to yourself.",
        config.admin_token_file().display()
    ));
    output::line("\nNext:");
    let show = format!("hotseat-pool pool show {pool}");
    for (command, what) in [
        ("hotseat-pool serve", "start the server"),
        ("hotseat-pool user add lucy@finance.example --name Lucy", "give somebody a log-in"),
        ("hotseat-pool machine invite", "enrol a computer: hotseat-broker enroll"),
        ("hotseat-pool service add crm --act-for", "let an application server sign people on"),
        (show.as_str(), "see who holds seats"),
    ] {
        output::line(format!("  {command:<56}{what}"));
    }
    Ok(())
}

fn definition(verb: Init) -> anyhow::Result<PoolDefinition> {
    let known = presets::NAMES.join(" or ");
    let preset = match verb.preset {
        Some(preset) => preset,
        None if verb.yes => presets::NAMES[0].to_owned(),
        None => ask("Which preset?", Some(presets::NAMES[0]), |answer| {
            if presets::NAMES.contains(&answer) {
                Ok(answer.to_owned())
            } else {
                Err(format!("There is {known}."))
            }
        })?,
    };
    let seats = match verb.seats {
        Some(seats) => seats,
        None if verb.yes => bail!("--yes asks nothing, so say --seats N"),
        None => ask("How many people may be in at once?", None, |answer| {
            answer.parse().map_err(|_| format!("{answer:?} is not a number."))
        })?,
    };
    let Some(definition) = presets::by_name(&preset, seats) else {
        bail!("--preset {preset:?} is not known: use {known}");
    };
    definition.validate()?;
    Ok(definition)
}
