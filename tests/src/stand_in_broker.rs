//! A broker that says what it is told to say: it speaks the protocol and has no pool behind it.
//!
//! Tests and the demo use it for states that no real event can cause on one machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use futures_util::{SinkExt, StreamExt};
use hotseat_ipc::frame::FrameCodec;
use hotseat_protocol::ids::PoolId;
use hotseat_protocol::ipc::{
    Change, FromBroker, Health, Hello, IPC_FRAME_BYTES_MAX, Notice, Reply, Request, Role, ToBroker,
    View,
};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_protocol::quantity::IdleSeconds;
use hotseat_protocol::version::PROTOCOL_VERSION;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::codec::{FramedRead, FramedWrite};

use crate::waiting::wait_for;

/// Frames that may wait for one program to read them.
const QUEUE: usize = 256;

/// What the stand-in calls its own version.
pub const PROGRAM: &str = "1.2";

/// A running stand-in. It ends, and closes every connection, when dropped.
#[derive(Debug)]
pub struct StandInBroker {
    socket: PathBuf,
    shared: Arc<Mutex<Shared>>,
    _tasks: JoinSet<()>,
}

/// Everything a program reported of its person, in order: seconds without input, and locked.
pub type IdleReports = Vec<(Option<u64>, bool)>;

#[derive(Debug)]
struct Shared {
    version: u32,
    view: View,
    /// Answers that differ from the usual, by a name of the request's kind.
    replies: BTreeMap<String, Reply>,
    goodbye_is_answered: bool,
    requests: Vec<(Role, Request)>,
    reports: IdleReports,
    connections: BTreeMap<u64, Open>,
    last_connection: u64,
}

#[derive(Debug)]
struct Open {
    hello: Hello,
    frames: mpsc::Sender<FromBroker>,
    /// The number of the last push; `None` before the subscription.
    seq: Option<u64>,
}

impl StandInBroker {
    /// Listens at `socket` and shows `view` to whoever subscribes.
    ///
    /// # Errors
    /// If nothing can listen there.
    pub fn start(socket: &Path, view: View) -> Result<StandInBroker> {
        Self::start_with_version(socket, view, PROTOCOL_VERSION)
    }

    /// The same, speaking another version of the protocol.
    ///
    /// # Errors
    /// If nothing can listen there.
    pub fn start_with_version(socket: &Path, view: View, version: u32) -> Result<StandInBroker> {
        if socket.exists() {
            fs::remove_file(socket).context("cannot take away an old socket")?;
        }
        let listener = UnixListener::bind(socket)
            .with_context(|| format!("cannot listen at {}", socket.display()))?;
        let shared = Arc::new(Mutex::new(Shared {
            version,
            view,
            replies: BTreeMap::new(),
            goodbye_is_answered: true,
            requests: Vec::new(),
            reports: Vec::new(),
            connections: BTreeMap::new(),
            last_connection: 0,
        }));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        Ok(StandInBroker { socket: socket.to_path_buf(), shared, _tasks: tasks })
    }

    /// Its socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Shows another view: pushes what differs to everybody who subscribed.
    pub fn show(&self, view: View) {
        let mut shared = lock(&self.shared);
        let changes = differences(&shared.view, &view);
        shared.view = view;
        shared.push(|seq| FromBroker::Changed { seq, changes: changes.clone() });
    }

    /// Sends a notice to everybody who subscribed; nobody else ever hears of it.
    pub fn notice(&self, notice: &Notice) {
        let shared = lock(&self.shared);
        for open in shared.connections.values().filter(|open| open.seq.is_some()) {
            open.send(FromBroker::Notice { notice: notice.clone() });
        }
    }

    /// Answers requests of this kind, as the wire names it (`sign_on`), in this way from now on.
    pub fn answer(&self, kind: &str, reply: Reply) {
        lock(&self.shared).replies.insert(kind.to_owned(), reply);
    }

    /// Leaves every goodbye without an answer from now on.
    pub fn ignore_goodbyes(&self) {
        lock(&self.shared).goodbye_is_answered = false;
    }

    /// What was asked so far, and by whom.
    pub fn requests(&self) -> Vec<(Role, Request)> {
        lock(&self.shared).requests.clone()
    }

    /// What the tray reported of its person so far.
    pub fn reports(&self) -> IdleReports {
        lock(&self.shared).reports.clone()
    }

    /// How many programs of a role are connected.
    pub fn connected(&self, role: Role) -> usize {
        let shared = lock(&self.shared);
        shared.connections.values().filter(|open| open.hello.role == role).count()
    }

