//! The pool server of the simulation: the real engine and the real rules over a journal in memory
//! that fails in every way an append can, with appends that take time.

use std::collections::BTreeMap;

use hotseat_pool::engine::{
    Committed, Engine, Input, Job, Output, Reply, Touch, Turn, Work, replay,
};
use hotseat_pool::journal::memory::{MemoryDisk, MemoryJournal};
use hotseat_pool::journal::{Append, Journal, JournalError, Record, StoredRecord};
use hotseat_pool::rules::{
    self, Caller, Command, Event, Idle, Keeper, Mono, Place, Presence, State,
};
use hotseat_protocol::ids::{Generation, MachineId, OfferId, Seq, WallTime};
use hotseat_protocol::link::{
    FromPool, JournalPosition, MachineMessage, PoolAnswer, Projected, Renewal,
};

use super::audit::Audit;
use super::random::Random;
use super::{commands, users, words};

/// Who waits for an answer of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct To {
    link: u64,
    n: u64,
    wants_outcome: bool,
}

/// An append that is under way.
#[derive(Debug)]
struct Appending {
    expected: Seq,
    batch: Vec<StoredRecord>,
    /// The result, when it was written at once and is only told later.
    done: Option<Append>,
}

/// A frame for a machine, by its link.
pub(super) type Frame = (u64, FromPool);

/// The pool server.
#[derive(Debug)]
pub(super) struct Pool {
    disk: MemoryDisk,
    journal: MemoryJournal,
    engine: Engine<To>,
    inputs: Vec<Input<To>>,
    appending: Option<Appending>,
    /// The state that follows the journal record by record, for the auditor and the pushes.
    shadow: State,
    /// Presence as it was when the batch under way was decided.
    decided: Presence,
    links: BTreeMap<u64, (MachineId, u64)>,
}

impl Pool {
    /// A pool server that begins on a disk.
    #[must_use]
    pub(super) fn start(disk: MemoryDisk, now: Mono) -> Self {
        let mut journal = disk.open();
        let replayed = replay(&mut journal).expect("the journal in memory can be read");
        let state = replayed.state;
        Self {
            disk,
            journal,
            decided: Presence::new(&state, now),
            shadow: state.clone(),
            engine: Engine::new(state, replayed.snapshot_at, now),
            inputs: Vec::new(),
            appending: None,
            links: BTreeMap::new(),
        }
    }

    /// What the journal says, as far as it was committed.
    #[must_use]
    pub(super) fn state(&self) -> &State {
        &self.shadow
    }

    /// Records that this server has not heard of are on the disk: the true state.
    #[must_use]
    pub(super) fn durable(&self) -> State {
        state_of(&self.disk)
    }

    /// Whether an append is under way.
    #[must_use]
    pub(super) fn appending(&self) -> bool {
        self.appending.is_some()
    }

    /// When the next step must be taken at the latest.
    #[must_use]
    pub(super) fn deadline(&self) -> Mono {
        self.engine.next_step()
    }

    /// An administrator wants something.
    pub(super) fn command(&mut self, command: Command) {
        let work = Work::Command(command);
        self.inputs.push(Input::Job(Job { to: None, work }));
    }

    /// A machine's greeting was accepted: a newer link closes the older, unread frames included.
    pub(super) fn open(&mut self, link: u64, machine: MachineId, now: Mono) -> Vec<FromPool> {
        let older: Vec<u64> = self.links_of(machine).collect();
        for old in older {
            self.close(old);
        }
        self.links.insert(link, (machine, 1));
        self.inputs.push(Input::Connected(machine));
        let lease = self.shadow.pools().map(|pool| pool.definition.lease);
        let lease_ms = words::ms(lease.min().unwrap_or_default());
        let position = self.position();
        let welcome = FromPool::Welcome {
            version: hotseat_protocol::version::PROTOCOL_VERSION,
            program: "simulation".into(),
            position,
            lease_ms,
            seal: None,
            secret: None,
            void: false,
        };
        let snapshot = FromPool::Snapshot {
            push: 1,
            position,
            page: 1,
            pages: 1,
            items: self.projection(machine, now),
        };
        vec![welcome, snapshot]
    }

    fn links_of(&self, machine: MachineId) -> impl Iterator<Item = u64> {
        let links = self.links.iter().filter(move |(_, (of, _))| *of == machine);
        links.map(|(link, _)| *link)
    }

