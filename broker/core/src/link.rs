//! The link: what it says of itself, and what becomes of each frame and answer.

use alloc::collections::BTreeMap;

use hotseat_protocol::ids::{RequestId, SeatId, SeatRef, WallTime};
use hotseat_protocol::ipc::{LinkState, Reply};
use hotseat_protocol::link::{FromPool, JournalPosition, PoolAnswer};
use hotseat_protocol::problem::{Code, Problem};

use super::Core;
use super::clocks::Sending;
use super::in_flight::InFlight;
use super::input::LinkId;
use super::limits::CLONE_SHOWN_MS;
use super::problems;

/// The last renewal that was sent on a link.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastRenewal {
    /// When, on the boot-time clock, in ms.
    pub(super) at: u64,
    /// The shortest lease at that time, in ms; less, if its answer said so.
    pub(super) lease_ms: u64,
}

/// The link that is up.
#[derive(Debug, Clone)]
pub(super) struct Link {
    /// The shortest lease of any pool when the link was made, in ms.
    pub(super) lease_ms: u64,
    /// The last renewal that was sent.
    pub(super) renewed: Option<LastRenewal>,
    /// The last renewal of which the pool has not taken a part.
    renewal_failed: Option<u64>,
    /// Since when people are idle, as the last renewal said, by seat.
    pub(super) told_idle: BTreeMap<SeatId, u64>,
    /// Seats that the pool has said are gone, or whose sign-off it has answered, each with the newest
    /// message at that time: an answer to that one or an older may still be under way, and speaks of
    /// the seat as it was.
    ended: BTreeMap<SeatId, (SeatRef, u64)>,
}

impl Core {
    /// A new link is up: everything unanswered is said again, ends first.
    pub(super) fn link_up(&mut self, link: LinkId, lease_ms: u64, position: JournalPosition) {
        self.link_lost();
        self.ctx.link_up(link);
        self.link = Some(Link {
            lease_ms,
            renewed: None,
            renewal_failed: None,
            told_idle: BTreeMap::new(),
            ended: BTreeMap::new(),
        });
        self.mirror.begin(position);
        self.heard_at = Some(self.ctx.now.boot_ms);
        self.renew_now = true;
        self.link_state = LinkState::Up;
    }

    /// The link ended, or an attempt to make one failed.
    pub(super) fn link_down(&mut self, cause: Option<Problem>) {
        self.link_lost();
        let since = match &self.link_state {
            LinkState::Down { since, .. } => *since,
            LinkState::Up => Some(self.ctx.now.wall),
            LinkState::NotEnrolled => None,
        };
        self.link_state = LinkState::Down { since, cause };
    }

    pub(super) fn link_lost(&mut self) {
        self.link = None;
        if !self.ctx.link_gone() {
            return;
        }
        self.outage_since.get_or_insert(self.ctx.now.boot_ms);
        self.outbox.link_gone();
        for leaving in self.seats.values_mut().filter_map(|s| s.leaving.as_mut()) {
            leaving.repeat.link_gone();
        }
        for intent in self.intents.values_mut() {
            intent.takings = 0;
            if let Some(repeat) = intent.stage.repeat_mut() {
                repeat.link_gone();
            }
        }
        self.asks.link_gone(&mut self.ctx);
    }

    /// Whether the pool can be asked at all.
    pub(super) fn link_is_up(&self) -> Result<(), Problem> {
        match (&self.link, &self.settings.server_url) {
            (Some(_), _) => Ok(()),
            (None, Some(_)) => Err(problems::no_link(&self.link_state)),
            (None, None) => Err(problems::not_enrolled()),
        }
    }

    /// A frame of the pool.
    pub(super) fn pool_says(&mut self, link: LinkId, frame: FromPool) {
        if !self.ctx.is_link(link) {
            return;
        }
        match frame {
            FromPool::Answer { n, answer } => self.answered(n, answer),
            FromPool::Snapshot { push, position, page, pages, items } => {
                let whole = self.mirror.snapshot(push, position, (page, pages), items);
                if let Some(items) = whole {
                    self.take_facts(items);
                }
            }
            FromPool::Changed { push, previous, position, items } => {
                self.changed(push, previous, position, items)
            }
            FromPool::CloneSeen { at } => self.saw_clone(at),
            FromPool::LogIns { users } => self.log_ins(&users),
            FromPool::WarnIdle { seat, waiter } => self.warn_wanted(seat, waiter),
            FromPool::Kept { seat, ago_ms } => self.kept_elsewhere(seat, ago_ms.get()),
            FromPool::Welcome { .. }
            | FromPool::Refused { .. }
            | FromPool::AnswerToOdd { .. }
            | FromPool::Sealed { .. }
            | FromPool::Unknown => {}
        }
    }

    /// Another computer used this machine's enrolment. The pool says it again on each link, so what
    /// is long past is kept for `doctor` only.
    fn saw_clone(&mut self, at: WallTime) {
        self.clone_seen = Some(at);
        let ago = u64::try_from(self.ctx.now.wall.unix_ms.saturating_sub(at.unix_ms)).unwrap_or(0);
        let shown_ms = CLONE_SHOWN_MS.saturating_sub(ago);
        self.clone_shown_until = Some(self.ctx.now.boot_ms.saturating_add(shown_ms));
    }

