//! Frames on their way out, and how a link ends.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, close_code};
use hotseat_protocol::link::FromPool;
use hotseat_protocol::version::Spoken;
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
