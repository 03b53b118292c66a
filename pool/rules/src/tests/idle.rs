//! Whose seat is wanted, and what the journal keeps of idleness.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use hotseat_protocol::ids::{Epoch, Generation, SeatId, SeatRef, Seq, UserId, WallTime};

use super::world::{BILL, LUCY, NINA, OLAF, World, desk, machine_of, pool, secs, waiting};
use crate::presets::infor_crm;
use crate::state::OVERDRAFTS_KNOWN_MAX;
use crate::{
    Caller, Command, Event, Idle, NewGeneration, OVERDRAFTS_IN_WINDOW_MAX, Pick, Privacy, Refusal,
    Renewal, RenewalAnswer, WarningAnswer, idle_picks, next_deadline, renew,
};

pub(super) fn reports(world: &mut World, user: UserId, seat: SeatRef, idle: Idle) -> RenewalAnswer {
    let renewal = Renewal { seats: vec![seat], waiting: Vec::new(), idle: vec![(seat.id, idle)] };
    renew(&world.state, &mut world.presence, machine_of(user), &renewal, world.now)
}

pub(super) fn minutes(n: u64) -> Idle {
    Idle::For(secs(n * 60))
}

fn picked(world: &World) -> Vec<SeatRef> {
    let picks = idle_picks(&world.state, &world.presence, world.now);
    picks.into_iter().map(|pick| pick.seat).collect()
}

/// Lucy and Bill hold both seats, idle for so many minutes; Olaf waits.
fn wanted(lucy: u64, bill: u64) -> (World, SeatRef, SeatRef) {
    let mut world = World::office(2);
    let lucy_seat = world.seat(desk(LUCY, 1));
    let bill_seat = world.seat(desk(BILL, 2));
    world.does(waiting(desk(OLAF, 3)));
    reports(&mut world, LUCY, lucy_seat, minutes(lucy));
    reports(&mut world, BILL, bill_seat, minutes(bill));
    (world, lucy_seat, bill_seat)
}

#[test]
fn for_each_waiter_the_longest_idle_holder_is_told() {
    let (mut world, lucy, bill) = wanted(30, 26);
    reports(&mut world, LUCY, lucy, minutes(30));
    let pick = Pick {
        pool: super::world::pool(),
        seat: lucy,
        machine: machine_of(LUCY),
        idle: secs(30 * 60),
        place: desk(OLAF, 3).fresh_place,
        waiter: OLAF,
    };
    assert_eq!(idle_picks(&world.state, &world.presence, world.now), [pick]);
    reports(&mut world, BILL, bill, minutes(31));
    assert_eq!(picked(&world), [bill]);
}

#[test]
fn the_longest_idleness_that_a_type_holds_overflows_nothing() {
    let (mut world, lucy, _) = wanted(0, 0);
    reports(&mut world, LUCY, lucy, Idle::For(Duration::MAX));
    world.now = world.now.later_by(secs(1));
    assert_eq!(world.presence.idle(lucy.id, world.now), Idle::For(Duration::MAX));
    assert_eq!(picked(&world), [lucy]);
    world.now = world.now.later_by(Duration::MAX);
    assert_eq!(world.now, world.now.later_by(Duration::MAX));
    assert!(next_deadline(&world.state, &world.presence, world.now).is_some());
}

#[test]
fn nobody_is_told_where_nobody_waits() {
    let (mut world, ..) = wanted(30, 26);
    let place = desk(OLAF, 3).fresh_place;
    world.does(Command::LeaveLine { by: Caller::Admin, place });
    assert_eq!(picked(&world), []);
}

#[test]
fn the_limit_is_that_of_the_pool_and_unknown_is_never_picked() {
    let (mut world, lucy, _) = wanted(24, 0);
    assert_eq!(picked(&world), []);
    reports(&mut world, LUCY, lucy, Idle::Unknown);
    world.pass(secs(60));
    assert_eq!(picked(&world), []);
    reports(&mut world, LUCY, lucy, minutes(25));
    assert_eq!(picked(&world), [lucy]);
}

