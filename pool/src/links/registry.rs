//! The bookkeeping of links: which link of which machine counts, how far its secrets have come,
//! who was heard lately. Pure: whoever keeps it tells it the time, and carries what it decides.

use std::collections::BTreeMap;
use std::time::Duration;

use hotseat_protocol::ids::{Generation, MachineId, WallTime};
use hotseat_rules::Mono;

use super::greeting::{Known, Verdict, judge};
use crate::directory::LinkRecord;

/// A clone tries again every few seconds; it is written down at most so often.
const CLONE_NOTED_EVERY: Duration = Duration::from_secs(60);

/// The machines of a running server, as their greetings are judged by.
#[derive(Debug)]
pub struct Registry {
    started: Mono,
    machines: BTreeMap<MachineId, Entry>,
    last_link: u64,
}

/// One machine.
#[derive(Debug)]
struct Entry {
    generation: Generation,
    counted: u64,
    heard_at: Option<Mono>,
    clone_seen: Option<WallTime>,
    clone_noted: Option<Mono>,
    up: Option<Up>,
}

/// A link that counts.
#[derive(Debug)]
struct Up {
    link: u64,
    boot_id: String,
}

/// A greeting on its way to count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Whose.
    pub machine: MachineId,
    /// Of which generation the secrets are.
    pub generation: Generation,
    /// From which boot.
    pub boot_id: String,
    /// The secret that it was answered.
    pub answered: u64,
    /// When it was judged, if it showed an older secret: it counts unless the other was heard
    /// since.
    pub older: Option<Mono>,
    /// The link that was up when it was judged, and was asked whether anybody is there if it had to
    /// be.
    pub beside: Option<u64>,
}

/// A link that counts from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Its number, among all links of this server.
    pub link: u64,
    /// When a clone of this machine was last seen.
    pub clone_seen: Option<WallTime>,
}

impl Registry {
    /// Of a server that starts now and knows no machine yet.
    #[must_use]
    pub fn new(started: Mono) -> Self {
        Self { started, machines: BTreeMap::new(), last_link: 0 }
    }

    /// Whether the machine's record in this generation is known here.
    #[must_use]
    pub fn knows(&self, machine: MachineId, generation: Generation) -> bool {
        self.machines.get(&machine).is_some_and(|entry| entry.generation == generation)
    }

    /// Takes in what the directory has about a machine in this generation.
    pub fn learn(&mut self, machine: MachineId, generation: Generation, record: LinkRecord) {
        let fresh = Entry {
            generation,
            counted: record.counted,
            heard_at: None,
            clone_seen: record.clone_seen,
            clone_noted: None,
            up: None,
        };
        let entry = self.machines.entry(machine).or_insert(fresh);
        if entry.generation != generation {
            (entry.generation, entry.counted) = (generation, record.counted);
        }
    }

    /// Judges a greeting. `lease` is the longest T of the pools.
    #[must_use]
    pub fn judge(
        &self,
        machine: MachineId,
        shown: Option<u64>,
        boot_id: &str,
        (now, lease): (Mono, Duration),
    ) -> Verdict {
        let entry = self.machines.get(&machine);
        // Nobody can have been heard by a server that did not run.
        let heard = entry.and_then(|entry| entry.heard_at).unwrap_or(self.started);
        let known = Known {
            counted: entry.map_or(0, |entry| entry.counted),
            up: entry.and_then(|entry| entry.up.as_ref()).map(|up| up.boot_id.as_str()),
            heard_lately: now < heard + lease,
        };
        judge(shown, boot_id, known)
    }

    /// The machine's link that counts.
    #[must_use]
    pub fn up(&self, machine: MachineId) -> Option<u64> {
        self.machines.get(&machine)?.up.as_ref().map(|up| up.link)
    }

    /// The machine's first message came: secret and link count. None: another link of the machine
    /// used that secret meanwhile, or is at work although it had seemed to be gone.
    pub fn count(&mut self, candidate: Candidate, now: Mono) -> Option<Counts> {
        let entry = self.machines.get_mut(&candidate.machine)?;
        if entry.generation != candidate.generation || entry.counted >= candidate.answered {
            return None;
        }
        let came_back = |judged| entry.heard_at.is_some_and(|heard| heard >= judged);
        if candidate.older.is_some_and(came_back) {
            return None;
        }
        // One that came up since was not asked; it is, when this machine greets again.
        if let Some(up) = &entry.up
            && candidate.beside != Some(up.link)
            && (candidate.boot_id.is_empty() || up.boot_id != candidate.boot_id)
        {
            return None;
        }
        self.last_link += 1;
        let link = self.last_link;
        entry.counted = candidate.answered;
        entry.heard_at = Some(now);
        entry.up = Some(Up { link, boot_id: candidate.boot_id });
        Some(Counts { link, clone_seen: entry.clone_seen })
    }

    /// The machine has said something: it is at work, and may have been answered a lease.
    pub fn heard(&mut self, machine: MachineId, now: Mono) {
        if let Some(entry) = self.machines.get_mut(&machine) {
            entry.heard_at = Some(now);
        }
    }

    /// A link has ended; says whether it was the one that counts.
    pub fn down(&mut self, machine: MachineId, link: u64) -> bool {
        if let Some(entry) = self.machines.get_mut(&machine)
            && entry.up.as_ref().is_some_and(|up| up.link == link)
        {
            entry.up = None;
            return true;
        }
        false
    }

    /// A clone was refused. Returns whether it is to be written down, and told to the link that is
    /// up.
    pub fn clone_refused(&mut self, machine: MachineId, now: Mono, at: WallTime) -> bool {
        let Some(entry) = self.machines.get_mut(&machine) else { return false };
        if entry.clone_noted.is_some_and(|noted| now < noted + CLONE_NOTED_EVERY) {
            return false;
        }
        entry.clone_noted = Some(now);
        entry.clone_seen = Some(at);
        true
    }
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
