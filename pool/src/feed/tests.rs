//! What machines are told, over the engine's core and a journal in memory.

use std::sync::Arc;
use std::time::Duration;

use hotseat_protocol::ids::{
    Anchor, ClientName, Generation, MachineId, Operation, PlaceId, PoolId, RequestId, SeatId,
    UserId, WallTime,
};
use hotseat_protocol::link::{LINK_FRAME_BYTES_MAX, MachineSeat};
use hotseat_protocol::reason::{PlaceEnd, ReleaseReason};
use hotseat_protocol::view::PoolView;
use hotseat_rules::presets::infor_crm;
use hotseat_rules::{
    Accept, BodyHash, Command, Idle, PoolDefinition, Renewal, SignOn, State, UserKind,
};

use super::*;
use crate::engine::{Engine, Input, Job, Output, Turn, Work};
use crate::journal::Append;

#[path = "tests/between.rs"]
mod between;
#[path = "tests/set_aside.rs"]
mod set_aside;

struct Everybody;

impl Names for Everybody {
    fn user(&self, id: UserId) -> Option<String> {
        Some(format!("person {}", id.0.as_u128() & 0xff))
    }

    fn caller(&self, caller: Caller) -> Option<String> {
        matches!(caller, Caller::Admin).then(|| "an administrator".to_owned())
    }
}

fn user(n: u128) -> UserId {
    UserId(uuid::Uuid::from_u128(n))
}

fn machine(n: u128) -> MachineId {
    MachineId(uuid::Uuid::from_u128(n))
}

fn definition(seats: u32) -> PoolDefinition {
    infor_crm(seats)
}

fn sign_on(n: u128, machine_n: u128, wait: bool) -> Command {
    Command::SignOn(SignOn {
        caller: Caller::Machine(machine(machine_n)),
        request: RequestId::from_random(n),
        body: BodyHash([0; 32]),
        pool: PoolId::new("infor-crm").unwrap(),
        user: user(n),
        client: ClientName::new("network").unwrap(),
        operation: Operation::new("log-in").unwrap(),
        anchor: Anchor::new(format!("session {n}")).unwrap(),
        wait: wait.then_some(Accept::Ask),
        fresh_seat: SeatId::from_random(n),
        fresh_place: PlaceId::from_random(n),
    })
}

/// An engine whose journal always works, with a feed on it.
struct World {
    engine: Engine<()>,
    feed: Feed,
    now: Mono,
    random: u128,
}

impl World {
    fn new(definition: PoolDefinition, people: u128) -> Self {
        let mut world = Self {
            engine: Engine::new(State::default(), hotseat_protocol::ids::Seq(0), Mono(0)),
            feed: Feed::new(Arc::new(Everybody)),
            now: Mono(0),
            random: 0,
        };
        world.submit(Command::Initialise { generation: Generation(3) });
        world.submit(Command::DefinePool { definition: Box::new(definition) });
        for n in 1..=people {
            world.submit(Command::AddUser { user: user(n), kind: UserKind::Concurrent });
            world.submit(Command::AddMachine { machine: machine(n) });
        }
        // The pool was shown as it was made; the next change may be shown again.
        world.now = world.now + POOLS_EVERY;
        world
    }

    fn turn(&self) -> Turn {
        let wall = WallTime { unix_ms: i64::try_from(self.now.0).unwrap() };
        Turn { now: self.now, wall, heard_until: self.now }
    }

    fn step(&mut self, mut inputs: Vec<Input<()>>) {
        while !inputs.is_empty() {
            let turn = self.turn();
            let mut random = || {
                self.random += 1;
                self.random << 64
            };
            let outputs = self.engine.step(std::mem::take(&mut inputs), turn, &mut random);
            for output in outputs {
                if let Output::Append { .. } = output {
                    inputs.push(Input::Appended(Append::Done));
                } else if let Output::Committed(facts) = output {
                    self.feed.committed(&facts, self.engine.view(turn));
                } else if let Output::Wanted(pick) = output {
                    self.feed.wanted(&pick, self.engine.view(turn));
                }
            }
        }
    }

