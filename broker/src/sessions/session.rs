//! One connection: greeting, reading at a decent pace, writing, and signs of life.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use hotseat_broker_core::ConnectionId;
use hotseat_ipc::frame::{FrameCodec, FrameError};
use hotseat_ipc::socket::{Connection, Peer, Shared};
use hotseat_protocol::ipc::{FromBroker, Hello, IPC_FRAME_BYTES_MAX, Reply, ToBroker};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_protocol::quantity::IdleSeconds;
use hotseat_protocol::version::{Number, PROTOCOL_VERSION, Unclear, negotiate};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::codec::{FramedRead, FramedWrite};
use tokio_util::sync::CancellationToken;

use super::caller::caller;
use super::{Limits, Outbox, SessionEvent};
use crate::PROGRAM;
use crate::fresh;
use crate::lifecycle::Lifecycle;
use crate::platform::OsSessions;

/// The window in which frames are counted.
const PACE_WINDOW: Duration = Duration::from_secs(1);

/// A last word must not keep a connection open.
const LAST_WORD_WITHIN: Duration = Duration::from_secs(1);

type Reader = FramedRead<Shared, FrameCodec<ToBroker, FromBroker>>;
type Writer = FramedWrite<Shared, FrameCodec<ToBroker, FromBroker>>;

fn codec() -> FrameCodec<ToBroker, FromBroker> {
    FrameCodec::new(IPC_FRAME_BYTES_MAX)
}

/// Writes frames to a program.
pub(super) fn writer(stream: Shared) -> Writer {
    FramedWrite::new(stream, codec())
}

/// A connection that was let in.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) id: ConnectionId,
    pub(super) stream: Connection,
    pub(super) peer: Peer,
    pub(super) limits: Limits,
    pub(super) os: OsSessions,
    pub(super) hub: mpsc::Sender<SessionEvent>,
    pub(super) lifecycle: Lifecycle,
}

/// Why a connection ends.
#[derive(Debug, Error)]
enum End {
    #[error("the program closed it")]
    Closed,
    #[error("the broker closed it")]
    Ours,
    #[error("no greeting came in time")]
    NoHello,
    #[error("its first frame was no greeting")]
    NotHello,
    #[error("its greeting cannot be read: {0}")]
    UnclearHello(String),
    #[error("it greeted twice")]
    HelloAgain,
    #[error("{0}")]
    Frame(#[from] FrameError),
    #[error("it does not read what it is sent")]
    Slow,
    #[error("it does not answer pings")]
    Dead,
}

impl End {
    /// What the program is told, if it was its own mistake.
    fn problem(&self) -> Option<Problem> {
        let invalid = |detail: String, next| Some(Problem::new(Code::Invalid, detail, next));
        let update = "Update the program; it speaks another protocol than this broker.";
        match self {
            Self::NoHello | Self::NotHello => {
                invalid(format!("The connection was closed, because {self}."), "Greet first.")
            }
            Self::UnclearHello(_) => {
                invalid(format!("The connection was closed, because {self}."), update)
            }
            Self::HelloAgain => invalid("A program greets once.".to_owned(), update),
            Self::Frame(FrameError::TooLong { .. } | FrameError::NoObject(_)) => {
                invalid(format!("The connection was closed: {self}."), update)
            }
            Self::Frame(FrameError::Io(_) | FrameError::Unwritable(_))
            | Self::Closed
            | Self::Ours
            | Self::Slow
            | Self::Dead => None,
        }
    }
}

/// Serves a connection to its end. The hub is told of its opening; the caller tells of its end.
pub(super) async fn serve(incoming: Incoming) {
    let mut reader = FramedRead::new(Shared(incoming.stream.clone()), codec());
    let mut writer = writer(Shared(incoming.stream.clone()));
    let end = match converse(&incoming, &mut reader, &mut writer).await {
        Ok(never) => match never {},
        Err(end) => end,
    };
    let (connection, user) = (incoming.id.0, &incoming.peer.user);
    if let Some(problem) = end.problem() {
        tracing::debug!(connection, %user, pid = incoming.peer.pid, cause = %end, "cut off");
        let word = FromBroker::Refused { problem };
        let _ = tokio::time::timeout(LAST_WORD_WITHIN, writer.send(&word)).await;
    } else {
        tracing::debug!(connection, %user, cause = %end, "connection ended");
    }
}

enum Never {}

async fn converse(
    incoming: &Incoming,
    reader: &mut Reader,
    writer: &mut Writer,
) -> Result<Never, End> {
    let limits = incoming.limits;
    let greeting = tokio::time::timeout(limits.hello_within, greet(reader, writer));
    let hello = tokio::select! {
        hello = greeting => hello.map_err(|_| End::NoHello)??,
        () = incoming.lifecycle.stopping() => return Err(End::Ours),
    };
    let display = hello.display.as_deref();
    let caller = caller(&incoming.peer, display, &incoming.os).await;
    if let Some(spoken) = negotiate(hello.version) {
        reader.decoder_mut().speak(spoken);
        writer.encoder_mut().speak(spoken);
    }
    let (frames, to_write) = mpsc::channel(limits.frames_waiting);
    // Weak, so that the hub ends the connection by dropping its own end.
    let unread = frames.downgrade();
    let cut = CancellationToken::new();
    let opened = SessionEvent::Opened {
        connection: incoming.id,
        caller,
        hello,
        outbox: Outbox { frames, cut: cut.clone() },
        fresh: fresh::bits(),
    };
    tell(incoming, opened).await?;
    let pong = AtomicU64::new(0);
    tokio::select! {
        end = read(incoming, reader, &unread, &pong) => end,
        end = write(writer, to_write, limits, &pong) => end,
        () = cut.cancelled() => Err(End::Slow),
    }
}

/// Both sides greet without waiting for the other.
async fn greet(reader: &mut Reader, writer: &mut Writer) -> Result<Hello, End> {
    let ours = FromBroker::Hello { version: PROTOCOL_VERSION, program: PROGRAM.to_owned() };
    writer.send(&ours).await?;
    match reader.next().await {
        Some(Ok(Ok(ToBroker::Hello(hello)))) => Ok(hello),
        Some(Ok(Err(Unclear { kind, why, .. }))) if kind == "hello" => Err(End::UnclearHello(why)),
        Some(Ok(_)) => Err(End::NotHello),
        Some(Err(error)) => Err(error.into()),
        None => Err(End::Closed),
    }
}

async fn tell(incoming: &Incoming, event: SessionEvent) -> Result<(), End> {
    incoming.hub.send(event).await.map_err(|_| End::Ours)
}

/// Reads to the end of the connection.
async fn read(
    incoming: &Incoming,
    reader: &mut Reader,
    replies: &mpsc::WeakSender<FromBroker>,
    pong: &AtomicU64,
) -> Result<Never, End> {
    let connection = incoming.id;
    let mut pace = Pace::new(incoming.limits.frames_per_second);
    loop {
        pace.wait().await;
        let frame = match reader.next().await.ok_or(End::Closed)?? {
            Ok(frame) => frame,
            Err(unclear) => {
                answer(unclear, replies)?;
                continue;
            }
        };
        match frame {
            ToBroker::Hello(_) => return Err(End::HelloAgain),
            ToBroker::Request { id, request } => {
                let asked = SessionEvent::Asked { connection, id, request, fresh: fresh::secret() };
                tell(incoming, asked).await?;
            }
            ToBroker::Idle { idle_s, locked } => {
                let idle_s = idle_s.map(IdleSeconds::get);
                let idle = SessionEvent::Idle { connection, idle_s, locked };
                tell(incoming, idle).await?;
            }
            ToBroker::Pong { n } => pong.store(n, Ordering::Relaxed),
            ToBroker::Unknown => {}
        }
    }
}

/// Answers a request that cannot be read, and passes over what else cannot. It costs the program
/// neither its connection nor another request.
fn answer(
    Unclear { number, why, .. }: Unclear,
    replies: &mpsc::WeakSender<FromBroker>,
) -> Result<(), End> {
    let detail = format!("The request cannot be read: {why}.");
    let next = "Check what was asked for; a program of another version may need an update.";
    let reply = Reply::Problem { problem: Problem::new(Code::Invalid, detail, next) };
    let answer = match number {
        Number::Some(id) => FromBroker::Reply { id, reply },
        Number::Odd(id) => FromBroker::ReplyToOdd { id, reply },
        Number::None => return Ok(()),
    };
    let replies = replies.upgrade().ok_or(End::Ours)?;
    replies.try_send(answer).map_err(|_| End::Slow)
}

/// Lets a program send that many frames a second; what comes faster waits in its own socket.
struct Pace {
    allowed: u32,
    left: u32,
    window: Interval,
}

impl Pace {
    fn new(allowed: u32) -> Self {
        Self { allowed, left: 0, window: every(PACE_WINDOW) }
    }

