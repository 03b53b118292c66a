//! Model checking. `MODEL_DEPTH=n cargo test -p hotseat-tests --test model -- --nocapture` looks
//! deeper; `cargo xtask model --depth n` does the same.

use hotseat_tests::model::{Scenario, check};

#[expect(clippy::disallowed_methods, reason = "a test's own switch, read where it is used")]
fn depth(usual: usize) -> usize {
    let Ok(text) = std::env::var("MODEL_DEPTH") else {
        return usual;
    };
    text.parse().unwrap_or_else(|_| panic!("MODEL_DEPTH is {text:?}: give a number of steps"))
}

fn holds(scenario: Scenario, usual: usize) {
    let report = check(scenario, depth(usual)).unwrap_or_else(|broken| panic!("{broken}"));
    println!(
        "{scenario:?}: {} states, {} steps between them, every one to depth {}",
        report.states, report.steps, report.depth
    );
}

#[test]
fn from_an_empty_pool_every_promise_is_kept() {
    holds(Scenario::Empty, 5);
}

#[test]
fn from_a_full_pool_every_promise_is_kept() {
    holds(Scenario::Full, 5);
}

#[test]
fn from_a_line_every_promise_is_kept() {
    holds(Scenario::Line, 5);
}

#[test]
fn from_unheard_answers_every_promise_is_kept() {
    holds(Scenario::Unheard, 5);
}
