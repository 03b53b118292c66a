//! The end of everything: the broker stops, the machine sleeps or shuts down. Everybody is signed
//! off first, within a budget.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use hotseat_protocol::ids::PoolId;
use hotseat_protocol::ipc::FromBroker;
use hotseat_protocol::problem::Problem;
use hotseat_protocol::reason::ReleaseReason;
use hotseat_protocol::view::OnSleep;

use super::Core;
use super::effect::{Effect, Inhibitor};
use super::input::{ConnectionId, OsEvent};
use super::limits::ENDING_BUDGET_MS;
use super::problems;
use super::sign_off::Scope;

/// What is coming to an end, and since when it has been waited for.
#[derive(Debug, Default, Clone)]
pub(super) struct Ending {
    stop: Option<Wait>,
    sleep: Option<Wait>,
    shut_down: Option<Wait>,
    /// A new enrolment waits for what is due to the one before.
    enrolment: Option<Wait>,
}

/// A wait for the last answers.
#[derive(Debug, Clone, Copy)]
struct Wait {
    until: u64,
    over: bool,
}

impl Wait {
    fn from(boot_ms: u64) -> Self {
        Self { until: boot_ms.saturating_add(ENDING_BUDGET_MS), over: false }
    }
}

impl Ending {
    /// Why nothing new may begin.
    pub(super) fn refusal(&self) -> Option<Problem> {
        if self.stop.is_some() {
            Some(problems::stopping())
        } else if self.shut_down.is_some() {
            Some(problems::shutting_down())
        } else if self.sleep.is_some() {
            Some(problems::falling_asleep())
        } else {
            self.enrolment.map(|_| problems::enrolled_anew())
        }
    }

    pub(super) fn stopping(&self) -> bool {
        self.stop.is_some()
    }

    /// The machine was enrolled anew.
    pub(super) fn begin_enrolment(&mut self, boot_ms: u64) {
        self.enrolment = Some(Wait::from(boot_ms));
    }

    fn waits(&self) -> impl Iterator<Item = Wait> {
        let waits = [self.stop, self.sleep, self.shut_down, self.enrolment];
        waits.into_iter().flatten().filter(|wait| !wait.over)
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        self.waits().map(|wait| wait.until).min()
    }
}

impl Core {
    fn budget(&self) -> Option<Wait> {
        Some(Wait::from(self.ctx.now.boot_ms))
    }

    /// The broker shall stop.
    pub(super) fn stop(&mut self) {
        if self.ending.stop.is_some() {
            return;
        }
        self.ending.stop = self.budget();
        self.hurry_hooks();
        self.end_all(&Scope::All, ReleaseReason::BrokerStopped);
        for connection in self.sessions.programs().collect::<Vec<ConnectionId>>() {
            self.ctx.push(connection, FromBroker::Stopping);
        }
    }

    /// The operating system says something.
    pub(super) fn os_event(&mut self, event: &OsEvent) {
        match event {
            OsEvent::SleepBegins => {
                self.ending.sleep = self.budget();
                self.hurry_hooks();
                self.falls_asleep();
                let pools = self.pools_that_end_on_sleep();
                self.end_all(&Scope::Pools(pools), ReleaseReason::Suspended);
            }
            OsEvent::SleepEnded => {
                self.ending.sleep = None;
                self.wakes();
                self.renew_now = true;
            }
            OsEvent::ShutDownBegins => {
                self.ending.shut_down = self.budget();
                self.hurry_hooks();
                self.end_all(&Scope::All, ReleaseReason::ShutDown);
            }
            OsEvent::ShutDownCancelled => self.ending.shut_down = None,
            OsEvent::SessionEnded { name } => self.session_ended(name),
            OsEvent::Locked { name, locked } => {
                self.sessions.set_locked(name, *locked, self.ctx.now.boot_ms);
            }
        }
    }

    /// Pools whose seats do not sleep; one that is not known counts by the default.
    fn pools_that_end_on_sleep(&self) -> BTreeSet<PoolId> {
        let seats = self.seats.values().map(|seat| &seat.saved.pool);
        let intents = self.intents.values().map(|intent| &intent.saved.pool);
        seats
            .chain(intents)
            .filter(|pool| {
                let view = self.mirror.pool(pool);
                view.is_none_or(|view| view.policy.on_sleep == OnSleep::SignOff)
            })
            .cloned()
            .collect()
    }

    /// Lets go what waits for the last answers, once they are there or the budget is used up.
    pub(super) fn look_for_ends(&mut self) {
        let said = self.link.is_none() || self.outbox.all_ends_answered();
        let done = self.ctx.writes.idle() && said && self.outbox.hooks.none_running();
        let now = self.ctx.now.boot_ms;
        let over = |wait: &mut Option<Wait>| match wait {
            Some(wait) if !wait.over && (done || now >= wait.until) => {
                wait.over = true;
                true
            }
            _ => false,
        };
        if over(&mut self.ending.sleep) {
            self.ctx.effect(Effect::ReleaseInhibitor(Inhibitor::Sleep));
        }
        if over(&mut self.ending.shut_down) {
            self.ctx.effect(Effect::ReleaseInhibitor(Inhibitor::ShutDown));
        }
        if over(&mut self.ending.stop) {
            self.ctx.effect(Effect::Stop);
        }
        if over(&mut self.ending.enrolment) {
            self.ending.enrolment = None;
            self.take_up_enrolment();
            self.outbox.acknowledge_answered(&mut self.ctx);
            self.flush_writes();
        }
    }
}