    async fn wait(&mut self) {
        if self.left == 0 {
            self.window.tick().await;
            self.left = self.allowed;
        }
        self.left -= 1;
    }
}

/// Writes until the hub ends the connection, and pings.
async fn write(
    writer: &mut Writer,
    mut frames: mpsc::Receiver<FromBroker>,
    limits: Limits,
    pong: &AtomicU64,
) -> Result<Never, End> {
    let mut pings = every(limits.ping_every);
    // The first tick comes at once, and the greeting was a sign of life.
    pings.reset();
    let mut sent: u64 = 0;
    loop {
        let frame = tokio::select! {
            frame = frames.recv() => frame.ok_or(End::Ours)?,
            _ = pings.tick() => {
                let unanswered = sent.saturating_sub(pong.load(Ordering::Relaxed));
                if silence(unanswered, limits.ping_every) >= limits.dead_after {
                    return Err(End::Dead);
                }
                sent += 1;
                FromBroker::Ping { n: sent }
            }
        };
        let sending = tokio::time::timeout(limits.dead_after, writer.send(&frame));
        match sending.await.map_err(|_| End::Slow)? {
            Ok(()) => {}
            // Our own frame is too long: this program cannot be told what it should know.
            Err(
                error @ (FrameError::TooLong { .. }
                | FrameError::NoObject(_)
                | FrameError::Unwritable(_)),
            ) => {
                tracing::error!(%error, "a frame could not be sent");
                return Err(End::Ours);
            }
            Err(error @ FrameError::Io(_)) => return Err(error.into()),
        }
    }
}

/// How long the oldest of the unanswered pings has been unanswered.
fn silence(unanswered: u64, every: Duration) -> Duration {
    every * u32::try_from(unanswered).unwrap_or(u32::MAX)
}

fn every(period: Duration) -> Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn frames_beyond_the_allowed_wait_for_the_next_second() {
        let mut pace = Pace::new(20);
        for second in 0..3 {
            pace.wait().await;
            for _ in 1..20 {
                assert!(pace.wait().now_or_never().is_some(), "a frame waited in second {second}");
            }
            assert!(pace.wait().now_or_never().is_none(), "a flood was read in second {second}");
        }
    }
}
