//! Which machines have a link: what their greetings are judged by, and the way to a link that is
//! up. In memory; how far the secrets have come is also in the directory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hotseat_protocol::ids::{Generation, MachineId, WallTime};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::greeting::{Known, Verdict, judge};
use crate::directory::LinkRecord;
use crate::rules::Mono;

/// A link that is up answers a ping in less, or is not there.
const PING_WITHIN: Duration = Duration::from_secs(5);
/// What a link may be told and has not read yet; with more, it is not alive.
const NUDGES_MAX: usize = 8;
/// A clone tries again every few seconds; it is written down at most so often.
const CLONE_NOTED_EVERY: Duration = Duration::from_secs(60);

/// What a link is told beside pushes.
#[derive(Debug)]
pub(super) enum Nudge {
    /// Another computer, or another boot, says that it is this machine: is anybody there?
    Ping(oneshot::Sender<()>),
    /// A clone was refused.
    CloneSeen(WallTime),
}

/// The machines of a running server.
#[derive(Debug)]
pub(crate) struct Links {
    started: Mono,
    machines: Mutex<Machines>,
}

#[derive(Debug, Default)]
struct Machines {
    entries: BTreeMap<MachineId, Entry>,
    last_link: u64,
}

/// One machine.
#[derive(Debug)]
struct Entry {
    generation: Generation,
    counted: u64,
    renewed_at: Option<Mono>,
    clone_seen: Option<WallTime>,
    clone_noted: Option<Mono>,
    up: Option<Up>,
}

/// A link that counts.
#[derive(Debug)]
struct Up {
    link: u64,
    boot_id: String,
    nudges: mpsc::Sender<Nudge>,
}

/// A greeting on its way to count.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Whose.
    pub(super) machine: MachineId,
    /// Of which generation the secrets are.
    pub(super) generation: Generation,
    /// From which boot.
    pub(super) boot_id: String,
    /// The secret that it was answered.
    pub(super) answered: u64,
}

/// A link that counts, as it knows itself. While this lives, the machine's link is up.
#[derive(Debug)]
pub(super) struct Counted {
    /// Its number.
    pub(super) link: u64,
    /// What it is told.
    pub(super) nudges: mpsc::Receiver<Nudge>,
    /// When a clone of this machine was last seen.
    pub(super) clone_seen: Option<WallTime>,
}

impl Links {
    /// Of a server that starts now.
    pub(crate) fn new(started: Mono) -> Self {
        Self { started, machines: Mutex::default() }
    }

    /// Whether the machine's record in this generation is known here.
    pub(super) fn knows(&self, machine: MachineId, generation: Generation) -> bool {
        let machines = self.lock();
        machines.entries.get(&machine).is_some_and(|entry| entry.generation == generation)
    }

    /// Takes in what the directory has about a machine in this generation.
    pub(super) fn learn(&self, machine: MachineId, generation: Generation, record: LinkRecord) {
        let mut machines = self.lock();
        let fresh = Entry {
            generation,
            counted: record.counted,
            renewed_at: None,
            clone_seen: record.clone_seen,
            clone_noted: None,
            up: None,
        };
        let entry = machines.entries.entry(machine).or_insert(fresh);
        if entry.generation != generation {
            (entry.generation, entry.counted) = (generation, record.counted);
        }
    }

    /// Judges a greeting. `lease` is the longest T of the pools.
    pub(super) fn judge(
        &self,
        machine: MachineId,
        shown: Option<u64>,
        boot_id: &str,
        (now, lease): (Mono, Duration),
    ) -> Verdict {
        let machines = self.lock();
        let entry = machines.entries.get(&machine);
        // Nobody can have renewed with a server that did not run.
        let renewed = entry.and_then(|entry| entry.renewed_at).unwrap_or(self.started);
        let known = Known {
            counted: entry.map_or(0, |entry| entry.counted),
            up: entry.and_then(|entry| entry.up.as_ref()).map(|up| up.boot_id.as_str()),
            renewed_lately: now < renewed + lease,
        };
        judge(shown, boot_id, known)
    }

    /// Whether the machine's link answers a ping.
    pub(super) async fn answers_ping(&self, machine: MachineId) -> bool {
        let nudges = {
            let machines = self.lock();
            let up = machines.entries.get(&machine).and_then(|entry| entry.up.as_ref());
            up.map(|up| up.nudges.clone())
        };
        let (to, answer) = oneshot::channel();
        let Some(nudges) = nudges else { return false };
        if nudges.try_send(Nudge::Ping(to)).is_err() {
            return false;
        }
        matches!(timeout(PING_WITHIN, answer).await, Ok(Ok(())))
    }

    /// The machine's first message came: secret and link count. None: another link of the machine
    /// used that secret meanwhile.
    pub(super) fn count(&self, candidate: Candidate, now: Mono) -> Option<Counted> {
        let mut machines = self.lock();
        let Machines { entries, last_link } = &mut *machines;
        let entry = entries.get_mut(&candidate.machine)?;
        if entry.generation != candidate.generation || entry.counted >= candidate.answered {
            return None;
        }
        *last_link += 1;
        let (sender, nudges) = mpsc::channel(NUDGES_MAX);
        let link = *last_link;
        entry.counted = candidate.answered;
        entry.renewed_at = Some(now);
        entry.up = Some(Up { link, boot_id: candidate.boot_id, nudges: sender });
        Some(Counted { link, nudges, clone_seen: entry.clone_seen })
    }

    /// The machine has renewed.
    pub(super) fn renewed(&self, machine: MachineId, now: Mono) {
        if let Some(entry) = self.lock().entries.get_mut(&machine) {
            entry.renewed_at = Some(now);
        }
    }

    /// A link has ended.
    pub(super) fn down(&self, machine: MachineId, link: u64) {
        if let Some(entry) = self.lock().entries.get_mut(&machine)
            && entry.up.as_ref().is_some_and(|up| up.link == link)
        {
            entry.up = None;
        }
    }

    /// A clone was refused: the link that is up hears of it. Returns whether it is to be written
    /// down.
    pub(super) fn clone_refused(&self, machine: MachineId, now: Mono, at: WallTime) -> bool {
        let mut machines = self.lock();
        let Some(entry) = machines.entries.get_mut(&machine) else { return false };
        if entry.clone_noted.is_some_and(|noted| now < noted + CLONE_NOTED_EVERY) {
            return false;
        }
        entry.clone_noted = Some(now);
        entry.clone_seen = Some(at);
        if let Some(up) = &entry.up {
            // A link that reads nothing is told when it comes again.
            let _ = up.nudges.try_send(Nudge::CloneSeen(at));
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, Machines> {
        self.machines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
