//! The tray's tooltip and menu as a value: a function of what is known and the time. Pure.

use hotseat_protocol::ipc::{LinkState, PoolState};

use crate::action::{Action, Verb};
use crate::aftermath;
use crate::app_state::{self, AppState, Contact, Silence, Status};
use crate::clock::Now;
use crate::texts::{Counts, Label, Texts};
use crate::tray::icon::Icon;
use crate::views::Busy;

/// Characters of a line in a menu; menus break no lines by themselves.
const LINE_CHARS: usize = 48;

/// All that the panel shows of Hotseat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The drawing.
    pub icon: Icon,
    /// The first line of the menu, and the tooltip.
    pub line: String,
    /// The menu below that line.
    pub entries: Vec<Entry>,
}

/// One entry of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A hairline.
    Separator,
    /// Something to know; cannot be pressed.
    Text(String),
    /// Something to press.
    Item {
        /// Its text.
        label: &'static str,
        /// What it means.
        action: Action,
        /// Whether it can be pressed now. Hosts report presses of disabled items too.
        enabled: bool,
    },
    /// A menu of its own.
    Submenu {
        /// Its text.
        label: String,
        /// Its entries.
        entries: Vec<Entry>,
    },
}

impl Look {
    /// Whether the menu has the action, and it can be pressed.
    pub fn offers(&self, action: &Action) -> bool {
        has(&self.entries, action) == Some(true)
    }

    /// Whether the menu has the action, be it one that cannot be pressed now.
    pub fn shows(&self, action: &Action) -> bool {
        has(&self.entries, action).is_some()
    }
}

/// Whether the action can be pressed; nothing where there is no such item.
fn has(entries: &[Entry], wanted: &Action) -> Option<bool> {
    entries.iter().find_map(|entry| match entry {
        Entry::Separator | Entry::Text(_) => None,
        Entry::Item { action, enabled, .. } => (action == wanted).then_some(*enabled),
        Entry::Submenu { entries, .. } => has(entries, wanted),
    })
}

/// What the panel shows now.
pub fn look(state: &AppState, texts: &Texts, now: Now) -> Look {
    let shown = state.shown(now);
    let mut entries = Vec::new();
    match state.pools() {
        [] => {}
        [pool] => entries.extend(pool_entries(state, pool, texts, now)),
        pools => {
            // While a clock runs nobody has to look for the answer in a submenu.
            if let (Status::YourTurn { .. } | Status::IdleWarning { .. }, Some(pool)) =
                (&shown.status, shown.pool)
            {
                entries.extend(actions(state, pool, texts, now));
                entries.push(Entry::Separator);
            }
            entries.extend(pools.iter().map(|pool| Entry::Submenu {
                label: line(&state.status(pool, now), Some(pool), texts, now),
                entries: pool_entries(state, pool, texts, now),
            }));
        }
    }
    if !entries.is_empty() {
        entries.push(Entry::Separator);
    }
    entries.extend(common_entries(state, texts, now));
    Look {
        icon: shown.status.icon(),
        line: match &shown {
            app_state::Shown { status: Status::NoSeat, pool: None } => texts.language.no_pools(),
            app_state::Shown { status, pool } => line(status, *pool, texts, now),
        },
        entries,
    }
}

/// What became of a lost seat, and what can be done in one pool.
fn pool_entries(state: &AppState, pool: &PoolState, texts: &Texts, now: Now) -> Vec<Entry> {
    let mut entries = Vec::new();
    let up = state.view.as_ref().is_some_and(|view| view.link == LinkState::Up);
    if pool.lost.is_some()
        && up
        && let Some(after) = aftermath::of_view(pool)
    {
        entries.push(Entry::Text(texts.language.after(&after)));
    }
    entries.extend(actions(state, pool, texts, now));
    entries
}

