//! What is shown and told to whom: figures, ranks, causes, and what is not told twice.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::ids::OfferId;
use hotseat_protocol::ipc::Health;
use hotseat_protocol::link::{OfferState, PlaceLeft, SeatClaimEnd};
use hotseat_protocol::view::HolderView;

use super::*;

fn health(desk: &mut Desk, connection: ConnectionId) -> Health {
    let id = desk.ask(connection, Request::Doctor);
    let Some(Reply::Health { health }) = desk.reply(id) else {
        panic!("{:?}", desk.reply(id));
    };
    Health::clone(health)
}

fn is_accept(body: &MachineMessage) -> bool {
    matches!(body, MachineMessage::AcceptOffer { .. })
}

fn offer() -> OfferState {
    OfferState { id: OfferId::from_random(4), left_ms: LeftMs::clamped(60_000) }
}

fn cad() -> PoolId {
    PoolId::new("cad").unwrap()
}

/// Somebody waits by a program; it is told of its rank.
fn waits(desk: &mut Desk, connection: ConnectionId, id: u128, accept: Accept, rank: u32) {
    desk.sign_on_waiting(connection, id, Some(accept));
    desk.answer(desk.number_of(is_sign_on), waiting::waiting_answer(rank, None));
}

/// The renewal says that the pool offers a seat to the request 1.
fn is_offered(desk: &mut Desk) {
    let left = PlaceLeft { request: request(1), rank: 1, offer: Some(offer()) };
    desk.renewed(Renewed { places: vec![left], ..Renewed::default() });
}

fn sleeps(desk: &mut Desk, ms: u64) {
    desk.input(Input::Os(OsEvent::SleepBegins));
    desk.boot_ms += ms;
    desk.wall_ms += i64::try_from(ms).unwrap();
    desk.input(Input::Os(OsEvent::SleepEnded));
}

fn keeping() -> PoolView {
    let policy = PolicyView { on_sleep: OnSleep::Keep, ..policy() };
    PoolView { policy, waiting: 7, ..pool_view() }
}

#[test]
fn a_sleep_that_cost_two_seats_is_told_for_both_pools_and_once_each() {
    let mut desk = Desk::new();
    let pools = [keeping(), PoolView { id: cad(), ..keeping() }];
    desk.snapshot(pools.map(|pool| Projected::Pool { pool: Box::new(pool) }).to_vec());
    desk.open(TRAY, Role::Tray, lucy());
    desk.ask(TRAY, Request::Subscribe);
    for (id, pool) in [(1, pool()), (2, cad())] {
        desk.ask(TRAY, Request::SignOn { request: request(id), pool, client: None, wait: None });
        desk.answer(desk.number_of(is_sign_on), granted(seat(id, 1), T));
    }
    desk.renewal_answered(&[(seat(1, 1), T), (seat(2, 1), T)]);
    sleeps(&mut desk, 3_600_000);
    desk.renewed(Renewed::default());
    let of = |notice: &Notice| match notice {
        Notice::ResumeReport { pool, .. } => Some(pool.clone()),
        _ => None,
    };
    let mut told: Vec<PoolId> = desk.notices().into_iter().filter_map(of).collect();
    told.sort();
    assert_eq!(told, [cad(), pool()]);
}

#[test]
fn who_wakes_up_and_waits_already_hears_his_own_rank() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.show(keeping());
    desk.open(OTHER, Role::Run, bill());
    desk.open(RUN, Role::Run, lucy());
    waits(&mut desk, OTHER, 2, Accept::Auto, 5);
    waits(&mut desk, RUN, 3, Accept::Auto, 3);
    sleeps(&mut desk, 3_600_000);
    desk.renewed(Renewed::default());
    let rank = desk.notices().into_iter().find_map(|notice| match notice {
        Notice::ResumeReport { rank, .. } => Some(*rank),
        _ => None,
    });
    assert_eq!(rank, Some(Some(3)), "{:?}", desk.notices());
}

#[test]
fn sign_ons_of_two_people_or_processes_do_not_wait_for_one_another() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.open(RUN, Role::Run, lucy());
    desk.open(OTHER, Role::Run, bill());
    desk.sign_on(TRAY, 1);
    desk.sign_on(RUN, 2);
    desk.sign_on(OTHER, 3);
    assert_eq!(desk.messages(is_sign_on), 3);
    let client = |name: &str| Some(ClientName::new(name).unwrap());
    for (id, client) in [(4, client("mobile")), (5, client("network"))] {
        desk.ask(TRAY, Request::SignOn { request: request(id), pool: pool(), client, wait: None });
    }
    assert_eq!(desk.messages(is_sign_on), 4, "the other client, but not the same again");
}

#[test]
fn an_offer_is_not_taken_while_a_sign_on_of_the_same_key_is_under_way() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    waits(&mut desk, TRAY, 1, Accept::Auto, 1);
    desk.sign_on(TRAY, 2);
    let asked = desk.number_of(is_sign_on);
    desk.pass(10_000);
    is_offered(&mut desk);
    assert_eq!(desk.messages(is_accept), 0);
    desk.answer(asked, failed());
    assert_eq!(desk.messages(is_accept), 1);
}

