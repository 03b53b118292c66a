//! Model checking, as deep as a minute allows; `cargo xtask model --depth N` looks deeper.

use hotseat_tests::model::{Breakage, Scenario, check};

#[expect(clippy::print_stdout, reason = "numbers are for people; the test runner keeps them")]
fn holds(scenario: Scenario, depth: usize) {
    let report = check(scenario, depth, None).unwrap_or_else(|broken| panic!("{broken}"));
    println!("{report}");
}

#[test]
fn from_an_empty_pool_every_promise_is_kept() {
    holds(Scenario::Empty, 4);
}

#[test]
fn from_a_full_pool_every_promise_is_kept() {
    holds(Scenario::Full, 4);
}

#[test]
fn from_an_offer_on_its_way_every_promise_is_kept() {
    holds(Scenario::Line, 4);
}

#[test]
fn from_unheard_answers_every_promise_is_kept() {
    holds(Scenario::Unheard, 3);
}

/// The checker says which promise a broken rule breaks.
#[expect(clippy::print_stdout, reason = "numbers are for people; the test runner keeps them")]
fn notices(scenario: Scenario, depth: usize, breakage: Breakage, promise: &str) {
    let broken = check(scenario, depth, Some(breakage)).expect_err("a broken rule is noticed");
    println!("{broken}");
    assert!(broken.contains(promise), "{broken}");
}

#[test]
fn a_leaving_seat_taken_for_a_free_one_is_noticed() {
    notices(Scenario::Full, 3, Breakage::GrantsLeaving, "promise 1");
}

#[test]
fn a_renewal_of_what_is_not_claimed_is_noticed() {
    notices(Scenario::Empty, 4, Breakage::RenewsUnclaimed, "promise 8");
}

#[test]
fn an_older_epoch_that_counts_is_noticed() {
    notices(Scenario::Unheard, 4, Breakage::IgnoresEpochs, "fence");
}

#[test]
fn a_second_release_is_noticed() {
    notices(Scenario::Full, 2, Breakage::ReleasesTwice, "promise 3");
}

#[test]
fn belief_from_the_receipt_is_noticed() {
    notices(Scenario::Unheard, 2, Breakage::BelievesFromReceipt, "promise 2");
}
