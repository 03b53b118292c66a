//! What an earlier broker left behind: after another boot it ends at once, within the same boot
//! it waits for its tray or process to come back.

use alloc::vec::Vec;

use hotseat_protocol::ipc::LinkState;
use hotseat_protocol::reason::ReleaseReason;

use super::hangs::Hangs;
use super::input::Now;
use super::limits::ANSWER_LIMIT_MS;
use super::outbox::Cancel;
use super::outbox::repeat::Repeat;
use super::problems;
use super::saved::{Boot, Change, Saved};
use super::seats::Seat;
use super::sign_off::Scope;
use super::sign_on::{Intent, Stage};
use super::{Core, Settings};

impl Core {
    /// Begins from what an earlier broker left behind.
    #[must_use]
    pub fn start(
        settings: Settings,
        saved: Saved,
        boot: Boot,
        now: Now,
    ) -> (Self, Vec<super::Effect>) {
        let mut core = Self::empty(settings, now);
        core.link_state = match core.settings.server_url {
            Some(_) => LinkState::Down { since: None, cause: None },
            None => LinkState::NotEnrolled,
        };
        core.take_up(saved, boot);
        match boot {
            Boot::Another => {
                core.end_all(&Scope::NotReturned, ReleaseReason::MachineRestarted);
            }
            Boot::Same { grace_ms } => {
                core.grace_until = Some(now.boot_ms.saturating_add(grace_ms));
            }
        }
        core.settle();
        let effects = core.sessions.speak(&mut core.ctx);
        (core, effects)
    }

    fn take_up(&mut self, saved: Saved, boot: Boot) {
        self.accounts.take_up(saved.accounts);
        for (id, seat) in saved.seats {
            let hangs = Hangs::of_saved(&seat.anchor);
            self.newest_epochs.learn(&seat);
            self.seats.insert(id, Seat::new(seat, hangs, false));
        }
        for (id, saved) in saved.sign_offs {
            // The seat of a sign-off that was written down is not believed in any more.
            self.seats.remove(&id);
            self.outbox.sign_offs.restore(id, saved);
        }
        for (request, reason) in saved.cancels {
            self.outbox.cancels.restore(request, Cancel { of: None, reason });
        }
        for (number, token) in saved.ending_tokens {
            self.outbox.restore_token(number, token);
        }
        self.take_up_overdrafts(saved.overdrafts, boot);
        self.outbox.hooks.take_up(&mut self.ctx, saved.hooks);
        for (request, saved) in saved.intents {
            let limit = self.ctx.now.boot_ms.saturating_add(ANSWER_LIMIT_MS);
            self.last_intent = self.last_intent.saturating_add(1);
            let intent = Intent {
                number: self.last_intent,
                hangs: Hangs::of_saved(&saved.anchor),
                returned: false,
                // What became of it is asked again, with the same words.
                stage: Stage::Asking(Repeat::default()),
                askers: Vec::new(),
                takings: 0,
                give_up_at: saved.wait.is_none().then_some(limit),
                key: None,
                saved,
            };
            self.intents.insert(request, intent);
        }
    }

    /// The pool says that this machine's state is an older copy, of a clone or a backup: seats and
    /// sign-ons in it may be another computer's by now, so they are let go without a word to the
    /// pool, and so is what this broker has derived from them. Sign-offs that were accepted stay.
    /// What the pool has confirmed to this broker may have ended by the other computer's word since,
    /// and is believed in again once it is renewed.
    pub(super) fn leftovers_void(&mut self) {
        self.ctx.clocks.doubt();
        let seats = self.seats.values().filter(|seat| seat.fenced.is_none());
        for id in seats.map(|seat| seat.saved.seat.id).collect::<Vec<_>>() {
            self.seats.remove(&id);
            self.ctx.save(Change::DropSeat(id));
        }
        let left = self.intents.values().filter(|intent| !intent.returned);
        for request in left.map(|intent| intent.saved.request).collect::<Vec<_>>() {
            self.drop_intent(request, &problems::cloned());
        }
        let derived = |reason: ReleaseReason| {
            matches!(reason, ReleaseReason::MachineRestarted | ReleaseReason::BrokerRestarted)
        };
        self.outbox.sign_offs.forget(&mut self.ctx, |off| derived(off.reason));
        self.outbox.cancels.forget(&mut self.ctx, |cancel| derived(cancel.reason));
    }

    /// Ends what nobody came back for in time.
    pub(super) fn look_for_unreturned(&mut self) {
        if self.grace_until.is_some_and(|until| self.ctx.now.boot_ms >= until) {
            self.grace_until = None;
            self.end_all(&Scope::NotReturned, ReleaseReason::BrokerRestarted);
        }
    }
}
