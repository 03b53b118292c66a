//! The lists of holders and of waiters, as each OS user is shown them: how much of them, and whose
//! names.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::view::{HolderView, WaiterView};

use super::*;

fn holder(name: &str) -> HolderView {
    HolderView {
        user: Some(name.into()),
        client: ClientName::new("network").unwrap(),
        since: WallTime { unix_ms: 5 },
        idle_s: None,
        leaving: false,
        counted: true,
        seat: None,
        mine: false,
    }
}

fn waiter(name: &str, of: u128) -> WaiterView {
    WaiterView {
        user: Some(name.into()),
        since: WallTime { unix_ms: 6 },
        offered: false,
        request: Some(request(of)),
        mine: false,
    }
}

fn crowded(holders: usize, waiters: usize) -> PoolView {
    PoolView {
        holders: vec![holder("Olaf"); holders],
        line: vec![waiter("Olaf", 9); waiters],
        ..pool_view()
    }
}

/// How many holders and waiters Lucy is shown.
fn shown(desk: &Desk) -> (usize, usize) {
    let pool = desk.state(&lucy()).pool;
    (pool.holders.len(), pool.line.len())
}

#[test]
fn what_fits_into_a_frame_is_shown_whole_and_one_more_in_the_line_halves_both_lists() {
    let mut desk = Desk::new();
    desk.show(crowded(100, 98));
    assert_eq!(shown(&desk), (100, 98));
    desk.show(crowded(100, 99));
    assert_eq!(shown(&desk), (50, 50));
    assert_eq!(desk.state(&lucy()).pool.more_holders, 50);
    // Whoever waits alone takes room as well.
    desk.show(crowded(0, 238));
    assert_eq!(shown(&desk), (0, 238));
    desk.show(crowded(0, 239));
    assert_eq!(shown(&desk), (0, 119));
}

#[test]
fn seats_of_ones_own_take_room_too() {
    let mut desk = Desk::new();
    for number in 0..25 {
        let connection = ConnectionId(100 + number);
        desk.open(connection, Role::Run, lucy());
        desk.sign_on(connection, u128::from(number));
        let seat = seat(u128::from(number), 1);
        desk.answer(desk.number_of(is_sign_on), granted(seat, T));
    }
    desk.show(crowded(145, 0));
    assert_eq!(shown(&desk), (145, 0));
    assert_eq!(desk.seats_of(&lucy()).len(), 25);
    desk.show(crowded(146, 0));
    assert_eq!(shown(&desk), (73, 0));
}

#[test]
fn more_pools_than_fit_are_shown_all_the_same() {
    let mut desk = Desk::new();
    let pools = (0..40).map(|number| PoolView {
        id: PoolId::new(format!("pool-{number}")).unwrap(),
        ..crowded(1, 0)
    });
    desk.snapshot(pools.map(|pool| Projected::Pool { pool: Box::new(pool) }).collect());
    let pools = desk.core.view(&lucy()).pools;
    assert_eq!(pools.len(), 40);
    assert!(pools.iter().all(|state| state.pool.more_holders == 1));
}

#[test]
fn in_the_line_ones_own_place_is_marked_and_stays_named_when_the_log_in_has_ended() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.open(RUN, Role::Run, lucy());
    desk.sign_on_waiting(TRAY, 1, Some(Accept::Ask));
    desk.answer(desk.number_of(is_sign_on), waiting::waiting_answer(2, None));
    desk.show(PoolView {
        line: vec![waiter("Bill", 8), waiter("Lucy", 1)],
        holders: vec![holder("Olaf")],
        ..pool_view()
    });
    let line = |desk: &Desk| {
        let line = desk.state(&lucy()).pool.line.into_iter();
        line.map(|waiter| (waiter.user, waiter.mine)).collect::<Vec<_>>()
    };
    let named = |name: &str| Some(name.to_owned());
    assert_eq!(line(&desk), [(named("Bill"), false), (named("Lucy"), true)]);
    desk.sign_on(RUN, 2);
    let problem = Problem::new(Code::NotAuthenticated, "who are you", "");
    desk.answer(desk.number_of(is_sign_on), PoolAnswer::Problem { problem });
    assert_eq!(line(&desk), [(None, false), (named("Lucy"), true)]);
    assert_eq!(desk.state(&lucy()).pool.holders[0].user, None);
}

#[test]
fn the_doctor_counts_all_that_the_pool_has_not_heard_yet() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    for (connection, id) in [(RUN, 2), (OTHER, 3)] {
        desk.open(connection, Role::Run, lucy());
        desk.sign_on_waiting(connection, id, Some(Accept::Ask));
        desk.answer(desk.number_of(is_sign_on), waiting::waiting_answer(1, None));
    }
    desk.link_down();
    desk.close(RUN);
    desk.close(OTHER);
    desk.ask(TRAY, Request::SignOff { pool: None });
    let id = desk.ask(TRAY, Request::Doctor);
    let Some(Reply::Health { health }) = desk.reply(id) else { panic!("{:?}", desk.reply(id)) };
    assert_eq!(health.pending_sign_offs, 3, "a seat and two places");
}
