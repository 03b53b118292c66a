//! logind on a private system bus: one session, which a test locks or logs out, and a machine that it puts to sleep
//! or shuts down.
//!
//! Who holds the machine back is seen as logind sees it: by whether the descriptor that it gave away is still open.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{PipeReader, Read, pipe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::Result;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, ObjectPath, OwnedFd, fdo, interface};

use crate::bus::Bus;
use crate::waiting::wait_for;

const NAME: &str = "org.freedesktop.login1";
const MANAGER: &str = "/org/freedesktop/login1";
const SESSION: &str = "/org/freedesktop/login1/session/c1";
/// Where a program finds its own session.
const MINE: &str = "/org/freedesktop/login1/session/auto";
const USER: &str = "/org/freedesktop/login1/user/self";
/// The name of the one session.
const ID: &str = "c1";

/// A running logind; it leaves the bus when dropped.
#[derive(Debug)]
pub struct Logind {
    connection: Connection,
    shared: Shared,
}

/// What a program may hold back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// Sleep.
    Sleep,
    /// Shut-down and reboot.
    ShutDown,
}

type Shared = Arc<Mutex<State>>;

#[derive(Default)]
struct State {
    locked: bool,
    closing: bool,
    removed: bool,
    /// How many programs hold each back now.
    held: BTreeMap<Held, usize>,
    /// What the machine does at the moment at which nobody holds it back.
    then: BTreeMap<Held, Then>,
}

type Then = Box<dyn FnOnce() + Send>;

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { locked, closing, removed, held, then: _ } = self;
        write!(f, "State {{ {locked}, {closing}, {removed}, {held:?} }}")
    }
}

impl Logind {
    /// Takes logind's name on a bus. Its session belongs to the user who runs the tests, and is not locked.
    ///
    /// # Errors
    /// If the bus is gone or has a logind.
    pub async fn start(bus: &Bus) -> Result<Logind> {
        let connection = bus.connect().await?;
        let shared = Shared::default();
        let objects = connection.object_server();
        objects.at(MANAGER, Manager(Arc::clone(&shared))).await?;
        objects.at(SESSION, Session(Arc::clone(&shared))).await?;
        objects.at(MINE, Session(Arc::clone(&shared))).await?;
        objects.at(USER, User).await?;
        connection.request_name(NAME).await?;
        Ok(Logind { connection, shared })
    }

    /// Locks or unlocks the screen.
    ///
    /// # Errors
    /// If the bus is gone.
    pub async fn set_locked(&self, locked: bool) -> Result<()> {
        lock(&self.shared).locked = locked;
        let session = self.connection.object_server().interface::<_, Session>(SESSION).await?;
        Ok(session.get().await.locked_hint_changed(session.signal_emitter()).await?)
    }

    /// Logs the person out: the session's first process is gone, and the session is closing.
    ///
    /// # Errors
    /// If the bus is gone.
    pub async fn log_out(&self) -> Result<()> {
        lock(&self.shared).closing = true;
        let session = self.connection.object_server().interface::<_, Session>(SESSION).await?;
        Ok(session.get().await.state_changed(session.signal_emitter()).await?)
    }

    /// Takes the session away, when its last process has ended.
    ///
    /// # Errors
    /// If the bus is gone.
    pub async fn remove_session(&self) -> Result<()> {
        lock(&self.shared).removed = true;
        let path = ObjectPath::from_static_str_unchecked(SESSION);
        Ok(Manager::session_removed(&self.emitter()?, ID, path).await?)
    }

    /// Says that the machine falls asleep, or that it woke.
    ///
    /// # Errors
    /// If the bus is gone.
    pub async fn prepare_for_sleep(&self, begins: bool) -> Result<()> {
        Ok(Manager::prepare_for_sleep(&self.emitter()?, begins).await?)
    }

    /// Says that the machine shuts down or reboots, or that it was called off.
    ///
    /// # Errors
    /// If the bus is gone.
    pub async fn prepare_for_shutdown(&self, begins: bool) -> Result<()> {
        Ok(Manager::prepare_for_shutdown(&self.emitter()?, begins).await?)
    }

    /// Says what the machine does at the moment at which nobody holds this back any more: it is not one to wait
    /// until anybody notices.
    pub fn once_released(&self, what: Held, then: impl FnOnce() + Send + 'static) {
        lock(&self.shared).then.insert(what, Box::new(then));
    }

