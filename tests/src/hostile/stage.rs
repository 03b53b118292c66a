//! The real engine over a journal in memory and in virtual time, with people in it who do nothing:
//! Lucy has a seat at a machine where Nina waits for one, Bill has one at an application server.

use std::collections::BTreeMap;
use std::time::Duration;

use hotseat_pool::engine::{Engine, Input, Job, Output, Reply, Turn, Work, replay};
use hotseat_pool::journal::memory::{MemoryDisk, MemoryJournal};
use hotseat_pool::journal::{Journal as _, Record, StoredRecord, StoredSnapshot};
use hotseat_protocol::ids::{
    Anchor, ClientName, Generation, MachineId, Operation, PlaceId, PoolId, RequestId, SeatId,
    SeatRef, Seq, ServiceId, UserId, WallTime,
};
use hotseat_rules::{
    Accept, Answer, BodyHash, CallRenewal, Caller, Command, Event, Mono, Outcome, Renewal, SignOn,
    State, UserKind, apply, check_invariants, presets,
};

/// What honest machines and application servers renew within, in ms.
const RENEWED_EVERY: u64 = 20_000;
/// The engine takes a turn this often, in ms; a longer gap is a pause of the server.
const TURN_EVERY: u64 = 1_000;
/// More rounds of one turn: an engine that goes round in circles.
const ROUNDS_MAX: u32 = 100;

/// The machine of those who do nothing. No two ids here have the same number.
fn desk() -> MachineId {
    MachineId::from_random(0xb1)
}

/// Their application server.
fn crm() -> Caller {
    Caller::Service(ServiceId::from_random(0xc1))
}

/// Lucy, Bill and Nina.
fn innocents() -> [UserId; 3] {
    [0xa1, 0xa2, 0xa3].map(UserId::from_random)
}

/// The machine that means harm.
pub(super) fn hostile() -> MachineId {
    MachineId::from_random(0xb2)
}

/// Who sits there.
pub(super) fn mallory() -> UserId {
    UserId::from_random(0xa4)
}

/// The engine, what it drives, and what is theirs who do nothing.
pub(super) struct Stage {
    disk: MemoryDisk,
    journal: MemoryJournal,
    engine: Engine<u64>,
    state: State,
    now: u64,
    renewed_at: u64,
    ids: u128,
    asked: u64,
    replies: BTreeMap<u64, Reply>,
    lucy: SeatRef,
    bill: SeatRef,
    nina: (RequestId, PlaceId),
    /// The newest record about them.
    settled: Seq,
}

impl Stage {
    pub(super) fn open() -> Self {
        let disk = store();
        let nobody = SeatRef {
            id: SeatId::from_random(0),
            epoch: hotseat_protocol::ids::Epoch { generation: Generation(7), seq: Seq(0) },
        };
        let mut journal = disk.open();
        let state = replay(&mut journal).expect("a new store can be read").state;
        let mut stage = Self {
            engine: Engine::new(state.clone(), Seq(0), Mono(0)),
            state,
            disk,
            journal,
            now: 1_000,
            renewed_at: 1_000,
            ids: 1 << 32,
            asked: 0,
            replies: BTreeMap::new(),
            lucy: nobody,
            bill: nobody,
            nina: (request(3), PlaceId::from_random(0)),
            settled: Seq(0),
        };
        stage.step(vec![Input::Connected(desk())]);
        let (keeper, [lucy, bill, nina]) = (Caller::Machine(desk()), innocents());
        stage.lucy = stage.seated(sign_on(keeper, 1, lucy, "network"));
        stage.bill = stage.seated(sign_on(crm(), 2, bill, "web"));
        match stage.ask(Work::Command(sign_on(keeper, 3, nina, "network"))) {
            Some(Reply::Answered(Ok(Answer::Became(Outcome::Waiting { place, .. })))) => {
                stage.nina.1 = place;
            }
            other => panic!("Nina does not wait: {other:?}"),
        }
        stage.settled = stage.state.seq();
        stage
    }

    /// What is committed.
    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Bits that no id has had.
    pub(super) fn fresh(&mut self) -> u128 {
        self.ids += 1;
        self.ids
    }

    /// Has something decided, and returns the answer.
    pub(super) fn ask(&mut self, work: Work) -> Option<Reply> {
        self.asked += 1;
        let to = self.asked;
        self.step(vec![Input::Job(Job { to: Some(to), work })]);
        self.replies.remove(&to)
    }

