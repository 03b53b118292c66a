//! When a person is told something by notification, and when that is taken away again.
//!
//! Warnings, offers and what is wrong with the computer are levels: while one runs and the person
//! was not told of it, they are told, whatever was lost on the way. Endings are events; what they
//! are about comes with them. A notification is withdrawn when its subject is over
//! ([`Subject::is_over`]) or the person acted, and for no other reason.

use hotseat_protocol::ids::PoolId;
use hotseat_protocol::ipc::{Lost, MyOffer, PoolState, Warning};
use hotseat_protocol::problem::{Code, Problem};

use super::Controller;
use crate::action::{Action, Verb};
use crate::app_state;
use crate::clock::Now;
use crate::desktop::{Desktop, Note, NoteKey, Topic, Weight};
use crate::subject::Subject;
use crate::texts::{FullText, Label, NoteText, WarningText};

/// What the person can press.
pub(super) type Buttons = Vec<(Action, &'static str)>;

/// What may have to be told of one pool.
struct Due {
    pool: PoolId,
    name: String,
    warning: Option<Warning>,
    offer: Option<MyOffer>,
    lost: Option<Lost>,
}

impl Due {
    fn of(pool: &PoolState, now: Now) -> Self {
        Self {
            pool: pool.pool.id.clone(),
            name: pool.pool.name.clone(),
            warning: app_state::warning(pool, now).cloned(),
            offer: app_state::offer(pool, now).cloned(),
            lost: pool.lost.clone(),
        }
    }
}

impl<D: Desktop> Controller<D> {
    /// Withdraws what is over, and tells what is and was not told yet.
    pub(super) fn refresh_notes(&mut self, now: Now) {
        for key in self.notes.over(&self.state, now) {
            self.withdraw(&key);
        }
        let fresh = self.notes.take_fresh(&self.state);
        let due: Vec<Due> = self.state.pools().iter().map(|pool| Due::of(pool, now)).collect();
        for due in due {
            self.tell_warning(&due, now);
            self.tell_offer(&due, now);
            // What a sleep cost is told by a notice, once the pool was asked; but one that came
            // while no connection was there is not told again.
            if let Some(lost) = due.lost.filter(|lost| fresh || !lost.slept) {
                self.tell_loss_of_view(&due.pool, &lost, now);
            }
        }
        self.tell_trouble(now);
    }

    fn tell_warning(&mut self, due: &Due, now: Now) {
        let Some(warning) = &due.warning else { return };
        let pool = due.pool.clone();
        let subject = Subject::Warning { pool, ends_boot_ms: warning.ends_boot_ms };
        let key = NoteKey { pool: Some(due.pool.clone()), topic: Topic::Warning };
        if self.notes.tells(&key, &subject) {
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
        let verbs = [(Label::Keep, Verb::Keep), (Label::SignOffNow, Verb::SignOff)];
        let buttons = self.buttons(&due.pool, &verbs);
        self.show(key, subject, text, buttons, Weight::Urgent, now);
    }

    fn tell_offer(&mut self, due: &Due, now: Now) {
        let Some(offer) = &due.offer else { return };
        let subject = Subject::Offer {
            pool: due.pool.clone(),
            offer: offer.id,
            ends_boot_ms: offer.ends_boot_ms,
        };
        let key = NoteKey { pool: Some(due.pool.clone()), topic: Topic::Offer };
        if self.notes.tells(&key, &subject) {
            return;
        }
        let until = self.texts.clock(offer.ends_at, now.wall);
        let text = self.texts.language.note_your_turn(&due.name, &until);
        let verbs = [(Label::TakeOffered, Verb::TakeOffered), (Label::Pass, Verb::Pass)];
        let buttons = self.buttons(&due.pool, &verbs);
        self.show(key, subject, text, buttons, Weight::Urgent, now);
    }

    /// Tells once what is wrong with this computer, in the words of who found it out.
    fn tell_trouble(&mut self, now: Now) {
        let Some((problem, refused)) = self.state.trouble() else { return };
        let key = NoteKey { pool: None, topic: Topic::Trouble };
        let subject = Subject::Trouble(problem.clone());
        if self.notes.tells(&key, &subject) {
            return;
        }
        let text = self.texts.language.note_trouble(problem, refused);
        self.show(key, subject, text, self.open_window_button(), Weight::Lasting, now);
    }

    /// Tells that there is no icon to look at, and how to see Hotseat all the same.
    pub(super) fn tell_no_panel(&mut self, now: Now) {
        let text = self.texts.language.note_no_panel();
        let key = NoteKey { pool: None, topic: Topic::NoPanel };
        let buttons = self.open_window_button();
        self.show(key, Subject::Once, text, buttons, Weight::Passing, now);
    }

    /// Tells that an action of the tray's menu was refused or failed.
    pub(super) fn tell_failure(&mut self, pool: Option<&PoolId>, problem: &Problem, now: Now) {
        let language = self.texts.language;
        let name = pool.map(|pool| self.name_of(pool));
        let key = NoteKey { pool: pool.cloned(), topic: Topic::Failed };
        let subject = pool.map_or(Subject::Once, |pool| Subject::NoSeat {
            pool: pool.clone(),
            place: self.place_in(pool),
            newest: self.state.newest_held.get(pool).copied(),
        });
        let (text, buttons) = match (&problem.facts, pool, problem.code) {
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
                (text, self.buttons(pool, &[(Label::Wait, Verb::Wait)]))
            }
            _ => {
                let text = language.note_failed(name.as_deref(), &problem.to_string());
                (text, self.open_window_button())
            }
        };
        self.show(key, subject, text, buttons, Weight::Passing, now);
    }

    /// Shows a notification, unless what it is about is over already: then it would only flash.
    pub(super) fn show(
        &mut self,
        key: NoteKey,
        subject: Subject,
        text: NoteText,
        actions: Buttons,
        weight: Weight,
        now: Now,
    ) {
        if subject.is_over(&self.state, now) {
            return;
        }
        self.notes.open(key.clone(), subject);
        self.desktop.notify(Note { key, title: text.title, body: text.body, actions, weight });
    }

    /// Takes a notification away.
    pub(super) fn withdraw(&mut self, key: &NoteKey) {
        if self.notes.close(key) {
            self.desktop.withdraw(key);
        }
    }

    /// The person acted in a pool: what was told of ends and refusals there is answered.
    pub(super) fn withdraw_answered(&mut self, pool: &PoolId) {
        let answered = |topic| match topic {
            Topic::SeatEnded(_) | Topic::PlaceEnded | Topic::Failed => true,
            Topic::Warning
            | Topic::Offer
            | Topic::PoolReachable
            | Topic::Trouble
            | Topic::NoPanel => false,
        };
        for key in self.notes.keys() {
            if key.pool.as_ref() == Some(pool) && answered(key.topic) {
                self.withdraw(&key);
            }
        }
    }

    pub(super) fn buttons(&self, pool: &PoolId, verbs: &[(Label, Verb)]) -> Buttons {
        let language = self.texts.language;
        let button =
            |(label, verb): &(Label, Verb)| (Action::in_pool(pool, *verb), language.label(*label));
        verbs.iter().map(button).collect()
    }

    pub(super) fn open_window_button(&self) -> Buttons {
        vec![(Action::OpenWindow, self.texts.language.label(Label::OpenWindow))]
    }

    pub(super) fn name_of(&self, pool: &PoolId) -> String {
        let known = self.state.pool(pool).map(|state| state.pool.name.clone());
        known.unwrap_or_else(|| pool.to_string())
    }
}
