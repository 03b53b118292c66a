//! What is done, when, and the chance that follows it: a whole play as data, so that a failing one
//! can be written down, replayed, and made shorter.
//!
//! Each action brings the number from which all chance is drawn until the next one. So a play
//! without one of its actions goes on much like before, and what broke mostly still breaks.

use serde::{Deserialize, Serialize};

use super::TROUBLE;
use super::acts::{Act, Kind, WEIGHTS};
use super::random::Random;

/// A play: a world, and what is done in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// How many machines, seats and people there are, how fast clocks run, which policy holds.
    pub(super) seed: u64,
    /// What is done, in the order of time.
    pub(super) actions: Vec<Action>,
}

/// One thing that is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Action {
    /// When, in ms of true time.
    pub(super) at: u64,
    /// What.
    pub(super) act: Act,
    /// A number; which machine it is follows from how many there are.
    pub(super) machine: u64,
    /// From this all chance is drawn until the next action.
    pub(super) chance: u64,
}

impl Script {
    /// The play of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut random = Random::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x5eed);
        // So many of 100 misfortunes do not come about.
        let calm = random.pick(&[0, 60, 90]).unwrap_or(0);
        let kind = Kind {
            clones: random.chance(30),
            stores: random.chance(25),
            hostile: random.chance(30),
        };
        let mut actions = Vec::new();
        let mut at = 500;
        while at < TROUBLE {
            let act = random.weighted(WEIGHTS);
            let spared = act.is_misfortune() && random.chance(calm) || !act.is_of(kind);
            let action = Action { at, act, machine: random.bits() % 6, chance: random.bits() };
            if !spared {
                actions.push(action);
            }
            at += if random.chance(90) {
                random.between(1, 4_000)
            } else {
                random.between(4_000, 60_000)
            };
        }
        Self { seed, actions }
    }

    /// How many actions it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.actions.len()
    }

    /// Whether nothing is done in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// It, as JSON: one action a line.
    #[must_use]
    pub fn to_json(&self) -> String {
        let line = |action| serde_json::to_string(action).expect("numbers and words are JSON");
        let actions: Vec<String> = self.actions.iter().map(line).collect();
        format!("{{\"seed\":{},\"actions\":[\n{}\n]}}\n", self.seed, actions.join(",\n"))
    }

    /// A play that was written down.
    ///
    /// # Errors
    ///
    /// What cannot be read, and where.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }
}