#[test]
fn idleness_goes_on_between_reports_and_the_crossing_wakes_the_engine() {
    let (mut world, lucy, _) = wanted(24, 0);
    let deadline = next_deadline(&world.state, &world.presence, world.now);
    assert_eq!(deadline, Some(world.now + secs(60)));
    world.pass(secs(60));
    assert_eq!(picked(&world), [lucy]);
}

#[test]
fn when_one_keeps_their_seat_the_next_is_asked() {
    let (mut world, lucy, bill) = wanted(30, 26);
    let machine = machine_of(LUCY);
    assert_eq!(
        world.does(Command::NoteWarning { machine, seat: lucy }),
        [Event::SeatWarned { seat: lucy.id }]
    );
    assert_eq!(world.does(Command::NoteWarning { machine, seat: lucy }), []);
    let answer = WarningAnswer::Kept;
    let by = Caller::Machine(machine);
    let answered = Event::WarningAnswered { seat: lucy.id, answer };
    assert_eq!(world.does(Command::AnswerWarning { by, seat: lucy, answer }), [answered]);
    assert_eq!(world.does(Command::AnswerWarning { by, seat: lucy, answer }), []);
    // Her last input is as long ago as before; her answer counts as one.
    reports(&mut world, LUCY, lucy, minutes(31));
    assert_eq!(picked(&world), [bill]);
}

#[test]
fn nobody_is_asked_for_a_seat_while_the_pool_grants_none() {
    let (mut world, lucy, _) = wanted(30, 26);
    assert_eq!(picked(&world), [lucy]);
    let wait = secs(300).into();
    let why = NewGeneration::Restored;
    let lost = Vec::new();
    world.does(Command::BeginGeneration { generation: Generation(10), why, wait, lost });
    world.restarts();
    for user in [LUCY, BILL, OLAF] {
        world.presence.connect(machine_of(user));
    }
    reports(&mut world, LUCY, lucy, minutes(30));
    assert_eq!(picked(&world), []);
}

#[test]
fn a_seat_that_comes_free_anyway_disturbs_nobody() {
    let (mut world, _, bill) = wanted(30, 26);
    world.does(Command::Reclaim { by: Caller::Admin, seat: bill.id, why: None });
    assert_eq!(picked(&world), []);
}

#[test]
fn a_machine_that_cannot_be_told_is_not_picked() {
    let (mut world, _, bill) = wanted(30, 26);
    world.presence.disconnect(machine_of(LUCY));
    assert_eq!(picked(&world), [bill]);
}

#[test]
fn without_only_when_wanted_the_pool_picks_nobody() {
    let (mut world, ..) = wanted(30, 26);
    let mut definition = infor_crm(2);
    definition.idle.only_when_wanted = false;
    world.does(Command::DefinePool { definition: Box::new(definition) });
    assert_eq!(picked(&world), []);
}

#[test]
fn only_the_machine_of_a_seat_reports_about_it() {
    let (mut world, lucy, _) = wanted(30, 26);
    let machine = machine_of(BILL);
    let refusal = world.tries(&Command::NoteWarning { machine, seat: lucy });
    assert_eq!(refusal, Err(Refusal::NotYours));
    let by = Caller::User(BILL);
    let answer = WarningAnswer::Kept;
    let refusal = world.tries(&Command::AnswerWarning { by, seat: lucy, answer });
    assert_eq!(refusal, Err(Refusal::NotYours));
}

fn spell(seat: SeatRef, from: i64, to: i64) -> Command {
    let minute = |n: i64| WallTime { unix_ms: n * 60_000 };
    Command::NoteIdleSpell { machine: machine_of(LUCY), seat, from: minute(from), to: minute(to) }
}

#[test]
fn idle_spells_over_five_minutes_are_written_down_once() {
    let (mut world, lucy, _) = wanted(0, 0);
    assert_eq!(world.does(spell(lucy, 0, 5)), []);
    assert_eq!(world.does(spell(lucy, 0, 6)).len(), 1);
    assert_eq!(world.does(spell(lucy, 0, 6)), []);
    assert_eq!(world.does(spell(lucy, 6, 20)).len(), 1);
}

