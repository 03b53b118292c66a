//! The broker on real sockets: a pool server that the tests play, programs that they are, and the
//! real binary.
//!
//! Nothing here depends on speed: each wait is for an event, with a bound for the case that it
//! never comes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::wildcard_enum_match_arm, reason = "what was not expected is shown")]

mod command_line;
mod desktop;
mod enrolment;
mod fake_broker;
mod fake_pool;
mod greeting;
mod hostile;
mod lies;
mod links;
mod odd_frames;
mod platform;
mod process;
mod programs;
mod proxy;
mod restarts;
mod seats;
mod secrets;
mod watching;

use std::future::Future;
use std::time::Duration;

/// How long an event may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for an event; fails the test, naming it, when it does not come.
async fn soon<T>(what: &str, event: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, event).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: not within {PATIENCE:?}"),
    }
}
