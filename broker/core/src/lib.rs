//! The broker as a pure state machine. No async, no I/O, no clock, no randomness.
//!
//! * [`Core::start`] begins from what an earlier broker left behind.
//! * [`step`] takes one [`Input`] with the clocks' readings and says which [`Effect`]s follow.
//! * [`next_deadline`] says when to send [`Input::Tick`]; a tick too early or too late is safe.
//!
//! Everything that depends on time or on other state is a *level*: it is looked at anew at the end
//! of every step, so that no order of inputs can make it be missed.
#![no_std]
#![deny(clippy::arithmetic_side_effects)]
#![warn(missing_docs)]

extern crate alloc;

mod accounts;
mod answers;
mod asker;
mod asking;
mod asks;
mod awake;
mod clocks;
mod crossing;
mod ctx;
mod effect;
mod ended_seat;
mod ending;
mod enrolment;
mod facts;
mod hangs;
mod idle;
mod in_flight;
mod input;
mod keys;
mod limits;
mod line;
mod link;
mod log_ins;
mod mirror;
mod offline;
mod outbox;
mod people;
mod problems;
mod renewal;
mod requests;
mod restart;
mod saved;
mod seats;
mod sessions;
mod sign_off;
mod sign_on;
mod views;
mod warning;
mod writes;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a sum that overflows fails its test")]
mod tests;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use hotseat_protocol::ids::{PoolId, RequestId, SeatId, WallTime};
use hotseat_protocol::ipc::{LinkState, Lost, View};
use hotseat_protocol::link::JournalPosition;
use hotseat_protocol::reason::ReleaseReason;

pub use clocks::fence_ms;
pub use effect::{Effect, Inhibitor};
pub use input::{Caller, ConnectionId, HookId, Input, LinkId, Now, OsEvent, WriteId};
pub use limits::{
    ANSWER_LIMIT_MS, ENDING_BUDGET_MS, HOOK_ROOM_MS, RESTART_GRACE_MS, UPGRADE_GRACE_MS,
};
pub use saved::{
    Boot, Change, KeyHash, OsUser, Saved, SavedAccount, SavedAnchor, SavedHook, SavedIntent,
    SavedOverdraft, SavedSeat, SavedSignOff, SessionKey,
};

use outbox::repeat::Repeat;
use writes::Then;

/// What never changes while the broker runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The broker's version, for people.
    pub program: String,
    /// The pool's address, without credentials; none when the machine was never enrolled.
    pub server_url: Option<String>,
    /// The pools with a hook on sign-off, and its time-out in ms.
    pub hooks: BTreeMap<PoolId, u64>,
}

/// The whole state.
#[derive(Debug, Clone)]
pub struct Core {
    /// But for the hooks, which are the outbox's.
    settings: Settings,
    ctx: ctx::Ctx,

    sessions: sessions::Sessions,
    accounts: accounts::Accounts,

    seats: BTreeMap<SeatId, seats::Seat>,
    intents: BTreeMap<RequestId, sign_on::Intent>,
    last_intent: u64,
    outbox: outbox::Outbox,
    lost: BTreeMap<(OsUser, PoolId), Lost>,
    newest_epochs: ended_seat::NewestEpochs,

    /// Programs that wait: for their seat to be written down, for an end to be safe, for an answer.
    telling: BTreeMap<RequestId, answers::Telling>,
    asks: asks::Asks,

    link: Option<link::Link>,
    link_state: LinkState,
    /// A renewal is due at once.
    renew_now: bool,
    /// When the pool was last heard of, on the boot-time clock.
    heard_at: Option<u64>,
    round_trip_ms: Option<u64>,
    /// When the pool last said that another computer uses this machine's enrolment.
    clone_seen: Option<WallTime>,
    /// Until when everybody is shown that, on the boot-time clock.
    clone_shown_until: Option<u64>,
    /// The pool server of a new enrolment, while what is due to the one before is said.
    next_server: Option<String>,
    /// Since when the link has been down, until a renewal is answered.
    outage_since: Option<u64>,
    mirror: mirror::Mirror,
    ending: ending::Ending,
    awake: awake::Awake,
    /// Until when leftovers wait for their tray or process.
    grace_until: Option<u64>,
}

/// Takes one input, with the clocks' readings, and says what follows from it, in order.
pub fn step(core: &mut Core, input: Input, now: Now) -> Vec<Effect> {
    // After a standstill every seat is in doubt.
    core.renew_now |= core.ctx.observe(now);
    core.take(input);
    core.settle();
    core.sessions.speak(&mut core.ctx)
}

/// When to send [`Input::Tick`], on the boot-time clock, in ms.
#[must_use]
pub fn next_deadline(core: &Core) -> Option<u64> {
    let repeats = core.link.is_some().then(|| core.repeat_deadline()).flatten();
    [
        core.renewal_deadline(),
        core.seats_deadline(),
        core.give_up_deadline(),
        core.asks.deadline(),
        core.lost_trays_deadline(),
        core.grace_until,
        core.idle_deadline(),
        core.crossing_deadline(),
        core.ending.deadline(),
        core.ctx.writes.deadline(),
        core.outbox.hooks.deadline(),
        core.awake_deadline(),
        core.overdrafts_deadline(),
        core.clone_shown_until,
        repeats,
    ]
    .into_iter()
    .flatten()
    .min()
}

