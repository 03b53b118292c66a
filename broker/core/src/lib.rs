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
mod anchors;
mod answers;
mod asks;
mod awake;
mod clocks;
mod crossing;
mod effect;
mod ended_seat;
mod ending;
mod enrolment;
mod hooks;
mod idle;
mod input;
mod keys;
mod limits;
mod line;
mod link;
mod mirror;
mod offline;
mod problems;
mod renewal;
mod repeat;
mod requests;
mod restart;
mod saved;
mod seats;
mod sessions;
mod sign_off;
mod sign_on;
mod tell;
mod views;
mod writes;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a sum that overflows fails its test")]
mod tests;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use hotseat_protocol::ids::{PoolId, RequestId, SeatId, WallTime};
use hotseat_protocol::ipc::{LinkState, Lost, View};
use hotseat_protocol::link::JournalPosition;

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
    settings: Settings,
    /// The readings of the step under way.
    now: Now,
    /// The effects of the step under way.
    out: Vec<Effect>,
    clocks: clocks::Clocks,

    connections: BTreeMap<ConnectionId, sessions::Connection>,
    sessions: BTreeMap<SessionKey, sessions::Session>,
    accounts: BTreeMap<OsUser, SavedAccount>,

    seats: BTreeMap<SeatId, seats::Seat>,
    intents: BTreeMap<RequestId, sign_on::Intent>,
    last_intent: u64,
    sign_offs: BTreeMap<SeatId, sign_off::SignOff>,
    cancels: BTreeMap<RequestId, sign_off::Cancel>,
    ending_tokens: BTreeMap<u64, accounts::EndingToken>,
    last_token: u64,
    overdrafts: BTreeMap<u64, offline::Overdrawn>,
    last_overdraft: u64,
    lost: BTreeMap<(OsUser, PoolId), Lost>,
    newest_epochs: ended_seat::NewestEpochs,
    hooks: BTreeMap<HookId, hooks::RunningHook>,
    last_hook: u64,

    /// Programs that wait: for their seat to be written down, for an end to be safe, for an answer.
    telling: BTreeMap<RequestId, answers::Telling>,
    acks: BTreeMap<u64, sign_off::Ack>,
    last_ack: u64,
    asks: BTreeMap<u64, asks::Asked>,
    last_ask: u64,

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
    /// OS users whose log-in ended elsewhere, until they log in again: they are told.
    log_ins_ended: BTreeSet<OsUser>,
    /// The pool server of a new enrolment, while what is due to the one before is said.
    next_server: Option<String>,
    /// Since when the link has been down, until a renewal is answered.
    outage_since: Option<u64>,
    mirror: mirror::Mirror,
    writes: writes::Writes,
    ending: ending::Ending,
    awake: awake::Awake,
    /// Until when leftovers wait for their tray or process.
    grace_until: Option<u64>,
}

/// Takes one input, with the clocks' readings, and says what follows from it, in order.
pub fn step(core: &mut Core, input: Input, now: Now) -> Vec<Effect> {
    core.observe_clocks(now);
    core.take(input);
    core.settle();
    core::mem::take(&mut core.out)
}

