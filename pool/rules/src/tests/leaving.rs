//! Seats that the pool takes back from a machine leave before they end.

use alloc::borrow::ToOwned;

use hotseat_protocol::ids::SeatRef;
use hotseat_protocol::reason::ReleaseReason;

use super::world::{BILL, LUCY, OLAF, World, desk, machine_of, releases, request, secs, web};
use crate::{
    Caller, Command, Ending, Event, Outcome, Refusal, RefusalCode, Release, RequestKey, UserKind,
};

fn reclaim(seat: SeatRef) -> Command {
    Command::Reclaim { by: Caller::Admin, seat: seat.id, why: Some("payday".to_owned()) }
}

fn confirm(seat: SeatRef) -> Command {
    Command::ConfirmLeaving { machine: machine_of(LUCY), seat }
}

#[test]
fn a_reclaimed_seat_counts_until_its_machine_confirms() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    let release = Release {
        reason: ReleaseReason::Reclaimed,
        by: Some(Caller::Admin),
        why: Some("payday".to_owned()),
    };
    let leaving = Event::SeatLeaving { seat: seat.id, release: release.clone() };
    assert_eq!(world.does(reclaim(seat)), [leaving]);
    assert_eq!(world.refused(desk(BILL, 2)).code, RefusalCode::PoolFull);
    let released = Event::SeatReleased { seat: seat.id, release };
    assert_eq!(world.does(confirm(seat)), [released]);
    world.seat(desk(BILL, 3));
}

#[test]
fn a_leaving_seat_is_released_when_its_lease_ends_for_the_reason_it_left() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.does(reclaim(seat));
    let events = world.pass(secs(90));
    assert_eq!(releases(&events), [(seat.id, ReleaseReason::Reclaimed)]);
}

#[test]
fn a_leaving_seat_is_neither_renewed_nor_returned_for_its_key() {
    let mut world = World::office(2);
    let seat = world.seat(desk(LUCY, 1));
    world.does(reclaim(seat));
    world.pass(secs(60));
    let answer = world.renews(LUCY, &[seat], &[]);
    assert_eq!(answer.renewed, []);
    assert_eq!(answer.leaving[0].seat, seat);
    assert_eq!(answer.leaving[0].release.reason, ReleaseReason::Reclaimed);
    let again = world.seat(desk(LUCY, 2));
    assert_ne!(again.id, seat.id);
    assert_eq!(world.facts().in_use, 2);
    // The old one still ends when its own lease does.
    assert_eq!(releases(&world.pass(secs(30))), [(seat.id, ReleaseReason::Reclaimed)]);
    assert!(world.state.seat(again.id).is_some());
}

#[test]
fn the_holder_of_a_leaving_seat_hears_that_it_ended_and_why() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.does(reclaim(seat));
    let Outcome::Ended(Ending::Seat { release, .. }) = world.became(desk(LUCY, 1)) else {
        panic!("a retry returned a leaving seat");
    };
    assert_eq!(release.why.as_deref(), Some("payday"));
}

#[test]
fn a_sign_off_of_a_leaving_seat_confirms_it() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.does(reclaim(seat));
    let events = world.signs_off(LUCY, seat);
    assert_eq!(releases(&events), [(seat.id, ReleaseReason::Reclaimed)]);
    assert_eq!(world.signs_off(LUCY, seat), []);
}

#[test]
fn reclaiming_twice_changes_nothing() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.does(reclaim(seat));
    assert_eq!(world.does(reclaim(seat)), []);
    world.does(confirm(seat));
    assert_eq!(world.does(reclaim(seat)), []);
    assert_eq!(world.does(confirm(seat)), []);
}

#[test]
fn a_seat_kept_by_calls_is_reclaimed_at_once() {
    let mut world = World::office(1);
    let seat = world.seat(web(LUCY, 1));
    assert_eq!(releases(&world.does(reclaim(seat))), [(seat.id, ReleaseReason::Reclaimed)]);
    world.seat(web(BILL, 2));
}

#[test]
fn the_holder_by_rest_cannot_free_a_seat_that_their_machine_still_believes_in() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    let reason = ReleaseReason::SignedOffByTheUser;
    let events = world.does(Command::SignOff { by: Caller::User(LUCY), seat, reason });
    assert!(matches!(&events[..], [Event::SeatLeaving { .. }]), "{events:?}");
    assert_eq!(world.facts().in_use, 1);
}

#[test]
fn confirming_a_seat_that_is_not_leaving_releases_nothing() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    assert_eq!(world.does(confirm(seat)), []);
    assert_eq!(world.facts().in_use, 1);
}

#[test]
fn disabled_users_and_revoked_machines_leave() {
    let mut world = World::office(3);
    let lucy = world.seat(desk(LUCY, 1));
    let bill = world.seat(desk(BILL, 2));
    let olaf = world.seat(web(OLAF, 3));
    world.does(Command::SetUser { user: LUCY, kind: UserKind::Concurrent, enabled: false });
    world.does(Command::RevokeMachine { machine: machine_of(BILL) });
    world.does(Command::SetUser { user: OLAF, kind: UserKind::Concurrent, enabled: false });
    assert!(world.state.seat(olaf.id).is_none());
    for (seat, reason) in
        [(lucy, ReleaseReason::UserDisabled), (bill, ReleaseReason::MachineRevoked)]
    {
        let leaving = world.state.seat(seat.id).and_then(|seat| seat.leaving.clone());
        assert_eq!(leaving.map(|leaving| leaving.release), Some(Release::rule(reason)));
    }
    assert_eq!(world.refused(desk(LUCY, 4)).code, RefusalCode::UserDisabled);
    let mut at_bills = desk(OLAF, 5);
    at_bills.caller = Caller::Machine(machine_of(BILL));
    at_bills.user = super::world::NINA;
    let refused = world.refused(at_bills);
    assert_eq!(refused.code, RefusalCode::MachineRevoked);
    assert_eq!(refused.fixed_message, None);
}

#[test]
fn a_key_that_was_taken_again_is_found_from_a_snapshot_while_its_older_seat_leaves() {
    let mut world = World::office(2);
    // The older seat has the higher id, so that it comes last where ids are in order.
    let older = world.seat(desk(LUCY, 9));
    world.does(reclaim(older));
    let newer = world.seat(desk(LUCY, 1));
    assert!(newer.id < older.id);
    let again = crate::State::from_contents(world.state.contents().clone());
    assert_eq!(again, Ok(world.state));
}

#[test]
fn a_machine_gives_back_for_its_own_reasons_only() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    let by = Caller::Machine(machine_of(LUCY));
    let request = RequestKey { caller: by, id: request(1) };
    for &reason in ReleaseReason::ALL.iter().filter(|reason| reason.is_the_pools()) {
        let refused = Err(Refusal::NotAMachinesReason(reason));
        assert_eq!(world.tries(&Command::SignOff { by, seat, reason }), refused);
        assert_eq!(world.tries(&Command::Cancel { request, reason }), refused);
    }
    let reason = ReleaseReason::ShutDown;
    assert_eq!(releases(&world.does(Command::SignOff { by, seat, reason })), [(seat.id, reason)]);
}