    /// Waits until somebody holds this back.
    ///
    /// # Errors
    /// If nobody comes to.
    pub async fn wait_until_held(&self, what: Held) -> Result<()> {
        let found = async || Ok((self.count(what) > 0).then_some(()));
        wait_for(&format!("somebody holds the machine back: {what:?}"), found).await
    }

    /// Waits until nobody holds this back any more.
    ///
    /// # Errors
    /// If somebody does not let go.
    pub async fn wait_until_released(&self, what: Held) -> Result<()> {
        let found = async || Ok((self.count(what) == 0).then_some(()));
        wait_for(&format!("nobody holds the machine back any more: {what:?}"), found).await
    }

    fn count(&self, what: Held) -> usize {
        lock(&self.shared).held.get(&what).copied().unwrap_or(0)
    }

    fn emitter(&self) -> Result<SignalEmitter<'static>> {
        Ok(SignalEmitter::new(&self.connection, MANAGER)?.into_owned())
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts who holds something back until the other end of the pipe is closed everywhere.
fn watch(shared: Shared, what: Held, mut held: PipeReader) {
    thread::spawn(move || {
        // Nobody writes: what comes is the end.
        let _ = held.read(&mut [0; 1]);
        let mut state = lock(&shared);
        let count = state.held.entry(what).or_default();
        *count = count.saturating_sub(1);
        if *count == 0
            && let Some(then) = state.then.remove(&what)
        {
            then();
        }
    });
}

struct Manager(Shared);

#[interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    #[zbus(name = "GetSessionByPID")]
    fn get_session_by_pid(&self, _pid: u32) -> ObjectPath<'static> {
        ObjectPath::from_static_str_unchecked(SESSION)
    }

    fn get_session(&self, id: &str) -> fdo::Result<ObjectPath<'static>> {
        if id == ID && !lock(&self.0).removed {
            return Ok(ObjectPath::from_static_str_unchecked(SESSION));
        }
        Err(fdo::Error::Failed(format!("no session {id}")))
    }

    fn get_user(&self, _uid: u32) -> ObjectPath<'static> {
        ObjectPath::from_static_str_unchecked(USER)
    }

    fn inhibit(
        &self,
        what: &str,
        _who: String,
        _why: String,
        _mode: String,
    ) -> fdo::Result<OwnedFd> {
        let failed = |error: std::io::Error| fdo::Error::Failed(error.to_string());
        let (ours, theirs) = pipe().map_err(failed)?;
        for word in what.split(':') {
            let what = match word {
                "sleep" => Held::Sleep,
                "shutdown" => Held::ShutDown,
                _ => continue,
            };
            *lock(&self.0).held.entry(what).or_default() += 1;
            watch(Arc::clone(&self.0), what, ours.try_clone().map_err(failed)?);
        }
        Ok(std::os::fd::OwnedFd::from(theirs).into())
    }

    #[zbus(signal)]
    async fn prepare_for_shutdown(emitter: &SignalEmitter<'_>, start: bool) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn prepare_for_sleep(emitter: &SignalEmitter<'_>, start: bool) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn session_removed(
        emitter: &SignalEmitter<'_>,
        id: &str,
        path: ObjectPath<'_>,
    ) -> zbus::Result<()>;
}

struct Session(Shared);

#[interface(name = "org.freedesktop.login1.Session")]
impl Session {
    #[zbus(property)]
    fn id(&self) -> String {
        ID.to_owned()
    }

    #[zbus(property)]
    fn state(&self) -> String {
        if lock(&self.0).closing { "closing" } else { "active" }.to_owned()
    }

    #[zbus(property)]
    fn user(&self) -> (u32, ObjectPath<'static>) {
        let uid = rustix::process::geteuid().as_raw();
        (uid, ObjectPath::from_static_str_unchecked(USER))
    }

    #[zbus(property)]
    fn locked_hint(&self) -> bool {
        lock(&self.0).locked
    }
}

struct User;

#[interface(name = "org.freedesktop.login1.User")]
impl User {
    #[zbus(property)]
    fn display(&self) -> (String, ObjectPath<'static>) {
        (ID.to_owned(), ObjectPath::from_static_str_unchecked(SESSION))
    }
}
