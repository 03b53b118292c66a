//! The one owner of what this program knows: takes what happens, asks the broker, tells the
//! desktop. The same code runs in the tray and in its window; the role makes the difference.
//!
//! Nothing here waits, reads a clock or makes a random number, so tests drive it step by step.

mod endings;
mod event;
mod ledger;
mod notes;
mod requests;

use std::collections::BTreeMap;

use hotseat_protocol::ids::PoolId;
use hotseat_protocol::ipc::Request;
use tokio::sync::mpsc;

use crate::action::{Action, Verb};
use crate::app_state::{AppState, Contact, Pace};
use crate::clock::Now;
use crate::desktop::Desktop;
use crate::texts::Texts;
use crate::tray::menu::{self, Look};
use crate::views::{Busy, WindowView};
use crate::window_view::{self, WindowMemory};

pub use event::{Answer, Call, Event, LinkEvent, Origin, Part};
pub use requests::{code_name as problem_code, ui_error};

/// How long Quit and signals wait for the goodbye's acknowledgement, in ms: a local fsync, twice
/// slow.
pub const GOODBYE_WAIT_MS: u64 = 2_000;

/// At most so long, in ms, until what is shown is compared with the clock again while something
/// counts down; timers stand still while a computer sleeps, the boot-time clock does not.
const RECHECK_MS: u64 = 10_000;

/// Requests to the broker that wait for being written; a person cannot click faster.
pub const OUTBOX_MAX: usize = 64;

/// What an answer will be about.
#[derive(Debug)]
struct Pending {
    matter: Matter,
    answer: Option<Answer>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Matter {
    InPool {
        pool: PoolId,
        verb: Verb,
    },
    LogIn,
    LogOut,
    Goodbye,
    /// The whole view, because a change was not understood.
    View,
    /// Where the pool server is, for the window's footer.
    Doctor,
}

/// Owner of the state.
pub struct Controller<D> {
    part: Part,
    texts: Texts,
    desktop: D,
    outbox: mpsc::Sender<Call>,
    /// Makes the random bits of request ids.
    random: fn() -> u128,
    state: AppState,
    pending: BTreeMap<u64, Pending>,
    last_call: u64,
    shown: Shown,
    /// Open notifications and what they are about, and which ends the person was told of.
    notes: ledger::Ledger,
    window: WindowMemory,
    /// Set once the program is to end: until when to wait for the broker, on the boot-time clock.
    leaving_by: Option<u64>,
}

/// What the desktop was told last.
#[derive(Debug, Default)]
struct Shown {
    look: Option<Look>,
    view: Option<WindowView>,
    pace: Option<Pace>,
}

impl<D: Desktop> Controller<D> {
    /// Nothing is known and nothing is shown yet.
    pub fn new(
        part: Part,
        texts: Texts,
        desktop: D,
        outbox: mpsc::Sender<Call>,
        random: fn() -> u128,
    ) -> Self {
        Self {
            part,
            texts,
            desktop,
            outbox,
            random,
            state: AppState::new(),
            pending: BTreeMap::new(),
            last_call: 0,
            shown: Shown::default(),
            notes: ledger::Ledger::default(),
            window: WindowMemory::default(),
            leaving_by: None,
        }
    }

    /// Takes one event and brings the desktop up to date.
    pub fn handle(&mut self, event: Event, now: Now) {
        match event {
            Event::Action { action, origin } => self.act(action, origin, now),
            Event::Command { action, answer } => self.command(action, answer),
            Event::Broker(event) => self.broker(event, now),
            Event::NoPanel => self.tell_no_panel(now),
            Event::Focused(focused) => self.window.focused = focused,
            Event::TimePassed => {}
        }
        self.refresh(now);
        if self.leaving_by.is_some_and(|by| now.boot_ms >= by) {
            tracing::warn!("the broker did not acknowledge the goodbye in time");
            self.desktop.exit(0);
        }
    }

