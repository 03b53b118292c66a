//! When the broker hears of the person's input.

use super::*;

fn reading(last_input: Option<u64>, locked: bool) -> Reading {
    Reading { last_input_boot_ms: last_input, locked }
}

#[test]
fn idle_time_is_counted_from_the_last_input_and_unknown_stays_unknown() {
    assert_eq!(reading(Some(10_000), false).idle_s(75_999), Some(65));
    assert_eq!(reading(Some(10_000), false).idle_s(9_000), Some(0));
    assert_eq!(reading(None, false).idle_s(75_000), None);
}

#[test]
fn activity_is_told_and_growing_idleness_is_not() {
    let old = (reading(Some(10_000), false), 12_000);
    let still_idle = (reading(Some(10_400), false), 20_000);
    assert!(!worth_telling(old, still_idle, Pace::Held));
    let active = (reading(Some(19_000), false), 20_000);
    assert!(worth_telling(old, active, Pace::Held));
}

#[test]
fn a_lock_and_a_source_that_comes_or_dies_are_told() {
    let known = (reading(Some(10_000), false), 12_000);
    let unknown = (reading(None, false), 12_500);
    let locked = (reading(Some(10_000), true), 12_500);
    assert!(worth_telling(known, unknown, Pace::Slow));
    assert!(worth_telling(unknown, known, Pace::Slow));
    assert!(worth_telling(known, locked, Pace::Slow));
    assert!(!worth_telling(unknown, (reading(None, false), 13_000), Pace::Slow));
}

#[test]
fn while_a_seat_is_held_the_broker_hears_every_fifteen_seconds() {
    let old = (reading(Some(10_000), false), 12_000);
    let later = |at| (reading(Some(10_000), false), at);
    assert!(!worth_telling(old, later(26_999), Pace::Held));
    assert!(worth_telling(old, later(27_000), Pace::Held));
    assert!(!worth_telling(old, later(60_000), Pace::Slow));
}

#[test]
fn no_pace_looks_more_often_than_once_a_second() {
    for pace in [Pace::Slow, Pace::Held, Pace::Warned] {
        assert!(interval(pace) >= Duration::from_secs(1));
    }
    assert!(interval(Pace::Held) <= Duration::from_millis(REPORT_EVERY_MS));
}