#[test]
fn a_pool_that_shows_numbers_only_writes_no_idle_spells() {
    let (mut world, lucy, _) = wanted(0, 0);
    let mut definition = infor_crm(2);
    definition.privacy = Privacy::Counts;
    world.does(Command::DefinePool { definition: Box::new(definition) });
    assert_eq!(world.does(spell(lucy, 0, 30)), []);
}

#[test]
fn an_overdraft_that_is_reported_again_is_written_down_once() {
    let (mut world, lucy, _) = wanted(0, 0);
    let report = |seat: SeatRef, minute: i64| Command::NoteOverdraft {
        machine: machine_of(LUCY),
        seat: seat.id,
        pool: pool(),
        user: LUCY,
        from: WallTime { unix_ms: minute * 60_000 },
        to: WallTime { unix_ms: (minute + 7) * 60_000 },
        at_least: false,
    };
    assert_eq!(world.does(report(lucy, 1)).len(), 1);
    assert_eq!(world.does(report(lucy, 1)), [], "its answer was lost");
    assert_eq!(world.does(report(lucy, 90)).len(), 1, "another outage");
    world.restarts();
    assert_eq!(world.does(report(lucy, 1)), [], "and the pool was restarted");
}

/// The holder says "keep" over REST.
fn kept_over_rest(world: &mut World, user: UserId, seat: SeatRef) -> Vec<Event> {
    let answer = WarningAnswer::Kept;
    world.does(Command::AnswerWarning { by: Caller::User(user), seat, answer })
}

#[test]
fn keeping_over_rest_is_activity_even_where_the_journal_knows_no_warning() {
    let (mut world, lucy, _) = wanted(30, 0);
    assert_eq!(picked(&world), [lucy]);
    assert_eq!(kept_over_rest(&mut world, LUCY, lucy), []);
    assert_eq!(picked(&world), []);
    // The machine does not know yet; what it still says is older.
    reports(&mut world, LUCY, lucy, minutes(30));
    assert_eq!(picked(&world), []);
    world.pass(secs(10));
    assert_eq!(world.presence.kept_elsewhere(lucy.id, world.now), Some(secs(10)));
    let strange = SeatRef { epoch: Epoch { seq: Seq(1), ..lucy.epoch }, ..lucy };
    world.pass(secs(10));
    kept_over_rest(&mut world, LUCY, strange);
    assert_eq!(world.presence.kept_elsewhere(lucy.id, world.now), Some(secs(20)));
}

#[test]
fn whoever_was_only_just_active_is_idle_from_the_last_input_not_from_the_answer() {
    let (mut world, lucy, _) = wanted(25, 0);
    assert_eq!(picked(&world), [lucy]);
    // There was input since the report: ten seconds ago.
    let by = Caller::Machine(machine_of(LUCY));
    world.does(Command::AnswerWarning { by, seat: lucy, answer: WarningAnswer::Active });
    reports(&mut world, LUCY, lucy, Idle::For(secs(10)));
    world.renews(BILL, &[], &[]);
    let deadline = next_deadline(&world.state, &world.presence, world.now);
    assert!(deadline.is_some());
    assert_eq!(world.presence.idle(lucy.id, world.now), Idle::For(secs(10)));
}

#[test]
fn a_seat_that_does_not_count_is_nobodys_to_give_up() {
    let (mut world, lucy, _) = wanted(30, 26);
    let nina = world.seat(desk(NINA, 4));
    reports(&mut world, NINA, nina, minutes(50));
    assert_eq!(picked(&world), [lucy]);
}

