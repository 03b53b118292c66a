//! Fencing in time: what is believed, from when, until when.

use alloc::boxed::Box;
use alloc::vec;

use hotseat_protocol::link::{SeatClaimEnd, UnclaimedSeat};

use super::*;
use crate::limits::REPEAT_FIRST_MS;

#[test]
fn a_lease_is_believed_from_the_time_of_sending_and_for_less_than_it_lasts() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.sign_on(TRAY, 1);
    let sent_at = desk.boot_ms;
    desk.pass(5_000);
    desk.answer(desk.number_of(is_sign_on), granted(seat(1, 1), T));
    let deadline = desk.seats_of(&lucy())[0].deadline_boot_ms;
    assert_eq!(deadline, sent_at + 80_428);
    assert!(desk.held());
}

#[test]
fn h_of_t_allows_for_both_drifts_and_a_second() {
    assert_eq!(fence_ms(90_000), 80_428);
    assert_eq!(fence_ms(1_000), 0);
    assert_eq!(fence_ms(0), 0);
    let longest = fence_ms(LeaseMs::MAX.get());
    assert_eq!((fence_ms(u64::MAX), fence_ms(1 << 63)), (longest, longest));
}

#[test]
fn after_its_deadline_a_seat_is_not_held_but_claimed() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.pass(80_427);
    assert!(desk.held());
    desk.pass(1);
    assert!(!desk.held());
    assert!(matches!(desk.notices()[..], [Notice::Lost { .. }]));
    assert!(desk.state(&lucy()).lost.is_some());
    desk.pass(30_000);
    assert_eq!(desk.last_renewal().seats.len(), 1);

    desk.renewal_answered(&[(seat(1, 1), T)]);
    assert!(desk.held(), "the pool still renewed it");
    assert!(desk.state(&lucy()).lost.is_none());
}

#[test]
fn it_renews_every_third_of_a_lease() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let before = desk.messages(is_renewal);
    desk.pass(29_999);
    assert_eq!(desk.messages(is_renewal), before);
    desk.pass(1);
    assert_eq!(desk.messages(is_renewal), before + 1);
}

#[test]
fn an_older_answer_never_shortens_a_deadline() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let deadline = desk.seats_of(&lucy())[0].deadline_boot_ms;
    desk.pass(30_000);
    desk.renewal_answered(&[(seat(1, 1), 10_000)]);
    assert_eq!(desk.seats_of(&lucy())[0].deadline_boot_ms, deadline);
}

#[test]
fn a_machine_that_stood_still_doubts_until_the_next_answered_renewal() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.pass(30_000);
    let under_way = desk.number_of(is_renewal);
    desk.wall_ms += 2_001;
    desk.input(Input::Tick);
    assert!(!desk.held());
    assert!(!desk.seats_of(&lucy())[0].confirmed);

    let left = vec![SeatLeft { seat: seat(1, 1), left_ms: LeftMs::clamped(T) }];
    let renewed = Renewed { seats: left, ..Renewed::default() };
    desk.answer(under_way, PoolAnswer::Renewed(renewed));
    assert!(!desk.held(), "that renewal was sent before the leap");
    assert_ne!(desk.number_of(is_renewal), under_way, "it asked at once");
    desk.renewal_answered(&[(seat(1, 1), T)]);
    assert!(desk.held());
}

#[test]
fn small_leaps_add_up_until_a_renewal_is_answered() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    for _ in 0..2 {
        desk.wall_ms += 1_100;
        desk.pass(1);
    }
    assert!(!desk.held());

    let mut desk = Desk::with_tray_holding(seat(1, 1));
    for _ in 0..5 {
        desk.wall_ms += 1_100;
        desk.input(Input::Tick);
        assert!(desk.held(), "a clock that is set forward a little, now and then");
        desk.pass(30_000);
        desk.renewal_answered(&[(seat(1, 1), T)]);
    }
}

#[test]
fn a_wall_clock_that_is_set_back_changes_nothing() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.wall_ms -= 3_600_000;
    desk.pass(10);
    assert!(desk.held());
    desk.wall_ms += 2_001;
    desk.pass(10);
    assert!(!desk.held(), "a leap after that is noticed all the same");
}

#[test]
fn a_wall_clock_that_was_set_back_while_a_renewal_was_under_way_hides_no_leap() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.pass(30_000);
    let under_way = desk.number_of(is_renewal);
    desk.wall_ms -= 10_000;
    desk.input(Input::Tick);
    let left = vec![SeatLeft { seat: seat(1, 1), left_ms: LeftMs::clamped(T) }];
    let renewed = Renewed { seats: left, ..Renewed::default() };
    desk.answer(under_way, PoolAnswer::Renewed(renewed));
    assert!(desk.held());
    // The wall clock is still behind where it was when that renewal was sent.
    desk.wall_ms += 5_000;
    desk.input(Input::Tick);
    assert!(!desk.held());
}