#[test]
fn a_place_keeps_its_since_when_the_offer_could_not_be_taken() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    waits(&mut desk, TRAY, 1, Accept::Ask, 1);
    let since = desk.state(&lucy()).place.unwrap().since;
    desk.pass(30_000);
    is_offered(&mut desk);
    desk.ask(TRAY, Request::AcceptOffer { offer: offer().id });
    desk.answer(desk.number_of(is_accept), waiting::waiting_answer(2, None));
    let place = desk.state(&lucy()).place.unwrap();
    assert_eq!((place.rank, place.since), (2, since));
}

#[test]
fn who_takes_an_offer_hears_of_a_seat_only_with_time_left_even_if_the_push_is_first() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    waits(&mut desk, TRAY, 1, Accept::Ask, 1);
    desk.pass(30_000);
    is_offered(&mut desk);
    let id = desk.ask(TRAY, Request::AcceptOffer { offer: offer().id });
    desk.frame(FromPool::Changed {
        push: 2,
        previous: 1,
        position: JournalPosition { generation: 7, seq: Seq(2) },
        items: vec![Projected::Seat { seat: waiting::shown_seat(seat(1, 8), 1) }],
    });
    assert_eq!(desk.reply(id), None);
    desk.answer(desk.number_of(is_accept), granted(seat(1, 8), T));
    let Some(Reply::Outcome { outcome: Outcome::Seat { left_ms, .. }, .. }) = desk.reply(id) else {
        panic!("{:?}", desk.reply(id));
    };
    assert_eq!(left_ms.get(), fence_ms(T));
}

#[test]
fn an_answer_about_an_older_epoch_prolongs_nothing() {
    let mut desk = Desk::with_tray_holding(seat(1, 2));
    let deadline = desk.seats_of(&lucy())[0].deadline_boot_ms;
    desk.pass(30_000);
    desk.renewal_answered(&[(seat(1, 1), T)]);
    assert_eq!(desk.seats_of(&lucy())[0].deadline_boot_ms, deadline);
}

#[test]
fn a_seat_that_is_taken_back_without_a_cause_was_taken_back_and_did_not_expire() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.pass(30_000);
    let leaving = vec![SeatClaimEnd { seat: seat(1, 1), end: None }];
    desk.renewed(Renewed { leaving, ..Renewed::default() });
    let notices = desk.notices();
    let [Notice::Reclaimed { end, .. }] = notices[..] else { panic!("{notices:?}") };
    assert_eq!((end.reason, end.at.unix_ms), (ReleaseReason::Reclaimed, desk.wall_ms));
    // A late answer about it brings no time; the same request asks the pool anew.
    let deadline = desk.seats_of(&lucy())[0].deadline_boot_ms;
    let asked = desk.messages(is_sign_on);
    desk.pass(30_000);
    desk.renewal_answered(&[(seat(1, 1), T)]);
    assert_eq!(desk.seats_of(&lucy())[0].deadline_boot_ms, deadline);
    desk.sign_on(TRAY, 1);
    assert_eq!(desk.messages(is_sign_on), asked + 1);
}

#[test]
fn a_lost_seat_says_for_how_many_seconds_the_pool_was_silent() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.link_down();
    desk.pass(T);
    let notices = desk.notices();
    let [Notice::Lost { lost, .. }] = notices[..] else { panic!("{notices:?}") };
    assert_eq!((lost.silent_s, lost.slept), (Some(80), false));
}

#[test]
fn the_doctor_says_seconds_and_whether_the_disk_takes_anything() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.link_down();
    desk.input(Input::Idle { connection: TRAY, idle_s: Some(60), locked: false });
    desk.pass(7_000);
    let sound = health(&mut desk, TRAY);
    assert_eq!((sound.heard_s, sound.idle_s), (Some(7), Some(67)));
    assert_eq!((sound.state_writable, sound.tray, sound.pending_sign_offs), (true, true, 0));
    desk.disk_works = Some(false);
    desk.ask(TRAY, Request::SignOff { pool: None });
    let ill = health(&mut desk, TRAY);
    assert_eq!((ill.state_writable, ill.pending_sign_offs), (false, 1));
    desk.disk_works = Some(true);
    desk.pass(5_000);
    assert!(health(&mut desk, TRAY).state_writable);
}

#[test]
fn a_session_in_which_nobody_is_and_nothing_hangs_is_forgotten() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.open(CLI, Role::Cli, bill());
    assert_eq!(desk.core.sessions.count(), 2);
    desk.close(CLI);
    assert_eq!(desk.core.sessions.count(), 1, "nobody is in Bill's");
    desk.close(TRAY);
    assert_eq!(desk.core.sessions.count(), 1, "Lucy's seat hangs on hers");
    desk.pass(10_000);
    assert_eq!(desk.core.sessions.count(), 0);
}

#[test]
fn of_a_huge_pool_as_many_are_shown_as_fit() {
    let mut desk = Desk::new();
    let holder = HolderView {
        user: Some("Olaf".into()),
        client: ClientName::new("network").unwrap(),
        since: WallTime { unix_ms: 5 },
        idle_s: None,
        leaving: false,
        counted: true,
        seat: None,
        mine: false,
    };
    let pools = (0..5).map(|number| PoolView {
        id: PoolId::new(format!("pool-{number}")).unwrap(),
        holders: vec![holder.clone(); 100],
        ..pool_view()
    });
    desk.snapshot(pools.map(|pool| Projected::Pool { pool: Box::new(pool) }).collect());
    for state in desk.core.view(&lucy()).pools {
        // 100 and 50 of each would be too much for one frame.
        assert_eq!((state.pool.holders.len(), state.pool.more_holders), (25, 75));
    }
}
