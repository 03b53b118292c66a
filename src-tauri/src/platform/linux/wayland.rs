//! Idle times of a Wayland compositor, by `ext-idle-notify`.
//!
//! The protocol tells when a person has been idle for a given time and when they are back, so
//! nothing is asked while nothing happens.

use std::thread;

use tokio::sync::watch;
use wayland_client::globals::{GlobalListContents, registry_queue_init};
use wayland_client::protocol::{wl_registry::WlRegistry, wl_seat::WlSeat};
use wayland_client::{Connection, Dispatch, EventQueue, Proxy, QueueHandle, delegate_noop};
use wayland_protocols::ext::idle_notify::v1::client::{
    ext_idle_notification_v1::{self, ExtIdleNotificationV1},
    ext_idle_notifier_v1::ExtIdleNotifierV1,
};

use crate::clock;
use crate::idle::{Gone, IdleSource, Soon};

/// Without input for so long, in ms, a person counts as idle from the last input on. Shorter
/// pauses are told as activity.
const PAUSE_MS: u32 = 5_000;

/// The first version that can leave out what other programs inhibit: a video that plays is no
/// input.
const INPUT_ONLY_SINCE: u32 = 2;

/// A compositor.
pub(super) struct Wayland {
    /// The last input on the boot-time clock, in ms, while the person is idle.
    idle_since: watch::Receiver<Option<u64>>,
}

/// Connects to the compositor of the environment; nothing if it cannot tell idle times.
pub(super) async fn open() -> Option<Wayland> {
    match tokio::task::spawn_blocking(connect).await {
        Ok(Ok(source)) => Some(source),
        Ok(Err(error)) => {
            tracing::debug!(error, "the Wayland compositor cannot tell idle times");
            None
        }
        Err(error) => {
            tracing::error!(%error, "asking the Wayland compositor failed");
            None
        }
    }
}

/// Whether the compositor of the environment can be connected to.
pub(super) fn answers() -> bool {
    Connection::connect_to_env().is_ok()
}

fn connect() -> Result<Wayland, String> {
    let connection = Connection::connect_to_env().map_err(|error| error.to_string())?;
    let (globals, mut queue) =
        registry_queue_init::<State>(&connection).map_err(|error| error.to_string())?;
    let handle = queue.handle();
    let seat: WlSeat = globals.bind(&handle, 1..=1, ()).map_err(|error| error.to_string())?;
    let notifier: ExtIdleNotifierV1 =
        globals.bind(&handle, 1..=INPUT_ONLY_SINCE, ()).map_err(|error| error.to_string())?;
    if notifier.version() >= INPUT_ONLY_SINCE {
        notifier.get_input_idle_notification(PAUSE_MS, &seat, &handle, ());
    } else {
        notifier.get_idle_notification(PAUSE_MS, &seat, &handle, ());
    }
    let (sender, idle_since) = watch::channel(None);
    let mut state = State { idle_since: sender };
    queue.roundtrip(&mut state).map_err(|error| error.to_string())?;
    thread::Builder::new()
        .name("wayland-idle".to_owned())
        .spawn(move || listen(queue, state))
        .map_err(|error| error.to_string())?;
    Ok(Wayland { idle_since })
}

/// Listens until the compositor is gone; that drops the sender, which tells the reader.
fn listen(mut queue: EventQueue<State>, mut state: State) {
    while !state.idle_since.is_closed() {
        if let Err(error) = queue.blocking_dispatch(&mut state) {
            tracing::info!(%error, "the Wayland compositor is gone");
            return;
        }
    }
}

struct State {
    idle_since: watch::Sender<Option<u64>>,
}

impl Dispatch<ExtIdleNotificationV1, ()> for State {
    fn event(
        state: &mut Self,
        _: &ExtIdleNotificationV1,
        event: ext_idle_notification_v1::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        let since = match event {
            ext_idle_notification_v1::Event::Idled => {
                Some(clock::now().boot_ms.saturating_sub(u64::from(PAUSE_MS)))
            }
            ext_idle_notification_v1::Event::Resumed => None,
            // An event of a newer version says nothing about input.
            _ => return,
        };
        state.idle_since.send_replace(since);
    }
}

impl Dispatch<WlRegistry, GlobalListContents> for State {
    fn event(
        _: &mut Self,
        _: &WlRegistry,
        _: wayland_client::protocol::wl_registry::Event,
        _: &GlobalListContents,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}

delegate_noop!(State: ignore WlSeat);
delegate_noop!(State: ExtIdleNotifierV1);

impl IdleSource for Wayland {
    fn name(&self) -> &'static str {
        "ext-idle-notify"
    }

    fn idle_ms(&mut self) -> Soon<'_, Result<u64, Gone>> {
        let gone = self.idle_since.has_changed().is_err();
        let since = *self.idle_since.borrow_and_update();
        Box::pin(async move {
            if gone {
                return Err(Gone::Failed("the compositor closed the connection".to_owned()));
            }
            Ok(since.map_or(0, |since| clock::now().boot_ms.saturating_sub(since)))
        })
    }

    fn news(&mut self) -> Soon<'_, ()> {
        Box::pin(async {
            // An error is the end of the compositor, which the next question finds out.
            let _ = self.idle_since.changed().await;
        })
    }
}
