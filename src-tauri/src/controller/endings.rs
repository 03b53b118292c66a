//! What a person is told of a seat or a place that ended.

use hotseat_protocol::ids::{Epoch, PlaceId, PoolId};
use hotseat_protocol::ipc::{EndedSeat, Lost, Notice};
use hotseat_protocol::reason::{PlaceEnd, ReleaseReason};

use super::Controller;
use super::ledger::End;
use super::notes::Buttons;
use crate::action::{Action, Verb};
use crate::aftermath::{self, After, Seats, Turn};
use crate::clock::Now;
use crate::desktop::{Desktop, NoteKey, Topic, Weight};
use crate::subject::Subject;
use crate::texts::{EndText, Label, NoteText};

const WAIT: &[(Label, Verb)] = &[(Label::Wait, Verb::Wait)];

impl<D: Desktop> Controller<D> {
    /// Tells of an ending.
    pub(super) fn tell(&mut self, notice: &Notice, now: Now) {
        match notice {
            // Levels: the view has them.
            Notice::IdleWarning { .. } | Notice::WarningOver { .. } | Notice::YourTurn { .. } => {}
            Notice::SignedOffIdle { pool, idle_since, next, seat } => {
                if self.was_told(*seat, ReleaseReason::Idle, false) {
                    return;
                }
                let since = self.texts.clock_minutes(*idle_since, now.wall);
                let text = self.texts.language.note_signed_off_idle(&since, next.as_deref());
                let buttons = self.buttons(pool, WAIT);
                self.tell_seat_ended(pool, *seat, text, buttons, Weight::Lasting, now);
            }
            Notice::PlaceEnded { pool, end, place, newest } => {
                self.tell_place_ended(pool, *end, *place, *newest, now);
            }
            Notice::Reclaimed { pool, end, seat } => {
                let lost = Lost { end: end.clone(), silent_s: None, slept: false, seat: *seat };
                self.tell_reclaimed(pool, &lost, now);
            }
            Notice::Lost { pool, lost } => self.tell_lost(pool, lost, None, now),
            Notice::ResumeReport { pool, lost, taken_by, free, rank } => {
                let after = aftermath::of_wake(self.state.pool(pool), taken_by, *free, *rank);
                self.tell_lost(pool, lost, after, now);
            }
            Notice::PoolReachable { pool } => {
                let text = self.texts.language.note_pool_reachable();
                let key = NoteKey { pool: Some(pool.clone()), topic: Topic::PoolReachable };
                self.show(key, Subject::Once, text, Vec::new(), Weight::Passing, now);
            }
            Notice::Unknown => {}
        }
    }

    /// Tells of a loss that stands in the view and whose notice was not heard.
    pub(super) fn tell_loss_of_view(&mut self, pool: &PoolId, lost: &Lost, now: Now) {
        // Without the seat it cannot be told from one that was told.
        if lost.seat.is_none() {
            return;
        }
        if lost.end.reason == ReleaseReason::Reclaimed {
            self.tell_reclaimed(pool, lost, now);
        } else {
            self.tell_lost(pool, lost, None, now);
        }
    }

    fn tell_place_ended(
        &mut self,
        pool: &PoolId,
        end: PlaceEnd,
        place: Option<PlaceId>,
        newest: Option<Epoch>,
        now: Now,
    ) {
        if place.is_some_and(|place| !self.notes.is_news(End::Place(place))) {
            return;
        }
        let name = self.name_of(pool);
        let Some(text) = self.texts.language.note_place_ended(&name, end) else { return };
        let subject = Subject::NoSeat {
            pool: pool.clone(),
            place: place.or_else(|| self.place_in(pool)),
            newest: newest.or_else(|| self.state.newest_held.get(pool).copied()),
        };
        let key = NoteKey { pool: Some(pool.clone()), topic: Topic::PlaceEnded };
        let buttons = self.buttons(pool, WAIT);
        self.show(key, subject, text, buttons, Weight::Lasting, now);
    }

    fn tell_reclaimed(&mut self, pool: &PoolId, lost: &Lost, now: Now) {
        if self.was_told(lost.seat, lost.end.reason, false) {
            return;
        }
        let at = self.texts.clock_minutes(lost.end.at, now.wall);
        let text = self.texts.language.note_reclaimed(end_text(lost, &at, None));
        let buttons = self.buttons(pool, WAIT);
        self.tell_seat_ended(pool, lost.seat, text, buttons, Weight::Urgent, now);
    }

    /// Tells of a loss, with one click to come back: where the person stands in line already, the
    /// seat comes by itself.
    fn tell_lost(&mut self, pool: &PoolId, lost: &Lost, after: Option<After>, now: Now) {
        if self.was_told(lost.seat, lost.end.reason, after.is_some()) {
            return;
        }
        let language = self.texts.language;
        let at = self.texts.clock(lost.end.at, now.wall);
        let text = language.note_lost(end_text(lost, &at, after.as_ref()));
        let again = match &after {
            Some(After { turn: Turn::Is(_), .. }) => None,
            Some(After { seats: Seats::Free, .. }) => Some(Label::TakeSeat),
            Some(_) | None => Some(Label::Wait),
        };
        let mut buttons: Buttons = again
            .map(|label| (Action::in_pool(pool, Verb::Wait), language.label(label)))
            .into_iter()
            .collect();
        buttons.extend(self.open_window_button());
        self.tell_seat_ended(pool, lost.seat, text, buttons, Weight::Urgent, now);
    }

    fn tell_seat_ended(
        &mut self,
        pool: &PoolId,
        seat: Option<EndedSeat>,
        text: NoteText,
        buttons: Buttons,
        weight: Weight,
        now: Now,
    ) {
        let held = || self.state.newest_held.get(pool).copied();
        let newest = seat.map(|seat| seat.newest).or_else(held);
        let subject = Subject::SeatEnded { pool: pool.clone(), seat, newest };
        let topic = Topic::SeatEnded(seat.map(|seat| seat.id));
        let key = NoteKey { pool: Some(pool.clone()), topic };
        self.show(key, subject, text, buttons, weight, now);
    }

    /// Whether this end was told; from now on it was. An older broker names no seat, and says
    /// everything once.
    fn was_told(&mut self, seat: Option<EndedSeat>, reason: ReleaseReason, full: bool) -> bool {
        seat.is_some_and(|seat| !self.notes.is_news(End::of_seat(&seat, reason, full)))
    }

    pub(super) fn place_in(&self, pool: &PoolId) -> Option<PlaceId> {
        Some(self.state.pool(pool)?.place.as_ref()?.id)
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
