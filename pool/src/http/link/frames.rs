//! Frames one by one: their way out, their numbers, and how a link ends.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, close_code};
use hotseat_protocol::link::{FromPool, LINK_FRAME_BYTES_MAX, MachineMessage, ToPool};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_protocol::version::{Number, Spoken, Unclear};
use serde_json::Value;
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

/// A frame of a machine after its greeting.
pub(super) enum Told {
    /// A message, with its number.
    Message(u64, MachineMessage),
    /// A message that cannot be read, and what is said of it.
    Unclear(u64, Problem),
    /// A message whose number is none, and what is said of it. It does not count as one.
    Odd(Value, Problem),
    /// A frame of a newer version, or a statement of which too little can be read.
    Nothing,
}

/// Bytes of unanswered messages; with more, nothing is read. What is under way for one link takes
/// the memory of two frames, however short or long its messages are.
const UNANSWERED_BYTES_MAX: usize = LINK_FRAME_BYTES_MAX;

/// The messages of one link, as they come.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    /// The number of the last one.
    n: u64,
    /// The bytes of those that are not answered yet, by number.
    unanswered: BTreeMap<u64, usize>,
    unanswered_bytes: usize,
}

impl Inbox {
    /// Takes the next frame. `at_work` is called for each that does not end the link: a machine that
    /// has said anything may have been answered a lease, so its clone waits.
    pub(super) fn take(
        &mut self,
        text: &str,
        spoken: Spoken,
        at_work: impl FnOnce(),
    ) -> Result<Told, End> {
        let told = Told::read(text, spoken)?;
        if let Told::Message(n, _) | Told::Unclear(n, _) = told {
            if Some(n) != self.n.checked_add(1) {
                return Err(End::Close(close_code::POLICY, "messages are not numbered 1, 2, 3"));
            }
            self.n = n;
            self.unanswered.insert(n, text.len());
            self.unanswered_bytes = self.unanswered_bytes.saturating_add(text.len());
        }
        at_work();
        Ok(told)
    }

    /// A message is answered.
    pub(super) fn answered(&mut self, n: u64) {
        let bytes = self.unanswered.remove(&n).unwrap_or_default();
        self.unanswered_bytes = self.unanswered_bytes.saturating_sub(bytes);
    }

    /// Whether another message may be read.
    pub(super) fn has_room(&self) -> bool {
        self.unanswered_bytes < UNANSWERED_BYTES_MAX
    }
}

impl Told {
    /// Reads a frame; what ends the link is an error.
    pub(super) fn read(text: &str, spoken: Spoken) -> Result<Self, End> {
        let frame = spoken
            .read::<ToPool>(text.as_bytes())
            .map_err(|_| End::Close(close_code::INVALID, "a frame is not a JSON object"))?;
        let Unclear { number, why, .. } = match frame {
            Ok(ToPool::Message { n, body }) => return Ok(Self::Message(n, body)),
            Ok(ToPool::Hello(_)) => {
                return Err(End::Close(close_code::POLICY, "a second greeting"));
            }
            Ok(ToPool::Unknown) => return Ok(Self::Nothing),
            Err(unclear) => unclear,
        };
        let problem =
            Problem::new(Code::Invalid, format!("The message cannot be read: {why}."), "");
        Ok(match number {
            Number::Some(n) => Self::Unclear(n, problem),
            Number::Odd(n) => Self::Odd(n, problem),
            Number::None => Self::Nothing,
        })
    }
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;
