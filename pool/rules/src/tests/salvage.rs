//! Given a history of which a record is left out, when the pool goes on, then every promise holds
//! for whoever still believes in what the whole history gave them.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use hotseat_protocol::ids::{Generation, PoolId, SeatRef, Seq, UserId};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};

use super::steps::steps;
use super::walk::Walk;
use super::world::{
    BILL, LUCY, NINA, OLAF, World, desk, machine_of, pool, secs, waiting, wall, web,
};
use crate::presets::infor_crm;
use crate::{
    At, Command, Doubts, Event, Keeper, Lost, Mono, NewGeneration, Presence, Recovering, Refusal,
    RefusalCode, Salvage, State, UserKind, apply, check_invariants, decide, fits,
};

const USERS: [UserId; 4] = [LUCY, BILL, OLAF, NINA];

/// A history that goes on without some of its records.
struct Mended {
    state: State,
    doubts: Doubts,
    /// What stands in the journal now.
    log: Vec<Event>,
    set_aside: Vec<usize>,
}

/// Leaves out the n-th record, of which this much is known, and whatever does not fit then.
fn without(log: &[Event], n: usize, lost: &Lost) -> Mended {
    let mut generation = Generation(0);
    let generations: Vec<Generation> = log
        .iter()
        .map(|event| {
            generation = event.begins().unwrap_or(generation);
            generation
        })
        .collect();
    let mut salvage = Salvage::default();
    let mut mended = Vec::new();
    let mut set_aside = Vec::new();
    for (i, event) in log.iter().enumerate() {
        let seq = salvage.state().seq().next();
        let at = At { seq, time: wall(seq) };
        let fits = i != n && salvage.next(event, at, generations[i]).is_ok();
        if fits {
            mended.push(event.clone());
        } else {
            let known = Lost::event(event);
            let lost = if i == n { lost } else { &known };
            mended.push(salvage.leave_out(at, generations.get(i + 1).copied(), lost));
            set_aside.push(i);
        }
        check_invariants(salvage.state())
            .unwrap_or_else(|broken| panic!("after {event:?} without {:?}: {broken}", log[n]));
    }
    let (state, doubts) = salvage.end();
    Mended { state, doubts, log: mended, set_aside }
}

/// Goes on in a new generation, as `recover` does.
fn goes_on(mended: Mended, now: Mono, wait: Duration) -> World {
    let Mended { state, doubts, log, set_aside } = mended;
    let generation = Generation(state.generation().0 + 77);
    let (record, others) = (Seq(1), u64::try_from(set_aside.len() - 1).unwrap());
    let why = NewGeneration::Quarantined;
    let presence = Presence::new(&state, now);
    let mut log = log;
    let mut state = state;
    for command in [
        Command::Quarantine { record, others, doubts: doubts.into() },
        Command::BeginGeneration { generation, why, wait: wait.into(), lost: Vec::new() },
    ] {
        for event in decide(&state, &presence, &command, now).unwrap() {
            let seq = state.seq().next();
            fits(&state, &event).unwrap_or_else(|misfit| panic!("{event:?}: {misfit}"));
            apply(&mut state, &event, At { seq, time: wall(seq) });
            log.push(event);
        }
        check_invariants(&state).unwrap();
    }
    let mut world = World::begins_with(state, now);
    world.log = log;
    world
}

/// Nobody has more rights than the whole history gave them.
fn nobody_has_gained(truth: &State, mended: &State) {
    for (id, user) in &mended.contents().users {
        let known = truth.user(*id);
        let allowed = known.is_some_and(|known| known.enabled && known.kind == user.kind);
        let uncounted = user.kind == UserKind::Named;
        let harmless = known.is_some_and(|known| known.enabled) && !uncounted;
        assert!(!user.enabled || allowed || harmless, "{id} has gained: {user:?} of {known:?}");
    }
    for (id, machine) in &mended.contents().machines {
        let revoked = truth.machine(*id).is_none_or(|known| known.revoked);
        assert!(machine.revoked || !revoked, "machine {id} works again");
    }
    for pool in mended.pools() {
        let known = truth.pool(&pool.definition.id);
        let same = known.is_some_and(|known| known.definition == pool.definition);
        assert!(same || pool.unconfirmed, "a definition that was changed is used");
    }
}

fn each_has_one_release(log: &[Event]) {
    let mut released = BTreeSet::new();
    for event in log {
        if let Event::SeatReleased { seat, .. } = event {
            assert!(released.insert(*seat), "{seat} was released twice");
        }
    }
}

/// What somebody believes in: by which pool, whether it counts, and until when.
type Beliefs = BTreeMap<SeatRef, (PoolId, bool, Keeper, Mono)>;

fn beliefs(truth: &World) -> Beliefs {
    let staying = truth.state.seats().filter(|seat| seat.leaving.is_none());
    let believed = staying.map(|seat| {
        let end = truth.now + truth.presence.lease_left(seat, truth.now);
        (seat.seat_ref(), (seat.asked.pool.clone(), seat.counted, seat.keeper, end))
    });
    believed.collect()
}

