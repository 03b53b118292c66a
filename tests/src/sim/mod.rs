//! A deterministic simulation of one pool and several brokers: the real engine, the real rules and
//! the real broker core, in virtual time, over a network that delays, loses, repeats and cuts,
//! with crashes, pauses, drifting clocks and failing disks. Everything follows from one seed.
//!
//! After every step the promises that must always hold are checked, at the end, when all faults
//! have healed, those that come true in time.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a simulation looks for the few kinds that matter to it"
)]

mod actions;
mod acts;
mod audit;
mod brokers;
mod clock;
mod commands;
mod healing;
mod invariants;
mod links;
mod machine;
mod misfortunes;
mod network;
mod pool;
pub(crate) mod random;
mod users;
pub(crate) mod words;
mod world;

use world::World;

/// For how long things go wrong, in ms of true time.
const TROUBLE: u64 = 15 * 60_000;

/// What one seed showed.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    /// How much happened.
    pub steps: u64,
    /// Seats granted.
    pub grants: u64,
    /// Offers made.
    pub offers: u64,
    /// How often a broker said that a seat is held.
    pub held: u64,
    /// Sign-offs that were acknowledged.
    pub sign_offs: u64,
}

/// Where a trace goes, line by line.
pub type Trace = Box<dyn FnMut(String)>;

/// Plays one seed to its end; a trace tells what happens.
///
/// # Errors
///
/// The seed, the step, the time and the promise that was broken.
pub fn play(seed: u64, trace: Option<Trace>) -> Result<Report, String> {
    let mut world = World::new(seed);
    world.trace = trace;
    let mut held = 0;
    let told = |world: &World, what: String| {
        format!(
            "seed {seed}, step {}, at {} ms: {what}\nSEED={seed} replays it with a trace",
            world.steps, world.now
        )
    };
    while world.next_at().is_some_and(|at| at <= TROUBLE) {
        world.step();
        held += world.check_always().map_err(|what| told(&world, what))?;
    }
    held += world.heal_and_check().map_err(|what| told(&world, what))?;
    Ok(Report {
        steps: world.steps,
        grants: world.audit.grants,
        offers: world.audit.offers,
        held,
        sign_offs: world.promised.len() as u64,
    })
}
