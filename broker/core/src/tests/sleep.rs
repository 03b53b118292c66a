//! The machine sleeps: what that costs, and what people are told when it wakes up.

use alloc::borrow::ToOwned;
use alloc::vec;

use hotseat_protocol::link::SeatClaimEnd;
use hotseat_protocol::view::HolderView;

use super::*;

fn begins() -> Input {
    Input::Os(OsEvent::SleepBegins)
}

fn ends() -> Input {
    Input::Os(OsEvent::SleepEnded)
}

/// Lucy holds a seat of a pool whose sleepers keep theirs.
fn keeping() -> Desk {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let mut view = pool_view();
    view.policy.on_sleep = OnSleep::Keep;
    desk.show(view);
    desk
}

/// The pool as it is after a sleep: Bill has taken a seat, Olaf had his before.
fn taken_by_bill(desk: &Desk) -> PoolView {
    let holder = |name: &str, unix_ms: i64| HolderView {
        user: Some(name.into()),
        client: ClientName::new("network").unwrap(),
        since: WallTime { unix_ms },
        idle_s: None,
        leaving: false,
        counted: true,
        seat: None,
        mine: false,
    };
    let mut view = pool_view();
    view.in_use = 2;
    view.holders = vec![holder("Olaf", 7), holder("Bill", desk.wall_ms - 1)];
    view
}

fn awake(desk: &Desk) -> Option<&Notice> {
    let mut all = desk.notices().into_iter().filter(|n| matches!(n, Notice::ResumeReport { .. }));
    let first = all.next();
    assert!(all.next().is_none(), "told twice");
    first
}

#[test]
fn who_wakes_up_hears_who_has_the_seat_and_which_place_is_his() {
    for keep in [false, true] {
        let mut desk = if keep { keeping() } else { Desk::with_tray_holding(seat(1, 1)) };
        desk.input(begins());
        assert_eq!(desk.held(), keep);
        if !keep {
            desk.answer(desk.number_of(is_sign_off), PoolAnswer::Done);
        }
        let slept_at = desk.wall_ms;
        // Nobody turns while it sleeps: the clocks are simply later.
        desk.boot_ms += 3_600_000;
        desk.wall_ms += 3_600_000;
        desk.input(ends());
        assert!(!desk.held());
        assert!(awake(&desk).is_none(), "the pool was not asked yet");
        desk.link_down();
        desk.link_up();
        let view = taken_by_bill(&desk);
        desk.show(view);
        assert!(awake(&desk).is_none(), "the pool has not answered yet");
        let gone = SeatClaimEnd { seat: seat(1, 1), end: Some(end(ReleaseReason::LeaseExpired)) };
        let gone = if keep { vec![gone] } else { vec![] };
        desk.renewed(Renewed { ended: gone, ..Renewed::default() });
        let Some(Notice::ResumeReport { pool: of, lost, taken_by, free, rank }) = awake(&desk)
        else {
            panic!("nobody was told: {:?}", desk.notices());
        };
        assert_eq!((of, free, rank), (&pool(), &Some(0), &Some(1)));
        assert_eq!(*taken_by, vec!["Bill".to_owned()]);
        assert!(lost.slept);
        let (reason, within) = if keep {
            (ReleaseReason::LeaseExpired, slept_at..=slept_at + 90_000)
        } else {
            (ReleaseReason::Suspended, slept_at..=slept_at)
        };
        assert_eq!(lost.end.reason, reason);
        assert!(within.contains(&lost.end.at.unix_ms), "it was lost when it was lost, not now");
        assert_eq!(desk.state(&lucy()).lost.as_ref(), Some(lost), "the view says it, too");
        assert_eq!(desk.notices().len(), 1, "and nothing else is told: {:?}", desk.notices());

        // One click to wait.
        desk.sign_on_waiting(TRAY, 2, Some(Accept::Ask));
        assert!(desk.number_of(is_sign_on) > 0);
    }
}

#[test]
fn a_short_sleep_costs_nothing_where_sleepers_keep_their_seats() {
    let mut desk = keeping();
    desk.input(begins());
    desk.boot_ms += 20_000;
    desk.wall_ms += 20_000;
    desk.input(ends());
    assert!(desk.held());
    desk.renewal_answered(&[(seat(1, 1), T)]);
    desk.pass(20_000);
    assert!(desk.held() && desk.notices().is_empty(), "{:?}", desk.notices());
}

