//! Plays rows, some at once, each on a thread and a runtime of its own.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use hotseat_tests::ends::{Measured, Row, Seen, Setting};
use hotseat_tests::interruption;
use hotseat_tests::waiting::Stopwatch;

use crate::output;

/// Threads of each row's runtime: the row itself, and the buses that it serves.
const THREADS_OF_A_ROW: usize = 2;

/// Plays all rows, so many at once, and returns what was measured in the order of the rows. Each is told when it is
/// over.
///
/// # Errors
/// If one of them did not end as promised; the others are played all the same.
pub(crate) fn all(rows: &[Row], setting: Setting, at_once: u8) -> Result<Vec<Measured>> {
    let next = AtomicUsize::new(0);
    let measured = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some((place, row)) = take(rows, &next) {
                    let outcome = one(row, setting);
                    if let Ok(mut measured) = measured.lock() {
                        measured.push((place, outcome));
                    }
                }
            });
        }
    });
    let mut measured = measured.into_inner().unwrap_or_default();
    measured.sort_by_key(|(place, _)| *place);
    interruption::check()?;
    let failed = measured.iter().filter(|(_, outcome)| outcome.is_err()).count();
    if failed > 0 {
        bail!("{failed} of {} rows did not end as promised, see above", rows.len());
    }
    measured.into_iter().map(|(_, outcome)| outcome).collect()
}

fn take<'a>(rows: &'a [Row], next: &AtomicUsize) -> Option<(usize, &'a Row)> {
    interruption::check().ok()?;
    let place = next.fetch_add(1, Ordering::Relaxed);
    Some((place, rows.get(place)?))
}

fn one(row: &Row, setting: Setting) -> Result<Measured> {
    let watch = Stopwatch::start();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS_OF_A_ROW)
        .enable_all()
        .build()
        .context("cannot start a runtime")?;
    let outcome = runtime.block_on(row.measure(setting));
    runtime.shutdown_background();
    if interruption::check().is_err() {
        return outcome;
    }
    let told = match &outcome {
        Ok(measured) => seen(measured, setting.lease()),
        Err(error) => format!("FAILED: {error:#}"),
    };
    output::progress(&format!("{}: {told} [{:.0} s]", row.name, watch.elapsed().as_secs_f64()));
    outcome
}

fn seen(measured: &Measured, lease: Duration) -> String {
    match &measured.seen {
        Some(Seen::Freed(released, _)) => {
            let free =
                format!("free after {:.2} s, {}", released.after.as_secs_f64(), released.reason);
            match measured.stretched(lease) {
                Some(times) => format!(
                    "{free} (the machine was busy: {times:.1} times the second was allowed)"
                ),
                None => free,
            }
        }
        Some(Seen::Kept) => "kept".to_owned(),
        None => "not yet".to_owned(),
    }
}
