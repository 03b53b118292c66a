//! Compares what was seen of a seat with what is promised of it.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use hotseat_protocol::reason::ReleaseReason;

use super::{Outcome, Seen};

/// What was seen, if it is what is promised.
///
/// # Errors
/// If it is not; in words that name both.
pub(super) fn judge(outcome: Outcome, seen: Seen, lease: Duration) -> Result<Seen> {
    match (outcome, &seen) {
        (Outcome::Kept, Seen::Kept) => Ok(seen),
        (Outcome::Free(within, reason), Seen::Freed(released, busy)) => {
            let promise = promise(outcome);
            let (after, why) = (released.after.as_secs_f64(), in_words(&released.reason));
            ensure!(
                why == reason.words(),
                "the seat came free after {after:.2} s as \"{why}\"; {promise}"
            );
            let earliest = within.earliest();
            ensure!(
                released.after >= earliest,
                "the seat came free after {after:.2} s already; it is to be kept for {} s",
                earliest.as_secs_f64().round()
            );
            let latest = within.latest(lease, *busy);
            ensure!(
                released.after <= latest,
                "the seat came free only after {after:.2} s; {promise}. {:.2} s were allowed, \
                 because the slowest step of the yardstick took {} ms meanwhile",
                latest.as_secs_f64(),
                busy.slowest().as_millis()
            );
            Ok(seen)
        }
        (Outcome::Kept, Seen::Freed(..))
        | (Outcome::Free(..), Seen::Kept)
        | (Outcome::NotYet, _) => {
            bail!("the row is played for another outcome than {outcome:?}: {seen:?}")
        }
    }
}

/// A promise as a sentence goes on with it.
pub(super) fn promise(outcome: Outcome) -> String {
    match outcome {
        Outcome::Free(within, reason) => {
            format!("promised is \"{}\" within {}", reason.words(), within.words())
        }
        Outcome::Kept => "promised is that it is kept".to_owned(),
        Outcome::NotYet => "nothing is promised yet".to_owned(),
    }
}

/// A reason of the journal as people read it; as it is when it is none that we know.
pub(super) fn in_words(word: &str) -> String {
    let reason: Result<ReleaseReason, _> = serde_json::from_value(word.into());
    reason.map_or_else(|_| word.to_owned(), |reason| reason.words().to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::{Busy, Within};
    use super::*;
    use crate::journal::Released;

    const T: Duration = Duration::from_secs(90);
    const LOG_OUT: Outcome = Outcome::Free(Within::AtOnce, ReleaseReason::LoggedOut);
    const LOST: Outcome = Outcome::Free(Within::Grace, ReleaseReason::TrayLost);
    const GONE: Outcome = Outcome::Free(Within::Lease, ReleaseReason::LeaseExpired);

    fn freed(after_ms: u64, reason: &str) -> Seen {
        let after = Duration::from_millis(after_ms);
        Seen::Freed(Released { after, reason: reason.to_owned() }, Busy::NOT_AT_ALL)
    }

    fn complaint(outcome: Outcome, seen: Seen) -> String {
        judge(outcome, seen, T).expect_err("that is not what is promised").to_string()
    }

    #[test]
    fn what_is_promised_passes() {
        let as_promised = [
            (LOG_OUT, freed(999, "logged_out")),
            (LOST, freed(10_050, "tray_lost")),
            (GONE, freed(60_000, "lease_expired")),
            (GONE, freed(90_060, "lease_expired")),
            (Outcome::Kept, Seen::Kept),
        ];
        for (outcome, seen) in as_promised {
            judge(outcome, seen, T).unwrap_or_else(|error| panic!("{error}"));
        }
    }

    #[test]
    fn each_way_to_break_a_promise_has_its_words() {
        assert_eq!(
            complaint(LOG_OUT, freed(90_010, "lease_expired")),
            "the seat came free after 90.01 s as \"lease expired\"; \
             promised is \"logged out\" within 1 s"
        );
        assert_eq!(
            complaint(LOG_OUT, freed(1_500, "logged_out")),
            "the seat came free only after 1.50 s; promised is \"logged out\" within 1 s. 1.00 s \
             were allowed, because the slowest step of the yardstick took 0 ms meanwhile"
        );
        assert_eq!(
            complaint(LOST, freed(3_010, "tray_lost")),
            "the seat came free after 3.01 s already; it is to be kept for 10 s"
        );
        complaint(LOST, freed(11_100, "tray_lost"));
        complaint(GONE, freed(91_100, "lease_expired"));
        complaint(Outcome::Kept, freed(100, "tray_closed"));
    }
}
