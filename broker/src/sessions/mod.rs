//! Programs of this machine: who they are, what they send, what they are sent.
//!
//! Nobody here knows what a frame means: a connection is admitted, named by the kernel, watched
//! for life and for manners, and its frames go to the hub.

mod admission;
mod caller;
mod intake;
mod listener;
mod session;

use std::time::Duration;

use hotseat_protocol::ids::Secret;
use hotseat_protocol::ipc::{FromBroker, Hello, Request};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use hotseat_broker_core::{Caller, ConnectionId};

pub(crate) use intake::{Intake, intake};
pub(crate) use listener::accept_all;
pub use listener::{BindError, Listening};

/// What a connection may do. Each limit ends only the connection that it is about.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections of one OS user.
    pub per_user: usize,
    /// Connections of everybody.
    pub all: usize,
    /// The greeting must have come by then.
    pub hello_within: Duration,
    /// A ping this often.
    pub ping_every: Duration,
    /// A ping that is unanswered for so long ends the connection, and so does a write.
    pub dead_after: Duration,
    /// Frames that may wait for a program to read them; one more and it is cut off.
    pub frames_waiting: usize,
    /// Frames of one second that are read; more wait.
    pub frames_per_second: u32,
}

/// Open files that are not connections: the state, the link, hooks and what they start.
const FILES_RESERVED: usize = 256;

impl Limits {
    /// The same limits, with no more connections than fit into a limit of open files.
    pub(crate) fn within(self, files: Option<u64>) -> Self {
        let Some(files) = files.and_then(|files| usize::try_from(files).ok()) else { return self };
        let room = files.saturating_sub(FILES_RESERVED).max(files / 2);
        if room >= self.all {
            return self;
        }
        tracing::warn!(
            files,
            connections = room,
            "the limit of open files is low: raise it (LimitNOFILE=, ulimit -Hn) for more than \
             this many connections of programs"
        );
        Self { all: room, per_user: self.per_user.min((room / 4).max(1)), ..self }
    }
}

impl Default for Limits {
    /// 1,024 connections a user, 4,096 in all, a greeting within 5 s, a ping every 10 s, dead
    /// after 30 s, 256 frames waiting, 200 frames a second.
    fn default() -> Self {
        Self {
            per_user: 1_024,
            all: 4_096,
            hello_within: Duration::from_secs(5),
            ping_every: Duration::from_secs(10),
            dead_after: Duration::from_secs(30),
            frames_waiting: 256,
            frames_per_second: 200,
        }
    }
}

/// What happens on connections: for each one opened, then what it says, then closed.
#[derive(Debug)]
pub(crate) enum SessionEvent {
    /// A program greeted.
    Opened { connection: ConnectionId, caller: Caller, hello: Hello, outbox: Outbox, fresh: u128 },
    /// A program asked for something.
    Asked { connection: ConnectionId, id: u64, request: Request, fresh: Secret },
    /// A tray reported on the person in front of its session.
    Idle { connection: ConnectionId, idle_s: Option<u64>, locked: bool },
    /// The connection ended.
    Closed { connection: ConnectionId },
}

/// The way to one program. When it is dropped, what was put in before is still sent, then the
/// connection ends.
#[derive(Debug)]
pub(crate) struct Outbox {
    frames: mpsc::Sender<FromBroker>,
    cut: CancellationToken,
}

impl Outbox {
    /// Sends a frame. A program that does not read is cut off. Never waits.
    pub(crate) fn send(&self, frame: FromBroker) {
        if self.frames.try_send(frame).is_err() {
            self.cut.cancel();
        }
    }
}
