//! The engine's core over a journal in memory, driven by hand.

mod failures;
mod holds;
mod office;
mod restart;
mod shares;
mod spending;
mod storm;
mod task;
mod turns;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use hotseat_protocol::ids::{SeatRef, WallTime};
use hotseat_rules::{Answer, Command, Mono, Outcome, Pick, Refused, State, check_invariants};

use self::office::{Office, opening};
use super::replay::replay;
use super::writer::reread;
use super::{Committed, Engine, Health, Input, Job, Output, Reply, Turn, Work};
use crate::journal::memory::{MemoryDisk, MemoryJournal};
use crate::journal::{Journal as _, StoredSnapshot};

/// An engine, its disk, and what came out of it.
pub(super) struct Driver {
    pub(super) engine: Engine<u64>,
    pub(super) disk: MemoryDisk,
    journal: MemoryJournal,
    pub(super) now: Mono,
    pub(super) replies: BTreeMap<u64, Reply>,
    pub(super) facts: Vec<Committed>,
    pub(super) wanted: Vec<Pick>,
    pub(super) health: Vec<Health>,
    /// What the journal has been asked and has not done.
    pub(super) pending: VecDeque<Output<u64>>,
    tickets: u64,
    random: u128,
}

impl Driver {
    /// A pool with two seats, the office's people and their machines, on a good disk.
    pub(super) fn new() -> Self {
        let mut driver = Self::on(MemoryDisk::new());
        for command in opening(Office { seats: 2, people: 8 }) {
            let ticket = driver.ask(command);
            driver.run();
            assert!(matches!(driver.replies.remove(&ticket), Some(Reply::Answered(Ok(_)))));
        }
        driver
    }

    /// A start on what a disk has.
    pub(super) fn on(disk: MemoryDisk) -> Self {
        let mut journal = disk.open();
        let replayed = replay(&mut journal).unwrap();
        let now = Mono(1000);
        Self {
            engine: Engine::new(replayed.state, replayed.snapshot_at, now),
            disk,
            journal,
            now,
            replies: BTreeMap::new(),
            facts: Vec::new(),
            wanted: Vec::new(),
            health: Vec::new(),
            pending: VecDeque::new(),
            tickets: 0,
            random: 0,
        }
    }

    pub(super) fn turn(&self) -> Turn {
        let wall = WallTime { unix_ms: 1_700_000_000_000 + i64::try_from(self.now.0).unwrap() };
        Turn { now: self.now, wall, heard_until: self.now }
    }

    pub(super) fn step_at(&mut self, turn: Turn, inputs: Vec<Input<u64>>) {
        let mut random = self.random;
        let outputs = self.engine.step(inputs, turn, &mut || {
            random += 1;
            random << 64
        });
        self.random = random;
        for output in outputs {
            match output {
                Output::Append { .. } | Output::Reread { .. } | Output::Probe => {
                    self.pending.push_back(output);
                }
                Output::Reply { to, reply } => {
                    assert!(self.replies.insert(to, reply).is_none(), "{to} is answered twice");
                }
                Output::Committed(facts) => self.facts.extend(facts),
                Output::Wanted(pick) => self.wanted.push(pick),
                Output::Snapshot(contents) => {
                    self.journal.save_snapshot(&StoredSnapshot::of(&contents)).unwrap();
                }
                Output::Health(health) => self.health.push(health),
            }
        }
    }

    pub(super) fn step(&mut self, inputs: Vec<Input<u64>>) {
        self.step_at(self.turn(), inputs);
    }

    pub(super) fn ticket(&mut self, work: Work) -> (u64, Input<u64>) {
        self.tickets += 1;
        (self.tickets, Input::Job(Job { to: Some(self.tickets), work }))
    }

    /// Hands in a command; the journal has not done its part yet.
    pub(super) fn ask(&mut self, command: Command) -> u64 {
        let (ticket, input) = self.ticket(Work::Command(command));
        self.step(vec![input]);
        ticket
    }

    /// The journal does one thing that it was asked. Returns whether there was one.
    pub(super) fn one(&mut self) -> bool {
        let Some(errand) = self.pending.pop_front() else { return false };
        let input = if let Output::Append { expected, batch } = errand {
            Input::Appended(self.journal.append(expected, &batch))
        } else if let Output::Reread { after } = errand {
            Input::Reread(reread(&mut self.journal, after))
        } else {
            Input::Probed(self.journal.probe())
        };
        self.step(vec![input]);
        true
    }

    /// The journal does all that it was asked.
    pub(super) fn run(&mut self) {
        while self.one() {}
    }

    /// Time goes on, a second at a time, as the engine wants to be called.
    pub(super) fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now = end.min(self.now + Duration::from_millis(500));
            self.step(Vec::new());
            self.run();
        }
    }

    /// Asks, lets the journal work, and returns the answer.
    pub(super) fn answer(&mut self, command: Command) -> Reply {
        let ticket = self.ask(command);
        self.run();
        self.replies.remove(&ticket).expect("it was answered")
    }

    pub(super) fn committed(&self) -> &State {
        self.engine.view(self.turn()).state
    }

    /// What must be true whenever nothing is under way.
    pub(super) fn audit(&self) {
        check_invariants(self.committed()).unwrap();
        if self.engine.is_idle() {
            assert_eq!(self.engine.working, self.engine.committed);
        }
        let replayed = replay(&mut self.disk.open()).unwrap();
        if self.engine.is_idle() {
            assert_eq!(&replayed.state, self.committed(), "the journal says otherwise");
        }
    }
}

/// The seat of an answer, if it is one.
pub(super) fn seat(reply: &Reply) -> Option<SeatRef> {
    let Reply::Answered(Ok(Answer::Became(Outcome::Seat { seat, .. }))) = reply else {
        return None;
    };
    Some(*seat)
}

/// The refusal of an answer, if it is one.
pub(super) fn refused(reply: &Reply) -> Option<&Refused> {
    let Reply::Answered(Ok(Answer::Became(Outcome::Refused(refused)) | Answer::Refused(refused))) =
        reply
    else {
        return None;
    };
    Some(refused)
}
