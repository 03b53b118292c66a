//! How presence follows what was decided: events set and remove ends, refused checks are counted.

use alloc::collections::BTreeSet;
use core::time::Duration;

use hotseat_protocol::ids::{ClientName, PoolId, SeatRef, UserId};

use super::command::{Caller, Check, Command, Keeper, WarningAnswer};
use super::event::{Event, RequestKey};
use super::mono::Mono;
use super::presence::{HOUR, Presence, Said};
use super::refusal::{Refusal, RefusalCode};
use super::state::{Became, State, UserKind};
use super::timers::Timer;

/// Refused checks are written down once in this time, per pool, user and client.
const CHECKS_WINDOW: Duration = Duration::from_secs(60);
/// How many requests of one such window are told apart; more are only counted.
const CHECKS_TOLD_APART: usize = 256;
/// Whose refused checks are counted together.
pub(super) type ChecksKey = (PoolId, UserId, ClientName);

/// Refused checks that the journal has not heard of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) count: u32,
    pub(super) last: Option<RefusalCode>,
    told_apart: BTreeSet<RequestKey>,
}

impl Presence {
    /// Follows a command that was decided and applied: `state` is the one after the events, `now`
    /// the time at which the command was read or a later one.
    ///
    /// Besides what its events say, a question about a request keeps its place, and an answer to a
    /// warning is activity.
    pub fn after(&mut self, state: &State, command: &Command, events: &[Event], now: Mono) {
        for event in events {
            self.after_event(state, event, now);
        }
        if let Command::AskRequest { request, .. } = command {
            self.ask(state, request, now);
        }
        if let Command::SignOn(sign_on) = command
            && events.iter().any(gives_seat)
        {
            self.use_up(&sign_on.pool, sign_on.user, now);
        }
        if let Command::AnswerWarning { by, seat, answer } = command {
            self.answered(state, *by, *seat, *answer, now);
        }
        if let Command::Check(check) = command {
            if events.is_empty() {
                self.note_pass(state, check, now);
            } else {
                self.tell_apart(check);
            }
        } else if events.is_empty() {
            self.settle(command, now);
        }
    }

    /// A timer command from which nothing follows is over all the same: its end must not be
    /// found past again and again.
    fn settle(&mut self, command: &Command, now: Mono) {
        if let Command::TallyChecks { pool, user, client } = command {
            self.close_window(&(pool.clone(), *user, client.clone()), now);
        } else if let Command::TimeOutSession { seat } = command {
            // Its client has lost its time-out since the end was set.
            if self.timers.over(&Timer::Session(*seat), now) {
                self.timers.remove(&Timer::Session(*seat));
            }
        } else if matches!(command, Command::AgeRequests) && self.timers.over(&Timer::Hour, now) {
            // There was no request to grow older.
            self.timers.set(Timer::Hour, now.later_by(HOUR));
        }
    }

    fn tell_apart(&mut self, check: &Check) {
        let request = RequestKey { caller: check.caller, id: check.request };
        self.tallies.entry(checks_key(check)).or_default().told_apart.insert(request);
    }

    /// A window that is over and had no more refusals is forgotten.
    fn close_window(&mut self, key: &ChecksKey, now: Mono) {
        let timer = Timer::Checks(key.0.clone(), key.1, key.2.clone());
        if self.timers.over(&timer, now) {
            self.timers.remove(&timer);
            self.tallies.remove(key);
        }
    }

    /// A place kept by calls lives by the questions about its request.
    fn ask(&mut self, state: &State, request: &RequestKey, now: Mono) {
        let Some(asked) = state.request(request) else {
            return;
        };
        let Became::Waiting(place) = asked.became else {
            return;
        };
        let Some(place) = state.place(place) else {
            return;
        };
        if place.keeper == Keeper::Calls
            && let Some(pool) = state.pool(&place.asked.pool)
        {
            self.keep_place(pool, place, now);
        }
    }

