//! Given a store that went back in time, when somebody asks, then nothing is granted, offered or
//! passed, and what is held stays held.

use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::ids::{Generation, SeatRef, Seq};

use super::world::{
    APP, BILL, LUCY, NINA, OLAF, World, check, desk, machine_of, secs, waiting, web,
};
use crate::{
    CallRenewal, Caller, Command, Event, MAX_DURATION, NewGeneration, Outcome, Position,
    Recovering, Recovery, Refusal, RefusalCode, Wait, check_invariants, renew_calls,
};

/// Of the office in [`World`].
const NOW: Generation = Generation(9);
const NEXT: Generation = Generation(10);

fn seen(generation: Generation, seq: u64) -> Position {
    Position { generation, seq: Seq(seq) }
}

impl World {
    fn shows(&mut self, seen: Position) -> Vec<Event> {
        self.does(Command::NoteSeen { machine: machine_of(BILL), seen })
    }

    /// Finds itself behind what Bill's machine has seen.
    fn is_rolled_back(&mut self) {
        let ahead = seen(NOW, self.state.seq().0 + 1);
        let events = self.shows(ahead);
        let found = Event::FoundBehind { machine: machine_of(BILL), seen: ahead };
        assert_eq!(events.last(), Some(&found));
    }

    fn begins(&mut self, why: NewGeneration, seconds: u64) -> Vec<Event> {
        let wait = secs(seconds).into();
        let lost = Vec::new();
        self.does(Command::BeginGeneration { generation: NEXT, why, wait, lost })
    }

    fn recovering(&self) -> Option<Recovering> {
        self.presence.recovering(&self.state, self.now)
    }

    fn renewed(&mut self, seat: SeatRef) -> bool {
        !self.renews(LUCY, &[seat], &[]).renewed.is_empty()
    }
}

#[test]
fn a_machine_that_has_seen_what_the_journal_has_is_no_news() {
    let mut world = World::office(2);
    let newest = world.state.seq().0;
    for old in [0, 1, newest] {
        assert_eq!(world.shows(seen(NOW, old)), []);
    }
    assert_eq!(world.recovering(), None);
    world.seat(desk(LUCY, 1));
}

#[test]
fn a_machine_that_is_ahead_ends_all_granting_until_a_new_generation() {
    let mut world = World::office(3);
    let held = world.seat(desk(LUCY, 1));
    world.is_rolled_back();

    assert_eq!(world.refused(desk(BILL, 2)).code, RefusalCode::PoolRecovering);
    assert_eq!(world.refused(waiting(desk(BILL, 3))).code, RefusalCode::PoolRecovering);
    assert_eq!(world.refused(web(OLAF, 4)).code, RefusalCode::PoolRecovering);
    assert_eq!(world.refused(check(OLAF, "mobile", 5)).code, RefusalCode::PoolRecovering);
    assert_eq!(world.refused(check(NINA, "mobile", 6)).code, RefusalCode::PoolRecovering);
    let refused = world.refused(desk(NINA, 7));
    assert_eq!(refused.fixed_message, None, "no seat is what was wanting");
    assert!(matches!(refused.facts.recovering, Some(Recovering::UntilRecovered { .. })));
    // Her own seat may have ended in the history that was lost.
    assert_eq!(world.refused(desk(LUCY, 8)).code, RefusalCode::PoolRecovering);

    // Time alone does not help, nor does a restart.
    for _ in 0..100 {
        world.pass(secs(60));
        assert!(world.renewed(held));
    }
    world.restarts();
    assert!(matches!(world.recovering(), Some(Recovering::UntilRecovered { .. })));
    assert_eq!(world.refused(desk(BILL, 9)).code, RefusalCode::PoolRecovering);

    world.begins(NewGeneration::Recovered, 90);
    assert!(matches!(world.recovering(), Some(Recovering::For(_))));
    for _ in 0..3 {
        world.pass(secs(30));
        assert!(world.renewed(held), "a seat of the generation before is renewed as it is");
    }
    assert_eq!(world.recovering(), None);
    assert_eq!(world.seat(desk(BILL, 10)).epoch.generation, NEXT);
}

#[test]
fn what_is_held_is_renewed_signed_off_and_expires_as_ever() {
    let mut world = World::office(3);
    let (lucy, bill) = (world.seat(desk(LUCY, 1)), world.seat(desk(BILL, 2)));
    let olaf = world.seat(web(OLAF, 3));
    world.is_rolled_back();
    world.pass(secs(60));
    assert!(world.renewed(lucy));
    let now = world.now;
    let calls = renew_calls(&world.state, &mut world.presence, APP, &[olaf], now);
    assert!(matches!(calls[..], [(_, CallRenewal::Left(_))]));
    world.signs_off(LUCY, lucy);
    assert!(world.state.seat(lucy.id).is_none());
    world.pass(secs(60));
    assert!(world.state.seat(bill.id).is_none(), "nobody renewed it");
    assert_eq!(world.facts().in_use, 1);
}

