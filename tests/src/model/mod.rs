//! Model checking: every order in which a small office can go, up to a depth, over the real rules
//! of the pool and the real core of the broker.
//!
//! Two seats, three machines; messages are lost, arrive late, twice and in any order; clocks run
//! too fast and too slow; time goes in thirds of a lease. What is checked at every state is in
//! `pool.rs` and `system.rs`; a state knows the first promise that was broken on the way to it.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a model looks for the few kinds that matter to it"
)]

mod breakage;
mod checker;
mod machine;
mod office;
mod pool;
mod system;

pub use breakage::Breakage;
pub use checker::{Report, Scenario, check};
