//! Frames one by one: their way out, their numbers, and how a link ends.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, close_code};
use hotseat_protocol::link::{FromPool, ToPool};
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

/// The number of a message, also of one of which nothing else can be read.
pub(super) fn number(text: &str, frame: &serde_json::Result<ToPool>) -> Result<u64, End> {
    match frame {
        Ok(ToPool::Message { n, .. }) => Ok(*n),
        Ok(ToPool::Hello(_)) => Err(End::Close(close_code::POLICY, "a second greeting")),
        Err(_) => match serde_json::from_str(text) {
            Ok(Numbered { n }) => Ok(n),
            Err(_) => Err(End::Close(close_code::INVALID, "a frame is not JSON with a number")),
        },
    }
}
