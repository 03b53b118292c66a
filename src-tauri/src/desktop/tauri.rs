//! The real desktop: the panel, the window's process, notifications.

use std::sync::Arc;
use std::time::Duration;

use tauri::{AppHandle, Emitter};
use tokio::sync::{mpsc, watch};

use super::notes::Notes;
use super::panel::Panel;
use super::window_child::WindowChild;
use super::{Desktop, Note, NoteKey};
use crate::app_state::Pace;
use crate::controller::Event;
use crate::lifecycle::{self, Tasks};
use crate::tray::icon::Icon;
use crate::tray::menu::Look;
use crate::views::{VIEW_EVENT, WindowView};

/// How long the toolkit may take to leave its event loop. It leaves at once where nothing holds
/// it: the icon is placed by blocking calls to the panel, which has no time limit.
const LOOP_ENDS_WITHIN: Duration = Duration::from_secs(1);

/// What the tray program owns of the desktop.
pub struct TrayDesktop {
    app: AppHandle,
    tasks: Tasks,
    panel: Arc<Panel>,
    notes: Notes,
    window: WindowChild,
    pace: watch::Sender<Pace>,
    /// True once the program may end without another goodbye.
    leaving: watch::Sender<bool>,
}

/// What a [`TrayDesktop`] is made of.
pub struct Parts {
    /// The running program.
    pub app: AppHandle,
    /// Its tasks.
    pub tasks: Tasks,
    /// Where clicks and answers go.
    pub events: mpsc::Sender<Event>,
    /// The socket that was named on the command line, for the window.
    pub socket: Option<std::path::PathBuf>,
    /// Tells the idle watch how closely to look.
    pub pace: watch::Sender<Pace>,
    /// Becomes true when the program ends by itself.
    pub leaving: watch::Sender<bool>,
}

impl TrayDesktop {
    /// Nothing is shown yet.
    pub fn new(parts: Parts) -> Self {
        let Parts { app, tasks, events, socket, pace, leaving } = parts;
        let (window, owner) = WindowChild::new(socket);
        tasks.spawn(owner);
        Self {
            panel: Arc::new(Panel::new(app.clone(), tasks.clone(), events.clone())),
            notes: Notes::new(tasks.clone(), events),
            app,
            tasks,
            window,
            pace,
            leaving,
        }
    }
}

impl Desktop for TrayDesktop {
    fn set_icon(&mut self, icon: Icon) {
        Panel::set_icon(&self.panel, icon);
    }

    fn set_menu(&mut self, look: &Look) {
        Panel::set_menu(&self.panel, look.clone());
    }

    fn notify(&mut self, note: Note) {
        self.notes.show(note);
    }

    fn withdraw(&mut self, key: &NoteKey) {
        self.notes.withdraw(key);
    }

    fn open_window(&mut self) {
        self.window.show();
    }

    fn close_window(&mut self) {
        let window = self.window.clone();
        self.tasks.spawn(async move { window.close().await });
    }

    fn set_view(&mut self, _: WindowView) {
        // The window is another process, which has its own connection to the broker.
    }

    fn set_pace(&mut self, pace: Pace) {
        self.pace.send_replace(pace);
    }

    fn exit(&mut self, code: i32) {
        if self.leaving.send_replace(true) {
            return;
        }
        let (app, window) = (self.app.clone(), self.window.clone());
        let withdrawn = self.notes.withdraw_all();
        self.tasks.spawn(async move {
            withdrawn.await;
            window.close().await;
            end(&app, code).await;
        });
    }
}

/// Ends the program, by way of its event loop where that still turns. By now nothing is left to
/// be done: the broker has heard the goodbye.
async fn end(app: &AppHandle, code: i32) {
    app.exit(code);
    tokio::time::sleep(LOOP_ENDS_WITHIN).await;
    tracing::warn!("the desktop's toolkit does not end and is left behind");
    lifecycle::end_process(code);
}

/// What the window program owns of the desktop.
pub struct WindowDesktop {
    /// The running program.
    pub app: AppHandle,
    /// What the page asks for when it is ready.
    pub view: watch::Sender<Option<WindowView>>,
    /// Asked to come to the front.
    pub to_front: fn(&AppHandle),
}

impl Desktop for WindowDesktop {
    fn set_icon(&mut self, _: Icon) {}

    fn set_menu(&mut self, _: &Look) {}

    fn notify(&mut self, _: Note) {}

    fn withdraw(&mut self, _: &NoteKey) {}

    fn open_window(&mut self) {
        (self.to_front)(&self.app);
    }

    fn close_window(&mut self) {
        self.app.exit(0);
    }

    fn set_view(&mut self, view: WindowView) {
        self.view.send_replace(Some(view.clone()));
        if let Err(error) = self.app.emit(VIEW_EVENT, view) {
            tracing::error!(%error, "the page was not told what changed");
        }
    }

    fn set_pace(&mut self, _: Pace) {}

    fn exit(&mut self, code: i32) {
        self.app.exit(code);
    }
}
