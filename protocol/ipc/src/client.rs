//! The typed client of the broker: tray, window and command line share it.
//!
//! A [`Client`] is one connection. It asks with [`Client::ask`] and receives what the broker
//! pushes from its [`Pushes`]. It answers pings by itself. It does not reconnect: whoever owns it
//! knows what a lost connection means for him.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio_util::codec::{FramedRead, FramedWrite};

use super::frame::{FrameCodec, FrameError};
use super::socket::{self, ConnectError, Connection, Shared};
use hotseat_protocol::ipc::{
    Change, FromBroker, Hello, IPC_FRAME_BYTES_MAX, Reply, Request, ToBroker,
};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_protocol::quantity::IdleSeconds;
use hotseat_protocol::version::{Number, PROTOCOL_VERSION, Spoken, Unclear, negotiate};

/// How long the broker may take to answer the greeting; it answers from memory, so ten times
/// what a busy machine needs.
pub const HELLO_WITHIN: Duration = Duration::from_secs(10);

/// Frames that may wait to be written: a client asks little at a time.
const WRITE_QUEUE: usize = 64;

/// Pushes that may wait to be read. A client that is further behind is not reading at all, and the
/// broker cuts it off.
const PUSH_QUEUE: usize = 256;

/// Why there is no conversation.
#[derive(Debug, Error)]
pub enum ClientError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The broker speaks another version of the protocol.
    #[error("the broker speaks version {theirs} of the protocol, this program version {ours}")]
    AnotherVersion {
        /// The broker's.
        theirs: u32,
        /// Ours.
        ours: u32,
        /// The broker's program version, for people.
        program: String,
    },
    /// The broker refused the greeting.
    #[error("{0}")]
    Refused(Problem),
    /// The connection ended.
    #[error("the connection to the broker ended")]
    Closed,
    /// The broker did not greet in time.
    #[error("the broker did not answer within {} s", HELLO_WITHIN.as_secs())]
    Silent,
    /// Bytes that are not the protocol.
    #[error("the broker sent something that this program does not understand")]
    Frame(#[from] FrameError),
}

type Waiting = Arc<Mutex<Open>>;

/// Requests that wait for their answers.
#[derive(Debug, Default)]
struct Open {
    next_id: u64,
    closed: bool,
    replies: BTreeMap<u64, oneshot::Sender<Reply>>,
}

/// One end of a conversation with the broker. Cheap to clone; the connection ends when the last
/// clone and the [`Pushes`] are gone.
#[derive(Debug, Clone)]
pub struct Client {
    frames: mpsc::Sender<ToBroker>,
    waiting: Waiting,
    about: Arc<About>,
}

/// Who answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The broker's program version, for people.
    pub program: String,
    /// The OS session that the broker found for this program.
    pub session: String,
}

/// What the broker sends unasked, in order. Ends with the connection.
#[derive(Debug)]
pub struct Pushes {
    pushes: mpsc::Receiver<FromBroker>,
    // The two directions run as tasks; they end with this value.
    _tasks: tokio::task::JoinSet<()>,
}

impl Pushes {
    /// The next push; `None` once the connection has ended.
    pub async fn next(&mut self) -> Option<FromBroker> {
        self.pushes.recv().await
    }
}

impl Client {
    /// Connects to the first of `paths` that answers and greets.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn connect(paths: &[PathBuf], hello: Hello) -> Result<(Self, Pushes), ClientError> {
        let connection = socket::connect(paths).await?;
        Self::greet(connection, hello).await
    }

    async fn greet(connection: Connection, hello: Hello) -> Result<(Self, Pushes), ClientError> {
        let mut reader = FramedRead::new(Shared(connection.clone()), codec());
        let mut writer = FramedWrite::new(Shared(connection), codec());
        let about = tokio::time::timeout(HELLO_WITHIN, async {
            writer.send(&ToBroker::Hello(hello)).await?;
            read_greeting(&mut reader).await
        });
        let (about, spoken) = about.await.map_err(|_| ClientError::Silent)??;
        writer.encoder_mut().speak(spoken);

        let (frames, to_write) = mpsc::channel(WRITE_QUEUE);
        let (pushed, pushes) = mpsc::channel(PUSH_QUEUE);
        let waiting = Waiting::default();
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(write_all(writer, to_write));
        tasks.spawn(read_all(reader, waiting.clone(), pushed, frames.downgrade()));
        let client = Self { frames, waiting, about: Arc::new(about) };
        Ok((client, Pushes { pushes, _tasks: tasks }))
    }

    /// Who answered.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Asks and waits for the answer. It waits as long as the connection lives: the broker answers
    /// every request, and gives up by itself on what takes too long.
    ///
    /// # Errors
    ///
    /// [`ClientError::Closed`] when the connection ends first.
    pub async fn ask(&self, request: Request) -> Result<Reply, ClientError> {
        let (reply, answered) = oneshot::channel();
        let id = {
            let mut open = lock(&self.waiting);
            if open.closed {
                return Err(ClientError::Closed);
            }
            open.next_id += 1;
            let id = open.next_id;
            open.replies.insert(id, reply);
            id
        };
        // Dropping the question (a caller that stops waiting) must not leave its slot behind.
        let slot = Slot { waiting: &self.waiting, id };
        let sent = self.frames.send(ToBroker::Request { id, request }).await;
        sent.map_err(|_| ClientError::Closed)?;
        let reply = answered.await.map_err(|_| ClientError::Closed);
        drop(slot);
        reply
    }

    /// Reports the person in front of the session; for trays.
    ///
    /// # Errors
    ///
    /// [`ClientError::Closed`] when the connection has ended.
    pub async fn report_idle(&self, idle_s: Option<u64>, locked: bool) -> Result<(), ClientError> {
        let idle_s = idle_s.map(IdleSeconds::clamped);
        let frame = ToBroker::Idle { idle_s, locked };
        self.frames.send(frame).await.map_err(|_| ClientError::Closed)
    }
}

