//! A machine with more seats than one message may claim: its renewal goes in parts, and what is
//! told once the pool has spoken waits for all of them.

use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::bounded_list::ClaimedSeats;

use super::*;

/// Bill's seat comes after as many of Lucy's as one message may claim.
const BILLS: u128 = u128::MAX;

fn saved_seat(seat: SeatRef, owner: OsUser, user: u128) -> SavedSeat {
    let name = format!("uid {owner}");
    SavedSeat {
        seat,
        pool: pool(),
        owner: owner.clone(),
        user: UserId::from_random(user),
        client: ClientName::new("network").unwrap(),
        request: RequestId::from_random(user),
        since: WallTime { unix_ms: 5 },
        counted: true,
        anchor: SavedAnchor::Session(SessionKey { user: owner, name }),
    }
}

/// Lucy and Bill hold their seats; of notices Bill alone hears. Sleepers keep their seats.
fn crowded() -> Desk {
    let mut saved = Saved::default();
    saved.accounts.insert(bill(), account("bill", 2));
    for number in 0..ClaimedSeats::ITEMS_MAX {
        let seat = seat(number as u128, 1);
        saved.seats.insert(seat.id, saved_seat(seat, lucy(), 1));
    }
    let bills = seat(BILLS, 1);
    saved.seats.insert(bills.id, saved_seat(bills, bill(), 2));
    let boot = Boot::Same { grace_ms: RESTART_GRACE_MS };
    let mut desk = Desk::start(saved, boot, 100_000_000);
    desk.open(TRAY, Role::Tray, lucy());
    desk.open(OTHER, Role::Tray, bill());
    desk.ask(OTHER, Request::Subscribe);
    desk.link_up();
    let mut view = pool_view();
    view.policy.on_sleep = OnSleep::Keep;
    desk.show(view);
    for part in parts(&desk) {
        taken(&mut desk, part);
    }
    assert!(bill_holds(&desk), "{:?}", desk.seats_of(&bill()));
    desk
}

/// The parts of the newest renewal, each by its number and with what it claims.
fn parts(desk: &Desk) -> [(u64, Vec<SeatRef>); 2] {
    let renewals = desk.sent.iter().rev().filter_map(|(n, body)| match body {
        MachineMessage::Renew(renewal) => {
            Some((*n, renewal.seats.iter().map(|claim| claim.seat).collect::<Vec<_>>()))
        }
        _ => None,
    });
    let newest: Vec<_> = renewals.take(2).collect();
    let [second, first] = newest.try_into().expect("a renewal in two parts");
    assert_eq!((first.1.len(), &second.1), (ClaimedSeats::ITEMS_MAX, &vec![seat(BILLS, 1)]));
    [first, second]
}

/// The pool renews all that a part claims.
fn taken(desk: &mut Desk, (n, seats): (u64, Vec<SeatRef>)) {
    let left = seats.into_iter().map(|seat| SeatLeft { seat, left_ms: LeftMs::clamped(T) });
    desk.answer(n, PoolAnswer::Renewed(Renewed { seats: left.collect(), ..Renewed::default() }));
}

fn bill_holds(desk: &Desk) -> bool {
    desk.seats_of(&bill()).iter().any(|seat| seat.held_at(desk.boot_ms))
}

fn after_an_outage() -> Desk {
    let mut desk = crowded();
    desk.link_down();
    desk.pass(20_000);
    desk.link_up();
    desk
}

#[test]
fn that_the_pool_is_back_is_told_when_it_has_answered_every_part() {
    let mut desk = after_an_outage();
    let [first, second] = parts(&desk);
    taken(&mut desk, first);
    assert!(desk.notices().is_empty(), "{:?}", desk.notices());
    taken(&mut desk, second);
    assert_eq!(desk.notices(), [&Notice::PoolReachable { pool: pool() }]);
}

#[test]
fn a_part_that_the_pool_did_not_take_is_heard_of_with_the_next_renewal() {
    let mut desk = after_an_outage();
    let [first, (second, _)] = parts(&desk);
    desk.answer(second, failed());
    taken(&mut desk, first);
    desk.pass(T / 3);
    assert!(desk.notices().is_empty(), "{:?}", desk.notices());
    for part in parts(&desk) {
        taken(&mut desk, part);
    }
    assert_eq!(desk.notices(), [&Notice::PoolReachable { pool: pool() }]);
}

#[test]
fn what_a_sleep_cost_is_told_when_the_pool_has_answered_every_part() {
    let mut desk = crowded();
    desk.input(Input::Os(OsEvent::SleepBegins));
    desk.boot_ms += 85_000;
    desk.wall_ms += 85_000;
    desk.input(Input::Os(OsEvent::SleepEnded));
    assert!(!bill_holds(&desk), "past its deadline");
    let [first, second] = parts(&desk);
    taken(&mut desk, first);
    assert!(desk.notices().is_empty(), "{:?}", desk.notices());
    taken(&mut desk, second);
    assert!(bill_holds(&desk));
    assert!(desk.notices().is_empty(), "nothing was lost: {:?}", desk.notices());
}
