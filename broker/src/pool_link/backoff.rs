//! How long to wait before the next attempt. Pure.

use std::time::Duration;

/// The longest first wait; each failure doubles the longest.
const FIRST: Duration = Duration::from_millis(250);

/// No wait is longer, unless the pool server asks for it.
const LONGEST: Duration = Duration::from_secs(10);

/// A pool server that asks for more patience than this is not believed: a lease is 90 s.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);

/// Doublings after which [`LONGEST`] is surely reached.
const DOUBLINGS_MAX: u32 = 6;

/// Failures since the last link that proved itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// A link has ended, or an attempt to make one failed: how long to wait now. After a link that
    /// was `proven` it is waited as after the first failure.
    pub(super) fn after(
        &mut self,
        proven: bool,
        share: f64,
        retry_after: Option<Duration>,
    ) -> Duration {
        if proven {
            self.failures = 0;
        }
        self.failed(share, retry_after)
    }

    /// An attempt or a link failed: how long to wait now.
    ///
    /// `share`, from 0 up to 1, is the random share of the longest wait that is taken: full
    /// jitter, so that the machines of an office do not come back in step. `retry_after` is what
    /// the pool server asks for.
    fn failed(&mut self, share: f64, retry_after: Option<Duration>) -> Duration {
        let longest = FIRST * (1 << self.failures.min(DOUBLINGS_MAX));
        self.failures = self.failures.saturating_add(1);
        let asked = retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
        asked + longest.min(LONGEST).mul_f64(share.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wait_doubles_up_to_ten_seconds() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..9).map(|_| backoff.failed(1.0, None).as_millis()).collect();
        let expected = [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000];
        assert_eq!(waits, expected);
    }

    #[test]
    fn a_link_that_proved_itself_makes_the_next_attempt_come_soon() {
        let mut backoff = Backoff::default();
        for _ in 0..9 {
            backoff.after(false, 1.0, None);
        }
        assert_eq!(backoff.after(false, 1.0, None), LONGEST);
        assert_eq!(backoff.after(true, 1.0, None), FIRST);
        assert_eq!(backoff.after(false, 1.0, None), FIRST * 2);
    }

    #[test]
    fn chance_takes_any_share_of_it() {
        let mut backoff = Backoff { failures: 40 };
        assert_eq!(backoff.failed(0.0, None), Duration::ZERO);
        assert_eq!(backoff.failed(0.5, None), LONGEST / 2);
        assert_eq!(backoff.failed(f64::from(u32::MAX), None), LONGEST);
    }

    #[test]
    fn the_pool_server_may_ask_for_patience_within_reason() {
        let asked = |seconds| {
            let mut backoff = Backoff::default();
            backoff.failed(0.0, Some(Duration::from_secs(seconds)))
        };
        assert_eq!(asked(7), Duration::from_secs(7));
        assert_eq!(asked(86_400), RETRY_AFTER_MAX);
    }
}