fn believers(beliefs: &Beliefs, now: Mono) -> usize {
    beliefs.values().filter(|(_, counted, _, end)| *counted && now < *end).count()
}

/// Those who came back renew what they believe in; what is not renewed is believed in no more.
fn renew(world: &mut World, beliefs: &mut Beliefs, back: impl Fn(usize) -> bool) {
    for (_, user) in USERS.iter().enumerate().filter(|(n, _)| back(*n)) {
        let keeper = Keeper::Machine(machine_of(*user));
        let claimed =
            beliefs.iter().filter(|(_, (_, _, by, end))| *by == keeper && world.now < *end);
        let claimed: Vec<SeatRef> = claimed.map(|(seat, _)| *seat).collect();
        let answer = world.renews(*user, &claimed, &[]);
        let left: BTreeMap<_, _> =
            answer.renewed.iter().map(|renewed| (renewed.seat, renewed.left)).collect();
        for seat in claimed {
            match left.get(&seat) {
                Some(left) => beliefs.get_mut(&seat).unwrap().3 = world.now + *left,
                None => drop(beliefs.remove(&seat)),
            }
        }
    }
}

/// Everybody asks for seats all the time; some of the old machines never come back.
fn everybody_asks(world: &mut World, mut beliefs: Beliefs, back: u8, wait: Duration) {
    for user in USERS {
        world.presence.connect(machine_of(user));
    }
    let mut seen = world.log.len();
    let rounds = wait.as_secs() / 30 + 5;
    for round in 0..rounds {
        renew(world, &mut beliefs, |n| back & (1 << n) != 0);
        for (n, user) in USERS.into_iter().enumerate() {
            let id = 10_000 + u128::from(round) * 8 + u128::try_from(n).unwrap();
            for mut sign_on in [desk(user, id), web(user, id + 4)] {
                sign_on.anchor = web(user, id).anchor;
                let _ = world.hears(sign_on);
            }
        }
        world.pass(secs(30));
        for event in &world.log[seen..] {
            if let Event::SeatReleased { seat, .. } = event {
                // Of one kept by calls there is nobody to ask; a machine believes until its end.
                beliefs.retain(|held, belief| held.id != *seat || belief.2 != Keeper::Calls);
            }
            let Event::SeatGranted { seat, asked, counted, keeper, .. } = event else { continue };
            let Some(seat) = world.state.seat(*seat) else { continue };
            let end = world.now + secs(1);
            beliefs.insert(seat.seat_ref(), (asked.pool.clone(), *counted, *keeper, end));
            let seats = world.state.pool(&asked.pool).unwrap().definition.seats;
            let now = believers(&beliefs, world.now);
            assert!(!counted || now <= seats as usize, "{now} believe in {seats} seats");
        }
        seen = world.log.len();
        // They believe for as long as the pool counts them.
        for (seat, belief) in &mut beliefs {
            let held = world.state.seat(seat.id).filter(|held| held.seat_ref() == *seat);
            let held = held.filter(|held| held.epoch.generation == world.state.generation());
            if let Some(held) = held {
                belief.3 = world.now + world.presence.lease_left(held, world.now);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, max_shrink_iters: 60, failure_persistence: None, ..Default::default() })]

    /// Whichever record is left out, and however little is known of it.
    #[test]
    fn a_history_without_any_one_record_makes_a_possible_state(steps in steps()) {
        let mut walk = Walk::new();
        for step in &steps {
            walk.step(step);
        }
        let world = walk.world;
        for n in 0..world.log.len() {
            for lost in [Lost::event(&world.log[n]), Lost::anything()] {
                let mended = without(&world.log, n, &lost);
                let went_on = goes_on(mended, world.now, secs(1200));
                nobody_has_gained(&world.state, &went_on.state);
                each_has_one_release(&went_on.log);
            }
        }
    }

    /// Whoever comes back, or does not, with what the whole history gave them.
    #[test]
    fn nobody_is_given_what_somebody_else_believes_in(
        steps in steps(),
        n in any::<prop::sample::Index>(),
        unknown in any::<bool>(),
        back in any::<u8>(),
    ) {
        let mut walk = Walk::new();
        for step in &steps {
            walk.step(step);
        }
        let truth = walk.world;
        let n = n.index(truth.log.len());
        let lost = if unknown { Lost::anything() } else { Lost::event(&truth.log[n]) };
        // What the web client of the preset is told.
        let wait = secs(1200);
        let mut world = goes_on(without(&truth.log, n, &lost), truth.now, wait);
        everybody_asks(&mut world, beliefs(&truth), back, wait);
        each_has_one_release(&world.log);
        nobody_has_gained(&truth.state, &world.state);
    }
}

fn kind(event: &Event) -> String {
    let text = format!("{event:?}");
    text.split([' ', '{']).next().unwrap_or_default().into()
}

