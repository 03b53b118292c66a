//! The task that holds the machine back while seats are signed off, and hears what it is about to
//! do: shut down, sleep, end a session, lock a screen.

use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use hotseat_broker_core::{Inhibitor, OsEvent};
use tokio::sync::{mpsc, watch};
use zbus::{Connection, MatchRule, MessageStream, OwnedFd, OwnedObjectPath};

use super::logind::{ANSWER_WITHIN, Bus, ManagerProxy, Order, see};

/// A bus that is absent or went away is looked for again after so long, then more and more rarely.
const TRY_AGAIN_FIRST: Duration = Duration::from_secs(1);

/// The longest wait before that.
const TRY_AGAIN_LONGEST: Duration = Duration::from_secs(30);

/// Below it lie logind's sessions.
const SESSIONS: &str = "/org/freedesktop/login1/session";

/// Watches for as long as the broker lives.
pub(super) async fn run(
    found: watch::Sender<Bus>,
    mut orders: mpsc::Receiver<Order>,
    events: mpsc::Sender<OsEvent>,
) {
    let mut said = false;
    let mut wait = TRY_AGAIN_FIRST;
    loop {
        match connect().await {
            Ok((bus, manager)) => {
                tracing::info!("logind tells of log-outs, sleep and shut-down");
                said = false;
                wait = TRY_AGAIN_FIRST;
                found.send_replace(Bus::Present(bus.clone()));
                let mut watching = Watching::new(bus, manager, events.clone());
                if let Err(error) = watching.follow(&mut orders).await {
                    tracing::warn!(%error, "logind went away");
                }
            }
            Err(error) if said => tracing::debug!(%error, "still no logind"),
            Err(error) => {
                said = true;
                tracing::info!(%error, "no logind: a session ends when its tray does");
            }
        }
        found.send_replace(Bus::Absent);
        if !pass_time(&mut orders, wait).await {
            return;
        }
        wait = (wait * 2).min(TRY_AGAIN_LONGEST);
    }
}

async fn connect() -> zbus::Result<(Connection, ManagerProxy<'static>)> {
    let connecting = async {
        let bus = Connection::system().await?;
        let manager = ManagerProxy::new(&bus).await?;
        Ok((bus, manager))
    };
    within(connecting).await
}

/// An answer that does not come is an error like any other.
async fn within<T>(answer: impl Future<Output = zbus::Result<T>>) -> zbus::Result<T> {
    match tokio::time::timeout(ANSWER_WITHIN, answer).await {
        Ok(result) => result,
        Err(_) => Err(zbus::Error::Failure("logind does not answer".to_owned())),
    }
}

/// Waits until the bus is looked for again; false when the broker is gone.
async fn pass_time(orders: &mut mpsc::Receiver<Order>, wait: Duration) -> bool {
    let wait = tokio::time::sleep(wait);
    tokio::pin!(wait);
    loop {
        tokio::select! {
            () = &mut wait => return true,
            // Nothing is held back and nobody can be asked.
            order = orders.recv() => if order.is_none() { return false },
        }
    }
}

/// Something that the machine is held back from.
enum Hold {
    /// Not at all.
    Free,
    /// logind is being asked.
    Taking(Pin<Box<dyn Future<Output = OwnedFd> + Send>>),
    /// As long as this descriptor is open.
    Held { _open: OwnedFd },
}

impl Hold {
    /// Returns once logind has let it hold; never while it is not asked.
    async fn taken(&mut self) {
        match self {
            Self::Taking(taking) => *self = Self::Held { _open: taking.await },
            Self::Free | Self::Held { .. } => std::future::pending().await,
        }
    }
}