    /// Waits until so many programs of a role are connected.
    ///
    /// # Errors
    /// If they never are.
    pub async fn wait_until_connected(&self, role: Role, count: usize) -> Result<()> {
        wait_for(&format!("{count} connections of role {role:?}"), async || {
            Ok((self.connected(role) == count).then_some(()))
        })
        .await
    }

    /// Waits until a program of a role follows what is shown, so that a notice reaches it.
    ///
    /// # Errors
    /// If none ever does.
    pub async fn wait_until_subscribed(&self, role: Role) -> Result<()> {
        let follows = |open: &Open| open.hello.role == role && open.seq.is_some();
        let any = async || Ok(lock(&self.shared).connections.values().any(follows).then_some(()));
        wait_for(&format!("a subscription of role {role:?}"), any).await
    }

    /// Waits until something was asked.
    ///
    /// # Errors
    /// If it never is; the message says what was asked instead.
    pub async fn wait_for_request(
        &self,
        what: &str,
        wanted: impl Fn(&Request) -> bool,
    ) -> Result<Request> {
        let found = wait_for(what, async || {
            let requests = self.requests();
            Ok(requests.into_iter().map(|(_, request)| request).find(&wanted))
        })
        .await;
        found.with_context(|| format!("asked was {:?}", self.requests()))
    }

    /// Waits until a report of the tray is as wanted, looking only at those after the first `skip`.
    ///
    /// # Errors
    /// If none ever is; the message says what was reported instead.
    pub async fn wait_for_report(
        &self,
        what: &str,
        skip: usize,
        wanted: impl Fn(Option<u64>, bool) -> bool,
    ) -> Result<(Option<u64>, bool)> {
        let found = wait_for(what, async || {
            let reports = self.reports();
            Ok(reports.into_iter().skip(skip).find(|(idle, locked)| wanted(*idle, *locked)))
        })
        .await;
        found.with_context(|| format!("reported was {:?}", self.reports()))
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Open {
    /// A program that does not read is cut off, as the real broker does.
    fn send(&self, frame: FromBroker) {
        let _ = self.frames.try_send(frame);
    }
}

impl Shared {
    fn push(&mut self, frame: impl Fn(u64) -> FromBroker) {
        for open in self.connections.values_mut() {
            if let Some(seq) = &mut open.seq {
                *seq += 1;
                let frame = frame(*seq);
                open.send(frame);
            }
        }
    }
}

async fn accept(listener: UnixListener, shared: Arc<Mutex<Shared>>) {
    let mut conversations = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        conversations.spawn(converse(stream, Arc::clone(&shared)));
        // Those that have ended are forgotten.
        while conversations.try_join_next().is_some() {}
    }
}

type Reader = FramedRead<OwnedReadHalf, FrameCodec<ToBroker, FromBroker>>;
type Writer = FramedWrite<OwnedWriteHalf, FrameCodec<ToBroker, FromBroker>>;

async fn converse(stream: UnixStream, shared: Arc<Mutex<Shared>>) {
    let (reader, writer) = stream.into_split();
    let mut reader: Reader = FramedRead::new(reader, FrameCodec::new(IPC_FRAME_BYTES_MAX));
    let mut writer: Writer = FramedWrite::new(writer, FrameCodec::new(IPC_FRAME_BYTES_MAX));
    let version = lock(&shared).version;
    let hello = FromBroker::Hello { version, program: PROGRAM.to_owned() };
    if writer.send(&hello).await.is_err() {
        return;
    }
    let Some(Ok(Ok(ToBroker::Hello(hello)))) = reader.next().await else { return };
    let (frames, to_write) = mpsc::channel(QUEUE);
    let admitted = admit(&mut lock(&shared), hello, frames);
    let id = match admitted {
        Ok(id) => id,
        Err(problem) => {
            // It may be gone already.
            let _ = writer.send(&FromBroker::Refused { problem }).await;
            return;
        }
    };
    let welcome = FromBroker::Welcome { session: "stand-in".to_owned() };
    if writer.send(&welcome).await.is_ok() {
        tokio::select! {
            () = write_all(writer, to_write) => {}
            () = read_all(reader, id, &shared) => {}
        }
    }
    lock(&shared).connections.remove(&id);
}

fn admit(
    shared: &mut Shared,
    hello: Hello,
    frames: mpsc::Sender<FromBroker>,
) -> Result<u64, Problem> {
    let is_tray = |open: &Open| open.hello.role == Role::Tray;
    if hello.role == Role::Tray && shared.connections.values().any(is_tray) {
        return Err(Problem::new(Code::AlreadyRunning, "Another tray runs here.", ""));
    }
    shared.last_connection += 1;
    let id = shared.last_connection;
    shared.connections.insert(id, Open { hello, frames, seq: None });
    Ok(id)
}

async fn write_all(mut writer: Writer, mut frames: mpsc::Receiver<FromBroker>) {
    while let Some(frame) = frames.recv().await {
        if writer.send(&frame).await.is_err() {
            return;
        }
    }
}

async fn read_all(mut reader: Reader, id: u64, shared: &Mutex<Shared>) {
    while let Some(Ok(Ok(frame))) = reader.next().await {
        let mut shared = lock(shared);
        match frame {
            ToBroker::Request { id: call, request } => shared.take(id, call, request),
            ToBroker::Idle { idle_s, locked } => {
                shared.reports.push((idle_s.map(IdleSeconds::get), locked))
            }
            ToBroker::Hello(_) | ToBroker::Pong { .. } | ToBroker::Unknown => {}
        }
    }
}

impl Shared {
    fn take(&mut self, connection: u64, call: u64, request: Request) {
        let Some(role) = self.connections.get(&connection).map(|open| open.hello.role) else {
            return;
        };
        self.requests.push((role, request.clone()));
        if request == Request::OpenWindow {
            let is_tray = |open: &&Open| open.hello.role == Role::Tray;
            for tray in self.connections.values().filter(is_tray) {
                tray.send(FromBroker::OpenWindow);
            }
        }
        let reply = self.reply(&request);
        let Some(open) = self.connections.get_mut(&connection) else { return };
        if let Some(reply) = reply {
            open.send(FromBroker::Reply { id: call, reply });
        }
        if request == Request::Subscribe {
            open.seq = Some(1);
            open.send(FromBroker::Snapshot { seq: 1, view: self.view.clone() });
        }
    }

