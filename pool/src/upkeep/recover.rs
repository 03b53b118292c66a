//! A new generation for a store that was rolled back.

use std::time::Duration;

use hotseat_protocol::ids::{Generation, WallTime};
use hotseat_rules::{NewGeneration, Recovery, Wait};

use super::believed::{Believed, calls};
use super::{NextGeneration, UpkeepError, begin_generation};
use crate::config::Config;
use crate::journal::store::{Open, Store};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recovered {
    /// The store's new random number.
    pub(crate) generation: Generation,
    /// How long nothing is granted after the next start.
    pub(crate) wait: Wait,
}

/// Begins a new generation of the store, so that a pool that met a machine ahead of its own
/// journal can grant again, after the longest lease or `word`, whichever is longer. With `even_so`
/// `word` takes the place of what was said before, too; never of what a definition stated.
///
/// # Errors
///
/// When the store is in use, damaged, or not behind (unless `even_so`); then nothing is changed.
pub(crate) fn recover(
    config: &Config,
    word: Option<Duration>,
    even_so: bool,
    now: WallTime,
) -> Result<Recovered, UpkeepError> {
    let mut store = Store::open(&config.store_file(), Open::Existing)?;
    let state = store.replayed().state;
    let (mut journal, tables) = store.split();
    let believed = Believed::of_state(&state, calls(&*tables.connect()?));
    let waits = state.waits().whole();
    if let Some(given) = word.filter(|given| !even_so && *given < waits) {
        let stated = believed.wait(None).stated();
        return Err(UpkeepError::WaitsLonger { waits, given, stated });
    }
    let is_behind = matches!(state.recovery(), Some(Recovery::Behind { .. }));
    if !even_so && !is_behind {
        return Err(UpkeepError::NotBehind);
    }
    let wait = if even_so { believed.wait_as_confirmed(word) } else { believed.wait(word) };
    let why = NewGeneration::Recovered;
    let next = NextGeneration { why, wait, lost: Vec::new(), first: None, at: now };
    let generation = begin_generation(&mut journal, state, next)?;
    Ok(Recovered { generation, wait })
}
