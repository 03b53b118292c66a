//! Frames one by one: their way out, their numbers, and how a link ends.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, close_code};
use hotseat_protocol::link::{FromPool, MachineMessage, ToPool};
use hotseat_protocol::version::Spoken;
use serde::Deserialize;
use tokio::time::timeout;

/// A peer that does not take what it is sent for so long is cut off.
pub(super) const WRITE_WITHIN: Duration = Duration::from_secs(10);

/// Why a link ends.
pub(super) enum End {
    /// The peer is gone, or does not read.
    Gone,
    /// We close it, and say why.
    Close(u16, &'static str),
}

impl End {
    /// In words, for the log.
    pub(super) fn why(&self) -> &'static str {
        match self {
            Self::Gone => "the peer is gone",
            Self::Close(_, reason) => reason,
        }
    }
}

/// Sends one frame, in the version of its link.
pub(super) async fn send(
    socket: &mut WebSocket,
    frame: &FromPool,
    spoken: Spoken,
) -> Result<(), End> {
    let Ok(json) = spoken.write(frame) else {
        return Err(End::Close(close_code::ERROR, "a frame cannot be written"));
    };
    match timeout(WRITE_WITHIN, socket.send(Message::Text(json.into()))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(End::Gone),
    }
}

/// What a frame is at least, if it has a number that can be answered.
#[derive(Deserialize)]
struct Numbered {
    n: u64,
}

/// What a machine said; a frame that is none of its messages is answered with what is wrong.
pub(super) type Said = serde_json::Result<MachineMessage>;

/// The messages of one link, as they come.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    /// The number of the last one.
    n: u64,
}

impl Inbox {
    /// Takes the next message with its number. `at_work` is called for each: a machine that has said
    /// anything may have been answered a lease, so its clone waits.
    pub(super) fn take(
        &mut self,
        text: &str,
        spoken: Spoken,
        at_work: impl FnOnce(),
    ) -> Result<(u64, Said), End> {
        let (n, said) = match spoken.read::<ToPool>(text.as_bytes()) {
            Ok(ToPool::Message { n, body }) => (n, Ok(body)),
            Ok(ToPool::Hello(_)) => {
                return Err(End::Close(close_code::POLICY, "a second greeting"));
            }
            Err(error) => match serde_json::from_str(text) {
                Ok(Numbered { n }) => (n, Err(error)),
                Err(_) => {
                    let why = "a frame is not JSON with a number";
                    return Err(End::Close(close_code::INVALID, why));
                }
            },
        };
        if Some(n) != self.n.checked_add(1) {
            return Err(End::Close(close_code::POLICY, "messages are not numbered 1, 2, 3"));
        }
        self.n = n;
        at_work();
        Ok((n, said))
    }
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;