    fn reply(&self, request: &Request) -> Option<Reply> {
        if let Some(reply) = kind(request).and_then(|kind| self.replies.get(&kind)) {
            return Some(reply.clone());
        }
        Some(match request {
            Request::Goodbye if !self.goodbye_is_answered => return None,
            Request::View => Reply::View { view: self.view.clone() },
            Request::Doctor => Reply::Health { health: self.health() },
            Request::SignOff { .. } => Reply::SignedOff { pools: self.pools() },
            Request::Subscribe
            | Request::LogIn { .. }
            | Request::LogOut
            | Request::SignOn { .. }
            | Request::Check { .. }
            | Request::LeaveLine { .. }
            | Request::AcceptOffer { .. }
            | Request::DeclineOffer { .. }
            | Request::Keep { .. }
            | Request::AcknowledgeLoss { .. }
            | Request::Goodbye
            | Request::OpenWindow
            | Request::Unknown => Reply::Done,
        })
    }

    fn pools(&self) -> Vec<PoolId> {
        self.view.pools.iter().map(|pool| pool.pool.id.clone()).collect()
    }

    fn health(&self) -> Health {
        Health {
            program: PROGRAM.to_owned(),
            server_url: Some("https://pool.example:7480".to_owned()),
            link: self.view.link.clone(),
            heard_s: None,
            round_trip_ms: None,
            state_writable: true,
            account: self.view.account.clone(),
            session: "stand-in".to_owned(),
            tray: true,
            idle_s: self.reports.last().and_then(|(idle, _)| *idle),
            clone_seen_at: None,
            pending_sign_offs: 0,
        }
    }
}

/// The request's kind as the wire names it.
fn kind(request: &Request) -> Option<String> {
    let json = serde_json::to_value(request).ok()?;
    Some(json.get("kind")?.as_str()?.to_owned())
}

fn differences(before: &View, after: &View) -> Vec<Change> {
    let mut changes = Vec::new();
    if before.link != after.link {
        changes.push(Change::Link { link: after.link.clone() });
    }
    if before.account != after.account {
        changes.push(Change::Account { account: after.account.clone() });
    }
    for pool in after.pools.iter().filter(|pool| !before.pools.contains(pool)) {
        changes.push(Change::Pool { pool: Box::new(pool.clone()) });
    }
    for gone in &before.pools {
        if !after.pools.iter().any(|pool| pool.pool.id == gone.pool.id) {
            changes.push(Change::PoolRemoved { pool: gone.pool.id.clone() });
        }
    }
    changes
}
