//! When a person is told something by notification, and when that is taken away again.
//!
//! Warnings and offers are levels: while one runs and the person was not told of it, they are
//! told, whatever was lost on the way. Endings are events and come as notices.

use std::collections::{BTreeMap, BTreeSet};

use hotseat_protocol::ids::{OfferId, PoolId};
use hotseat_protocol::ipc::{LinkState, Lost, MyOffer, Notice, PoolState, Warning};
use hotseat_protocol::problem::{Code, Problem};

use super::Controller;
use crate::action::{Action, Verb};
use crate::aftermath::{self, After, Seats, Turn};
use crate::app_state;
use crate::clock::Now;
use crate::desktop::{Desktop, Note, NoteKey, Topic};
use crate::texts::{EndText, FullText, Label, NoteText, WarningText};

/// What the person was told.
#[derive(Debug, Default)]
pub(super) struct Told {
    open: BTreeSet<NoteKey>,
    /// The end of the warning, on the boot-time clock, that was told last.
    warnings: BTreeMap<PoolId, u64>,
    offers: BTreeMap<PoolId, OfferId>,
    /// What is wrong with this computer.
    trouble: Option<Problem>,
}

/// What may have to be told of one pool.
struct Due {
    pool: PoolId,
    name: String,
    warning: Option<Warning>,
    offer: Option<MyOffer>,
}

impl Due {
    fn of(pool: &PoolState, now: Now) -> Self {
        Self {
            pool: pool.pool.id.clone(),
            name: pool.pool.name.clone(),
            warning: app_state::warning(pool, now).cloned(),
            offer: app_state::offer(pool, now).cloned(),
        }
    }
}

impl<D: Desktop> Controller<D> {
    /// Brings warnings and offers in line with what is true.
    pub(super) fn refresh_notes(&mut self, now: Now) {
        for key in self.notes.open.clone() {
            let Some(pool) = key.pool.as_ref().and_then(|id| self.state.pool(id)) else {
                if matches!(key.topic, Topic::Warning | Topic::Offer) {
                    self.withdraw(&key);
                }
                continue;
            };
            let over = match key.topic {
                Topic::Warning => app_state::warning(pool, now).is_none(),
                Topic::Offer => app_state::offer(pool, now).is_none(),
                Topic::Ended | Topic::Failed => app_state::held_seat(pool, now).is_some(),
                Topic::PoolBack | Topic::NoPanel | Topic::Trouble => false,
            };
            if over {
                self.withdraw(&key);
            }
        }
        let due: Vec<Due> = self.state.pools().iter().map(|pool| Due::of(pool, now)).collect();
        for due in due {
            self.tell_warning(&due, now);
            self.tell_offer(&due, now);
        }
        self.tell_trouble();
    }

    fn tell_warning(&mut self, due: &Due, now: Now) {
        let id = &due.pool;
        let Some(warning) = &due.warning else { return };
        let told = self.notes.warnings.insert(id.clone(), warning.ends_boot_ms);
        if told == Some(warning.ends_boot_ms) {
            return;
        }
        let account = self.state.view.as_ref().and_then(|view| view.account.as_ref());
        let text = self.texts.language.note_warning(WarningText {
            name: account.map(|account| account.name.as_str()),
            idle_s: warning.idle_s,
            until: &self.texts.clock(warning.ends_at, now.wall),
            wanted: warning.wanted,
            waiter: warning.waiter.as_deref(),
        });
        let actions = [(Label::Keep, Verb::Keep), (Label::SignOffNow, Verb::SignOff)];
        self.show(Some(id), Topic::Warning, text, &actions, true);
    }

    fn tell_offer(&mut self, due: &Due, now: Now) {
        let id = &due.pool;
        let Some(offer) = &due.offer else { return };
        if self.notes.offers.insert(id.clone(), offer.id) == Some(offer.id) {
            return;
        }
        let until = self.texts.clock(offer.ends_at, now.wall);
        let text = self.texts.language.note_your_turn(&due.name, &until);
        let actions = [(Label::TakeOffered, Verb::TakeOffered), (Label::Pass, Verb::Pass)];
        self.show(Some(id), Topic::Offer, text, &actions, true);
    }

    /// Tells once what is wrong with this computer, in the words of who found it out.
    fn tell_trouble(&mut self) {
        let trouble = self.state.trouble().map(|(problem, refused)| (problem.clone(), refused));
        let Some((problem, refused)) = trouble else {
            // One attempt that fails in another way says nothing about the next.
            if self.state.view.as_ref().is_none_or(|view| view.link == LinkState::Up) {
                self.notes.trouble = None;
                self.withdraw(&NoteKey { pool: None, topic: Topic::Trouble });
            }
            return;
        };
        if self.notes.trouble.as_ref() == Some(&problem) {
            return;
        }
        let language = self.texts.language;
        let text = language.note_trouble(&problem.to_string(), refused);
        self.show_with(None, Topic::Trouble, text, open_window(language), false);
        self.notes.trouble = Some(problem);
    }

