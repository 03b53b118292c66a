//! Where an end is played: a pool server, one desk with somebody who holds a seat, and the journal to watch.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use hotseat_ipc::boot_clock;
use hotseat_protocol::ipc::MySeat;
use hotseat_protocol::view::OnSleep;

use super::judge::{in_words, promise};
use super::yardstick::Yardstick;
use super::{LEASE, Outcome, Seen};
use crate::children::Child;
use crate::desk::Desk;
use crate::journal::{Bookmark, Released};
use crate::logind::{Held, Logind};
use crate::people::LUCY;
use crate::pool_server::{POOL, expect_success};
use crate::processes;
use crate::proxy::Proxy;
use crate::waiting::{PATIENCE, Stopwatch, wait_for, wait_for_within};
use crate::world::{GRACE, World, lease_ms};

/// Time between two questions that each start a program.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(500);
/// A seat that is to come free is waited for beyond lease and grace, so that it is seen as what it ends that does not
/// end as promised.
const BEYOND: Duration = Duration::from_secs(30);

/// How a row is played.
#[derive(Clone, Copy, Debug, Default)]
pub struct Setting {
    /// The pool's T; its default when absent.
    pub lease: Option<Duration>,
}

impl Setting {
    /// T as it is in force.
    pub fn lease(self) -> Duration {
        self.lease.unwrap_or(LEASE)
    }
}

/// A desk at which Lucy is logged in, and everything behind it.
#[derive(Debug)]
pub struct Stage {
    /// Her desk.
    pub desk: Desk,
    /// The network between her machine and the pool server, where it can be cut.
    pub network: Option<Proxy>,
    /// The pool server and its journal. After the desk, so that its files go last.
    pub world: World,
    yardstick: Yardstick,
    outcome: Outcome,
    setting: Setting,
}

impl Stage {
    /// Starts everything: Lucy is logged in, and her broker listens to logind.
    ///
    /// # Errors
    /// If a program is missing or fails.
    pub async fn open(setting: Setting, outcome: Outcome, relayed: bool) -> Result<Stage> {
        let world = World::new()?;
        if let Some(lease) = setting.lease {
            world.define(|pool| pool.lease_ms = lease_ms(lease))?;
        }
        let network = if relayed { Some(Proxy::start(world.pool.address())?) } else { None };
        let url = network.as_ref().map_or_else(|| world.pool.url(), Proxy::url);
        let desk = world.desk_at(LUCY, &url).await?;
        let yardstick = Yardstick::start(world.folder())?;
        let stage = Stage { desk, network, world, yardstick, outcome, setting };
        for what in [Held::Sleep, Held::ShutDown] {
            stage.logind()?.wait_until_held(what).await?;
        }
        Ok(stage)
    }

    /// The logind of her machine.
    ///
    /// # Errors
    /// If the desktop is not ours.
    pub fn logind(&self) -> Result<&Logind> {
        Ok(&self.desk.private()?.logind)
    }

    /// Lucy takes a seat on her session.
    ///
    /// # Errors
    /// If it is refused.
    pub fn sign_on(&self) -> Result<Bookmark> {
        expect_success(&self.desk.hotseat(&["sign-on", POOL])?, "hotseat sign-on")?;
        self.world.journal.bookmark()
    }

    /// Lucy starts a program under `hotseat run`, which holds a seat for it. Returns `hotseat`, the program's id,
    /// and where the journal was.
    ///
    /// # Errors
    /// If it gets no seat, or the program does not start.
    pub async fn run_program(&self, command: &[&str]) -> Result<(Child, u32, Bookmark)> {
        let mark = self.world.journal.bookmark()?;
        let mut run = self.desk.run_program(POOL, command)?;
        let journal = &self.world.journal;
        let granted = journal.wait_for(mark, "seat_granted", LUCY.name, PATIENCE).await?;
        let name = command.first().context("no program")?;
        let program = wait_for("the program runs", async || {
            run.expect_running()?;
            let started = processes::descendants(run.id());
            Ok(started.into_iter().find(|id| processes::name(*id).as_deref() == Some(name)))
        });
        let program = program.await?;
        Ok((run, program, Bookmark::at(&granted)))
    }

