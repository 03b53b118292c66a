//! A new generation for a store that was rolled back.

use std::time::Duration;

use hotseat_protocol::ids::{Generation, WallTime};
use hotseat_rules::{NewGeneration, Recovery};

use super::{NextGeneration, UpkeepError, begin_generation};
use crate::config::Config;
use crate::directory::may_be_called;
use crate::journal::store::{Open, Store};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recovered {
    /// The store's new random number.
    pub(crate) generation: Generation,
    /// How long nothing is granted after the next start.
    pub(crate) wait: Duration,
}

/// Begins a new generation of the store, so that a pool that met a machine ahead of its own
/// journal can grant again, after the longest lease or `at_least`, whichever is longer.
///
/// # Errors
///
/// When the store is in use, damaged, or not behind (unless `even_so`); then nothing is changed.
pub(crate) fn recover(
    config: &Config,
    at_least: Duration,
    even_so: bool,
    now: WallTime,
) -> Result<Recovered, UpkeepError> {
    let mut store = Store::open(&config.store_file(), Open::Existing)?;
    let state = store.replayed().state;
    if !even_so && !matches!(state.recovery(), Some(Recovery::Behind { .. })) {
        return Err(UpkeepError::NotBehind);
    }
    let (mut journal, tables) = store.split();
    let calls = may_be_called(&*tables.connect()?)?;
    let wait = at_least.max(state.longest_believed(calls));
    let why = NewGeneration::Recovered;
    let next = NextGeneration { why, wait, lost: Vec::new(), first: None, at: now };
    let generation = begin_generation(&mut journal, state, next)?;
    Ok(Recovered { generation, wait })
}