#[test]
fn what_was_granted_unasked_is_believed_after_a_later_renewal_was_answered() {
    let mut desk = Desk::new();
    desk.open(CLI, Role::Run, lucy());
    desk.sign_on_waiting(CLI, 1, Some(Accept::Auto));
    let place = waiting::waiting_answer(1, None);
    desk.answer(desk.number_of(is_sign_on), place);
    desk.pass(10_000);
    desk.snapshot(vec![
        Projected::Pool { pool: Box::new(pool_view()) },
        Projected::Seat { seat: waiting::shown_seat(seat(1, 5), 1) },
    ]);
    assert!(!desk.held());
    assert_eq!(desk.last_renewal().seats[0].seat, seat(1, 5));
    desk.renewal_answered(&[(seat(1, 5), T)]);
    assert!(desk.held());
}

#[test]
fn gone_at_an_older_epoch_says_nothing_about_a_newer_one() {
    let mut desk = Desk::with_tray_holding(seat(1, 5));
    let gone =
        |epoch| SeatClaimEnd { seat: seat(1, epoch), end: Some(end(ReleaseReason::LeaseExpired)) };
    desk.renewed(Renewed::default());
    desk.pass(30_000);
    desk.renewed(Renewed { ended: vec![gone(4)], ..Renewed::default() });
    assert!(desk.held());
    desk.pass(30_000);
    desk.renewed(Renewed { ended: vec![gone(5)], ..Renewed::default() });
    assert!(desk.seats_of(&lucy()).is_empty());
    assert!(desk.disk.seats.is_empty());
}

#[test]
fn an_end_at_a_newer_epoch_than_is_known_here_ends_belief_too() {
    let ended = |end| vec![SeatClaimEnd { seat: seat(1, 6), end: Some(end) }];
    let ends = [
        Renewed { ended: ended(end(ReleaseReason::LeaseExpired)), ..Renewed::default() },
        Renewed { leaving: ended(end(ReleaseReason::Reclaimed)), ..Renewed::default() },
    ];
    for renewed in ends {
        let mut desk = Desk::with_tray_holding(seat(1, 5));
        desk.pass(30_000);
        desk.renewed(renewed);
        assert!(!desk.held());
    }
}

#[test]
fn an_unclaimed_seat_that_nobody_awaits_is_signed_off() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.pass(30_000);
    let unclaimed =
        |id, request_id| UnclaimedSeat { seat: seat(id, 9), request: request(request_id) };
    desk.renewed(Renewed { unclaimed: vec![unclaimed(2, 77)], ..Renewed::default() });
    let expected = vec![(seat(2, 9), ReleaseReason::NobodyTookIt)];
    assert_eq!(desk.sign_offs(), expected);
}

#[test]
fn an_unclaimed_seat_that_is_awaited_cancelled_or_signed_off_is_left_alone() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.open(RUN, Role::Run, lucy());
    desk.sign_on(RUN, 2);
    desk.pass(30_000);
    desk.open(OTHER, Role::Run, lucy());
    desk.sign_on(OTHER, 3);
    desk.close(OTHER);
    desk.ask(TRAY, Request::SignOff { pool: None });
    let before = desk.sign_offs();
    let cancels = desk.messages(is_cancel);
    let unclaimed = |seat, request_id| UnclaimedSeat { seat, request: request(request_id) };
    desk.renewed(Renewed {
        unclaimed: vec![
            unclaimed(seat(1, 1), 1),
            unclaimed(seat(2, 8), 2),
            unclaimed(seat(3, 9), 3),
        ],
        ..Renewed::default()
    });
    assert_eq!(desk.sign_offs(), before);
    assert_eq!(desk.messages(is_cancel), cancels);
}

#[test]
fn an_answer_about_a_seat_that_was_signed_off_is_not_believed() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.pass(30_000);
    let renewal = desk.number_of(is_renewal);
    desk.open(RUN, Role::Run, lucy());
    desk.sign_on(RUN, 2);
    let sign_on = desk.number_of(is_sign_on);
    desk.ask(TRAY, Request::Goodbye);
    let left = vec![SeatLeft { seat: seat(1, 1), left_ms: LeftMs::clamped(T) }];
    let renewed = Renewed { seats: left, ..Renewed::default() };
    desk.answer(renewal, PoolAnswer::Renewed(renewed));
    desk.answer(sign_on, granted(seat(1, 1), T));
    assert!(!desk.held());
    assert!(desk.seats_of(&lucy()).is_empty());
}

#[test]
fn an_answer_that_the_answer_to_a_sign_off_overtakes_is_not_believed() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.ask(TRAY, Request::SignOff { pool: None });
    let sign_off = desk.number_of(|body| matches!(body, MachineMessage::SignOff { .. }));
    desk.sign_on(TRAY, 2);
    let sign_on = desk.number_of(is_sign_on);
    desk.answer(sign_off, PoolAnswer::Done);
    assert_eq!(desk.seats_of(&lucy()), vec![]);
    desk.answer(sign_on, granted(seat(1, 1), T));
    assert!(!desk.held());
    assert!(desk.seats_of(&lucy()).is_empty());
}

