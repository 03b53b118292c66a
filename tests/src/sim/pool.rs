//! The pool server of the simulation: the real engine and the real rules over a journal in memory
//! that fails in every way an append can, with appends that take time.

use std::collections::{BTreeMap, BTreeSet};

use hotseat_pool::directory::PositionKey;
use hotseat_pool::engine::{Engine, Health, Input, Job, Output, Reply, Turn, Work, replay};
use hotseat_pool::journal::memory::{MemoryDisk, MemoryJournal};
use hotseat_pool::journal::{Append, Journal, JournalError, StoredRecord, StoredSnapshot};
use hotseat_pool::links::registry::Registry;
use hotseat_protocol::ids::{MachineId, PoolId, SeatRef, Seq, UserId, WallTime};
use hotseat_protocol::link::{FromPool, JournalPosition};
use hotseat_rules::{Answer, Became, CallRenewal, Caller, Command, Mono, RequestKey, State};

use super::audit::Audit;
use super::doorway::Door;
use super::guests::Guest;
use super::ledger::Ledger;
use super::random::Random;
use super::reckoning::{Item, Reckoning};

/// Who waits for an answer of the engine, and what they claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum To {
    /// A machine, in answer to a message.
    Link { machine: MachineId, link: u64, n: u64, read: u64, wants: Wants },
    /// The application server.
    Call { call: u64, wants: Wants },
    /// A greeting that showed more than the journal has.
    Greeting { link: u64 },
}

/// What kind of answer is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wants {
    /// What became of the request.
    Outcome(RequestKey),
    /// Whether this user's check passed.
    Check(UserId, RequestKey),
    /// That it is so now.
    Done,
    /// What is left of these seats.
    Renewed(Vec<SeatRef>),
}

/// An append that is under way.
#[derive(Debug)]
struct Appending {
    expected: Seq,
    batch: Vec<StoredRecord>,
    /// The result, when it was written at once and is only told later.
    done: Option<Append>,
}

/// What the pool says.
#[derive(Debug)]
pub(super) enum Said {
    /// A frame, over a link.
    Frame(u64, FromPool),
    /// The answer to a call.
    Answer(u64, Reply),
    /// What a greeting showed was written down, or could not be.
    Noted(u64, bool),
}

/// The books that are kept about the pool, by nobody whom it can reach.
#[derive(Debug)]
pub(super) struct Books<'a> {
    pub(super) audit: &'a mut Audit,
    pub(super) reckoning: &'a mut Reckoning,
    pub(super) ledger: &'a mut Ledger,
}

/// The pool server.
#[derive(Debug)]
pub(super) struct Pool {
    journal: MemoryJournal,
    engine: Engine<To>,
    inputs: Vec<Input<To>>,
    appending: Option<Appending>,
    /// The state that follows the journal record by record, for the auditor and the pushes.
    pub(super) shadow: State,
    /// Whose links were up when the batch under way was decided.
    pub(super) decided_with: BTreeSet<MachineId>,
    pub(super) doors: BTreeMap<u64, Door>,
    /// Who has greeted and does not count yet.
    pub(super) guests: BTreeMap<u64, Guest>,
    /// The bookkeeping of links.
    pub(super) registry: Registry,
    /// The store's own, the same for all of its life.
    pub(super) key: PositionKey,
    /// Checks that passed, to be justified by the states of the batch that they were decided in.
    pub(super) passes: Vec<UserId>,
    healthy: bool,
    pub(super) turn: Turn,
}

impl Pool {
    /// A pool server that begins on a disk.
    pub(super) fn start(disk: &MemoryDisk, now: u64, books: &mut Books<'_>) -> Self {
        let mut journal = disk.open();
        let replayed = replay(&mut journal).expect("the journal in memory can be read");
        let state = replayed.state;
        books.ledger.catch_up();
        let same = state == *books.ledger.state();
        books.audit.must(same, || {
            format!("promise 7: a start at record {} finds another state", state.seq())
        });
        books.audit.invariant_state_is_possible(&state);
        books.audit.catches_up(&disk.records());
        books.reckoning.starts(&state, now);
        books.audit.held.starts(now);
        let (now, wall) = (Mono(now), WallTime { unix_ms: 0 });
        Self {
            journal,
            decided_with: BTreeSet::new(),
            shadow: state.clone(),
            engine: Engine::new(state, replayed.snapshot_at, now),
            inputs: Vec::new(),
            appending: None,
            doors: BTreeMap::new(),
            guests: BTreeMap::new(),
            registry: Registry::new(now),
            key: PositionKey::new([7; 32]),
            passes: Vec::new(),
            healthy: true,
            turn: Turn { now, wall, heard_until: now },
        }
    }

