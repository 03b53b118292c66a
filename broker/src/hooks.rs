//! Runs the hooks that the configuration names, each in a task of its own, and says when they end.

use std::collections::BTreeMap;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use hotseat_broker_core::{HookId, OsUser};
use hotseat_protocol::ids::{PoolId, SeatId};
use hotseat_protocol::reason::ReleaseReason;
use tokio::sync::{Semaphore, mpsc};

use crate::config::Hook;
use crate::lifecycle::Lifecycle;
use crate::platform;

/// Hooks that run at the same time; a seat that ends beyond it ends without.
pub(crate) const HOOKS_AT_ONCE_MAX: usize = 64;

/// What runs hooks.
#[derive(Debug)]
pub(crate) struct Hooks {
    hooks: BTreeMap<PoolId, Hook>,
    lifecycle: Lifecycle,
    ended: mpsc::Sender<HookId>,
    places: Arc<Semaphore>,
}

/// One run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) hook: HookId,
    pub(crate) owner: OsUser,
    pub(crate) pool: PoolId,
    pub(crate) seat: SeatId,
    pub(crate) reason: ReleaseReason,
    pub(crate) within: Duration,
}

impl Hooks {
    /// Each end is told to `ended`.
    pub(crate) fn new(
        hooks: BTreeMap<PoolId, Hook>,
        lifecycle: &Lifecycle,
        ended: mpsc::Sender<HookId>,
    ) -> Self {
        for (pool, hook) in hooks.iter().filter(|(_, hook)| !hook.program.exists()) {
            let program = hook.program.display();
            tracing::warn!(%pool, %program, "the sign-off hook is not there");
        }
        let places = Arc::new(Semaphore::new(HOOKS_AT_ONCE_MAX));
        Self { hooks, lifecycle: lifecycle.clone(), ended, places }
    }

    /// The time-outs in ms, for the core.
    pub(crate) fn timeouts(&self) -> BTreeMap<PoolId, u64> {
        let ms = |hook: &Hook| u64::try_from(hook.timeout.as_millis()).unwrap_or(u64::MAX);
        self.hooks.iter().map(|(pool, hook)| (pool.clone(), ms(hook))).collect()
    }

    /// Runs a hook; its end is told in any case.
    pub(crate) fn run(&self, run: Run) {
        let hook = self.hooks.get(&run.pool).cloned();
        let place = self.places.clone().try_acquire_owned();
        let (ended, stopping) = (self.ended.clone(), self.lifecycle.clone());
        self.lifecycle.spawn(async move {
            let number = run.hook;
            match (hook, &place) {
                (Some(hook), Ok(_)) => tokio::select! {
                    () = follow(hook, run) => {}
                    // Whatever still runs is killed with its task.
                    () = stopping.stopping() => {}
                },
                (Some(_), Err(_)) => {
                    tracing::warn!(pool = %run.pool, "too many sign-off hooks run; this one does not");
                }
                (None, _) => {}
            }
            // Nobody listens only when the broker ends.
            let _ = ended.send(number).await;
        });
    }
}

/// Runs a hook to its end or its time-out.
async fn follow(hook: Hook, run: Run) {
    let Run { owner, pool, seat, reason, within, .. } = run;
    let variables = [
        ("HOTSEAT_POOL", pool.to_string()),
        ("HOTSEAT_SEAT", seat.to_string()),
        ("HOTSEAT_REASON", reason.words().replace([' ', '-'], "_")),
    ];
    let program = hook.program.display().to_string();
    let user = owner.clone();
    let running = async {
        let starting =
            tokio::task::spawn_blocking(move || platform::start_hook(&hook, &user, &variables));
        starting.await.map_err(std::io::Error::other)??.ended().await
    };
    match tokio::time::timeout(within, running).await {
        Ok(Ok(status)) => tell(&pool, &owner, &program, status),
        Ok(Err(error)) => {
            tracing::error!(%pool, user = %owner, %program, %error, "the sign-off hook cannot be run");
        }
        Err(_) => {
            let within_ms = within.as_millis();
            tracing::warn!(
                %pool, user = %owner, %program, within_ms,
                "the sign-off hook was killed at its time-out"
            );
        }
    }
}

fn tell(pool: &PoolId, user: &OsUser, program: &str, status: ExitStatus) {
    if status.success() {
        tracing::info!(%pool, %user, %program, "the sign-off hook has run");
    } else {
        tracing::warn!(%pool, %user, %program, %status, "the sign-off hook has failed");
    }
}
