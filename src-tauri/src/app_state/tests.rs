//! Which state shows.

use hotseat_protocol::ipc::AnchorKind;

use super::*;
use crate::samples::{NOW, Sample, at, down, infor, later, pool, seat, view};

fn connected(view: View) -> AppState {
    let mut state = AppState::new();
    state.contact = Contact::Connected;
    state.snapshot(view, NOW);
    state
}

fn shown(pools: Vec<PoolState>) -> Status {
    connected(view(pools)).shown(NOW).status
}

#[test]
fn every_state_of_one_pool() {
    assert_eq!(shown(vec![infor()]), Status::NoSeat);
    assert_eq!(shown(vec![infor().held()]), Status::Holding);
    assert_eq!(shown(vec![infor().in_line(2)]), Status::Waiting { rank: 2 });
    assert_eq!(shown(vec![infor().offered()]), Status::YourTurn { until: at(10, 8, 42) });
    assert_eq!(shown(vec![infor().held().warned()]), Status::IdleWarning { until: at(10, 9, 42) });
    assert_eq!(shown(vec![infor().lost()]), Status::Lost { at: at(10, 8, 56) });
}

#[test]
fn without_contact_it_is_said_until_when_a_seat_is_safe() {
    let mut broken = view(vec![infor().held()]);
    broken.link = down();
    let state = connected(broken);
    let silence = Silence::Plain;
    let safe =
        Status::Unreachable { since: Some(NOW.wall), safe_until: Some(at(10, 8, 56)), silence };
    assert_eq!(state.shown(NOW).status, safe);
    let gone = Status::Unreachable { since: Some(NOW.wall), safe_until: None, silence };
    assert_eq!(state.shown(later(74_000)).status, gone);
}

#[test]
fn without_contact_a_clone_and_work_without_a_seat_are_said() {
    let mut pool = infor().held();
    pool.pool.policy.offline = hotseat_protocol::view::Offline::Tolerate;
    let mut broken = view(vec![pool]);
    broken.link = down();
    let silence = |view: &View| {
        let status = connected(view.clone()).shown(later(74_000)).status;
        let Status::Unreachable { silence, .. } = status else { panic!("{status:?}") };
        silence
    };
    assert_eq!(silence(&broken), Silence::WithoutSeat);
    let code = hotseat_protocol::problem::Code::MachineCloned;
    let cause = Some(hotseat_protocol::problem::Problem::new(code, "A clone.", "Enrol."));
    broken.link = LinkState::Down { since: None, cause };
    assert_eq!(silence(&broken), Silence::Cloned);
}

#[test]
fn a_seat_past_its_deadline_or_unconfirmed_is_being_checked() {
    let state = connected(view(vec![infor().held()]));
    assert_eq!(state.shown(later(73_999)).status, Status::Holding);
    assert_eq!(state.shown(later(74_000)).status, Status::Unconfirmed);
    let mut pool = infor().held();
    pool.seats[0].confirmed = false;
    assert_eq!(shown(vec![pool]), Status::Unconfirmed);
}

#[test]
fn offers_and_warnings_end_with_their_time() {
    let state = connected(view(vec![infor().offered()]));
    assert_eq!(state.shown(later(60_000)).status, Status::Waiting { rank: 1 });
    assert_eq!(state.next_deadline(NOW), Some(later(60_000).boot_ms));
    assert_eq!(state.next_deadline(later(60_000)), None);
}

#[test]
fn states_for_all_pools_come_before_those_of_one() {
    let mut state = connected(view(vec![infor().lost()]));
    state.contact = Contact::AnotherVersion { theirs: "9.9".to_owned() };
    assert_eq!(state.shown(NOW).status, Status::AnotherVersion { theirs: "9.9".to_owned() });
    state.disconnected(Contact::NoBroker { why: String::new() });
    assert_eq!(state.shown(NOW).status, Status::NoBroker);
    let mut unknown = view(vec![]);
    unknown.link = LinkState::NotEnrolled;
    assert_eq!(connected(unknown).shown(NOW).status, Status::NotEnrolled);
}

#[test]
fn the_most_urgent_pool_shows_and_is_named() {
    let order = [
        infor().lost(),
        infor().offered(),
        infor().held().warned(),
        infor().in_line(1),
        infor().held(),
        infor(),
    ];
    for (urgent, calm) in order.iter().zip(order.iter().skip(1)) {
        let mut calm = calm.clone();
        calm.pool.id = "another".parse().unwrap();
        let state = connected(view(vec![calm, urgent.clone()]));
        let shown = state.shown(NOW);
        assert_eq!(shown.status, status(state.view.as_ref().unwrap(), urgent, NOW));
        assert_eq!(shown.pool.unwrap().pool.id.as_str(), "infor-crm");
    }
}

#[test]
fn nobody_logged_in_is_said_with_and_without_pools() {
    let mut nobody = view(vec![infor()]);
    nobody.account = None;
    let state = connected(nobody);
    assert_eq!(state.shown(NOW).status, Status::SignedOut);
    let mut empty = view(vec![]);
    empty.account = None;
    assert_eq!(connected(empty).shown(NOW).status, Status::SignedOut);
    assert_eq!(shown(vec![]), Status::NoSeat);
}

#[test]
fn changes_are_taken_in_order_and_pools_stay_sorted() {
    let mut state = connected(view(vec![infor()]));
    let changes = vec![
        Change::Pool { pool: Box::new(pool("zebra", "Zebra")) },
        Change::Pool { pool: Box::new(pool("archive", "Archive")) },
        Change::Pool { pool: Box::new(infor().held()) },
        Change::PoolRemoved { pool: "zebra".parse().unwrap() },
    ];
    assert!(state.changed(changes, NOW));
    let names: Vec<&str> = state.pools().iter().map(|pool| pool.pool.name.as_str()).collect();
    assert_eq!(names, ["Archive", "Infor CRM"]);
    assert_eq!(state.shown(NOW).status, Status::Holding);
    assert!(!state.changed(vec![Change::Unknown], NOW), "the whole view is needed");
}

#[test]
fn only_a_seat_of_the_session_makes_quit_a_sign_off() {
    assert!(connected(view(vec![infor().held()])).holds_by_session(NOW));
    assert!(!connected(view(vec![infor()])).holds_by_session(NOW));
    let mut pool = infor();
    pool.seats.push(MySeat { anchor: AnchorKind::Connection, ..seat() });
    assert!(!connected(view(vec![pool])).holds_by_session(NOW));
}

#[test]
fn input_is_watched_as_closely_as_something_hangs_on_it() {
    let pace = |pool| connected(view(vec![pool])).pace(NOW);
    assert_eq!(pace(infor()), Pace::Slow);
    assert_eq!(pace(infor().held()), Pace::Held);
    assert_eq!(pace(infor().held().warned()), Pace::Warned);
}