    /// What the journal says, as far as it was committed.
    #[must_use]
    pub(super) fn state(&self) -> &State {
        &self.shadow
    }

    /// Whether an append is under way.
    #[must_use]
    pub(super) fn appending(&self) -> bool {
        self.appending.is_some()
    }

    /// When the next step must be taken at the latest.
    #[must_use]
    pub(super) fn deadline(&self) -> u64 {
        self.engine.next_step().0
    }

    /// The engine as it can be read.
    #[must_use]
    pub(super) fn view(&self) -> hotseat_pool::engine::View<'_> {
        self.engine.view(self.turn)
    }

    /// Somebody wants something, and waits for the answer or does not.
    pub(super) fn ask(&mut self, to: Option<To>, work: Work) {
        self.inputs.push(Input::Job(Job { to, work }));
    }

    /// An administrator wants something.
    pub(super) fn command(&mut self, command: Command) {
        self.ask(None, Work::Command(command));
    }

    /// A machine's link is up or down.
    pub(super) fn connected(&mut self, machine: MachineId, up: bool) {
        let input = if up { Input::Connected(machine) } else { Input::Disconnected(machine) };
        self.inputs.push(input);
    }

    /// Where the journal is.
    #[must_use]
    pub(super) fn position(&self) -> JournalPosition {
        JournalPosition::new(self.shadow.generation(), self.shadow.seq())
    }

    /// The append under way ends.
    pub(super) fn append_ends(&mut self) {
        let Some(appending) = self.appending.take() else {
            return;
        };
        let result = match appending.done {
            Some(result) => result,
            None => self.journal.append(appending.expected, &appending.batch),
        };
        self.inputs.push(Input::Appended(result));
    }

    /// Saves a snapshot of what is committed.
    pub(super) fn save_snapshot(&mut self) {
        let snapshot = StoredSnapshot::of(self.view().state.contents());
        self.journal.save_snapshot(&snapshot).expect("memory has room");
    }

    /// One step of the engine, and what follows from it.
    pub(super) fn step(
        &mut self,
        turn: Turn,
        random: &mut Random,
        books: &mut Books<'_>,
    ) -> Vec<Said> {
        let mut said = Vec::new();
        self.turn = turn;
        books.reckoning.turns(turn.now.0);
        let mut inputs = std::mem::take(&mut self.inputs);
        let is_told = inputs.iter().any(|input| matches!(input, Input::Appended(_)));
        let decided = (is_told || self.appending.is_some()).then(|| books.reckoning.decided_at());
        books.audit.held.turns(turn.now.0, decided);
        let failed = inputs.iter().any(|input| match input {
            Input::Appended(end) => !matches!(end, Append::Done),
            _ => false,
        });
        if failed {
            books.reckoning.fails(turn.now.0);
        }
        loop {
            let outputs = self.engine.step(inputs, turn, &mut || random.wide());
            inputs = Vec::new();
            for output in outputs {
                self.perform(output, random, books, &mut said);
            }
            self.invariant_passes_were_justified(books, false);
            books.audit.held.answered_at_once(&self.shadow, turn.now.0);
            inputs.append(&mut self.inputs);
            if inputs.is_empty() {
                break;
            }
        }
        if self.appending.is_none() && self.healthy {
            books.reckoning.invariant_nothing_outlives_its_end(turn.now.0);
            let connected = self.connected_machines();
            let held = &books.audit.held;
            let free = |pool: &PoolId| held.free(&self.shadow, pool, turn.now.0);
            books.reckoning.invariant_the_line_is_served(
                &self.shadow,
                &connected,
                free,
                turn.now.0,
            );
        }
        said
    }

    fn perform(
        &mut self,
        output: Output<To>,
        random: &mut Random,
        books: &mut Books<'_>,
        said: &mut Vec<Said>,
    ) {
        let now = self.turn.now.0;
        match output {
            Output::Append { expected, batch } => {
                self.decided_with = self.connected_machines();
                books.reckoning.decides(now);
                for record in &batch {
                    let record = record.read().expect("a record that is stored can be read");
                    let (shadow, reckoning) = (&self.shadow, &mut *books.reckoning);
                    reckoning.invariant_nothing_expires_too_soon(shadow, &record.event, now);
                    reckoning.will_append(shadow, &record.event);
                }
                // Written at once and told later, or written only when it is told.
                let at_once = random.chance(50);
                let done = at_once.then(|| self.journal.append(expected, &batch));
                self.appending = Some(Appending { expected, batch, done });
            }
            Output::Reread { after } => {
                books.reckoning.fails(now);
                let reread = self.reread(after);
                self.inputs.push(Input::Reread(reread));
            }
            Output::Probe => {
                let probed = self.journal.probe();
                self.inputs.push(Input::Probed(probed));
            }
            Output::Reply { to, reply } => {
                // Promise 9, and design 4: an answer that saw the working state waits for it.
                let early = self.appending.is_some();
                books.audit.must(!early, || format!("promise 9: {to:?} hears before the commit"));
                self.reply(to, reply, books, said);
            }
            Output::Committed(committed) => self.tell(&committed, books, said),
            Output::Wanted(pick) => {
                books.audit.trust.picks(pick.seat.id);
                self.wanted(&pick, said);
            }
            Output::Health(health) => {
                self.healthy = health == Health::Writable;
                books.reckoning.fails(now);
            }
            Output::Snapshot(_) => {}
        }
    }

    fn reread(&mut self, after: Seq) -> Result<Vec<StoredRecord>, JournalError> {
        self.journal.reopen()?;
        self.journal.read_after(after)
    }

    fn reply(&mut self, to: To, reply: Reply, books: &mut Books<'_>, said: &mut Vec<Said>) {
        let now = self.turn.now.0;
        let wants = match &to {
            To::Link { read, wants, .. } => {
                self.invariant_an_answer_states_what_is_left(*read, &reply, books);
                Self::invariant_what_leaves_is_not_renewed(&reply, books);
                wants
            }
            To::Call { wants, .. } => wants,
            To::Greeting { link } => {
                said.push(Said::Noted(*link, !matches!(reply, Reply::Failed(_))));
                return;
            }
        };
        match (wants, &reply) {
            (Wants::Check(user, check), Reply::Answered(Ok(answer))) => {
                self.passes.extend((*answer == Answer::Passed).then_some(*user));
                books.audit.held.checked(*user, *check, answer);
            }
            (Wants::Renewed(claims), Reply::Renewed(answer)) => {
                let renewed = answer.renewed.iter().map(|renewed| renewed.seat);
                for seat in renewed.filter(|seat| claims.contains(seat)) {
                    books.reckoning.answered(Item::Seat(seat.id), now);
                }
                if let To::Link { machine, .. } = to {
                    let caller = Caller::Machine(machine);
                    for (id, _) in &answer.waiting {
                        self.place_answered(&RequestKey { caller, id: *id }, books);
                    }
                }
            }
            (Wants::Renewed(claims), Reply::CallsRenewed(answers)) => {
                let lives = |answer: &CallRenewal| matches!(answer, CallRenewal::Left(_));
                let renewed = answers.iter().filter(|(_, answer)| lives(answer));
                for (seat, _) in renewed.filter(|(seat, _)| claims.contains(seat)) {
                    books.reckoning.answered(Item::Seat(seat.id), now);
                }
            }
            (Wants::Outcome(key), _) if matches!(to, To::Call { .. }) => {
                self.place_answered(key, books);
            }
            _ => {}
        }
        if let (Wants::Outcome(key), Reply::Answered(Ok(Answer::Became(outcome)))) = (wants, &reply)
        {
            books.audit.held.decided(*key, &self.shadow, outcome);
        }
        match to {
            To::Call { call, .. } => said.push(Said::Answer(call, reply)),
            To::Greeting { .. } => {}
            To::Link { link, n, wants, .. } => self.reply_to_link((link, n), &wants, reply, said),
        }
    }

    fn place_answered(&self, key: &RequestKey, books: &mut Books<'_>) {
        let became = self.shadow.request(key).map(|request| &request.became);
        if let Some(Became::Waiting(place)) = became {
            books.reckoning.answered(Item::Place(*place), self.turn.now.0);
        }
    }
}
