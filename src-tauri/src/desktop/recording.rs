//! A desktop that only remembers, for tests.

use super::{Desktop, Note, NoteKey};
use crate::app_state::Pace;
use crate::tray::icon::Icon;
use crate::tray::menu::Look;
use crate::views::WindowView;

/// What was done to the desktop, in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Done {
    /// The icon was drawn.
    Icon(Icon),
    /// Tooltip and menu were set.
    Menu(Look),
    /// A notification was shown.
    Notified(Note),
    /// A notification was taken away.
    Withdrawn(NoteKey),
    /// The window was asked for.
    WindowOpened,
    /// The window was to close.
    WindowClosed,
    /// The page was told.
    View(Box<WindowView>),
    /// The idle watch was told.
    Pace(Pace),
    /// The program ended.
    Exited(i32),
}

/// Remembers.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    /// Everything since it was last taken.
    pub(crate) done: Vec<Done>,
}

impl Recording {
    /// What was done since the last call.
    pub(crate) fn take(&mut self) -> Vec<Done> {
        std::mem::take(&mut self.done)
    }
}

impl Desktop for Recording {
    fn set_icon(&mut self, icon: Icon) {
        self.done.push(Done::Icon(icon));
    }

    fn set_menu(&mut self, look: &Look) {
        self.done.push(Done::Menu(look.clone()));
    }

    fn notify(&mut self, note: Note) {
        self.done.push(Done::Notified(note));
    }

    fn withdraw(&mut self, key: &NoteKey) {
        self.done.push(Done::Withdrawn(key.clone()));
    }

    fn open_window(&mut self) {
        self.done.push(Done::WindowOpened);
    }

    fn close_window(&mut self) {
        self.done.push(Done::WindowClosed);
    }

    fn set_view(&mut self, view: WindowView) {
        self.done.push(Done::View(Box::new(view)));
    }

    fn set_pace(&mut self, pace: Pace) {
        self.done.push(Done::Pace(pace));
    }

    fn exit(&mut self, code: i32) {
        self.done.push(Done::Exited(code));
    }
}
