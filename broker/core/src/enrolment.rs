//! The machine is enrolled while the broker runs: everybody is signed off with the pool server of
//! before, within a budget, and what belonged to that enrolment is forgotten.

use alloc::string::String;

use hotseat_protocol::ipc::LinkState;
use hotseat_protocol::reason::ReleaseReason;

use super::Core;
use super::effect::Effect;
use super::saved::Change;
use super::sign_off::Scope;

impl Core {
    /// The machine has another identity, or its first one.
    pub(super) fn enrolled(&mut self, server_url: String) {
        self.next_server = Some(server_url);
        self.ending.begin_enrolment(self.ctx.now.boot_ms);
        self.hurry_hooks();
        self.end_all(&Scope::All, ReleaseReason::BrokerStopped);
    }

    /// Nothing more is due to the enrolment of before: seats, intents and sign-offs of it, and
    /// log-ins, which are good for one machine of one pool server, say nothing to the new one.
    pub(super) fn take_up_enrolment(&mut self) {
        self.link_lost();
        self.outage_since = None;
        self.link_state = LinkState::Down { since: None, cause: None };
        self.settings.server_url = self.next_server.take();
        self.mirror = super::mirror::Mirror::default();
        self.clone_seen = None;
        self.clone_shown_until = None;
        self.heard_at = None;
        self.round_trip_ms = None;
        self.lost.clear();
        self.newest_epochs = super::ended_seat::NewestEpochs::default();
        for id in core::mem::take(&mut self.seats).into_keys() {
            self.ctx.save(Change::DropSeat(id));
        }
        self.outbox.forget_all(&mut self.ctx);
        self.accounts.forget_all(&mut self.ctx);
        self.ctx.effect(Effect::TakeUpEnrolment);
    }
}