#[test]
fn a_frame_of_an_older_link_or_an_unknown_number_changes_nothing() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.sign_on(TRAY, 1);
    let n = desk.number_of(is_sign_on);
    let old = desk.link;
    desk.link_up();
    // Numbers count per link: the older one may have used the newer one's.
    for n in [n, desk.number_of(is_sign_on)] {
        let frame = FromPool::Answer { n, answer: granted(seat(1, 1), T) };
        desk.input(Input::FromPool { link: old, frame });
    }
    desk.answer(9_999, granted(seat(1, 1), T));
    assert!(desk.seats_of(&lucy()).is_empty());
}

/// The seat is past its deadline, so a second sign-on for it is asked.
fn asked_again() -> Desk {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.wall_ms += 5_000;
    desk.sign_on(TRAY, 2);
    assert_eq!(desk.messages(is_sign_on), 2);
    desk.renewal_answered(&[(seat(1, 1), T)]);
    assert!(desk.held());
    desk
}

#[test]
fn a_sign_on_to_a_seat_that_is_claimed_is_given_up_without_a_cancel() {
    let mut desk = asked_again();
    desk.pass(ANSWER_LIMIT_MS);
    assert_eq!(desk.messages(is_cancel), 0);
    assert!(desk.held());
    desk.answer(desk.number_of(is_sign_on), granted(seat(1, 2), T));
    assert_eq!(desk.seats_of(&lucy())[0].epoch, seat(1, 2).epoch);
}

#[test]
fn a_cancel_ends_belief_in_the_seat_that_it_may_end() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.wall_ms += 5_000;
    desk.sign_on_waiting(TRAY, 2, Some(Accept::Ask));
    assert_eq!(desk.messages(is_sign_on), 2, "unconfirmed, so it is asked");
    desk.ask(TRAY, Request::LeaveLine { pool: pool() });
    assert_eq!(desk.messages(is_cancel), 1);
    desk.renewal_answered(&[(seat(1, 1), T)]);
    assert!(!desk.held());
    assert_eq!(desk.sign_offs().len(), 1);
}

#[test]
fn a_seat_that_was_signed_on_to_again_is_not_called_lost() {
    let mut desk = asked_again();
    let gone = SeatClaimEnd { seat: seat(1, 1), end: Some(end(ReleaseReason::Superseded)) };
    desk.pass(30_000);
    desk.renewed(Renewed {
        ended: vec![gone],
        unclaimed: vec![UnclaimedSeat { seat: seat(1, 2), request: request(2) }],
        ..Renewed::default()
    });
    assert!(desk.notices().is_empty(), "{:?}", desk.notices());
    desk.answer(desk.number_of(is_sign_on), granted(seat(1, 2), T));
    assert!(desk.held());
}

#[test]
fn an_answer_that_crossed_a_leaving_notice_brings_nothing_back() {
    let mut desk = asked_again();
    desk.pass(30_000);
    let taken = SeatClaimEnd { seat: seat(1, 1), end: Some(end(ReleaseReason::Reclaimed)) };
    desk.renewed(Renewed { leaving: vec![taken], ..Renewed::default() });
    desk.answer(desk.number_of(is_sign_on), granted(seat(1, 1), T));
    assert!(!desk.held());
    desk.pass(30_000);
    assert!(desk.last_renewal().seats.is_empty(), "never claimed again");
}

#[test]
fn of_one_key_only_one_is_asked_at_a_time() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.sign_on(TRAY, 1);
    let second = desk.sign_on_waiting(TRAY, 2, Some(Accept::Ask));
    let third = desk.sign_on(TRAY, 3);
    assert_eq!(desk.messages(is_sign_on), 1);
    desk.ask(TRAY, Request::LeaveLine { pool: pool() });
    assert!(matches!(desk.reply(second), Some(Reply::Outcome { outcome: Outcome::Cancelled, .. })));
    desk.answer(desk.number_of(is_sign_on), granted(seat(1, 1), T));
    assert!(desk.held());
    assert_eq!(desk.messages(is_sign_on), 1, "the third is answered by the first one's seat");
    assert!(matches!(
        desk.reply(third),
        Some(Reply::Outcome { outcome: Outcome::Seat { .. }, .. })
    ));
}

#[test]
fn a_sign_on_waits_until_the_cancel_of_an_earlier_one_of_its_key_is_answered() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.sign_on(TRAY, 1);
    desk.ask(TRAY, Request::SignOff { pool: None });
    let cancel = desk.number_of(is_cancel);
    desk.sign_on(TRAY, 2);
    assert_eq!(desk.messages(is_sign_on), 1, "should the first come last, it is signed on again");
    desk.answer(cancel, failed());
    assert_eq!(desk.messages(is_sign_on), 1, "and its cancel ends the seat of both");
    desk.pass(REPEAT_FIRST_MS);
    desk.answer(desk.number_of(is_cancel), PoolAnswer::Done);
    assert_eq!(desk.messages(is_sign_on), 2);
}
