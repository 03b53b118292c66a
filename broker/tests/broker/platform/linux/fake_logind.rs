//! logind as an object of our own, on a bus of our own.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, OwnedObjectPath, fdo, interface};

use crate::soon;

const ROOT: &str = "/org/freedesktop/login1";
const SESSION: &str = "/org/freedesktop/login1/session/c2";
const USER: &str = "/org/freedesktop/login1/user/me";

/// The name of the one session.
pub(crate) const SESSION_ID: &str = "c2";

/// A bus with the one session of this process.
pub(crate) struct FakeLogind {
    pub(crate) address: String,
    bus: Connection,
    session: Arc<Mutex<State>>,
    held: mpsc::Receiver<Held>,
    _daemon: Child,
}

/// Something that holds the machine back.
pub(crate) struct Held {
    pub(crate) what: String,
    end: pipe::Receiver,
}

impl Held {
    /// Waits until nothing holds it back any more.
    pub(crate) async fn released(mut self) {
        let mut nothing = [0; 1];
        let read = self.end.read(&mut nothing);
        assert_eq!(soon("the inhibitor is released", read).await.unwrap(), 0);
    }
}

#[derive(Debug)]
struct State {
    state: &'static str,
    locked: bool,
    active: bool,
    gone: bool,
    /// So many questions for an inhibitor are refused first.
    refusals: u32,
}

struct Manager {
    held: mpsc::Sender<Held>,
    session: Arc<Mutex<State>>,
}

impl Manager {
    fn is_gone(&self) -> bool {
        self.session.lock().unwrap().gone
    }
}

fn path_of(path: &'static str) -> OwnedObjectPath {
    OwnedObjectPath::try_from(path).unwrap()
}

#[interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    #[zbus(name = "GetSessionByPID")]
    fn get_session_by_pid(&self, _pid: u32) -> fdo::Result<OwnedObjectPath> {
        // Programs that a user's service manager started are in no session.
        Err(fdo::Error::Failed("no session".to_owned()))
    }

    fn get_session(&self, id: &str) -> fdo::Result<OwnedObjectPath> {
        if id == SESSION_ID && !self.is_gone() {
            return Ok(path_of(SESSION));
        }
        Err(fdo::Error::Failed("no such session".to_owned()))
    }

    fn get_user(&self, _uid: u32) -> OwnedObjectPath {
        path_of(USER)
    }

    async fn inhibit(
        &self,
        what: String,
        _who: String,
        _why: String,
        mode: String,
    ) -> fdo::Result<zbus::OwnedFd> {
        assert_eq!(mode, "delay");
        let refused = {
            let mut state = self.session.lock().unwrap();
            let refused = state.refusals > 0;
            state.refusals = state.refusals.saturating_sub(1);
            refused
        };
        if refused {
            return Err(fdo::Error::Failed("the operation is already running".to_owned()));
        }
        let (ours, theirs) = rustix::pipe::pipe().unwrap();
        let end = pipe::Receiver::from_owned_fd(ours).unwrap();
        self.held.send(Held { what, end }).await.unwrap();
        Ok(theirs.into())
    }

    #[zbus(signal)]
    async fn prepare_for_shutdown(emitter: &SignalEmitter<'_>, start: bool) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn prepare_for_sleep(emitter: &SignalEmitter<'_>, start: bool) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn session_removed(
        emitter: &SignalEmitter<'_>,
        id: &str,
        path: zbus::ObjectPath<'_>,
    ) -> zbus::Result<()>;
}

struct Session(Arc<Mutex<State>>);

#[interface(name = "org.freedesktop.login1.Session")]
impl Session {
    #[zbus(property)]
    fn id(&self) -> String {
        SESSION_ID.to_owned()
    }

    #[zbus(property)]
    fn state(&self) -> String {
        self.0.lock().unwrap().state.to_owned()
    }

    #[zbus(property)]
    fn user(&self) -> (u32, OwnedObjectPath) {
        let uid = rustix::process::geteuid().as_raw();
        (uid, path_of(USER))
    }

    #[zbus(property)]
    fn locked_hint(&self) -> bool {
        self.0.lock().unwrap().locked
    }

    #[zbus(property)]
    fn active(&self) -> bool {
        self.0.lock().unwrap().active
    }
}

struct User;

#[interface(name = "org.freedesktop.login1.User")]
impl User {
    #[zbus(property)]
    fn display(&self) -> (String, OwnedObjectPath) {
        (SESSION_ID.to_owned(), path_of(SESSION))
    }
}

impl FakeLogind {
    pub(crate) async fn start() -> Self {
        let mut daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--print-address"])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("dbus-daemon is installed");
        let mut lines = BufReader::new(daemon.stdout.take().unwrap()).lines();
        let address = soon("the bus's address", lines.next_line()).await.unwrap().unwrap();
        let (holds, held) = mpsc::channel(16);
        let session = Arc::new(Mutex::new(State {
            state: "active",
            locked: false,
            active: true,
            gone: false,
            refusals: 0,
        }));
        let manager = Manager { held: holds, session: session.clone() };
        let bus = zbus::connection::Builder::address(address.as_str())
            .serve_at(ROOT, manager)
            .serve_at(SESSION, Session(session.clone()))
            .serve_at(USER, User)
            .name("org.freedesktop.login1")
            .build();
        let bus = soon("the fake logind", bus).await.unwrap();
        Self { address, bus, session, held, _daemon: daemon }
    }

    /// The two inhibitors of a broker that has just found logind, by what they inhibit.
    pub(crate) async fn inhibitors(&mut self) -> BTreeMap<String, Held> {
        let mut both = BTreeMap::new();
        while both.len() < 2 {
            let held = self.held().await;
            both.insert(held.what.clone(), held);
        }
        both
    }

    pub(crate) async fn held(&mut self) -> Held {
        soon("an inhibitor is taken", self.held.recv()).await.unwrap()
    }

    fn emitter(&self) -> SignalEmitter<'static> {
        SignalEmitter::new(&self.bus, ROOT).unwrap()
    }

    pub(crate) async fn sleep(&self, start: bool) {
        Manager::prepare_for_sleep(&self.emitter(), start).await.unwrap();
    }

    pub(crate) async fn shut_down(&self, start: bool) {
        Manager::prepare_for_shutdown(&self.emitter(), start).await.unwrap();
    }

    /// The leader of the session is gone, and some process lingers.
    pub(crate) async fn closing(&self, told: bool) {
        self.session.lock().unwrap().state = "closing";
        if told {
            self.tell().await;
        }
    }

    /// Its screen is locked, or not; another session is shown, or this one.
    pub(crate) async fn looks(&self, locked: bool, active: bool) {
        {
            let mut session = self.session.lock().unwrap();
            (session.locked, session.active) = (locked, active);
        }
        self.tell().await;
    }

    /// The next questions for an inhibitor are refused.
    pub(crate) fn refuse(&self, times: u32) {
        self.session.lock().unwrap().refusals = times;
    }

    pub(crate) async fn removed(&self) {
        self.session.lock().unwrap().gone = true;
        let path = zbus::ObjectPath::try_from(SESSION).unwrap();
        Manager::session_removed(&self.emitter(), SESSION_ID, path).await.unwrap();
    }

    async fn tell(&self) {
        let server = self.bus.object_server();
        let session = server.interface::<_, Session>(SESSION).await.unwrap();
        session.get().await.state_changed(session.signal_emitter()).await.unwrap();
    }
}