#[test]
fn a_seat_that_the_pool_still_renews_after_a_long_sleep_is_no_loss() {
    let mut desk = keeping();
    desk.input(begins());
    desk.boot_ms += 85_000;
    desk.wall_ms += 85_000;
    desk.input(ends());
    assert!(!desk.held(), "past its deadline it is not held");
    desk.renewal_answered(&[(seat(1, 1), T)]);
    assert!(desk.held());
    assert!(awake(&desk).is_none(), "{:?}", desk.notices());
}

#[test]
fn a_pool_that_does_not_answer_delays_the_news_only_so_long() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.input(begins());
    desk.link_down();
    desk.boot_ms += 600_000;
    desk.wall_ms += 600_000;
    desk.input(ends());
    desk.pass(9_999);
    assert!(awake(&desk).is_none());
    desk.pass(1);
    let Some(Notice::ResumeReport { taken_by, free, rank, .. }) = awake(&desk) else { panic!() };
    assert_eq!(
        (taken_by.len(), free, rank),
        (0, &None, &None),
        "nothing is known, so none is said"
    );
}

#[test]
fn an_answer_to_a_question_of_before_the_sleep_says_nothing() {
    let mut desk = keeping();
    desk.pass(30_000);
    let before = desk.number_of(is_renewal);
    desk.input(begins());
    desk.boot_ms += 3_600_000;
    desk.wall_ms += 3_600_000;
    desk.input(ends());
    desk.answer(before, PoolAnswer::Renewed(Renewed::default()));
    assert!(awake(&desk).is_none());
    desk.renewed(Renewed::default());
    assert!(awake(&desk).is_some());
}

#[test]
fn a_sleep_that_is_called_off_is_told_as_well() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.input(begins());
    desk.answer(desk.number_of(is_sign_off), PoolAnswer::Done);
    desk.input(ends());
    desk.renewed(Renewed::default());
    assert!(matches!(awake(&desk), Some(Notice::ResumeReport { free: Some(2), .. })));
}

#[test]
fn two_people_at_one_computer_are_both_told_and_nobody_twice() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.open(OTHER, Role::Tray, bill());
    desk.open(RUN, Role::Run, bill());
    desk.ask(OTHER, Request::Subscribe);
    for (connection, id) in [(OTHER, 2), (RUN, 3)] {
        desk.sign_on(connection, id);
        desk.answer(desk.number_of(is_sign_on), granted(seat(id, 1), T));
    }
    desk.input(begins());
    desk.input(ends());
    desk.renewed(Renewed::default());
    let told = |of: ConnectionId| {
        let awake = desk.pushes.iter().filter(|(to, frame)| {
            let notice =
                matches!(frame, FromBroker::Notice { notice: Notice::ResumeReport { .. } });
            *to == of && notice
        });
        awake.count()
    };
    assert_eq!((told(TRAY), told(OTHER)), (1, 1));
}

#[test]
fn what_is_set_aside_is_not_free_and_who_signed_on_beside_her_took_nothing() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.input(begins());
    let mut view = taken_by_bill(&desk);
    view.holders[1].since = WallTime { unix_ms: desk.wall_ms };
    desk.boot_ms += 60_000;
    desk.wall_ms += 60_000;
    desk.input(ends());
    desk.show(PoolView { seats: 3, in_use: 1, offered: 1, ..view });
    desk.renewed(Renewed::default());
    let Some(Notice::ResumeReport { taken_by, free, .. }) = awake(&desk) else { panic!() };
    assert_eq!((taken_by, free), (&vec![], &Some(1)));
}

#[test]
fn the_news_waits_until_the_pool_is_shown_anew_on_a_new_link() {
    let mut desk = keeping();
    desk.input(begins());
    desk.boot_ms += 3_600_000;
    desk.wall_ms += 3_600_000;
    desk.input(ends());
    desk.link_down();
    desk.link = LinkId(desk.link.0 + 1);
    let position = JournalPosition { generation: 7, seq: Seq(1) };
    desk.input(Input::LinkUp { link: desk.link, lease_ms: T, position });
    desk.renewed(Renewed::default());
    assert!(awake(&desk).is_none(), "who has the seat is not known yet");
    let view = taken_by_bill(&desk);
    desk.show(view);
    assert!(matches!(awake(&desk), Some(Notice::ResumeReport { free: Some(0), .. })));
}