    fn submit(&mut self, command: Command) {
        self.step(vec![Input::Job(Job { to: Some(()), work: Work::Command(command) })]);
    }

    fn follow(&mut self, n: u128) -> Subscription {
        self.step(vec![Input::Connected(machine(n))]);
        self.feed.follow(machine(n), self.engine.view(self.turn()))
    }

    fn tick(&mut self, after: Duration) {
        self.now = self.now + after;
        self.feed.tick(self.engine.view(self.turn()));
    }
}

/// The items of the frames that wait, after checking that no number is missing.
fn read(link: &mut Subscription, last: &mut u64) -> Vec<Projected> {
    let mut all = Vec::new();
    while let Some(frame) = link.try_next() {
        if let FromPool::Changed { push, previous, items, .. } = frame {
            assert_eq!(previous, *last, "a gap");
            *last = push;
            all.extend(items);
        } else if let FromPool::Snapshot { push, items, .. } = frame {
            *last = push;
            all.extend(items);
        } else {
            panic!("{frame:?}");
        }
    }
    all
}

fn pool_of(items: &[Projected]) -> Option<&PoolView> {
    items
        .iter()
        .rev()
        .find_map(|item| if let Projected::Pool { pool } = item { Some(&**pool) } else { None })
}

fn seats_of(items: &[Projected]) -> Vec<&MachineSeat> {
    let seats = items
        .iter()
        .filter_map(|item| if let Projected::Seat { seat } = item { Some(seat) } else { None });
    seats.collect()
}

#[test]
fn a_machine_is_told_of_its_own_at_once_and_of_others_as_names_only() {
    let mut world = World::new(definition(2), 4);
    let mut link = world.follow(1);
    let mut last = 0;
    assert!(pool_of(&read(&mut link, &mut last)).is_some());
    world.submit(sign_on(2, 2, false));
    let told = read(&mut link, &mut last);
    assert!(seats_of(&told).is_empty(), "another machine's seat: {told:?}");
    let shown = pool_of(&told).expect("the first change is shown at once");
    assert_eq!(shown.holders[0].user.as_deref(), Some("person 2"));
    assert_eq!(shown.holders[0].seat, None);

    // Its own seat comes at once, the pool's picture not before a second has passed.
    world.submit(sign_on(1, 1, false));
    let told = read(&mut link, &mut last);
    assert_eq!(seats_of(&told).len(), 1);
    assert!(pool_of(&told).is_none(), "{told:?}");
    world.tick(POOLS_EVERY);
    let told = read(&mut link, &mut last);
    let shown = pool_of(&told).unwrap();
    assert_eq!((shown.in_use, shown.holders.len()), (2, 2));
    let own: Vec<_> = shown.holders.iter().filter_map(|row| row.seat).collect();
    assert_eq!(own, [SeatId::from_random(1)]);
}

#[test]
fn ends_are_told_with_who_and_why() {
    let mut world = World::new(definition(1), 3);
    world.submit(sign_on(1, 1, false));
    let mut link = world.follow(1);
    let mut last = 0;
    read(&mut link, &mut last);
    let seat = SeatId::from_random(1);
    let why = Some("The auditors need it.".to_owned());
    world.submit(Command::Reclaim { by: Caller::Admin, seat, why: why.clone() });
    let told = read(&mut link, &mut last);
    let leaving = seats_of(&told)[0].leaving.clone().expect("it is leaving");
    assert_eq!(leaving.reason, ReleaseReason::Reclaimed);
    assert_eq!((leaving.by.as_deref(), leaving.note), (Some("an administrator"), why));
    let seat = seats_of(&told)[0].seat;
    world.submit(Command::ConfirmLeaving { machine: machine(1), seat });
    let told = read(&mut link, &mut last);
    let gone =
        told.iter().any(|item| matches!(item, Projected::SeatEnded { seat: s, .. } if *s == seat));
    assert!(gone, "{told:?}");
}

