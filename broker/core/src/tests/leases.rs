//! A lease that an administrator changes while this machine is linked.

use super::*;

/// The pool's policy now says so.
fn lease_is(desk: &mut Desk, lease_ms: Option<u64>) {
    let policy = PolicyView { lease_ms: lease_ms.map(LeaseMs::clamped), ..policy() };
    desk.show(PoolView { policy, ..pool_view() });
}

/// A linked machine that holds a seat under a lease of 90 s, of which the last renewal was answered.
fn holding() -> Desk {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    lease_is(&mut desk, Some(T));
    desk
}

#[test]
fn a_shorter_lease_is_renewed_at_once_and_then_every_third_of_it() {
    let mut desk = holding();
    desk.pass(5_000);
    let before = desk.messages(is_renewal);
    lease_is(&mut desk, Some(30_000));
    assert_eq!(desk.messages(is_renewal), before + 1, "at once");
    desk.renewal_answered(&[(seat(1, 1), 85_000)]);
    for renewal in 2..20 {
        desk.pass(9_999);
        assert_eq!(desk.messages(is_renewal), before + renewal - 1);
        desk.pass(1);
        assert_eq!(desk.messages(is_renewal), before + renewal);
        desk.renewal_answered(&[(seat(1, 1), 30_000)]);
        assert!(desk.held());
    }
}

#[test]
fn a_longer_lease_counts_from_the_next_renewal() {
    let mut desk = holding();
    lease_is(&mut desk, Some(30_000));
    desk.renewal_answered(&[(seat(1, 1), 30_000)]);
    let before = desk.messages(is_renewal);
    lease_is(&mut desk, Some(T));
    desk.pass(10_000);
    assert_eq!(desk.messages(is_renewal), before + 1, "what was answered was for 30 s");
    desk.renewal_answered(&[(seat(1, 1), T)]);
    desk.pass(29_999);
    assert_eq!(desk.messages(is_renewal), before + 1);
    desk.pass(1);
    assert_eq!(desk.messages(is_renewal), before + 2);
}

#[test]
fn of_several_pools_the_shortest_lease_counts_as_long_as_it_is_there() {
    let mut desk = holding();
    let other = || PoolId::new("other").unwrap();
    let policy = PolicyView { lease_ms: LeaseMs::new(10_000), ..policy() };
    let view = PoolView { id: other(), policy, ..pool_view() };
    let before = desk.messages(is_renewal);
    let changed = |desk: &mut Desk, push, item| {
        desk.frame(FromPool::Changed {
            push,
            previous: push - 1,
            position: JournalPosition { generation: 7, seq: Seq(2) },
            items: vec![item],
        });
    };
    changed(&mut desk, 2, Projected::Pool { pool: Box::new(view) });
    assert_eq!(desk.messages(is_renewal), before + 1);
    desk.renewal_answered(&[(seat(1, 1), T)]);
    desk.pass(3_333);
    assert_eq!(desk.messages(is_renewal), before + 2);
    desk.renewal_answered(&[(seat(1, 1), T)]);
    changed(&mut desk, 3, Projected::PoolRemoved { pool: other() });
    desk.pass(3_333);
    desk.renewal_answered(&[(seat(1, 1), T)]);
    assert_eq!(desk.messages(is_renewal), before + 3);
    desk.pass(29_999);
    assert_eq!(desk.messages(is_renewal), before + 3);
}

#[test]
fn a_pool_server_that_states_no_lease_shortens_it_by_what_it_answers() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.pass(30_000);
    for _ in 0..10 {
        desk.renewal_answered(&[(seat(1, 1), 30_000)]);
        let before = desk.messages(is_renewal);
        desk.pass(10_000);
        assert!(desk.held());
        assert_eq!(desk.messages(is_renewal), before + 1);
    }
}

#[test]
fn while_the_projection_is_stale_the_welcome_counts_too() {
    let mut desk = holding();
    desk.link_down();
    desk.link = LinkId(desk.link.0 + 1);
    let position = JournalPosition { generation: 7, seq: Seq(3) };
    desk.input(Input::LinkUp { link: desk.link, lease_ms: 30_000, position });
    let before = desk.messages(is_renewal);
    desk.renewal_answered(&[(seat(1, 1), T)]);
    desk.pass(10_000);
    assert_eq!(desk.messages(is_renewal), before + 1);
}

#[test]
fn no_lease_makes_renewals_a_flood() {
    for lease_ms in [0, 1, 3_000] {
        let mut desk = holding();
        lease_is(&mut desk, Some(lease_ms));
        let before = desk.messages(is_renewal);
        for _ in 0..10 {
            desk.renewal_answered(&[(seat(1, 1), 0)]);
            desk.pass(1_000);
        }
        assert!(desk.messages(is_renewal) <= before + 10, "{lease_ms} ms");
    }
}