#[test]
fn offers_are_withdrawn_and_the_line_goes_on_afterwards() {
    for behind in [true, false] {
        let mut world = World::office(1);
        let held = world.seat(desk(LUCY, 1));
        world.became(waiting(desk(BILL, 2)));
        world.signs_off(LUCY, held);
        world.settle();
        let offer = world.offer_of(2);
        if behind {
            world.is_rolled_back();
        } else {
            world.begins(NewGeneration::Restored, 60);
        }
        let by = Caller::Machine(machine_of(BILL));
        let accept = Command::AcceptOffer { by, offer, request: None, fresh_seat: held.id };
        assert_eq!(world.tries(&accept), Err(Refusal::OfferOver(offer)));
        if behind {
            world.begins(NewGeneration::Recovered, 60);
        }
        for _ in 0..5 {
            world.pass(secs(10));
            world.renews(BILL, &[], &[2]);
            assert!(matches!(world.outcome(by, 2), Outcome::Waiting { position: 1, .. }));
        }
        world.pass(secs(10));
        assert!(matches!(world.outcome(by, 2), Outcome::Offered { .. }));
        world.accepts(BILL, 2);
    }
}

#[test]
fn a_new_generation_grants_nothing_for_so_long_and_says_how_long() {
    let mut world = World::office(2);
    let events = world.begins(NewGeneration::Restored, 90);
    let began = Event::GenerationBegan {
        generation: NEXT,
        why: NewGeneration::Restored,
        wait: secs(90).into(),
        lost: Vec::new(),
    };
    assert_eq!(events, [began]);
    assert_eq!(world.state.generation(), NEXT);
    world.pass(secs(89));
    let refused = world.refused(desk(LUCY, 1));
    assert_eq!(refused.code, RefusalCode::PoolRecovering);
    assert_eq!(refused.facts.recovering, Some(Recovering::For(secs(1))));
    assert_eq!(world.pass(secs(1)), [Event::RecoveryEnded]);
    world.seat(desk(LUCY, 2));
    // A repeat of what was refused tells how it stands now.
    assert_eq!(world.refused(desk(LUCY, 1)).facts.recovering, None);
}

#[test]
fn a_generation_that_begins_during_a_wait_waits_at_least_as_long() {
    let mut world = World::office(2);
    world.begins(NewGeneration::Quarantined, 3_000);
    for (number, calls) in [(77, true), (78, false)] {
        assert_eq!(world.state.longest_believed(calls), secs(3_000));
        let generation = Generation(number);
        let (why, wait, lost) = (NewGeneration::Recovered, secs(10).into(), Vec::new());
        let events = world.does(Command::BeginGeneration { generation, why, wait, lost });
        let waits = |event: &Event| matches!(event, Event::GenerationBegan { wait, .. } if *wait == secs(3_000).into());
        assert!(events.iter().any(waits), "{events:?}");
    }
    world.pass(secs(2_999));
    assert_eq!(world.refused(desk(LUCY, 1)).code, RefusalCode::PoolRecovering);
    world.pass(secs(1));
    world.seat(desk(LUCY, 2));
    assert!(world.state.longest_believed(true) < secs(3_000), "that is over");
}

#[test]
fn what_is_still_there_lives_as_long_as_anybody_may_have_been_told() {
    let mut world = World::office(2);
    let seat = world.seat(desk(LUCY, 1));
    // The store that was lost stated a longer lease, and Lucy's machine has heard of it.
    world.begins(NewGeneration::Restored, 300);
    world.restarts();
    world.pass(secs(100));
    let claimed = world.renews(LUCY, &[seat], &[]).renewed;
    let left: Vec<_> = claimed.iter().map(|seat| (seat.lease, seat.left)).collect();
    assert_eq!(left, [(secs(90), secs(90))], "nobody is told more than a lease");
    world.pass(secs(199));
    assert!(world.state.seat(seat.id).is_some(), "its broker may believe in it for so long");
    world.pass(secs(2));
    assert!(world.state.seat(seat.id).is_none());
}

#[test]
fn a_sign_off_that_failed_late_in_the_wait_keeps_a_seat_no_longer_than_the_wait() {
    let mut world = World::office(2);
    let seat = world.seat(desk(LUCY, 1));
    world.begins(NewGeneration::Restored, 300);
    world.restarts();
    world.pass(secs(200));
    let before = (world.state.clone(), world.model.clone(), world.log.len());
    world.signs_off(LUCY, seat);
    (world.state, world.model) = (before.0, before.1);
    world.log.truncate(before.2);
    world.presence.reconcile(&world.state, world.now);
    world.pass(secs(99));
    assert!(world.state.seat(seat.id).is_some());
    world.pass(secs(2));
    assert!(world.state.seat(seat.id).is_none());
}