/// Asks logind until it agrees: it refuses while what shall be held back is already under way, and
/// it may be slow. Meanwhile everything else goes on.
async fn take(manager: ManagerProxy<'static>, what: Inhibitor) -> OwnedFd {
    let name = match what {
        Inhibitor::Sleep => "sleep",
        Inhibitor::ShutDown => "shutdown",
    };
    let why = "Gives the seats of this computer back first";
    let mut wait = TRY_AGAIN_FIRST;
    loop {
        match within(manager.inhibit(name, "Hotseat", why, "delay")).await {
            Ok(descriptor) => return descriptor,
            Err(error) => tracing::warn!(%error, what = name, "cannot hold the machine back yet"),
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(TRY_AGAIN_LONGEST);
    }
}

struct Watching {
    bus: Connection,
    manager: ManagerProxy<'static>,
    events: mpsc::Sender<OsEvent>,
    sleep: Hold,
    shut_down: Hold,
}

impl Watching {
    fn new(bus: Connection, manager: ManagerProxy<'static>, events: mpsc::Sender<OsEvent>) -> Self {
        Self { bus, manager, events, sleep: Hold::Free, shut_down: Hold::Free }
    }

    /// Ends with an error when logind goes away, without one when the broker does.
    async fn follow(&mut self, orders: &mut mpsc::Receiver<Order>) -> zbus::Result<()> {
        let mut shut_downs = within(self.manager.receive_prepare_for_shutdown()).await?;
        let mut sleeps = within(self.manager.receive_prepare_for_sleep()).await?;
        let mut removals = within(self.manager.receive_session_removed()).await?;
        let mut changes = within(self.session_changes()).await?;
        self.hold(Inhibitor::Sleep);
        self.hold(Inhibitor::ShutDown);
        let gone = || zbus::Error::Failure("the connection to the bus ended".to_owned());
        loop {
            tokio::select! {
                signal = shut_downs.next() => {
                    let begins = *signal.ok_or_else(gone)?.args()?.start();
                    self.prepare(Inhibitor::ShutDown, begins).await;
                }
                signal = sleeps.next() => {
                    let begins = *signal.ok_or_else(gone)?.args()?.start();
                    self.prepare(Inhibitor::Sleep, begins).await;
                }
                signal = removals.next() => {
                    let signal = signal.ok_or_else(gone)?;
                    let name = signal.args()?.id().to_string();
                    self.tell(OsEvent::SessionEnded { name }).await;
                }
                change = changes.next() => {
                    let change = change.ok_or_else(gone)??;
                    if let Some(path) = change.header().path() {
                        self.session_changed(path.to_owned().into()).await;
                    }
                }
                () = self.sleep.taken() => {}
                () = self.shut_down.taken() => {}
                order = orders.recv() => match order {
                    Some(order) => self.perform(order).await,
                    None => return Ok(()),
                }
            }
        }
    }

    /// Changes of any session. Anybody on the bus can send such a signal, so it is only a reason
    /// to ask logind.
    async fn session_changes(&mut self) -> zbus::Result<MessageStream> {
        let rule = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .interface("org.freedesktop.DBus.Properties")
            .member("PropertiesChanged")
            .path_namespace(SESSIONS)
            .build()?;
        MessageStream::for_match_rule(rule, &self.bus, None).await
    }

    async fn session_changed(&mut self, path: OwnedObjectPath) {
        // A session that cannot be read any more is told by its removal.
        let Ok(seen) = within(see(&self.bus, path)).await else {
            return;
        };
        let name = seen.id;
        if seen.closing {
            self.tell(OsEvent::SessionEnded { name }).await;
        } else {
            let locked = seen.away;
            self.tell(OsEvent::Locked { name, locked }).await;
        }
    }

    async fn perform(&mut self, order: Order) {
        match order {
            Order::Release(Inhibitor::Sleep) => self.sleep = Hold::Free,
            Order::Release(Inhibitor::ShutDown) => self.shut_down = Hold::Free,
            Order::LookAt(name) => {
                let ended = match within(self.manager.get_session(&name)).await {
                    Ok(path) => within(see(&self.bus, path)).await.is_ok_and(|seen| seen.closing),
                    // logind says that there is no such session; anything else says nothing.
                    Err(zbus::Error::MethodError(name, _, _)) => {
                        name.as_str() == "org.freedesktop.login1.NoSuchSession"
                    }
                    Err(_) => false,
                };
                if ended {
                    self.tell(OsEvent::SessionEnded { name }).await;
                }
            }
        }
    }

    /// Something is about to begin, or it is over and is held back the next time again.
    async fn prepare(&mut self, what: Inhibitor, begins: bool) {
        let event = match (what, begins) {
            (Inhibitor::Sleep, true) => OsEvent::SleepBegins,
            (Inhibitor::Sleep, false) => OsEvent::SleepEnded,
            (Inhibitor::ShutDown, true) => OsEvent::ShutDownBegins,
            (Inhibitor::ShutDown, false) => OsEvent::ShutDownCancelled,
        };
        self.tell(event).await;
        if !begins {
            self.hold(what);
        }
    }

    /// Makes the machine wait for [`Order::Release`], within logind's own limit, as soon as logind
    /// lets it.
    fn hold(&mut self, what: Inhibitor) {
        let hold = match what {
            Inhibitor::Sleep => &mut self.sleep,
            Inhibitor::ShutDown => &mut self.shut_down,
        };
        // What is held already holds on.
        if matches!(hold, Hold::Free) {
            *hold = Hold::Taking(Box::pin(take(self.manager.clone(), what)));
        }
    }

    async fn tell(&mut self, event: OsEvent) {
        // Nobody listens only when the broker ends.
        let _ = self.events.send(event).await;
    }
}
