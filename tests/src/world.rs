//! A pool server with two seats and the people who share them: what a test of the office begins with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use hotseat_protocol::api::PoolBody;
use hotseat_protocol::quantity::LeaseMs;
use hotseat_protocol::reason::ReleaseReason;
use tempfile::TempDir;

use crate::broker_host::BrokerHost;
use crate::children::{Child, Children};
use crate::desk::Desk;
use crate::journal::{Bookmark, Journal, Released};
use crate::people::{COLLEAGUES, Person};
use crate::pool_server::{POOL, PoolServer, expect_success};
use crate::waiting::{Stopwatch, wait_for, wait_until};

/// What is told at once is free within this.
pub const AT_ONCE: Duration = Duration::from_secs(1);
/// How long a seat outlives its tray, plus a second to be told.
pub const GRACE: Duration = Duration::from_secs(11);
/// A time beyond so many times what was promised is a failure; below it is a busy machine.
pub const TOLERANCE: u32 = 10;

/// A pool server, and where machines keep their files.
#[derive(Debug)]
pub struct World {
    /// The pool server.
    pub pool: PoolServer,
    /// Its journal.
    pub journal: Journal,
    /// What was started without a machine of its own.
    pub children: Children,
    // Last, so that nothing runs any more when its files go.
    folder: TempDir,
}

impl World {
    /// A pool of two seats, as the preset makes it.
    ///
    /// # Errors
    /// If a program is missing or fails.
    pub fn new() -> Result<World> {
        let folder = TempDir::new()?;
        let children = Children::new(&folder.path().join("logs"))?;
        let at = folder.path().join("pool");
        let pool = PoolServer::start(&children, &at, 2, &COLLEAGUES, &[])?;
        let journal = Journal::new(pool.admin()?);
        Ok(World { pool, journal, children, folder })
    }

    /// Changes the pool's definition.
    ///
    /// # Errors
    /// If the pool server refuses it.
    pub fn define(&self, change: impl FnOnce(&mut PoolBody)) -> Result<()> {
        let definition = self.journal.pool()?.definition;
        let mut definition = *definition.context("an administrator sees the definition")?;
        change(&mut definition);
        let body = serde_json::to_value(definition)?;
        let answer = self.pool.admin()?.put(&format!("/api/v1/pools/{POOL}"), &body)?;
        if answer.status != 200 {
            bail!("the definition was not taken: {answer:?}");
        }
        Ok(())
    }

    /// The folder of everything that is written.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn at(&self, person: &Person) -> PathBuf {
        self.folder.path().join(person.name)
    }

    /// A machine without a desktop on which somebody is logged in.
    ///
    /// # Errors
    /// If a program is missing or fails.
    pub fn machine(&self, person: Person) -> Result<BrokerHost> {
        let nobody = format!("unix:path={}", self.folder().join("no-bus").display());
        let settings = [("DBUS_SYSTEM_BUS_ADDRESS", nobody.as_str())];
        let host = BrokerHost::start(&self.children, &self.at(&person), &self.pool, &settings)?;
        is_connected(&host)?;
        host.log_in(&person)?;
        Ok(host)
    }

    /// A desk with a tray at which somebody is logged in.
    ///
    /// # Errors
    /// If a program is missing or fails.
    pub async fn desk(&self, person: Person) -> Result<Desk> {
        self.desk_at(person, &self.pool.url()).await
    }

    /// The same for a machine that reaches the pool server elsewhere, such as through a relay.
    ///
    /// # Errors
    /// If a program is missing or fails.
    pub async fn desk_at(&self, person: Person, url: &str) -> Result<Desk> {
        let mut desk = Desk::set_up(person, &self.at(&person), None).await?;
        desk.host.enroll_at(&self.pool, url)?;
        is_connected(&desk.host)?;
        desk.host.log_in(&person)?;
        desk.item()?.wait_for_line("Infor CRM: no seat, 0 of 2 in use").await?;
        Ok(desk)
    }

    /// Holds a seat with `hotseat run` for as long as the child lives; its program has begun, so
    /// `hotseat` knows of the seat.
    ///
    /// # Errors
    /// If it gets no seat, or the program does not begin.
    pub async fn run_program(
        &self,
        host: &BrokerHost,
        person: &Person,
    ) -> Result<(Child, Bookmark)> {
        let mark = self.journal.bookmark()?;
        let begun = self.at(person).join("the-program-has-begun");
        let script = format!("touch '{}' && exec sleep 600", begun.display());
        let launch = host.hotseat("hotseat-run", &["run", POOL, "--", "sh", "-c", &script])?;
        let mut child = self.children.start(launch)?;
        child.wait_until("the program begins", || Ok(begun.exists().then_some(())))?;
        let granted =
            self.journal.wait_for(mark, "seat_granted", person.name, GRACE * TOLERANCE).await?;
        Ok((child, Bookmark::at(&granted)))
    }

    /// Waits for the end of somebody's seat: it must have this reason, and its time is returned.
    ///
    /// # Errors
    /// If it does not end, or for another reason.
    pub async fn ends(
        &self,
        (mark, watch): (Bookmark, Stopwatch),
        person: &Person,
        promised: Duration,
        reason: ReleaseReason,
    ) -> Result<Released> {
        let patience = promised * TOLERANCE;
        let released = self.journal.wait_for_release(mark, person.name, watch, patience).await?;
        let word = serde_json::to_value(reason)?;
        if word != released.reason.as_str() {
            bail!("the seat ended as {}, not as {word}", released.reason);
        }
        Ok(released)
    }

    /// Fails if a seat of somebody was released after a bookmark.
    ///
    /// # Errors
    /// If it was.
    pub fn is_kept(&self, mark: Bookmark, person: &Person) -> Result<()> {
        self.journal.expect_kept(mark, person.name)
    }
}

/// Takes a seat on the session of a desk, and says where the journal was then.
///
/// # Errors
/// If it is refused.
pub fn sign_on(world: &World, desk: &Desk) -> Result<Bookmark> {
    expect_success(&desk.hotseat(&["sign-on", POOL])?, "hotseat sign-on")?;
    world.journal.bookmark()
}

/// Waits until the command line says whether a seat is held.
///
/// # Errors
/// If it never does.
pub async fn says_held(host: &BrokerHost, held: bool) -> Result<()> {
    let wanted = Some(if held { 0 } else { 3 });
    wait_for(&format!("`hotseat status` says held: {held}"), async || {
        Ok((host.run_hotseat(&["status"])?.status.code() == wanted).then_some(()))
    })
    .await
}

/// A log-in needs the link.
fn is_connected(host: &BrokerHost) -> Result<()> {
    wait_until("the broker has a link", || {
        let status = host.run_hotseat(&["status"])?;
        Ok(status.stdout.contains("Infor CRM").then_some(()))
    })
}

/// A lease as a pool's definition has it.
#[must_use]
pub fn lease_ms(lease: Duration) -> Option<LeaseMs> {
    u64::try_from(lease.as_millis()).ok().map(LeaseMs::clamped)
}
