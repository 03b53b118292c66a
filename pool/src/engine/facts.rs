//! All that one message states, decided as one job.

use hotseat_rules::Command;

use super::batch::Batch;
use super::core::Engine;
use super::messages::{Reply, Turn};

impl<T> Engine<T> {
    /// Decides one fact after the other; each is noted or refused by itself. When one of them could
    /// not be written, the message counts as failed, and is said again.
    pub(super) fn decide_facts(
        &mut self,
        facts: &[Command],
        batch: &mut Batch<T>,
        turn: Turn,
    ) -> Reply {
        let mut refusals = Vec::new();
        let mut failure = None;
        for fact in facts {
            match self.decide_command(fact, None, batch, turn) {
                Reply::Answered(Ok(_)) => {}
                Reply::Answered(Err(refusal)) => refusals.push(refusal),
                Reply::Failed(failed) => failure = failure.or(Some(failed)),
                Reply::Noted(_) | Reply::Renewed(_) | Reply::CallsRenewed(_) => {
                    unreachable!("a command has the answer of one")
                }
            }
        }
        failure.map_or(Reply::Noted(refusals), Reply::Failed)
    }
}
