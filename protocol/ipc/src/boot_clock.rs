//! The clock on which IPC states deadlines: it runs on while the computer sleeps, and no one can
//! set it. Both ends read the same one, so a deadline needs no translation.

use super::platform;

/// Milliseconds since this boot of the computer, sleep included.
#[must_use]
pub fn now_ms() -> u64 {
    platform::boot_ms()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_runs_backwards() {
        let readings: Vec<u64> = (0..1000).map(|_| now_ms()).collect();
        assert!(readings.is_sorted());
        assert!(readings[0] > 0);
    }
}
