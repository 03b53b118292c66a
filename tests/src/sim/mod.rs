//! A deterministic simulation of one pool, several brokers and an application server: the real
//! engine, the real rules and the real broker core, in virtual time, over a network that delays,
//! loses, repeats, reorders and cuts, with crashes, pauses, drifting and jumping clocks and failing
//! disks. Everything follows from one seed, or from a [`Script`] that was written down.
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
mod callers;
mod calls;
mod clock;
mod clones;
mod commands;
mod directory;
mod doorway;
mod fingerprint;
mod greetings;
mod guests;
mod happening;
mod healing;
mod held;
mod hostile;
mod invariants;
mod lasting;
mod ledger;
mod links;
mod machine;
mod misfortunes;
mod network;
mod office;
mod pool;
mod programs;
pub(crate) mod random;
mod reckoning;
mod script;
mod settings;
mod setup;
mod shrink;
mod spans;
mod statements;
mod stores;
mod trust;
mod users;
pub(crate) mod words;
mod world;

use fingerprint::Fingerprint;
pub use script::Script;
pub use shrink::shrink;
use world::World;

/// For how long things go wrong, in ms of true time.
const TROUBLE: u64 = 15 * 60_000;

/// What clones and turned stores met in a play.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Met {
    /// Machines that were cloned.
    pub clones: u64,
    /// Greetings that were refused as a clone's.
    pub refused: u64,
    /// Of these, because somebody answered a ping.
    pub refused_by_ping: u64,
    /// Older copies that were taken for the machine, their leftovers void.
    pub void: u64,
    /// Computers that were out of reach when another one was taken for them.
    pub overtook: u64,
    /// Beliefs of such computers that were looked at.
    pub overtaken: u64,
    /// Backups that were put back.
    pub restored: u64,
    /// Stores that were rolled back behind the pool's back.
    pub rolled_back: u64,
    /// Of these, told to the pool by a machine.
    pub behind: u64,
    /// Generations that `recover` began.
    pub recovered: u64,
    /// Beliefs in seats of a lost history that were looked at.
    pub orphans: u64,
    /// Settings that were changed while seats were held.
    pub settings: u64,
    /// Messages of a machine that means harm.
    pub hostile: u64,
    /// Log-ins and invitations that lived to their end.
    pub lapsed: u64,
    /// Checks that set a seat aside, or made that longer.
    pub set_aside: u64,
    /// Sign-ons that used one.
    pub used: u64,
}

impl Met {
    /// What several plays met together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            clones: self.clones + other.clones,
            refused: self.refused + other.refused,
            refused_by_ping: self.refused_by_ping + other.refused_by_ping,
            void: self.void + other.void,
            overtook: self.overtook + other.overtook,
            overtaken: self.overtaken + other.overtaken,
            restored: self.restored + other.restored,
            rolled_back: self.rolled_back + other.rolled_back,
            behind: self.behind + other.behind,
            recovered: self.recovered + other.recovered,
            orphans: self.orphans + other.orphans,
            settings: self.settings + other.settings,
            hostile: self.hostile + other.hostile,
            lapsed: self.lapsed + other.lapsed,
            set_aside: self.set_aside + other.set_aside,
            used: self.used + other.used,
        }
    }

    /// What never came about; a simulation without it proves nothing about it.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let counts = [
            (self.clones, "a machine is cloned"),
            (self.refused, "a clone is refused"),
            (self.refused_by_ping, "a clone is refused because the other answers a ping"),
            (self.void, "an older copy is taken for the machine, its leftovers void"),
            (self.overtook, "a clone is taken for a machine that is out of reach"),
            (self.overtaken, "a machine that was overtaken believes in what it was answered"),
            (self.restored, "a backup is put back"),
            (self.rolled_back, "a store is rolled back"),
            (self.behind, "a machine tells the pool that it was rolled back"),
            (self.recovered, "a store is recovered"),
            (self.orphans, "a machine believes in a seat that the store has lost"),
            (self.settings, "a setting is changed while seats are held"),
            (self.hostile, "a machine that means harm says something"),
            (self.lapsed, "a log-in or an invitation ends"),
            (self.set_aside, "a check sets a seat aside"),
            (self.used, "a seat that was set aside is used"),
        ];
        counts.iter().filter(|(count, _)| *count == 0).map(|(_, what)| *what).collect()
    }
}

/// What one play showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// How much happened.
    pub steps: u64,
    /// Seats granted.
    pub grants: u64,
    /// Offers made.
    pub offers: u64,
    /// How often it was checked that what a broker calls held is counted.
    pub held: u64,
    /// Sign-offs that were acknowledged.
    pub sign_offs: u64,
    /// What clones and turned stores met.
    pub met: Met,
    /// A hash over all that the journal says, but for the wall clock.
    pub journal: u64,
}

/// How a play broke a promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which promise, in its first words: `promise 2`.
    pub kind: String,
    /// When, in ms of true time.
    pub at: u64,
    /// All of it.
    pub text: String,
}

/// Where a trace goes, line by line.
pub type Trace = Box<dyn FnMut(String)>;

/// Plays one script to its end; a trace tells what happens.
///
/// # Errors
///
/// The step, the time and the promise that was broken.
pub fn play(script: &Script, trace: Option<Trace>) -> Result<Report, Failure> {
    let mut world = World::new(script);
    world.trace = trace;
    perform(&mut world)
}

/// Plays a script with a pool whose wall clock never jumps.
///
/// # Errors
///
/// As [`play`].
pub fn play_without_wall_jumps(script: &Script) -> Result<Report, Failure> {
    let mut world = World::new(script);
    world.pool_wall_stands = true;
    perform(&mut world)
}

/// Plays a script for the sake of what its brokers want done: a number that is the same for two
/// cores that do the same.
///
/// # Errors
///
/// As [`play`].
pub fn fingerprint(script: &Script) -> Result<u64, Failure> {
    let mut world = World::new(script);
    for machine in &mut world.machines {
        machine.fingerprint = Some(Fingerprint::default());
    }
    perform(&mut world)?;
    let prints = world.machines.iter().filter_map(|machine| machine.fingerprint.as_ref());
    Ok(prints.fold(0, |all, print| all.rotate_left(7) ^ print.digest()))
}

fn perform(world: &mut World) -> Result<Report, Failure> {
    let mut held = 0;
    while world.next_at().is_some_and(|at| at <= TROUBLE) {
        world.step();
        held += world.check_always().map_err(|what| failure(world, what))?;
    }
    held += world.heal_and_check().map_err(|what| failure(world, what))?;
    Ok(Report {
        steps: world.steps,
        grants: world.audit.grants,
        offers: world.audit.offers,
        held,
        sign_offs: world.promised.len() as u64,
        met: Met { set_aside: world.audit.held.set, used: world.audit.held.taken, ..world.met },
        journal: world.ledger.digest(),
    })
}

fn failure(world: &World, what: String) -> Failure {
    let kind: String = what.chars().take_while(|c| *c != ':').collect();
    let text = format!("step {}, at {} ms: {what}", world.steps, world.now);
    Failure { kind, at: world.now, text }
}
