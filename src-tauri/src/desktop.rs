//! The world around the controller, as a trait: panel, notifications, window, idle watch, exit.

mod notes;
mod panel;
#[cfg(test)]
pub(crate) mod recording;
pub mod tauri;
mod window_child;

use hotseat_protocol::ids::{PoolId, SeatId};

use crate::action::Action;
use crate::app_state::Pace;
use crate::tray::icon::Icon;
use crate::tray::menu::Look;
use crate::views::WindowView;

pub use window_child::{CLOSE, TO_THE_FRONT};

/// What a notification is about: a newer one about the same takes its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoteKey {
    /// The pool; absent where it is about all.
    pub pool: Option<PoolId>,
    /// The matter.
    pub topic: Topic,
}

/// The matter of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// An idle warning; gone when the warning is.
    Warning,
    /// An offer; gone when the offer is.
    Offer,
    /// A seat ended; each seat's end is a matter of its own.
    SeatEnded(Option<SeatId>),
    /// A place in the line ended.
    PlaceEnded,
    /// An action was refused or failed.
    Failed,
    /// The pool answers again.
    PoolReachable,
    /// Something is wrong with this computer; gone when it no longer is.
    Trouble,
    /// No panel shows the icon.
    NoPanel,
}

/// A notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it is about.
    pub key: NoteKey,
    /// One short line.
    pub title: String,
    /// What is, and what happens next.
    pub body: String,
    /// The buttons. Each is also in the menu, because some desktops show none.
    pub actions: Vec<(Action, &'static str)>,
    /// How hard it is to overlook.
    pub weight: Weight,
}

/// How hard a notification is to overlook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The notification server may take it away when it likes.
    Passing,
    /// It stays until it is answered, dismissed or withdrawn.
    Lasting,
    /// It stays, also where the server keeps nothing else on the screen.
    Urgent,
}

/// What the controller can do to the world. No method blocks or fails: what cannot be shown is
/// logged, and everything that matters is shown in more than one place.
pub trait Desktop {
    /// Draws the icon; called only when it differs.
    fn set_icon(&mut self, icon: Icon);
    /// Sets tooltip and menu; called only when they differ.
    fn set_menu(&mut self, look: &Look);
    /// Shows a notification in place of an older one with the same key.
    fn notify(&mut self, note: Note);
    /// Takes a notification away, if it is still there.
    fn withdraw(&mut self, key: &NoteKey);
    /// Shows the window, or brings it to the front.
    fn open_window(&mut self);
    /// Closes the window, if it is open; does not wait for it.
    fn close_window(&mut self);
    /// Tells the window's page what is; called only when it differs.
    fn set_view(&mut self, view: WindowView);
    /// How closely to watch the person's input; called only when it differs.
    fn set_pace(&mut self, pace: Pace);
    /// Ends the program.
    fn exit(&mut self, code: i32);
}