    fn after_event(&mut self, state: &State, event: &Event, now: Mono) {
        match event {
            Event::SeatGranted { seat, asked, .. } | Event::SeatReacquired { seat, asked } => {
                let pool = state.pool(&asked.pool);
                if let (Some(pool), Some(seat)) = (pool, state.seat(*seat)) {
                    self.prolong_seat(pool, seat, now);
                    self.start_session(pool, seat, now);
                }
            }
            Event::SeatLeaving { seat, .. } => self.timers.remove(&Timer::Session(*seat)),
            Event::SeatReleased { seat, .. } => self.forget_seat(*seat),
            Event::PlaceTaken { place, asked, .. } | Event::PlaceMoved { place, asked, .. } => {
                let pool = state.pool(&asked.pool);
                if let (Some(pool), Some(place)) = (pool, state.place(*place)) {
                    self.keep_place(pool, place, now);
                }
            }
            Event::PlaceEnded { place, offer, .. } => {
                self.timers.remove(&Timer::Place(*place));
                if let Some(offer) = offer {
                    self.timers.remove(&Timer::Offer(*offer));
                }
            }
            Event::Offered { place, offer } => {
                let pool = state.place(*place).and_then(|place| state.pool(&place.asked.pool));
                if let Some(pool) = pool {
                    self.timers.set(Timer::Offer(*offer), now.later_by(pool.definition.offer));
                }
            }
            Event::OfferWithdrawn { offer, .. } => self.timers.remove(&Timer::Offer(*offer)),
            Event::ChecksRefused { pool, user, client, .. } => {
                let key = (pool.clone(), *user, client.clone());
                self.tallies.insert(key, Tally::default());
                let timer = Timer::Checks(pool.clone(), *user, client.clone());
                self.timers.set(timer, now.later_by(CHECKS_WINDOW));
            }
            Event::PoolDefined { definition } => {
                if let Some(pool) = state.pool(&definition.id) {
                    self.follow_definition(pool, now);
                }
            }
            Event::Overdraft { machine, .. } => self.note_overdraft(*machine, now),
            Event::RequestsAged => self.timers.set(Timer::Hour, now.later_by(HOUR)),
            Event::FoundBehind { .. } | Event::GenerationBegan { .. } | Event::RecoveryEnded => {
                self.reconcile_recovery(state, now)
            }
            Event::PoolRemoved { pool } => self.holds.end_in(pool),
            // Who may sign on no more, or needs no seat, keeps none from others.
            Event::UserChanged { user, kind: UserKind::Named, .. }
            | Event::UserChanged { user, enabled: false, .. }
            | Event::UserRemoved { user } => self.holds.end_of_user(*user),
            Event::MachineRevoked { machine } => self.holds.end_of_machine(*machine),
            Event::Initialised { .. }
            | Event::UserAdded { .. }
            | Event::UserChanged { .. }
            | Event::MachineAdded { .. }
            | Event::MachineConfirmed { .. }
            | Event::Quarantined { .. }
            | Event::RecordSetAside { .. }
            | Event::SignOnRefused { .. }
            | Event::RequestCancelled { .. }
            | Event::SeatWarned { .. }
            | Event::WarningAnswered { .. }
            | Event::IdleSpell { .. } => {}
        }
    }

    /// Whoever keeps a seat or came back is active then, whether or not the journal has heard of a
    /// warning: a broker gives some of its own.
    fn answered(
        &mut self,
        state: &State,
        by: Caller,
        seat: SeatRef,
        answer: WarningAnswer,
        now: Mono,
    ) {
        match answer {
            WarningAnswer::Kept | WarningAnswer::Active => {
                let Some(seat) = state.seat(seat.id).filter(|found| found.epoch == seat.epoch)
                else {
                    return;
                };
                let said = match (by, answer) {
                    (Caller::Machine(_), WarningAnswer::Active) => Said::Seen,
                    (Caller::Machine(_), _) => Said::Here,
                    (Caller::Service(_) | Caller::User(_) | Caller::Admin, _) => Said::Elsewhere,
                };
                self.keep_seat(seat.id, said, now);
                if let Some(pool) = state.pool(&seat.asked.pool) {
                    self.start_session(pool, seat, now);
                }
            }
            WarningAnswer::Withdrawn | WarningAnswer::SignedOff | WarningAnswer::Unanswered => {}
        }
    }

    /// Counts a check that was refused without an event.
    pub fn after_refusal(&mut self, command: &Command, refusal: &Refusal) {
        let (Command::Check(check), Refusal::CheckRefused { code }) = (command, refusal) else {
            return;
        };
        let tally = self.tallies.entry(checks_key(check)).or_default();
        let request = RequestKey { caller: check.caller, id: check.request };
        if tally.told_apart.contains(&request) {
            return;
        }
        if tally.told_apart.len() < CHECKS_TOLD_APART {
            tally.told_apart.insert(request);
        }
        tally.count = tally.count.saturating_add(1);
        tally.last = Some(*code);
    }

    /// The refused checks that the journal has not heard of; none when there was no window.
    pub(super) fn tally(&self, key: &ChecksKey) -> Option<&Tally> {
        self.tallies.get(key)
    }
}

fn gives_seat(event: &Event) -> bool {
    matches!(event, Event::SeatGranted { .. } | Event::SeatReacquired { .. })
}

fn checks_key(check: &Check) -> ChecksKey {
    (check.pool.clone(), check.user, check.client.clone())
}
