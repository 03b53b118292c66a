//! Makes a failing play shorter: actions are left out, many at first, then one by one, as long as
//! the same promise still breaks.

use super::script::Script;
use super::{Failure, play};

/// How many plays are tried at most.
const TRIES_MAX: usize = 3_000;

/// A shorter play that breaks the same promise, and how it does.
#[must_use]
pub fn shrink(script: &Script, failure: &Failure) -> (Script, Failure) {
    let mut best = (script.clone(), failure.clone());
    // What is done after it broke cannot be needed.
    best.0.actions.retain(|action| action.at <= failure.at);
    if let Some(found) = broken(&best.0, &failure.kind) {
        best.1 = found;
    } else {
        best.0 = script.clone();
    }
    let mut tries = 0;
    let mut part = best.0.actions.len().div_ceil(2);
    while part > 0 {
        let mut from = 0;
        let mut shorter = false;
        while from < best.0.actions.len() && tries < TRIES_MAX {
            let mut candidate = best.0.clone();
            let to = (from + part).min(candidate.actions.len());
            candidate.actions.drain(from..to);
            tries += 1;
            match broken(&candidate, &failure.kind) {
                Some(found) => {
                    best = (candidate, found);
                    shorter = true;
                }
                None => from += part,
            }
        }
        // A single action that could not be left out may be superfluous without a later one.
        part = if part == 1 && shorter && tries < TRIES_MAX { 1 } else { part / 2 };
    }
    best
}

/// How the play breaks the promise, if it does.
fn broken(script: &Script, kind: &str) -> Option<Failure> {
    play(script, None).err().filter(|failure| failure.kind == kind)
}
