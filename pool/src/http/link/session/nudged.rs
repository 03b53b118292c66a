//! What a link is told beside pushes and answers: that it is looked for, and what happened elsewhere.

use hotseat_protocol::link::{FromPool, LOG_INS_MAX};

use super::Link;
use crate::http::link::frames::End;
use crate::links::Nudge;

impl Link {
    pub(super) async fn nudged(&mut self, nudge: Nudge) -> Result<(), End> {
        match nudge {
            Nudge::Ping(asker) => {
                self.pinged.push(asker);
                self.ping().await
            }
            Nudge::CloneSeen(at) => self.send(&FromPool::CloneSeen { at }).await,
            Nudge::LogIns => self.tell_log_ins().await,
        }
    }

    /// Says who is logged in on the machine. Between the look and the word nothing else is said, so
    /// no log-in that was answered before is missing.
    pub(super) async fn tell_log_ins(&mut self) -> Result<(), End> {
        match self.app.directory.logged_in_on(self.machine).await {
            Ok(users) if users.len() <= LOG_INS_MAX => self.send(&FromPool::LogIns { users }).await,
            // Nobody is told that a log-in has ended; who uses it finds out.
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::warn!(machine = %self.machine, %error, "who is logged in could not be told");
                Ok(())
            }
        }
    }
}