#[test]
fn the_engine_is_woken_for_no_idleness_that_asks_nothing_of_it() {
    // Nobody waits: the next end is that of a lease.
    let mut world = World::office(1);
    let lucy = world.seat(desk(LUCY, 1));
    reports(&mut world, LUCY, lucy, Idle::For(secs(25 * 60 - 30)));
    let next = |world: &World| next_deadline(&world.state, &world.presence, world.now);
    assert_eq!(next(&world), Some(world.now + secs(90)));
    // She has been told, or is about to be: past the limit or at it, nothing more is to come.
    world.does(waiting(desk(OLAF, 3)));
    for idle in [25 * 60, 40 * 60] {
        reports(&mut world, LUCY, lucy, Idle::For(secs(idle)));
        assert_eq!(next(&world), Some(world.now + secs(90)), "idle for {idle} s");
    }
}

#[test]
fn a_seat_that_is_taken_back_or_was_signed_on_to_again_is_warned_no_more() {
    let (mut world, lucy, bill) = wanted(30, 0);
    let note = |seat| Command::NoteWarning { machine: machine_of(LUCY), seat };
    let older = SeatRef { epoch: Epoch { seq: Seq(1), ..lucy.epoch }, ..lucy };
    assert_eq!(world.does(note(older)), []);
    assert_eq!(world.tries(&note(bill)), Err(crate::Refusal::NotYours));
    world.does(Command::Reclaim { by: Caller::Admin, seat: lucy.id, why: None });
    assert_eq!(world.does(note(lucy)), []);
}

/// Lucy's machine tells of an overdraft.
fn overdraft(seat: SeatId, user: UserId, minute: i64) -> Command {
    Command::NoteOverdraft {
        machine: machine_of(LUCY),
        seat,
        pool: pool(),
        user,
        from: WallTime { unix_ms: minute * 60_000 },
        to: WallTime { unix_ms: (minute + 1) * 60_000 },
        at_least: false,
    }
}

#[test]
fn a_machine_tells_of_its_own_people_only() {
    let (mut world, lucy, bill) = wanted(0, 0);
    let unknown = SeatId::from_random(4711);
    for (seat, user) in [(bill.id, BILL), (unknown, BILL), (lucy.id, BILL), (bill.id, LUCY)] {
        let told = world.tries(&overdraft(seat, user, 1));
        assert_eq!(told, Err(Refusal::NeverHere(user)), "{seat} of {user}");
    }
    world.signs_off(LUCY, lucy);
    world.restarts();
    assert_eq!(world.does(overdraft(lucy.id, LUCY, 1)).len(), 1, "her seat has ended since");
    assert_eq!(world.does(overdraft(unknown, LUCY, 1)).len(), 1, "or is forgotten");
}

#[test]
fn a_machine_tells_of_so_many_overdrafts_an_hour() {
    let (mut world, lucy, _) = wanted(0, 0);
    let max = i64::from(OVERDRAFTS_IN_WINDOW_MAX);
    for minute in 0..max {
        assert_eq!(world.does(overdraft(lucy.id, LUCY, minute)).len(), 1);
    }
    let more = world.tries(&overdraft(lucy.id, LUCY, max));
    assert_eq!(more, Err(Refusal::TooManyOverdrafts(OVERDRAFTS_IN_WINDOW_MAX)));
    assert_eq!(world.does(overdraft(lucy.id, LUCY, 0)), [], "a repeat is no news");
    world.pass(secs(3_600));
    assert_eq!(world.does(overdraft(lucy.id, LUCY, max)).len(), 1);
}

#[test]
fn a_machine_is_remembered_with_so_many_overdrafts_and_the_oldest_goes_first() {
    let world = World::office(1);
    let mut machine = world.state.machine(machine_of(LUCY)).unwrap().clone();
    let seat = desk(LUCY, 1).fresh_seat;
    let at = |n: usize| WallTime { unix_ms: i64::try_from(n).unwrap() };
    for n in 0..OVERDRAFTS_KNOWN_MAX {
        machine.told_overdraft(at(n), seat);
    }
    assert!(machine.overdrafts.contains(&(at(0), seat)), "there is room for so many");
    machine.told_overdraft(at(OVERDRAFTS_KNOWN_MAX), seat);
    assert!(!machine.overdrafts.contains(&(at(0), seat)));
    assert_eq!(machine.overdrafts.len(), OVERDRAFTS_KNOWN_MAX);
}
