//! Waiting for a condition: generous, because the machine may be busy, and bounded, because it may never come.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::interruption;

/// How long a condition may take before the test gives up. No test depends on how fast it comes.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Time between two looks at a condition.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Looks until `probe` finds what it looks for; an error of the probe ends the wait at once.
///
/// # Errors
/// If the probe fails, or [`PATIENCE`] is over; both name `what`.
pub fn wait_until<T>(what: &str, mut probe: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let watch = Stopwatch::start();
    loop {
        if let Some(found) = probe().with_context(|| format!("while waiting until {what}"))? {
            return Ok(found);
        }
        watch.still_patient(PATIENCE, what)?;
        thread::sleep(BETWEEN_LOOKS);
    }
}

/// Like [`wait_until`], for probes that are asynchronous.
///
/// # Errors
/// If the probe fails, or [`PATIENCE`] is over; both name `what`.
pub async fn wait_for<T>(what: &str, probe: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    wait_for_within(PATIENCE, what, probe).await
}

/// Like [`wait_for`], for what takes longer than that by its nature, such as the end of a lease.
///
/// # Errors
/// If the probe fails, or `patience` is over; both name `what`.
pub async fn wait_for_within<T>(
    patience: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let watch = Stopwatch::start();
    loop {
        if let Some(found) = probe().await.with_context(|| format!("while waiting until {what}"))? {
            return Ok(found);
        }
        watch.still_patient(patience, what)?;
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Measures how long something took, for people to read.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    started: Instant,
}

impl Stopwatch {
    /// Starts now, on the monotonic clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "the harness observes real programs in real time"
    )]
    pub fn start() -> Stopwatch {
        Stopwatch { started: Instant::now() }
    }

    /// The time since the start.
    pub fn elapsed(self) -> Duration {
        self.started.elapsed()
    }

    fn still_patient(self, patience: Duration, what: &str) -> Result<()> {
        interruption::check()?;
        if self.elapsed() > patience {
            bail!("waited {} s, but not yet: {what}", patience.as_secs());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probe_is_asked_until_it_finds() {
        let mut looks = 0;
        let found = wait_until("three looks were taken", || {
            looks += 1;
            Ok((looks == 3).then_some(looks))
        });
        assert_eq!(found.expect("the third look finds"), 3);
    }

    #[test]
    fn a_failing_probe_ends_the_wait_and_is_named() {
        let error =
            wait_until::<()>("the cat is back", || bail!("no cat")).expect_err("the probe fails");
        assert_eq!(format!("{error:#}"), "while waiting until the cat is back: no cat");
    }
}
