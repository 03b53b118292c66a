//! Where systemd does not run, a test sends the signals that the shipped unit file names.

use std::fs;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use crate::paths::workspace;

/// The unit of the broker, as it ships.
const BROKER: &str = "broker/etc/hotseat-broker.service";

/// What systemd sends to the broker for `systemctl stop` and when the machine goes down.
///
/// # Errors
/// If the unit file does not say, or names a signal that is not known here.
pub fn stop_signal() -> Result<Signal> {
    signal_in(&broker()?, "KillSignal")
}

/// What systemd sends to the broker for `systemctl restart`, as an upgrade does.
///
/// # Errors
/// If the unit file does not say, or names a signal that is not known here.
pub fn restart_signal() -> Result<Signal> {
    signal_in(&broker()?, "RestartKillSignal")
}

fn broker() -> Result<String> {
    let file = workspace().join(BROKER);
    fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))
}

fn signal_in(unit: &str, key: &str) -> Result<Signal> {
    // As systemd reads it: the last line with the key is the one that counts.
    let mut values = unit.lines().rev().filter_map(|line| line.trim().split_once('='));
    let value = values.find(|(name, _)| name.trim_end() == key);
    let (_, value) = value.with_context(|| format!("the unit file says nothing of {key}"))?;
    Ok(match value.trim() {
        "SIGTERM" => Signal::TERM,
        "SIGINT" => Signal::INT,
        "SIGHUP" => Signal::HUP,
        "SIGQUIT" => Signal::QUIT,
        "SIGUSR1" => Signal::USR1,
        "SIGUSR2" => Signal::USR2,
        "SIGKILL" => Signal::KILL,
        other => bail!("{key} is {other}, which this test cannot send"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_and_a_missing_one_is_named() {
        let unit = "[Service]\nKillSignal=SIGHUP\nKillSignal = SIGINT\n";
        assert_eq!(signal_in(unit, "KillSignal").expect("a signal"), Signal::INT);
        let error = signal_in(unit, "RestartKillSignal").expect_err("it is not there");
        assert!(error.to_string().contains("RestartKillSignal"), "{error}");
    }
}