    /// A link is known to be gone.
    pub(super) fn close(&mut self, link: u64) {
        if let Some((machine, _)) = self.links.remove(&link) {
            self.inputs.push(Input::Disconnected(machine));
        }
    }

    /// A message was read.
    pub(super) fn receive(
        &mut self,
        link: u64,
        n: u64,
        body: &MachineMessage,
        random: &mut Random,
    ) -> Vec<Frame> {
        let Some((machine, _)) = self.links.get(&link) else {
            return Vec::new();
        };
        let machine = *machine;
        let mut to = To { link, n, wants_outcome: false };
        let work = if let MachineMessage::Renew(renewal) = body {
            Work::Renew { machine, renewal: claims(renewal) }
        } else {
            match commands::command(&self.shadow, Caller::Machine(machine), body, random) {
                Some((command, wants_outcome)) => {
                    to.wants_outcome = wants_outcome;
                    Work::Command(command)
                }
                None => {
                    let answer = PoolAnswer::Done;
                    return vec![(link, FromPool::Answer { n, answer })];
                }
            }
        };
        let to = Some(to);
        self.inputs.push(Input::Job(Job { to, work }));
        Vec::new()
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

    /// One step of the engine, and what follows from it.
    pub(super) fn step(&mut self, now: Mono, random: &mut Random, audit: &mut Audit) -> Vec<Frame> {
        let mut frames = Vec::new();
        let mut inputs = std::mem::take(&mut self.inputs);
        loop {
            let turn = Turn { now, wall: WallTime { unix_ms: 0 }, heard_until: now };
            let outputs = self.engine.step(inputs, turn, &mut || random.wide());
            inputs = Vec::new();
            for output in outputs {
                self.perform(output, now, random, audit, &mut frames);
            }
            inputs.append(&mut self.inputs);
            if inputs.is_empty() {
                return frames;
            }
        }
    }

    fn perform(
        &mut self,
        output: Output<To>,
        now: Mono,
        random: &mut Random,
        audit: &mut Audit,
        frames: &mut Vec<Frame>,
    ) {
        match output {
            Output::Append { expected, batch } => {
                let turn = Turn { now, wall: WallTime { unix_ms: 0 }, heard_until: now };
                self.decided = self.engine.view(turn).presence.clone();
                // Written at once and told later, or written only when it is told.
                let at_once = random.chance(50);
                let done = at_once.then(|| self.journal.append(expected, &batch));
                self.appending = Some(Appending { expected, batch, done });
            }
            Output::Reread { after } => {
                let reread = self.reread(after);
                self.inputs.push(Input::Reread(reread));
            }
            Output::Probe => {
                let probed = self.journal.probe();
                self.inputs.push(Input::Probed(probed));
            }
            Output::Reply { to, reply } => {
                if self.links.contains_key(&to.link) {
                    let answer = match reply {
                        Reply::Answered(Ok(answer)) => words::answer(answer, to.wants_outcome),
                        Reply::Answered(Err(refusal)) => words::refusal(&refusal),
                        Reply::Renewed(answer) => PoolAnswer::Renewed(words::renewed(answer)),
                        Reply::CallsRenewed(_) | Reply::Failed(_) => words::unavailable(),
                    };
                    frames.push((to.link, FromPool::Answer { n: to.n, answer }));
                }
            }
            Output::Committed(committed) => self.tell(&committed, now, audit, frames),
            Output::Wanted(pick) => {
                if let Some(link) = self.links_of(pick.machine).next() {
                    let seat = pick.seat;
                    frames.push((link, FromPool::WarnIdle { seat, waiter: None }));
                }
            }
            Output::Snapshot(_) | Output::Health(_) => {}
        }
    }

    fn reread(&mut self, after: Seq) -> Result<Vec<StoredRecord>, JournalError> {
        self.journal.reopen()?;
        self.journal.read_after(after)
    }

    fn tell(
        &mut self,
        committed: &[Committed],
        now: Mono,
        audit: &mut Audit,
        frames: &mut Vec<Frame>,
    ) {
        let mut facts: Vec<(MachineId, Projected)> = Vec::new();
        for Committed { record, touches } in committed {
            let before = self.shadow.clone();
            rules::apply(&mut self.shadow, &record.event, record.at());
            audit.committed(&before, &record.event, &self.shadow, &self.decided);
            facts.extend(touches.iter().filter_map(|touch| fact(touch, &self.shadow)));
        }
        let position = self.position();
        let links = self.links.iter();
        let links: Vec<_> = links.map(|(link, (machine, _))| (*link, *machine)).collect();
        for (link, machine) in links {
            let own = facts.iter().filter(|(of, _)| *of == machine);
            let mut items: Vec<Projected> = own.map(|(_, fact)| fact.clone()).collect();
            let rest = self.projection(machine, now).into_iter();
            items.extend(rest.filter(|item| !matches!(item, Projected::Seat { .. })));
            if let Some((_, push)) = self.links.get_mut(&link) {
                *push += 1;
                let changed =
                    FromPool::Changed { push: *push, previous: *push - 1, position, items };
                frames.push((link, changed));
            }
        }
    }

    fn position(&self) -> JournalPosition {
        JournalPosition::new(self.shadow.generation(), self.shadow.seq())
    }

    fn projection(&self, machine: MachineId, now: Mono) -> Vec<Projected> {
        let turn = Turn { now, wall: WallTime { unix_ms: 0 }, heard_until: now };
        let presence = self.engine.view(turn).presence;
        let mut items = Vec::new();
        for pool in self.shadow.pools() {
            let in_use = self.shadow.counts(&pool.definition.id).in_use;
            let waiting = u32::try_from(pool.line.len()).expect("a short line");
            let pool = Box::new(words::pool_view(&pool.definition, in_use, waiting));
            items.push(Projected::Pool { pool });
        }
        let seats = self.shadow.machine_seats(machine);
        items.extend(seats.map(|seat| Projected::Seat { seat: words::machine_seat(seat) }));
        let mine = |place: &&Place| place.keeper == Keeper::Machine(machine);
        for place in self.shadow.places().filter(mine) {
            let rank = self.shadow.position(place.id).unwrap_or(1);
            let offer = place.offer_id().unwrap_or(OfferId::from_random(0));
            let left = presence.offer_left(offer, now);
            let place = words::machine_place(place, rank, left);
            items.push(Projected::Place { place });
        }
        items
    }
}

fn claims(renewal: &Renewal) -> rules::Renewal {
    let idle = renewal.seats.iter().filter(|claim| !claim.idle_exempt);
    let idle = idle.filter_map(|claim| {
        let seconds = std::time::Duration::from_secs(claim.idle_s?);
        Some((claim.seat.id, Idle::For(seconds)))
    });
    rules::Renewal {
        seats: renewal.seats.iter().map(|claim| claim.seat).collect(),
        waiting: renewal.places.clone(),
        idle: idle.collect(),
    }
}

/// What a machine is told of a fact at once.
fn fact(touch: &Touch, after: &State) -> Option<(MachineId, Projected)> {
    match touch {
        Touch::Seat { machine, seat } => {
            let seat = words::machine_seat(after.seat(*seat)?);
            Some((*machine, Projected::Seat { seat }))
        }
        Touch::SeatGone { machine, seat, release } => {
            let (seat, end) = (*seat, words::seat_end(release));
            Some((*machine, Projected::SeatGone { seat, end }))
        }
        Touch::PlaceGone { machine, request, end } => {
            let (request, end) = (*request, *end);
            Some((*machine, Projected::PlaceGone { request, end }))
        }
        Touch::Line(_) | Touch::Pool(_) | Touch::PoolGone(_) => None,
    }
}

pub(super) fn state_of(disk: &MemoryDisk) -> State {
    let mut state = State::default();
    for record in disk.records() {
        let record = record.read().expect("a record that was written can be read");
        rules::apply(&mut state, &record.event, record.at());
    }
    state
}

/// A disk with a new store on it.
#[must_use]
pub(super) fn disk(seats: u32, machines: &[MachineId]) -> MemoryDisk {
    let generation = Generation(7);
    let events = initial(seats, machines).into_iter().zip(1..);
    let records = events.map(|(event, seq)| {
        let record = Record { seq: Seq(seq), at: WallTime { unix_ms: 0 }, generation, event };
        record.store()
    });
    let disk = MemoryDisk::new();
    disk.append_behind(records.collect::<Vec<_>>());
    disk
}

/// The first events of a store.
fn initial(seats: u32, machines: &[MachineId]) -> Vec<Event> {
    let mut definition = hotseat_pool::presets::infor_crm(seats);
    definition.id = users::pool();
    let mut events = vec![
        Event::Initialised { generation: Generation(7) },
        Event::PoolDefined { definition: Box::new(definition) },
    ];
    events.extend(users::all().map(|(user, kind)| Event::UserAdded { user, kind }));
    events.extend(machines.iter().map(|machine| Event::MachineAdded { machine: *machine }));
    events
}
