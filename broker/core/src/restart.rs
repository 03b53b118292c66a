//! What an earlier broker left behind: after another boot it ends at once, within the same boot
//! it waits for its tray or process to come back.

use alloc::vec::Vec;

use hotseat_protocol::ipc::LinkState;
use hotseat_protocol::reason::ReleaseReason;

use super::accounts::EndingToken;
use super::input::Now;
use super::limits::ANSWER_LIMIT_MS;
use super::problems;
use super::repeat::Repeat;
use super::saved::{Boot, Change, Saved};
use super::seats::{Hangs, Seat};
use super::sign_off::{Cancel, Scope, SignOff};
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
        let effects = core::mem::take(&mut core.out);
        (core, effects)
    }

    fn take_up(&mut self, saved: Saved, boot: Boot) {
        self.accounts = saved.accounts;
        for (id, seat) in saved.seats {
            let hangs = Hangs::of_saved(&seat.anchor);
            self.newest_epochs.learn(&seat);
            self.seats.insert(id, Seat::new(seat, hangs, false));
        }
        for (id, saved) in saved.sign_offs {
            // The seat of a sign-off that was written down is not believed in any more.
            self.seats.remove(&id);
            let repeat = Repeat::default();
            self.sign_offs.insert(id, SignOff { saved, repeat });
        }
        for (request, reason) in saved.cancels {
            let repeat = Repeat::default();
            self.cancels.insert(request, Cancel { of: None, reason, repeat });
        }
        for (number, token) in saved.ending_tokens {
            self.last_token = self.last_token.max(number);
            let repeat = Repeat::default();
            self.ending_tokens.insert(number, EndingToken { token, repeat });
        }
        self.take_up_overdrafts(saved.overdrafts, boot);
        self.take_up_hooks(saved.hooks);
        for (request, saved) in saved.intents {
            let limit = self.now.boot_ms.saturating_add(ANSWER_LIMIT_MS);
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
        self.clocks.doubt();
        let seats = self.seats.values().filter(|seat| seat.fenced.is_none());
        for id in seats.map(|seat| seat.saved.seat.id).collect::<Vec<_>>() {
            self.seats.remove(&id);
            self.save(Change::DropSeat(id));
        }
        let left = self.intents.values().filter(|intent| !intent.returned);
        for request in left.map(|intent| intent.saved.request).collect::<Vec<_>>() {
            self.drop_intent(request, &problems::cloned());
        }
        let derived = |reason: ReleaseReason| {
            matches!(reason, ReleaseReason::MachineRestarted | ReleaseReason::BrokerRestarted)
        };
        let offs = self.sign_offs.iter().filter(|(_, off)| derived(off.saved.reason));
        for id in offs.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.sign_offs.remove(&id);
            self.save(Change::DropSignOff(id));
        }
        let cancels = self.cancels.iter().filter(|(_, cancel)| derived(cancel.reason));
        for request in cancels.map(|(request, _)| *request).collect::<Vec<_>>() {
            self.cancels.remove(&request);
            self.save(Change::DropCancel(request));
        }
    }

    /// Ends what nobody came back for in time.
    pub(super) fn look_for_unreturned(&mut self) {
        if self.grace_until.is_some_and(|until| self.now.boot_ms >= until) {
            self.grace_until = None;
            self.end_all(&Scope::NotReturned, ReleaseReason::BrokerRestarted);
        }
    }
}
