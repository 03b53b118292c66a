//! Stores that go back in time: a backup that is put back by the real way, with a new generation,
//! and a disk that is rolled back behind the pool's back, which only its machines can tell it.

use std::collections::BTreeMap;
use std::time::Duration;

use hotseat_pool::engine::replay;
use hotseat_pool::journal::memory::MemoryDisk;
use hotseat_pool::journal::{Append, Journal as _, Record, StoredRecord, StoredSnapshot};
use hotseat_protocol::ids::{Generation, SeatId, WallTime};
use hotseat_rules::{Command, Mono, NewGeneration, Presence, Recovery, State, apply, decide};

use super::acts::Act;
use super::directory::Directory;
use super::happening::Happening;
use super::users;
use super::world::World;

/// How often an administrator looks whether the pool knows that it was rolled back, in ms.
const LOOKS_EVERY: u64 = 20_000;

/// A copy of the store.
#[derive(Debug, Clone)]
pub(super) struct Backup {
    records: Vec<StoredRecord>,
    directory: Directory,
}

/// What the turns of the store have left behind on the machines.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    /// Whether the store was ever turned back.
    pub(super) turned: bool,
    /// When it was last turned back, in ms of true time.
    pub(super) turned_at: u64,
    /// Seats of lost histories, and whether they counted: their machines may still believe in them.
    pub(super) orphans: BTreeMap<SeatId, bool>,
    /// How many seats were counted when the store was turned back, or its newest generation began.
    pub(super) counted: usize,
    /// The store was rolled back, and the pool may not know.
    pub(super) unnoticed: bool,
}

impl World {
    pub(super) fn store_suffers(&mut self, act: Act) {
        if act == Act::TakesBackup {
            let (records, directory) = (self.pool_disk.records(), self.directory.clone());
            self.backup = Some(Backup { records, directory });
        } else if let Some(backup) = self.backup.clone() {
            self.put_back(backup, act == Act::RestoresBackup);
        }
    }

    /// Puts a backup in the place of the store: as `restore` does, or without a word.
    fn put_back(&mut self, backup: Backup, properly: bool) {
        self.kill_pool();
        self.ledger.catch_up();
        let disk = MemoryDisk::new();
        disk.append_behind(backup.records);
        let replaced = self.ledger.state().clone();
        if properly {
            let contents = replaced.contents();
            let lost = contents.past.iter().chain([&contents.generation]).copied().collect();
            let wait = replaced.longest_believed(true);
            self.begin_generation(&disk, NewGeneration::Restored, wait, lost);
            self.met.restored += 1;
        } else {
            self.met.rolled_back += 1;
            self.plan(LOOKS_EVERY, Happening::Recovers);
        }
        self.pool_disk = disk;
        self.directory.put_back(backup.directory);
        self.ledger.put_back(&self.pool_disk);
        self.audit.begin_anew(&self.pool_disk.records());
        self.turns_back(&replaced, !properly);
        self.forget_what_was_lost();
        let wait = self.random.between(100, 60_000);
        self.plan(wait, Happening::StartPool);
    }

    /// Begins a generation of the store on a disk, as `restore` and `recover` do; says whether it
    /// was written.
    fn begin_generation(
        &mut self,
        disk: &MemoryDisk,
        why: NewGeneration,
        at_least: Duration,
        lost: Vec<Generation>,
    ) -> bool {
        let mut journal = disk.open();
        let mut state = replay(&mut journal).expect("the journal in memory can be read").state;
        let wait = at_least.max(state.longest_believed(true));
        let bits = u32::try_from(self.random.between(1_000, 4_000_000_000)).expect("32 bits");
        let generation = Generation(bits);
        let command = Command::BeginGeneration { generation, why, wait: wait.into(), lost };
        let presence = Presence::new(&state, Mono(0));
        let events = decide(&state, &presence, &command, Mono(0));
        let before = state.seq();
        let mut batch = Vec::new();
        for event in events.expect("a number that was not used before") {
            let generation = event.begins().unwrap_or_else(|| state.generation());
            let (seq, at) = (state.seq().next(), WallTime { unix_ms: 0 });
            let record = Record { seq, at, generation, event, actor: None };
            apply(&mut state, &record.event, record.at());
            batch.push(record.store());
        }
        let written = matches!(journal.append(before, &batch), Append::Done);
        if written {
            let snapshot = StoredSnapshot::of(state.contents());
            journal.save_snapshot(&snapshot).expect("memory has room");
        }
        written
    }

    /// The books of what a turn of the store leaves behind: what `replaced` counted may be believed
    /// in, whether the store still knows of it or not.
    fn turns_back(&mut self, replaced: &State, unnoticed: bool) {
        let held = self.machines.iter().flat_map(|machine| {
            let held = machine.held(self.now);
            held.filter(|belief| machine.is_answered_for(belief))
        });
        let orphans =
            held.filter(|belief| self.history.orphans.get(&belief.seat.id) == Some(&true));
        let counted = replaced.counts(&users::pool()).in_use as usize + orphans.count();
        let there = replaced.seats().map(|seat| (seat.id, seat.counted));
        self.history.orphans.extend(there);
        let known = self.ledger.state();
        self.history.orphans.retain(|seat, _| known.seat(*seat).is_none());
        self.history.turned = true;
        self.history.turned_at = self.now;
        self.history.counted = counted;
        self.history.unnoticed = unnoticed;
    }

    /// What was acknowledged and is in no journal any more is nobody's promise. What a machine is
    /// still to say about a seat that is there must come true.
    fn forget_what_was_lost(&mut self) {
        let (machines, state) = (&self.machines, self.ledger.state());
        self.promised.retain(|promise| {
            let seat = promise.seat.id;
            let says = machines.iter().any(|machine| machine.disk.sign_offs.contains_key(&seat));
            says && state.seat(seat).is_some()
        });
        self.promised.iter_mut().for_each(|promise| promise.turned = true);
        self.promised_requests.retain(|(key, _)| {
            machines.iter().any(|machine| machine.disk.cancels.contains_key(&key.id))
        });
    }

    /// An administrator looks whether the store is behind, and recovers it.
    pub(super) fn recovers(&mut self) {
        self.ledger.catch_up();
        let replaced = self.ledger.state().clone();
        let behind = matches!(replaced.recovery(), Some(Recovery::Behind { .. }));
        if behind {
            self.met.behind += 1;
            self.kill_pool();
            let disk = self.pool_disk.clone();
            let why = NewGeneration::Recovered;
            self.begin_generation(&disk, why, Duration::ZERO, Vec::new());
            self.ledger.catch_up();
            if self.ledger.state().generation() != replaced.generation() {
                self.met.recovered += 1;
                self.turns_back(&replaced, false);
            }
            let wait = self.random.between(100, 5_000);
            self.plan(wait, Happening::StartPool);
        }
        // Another machine may yet tell of another history that was lost.
        if self.met.rolled_back > 0 {
            self.plan(LOOKS_EVERY, Happening::Recovers);
        }
    }
}