    /// Tells of an ending.
    pub(super) fn tell(&mut self, notice: &Notice, now: Now) {
        let texts = &self.texts;
        let language = texts.language;
        let wait: &[(Label, Verb)] = &[(Label::Wait, Verb::Wait)];
        match notice {
            // Levels: the view has them.
            Notice::IdleWarning { .. } | Notice::WarningOver { .. } | Notice::YourTurn { .. } => {}
            Notice::SignedOffIdle { pool, idle_since, next } => {
                let since = texts.clock_minutes(*idle_since, now.wall);
                let text = language.note_signed_off_idle(&since, next.as_deref());
                self.show(Some(pool), Topic::Ended, text, wait, false);
            }
            Notice::PlaceEnded { pool, end } => {
                let name = self.name_of(pool);
                if let Some(text) = language.note_place_ended(&name, *end) {
                    self.show(Some(pool), Topic::Ended, text, wait, false);
                }
            }
            Notice::TakenBack { pool, end } => {
                let lost = Lost { end: end.clone(), silent_s: None, slept: false };
                let at = texts.clock_minutes(end.at, now.wall);
                let text = language.note_taken_back(end_text(&lost, &at, None));
                self.show(Some(pool), Topic::Ended, text, wait, false);
            }
            Notice::Lost { pool, lost } => self.tell_lost(pool, lost, None, now),
            Notice::Awake { pool, lost, taken_by, free, rank } => {
                let after = aftermath::of_wake(self.state.pool(pool), taken_by, *free, *rank);
                self.tell_lost(pool, lost, after, now);
            }
            Notice::PoolBack { pool } => {
                let text = language.note_pool_back();
                self.show(Some(pool), Topic::PoolBack, text, &[], false);
            }
            Notice::Unknown => {}
        }
    }

    /// Tells of a loss, with one click to come back: where the person stands in line already, the
    /// seat comes by itself.
    fn tell_lost(&mut self, pool: &PoolId, lost: &Lost, after: Option<After>, now: Now) {
        let language = self.texts.language;
        let at = self.texts.clock(lost.end.at, now.wall);
        let text = language.note_lost(end_text(lost, &at, after.as_ref()));
        let again = match &after {
            Some(After { turn: Turn::Is(_), .. }) => None,
            Some(After { seats: Seats::Free, .. }) => Some(Label::TakeSeat),
            Some(_) | None => Some(Label::Wait),
        };
        let mut actions: Vec<_> = again
            .map(|label| (Action::in_pool(pool, Verb::Wait), language.label(label)))
            .into_iter()
            .collect();
        actions.extend(open_window(language));
        self.show_with(Some(pool), Topic::Ended, text, actions, true);
    }

    /// Tells that there is no icon to look at, and how to see Hotseat all the same.
    pub(super) fn tell_no_panel(&mut self) {
        let language = self.texts.language;
        let text = language.note_no_panel();
        self.show_with(None, Topic::NoPanel, text, open_window(language), false);
    }

    /// Tells that an action of the tray's menu was refused or failed.
    pub(super) fn tell_failure(&mut self, pool: Option<&PoolId>, problem: &Problem) {
        let language = self.texts.language;
        let name = pool.map(|pool| self.name_of(pool));
        match (&problem.facts, pool, problem.code) {
            (Some(facts), Some(pool), Code::PoolFull | Code::OthersWait) => {
                let text = language.note_full(
                    &name.unwrap_or_default(),
                    FullText {
                        holders: &facts.holders,
                        waiting: facts.waiting,
                        usually_waits_s: facts.usually_waits_s,
                        legacy_message: facts.legacy_message.as_deref(),
                    },
                );
                self.show(Some(pool), Topic::Failed, text, &[(Label::Wait, Verb::Wait)], false);
            }
            _ => {
                let text = language.note_failed(name.as_deref(), &problem.to_string());
                self.show_with(pool, Topic::Failed, text, open_window(language), false);
            }
        }
    }

    fn show(
        &mut self,
        pool: Option<&PoolId>,
        topic: Topic,
        text: NoteText,
        verbs: &[(Label, Verb)],
        urgent: bool,
    ) {
        let language = self.texts.language;
        let actions = pool
            .into_iter()
            .flat_map(|pool| verbs.iter().map(move |(label, verb)| (pool, label, verb)))
            .map(|(pool, label, verb)| (Action::in_pool(pool, *verb), language.label(*label)))
            .collect();
        self.show_with(pool, topic, text, actions, urgent);
    }

    fn show_with(
        &mut self,
        pool: Option<&PoolId>,
        topic: Topic,
        text: NoteText,
        actions: Vec<(Action, &'static str)>,
        urgent: bool,
    ) {
        let key = NoteKey { pool: pool.cloned(), topic };
        self.notes.open.insert(key.clone());
        self.desktop.notify(Note { key, title: text.title, body: text.body, actions, urgent });
    }

    /// Takes a notification away.
    pub(super) fn withdraw(&mut self, key: &NoteKey) {
        if self.notes.open.remove(key) {
            self.desktop.withdraw(key);
        }
    }

    fn name_of(&self, pool: &PoolId) -> String {
        let known = self.state.pool(pool).map(|state| state.pool.name.clone());
        known.unwrap_or_else(|| pool.to_string())
    }
}

fn end_text<'a>(lost: &'a Lost, at: &'a str, after: Option<&'a After>) -> EndText<'a> {
    EndText {
        reason: lost.end.reason,
        at,
        by: lost.end.by.as_deref(),
        note: lost.end.note.as_deref(),
        silent_s: lost.silent_s,
        slept: lost.slept,
        after,
    }
}

fn open_window(language: &dyn crate::texts::Catalogue) -> Vec<(Action, &'static str)> {
    vec![(Action::OpenWindow, language.label(Label::OpenWindow))]
}