#[test]
fn records_of_every_kind_that_decides_anything_are_left_out() {
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRunner::deterministic().rng().clone());
    let mut kinds = BTreeSet::new();
    for _ in 0..400 {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let mut walk = Walk::new();
        for step in &steps {
            walk.step(step);
        }
        kinds.extend(walk.world.log.iter().map(kind));
    }
    for decides in [
        "Initialised",
        "PoolDefined",
        "PoolRemoved",
        "UserAdded",
        "UserChanged",
        "MachineAdded",
        "MachineRevoked",
        "SignOnRefused",
        "SeatGranted",
        "SeatReacquired",
        "SeatLeaving",
        "SeatReleased",
        "PlaceTaken",
        "PlaceMoved",
        "PlaceEnded",
        "Offered",
        "RequestCancelled",
        "FoundBehind",
        "GenerationBegan",
        "RecoveryEnded",
    ] {
        assert!(kinds.contains(decides), "no walk has {decides}: {kinds:?}");
    }
}

#[test]
fn an_offer_of_which_the_end_is_lost_is_withdrawn() {
    let mut truth = World::office(1);
    let held = truth.seat(desk(LUCY, 1));
    truth.became(waiting(desk(BILL, 2)));
    truth.signs_off(LUCY, held);
    truth.settle();
    let events = truth.does(Command::DefinePool { definition: infor_crm(0).into() });
    assert!(matches!(events[0], Event::OfferWithdrawn { .. }), "{events:?}");
    for n in 0..truth.log.len() {
        for lost in [Lost::event(&truth.log[n]), Lost::anything()] {
            let world = goes_on(without(&truth.log, n, &lost), truth.now, secs(1200));
            assert!(world.state.places().all(|place| place.offer.is_none()));
            nobody_has_gained(&truth.state, &world.state);
        }
    }
}

#[test]
fn whoever_may_have_been_disabled_stays_refused_until_confirmed() {
    let mut truth = World::office(2);
    truth.seat(desk(BILL, 1));
    let change = |enabled| Command::SetUser { user: BILL, kind: UserKind::Concurrent, enabled };
    truth.does(change(false));
    let n = truth.log.len() - 1;
    let mended = without(&truth.log, n, &Lost::event(&truth.log[n]));
    assert_eq!(mended.doubts.users, [BILL].into());
    let mut world = goes_on(mended, truth.now, secs(10));
    world.pass(secs(100));
    assert_eq!(world.refused(desk(BILL, 2)).code, RefusalCode::UserDisabled);
    world.seat(desk(LUCY, 3));
    assert!(world.state.user(BILL).unwrap().unconfirmed);
    world.does(change(true));
    assert!(!world.state.user(BILL).unwrap().unconfirmed);
    world.seat(desk(BILL, 4));
}

#[test]
fn whoever_signed_on_later_is_not_in_doubt() {
    let mut truth = World::office(3);
    let n = truth.log.len();
    truth.does(Command::NoteSeen { machine: machine_of(LUCY), seen: truth.state.newest() });
    truth.seat(desk(NINA, 1));
    truth.seat(desk(LUCY, 2));
    let mended = without(&truth.log, n, &Lost::anything());
    // Lucy's record came after the one that nobody can read; Nina's is that one.
    assert_eq!(mended.doubts.users, [BILL, OLAF, NINA].into());
    assert_eq!(mended.doubts.machines, [BILL, OLAF, NINA].map(machine_of).into());
    assert_eq!(mended.doubts.pools, [pool()].into());
}

#[test]
fn a_machine_in_doubt_works_again_once_it_is_confirmed() {
    let mut truth = World::office(2);
    let machine = machine_of(BILL);
    truth.does(Command::RevokeMachine { machine });
    let n = truth.log.len() - 1;
    let mut world = goes_on(without(&truth.log, n, &Lost::anything()), truth.now, secs(10));
    world.pass(secs(20));
    let user = Command::SetUser { user: BILL, kind: UserKind::Concurrent, enabled: true };
    world.does(user);
    assert_eq!(world.refused(desk(BILL, 1)).code, RefusalCode::MachineRevoked);
    world.does(Command::ConfirmMachine { machine });
    assert_eq!(world.refused(desk(BILL, 2)).code, RefusalCode::PoolRecovering);
    world.does(Command::DefinePool { definition: infor_crm(2).into() });
    world.seat(desk(BILL, 3));
    world.does(Command::RevokeMachine { machine });
    let confirm = Command::ConfirmMachine { machine };
    assert_eq!(world.tries(&confirm), Err(Refusal::Revoked(machine)));
}

#[test]
fn a_pool_whose_definition_may_be_another_grants_nothing_until_it_is_defined() {
    let mut truth = World::office(3);
    truth.does(Command::DefinePool { definition: infor_crm(1).into() });
    let n = truth.log.len() - 1;
    let mut world =
        goes_on(without(&truth.log, n, &Lost::event(&truth.log[n])), truth.now, secs(10));
    world.pass(secs(30));
    assert_eq!(world.presence.recovering(&world.state, world.now), None);
    let refused = world.refused(desk(LUCY, 1));
    assert_eq!(refused.code, RefusalCode::PoolRecovering);
    assert_eq!(refused.facts.recovering, Some(Recovering::UntilDefined));
    // The same again, which an administrator says knowingly.
    world.does(Command::DefinePool { definition: infor_crm(3).into() });
    world.seat(desk(LUCY, 2));
}
