//! What every part of the core may do: read the clocks, save, send, and tell programs.
//!
//! It never looks at a part's state. What is said is queued in order and becomes effects at the end
//! of the step.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use hotseat_protocol::ipc::{FromBroker, Notice, Reply};
use hotseat_protocol::link::MachineMessage;

use super::clocks::{Clocks, Sending};
use super::effect::Effect;
use super::hangs::Hangs;
use super::in_flight::InFlight;
use super::input::{ConnectionId, LinkId, Now};
use super::saved::{Change, OsUser};
use super::writes::{Then, Writes};

/// The clocks, the disk, the link's numbering, and what is said in the step under way.
#[derive(Debug, Clone)]
pub(super) struct Ctx {
    /// The readings of the step under way.
    pub(super) now: Now,
    pub(super) clocks: Clocks,
    pub(super) writes: Writes,
    wire: Option<Wire>,
    said: Vec<Said>,
}

/// What a part wants said, in order.
#[derive(Debug, Clone)]
pub(super) enum Said {
    /// An effect as it is.
    Effect(Effect),
    /// The answer to a request, if the asker is still there.
    Reply(ConnectionId, u64, Reply),
    /// Something that a user's programs hear once: the tray of the session that a seat hangs on
    /// (any of the user's trays when there is none), and everything else that listens. Who that is
    /// is looked up at the end of the step, so trays and subscriptions change before anybody is
    /// notified.
    Notice(OsUser, Hangs, Notice),
}

/// The link that is up: messages are numbered from 1, and each answer is matched with what was
/// sent and when.
#[derive(Debug, Clone)]
struct Wire {
    id: LinkId,
    last_n: u64,
    sent: BTreeMap<u64, Sent>,
}

/// A message that was not answered yet.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) sending: Sending,
    pub(super) what: InFlight,
}

impl Ctx {
    pub(super) fn new(now: Now) -> Self {
        Self {
            now,
            clocks: Clocks::new(now),
            writes: Writes::default(),
            wire: None,
            said: Vec::new(),
        }
    }

    /// Takes the step's readings; says whether the machine has stood still before them.
    pub(super) fn observe(&mut self, now: Now) -> bool {
        self.now = Now { boot_ms: now.boot_ms.max(self.now.boot_ms), wall: now.wall };
        self.clocks.read(self.now.boot_ms, now)
    }

    /// The clocks, for a message that is sent in this step.
    pub(super) fn sending(&self) -> Sending {
        Sending { at: self.now.boot_ms, leaps: self.clocks.leaps }
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        self.said.push(Said::Effect(effect));
    }

    /// Answers a request, if the asker is still there.
    pub(super) fn reply(&mut self, connection: ConnectionId, id: u64, reply: Reply) {
        self.said.push(Said::Reply(connection, id, reply));
    }

    pub(super) fn push(&mut self, connection: ConnectionId, frame: FromBroker) {
        self.effect(Effect::Push { connection, frame });
    }

    /// Tells a user's programs something once.
    pub(super) fn notify(&mut self, owner: &OsUser, hangs: &Hangs, notice: Notice) {
        self.said.push(Said::Notice(owner.clone(), hangs.clone(), notice));
    }

    /// Makes a change durable with the next write.
    pub(super) fn save(&mut self, change: Change) {
        self.writes.save(change);
    }

    /// Lets something wait for all that was saved so far.
    pub(super) fn once_saved(&mut self, then: Then) {
        self.writes.once_saved(then);
    }

    /// Begins the next write if none is under way; says what need not wait for one.
    #[must_use]
    pub(super) fn flush_writes(&mut self) -> Vec<Then> {
        let (safe, store) = self.writes.begin(self.now.boot_ms);
        self.said.extend(store.map(Said::Effect));
        safe
    }

    /// All that was said since the last time.
    pub(super) fn take_said(&mut self) -> Vec<Said> {
        core::mem::take(&mut self.said)
    }

    /// A new link is up: its numbers begin at 1.
    pub(super) fn link_up(&mut self, id: LinkId) {
        self.wire = Some(Wire { id, last_n: 0, sent: BTreeMap::new() });
    }

    /// The link is gone, if there was one, and the answers with it.
    pub(super) fn link_gone(&mut self) -> bool {
        self.wire.take().is_some()
    }

    /// Whether this is the link that is up.
    pub(super) fn is_link(&self, link: LinkId) -> bool {
        self.wire.as_ref().is_some_and(|wire| wire.id == link)
    }

    /// Sends a message over the link that is up; says whether there is one.
    pub(super) fn send(&mut self, what: InFlight, body: MachineMessage) -> bool {
        let sending = self.sending();
        let Some(wire) = &mut self.wire else {
            return false;
        };
        wire.last_n = wire.last_n.saturating_add(1);
        let (link, n) = (wire.id, wire.last_n);
        wire.sent.insert(n, Sent { sending, what });
        self.effect(Effect::SendToPool { link, n, body });
        true
    }

    /// What the message of this number was about, which is answered now; none if it is unknown.
    pub(super) fn answered(&mut self, n: u64) -> Option<Sent> {
        self.wire.as_mut()?.sent.remove(&n)
    }

    /// The number of the newest message; 0 before the first.
    pub(super) fn newest_message(&self) -> u64 {
        self.wire.as_ref().map_or(0, |wire| wire.last_n)
    }

    /// The number of the oldest message that has no answer.
    pub(super) fn oldest_unanswered(&self) -> Option<u64> {
        self.wire.as_ref()?.sent.keys().next().copied()
    }

    /// Whether a message about this is under way.
    pub(super) fn awaits(&self, what: &InFlight) -> bool {
        self.wire.iter().flat_map(|wire| wire.sent.values()).any(|sent| sent.what == *what)
    }
}