    /// Waits until Lucy's seat has come free, for longer than any seat may outlive any end.
    ///
    /// # Errors
    /// If it is held still then, or the pool server does not answer.
    pub async fn freed(&self, (mark, watch): (Bookmark, Stopwatch)) -> Result<Seen> {
        let patience = self.setting.lease() + GRACE + BEYOND;
        let freed = async || {
            let reason = self.world.journal.released(mark, LUCY.name)?;
            let after = watch.elapsed();
            let over = reason.is_none() && after > patience;
            Ok(if over {
                Some(None)
            } else {
                reason.map(|reason| Some(Released { after, reason }))
            })
        };
        match wait_for_within(patience + PATIENCE, "the seat comes free", freed).await? {
            Some(released) => Ok(Seen::Freed(released, self.yardstick.since(watch).await?)),
            None => {
                let (after, promise) = (patience.as_secs(), promise(self.outcome));
                bail!("the seat is held still, {after} s after the end; {promise}")
            }
        }
    }

    /// Waits until Lucy's seat was renewed once more after a grace was over, and fails if it was released.
    ///
    /// # Errors
    /// If it was released or is not held.
    pub async fn kept(&self, mark: Bookmark, grace: Duration) -> Result<Seen> {
        let over = boot_clock::now_ms() + u64::try_from(grace.as_millis())?;
        let patience = grace + self.setting.lease() + BEYOND;
        let watch = Stopwatch::start();
        let mut before = None;
        wait_for_within(patience + PATIENCE, "the seat is renewed after the grace", async || {
            tokio::time::sleep(BETWEEN_QUESTIONS).await;
            self.expect_no_release(mark)?;
            if boot_clock::now_ms() < over {
                return Ok(None);
            }
            let now = self.seat()?.map(|seat| seat.deadline_boot_ms);
            let renewed = before.is_some_and(|before| now.is_some_and(|now| now > before));
            before = before.or(now);
            if watch.elapsed() > patience && !renewed {
                let after = watch.elapsed().as_secs();
                bail!(
                    "no release is in the journal, but {after} s after the end it is not renewed"
                );
            }
            Ok(renewed.then_some(()))
        })
        .await?;
        if self.seat()?.is_none_or(|seat| !seat.held_at(boot_clock::now_ms())) {
            bail!("the seat is renewed, but the command line does not call it held");
        }
        self.expect_no_release(mark)?;
        Ok(Seen::Kept)
    }

    /// Fails if Lucy's seat was released after a bookmark.
    fn expect_no_release(&self, mark: Bookmark) -> Result<()> {
        match self.world.journal.released(mark, LUCY.name)? {
            None => Ok(()),
            Some(reason) => bail!("the seat is to be kept, and ended as \"{}\"", in_words(&reason)),
        }
    }

    /// Lucy's seat as the command line shows it.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub fn seat(&self) -> Result<Option<MySeat>> {
        let (view, _) = self.desk.status()?;
        let state = view.pools.into_iter().find(|state| state.pool.id.as_str() == POOL);
        Ok(state.and_then(|state| state.seats.into_iter().next()))
    }

    /// Fails if Lucy's broker says that she holds a seat.
    ///
    /// # Errors
    /// If it says so, or does not answer.
    pub fn expect_not_held(&self) -> Result<()> {
        match self.desk.status()? {
            (_, Some(3)) => Ok(()),
            (_, Some(0)) => {
                bail!(
                    "the pool has given the seat to others, and `hotseat status` calls it held still"
                )
            }
            (view, code) => bail!("`hotseat status` ended with {code:?}: {view:?}"),
        }
    }

    /// Seats of the pool outlive the sleep of their machine from now on.
    ///
    /// # Errors
    /// If the pool server refuses.
    pub async fn keep_seats_in_sleep(&self) -> Result<()> {
        self.world.define(|pool| pool.on_sleep = Some(OnSleep::Keep))?;
        wait_for("the machine knows that seats outlive its sleep", async || {
            let (view, _) = self.desk.status()?;
            let mut pools = view.pools.iter().map(|state| &state.pool);
            Ok(pools.any(|pool| pool.policy.on_sleep == OnSleep::Keep).then_some(()))
        })
        .await
    }

    /// The ends of what pool server and broker logged.
    pub(super) fn logs(&self) -> String {
        let ends = [&self.world.pool.child, &self.desk.host.child].map(|child| {
            let log = child.log();
            let lines: Vec<&str> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(LINES)..];
            format!("--- {}\n{}", child.name(), last.join("\n"))
        });
        ends.join("\n")
    }
}

/// How many lines of a log say why.
const LINES: usize = 20;
