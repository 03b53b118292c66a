//! Which machines have a link: the shell around the [`Registry`], and the way to a link that is
//! up. In memory; how far the secrets have come is also in the directory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hotseat_protocol::ids::{Generation, MachineId, WallTime};
use hotseat_rules::Mono;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::arrivals::Arrivals;
use super::greeting::Verdict;
use super::registry::{Candidate, Counts, Registry};
use crate::directory::LinkRecord;

/// A link that is up answers a ping in less, or is not there.
const PING_WITHIN: Duration = Duration::from_secs(5);
/// What a link may be told and has not read yet; with more, it is not alive.
const NUDGES_MAX: usize = 8;

/// What a link is told beside pushes.
#[derive(Debug)]
pub(crate) enum Nudge {
    /// Another computer, or another boot, says that it is this machine: is anybody there?
    Ping(oneshot::Sender<()>),
    /// A clone was refused.
    CloneSeen(WallTime),
    /// A log-in on the machine was ended elsewhere.
    LogIns,
}

/// The machines of a running server.
#[derive(Debug)]
pub(crate) struct Links {
    machines: Mutex<Machines>,
    /// Links that do not count yet.
    pub(crate) arrivals: Arrivals,
}

#[derive(Debug)]
struct Machines {
    registry: Registry,
    /// The way to each link that is up.
    nudges: BTreeMap<MachineId, mpsc::Sender<Nudge>>,
}

/// A link that counts, as it knows itself. While this lives, the machine's link is up.
#[derive(Debug)]
pub(crate) struct Counted {
    /// Its number.
    pub(crate) link: u64,
    /// What it is told.
    pub(crate) nudges: mpsc::Receiver<Nudge>,
    /// When a clone of this machine was last seen.
    pub(crate) clone_seen: Option<WallTime>,
}

impl Links {
    /// Of a server that starts now.
    pub(crate) fn new(started: Mono) -> Self {
        let registry = Registry::new(started);
        let machines = Mutex::new(Machines { registry, nudges: BTreeMap::new() });
        Self { machines, arrivals: Arrivals::default() }
    }

    /// Whether the machine's record in this generation is known here.
    pub(crate) fn knows(&self, machine: MachineId, generation: Generation) -> bool {
        self.lock().registry.knows(machine, generation)
    }

    /// Takes in what the directory has about a machine in this generation.
    pub(crate) fn learn(&self, machine: MachineId, generation: Generation, record: LinkRecord) {
        self.lock().registry.learn(machine, generation, record);
    }

    /// Judges a greeting. `lease` is the longest T of the pools.
    pub(crate) fn judge(
        &self,
        machine: MachineId,
        shown: Option<u64>,
        boot_id: &str,
        now: (Mono, Duration),
    ) -> Verdict {
        self.lock().registry.judge(machine, shown, boot_id, now)
    }

    /// The machine's link that counts.
    pub(crate) fn up(&self, machine: MachineId) -> Option<u64> {
        self.lock().registry.up(machine)
    }

    /// Whether the machine's link answers a ping.
    pub(crate) async fn answers_ping(&self, machine: MachineId) -> bool {
        let nudges = self.lock().nudges.get(&machine).cloned();
        let (to, answer) = oneshot::channel();
        let Some(nudges) = nudges else { return false };
        if nudges.try_send(Nudge::Ping(to)).is_err() {
            return false;
        }
        matches!(timeout(PING_WITHIN, answer).await, Ok(Ok(())))
    }

    /// The machine's first message came: secret and link count. None: another link of the machine
    /// used that secret meanwhile.
    pub(crate) fn count(&self, candidate: Candidate, now: Mono) -> Option<Counted> {
        let mut machines = self.lock();
        let machine = candidate.machine;
        let Counts { link, clone_seen } = machines.registry.count(candidate, now)?;
        let (sender, nudges) = mpsc::channel(NUDGES_MAX);
        machines.nudges.insert(machine, sender);
        Some(Counted { link, nudges, clone_seen })
    }

    /// The machine has said something: it is at work, and may have been answered a lease.
    pub(crate) fn heard(&self, machine: MachineId, now: Mono) {
        self.lock().registry.heard(machine, now);
    }

    /// A link has ended.
    pub(crate) fn down(&self, machine: MachineId, link: u64) {
        let mut machines = self.lock();
        if machines.registry.down(machine, link) {
            machines.nudges.remove(&machine);
        }
    }

    /// A clone was refused: the link that is up hears of it. Returns whether it is to be written
    /// down.
    pub(crate) fn clone_refused(&self, machine: MachineId, now: Mono, at: WallTime) -> bool {
        let mut machines = self.lock();
        let noted = machines.registry.clone_refused(machine, now, at);
        if noted && let Some(nudges) = machines.nudges.get(&machine) {
            // A link that reads nothing is told when it comes again.
            let _ = nudges.try_send(Nudge::CloneSeen(at));
        }
        noted
    }

    /// Log-ins on these machines were ended elsewhere: the links that are up hear of it.
    pub(crate) fn log_ins_ended(&self, machines: &[MachineId]) {
        let links = self.lock();
        for nudges in machines.iter().filter_map(|machine| links.nudges.get(machine)) {
            // A link that reads nothing is told when it comes again.
            let _ = nudges.try_send(Nudge::LogIns);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Machines> {
        self.machines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