    /// In how many ms [`Event::TimePassed`] is due; nothing while nothing counts down.
    pub fn due_in_ms(&self, now: Now) -> Option<u64> {
        let shown = self.state.next_deadline(now).map(|at| (at - now.boot_ms).min(RECHECK_MS));
        let leaving = self.leaving_by.map(|by| by.saturating_sub(now.boot_ms));
        [shown, leaving].into_iter().flatten().min()
    }

    fn act(&mut self, action: Action, origin: Origin, now: Now) {
        if self.leaving_by.is_some() {
            return;
        }
        if !self.is_possible(&action, origin, now) {
            if self.was_possible(&action, origin, now) {
                // The button was there to be pressed: the window says what is true instead.
                self.desktop.open_window();
            }
            return;
        }
        if matches!(origin, Origin::Menu | Origin::Icon | Origin::Notification) {
            self.losses_were_seen();
        }
        match action {
            Action::InPool { pool, verb } => self.in_pool(pool, verb, None),
            Action::OpenWindow | Action::LogIn => self.desktop.open_window(),
            Action::LogInWith { email, password } => self.log_in(email, password, None),
            Action::LogOut => self.call(Request::LogOut, Matter::LogOut, None),
            Action::Quit => self.quit(now),
        }
    }

    /// Menus report presses of disabled and of replaced items, and a notification may be answered
    /// after its matter has passed: what cannot be done now is not done.
    fn is_possible(&self, action: &Action, origin: Origin, now: Now) -> bool {
        let look = menu::look(&self.state, &self.texts, now);
        match (origin, action) {
            (Origin::System | Origin::Icon, _) | (Origin::Notification, Action::OpenWindow) => true,
            // Waiting takes a seat at once when one has become free meanwhile.
            (Origin::Notification, Action::InPool { pool, verb: Verb::Wait }) => {
                look.offers(action) || look.offers(&Action::in_pool(pool, Verb::TakeSeat))
            }
            (Origin::Notification | Origin::Menu, _) => look.offers(action),
        }
    }

    /// Whether somebody pressed what has gone only since they looked at it.
    fn was_possible(&self, action: &Action, origin: Origin, now: Now) -> bool {
        let connected = self.state.contact == Contact::Connected;
        let gone = || !menu::look(&self.state, &self.texts, now).shows(action);
        match origin {
            Origin::Notification => connected,
            // Hosts report presses of disabled items too, and nobody means those.
            Origin::Menu => connected && gone(),
            Origin::Icon | Origin::System => false,
        }
    }

    fn command(&mut self, action: Action, answer: Answer) {
        match action {
            Action::InPool { pool, verb } => {
                self.window.acted_in(&pool);
                self.in_pool(pool, verb, Some(answer));
            }
            Action::LogInWith { email, password } => self.log_in(email, password, Some(answer)),
            Action::LogOut => self.call(Request::LogOut, Matter::LogOut, Some(answer)),
            Action::OpenWindow | Action::LogIn | Action::Quit => {
                // The window is open, shows its log-in by itself, and quits without the broker.
                let _ = answer.send(Ok(()));
            }
        }
    }

    fn quit(&mut self, now: Now) {
        // It goes first, so that nobody waits for it after the goodbye.
        self.desktop.close_window();
        match self.state.contact {
            Contact::NoBroker { .. } | Contact::AnotherVersion { .. } => {
                self.desktop.exit(0);
                return;
            }
            // The broker may know this tray already: the goodbye waits for the connection.
            Contact::Starting | Contact::Connected => {}
        }
        self.leaving_by = Some(now.boot_ms.saturating_add(GOODBYE_WAIT_MS));
        self.call(Request::Goodbye, Matter::Goodbye, None);
    }

