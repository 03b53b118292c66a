//! How the office stands: what pool, trays and command lines must all say before a step counts as done.

use anyhow::{Context, Result};
use hotseat_ipc::boot_clock;
use hotseat_protocol::api::PoolDetail;
use hotseat_protocol::ipc::{PoolState, View};
use hotseat_tests::pool_server::POOL;
use hotseat_tests::waiting::{Stopwatch, wait_for};

use crate::office::Office;
use crate::output::{Narrator, names};
use hotseat_tests::desk::Desk;

/// Seats of the office.
pub(crate) const SEATS: u32 = 2;

/// What one person has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mine {
    /// Nobody is logged in.
    LoggedOut,
    /// Nothing.
    Nothing,
    /// A seat.
    Seat,
    /// A seat, and a warning that runs.
    Warned,
    /// This place in the line.
    Place(u32),
    /// A seat that is set aside.
    Turn,
    /// A seat that was taken away.
    Lost,
}

/// How the office stands, by names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scene {
    holders: Vec<&'static str>,
    line: Vec<&'static str>,
    special: Vec<(&'static str, Mine)>,
}

impl Scene {
    /// These people hold seats, these wait, in this order.
    pub(crate) fn new(holders: &[&'static str], line: &[&'static str]) -> Scene {
        Scene { holders: holders.to_vec(), line: line.to_vec(), special: Vec::new() }
    }

    /// Somebody has something else than that says.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, mine: Mine) -> Scene {
        self.special.push((name, mine));
        self
    }

    fn in_use(&self) -> u32 {
        u32::try_from(self.holders.len()).unwrap_or(u32::MAX)
    }

    fn mine(&self, name: &str) -> Mine {
        if let Some((_, mine)) = self.special.iter().find(|(special, _)| *special == name) {
            return *mine;
        }
        if self.holders.contains(&name) {
            return Mine::Seat;
        }
        let rank = self.line.iter().position(|waiter| *waiter == name);
        rank.and_then(|rank| u32::try_from(rank + 1).ok()).map_or(Mine::Nothing, Mine::Place)
    }

    /// Waits until the pool stands so, then until every tray and every command line says so too, and tells what
    /// was seen when. `watch` was started when the step began.
    ///
    /// # Errors
    /// If they do not come to agree; the message says who says what instead.
    pub(crate) async fn agreed(
        &self,
        office: &Office,
        narrator: Narrator,
        watch: Stopwatch,
    ) -> Result<()> {
        self.pool_stands(office).await?;
        narrator.seen(watch.elapsed(), &format!("the pool: {}", self.told()));
        let mut said = Vec::new();
        for desk in office.desks() {
            let tray = self.tray_agrees(desk).await?;
            let status = self.status_agrees(desk).await?;
            said.push((desk.person.name, tray, status));
        }
        narrator.seen(watch.elapsed(), "every tray and every command line agree:");
        for (name, tray, status) in said {
            narrator.desk(name, &tray, status);
        }
        Ok(())
    }

    /// Waits until one desk's tray and command line say so.
    ///
    /// # Errors
    /// If they do not come to.
    pub(crate) async fn seen_by(&self, desk: &Desk) -> Result<()> {
        self.tray_agrees(desk).await?;
        self.status_agrees(desk).await?;
        Ok(())
    }

    async fn pool_stands(&self, office: &Office) -> Result<()> {
        let mut last = None;
        let waited = wait_for(&format!("the pool says: {}", self.told()), async || {
            let detail = office.journal.pool()?;
            let stands = self.is(&detail);
            last = Some(detail);
            Ok(stands.then_some(()))
        })
        .await;
        waited.with_context(|| match &last {
            Some(detail) => format!("the pool says: {}", told_by(detail)),
            None => "the pool says nothing".to_owned(),
        })
    }

    fn is(&self, detail: &PoolDetail) -> bool {
        let pool = &detail.pool;
        let holders: Vec<_> =
            pool.holders.iter().filter_map(|holder| holder.user.as_deref()).collect();
        let line: Vec<_> = pool.line.iter().filter_map(|waiter| waiter.user.as_deref()).collect();
        let same_people = self.holders.len() == holders.len()
            && self.holders.iter().all(|name| holders.contains(name));
        let offered = self.special.iter().filter(|(_, mine)| *mine == Mine::Turn).count();
        same_people
            && line == self.line
            && pool.in_use == self.in_use()
            && usize::try_from(pool.offered) == Ok(offered)
            && usize::try_from(pool.waiting) == Ok(self.line.len())
            && pool.holders.iter().all(|holder| !holder.leaving)
    }

    /// Waits until a tray says what it must, and returns its words.
    async fn tray_agrees(&self, desk: &Desk) -> Result<String> {
        let begins = self.tray_line(self.mine(desk.person.name));
        let mut last = None;
        let waited =
            wait_for(&format!("{}'s tray says {begins:?}", desk.person.name), async || {
                last = desk.tray_says().await?;
                Ok(last.clone().filter(|line| line.starts_with(&begins)))
            })
            .await;
        waited.with_context(|| format!("it says {last:?}"))
    }

    /// How tooltip and first menu line begin; all of it, but for times of day.
    fn tray_line(&self, mine: Mine) -> String {
        let in_use = format!("{} of {SEATS} in use", self.in_use());
        match mine {
            Mine::LoggedOut => "Infor CRM: log in first".to_owned(),
            Mine::Nothing => format!("Infor CRM: no seat, {in_use}"),
            Mine::Seat => format!("Infor CRM: you hold a seat, {in_use}"),
            Mine::Warned => "Infor CRM: still there? Signed off at ".to_owned(),
            Mine::Place(rank) => format!("Infor CRM: place {rank} in line, {in_use}"),
            Mine::Turn => "Infor CRM: your turn, until ".to_owned(),
            Mine::Lost => "Infor CRM: seat lost at ".to_owned(),
        }
    }

    /// Waits until a command line says what it must, and returns that in a word or two.
    async fn status_agrees(&self, desk: &Desk) -> Result<&'static str> {
        let wanted = self.mine(desk.person.name);
        let mut last = None;
        let what = format!("{}'s `hotseat status` says {}", desk.person.name, verdict(wanted));
        let waited = wait_for(&what, async || {
            let (view, code) = desk.status()?;
            let held = matches!(wanted, Mine::Seat | Mine::Warned);
            let agrees = mine_in(&view) == Some(wanted)
                && in_use_in(&view) == Some(self.in_use())
                && code == Some(if held { 0 } else { 3 });
            last = Some((mine_in(&view), in_use_in(&view), code));
            Ok(agrees.then_some(verdict(wanted)))
        })
        .await;
        waited.with_context(|| format!("it says {last:?}"))
    }

    /// How the pool stands, in words.
    fn told(&self) -> String {
        let mut text = format!("{} of {SEATS} in use: {}", self.in_use(), names(&self.holders));
        if !self.line.is_empty() {
            text.push_str(&format!("; in line: {}", names(&self.line)));
        }
        text
    }
}

