//! What the page is shown.

use hotseat_protocol::problem::{Code, Problem};

use super::*;
use crate::samples::{NOW, Sample, at, down, holder, infor, later, view};
use hotseat_protocol::ipc::View;

fn state(view: View) -> AppState {
    let mut state = AppState::new();
    state.contact = Contact::Connected;
    state.snapshot(view, NOW);
    state
}

fn shown(view: View, now: Now) -> WindowView {
    of(&state(view), &WindowMemory::default(), now)
}

#[test]
fn phases_follow_the_contact() {
    let mut nothing = AppState::new();
    let phase = |state: &AppState| of(state, &WindowMemory::default(), NOW).phase;
    assert_eq!(phase(&nothing), Phase::NoBroker);
    nothing.contact = Contact::AnotherVersion { theirs: "9.9".to_owned() };
    assert!(matches!(phase(&nothing), Phase::AnotherVersion { .. }));
    let mut new = view(vec![]);
    new.link = LinkState::NotEnrolled;
    assert_eq!(shown(new, NOW).phase, Phase::NotEnrolled);
    assert_eq!(shown(view(vec![]), NOW).phase, Phase::Ready);
}

#[test]
fn countdowns_are_what_is_left_when_sent() {
    let pool = infor().held().warned();
    let card = &shown(view(vec![pool]), later(20_000)).pools[0];
    let warning = card.warning.as_ref().unwrap();
    assert_eq!(warning.countdown.left_ms, 100_000);
    assert_eq!(warning.countdown.of_ms, Some(120_000));
    assert_eq!(card.my_seat.as_ref().unwrap().safe.left_ms, 54_000);
}

#[test]
fn an_offers_bar_is_as_long_as_the_offer_was_when_it_came() {
    let state = state(view(vec![infor().offered()]));
    let view = of(&state, &WindowMemory::default(), later(45_000));
    let offer = view.pools[0].my_place.as_ref().unwrap().offer.clone().unwrap();
    assert_eq!((offer.left_ms, offer.of_ms), (15_000, Some(60_000)));
    assert_eq!(offer.ends_at, at(10, 8, 42).to_string());
}

#[test]
fn what_has_ended_is_not_shown() {
    let late = shown(view(vec![infor().offered()]), later(60_000));
    assert_eq!(late.pools[0].my_place.as_ref().unwrap().offer, None);
    let late = shown(view(vec![infor().held().warned()]), later(120_000));
    assert_eq!(late.pools[0].warning, None);
    assert!(!late.pools[0].my_seat.as_ref().unwrap().confirmed);
}

#[test]
fn the_passing_of_time_alone_is_no_new_view() {
    let state = state(view(vec![infor().held().warned()]));
    let at = |ms| of(&state, &WindowMemory::default(), later(ms));
    assert!(differ_only_in_time(&at(0), &at(5_000)));
    assert!(!differ_only_in_time(&at(0), &at(120_000)));
}

#[test]
fn a_broken_link_says_since_when() {
    let mut broken = view(vec![infor()]);
    broken.link = down();
    let link = shown(broken, NOW).link;
    let since = Some(NOW.wall.to_string());
    assert_eq!(link, Link::Down { since, cause: None, refused: false });
}

#[test]
fn a_pool_that_says_no_to_this_computer_is_told_from_one_that_is_silent() {
    let refused = |code| {
        let mut broken = view(vec![infor()]);
        let problem = Problem::new(code, "What it says.", "What to do.");
        broken.link = LinkState::Down { since: None, cause: Some(problem) };
        let Link::Down { cause, refused, .. } = shown(broken, NOW).link else { panic!("down") };
        assert_eq!(cause.unwrap().next.as_deref(), Some("What to do."));
        refused
    };
    for no in [Code::MachineCloned, Code::MachineRevoked, Code::NotAuthenticated, Code::Unknown] {
        assert!(refused(no), "{no:?}");
    }
    for silent in [Code::PoolUnreachable, Code::Unavailable, Code::PoolRecovering] {
        assert!(!refused(silent), "{silent:?}");
    }
}

#[test]
fn a_loss_names_its_reason_as_the_wire_does() {
    let card = &shown(view(vec![infor().lost()]), NOW).pools[0];
    assert_eq!(card.lost.as_ref().unwrap().reason, "lease_expired");
}

#[test]
fn after_a_loss_it_is_shown_who_has_the_seats_while_the_pool_can_tell() {
    let after = |view| shown(view, NOW).pools[0].lost.clone().unwrap().after;
    let mut full = infor().in_use(2).lost();
    full.pool.holders = vec![holder("Bill"), holder("Olaf")];
    let with = vec!["Bill".to_owned(), "Olaf".to_owned()];
    let expected = Some(After { free: false, with, would_be: 1 });
    assert_eq!(after(view(vec![full.clone()])), expected);
    let free = Some(After { free: true, with: Vec::new(), would_be: 1 });
    assert_eq!(after(view(vec![infor().in_use(1).lost()])), free);
    let mut broken = view(vec![full]);
    broken.link = down();
    assert_eq!(after(broken), None);
}

#[test]
fn a_loss_that_was_seen_stays_until_there_is_something_newer() {
    let mut memory = WindowMemory::default();
    let mut lost_after = |pool: ipc::PoolState| {
        let state = state(view(vec![pool]));
        memory.remember(&state);
        of(&state, &memory, NOW).pools[0].lost.is_some()
    };
    assert!(lost_after(infor().lost()));
    assert!(lost_after(infor()), "seen, and still on the screen");
    assert!(!lost_after(infor().in_line(1)), "the line was joined elsewhere");
    assert!(!lost_after(infor()));
}

#[test]
fn work_without_a_seat_is_shown_where_the_pool_tolerates_it() {
    let mut pool = infor().held();
    pool.pool.policy.offline = hotseat_protocol::view::Offline::Tolerate;
    let mut broken = view(vec![pool]);
    broken.link = down();
    assert!(!shown(broken.clone(), NOW).pools[0].without_seat, "the seat is still held");
    assert!(shown(broken, later(74_000)).pools[0].without_seat);
}

#[test]
fn what_is_wrong_with_this_computer_is_shown_although_the_link_works() {
    let mut twice = view(vec![infor()]);
    twice.trouble = Some(Problem::new(Code::MachineCloned, "It is used twice.", "Enrol again."));
    let shown = shown(twice, NOW);
    assert_eq!(shown.link, Link::Up);
    let trouble = shown.trouble.unwrap();
    assert_eq!(
        (trouble.code.as_str(), trouble.text.as_str()),
        ("machine_cloned", "It is used twice.")
    );
}