#[test]
fn ranks_and_offers_of_the_whole_line_follow_what_happens_in_it() {
    let mut world = World::new(definition(1), 4);
    world.submit(sign_on(1, 1, false));
    let mut third = world.follow(3);
    let mut last = 0;
    world.submit(sign_on(2, 2, true));
    world.submit(sign_on(3, 3, true));
    let rank = |items: &[Projected]| {
        items.iter().rev().find_map(|item| {
            let Projected::Place { place } = item else { return None };
            Some((place.rank, place.offer.is_some()))
        })
    };
    assert_eq!(rank(&read(&mut third, &mut last)), Some((2, false)));
    let by = Caller::Machine(machine(2));
    world.submit(Command::LeaveLine { by, place: PlaceId::from_random(2) });
    assert_eq!(rank(&read(&mut third, &mut last)), Some((1, false)));
    let seat = world.engine.view(world.turn()).state.seats().next().unwrap().seat_ref();
    let reason = ReleaseReason::TrayClosed;
    world.submit(Command::SignOff { by: Caller::Machine(machine(1)), seat, reason });
    assert_eq!(rank(&read(&mut third, &mut last)), Some((1, true)));
    let by = Caller::Machine(machine(3));
    world.submit(Command::LeaveLine { by, place: PlaceId::from_random(3) });
    let told = read(&mut third, &mut last);
    let end = told.iter().find_map(|item| {
        let Projected::PlaceEnded { end, .. } = item else { return None };
        Some(*end)
    });
    assert_eq!(end, Some(PlaceEnd::Left));
}

#[test]
fn who_reads_too_slowly_gets_a_snapshot_and_no_gap() {
    let mut world = World::new(definition(1000), 400);
    let mut link = world.follow(1);
    let mut last = 0;
    read(&mut link, &mut last);
    for n in 1..=200 {
        world.submit(sign_on(n, 1, false));
    }
    let told = read(&mut link, &mut last);
    assert!(seats_of(&told).len() < 200, "pushes were missed");
    world.tick(POOLS_EVERY);
    let told = read(&mut link, &mut last);
    assert_eq!(seats_of(&told).len(), 200, "the snapshot has them all");
    world.submit(sign_on(300, 1, false));
    assert_eq!(seats_of(&read(&mut link, &mut last)).len(), 1);
}

#[test]
fn a_large_snapshot_comes_in_pages_that_fit_a_frame() {
    let people = 3000;
    let mut world = World::new(definition(5000), people);
    for n in 1..=people {
        world.submit(sign_on(n, 1, false));
    }
    let mut link = world.follow(1);
    let mut seen = 0;
    let mut count = 0;
    while let Some(frame) = link.try_next() {
        assert!(serde_json::to_vec(&frame).unwrap().len() <= LINK_FRAME_BYTES_MAX);
        let FromPool::Snapshot { page, pages, items, push, .. } = frame else { panic!() };
        count += 1;
        assert_eq!((page, push), (count, 1));
        assert!(pages > 1);
        seen += seats_of(&items).len();
    }
    assert_eq!(u128::try_from(seen).unwrap(), people);
}

#[test]
fn where_only_numbers_are_shown_a_machine_sees_its_own_and_how_many_more() {
    let hidden = PoolDefinition { privacy: Privacy::Counts, ..definition(3) };
    let mut world = World::new(hidden, 4);
    world.submit(sign_on(1, 1, false));
    world.submit(sign_on(2, 2, false));
    world.submit(sign_on(3, 3, false));
    world.submit(sign_on(4, 4, true));
    let mut link = world.follow(1);
    let told = read(&mut link, &mut 0);
    let shown = pool_of(&told).unwrap();
    assert_eq!((shown.in_use, shown.waiting, shown.more_holders), (3, 1, 2));
    assert_eq!(shown.holders.len(), 1);
    assert_eq!(shown.holders[0].seat, Some(SeatId::from_random(1)));
    assert!(shown.holders[0].user.is_none() && shown.line.is_empty());
    let text = serde_json::to_string(shown).unwrap();
    assert!(!text.contains("person"), "{text}");
}