fn told_by(detail: &PoolDetail) -> String {
    let pool = &detail.pool;
    let holders: Vec<_> = pool.holders.iter().filter_map(|holder| holder.user.clone()).collect();
    let line: Vec<_> = pool.line.iter().filter_map(|waiter| waiter.user.clone()).collect();
    format!(
        "{} of {} in use: {}; offered: {}; in line: {}",
        pool.in_use,
        pool.seats,
        names(&holders),
        pool.offered,
        names(&line)
    )
}

/// What the command line's view gives a person.
fn mine_in(view: &View) -> Option<Mine> {
    let state = pool_in(view)?;
    let now = boot_clock::now_ms();
    let holds = state.seats.iter().any(|seat| seat.held_at(now));
    Some(match &state.place {
        _ if state.lost.is_some() => Mine::Lost,
        Some(place) if place.offer.is_some() => Mine::Turn,
        Some(place) => Mine::Place(place.rank),
        None if holds && state.warning.is_some() => Mine::Warned,
        None if holds => Mine::Seat,
        None if view.account.is_none() => Mine::LoggedOut,
        None => Mine::Nothing,
    })
}

fn in_use_in(view: &View) -> Option<u32> {
    pool_in(view).map(|state| state.pool.in_use)
}

fn pool_in(view: &View) -> Option<&PoolState> {
    view.pools.iter().find(|state| state.pool.id.as_str() == POOL)
}

fn verdict(mine: Mine) -> &'static str {
    match mine {
        Mine::LoggedOut => "logged out",
        Mine::Nothing => "not held",
        Mine::Seat => "held",
        Mine::Warned => "held, warned",
        Mine::Place(_) => "in line",
        Mine::Turn => "offered",
        Mine::Lost => "lost",
    }
}