    /// The hostile machine's link is up or down.
    pub(super) fn link(&mut self, up: bool) {
        let input = if up { Input::Connected(hostile()) } else { Input::Disconnected(hostile()) };
        self.step(vec![input]);
    }

    /// Time passes, in ms; those who do nothing are there all the while.
    pub(super) fn pass(&mut self, ms: u64) {
        let until = self.now + ms;
        while self.now < until {
            self.now += TURN_EVERY.min(until - self.now);
            self.step(Vec::new());
            if self.now >= self.renewed_at + RENEWED_EVERY {
                self.nobody_is_disturbed();
            }
        }
    }

    /// The server ends and another begins from what is on its disk, with a snapshot or without.
    pub(super) fn restart(&mut self, snapshot: bool) {
        self.is_sound();
        if snapshot {
            let snapshot = StoredSnapshot::of(self.state.contents());
            self.journal.save_snapshot(&snapshot).expect("memory has room");
        }
        self.journal = self.disk.open();
        let replayed = replay(&mut self.journal).expect("what was written can be read");
        assert_eq!(replayed.state, self.state, "a start finds another state");
        self.engine = Engine::new(replayed.state, replayed.snapshot_at, Mono(self.now));
        self.step(vec![Input::Connected(desk())]);
        self.nobody_is_disturbed();
    }

    /// Every record says the same when it is written again, a copy of the store makes the same
    /// state, and nothing that was written is about those who do nothing.
    pub(super) fn is_sound(&self) {
        let records = self.disk.records();
        for stored in &records {
            let record = stored.read().expect("a record that was written can be read");
            let again = record.store();
            assert_eq!(again.payload, stored.payload, "record {} is not itself", stored.seq);
            if stored.seq > self.settled {
                self.is_not_about_others(stored);
                is_no_word_of_the_pools(&record);
            }
        }
        let copy = MemoryDisk::new();
        copy.append_behind(records);
        let copied = replay(&mut copy.open()).expect("a copy can be read").state;
        assert_eq!(copied, self.state, "a copy of the store makes another state");
        check_invariants(&self.state).expect("a state that is possible");
    }

    fn is_not_about_others(&self, stored: &StoredRecord) {
        let theirs = [
            self.lucy.id.to_string(),
            self.bill.id.to_string(),
            self.nina.1.to_string(),
            desk().to_string(),
        ];
        let theirs: Vec<String> =
            theirs.into_iter().chain(innocents().map(|id| id.to_string())).collect();
        let named = theirs.iter().find(|id| stored.payload.contains(*id));
        assert!(named.is_none(), "a record about {named:?}: {} {}", stored.kind, stored.payload);
    }

    /// Those who do nothing say that they are there, and have what they had.
    pub(super) fn nobody_is_disturbed(&mut self) {
        self.renewed_at = self.now;
        let (lucy, bill, nina) = (self.lucy, self.bill, self.nina);
        let renewal = Renewal { seats: vec![lucy], waiting: vec![nina.0], idle: Vec::new() };
        let renewed = match self.ask(Work::Renew { machine: desk(), renewal }) {
            Some(Reply::Renewed(renewed)) => renewed,
            other => panic!("Lucy's renewal is answered with {other:?}"),
        };
        let kept: Vec<SeatRef> = renewed.renewed.iter().map(|renewed| renewed.seat).collect();
        assert_eq!(kept, [lucy], "Lucy's seat: {renewed:?}");
        assert!(renewed.gone.is_empty() && renewed.leaving.is_empty(), "{renewed:?}");
        assert!(
            matches!(&renewed.waiting[..], [(_, Some(Outcome::Waiting { place, position: 1 }))]
                if *place == nina.1),
            "Nina's place: {renewed:?}"
        );
        match self.ask(Work::RenewCalls { by: crm(), seats: vec![bill] }) {
            Some(Reply::CallsRenewed(answers)) => assert!(
                matches!(answers[..], [(seat, CallRenewal::Left(_))] if seat == bill),
                "Bill's seat: {answers:?}"
            ),
            other => panic!("Bill's renewal is answered with {other:?}"),
        }
        let lease = Duration::from_secs(90);
        let left = renewed.renewed.iter().all(|renewed| renewed.left >= lease);
        assert!(left, "less than a lease: {renewed:?}");
    }