    fn broker(&mut self, event: LinkEvent, now: Now) {
        match event {
            LinkEvent::NoBroker { why } => {
                self.state.disconnected(Contact::NoBroker { why });
                if self.leaving_by.is_some() {
                    self.desktop.exit(0);
                }
            }
            LinkEvent::AnotherVersion { theirs } => {
                self.state.disconnected(Contact::AnotherVersion { theirs });
            }
            LinkEvent::AlreadyRunning => self.desktop.exit(0),
            LinkEvent::Connected => {
                self.state.contact = Contact::Connected;
                self.notes.connected();
                if self.part == Part::Window {
                    self.call(Request::Doctor, Matter::Doctor, None);
                }
            }
            LinkEvent::Snapshot(view) => self.state.snapshot(*view, now),
            LinkEvent::Changed(changes) => {
                if !self.state.changed(changes, now) {
                    self.call(Request::View, Matter::View, None);
                }
            }
            LinkEvent::Notice(notice) => {
                if self.part == Part::Tray {
                    self.tell(&notice, now);
                }
            }
            LinkEvent::OpenWindow => self.desktop.open_window(),
            LinkEvent::Answered { id, reply } => self.answered(id, reply, now),
        }
    }

    /// Tells the desktop what differs from what it was told last.
    fn refresh(&mut self, now: Now) {
        // Before the first attempt has ended nothing true can be said.
        if self.state.contact == Contact::Starting
            || (self.state.contact == Contact::Connected && self.state.view.is_none())
        {
            return;
        }
        match self.part {
            Part::Tray => {
                self.refresh_panel(now);
                self.refresh_notes(now);
            }
            Part::Window => self.refresh_window(now),
        }
    }

    fn refresh_panel(&mut self, now: Now) {
        let look = menu::look(&self.state, &self.texts, now);
        let before = self.shown.look.as_ref();
        if before.map(|before| before.icon) != Some(look.icon) {
            self.desktop.set_icon(look.icon);
        }
        let same = |before: &Look| before.line == look.line && before.entries == look.entries;
        if !before.is_some_and(same) {
            self.desktop.set_menu(&look);
        }
        self.shown.look = Some(look);
        let pace = self.state.pace(now);
        if self.shown.pace.replace(pace) != Some(pace) {
            self.desktop.set_pace(pace);
        }
    }

    fn refresh_window(&mut self, now: Now) {
        self.window.remember(&self.state);
        let view = window_view::of(&self.state, &self.window, now);
        let same = |before: &WindowView| window_view::differ_only_in_time(before, &view);
        if !self.shown.view.as_ref().is_some_and(same) {
            self.desktop.set_view(view.clone());
            self.shown.view = Some(view);
        }
        if self.window.focused {
            self.losses_were_seen();
        }
    }

    /// The person looked: a loss becomes what is true now.
    fn losses_were_seen(&mut self) {
        let lost = self.state.pools().iter().filter(|pool| pool.lost.is_some());
        let unseen: Vec<PoolId> = lost
            .map(|pool| pool.pool.id.clone())
            .filter(|pool| !self.is_pending(pool, Verb::Seen))
            .collect();
        for pool in unseen {
            self.in_pool(pool, Verb::Seen, None);
        }
    }

    fn is_pending(&self, pool: &PoolId, verb: Verb) -> bool {
        let matter = Matter::InPool { pool: pool.clone(), verb };
        self.pending.values().any(|pending| pending.matter == matter)
    }
}

/// The action in words of the window, while it is under way.
fn busy(verb: Verb) -> Option<Busy> {
    Some(match verb {
        Verb::TakeSeat => Busy::Taking,
        Verb::Wait => Busy::Waiting,
        Verb::TakeOffered => Busy::TakingOffered,
        Verb::Pass => Busy::Passing,
        Verb::LeaveLine => Busy::Leaving,
        Verb::SignOff => Busy::SigningOff,
        Verb::Keep => Busy::Keeping,
        Verb::Seen => return None,
    })
}

#[cfg(test)]
mod ends_tests;
#[cfg(test)]
mod note_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod window_tests;