    /// Shows a clone no longer that has not been seen for a while.
    pub(super) fn look_for_old_clones(&mut self) {
        self.clone_shown_until =
            self.clone_shown_until.filter(|until| self.ctx.now.boot_ms < *until);
    }

    fn answered(&mut self, n: u64, answer: PoolAnswer) {
        let Some(sent) = self.ctx.answered(n) else {
            return;
        };
        let sending = sent.sending;
        self.heard_at = Some(self.ctx.now.boot_ms);
        let done = is_final(&answer);
        match sent.what {
            InFlight::Renew(renewal) => self.renewal_answered(renewal, answer, sending),
            InFlight::SignOn(request) => self.sign_on_answered(request, answer, sending),
            InFlight::Accept(request) => self.accept_answered(request, answer, sending),
            InFlight::SignOff(seat) => {
                if self.outbox.sign_off_answered(&mut self.ctx, seat, done) {
                    self.note_ended(seat);
                }
            }
            InFlight::Cancel(request) => self.outbox.cancel_answered(&mut self.ctx, request, done),
            InFlight::Leaving(seat) => self.leaving_answered(seat, done),
            InFlight::Overdraft(number) => {
                self.outbox.overdraft_answered(&mut self.ctx, number, done)
            }
            InFlight::LogOut(number) => self.outbox.log_out_answered(&mut self.ctx, number, done),
            InFlight::Ask(ask) => self.ask_answered(ask, answer),
            InFlight::Nothing => {}
        }
        if let Some(link) = &mut self.link {
            let oldest = self.ctx.oldest_unanswered();
            link.ended.retain(|_, (_, newest)| oldest.is_some_and(|oldest| oldest <= *newest));
        }
    }

    /// The answer to a renewal, or to one part of it. What counts for all seats waits for all parts.
    fn renewal_answered(&mut self, renewal: u64, answer: PoolAnswer, sending: Sending) {
        let PoolAnswer::Renewed(renewed) = answer else {
            if let Some(link) = &mut self.link {
                link.renewal_failed = Some(renewal);
            }
            return;
        };
        self.round_trip_ms = Some(self.ctx.now.boot_ms.saturating_sub(sending.at));
        self.renewed(sending, renewed);
        self.ctx.clocks.settle(sending);
        let failed = self.link.as_ref().is_none_or(|link| link.renewal_failed == Some(renewal));
        if !failed && !self.ctx.awaits(&InFlight::Renew(renewal)) {
            self.tell_pool_reachable();
            self.asked_after_sleep(sending.at);
        }
    }

    /// The pool says that this seat is gone, or has answered its sign-off.
    pub(super) fn note_ended(&mut self, seat: SeatRef) {
        if let Some(link) = &mut self.link {
            link.ended.insert(seat.id, (seat, self.ctx.newest_message()));
        }
    }

    /// Whether the pool has said that this seat is gone, at this or a later epoch, and answers from
    /// before that may still come.
    pub(super) fn ended_just_now(&self, seat: SeatRef) -> bool {
        let ended = self.link.as_ref().and_then(|link| link.ended.get(&seat.id));
        ended.is_some_and(|(ended, _)| ended.epoch.covers(seat.epoch))
    }

    fn sign_on_answered(&mut self, request: RequestId, answer: PoolAnswer, sending: Sending) {
        match answer {
            PoolAnswer::Outcome { outcome } => self.outcome(request, outcome, sending),
            PoolAnswer::Problem { problem } => self.sign_on_failed(request, problem),
            PoolAnswer::Renewed(_)
            | PoolAnswer::Done
            | PoolAnswer::LoggedIn { .. }
            | PoolAnswer::Unknown => self.sign_on_failed(request, problems::strange_answer()),
        }
    }

    fn accept_answered(&mut self, request: RequestId, answer: PoolAnswer, sending: Sending) {
        if let Some(intent) = self.intents.get_mut(&request) {
            intent.takings = intent.takings.saturating_sub(1);
        }
        let problem = match answer {
            PoolAnswer::Outcome { outcome } => return self.outcome(request, outcome, sending),
            PoolAnswer::Problem { problem } => problem,
            PoolAnswer::Renewed(_)
            | PoolAnswer::Done
            | PoolAnswer::LoggedIn { .. }
            | PoolAnswer::Unknown => problems::strange_answer(),
        };
        let now = self.ctx.now.boot_ms;
        let Some(intent) = self.intents.get_mut(&request) else {
            return;
        };
        if let Some(taking) = intent.stage.repeat_mut() {
            taking.failed(now);
        }
        for asker in core::mem::take(&mut intent.askers) {
            let problem = problem.clone();
            self.ctx.reply(asker.connection, asker.id, Reply::Problem { problem });
        }
    }
}

/// Whether an answer says that an end has come about, now or before. Any other error is none.
fn is_final(answer: &PoolAnswer) -> bool {
    match answer {
        PoolAnswer::Problem { problem } => matches!(problem.code, Code::Ended | Code::NotFound),
        PoolAnswer::Unknown => false,
        PoolAnswer::Renewed(_)
        | PoolAnswer::Outcome { .. }
        | PoolAnswer::Done
        | PoolAnswer::LoggedIn { .. } => true,
    }
}
