//! When to ask for the whole view again: a newer service may tell of changes that this version
//! cannot read. It may do so each time that it is asked, so the pauses between grow.

use std::time::Duration;

use hotseat_ipc::boot_clock;
use hotseat_ipc::client::Client;
use hotseat_protocol::ipc::{Change, FromBroker, Request};
use tokio::task::JoinSet;

/// The first pause after the view was asked for again.
const PAUSE_MIN_MS: u64 = 1_000;

/// The longest pause: what is shown may be as old as this.
const PAUSE_MAX_MS: u64 = 60_000;

/// One connection's need of the whole view. Times are of the boot-time clock.
#[derive(Debug)]
pub(crate) struct ResyncSchedule {
    due_ms: Option<u64>,
    not_before_ms: u64,
    pause_ms: u64,
    asked: JoinSet<()>,
}

impl ResyncSchedule {
    /// Nothing is needed yet.
    pub(crate) fn new() -> Self {
        Self { due_ms: None, not_before_ms: 0, pause_ms: PAUSE_MIN_MS, asked: JoinSet::new() }
    }

    /// Takes note of a push that has a change that cannot be read.
    pub(crate) fn note_push(&mut self, push: &FromBroker) {
        if let FromBroker::Changed { changes, .. } = push
            && changes.contains(&Change::Unknown)
        {
            self.note_unreadable(boot_clock::now_ms());
        }
    }

    /// How long until the view is to be asked for; none when it is not.
    pub(crate) fn left(&self) -> Option<Duration> {
        let left = self.due_ms?.saturating_sub(boot_clock::now_ms());
        Some(Duration::from_millis(left))
    }

    /// Waits until the view is to be asked for.
    pub(crate) async fn due(&self) {
        match self.left() {
            Some(left) => tokio::time::sleep(left).await,
            None => std::future::pending().await,
        }
    }

    /// Asks for the whole view, if it is time to. It comes as a push, in its order among the others.
    pub(crate) fn ask(&mut self, client: &Client) {
        if !self.take_due(boot_clock::now_ms()) {
            return;
        }
        let client = client.clone();
        // An answer that does not come is the end of the connection, which the pushes tell. Nothing
        // waits for it here: whoever reads the pushes must go on.
        self.asked = JoinSet::new();
        self.asked.spawn(async move { drop(client.ask(Request::Subscribe).await) });
    }

    fn note_unreadable(&mut self, now_ms: u64) {
        if now_ms >= self.not_before_ms.saturating_add(PAUSE_MAX_MS) {
            self.pause_ms = PAUSE_MIN_MS;
        }
        self.due_ms.get_or_insert(now_ms.max(self.not_before_ms));
    }

    /// Whether it is time to ask, and takes it for done.
    fn take_due(&mut self, now_ms: u64) -> bool {
        if self.due_ms.is_none_or(|due| now_ms < due) {
            return false;
        }
        self.due_ms = None;
        self.not_before_ms = now_ms.saturating_add(self.pause_ms);
        self.pause_ms = self.pause_ms.saturating_mul(2).min(PAUSE_MAX_MS);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_asked_about_at_once_and_a_service_that_repeats_itself_ever_more_rarely() {
        let mut schedule = ResyncSchedule::new();
        assert!(!schedule.take_due(5), "nothing is wrong");
        let mut asked = Vec::new();
        for now in (0..600_000).step_by(100) {
            schedule.note_unreadable(now);
            if schedule.take_due(now) {
                asked.push(now);
            }
        }
        assert_eq!(asked[..5], [0, 1_000, 3_000, 7_000, 15_000]);
        assert!(asked.len() < 20, "{asked:?}");
        schedule.note_unreadable(700_000);
        assert!(schedule.take_due(700_000));
        schedule.note_unreadable(700_001);
        assert!(!schedule.take_due(700_999));
        assert!(schedule.take_due(701_001), "after a quiet time it begins again");
    }
}
