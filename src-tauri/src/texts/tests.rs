//! Sentences that are put together from parts.

use hotseat_protocol::problem::HolderFact;
use hotseat_protocol::quantity::IdleSeconds;

use super::*;
use crate::samples::{at, english};

fn holder(user: Option<&str>, idle: Option<u64>) -> HolderFact {
    HolderFact {
        user: user.map(str::to_owned),
        client: "network".parse().unwrap(),
        since: at(9, 0, 0),
        idle_s: idle.and_then(IdleSeconds::new),
    }
}

fn full(holders: &[HolderFact], waiting: u32, usually: Option<[u32; 2]>) -> String {
    let text = FullText { holders, waiting, usually_waits_s: usually, legacy_message: None };
    English.note_full("Infor CRM", text).body
}

#[test]
fn times_are_those_of_the_persons_zone_and_have_two_digits() {
    let berlin = Texts::english(TimeZone::fixed(jiff::tz::offset(2)));
    let noon = at(12, 0, 0);
    assert_eq!(english().clock(at(9, 5, 7), noon), "09:05:07");
    assert_eq!(berlin.clock(at(9, 5, 7), noon), "11:05:07");
    assert_eq!(berlin.clock_minutes(at(9, 5, 7), noon), "11:05");
}

#[test]
fn a_time_of_another_day_says_which() {
    let berlin = Texts::english(TimeZone::fixed(jiff::tz::offset(2)));
    // A Wednesday in November.
    let (noon, evening) = (at(12, 0, 0), at(23, 5, 7));
    assert_eq!(english().clock(evening, at(24 + 9, 0, 0)), "Wed\u{a0}23:05:07");
    assert_eq!(english().clock(evening, noon), "23:05:07");
    assert_eq!(berlin.clock_minutes(evening, noon), "Thu\u{a0}01:05", "after midnight there");
}

#[test]
fn durations_are_short_and_do_not_break() {
    assert_eq!(duration(40), "40\u{a0}s");
    assert_eq!(duration(25 * 60 + 59), "25\u{a0}min");
    assert_eq!(duration(3600), "1\u{a0}h");
    assert_eq!(duration(3600 + 300), "1\u{a0}h 5\u{a0}min");
}

#[test]
fn a_full_pool_names_who_sits_there_and_what_to_expect() {
    let two = [holder(Some("Lucy"), Some(14 * 60)), holder(Some("Bill"), Some(5))];
    assert_eq!(
        full(&two, 0, Some([600, 870])),
        "All seats are in use: Lucy (idle 14\u{a0}min) and Bill. \
         You would be next; usually 10–15\u{a0}min."
    );
    assert_eq!(
        full(&[holder(None, None), holder(Some("Bill"), None)], 2, None),
        "All seats are in use: Bill and a colleague. You would be number 3."
    );
    let hidden = [holder(None, None), holder(None, None)];
    assert_eq!(full(&hidden, 0, None), "All seats are in use. You would be next.");
}

#[test]
fn the_fixed_message_comes_with_the_truth_about_the_password() {
    let text = FullText {
        holders: &[],
        waiting: 0,
        usually_waits_s: None,
        legacy_message: Some("there are no concurrent licenses available for use"),
    };
    let body = English.note_full("Infor CRM", text).body;
    assert!(body.ends_with(
        "\"there are no concurrent licenses available for use\" is not about your password: \
         the pool is full."
    ));
}

#[test]
fn a_warning_says_who_waits_as_far_as_that_may_be_said() {
    let text = |wanted, waiter| {
        English.note_warning(WarningText {
            name: Some("Lucy"),
            idle_s: 25 * 60,
            until: "10:16:05",
            wanted,
            waiter,
        })
    };
    assert_eq!(text(true, Some("Olaf")).title, "Still there, Lucy?");
    assert_eq!(
        text(true, Some("Olaf")).body,
        "Olaf is waiting; you have been idle 25\u{a0}min. Your seat goes to Olaf at 10:16:05."
    );
    assert_eq!(text(false, None).body, "Idle 25\u{a0}min. Your seat goes back at 10:16:05.");
    assert!(!text(true, None).body.contains("Olaf"));
}

#[test]
fn a_person_is_not_told_of_what_they_did_themselves() {
    for end in [PlaceEnd::Seated, PlaceEnd::Left, PlaceEnd::Declined, PlaceEnd::Superseded] {
        assert_eq!(English.note_place_ended("Infor CRM", end), None);
    }
    assert!(English.note_place_ended("Infor CRM", PlaceEnd::OfferLapsed).is_some());
}