fn actions(state: &AppState, pool: &PoolState, texts: &Texts, now: Now) -> Vec<Entry> {
    let id = &pool.pool.id;
    let busy = state.busy.get(id).copied();
    let up = state.view.as_ref().is_some_and(|view| view.link == LinkState::Up);
    let item = |label: Label, verb: Verb, possible: bool| Entry::Item {
        label: texts.language.label(label),
        action: Action::in_pool(id, verb),
        enabled: possible && busy.is_none(),
    };
    let sign_off = || match busy {
        Some(Busy::SigningOff) => item(Label::SigningOff, Verb::SignOff, false),
        Some(_) | None => item(Label::SignOff, Verb::SignOff, true),
    };
    match state.status_beneath_loss(pool, now) {
        Status::NoBroker | Status::AnotherVersion { .. } | Status::NotEnrolled => Vec::new(),
        Status::SignedOut => Vec::new(),
        Status::YourTurn { .. } => {
            vec![item(Label::TakeOffered, Verb::TakeOffered, up), item(Label::Pass, Verb::Pass, up)]
        }
        Status::IdleWarning { .. } => {
            vec![item(Label::Keep, Verb::Keep, true), item(Label::SignOffNow, Verb::SignOff, true)]
        }
        Status::Waiting { .. } => {
            let mut entries = vec![item(Label::LeaveLine, Verb::LeaveLine, up)];
            if app_state::held_seat(pool, now).is_some() {
                entries.push(sign_off());
            }
            entries
        }
        Status::Holding | Status::Unconfirmed => vec![sign_off()],
        Status::Unreachable { .. } | Status::Lost { .. } | Status::NoSeat => {
            if pool.seats.iter().any(|seat| seat.leaving.is_none()) {
                vec![sign_off()]
            } else if pool.place.is_some() {
                vec![item(Label::LeaveLine, Verb::LeaveLine, up)]
            } else {
                let logged_in = state.view.as_ref().is_some_and(|view| view.account.is_some());
                let possible = up && logged_in;
                vec![match busy {
                    Some(Busy::Taking) => item(Label::TakingSeat, Verb::TakeSeat, false),
                    Some(Busy::Waiting) => item(Label::JoiningLine, Verb::Wait, false),
                    Some(_) | None if app_state::can_take(pool) => {
                        item(Label::TakeSeat, Verb::TakeSeat, possible)
                    }
                    Some(_) | None => item(Label::Wait, Verb::Wait, possible),
                }]
            }
        }
    }
}

/// What every menu ends with.
fn common_entries(state: &AppState, texts: &Texts, now: Now) -> Vec<Entry> {
    let item = |label: Label, action: Action, enabled: bool| Entry::Item {
        label: texts.language.label(label),
        action,
        enabled,
    };
    let trouble = state.view.as_ref().and_then(|view| view.trouble.as_ref());
    let mut entries: Vec<Entry> = trouble.map(|said| lines(&said.detail)).unwrap_or_default();
    entries.push(item(Label::OpenWindow, Action::OpenWindow, true));
    if let (Contact::Connected, Some(view)) = (&state.contact, &state.view) {
        if view.account.is_some() {
            entries.push(item(Label::LogOut, Action::LogOut, true));
        } else if view.link != LinkState::NotEnrolled {
            entries.push(item(Label::LogIn, Action::LogIn, view.link == LinkState::Up));
        }
    }
    let quit = if state.holds_by_session(now) { Label::QuitAndSignOff } else { Label::Quit };
    entries.push(item(quit, Action::Quit, true));
    entries
}

/// A text that others wrote, in lines that a menu can be as wide as.
fn lines(text: &str) -> Vec<Entry> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LINE_CHARS => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines.into_iter().map(Entry::Text).collect()
}

/// A state in words.
fn line(status: &Status, pool: Option<&PoolState>, texts: &Texts, now: Now) -> String {
    let language = texts.language;
    let clock = |time| texts.clock(time, now.wall);
    let name = pool.map(|state| state.pool.name.as_str());
    let named = name.unwrap_or_default();
    let counts = Counts {
        pool: named,
        in_use: pool.map_or(0, |state| state.pool.in_use),
        seats: pool.map_or(0, |state| state.pool.seats),
    };
    match status {
        Status::NoBroker => language.no_broker(),
        Status::AnotherVersion { theirs } => {
            language.another_version(theirs, env!("CARGO_PKG_VERSION"))
        }
        Status::NotEnrolled => language.not_enrolled(),
        Status::Lost { at } => language.lost(named, &clock(*at)),
        Status::YourTurn { until } => language.your_turn(named, &clock(*until)),
        Status::IdleWarning { until } => language.idle_warning(named, &clock(*until)),
        Status::Unreachable { silence: Silence::Cloned, .. } => language.cloned(),
        Status::Unreachable { silence: Silence::Refused, .. } => language.refused(name),
        Status::Unreachable { silence: Silence::WithoutSeat, .. } => language.without_seat(named),
        Status::Unreachable { safe_until: Some(until), .. } => {
            language.no_contact_safe(named, &clock(*until))
        }
        Status::Unreachable { since, safe_until: None, .. } => {
            language.no_contact(name, since.map(clock).as_deref())
        }
        Status::Unconfirmed => language.unconfirmed(named),
        Status::SignedOut => language.signed_out(name),
        Status::Waiting { rank } => language.waiting(counts, *rank),
        Status::Holding => language.holding(counts),
        Status::NoSeat => language.no_seat(counts),
    }
}

#[cfg(test)]
mod tests;
