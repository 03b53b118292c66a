//! A Wayland compositor that can do one thing: say when the person is idle.
//!
//! It draws nothing, so the tray beside it stays on an X server.

use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use wayland_protocols::ext::idle_notify::v1::server::{
    ext_idle_notification_v1::ExtIdleNotificationV1,
    ext_idle_notifier_v1::{self, ExtIdleNotifierV1},
};
use wayland_server::protocol::wl_seat::WlSeat;
use wayland_server::{
    Client, DataInit, Dispatch, Display, DisplayHandle, GlobalDispatch, New, Resource,
    backend::{ClientData, ClientId, DisconnectReason},
};

/// Between two looks at the sockets.
const TURN: Duration = Duration::from_millis(5);

/// A running compositor; dropping it closes every connection.
pub(crate) struct Compositor {
    socket: PathBuf,
    commands: mpsc::Sender<bool>,
    watched: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Compositor {
    /// Starts one whose socket is in `folder`, offering `ext-idle-notify` in version 1.
    pub(crate) fn start(folder: &Path) -> Result<Compositor> {
        let socket = folder.join("wayland-office");
        let listener = UnixListener::bind(&socket).context("the socket")?;
        listener.set_nonblocking(true)?;
        let (commands, receiver) = mpsc::channel();
        let watched = Arc::new(AtomicBool::new(false));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (watched, stop) = (Arc::clone(&watched), Arc::clone(&stop));
            move || serve(&listener, &receiver, &watched, &stop)
        });
        Ok(Compositor { socket, commands, watched, stop, thread: Some(thread) })
    }

    /// The value for `WAYLAND_DISPLAY`.
    pub(crate) fn display(&self) -> &Path {
        &self.socket
    }

    /// Whether a program asked to be told.
    pub(crate) fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Relaxed)
    }

    /// The person has been idle for as long as the program asked for, or is back.
    pub(crate) fn set_idle(&self, idle: bool) {
        self.commands.send(idle).expect("the compositor runs");
    }
}

impl Drop for Compositor {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic in it has failed the test already.
            let _ = thread.join();
        }
    }
}

struct State {
    notifications: Vec<ExtIdleNotificationV1>,
}

struct Connected;

impl ClientData for Connected {
    fn initialized(&self, _: ClientId) {}
    fn disconnected(&self, _: ClientId, _: DisconnectReason) {}
}

fn serve(
    listener: &UnixListener,
    commands: &mpsc::Receiver<bool>,
    watched: &AtomicBool,
    stop: &AtomicBool,
) {
    let mut display: Display<State> = Display::new().expect("a display");
    let mut handle = display.handle();
    handle.create_global::<State, WlSeat, ()>(1, ());
    handle.create_global::<State, ExtIdleNotifierV1, ()>(1, ());
    let mut state = State { notifications: Vec::new() };
    while !stop.load(Ordering::Relaxed) {
        if let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(true).expect("a socket");
            handle.insert_client(stream, Arc::new(Connected)).expect("a client");
        }
        while let Ok(idle) = commands.try_recv() {
            for notification in &state.notifications {
                if idle { notification.idled() } else { notification.resumed() }
            }
        }
        display.dispatch_clients(&mut state).expect("clients are served");
        display.flush_clients().expect("clients are told");
        watched.store(!state.notifications.is_empty(), Ordering::Relaxed);
        thread::sleep(TURN);
    }
}

impl GlobalDispatch<WlSeat, ()> for State {
    fn bind(
        _: &mut Self,
        _: &DisplayHandle,
        _: &Client,
        seat: New<WlSeat>,
        (): &(),
        data: &mut DataInit<'_, Self>,
    ) {
        data.init(seat, ());
    }
}

impl GlobalDispatch<ExtIdleNotifierV1, ()> for State {
    fn bind(
        _: &mut Self,
        _: &DisplayHandle,
        _: &Client,
        notifier: New<ExtIdleNotifierV1>,
        (): &(),
        data: &mut DataInit<'_, Self>,
    ) {
        data.init(notifier, ());
    }
}

impl Dispatch<ExtIdleNotifierV1, ()> for State {
    fn request(
        state: &mut Self,
        _: &Client,
        _: &ExtIdleNotifierV1,
        request: ext_idle_notifier_v1::Request,
        (): &(),
        _: &DisplayHandle,
        data: &mut DataInit<'_, Self>,
    ) {
        if let ext_idle_notifier_v1::Request::GetIdleNotification { id, .. } = request {
            state.notifications.push(data.init(id, ()));
        }
    }
}

impl Dispatch<WlSeat, ()> for State {
    fn request(
        _: &mut Self,
        _: &Client,
        _: &WlSeat,
        _: <WlSeat as Resource>::Request,
        (): &(),
        _: &DisplayHandle,
        _: &mut DataInit<'_, Self>,
    ) {
    }
}

impl Dispatch<ExtIdleNotificationV1, ()> for State {
    fn request(
        _: &mut Self,
        _: &Client,
        _: &ExtIdleNotificationV1,
        _: <ExtIdleNotificationV1 as Resource>::Request,
        (): &(),
        _: &DisplayHandle,
        _: &mut DataInit<'_, Self>,
    ) {
    }
}