#[test]
fn a_holder_whose_seat_is_wanted_is_told_by_whom_where_names_are_shown() {
    for (privacy, name) in [
        (Privacy::Names, Some("person 2")),
        (Privacy::Initials, Some("P. 2.")),
        (Privacy::Counts, None),
    ] {
        let mut world = World::new(PoolDefinition { privacy, ..definition(1) }, 2);
        world.submit(sign_on(1, 1, false));
        let mut link = world.follow(1);
        while link.try_next().is_some() {}
        let seat = world.engine.view(world.turn()).state.seats().next().unwrap().seat_ref();
        let idle = vec![(seat.id, Idle::For(Duration::from_secs(26 * 60)))];
        let renewal = Renewal { seats: vec![seat], idle, ..Renewal::default() };
        let work = Work::Renew { machine: machine(1), renewal };
        world.step(vec![Input::Job(Job { to: Some(()), work })]);
        world.submit(sign_on(2, 2, true));
        world.now = world.now + Duration::from_secs(1);
        // A step with nothing is how the engine notices what time has made of it.
        world.step(vec![Input::Connected(machine(2))]);
        let mut told = Vec::new();
        while let Some(frame) = link.try_next() {
            if let FromPool::WarnIdle { seat: warned, waiter } = frame {
                told.push((warned, waiter));
            }
        }
        assert_eq!(told, [(seat, name.map(ToOwned::to_owned))]);
    }
}

#[test]
fn a_newer_link_of_a_machine_ends_the_older() {
    let mut world = World::new(definition(1), 1);
    let mut older = world.follow(1);
    let newer = world.follow(1);
    read(&mut older, &mut 0);
    assert!(older.pushes.is_closed());
    assert!(!world.feed.unfollow(machine(1), older.link), "the machine is still there");
    assert!(world.feed.take_closed().is_empty());
    drop(newer);
    assert_eq!(world.feed.take_closed(), [machine(1)]);
}

#[test]
fn people_learn_how_long_waiting_usually_takes() {
    let mut world = World::new(definition(1), 7);
    let mut link = world.follow(1);
    let mut last = 0;
    world.submit(sign_on(1, 1, false));
    for n in 2..=7 {
        world.step(vec![Input::Connected(machine(n))]);
        world.submit(sign_on(n, n, true));
        world.now = world.now + Duration::from_secs(1);
        let view = world.engine.view(world.turn());
        let held = view.state.seats().next().unwrap();
        let (seat, by) = (held.seat_ref(), held.asked.request.caller);
        world.submit(Command::SignOff { by, seat, reason: ReleaseReason::TrayClosed });
        let view = world.engine.view(world.turn());
        let offer = view.state.places().next().unwrap().offer_id().unwrap();
        let by = Caller::Machine(machine(n));
        world.submit(Command::AcceptOffer {
            by,
            offer,
            request: None,
            fresh_seat: SeatId::from_random(90 + n),
        });
    }
    world.tick(POOLS_EVERY);
    let told = read(&mut link, &mut last);
    assert_eq!(pool_of(&told).unwrap().usually_waits_s, Some([1, 1]));
}

#[test]
fn a_removed_pool_is_gone_for_everybody() {
    let mut world = World::new(definition(1), 1);
    let mut link = world.follow(1);
    let mut last = 0;
    read(&mut link, &mut last);
    world.submit(Command::RemovePool { pool: PoolId::new("infor-crm").unwrap() });
    world.tick(POOLS_EVERY);
    let told = read(&mut link, &mut last);
    assert!(matches!(told[..], [Projected::PoolRemoved { .. }]), "{told:?}");
}