#[test]
fn a_pause_and_a_restart_make_it_longer_and_never_shorter() {
    let mut world = World::office(2);
    world.begins(NewGeneration::Restored, 90);
    world.pass(secs(80));
    world.stands_still(secs(1000));
    assert_eq!(world.recovering(), Some(Recovering::For(secs(10))));
    world.restarts();
    assert_eq!(world.recovering(), Some(Recovering::For(secs(90))));
    world.pass(secs(90));
    assert_eq!(world.recovering(), None);
}

#[test]
fn what_was_seen_of_a_history_that_was_given_up_says_nothing() {
    let mut world = World::office(2);
    world.begins(NewGeneration::Restored, 5);
    assert_eq!(world.shows(seen(NOW, 1_000_000)), []);
    assert_eq!(world.shows(seen(NEXT, world.state.seq().0)), []);
    world.pass(secs(5));
    assert_eq!(world.recovering(), None);
}

#[test]
fn a_generation_that_the_journal_does_not_know_is_of_its_lost_future() {
    let mut world = World::office(2);
    let events = world.shows(seen(NEXT, 1));
    assert!(matches!(events[..], [Event::FoundBehind { .. }]), "{events:?}");
    // Once is enough.
    assert_eq!(world.shows(seen(NEXT, 2)), []);
    assert_eq!(world.shows(seen(NOW, 1_000_000)), []);
}

#[test]
fn a_generation_that_was_lost_halts_a_pool_once_and_is_given_up_with_the_next() {
    const LOST: [Generation; 2] = [Generation(20), Generation(21)];
    let mut world = World::office(2);
    assert_eq!(world.shows(seen(LOST[0], 5)).len(), 1);
    world.does(Command::BeginGeneration {
        generation: NEXT,
        why: NewGeneration::Recovered,
        wait: secs(5).into(),
        lost: vec![LOST[1]],
    });
    // Machines that come later show what they saw of it too.
    for lost in LOST {
        assert_eq!(world.shows(seen(lost, 1_000)), []);
    }
    world.pass(secs(5));
    world.seat(desk(LUCY, 1));
}

#[test]
fn a_store_that_is_rolled_back_while_it_waits_waits_for_an_administrator() {
    let mut world = World::office(2);
    world.begins(NewGeneration::Restored, 30);
    world.shows(seen(NEXT, world.state.seq().0 + 1));
    world.pass(secs(1000));
    assert!(matches!(world.state.recovery(), Some(Recovery::Behind { .. })));
    assert_eq!(world.refused(desk(LUCY, 1)).code, RefusalCode::PoolRecovering);
}

#[test]
fn a_wait_that_had_not_ended_when_the_store_was_rolled_back_is_waited_for() {
    let mut world = World::office(2);
    world.begins(NewGeneration::Restored, 3_000);
    world.shows(seen(NEXT, world.state.seq().0 + 1));
    assert_eq!(world.state.longest_believed(false), secs(3_000));
    let (generation, why, lost) = (Generation(77), NewGeneration::Recovered, Vec::new());
    world.does(Command::BeginGeneration { generation, why, wait: secs(10).into(), lost });
    assert_eq!(world.recovering(), Some(Recovering::For(secs(3_000))));
}

#[test]
fn what_an_administrator_said_may_be_made_shorter_and_what_was_stated_may_not() {
    let mut world = World::office(2);
    let mut began = 70;
    let mut begins = |whole, stated| {
        began += 1;
        let (generation, why, lost) = (Generation(began), NewGeneration::Recovered, Vec::new());
        let wait = Wait::new(secs(whole), secs(stated));
        world.does(Command::BeginGeneration { generation, why, wait, lost });
        world.state.waits().whole()
    };
    assert_eq!(begins(9_000, 300), secs(9_000));
    assert_eq!(begins(600, 10), secs(600));
    assert_eq!(begins(10, 10), secs(300), "so long was stated");
    assert_eq!(begins(3_599_999_996_400, 10), MAX_DURATION);
}

#[test]
fn a_generation_begins_once() {
    let mut world = World::office(2);
    world.begins(NewGeneration::Restored, 5);
    for used in [NOW, NEXT] {
        let again = Command::BeginGeneration {
            generation: used,
            why: NewGeneration::Recovered,
            wait: secs(5).into(),
            lost: Vec::new(),
        };
        assert_eq!(world.tries(&again), Err(Refusal::IdTaken));
    }
    check_invariants(&world.state).unwrap();
}

#[test]
fn the_longest_lease_counts_calls_where_there_may_be_some() {
    let world = World::office(2);
    assert_eq!(world.state.longest_lease(false), secs(90));
    // The web client's session time-out.
    assert_eq!(world.state.longest_lease(true), secs(1200));
}
