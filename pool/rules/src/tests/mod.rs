//! Tests of the rules: given what happened, when a command comes, then these events follow.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for the few events, steps and outcomes that it speaks of"
)]

mod admin;
mod checks;
mod held;
mod holds;
mod holds_properties;
mod idle;
mod keys;
mod leases;
mod leaving;
mod line;
mod model;
mod numbers;
mod properties;
mod recovery;
mod refusals;
mod renewals;
mod requests;
mod salvage;
mod silence;
mod steps;
mod time;
mod walk;
mod world;