struct Slot<'a> {
    waiting: &'a Waiting,
    id: u64,
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        lock(self.waiting).replies.remove(&self.id);
    }
}

fn lock(waiting: &Waiting) -> std::sync::MutexGuard<'_, Open> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

type Reader = FramedRead<Shared, FrameCodec<FromBroker, ToBroker>>;
type Writer = FramedWrite<Shared, FrameCodec<FromBroker, ToBroker>>;

fn codec() -> FrameCodec<FromBroker, ToBroker> {
    FrameCodec::new(IPC_FRAME_BYTES_MAX)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what else comes before the welcome belongs to a newer version"
)]
async fn read_greeting(reader: &mut Reader) -> Result<(About, Spoken), ClientError> {
    let mut program = String::new();
    let mut spoken = Spoken::newest();
    while let Some(frame) = reader.next().await {
        let Ok(frame) = frame? else { continue };
        match frame {
            FromBroker::Hello { version, program: theirs } => {
                let Some(common) = negotiate(version) else {
                    return Err(another_version(version, theirs));
                };
                // Whatever comes next is in the version of both.
                reader.decoder_mut().speak(common);
                (program, spoken) = (theirs, common);
            }
            FromBroker::Welcome { session } => return Ok((About { program, session }, spoken)),
            FromBroker::Refused { problem } if problem.code == Code::AnotherVersion => {
                return Err(another_version(0, program));
            }
            FromBroker::Refused { problem } => return Err(ClientError::Refused(problem)),
            _ => {}
        }
    }
    Err(ClientError::Closed)
}

fn another_version(theirs: u32, program: String) -> ClientError {
    ClientError::AnotherVersion { theirs, ours: PROTOCOL_VERSION, program }
}

async fn write_all(mut writer: Writer, mut frames: mpsc::Receiver<ToBroker>) {
    while let Some(frame) = frames.recv().await {
        if let Err(e) = writer.send(&frame).await {
            tracing::debug!("writing to the broker failed: {e}");
            return;
        }
    }
}

fn answer(waiting: &Waiting, id: u64, reply: Reply) {
    if let Some(asker) = lock(waiting).replies.remove(&id) {
        // The asker may have stopped waiting, which is its right.
        let _ = asker.send(reply);
    }
}

/// What is made of a frame that cannot be read: whoever asked is told, a view that may be wrong by
/// it is asked for again, and the rest is passed over.
fn take_unclear(Unclear { kind, number, why }: Unclear, waiting: &Waiting) -> Option<FromBroker> {
    tracing::warn!(kind, why, "a frame of the broker cannot be read");
    if let Number::Some(id) = number {
        let detail = "The answer of Hotseat's service cannot be read.";
        let next = "Update Hotseat, so that all of its programs are of one version.";
        let problem = Problem::new(Code::AnotherVersion, detail, next);
        answer(waiting, id, Reply::Problem { problem });
    }
    let is_of_the_view = matches!(kind.as_str(), "snapshot" | "changed");
    is_of_the_view.then(|| FromBroker::Changed { seq: 0, changes: vec![Change::Unknown] })
}

async fn read_all(
    mut reader: Reader,
    waiting: Waiting,
    pushed: mpsc::Sender<FromBroker>,
    frames: mpsc::WeakSender<ToBroker>,
) {
    while let Some(frame) = reader.next().await {
        match frame {
            Ok(Ok(FromBroker::Reply { id, reply })) => answer(&waiting, id, reply),
            Ok(Err(unclear)) => {
                if let Some(push) = take_unclear(unclear, &waiting)
                    && pushed.send(push).await.is_err()
                {
                    break;
                }
            }
            Ok(Ok(FromBroker::Ping { n })) => {
                let Some(frames) = frames.upgrade() else {
                    break;
                };
                if frames.send(ToBroker::Pong { n }).await.is_err() {
                    break;
                }
            }
            Ok(Ok(push)) => {
                if pushed.send(push).await.is_err() {
                    break;
                }
            }
            Err(e) => {
                tracing::warn!("reading from the broker failed: {e}");
                break;
            }
        }
    }
    let mut open = lock(&waiting);
    open.closed = true;
    open.replies.clear();
}