/// When to send [`Input::Tick`], on the boot-time clock, in ms.
#[must_use]
pub fn next_deadline(core: &Core) -> Option<u64> {
    let repeats = core.link.is_some().then(|| core.repeat_deadline()).flatten();
    [
        core.renewal_deadline(),
        core.seats_deadline(),
        core.give_up_deadline(),
        core.asks.values().map(|asked| asked.asker.give_up_at).min(),
        core.lost_trays_deadline(),
        core.grace_until,
        core.idle_deadline(),
        core.crossing_deadline(),
        core.ending.deadline(),
        core.writes.deadline(),
        core.hooks_deadline(),
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

    fn empty(settings: Settings, now: Now) -> Self {
        Self {
            settings,
            now,
            out: Vec::new(),
            clocks: clocks::Clocks::new(now),
            connections: BTreeMap::new(),
            sessions: BTreeMap::new(),
            accounts: BTreeMap::new(),
            seats: BTreeMap::new(),
            intents: BTreeMap::new(),
            last_intent: 0,
            sign_offs: BTreeMap::new(),
            cancels: BTreeMap::new(),
            ending_tokens: BTreeMap::new(),
            last_token: 0,
            overdrafts: BTreeMap::new(),
            last_overdraft: 0,
            lost: BTreeMap::new(),
            newest_epochs: ended_seat::NewestEpochs::default(),
            hooks: BTreeMap::new(),
            last_hook: 0,
            telling: BTreeMap::new(),
            acks: BTreeMap::new(),
            last_ack: 0,
            asks: BTreeMap::new(),
            last_ask: 0,
            link: None,
            link_state: LinkState::NotEnrolled,
            renew_now: false,
            heard_at: None,
            round_trip_ms: None,
            clone_seen: None,
            log_ins_ended: BTreeSet::new(),
            clone_shown_until: None,
            next_server: None,
            outage_since: None,
            mirror: mirror::Mirror::default(),
            writes: writes::Writes::default(),
            ending: ending::Ending::default(),
            awake: awake::Awake::default(),
            grace_until: None,
        }
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Opened { connection, caller, hello, fresh } => {
                self.opened(connection, caller, &hello, fresh)
            }
            Input::Closed { connection } => self.closed(connection),
            Input::Asked { connection, id, request, fresh } => {
                self.asked(connection, id, request, fresh)
            }
            Input::Idle { connection, idle_s, locked } => {
                self.idle_reported(connection, idle_s, locked)
            }
            Input::LinkUp { link, lease_ms, position } => self.link_up(link, lease_ms, position),
            Input::LeftoversVoid => self.leftovers_void(),
            Input::LinkDown { cause } => self.link_down(cause),
            Input::FromPool { link, frame } => self.pool_says(link, frame),
            Input::Stored { write, ok } => self.stored(write, ok),
            Input::HookEnded { hook } => self.hook_ended(hook),
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
        self.give_up_asks();
        self.look_for_late_hooks();
        if self.link.is_some() {
            self.send_ends();
            self.send_sign_ons();
            self.take_offers();
            self.look_for_crossings();
            self.renew();
        }
        self.flush_writes();
        self.acknowledge_answered();
        self.look_for_ends();
        self.tell_resume_report();
        self.publish();
    }

    fn repeat_deadline(&self) -> Option<u64> {
        let hooked = self.hooked();
        let offs = self.sign_offs.values().filter(|off| !hooked.contains(&off.saved.seat.id));
        let offs = offs.map(|off| &off.repeat);
        let cancels = self.cancels.values().filter(|cancel| !self.cancel_waits(cancel));
        let cancels = cancels.map(|cancel| &cancel.repeat);
        let leaving = self.seats.values();
        let leaving = leaving.filter(|seat| !hooked.contains(&seat.saved.seat.id));
        let leaving = leaving.filter_map(|seat| seat.leaving.as_ref());
        let leaving = leaving.map(|leaving| &leaving.repeat);
        let tokens = self.ending_tokens.values().map(|ending| &ending.repeat);
        let said = self.overdrafts.values().filter(|overdrawn| overdrawn.is_over());
        let said = said.map(|overdrawn| &overdrawn.repeat);
        // What is under way has no deadline, and need not be compared with all others.
        let asking = self.intents.values();
        let asking =
            asking.filter(|i| i.stage.repeat().and_then(repeat::Repeat::deadline).is_some());
        let anchors = self.by_anchor();
        let asking = asking.filter(|intent| !self.is_held_back(intent, &anchors));
        let asking = asking.filter_map(|intent| intent.stage.repeat());
        offs.chain(cancels)
            .chain(leaving)
            .chain(tokens)
            .chain(said)
            .chain(asking)
            .filter_map(repeat::Repeat::deadline)
            .min()
    }
}
