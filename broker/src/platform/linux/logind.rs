//! logind, over the system bus: whose session a peer is in.
//!
//! A machine without the bus or without logind is fine: then nothing is known, and a seat hangs on
//! what the tray says.

use std::time::Duration;

use hotseat_broker_core::{Inhibitor, OsEvent};
use hotseat_ipc::socket::Peer;
use tokio::sync::{mpsc, watch};
use zbus::proxy::CacheProperties;
use zbus::{Connection, OwnedFd, OwnedObjectPath, proxy};

use crate::lifecycle::Lifecycle;

/// logind answers from memory; what takes longer than this is not worth keeping a person waiting.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Orders to the watching task that may wait.
const ORDERS_MAX: usize = 256;

#[proxy(
    interface = "org.freedesktop.login1.Manager",
    default_service = "org.freedesktop.login1",
    default_path = "/org/freedesktop/login1"
)]
pub(super) trait Manager {
    #[zbus(name = "GetSessionByPID")]
    fn get_session_by_pid(&self, pid: u32) -> zbus::Result<OwnedObjectPath>;
    fn get_session(&self, id: &str) -> zbus::Result<OwnedObjectPath>;
    fn get_user(&self, uid: u32) -> zbus::Result<OwnedObjectPath>;
    fn inhibit(&self, what: &str, who: &str, why: &str, mode: &str) -> zbus::Result<OwnedFd>;

    #[zbus(signal)]
    fn prepare_for_shutdown(&self, start: bool) -> zbus::Result<()>;
    #[zbus(signal)]
    fn prepare_for_sleep(&self, start: bool) -> zbus::Result<()>;
    #[zbus(signal)]
    fn session_removed(&self, id: &str, path: zbus::ObjectPath<'_>) -> zbus::Result<()>;
}

#[proxy(interface = "org.freedesktop.login1.Session", default_service = "org.freedesktop.login1")]
trait Session {
    #[zbus(property)]
    fn id(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn state(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn user(&self) -> zbus::Result<(u32, OwnedObjectPath)>;
    #[zbus(property)]
    fn locked_hint(&self) -> zbus::Result<bool>;
    #[zbus(property)]
    fn active(&self) -> zbus::Result<bool>;
}

#[proxy(interface = "org.freedesktop.login1.User", default_service = "org.freedesktop.login1")]
trait User {
    #[zbus(property)]
    fn display(&self) -> zbus::Result<(String, OwnedObjectPath)>;
}

/// A session as it is now.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) id: String,
    pub(super) uid: u32,
    /// Nobody sits in front of it: its screen is locked, another session of the seat is shown, or
    /// whoever came from afar has hung up.
    pub(super) away: bool,
    /// Its leader is gone, though processes may linger.
    pub(super) closing: bool,
}

/// Reads a session.
pub(super) async fn see(bus: &Connection, path: OwnedObjectPath) -> zbus::Result<Seen> {
    let session =
        SessionProxy::builder(bus).path(path).cache_properties(CacheProperties::No).build().await?;
    // Older versions do not know the hint, others than logind perhaps not even the rest.
    let locked = session.locked_hint().await.unwrap_or(false);
    let active = session.active().await.unwrap_or(true);
    Ok(Seen {
        id: session.id().await?,
        uid: session.user().await?.0,
        away: locked || !active,
        closing: session.state().await? == "closing",
    })
}

/// What the watching task is asked for.
#[derive(Debug)]
pub(super) enum Order {
    /// Something of this session's user ended: see whether the session did, too.
    LookAt(String),
    /// Let the machine go on.
    Release(Inhibitor),
}

/// Whether there is a bus with logind.
#[derive(Debug, Clone)]
pub(super) enum Bus {
    /// Not tried yet.
    Unknown,
    /// No.
    Absent,
    /// Yes.
    Present(Connection),
}

/// What is known of the machine's sessions, and what the machine is about to do.
#[derive(Debug, Clone)]
pub(crate) struct OsSessions {
    bus: watch::Receiver<Bus>,
    orders: mpsc::Sender<Order>,
}

impl OsSessions {
    /// Begins to watch; what happens goes to `events`, in order.
    pub(crate) fn start(lifecycle: &Lifecycle, events: mpsc::Sender<OsEvent>) -> Self {
        let (found, bus) = watch::channel(Bus::Unknown);
        let (orders, to_do) = mpsc::channel(ORDERS_MAX);
        let stopping = lifecycle.clone();
        lifecycle.spawn(async move {
            tokio::select! {
                () = super::watch::run(found, to_do, events) => {}
                () = stopping.stopping() => {}
            }
        });
        Self { bus, orders }
    }

    /// The name of the session that a peer is in: its process's, else its user's display. None
    /// when there is none, or logind does not say in time.
    pub(crate) async fn session_of(&self, peer: &Peer) -> Option<String> {
        let uid = peer.user.0.parse().ok()?;
        let answer = tokio::time::timeout(ANSWER_WITHIN, self.ask(uid, peer.pid));
        answer.await.ok().flatten()
    }

    async fn ask(&self, uid: u32, pid: Option<u32>) -> Option<String> {
        let mut found = self.bus.clone();
        let known = found.wait_for(|bus| !matches!(bus, Bus::Unknown)).await;
        let Bus::Present(bus) = known.ok()?.clone() else {
            return None;
        };
        let manager = ManagerProxy::new(&bus).await.ok()?;
        if let Some(pid) = pid
            && let Ok(path) = manager.get_session_by_pid(pid).await
            && let Ok(seen) = see(&bus, path).await
            // A process id may have gone to somebody else since the peer connected.
            && seen.uid == uid
            && !seen.closing
        {
            return Some(seen.id);
        }
        let user = manager.get_user(uid).await.ok()?;
        let user = UserProxy::builder(&bus)
            .path(user)
            .cache_properties(CacheProperties::No)
            .build()
            .await
            .ok()?;
        let (id, path) = user.display().await.ok()?;
        if id.is_empty() {
            return None;
        }
        let seen = see(&bus, path).await.ok()?;
        (!seen.closing).then_some(id)
    }

    /// Looks whether a session has ended, because something in it did; if so, an event says it.
    pub(crate) fn look_at(&self, session: &str) {
        self.order(Order::LookAt(session.to_owned()));
    }

    /// Lets the machine sleep or shut down.
    pub(crate) fn release(&self, inhibitor: Inhibitor) {
        self.order(Order::Release(inhibitor));
    }

    fn order(&self, order: Order) {
        // The queue is full only when the bus hangs. A look is then missed, which the end of the
        // tray's connection makes good; an inhibitor is then ignored by logind after its limit.
        let _ = self.orders.try_send(order);
    }
}
