//! How busy the machine was while a row was measured: what a second is worth on it.
//!
//! An end of a desktop costs a handful of steps, each of them a little work, a byte that is on the disk, and somebody
//! who is woken up. A thread of our own takes such a step again and again, beside the programs and without them, and
//! notes how long it took. Nothing of the product is in it, so a slow product is no excuse for itself.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::waiting::{Stopwatch, wait_for};

/// A step takes some 5 to 20 ms where nothing else runs. Up to here it is no excuse.
const STEP_AT_EASE: Duration = Duration::from_millis(50);
/// Between two steps: they must not be what keeps the machine busy.
const BETWEEN_STEPS: Duration = Duration::from_millis(50);
/// The work of a step: some milliseconds of a processor.
const ROUNDS_OF_WORK: u64 = 100_000;
/// However busy the machine, a promise is not stretched further: beyond, it would mean nothing.
const TIMES_MAX: f64 = 10.0;

/// A thread that takes steps until it is dropped.
#[derive(Debug)]
pub(super) struct Yardstick {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    over: AtomicBool,
    steps: Mutex<Vec<Step>>,
}

/// A step that was taken.
#[derive(Clone, Copy, Debug)]
struct Step {
    begun: Stopwatch,
    took: Duration,
}

/// The slowest step while something was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
    slowest: Duration,
}

impl Yardstick {
    /// Begins to take steps, with a file in `folder`.
    ///
    /// # Errors
    /// If that file cannot be made.
    pub(super) fn start(folder: &Path) -> Result<Yardstick> {
        let path = folder.join("yardstick");
        let mut file =
            File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            while !theirs.over.load(Ordering::Relaxed) {
                let begun = Stopwatch::start();
                thread::sleep(Duration::from_millis(1));
                // A disk that takes nothing is told by the programs, whose disk it is too.
                let _ = work(&mut file);
                let took = begun.elapsed();
                let mut steps = theirs.steps.lock().unwrap_or_else(PoisonError::into_inner);
                steps.push(Step { begun, took });
                drop(steps);
                thread::sleep(BETWEEN_STEPS);
            }
        });
        Ok(Yardstick { shared, thread: Some(thread) })
    }

    /// The slowest step that was under way since the watch was started; at least one that began after it.
    ///
    /// # Errors
    /// If none ends.
    pub(super) async fn since(&self, watch: Stopwatch) -> Result<Busy> {
        wait_for("a step of the yardstick is taken", async || Ok(self.slowest(watch))).await
    }

    fn slowest(&self, watch: Stopwatch) -> Option<Busy> {
        let steps = self.shared.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let ago: Vec<_> = steps.iter().map(|step| (step.begun.elapsed(), step.took)).collect();
        slowest_within(watch.elapsed(), &ago)
    }
}

/// The slowest of steps, each with how long ago it began and how long it took, that were under way within the last
/// `window`; none as long as the newest began before it.
fn slowest_within(window: Duration, steps: &[(Duration, Duration)]) -> Option<Busy> {
    steps.last().filter(|(began, _)| *began <= window)?;
    let meanwhile = steps.iter().filter(|(began, took)| began.saturating_sub(*took) <= window);
    let slowest = meanwhile.map(|(_, took)| *took).max()?;
    Some(Busy { slowest })
}

impl Drop for Yardstick {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It ends after the step that it is at; if it panicked, nobody asks for steps any more.
            let _ = thread.join();
        }
    }
}

impl Busy {
    /// A machine with nothing else to do.
    pub const NOT_AT_ALL: Busy = Busy { slowest: Duration::ZERO };

    /// How many times as long as on a machine at ease something may take on this one.
    #[must_use]
    pub fn times(self) -> f64 {
        (self.slowest.as_secs_f64() / STEP_AT_EASE.as_secs_f64()).clamp(1.0, TIMES_MAX)
    }

    /// Its slowest step.
    #[must_use]
    pub fn slowest(self) -> Duration {
        self.slowest
    }
}

/// Some milliseconds of a processor, and a byte on the disk.
fn work(file: &mut File) -> Result<()> {
    let mut mixed = 1u64;
    for round in 0..ROUNDS_OF_WORK {
        mixed = mixed.rotate_left(5) ^ round.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    let byte = mixed.to_le_bytes()[0];
    file.write_all(&[byte])?;
    file.sync_data()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy(slowest_ms: u64) -> Busy {
        Busy { slowest: Duration::from_millis(slowest_ms) }
    }

    #[test]
    fn a_machine_at_ease_excuses_nothing_and_no_machine_excuses_everything() {
        let times = [0, 20, 50, 100, 500, 60_000].map(|ms| busy(ms).times());
        let expected = [1.0, 1.0, 1.0, 2.0, 10.0, 10.0];
        assert!(times.iter().zip(expected).all(|(is, should)| (is - should).abs() < 1e-9));
    }

    #[test]
    fn a_step_counts_that_was_under_way_and_one_that_was_over_does_not() {
        let ms = Duration::from_millis;
        let over = (ms(900), ms(300));
        let begun_before = (ms(600), ms(200));
        let since = (ms(300), ms(10));
        let window = ms(500);
        assert_eq!(slowest_within(window, &[over, begun_before, since]), Some(busy(200)));
        assert_eq!(slowest_within(window, &[over, since]), Some(busy(10)));
        assert_eq!(slowest_within(window, &[over, begun_before]), None, "none began since");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn steps_are_taken_as_long_as_it_lives() {
        let folder = tempfile::TempDir::new().unwrap();
        let yardstick = Yardstick::start(folder.path()).unwrap();
        for _ in 0..3 {
            let busy = yardstick.since(Stopwatch::start()).await.unwrap();
            assert!(busy.slowest() > Duration::ZERO);
        }
        let shared = Arc::clone(&yardstick.shared);
        drop(yardstick);
        assert_eq!(Arc::strong_count(&shared), 1, "its thread has ended");
    }
}
