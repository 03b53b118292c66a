//! SIGTERM, SIGINT or SIGHUP to one of our measuring programs: everything that it started ends, and then it.
//!
//! The signal kills the processes; whoever waits for one of them fails at once instead of at the end of its patience,
//! and the program unwinds, so that its folders go too.

use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::signal::unix::{SignalKind, signal};

use crate::children;

/// The signal that came, or 0.
static CAME: AtomicI32 = AtomicI32::new(0);

/// Unwinding takes moments; after this the program ends without it.
const UNWINDS_WITHIN: Duration = Duration::from_secs(10);
/// The signals, with their numbers.
const SIGNALS: [SignalKind; 3] =
    [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];

/// Begins to listen. To be called once, before anything is started.
///
/// # Errors
/// If the signals cannot be listened to.
pub fn listen() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot listen for signals")?;
    let [mut terminate, mut interrupt, mut hangup] = {
        let _inside = runtime.enter();
        let [terminate, interrupt, hangup] = SIGNALS.map(signal);
        [terminate?, interrupt?, hangup?]
    };
    thread::spawn(move || {
        runtime.block_on(async {
            let which = tokio::select! {
                _ = terminate.recv() => SignalKind::terminate(),
                _ = interrupt.recv() => SignalKind::interrupt(),
                _ = hangup.recv() => SignalKind::hangup(),
            };
            CAME.store(which.as_raw_value(), Ordering::SeqCst);
            children::kill_everything();
            tokio::time::sleep(UNWINDS_WITHIN).await;
            children::kill_everything();
            std::process::exit(i32::from(code_of(which.as_raw_value())));
        });
    });
    Ok(())
}

/// Fails once a signal has come.
///
/// # Errors
/// If one has.
pub fn check() -> Result<()> {
    match CAME.load(Ordering::SeqCst) {
        0 => Ok(()),
        number => bail!("interrupted by signal {number}"),
    }
}

/// The exit code of a program that a signal has ended; none when none came.
#[must_use]
pub fn exit_code() -> Option<u8> {
    match CAME.load(Ordering::SeqCst) {
        0 => None,
        number => Some(code_of(number)),
    }
}

/// As shells say it.
fn code_of(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}