impl Core {
    /// The newest position of the pool's journal that was seen.
    #[must_use]
    pub fn seen(&self) -> Option<JournalPosition> {
        self.mirror.position()
    }

    /// What one OS user is shown.
    #[must_use]
    pub fn view(&self, user: &OsUser) -> View {
        self.view_of(user)
    }

    fn empty(mut settings: Settings, now: Now) -> Self {
        Self {
            outbox: outbox::Outbox::new(core::mem::take(&mut settings.hooks)),
            settings,
            ctx: ctx::Ctx::new(now),
            sessions: sessions::Sessions::default(),
            accounts: accounts::Accounts::default(),
            seats: BTreeMap::new(),
            intents: BTreeMap::new(),
            last_intent: 0,
            lost: BTreeMap::new(),
            newest_epochs: ended_seat::NewestEpochs::default(),
            telling: BTreeMap::new(),
            asks: asks::Asks::default(),
            link: None,
            link_state: LinkState::NotEnrolled,
            renew_now: false,
            heard_at: None,
            round_trip_ms: None,
            clone_seen: None,
            clone_shown_until: None,
            next_server: None,
            outage_since: None,
            mirror: mirror::Mirror::default(),
            ending: ending::Ending::default(),
            awake: awake::Awake::default(),
            grace_until: None,
        }
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Opened { connection, caller, hello, fresh } => {
                self.opened(connection, &caller, &hello, fresh)
            }
            Input::Closed { connection } => self.closed(connection),
            Input::Asked { connection, id, request, fresh } => {
                self.asked(connection, id, request, fresh)
            }
            Input::Idle { connection, idle_s, locked } => {
                self.sessions.report(connection, idle_s, locked, self.ctx.now.boot_ms)
            }
            Input::LinkUp { link, lease_ms, position } => self.link_up(link, lease_ms, position),
            Input::LeftoversVoid => self.leftovers_void(),
            Input::LinkDown { cause } => self.link_down(cause),
            Input::FromPool { link, frame } => self.pool_says(link, frame),
            Input::Stored { write, ok } => {
                for then in self.ctx.writes.ended(write, ok, self.ctx.now.boot_ms) {
                    self.written(then, ok);
                }
            }
            Input::HookEnded { hook } => self.outbox.hooks.ended(&mut self.ctx, hook),
            Input::Enrolled { server_url } => self.enrolled(server_url),
            Input::Os(event) => self.os_event(&event),
            Input::Tick => {}
            Input::Stop => self.stop(),
        }
    }

    /// Looks at everything that depends on time, sends what is due, ends first, writes, tells.
    fn settle(&mut self) {
        self.look_for_unreturned();
        self.look_for_lost_trays();
        self.look_for_lost_seats();
        self.look_for_overdrafts();
        self.look_for_old_clones();
        self.judge_idleness();
        self.give_up();
        self.asks.give_up(&mut self.ctx);
        self.outbox.hooks.look_for_late(&mut self.ctx);
        if self.link.is_some() {
            self.send_ends();
            self.send_sign_ons();
            self.take_offers();
            self.look_for_crossings();
            self.renew();
        }
        self.flush_writes();
        self.outbox.acknowledge_answered(&mut self.ctx);
        self.look_for_ends();
        self.tell_resume_report();
        self.publish();
    }

    fn flush_writes(&mut self) {
        for then in self.ctx.flush_writes() {
            self.written(then, true);
        }
    }

    /// What waited for a write goes on.
    fn written(&mut self, then: Then, ok: bool) {
        match then {
            Then::Ask(request) => self.intent_saved(request, ok),
            Then::TellSeated(request) => self.tell_seated(request),
            Then::Acknowledge(ack) => self.outbox.acks.written(&mut self.ctx, ack, ok),
            Then::LoggedIn(ask) => self.log_in_saved(ask, ok),
        }
    }

    fn repeat_deadline(&self) -> Option<u64> {
        let leaving = self.seats.values();
        let leaving = leaving.filter(|seat| !self.outbox.hooks.holds_back(seat.saved.seat.id));
        let leaving = leaving.filter_map(|seat| seat.leaving.as_ref());
        let leaving = leaving.map(|leaving| &leaving.repeat);
        // What is under way has no deadline, and need not be compared with all others.
        let asking = self.intents.values();
        let asking = asking.filter(|i| i.stage.repeat().and_then(Repeat::deadline).is_some());
        let anchors = self.by_anchor();
        let asking = asking.filter(|intent| !self.is_held_back(intent, &anchors));
        let asking = asking.filter_map(|intent| intent.stage.repeat());
        let here = leaving.chain(asking).filter_map(Repeat::deadline);
        here.chain(self.outbox.deadline()).min()
    }

    /// Runs the hook of a seat's pool, if there is one and the machine has the time.
    fn run_hook(&mut self, seat: &SavedSeat, reason: ReleaseReason) {
        self.outbox.hooks.run(&mut self.ctx, seat, reason, self.ending.deadline());
    }

    /// Something ends soon: hooks that run already must leave room for the pool's answers.
    fn hurry_hooks(&mut self) {
        if let Some(until) = self.ending.deadline() {
            self.outbox.hooks.hurry(until);
        }
    }
}
