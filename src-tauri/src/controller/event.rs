//! What can happen to a controller, and what it asks for.

use hotseat_protocol::ipc::{Change, Notice, Reply, Request, View};
use tokio::sync::oneshot;

use crate::action::Action;
use crate::views::UiError;

/// Which of the two programs this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The icon in the panel.
    Tray,
    /// The window.
    Window,
}

/// Where an intent came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The tray's menu.
    Menu,
    /// A click on the tray's icon.
    Icon,
    /// A button of a notification.
    Notification,
    /// A signal of the operating system.
    System,
}

/// A request on its way to the broker.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Chosen here; the answer repeats it.
    pub id: u64,
    /// What is asked.
    pub request: Request,
}

/// Where the answer to one of the window's commands goes.
pub type Answer = oneshot::Sender<Result<(), UiError>>;

/// Everything that can happen.
#[derive(Debug)]
pub enum Event {
    /// Somebody wants something.
    Action {
        /// What.
        action: Action,
        /// Where it came from.
        origin: Origin,
    },
    /// The window wants something and waits for what comes of it.
    Command {
        /// What.
        action: Action,
        /// Where the answer goes.
        answer: Answer,
    },
    /// The link to the broker has something to tell.
    Broker(LinkEvent),
    /// No panel has shown the icon for a while.
    NoPanel,
    /// The window came to the front, or went behind.
    Focused(bool),
    /// Time has passed: something that is shown may have become untrue.
    TimePassed,
}

/// What the link to the broker tells.
#[derive(Debug)]
pub enum LinkEvent {
    /// Nobody answers, or nobody who may be trusted.
    NoBroker {
        /// One sentence.
        why: String,
    },
    /// The broker speaks another version.
    AnotherVersion {
        /// The broker's own version, for people.
        theirs: String,
    },
    /// Another tray serves this session and was asked to show the window.
    AlreadyRunning,
    /// The greeting was accepted; a snapshot follows.
    Connected,
    /// Everything.
    Snapshot(Box<View>),
    /// What changed.
    Changed(Vec<Change>),
    /// Something to tell the person once.
    Notice(Box<Notice>),
    /// Show the window.
    OpenWindow,
    /// The answer to a call; an error sentence when the connection ended before it came.
    Answered {
        /// The call.
        id: u64,
        /// The answer.
        reply: Result<Box<Reply>, String>,
    },
}