    fn seated(&mut self, command: Command) -> SeatRef {
        match self.ask(Work::Command(command)) {
            Some(Reply::Answered(Ok(Answer::Became(Outcome::Seat { seat, .. })))) => seat,
            other => panic!("no seat: {other:?}"),
        }
    }

    fn step(&mut self, mut inputs: Vec<Input<u64>>) {
        let wall = WallTime { unix_ms: 1_700_000_000_000 + i64::try_from(self.now).unwrap_or(0) };
        let now = Mono(self.now);
        for _ in 0..ROUNDS_MAX {
            let ids = &mut self.ids;
            let mut random = || {
                *ids += 1;
                *ids
            };
            let turn = Turn { now, wall, heard_until: now };
            let outputs = self.engine.step(inputs, turn, &mut random);
            inputs = outputs.into_iter().filter_map(|output| self.perform(output)).collect();
            if inputs.is_empty() {
                return;
            }
        }
        panic!("the engine goes round in circles");
    }

    fn perform(&mut self, output: Output<u64>) -> Option<Input<u64>> {
        match output {
            Output::Append { expected, batch } => {
                Some(Input::Appended(self.journal.append(expected, &batch)))
            }
            Output::Reread { after } => Some(Input::Reread(self.journal.read_after(after))),
            Output::Probe => Some(Input::Probed(self.journal.probe())),
            Output::Reply { to, reply } => {
                assert!(!matches!(reply, Reply::Failed(_)), "the engine fails: {reply:?}");
                self.replies.insert(to, reply);
                None
            }
            Output::Committed(committed) => {
                for committed in committed {
                    let record = &committed.record;
                    apply(&mut self.state, &record.event, record.at());
                }
                None
            }
            Output::Snapshot(contents) => {
                let snapshot = StoredSnapshot::of(&contents);
                self.journal.save_snapshot(&snapshot).expect("memory has room");
                None
            }
            Output::Wanted(_) | Output::Health(_) => None,
        }
    }
}

/// Why a seat ended only the pool can know in some cases: no machine puts that into the history.
fn is_no_word_of_the_pools(record: &Record) {
    if let Event::SeatReleased { release, .. } | Event::SeatLeaving { release, .. } = &record.event
    {
        let a_machines = matches!(release.by, Some(Caller::Machine(_)));
        assert!(!(a_machines && release.reason.is_the_pools()), "the pool's reason: {record:?}");
    }
}

/// A store with two pools of two seats, everybody, and both machines.
fn store() -> MemoryDisk {
    let generation = Generation(7);
    let mut events = vec![Event::Initialised { generation }];
    for id in ["infor-crm", "other"] {
        let mut definition = presets::infor_crm(2);
        definition.id = PoolId::new(id).expect("a good name");
        events.push(Event::PoolDefined { definition: Box::new(definition) });
    }
    let kind = UserKind::Concurrent;
    let people = innocents().into_iter().chain([mallory()]);
    events.extend(people.map(|user| Event::UserAdded { user, kind }));
    events.extend([desk(), hostile()].map(|machine| Event::MachineAdded { machine }));
    let records = events.into_iter().zip(1..).map(|(event, seq)| {
        let at = WallTime { unix_ms: 0 };
        Record { seq: Seq(seq), at, generation, event, actor: None }.store()
    });
    let disk = MemoryDisk::new();
    disk.append_behind(records.collect::<Vec<_>>());
    disk
}

fn sign_on(caller: Caller, id: u128, user: UserId, client: &str) -> Command {
    Command::SignOn(SignOn {
        caller,
        request: request(id),
        body: BodyHash([0; 32]),
        pool: PoolId::new("infor-crm").expect("a good name"),
        user,
        client: ClientName::new(client).expect("a good name"),
        operation: Operation::new("log-in").expect("a good name"),
        anchor: Anchor::new(format!("session {id}")).expect("a short anchor"),
        wait: Some(Accept::Ask),
        fresh_seat: SeatId::from_random(0xe0 + id),
        fresh_place: PlaceId::from_random(0xf0 + id),
    })
}

fn request(id: u128) -> RequestId {
    RequestId::from_random(0xd0 + id)
}
