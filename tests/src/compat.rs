//! Two releases at work together: one's server with the other's machines, while seats are held.
//!
//! Each step is judged by what the server's journal says and by what a program on the machine
//! hears; a step that does not happen is an error that names it.

mod holders;

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use hotseat_protocol::ipc::Notice;
use hotseat_protocol::reason::ReleaseReason;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::broker_host::BrokerHost;
use crate::children::Children;
use crate::http::Client;
use crate::paths::Programs;
use crate::people::{COLLEAGUES, LUCY};
use crate::pool_server::{POOL, PoolServer, expect_success};
use crate::waiting::{Stopwatch, wait_until};
use holders::{Holding, Listener};

/// The shortest lease that a pool may have: renewals come every third of it.
const LEASE: Duration = Duration::from_secs(10);
/// What the holder of a reclaimed seat is told.
const NOTE: &str = "month-end closing";

/// Who is of which release.
#[derive(Clone, Debug)]
pub struct Mix {
    /// What it is called, for people.
    pub name: &'static str,
    /// The server's programs.
    pub server: Programs,
    /// The machine's broker.
    pub broker: Programs,
    /// The machine's command line.
    pub command_line: Programs,
}

/// A step that was seen to happen, and how long it took.
#[derive(Clone, Debug)]
pub struct Step {
    /// What happened.
    pub name: &'static str,
    /// How long it took.
    pub took: Duration,
}

/// Plays all steps; `told` hears of each.
///
/// # Errors
/// If one does not happen as it must, with its name.
pub async fn play(mix: &Mix, mut told: impl FnMut(&Step)) -> Result<()> {
    let mut step = |name: &'static str, watch: Stopwatch| {
        told(&Step { name, took: watch.elapsed() });
        Stopwatch::start()
    };
    let watch = Stopwatch::start();
    let mut office = Office::open(mix)?;
    let watch = step("enrol, link, log in", watch);
    let (mut holding, seat) = office.hold(1)?;
    let watch = step("sign on", watch);
    office.outlives(&seat, LEASE * 5 / 2)?;
    let watch = step("renew over two and a half leases", watch);
    office.restart_server()?;
    office.outlives(&seat, LEASE * 3 / 2)?;
    holding.child.expect_running()?;
    let watch = step("restart of the server, seat kept", watch);
    holding.end(0)?;
    office.released(&seat, ReleaseReason::ApplicationExited)?;
    let watch = step("sign off", watch);
    office.reclaims().await?;
    let watch = step("reclaim with a note", watch);
    office.waits()?;
    step("wait, offer, seat", watch);
    Ok(())
}

/// A seat as the server shows it to an administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seat(String);

/// A server with two seats and one machine on which Lucy is logged in.
struct Office {
    pool: PoolServer,
    host: BrokerHost,
    admin: Client,
    mix: Mix,
    children: Children,
    // Last, so that nothing runs any more when its files go.
    folder: TempDir,
}

impl Office {
    fn open(mix: &Mix) -> Result<Office> {
        let folder = TempDir::new()?;
        let children = Children::new(&folder.path().join("logs"))?;
        let at = folder.path().join("pool");
        let pool = PoolServer::start_of(mix.server.clone(), &children, &at, 2, &COLLEAGUES, &[])?;
        let admin = pool.admin()?;
        shorten_the_lease(&admin)?;
        let no_bus = format!("unix:path={}", folder.path().join("no-bus").display());
        let settings = [("DBUS_SYSTEM_BUS_ADDRESS", no_bus.as_str())];
        let at = folder.path().join("desk");
        let host = BrokerHost::start_of(mix.broker.clone(), &children, &at, &pool, &settings)?;
        let office = Office { pool, host, admin, mix: mix.clone(), children, folder };
        wait_until("the broker has a link", || {
            let status = office.hotseat(&["status"], "")?;
            Ok(status.0.contains("Infor CRM").then_some(()))
        })?;
        office.hotseat(&["login", LUCY.email], LUCY.password)?;
        Ok(office)
    }

    /// Runs a verb of the command line to its end; its output. No seat is no failure.
    fn hotseat(&self, arguments: &[&str], input: &str) -> Result<(String, String)> {
        let name = format!("hotseat-{}", arguments.first().unwrap_or(&"help"));
        let launch = self.host.hotseat_of(&self.mix.command_line, &name, arguments)?;
        let finished = self.children.run(launch.stdin(format!("{input}\n")))?;
        if finished.status.code() != Some(3) {
            expect_success(&finished, &format!("hotseat {}", arguments.join(" ")))?;
        }
        Ok((finished.stdout, finished.stderr))
    }

    /// Takes a seat with `hotseat run`, as the only holder that there is afterwards beside
    /// `others`.
    fn hold(&self, number: u32) -> Result<(Holding, Seat)> {
        let before = self.seats()?;
        let mut holding = self.run(number, &[])?;
        holding.begins()?;
        let new: Vec<Seat> =
            self.seats()?.into_iter().filter(|seat| !before.contains(seat)).collect();
        match <[Seat; 1]>::try_from(new) {
            Ok([seat]) => Ok((holding, seat)),
            Err(new) => bail!("one seat was taken, and the server shows {new:?} as new"),
        }
    }

    fn run(&self, number: u32, flags: &[&str]) -> Result<Holding> {
        Holding::start(&self.children, self.folder.path(), number, |script| {
            let command = ["--", "sh", "-c", script];
            let arguments = [&["run", POOL], flags, command.as_slice()].concat();
            self.host.hotseat_of(&self.mix.command_line, "hotseat-run", &arguments)
        })
    }

    /// Sees that a seat is there, the same, in every reading of a time.
    fn outlives(&self, seat: &Seat, time: Duration) -> Result<()> {
        let watch = Stopwatch::start();
        wait_until("leases pass", || {
            ensure!(self.seats()?.contains(seat), "{seat:?} ended after {:?}", watch.elapsed());
            Ok((watch.elapsed() > time).then_some(()))
        })?;
        let released = self.releases()?;
        ensure!(released.iter().all(|(of, _)| of != seat), "{seat:?} was released: {released:?}");
        Ok(())
    }

    fn restart_server(&mut self) -> Result<()> {
        self.pool.child.terminate();
        self.pool.child.wait()?;
        self.pool.restart()?;
        self.admin = self.pool.admin()?;
        Ok(())
    }

    fn released(&self, seat: &Seat, reason: ReleaseReason) -> Result<()> {
        let word = serde_json::to_value(reason)?;
        let released = wait_until("the seat is released", || {
            Ok(self.releases()?.into_iter().find(|(of, _)| of == seat))
        })?;
        ensure!(word == released.1.as_str(), "the seat ended as {}, not as {word}", released.1);
        Ok(())
    }

    /// An administrator reclaims the seat: a program that listens hears of it with the note, and
    /// `hotseat run` stops its program.
    async fn reclaims(&self) -> Result<()> {
        let mut listener = Listener::connect(&self.host.socket()).await?;
        let mut holding = self.run(2, &["--on-loss", "stop"])?;
        holding.begins()?;
        let [seat] = <[Seat; 1]>::try_from(self.seats()?)
            .map_err(|seats| anyhow::anyhow!("one seat is held, and the server shows {seats:?}"))?;
        let path = format!("/api/v1/seats/{}/reclaim", seat.0);
        let answer = self.admin.post(&path, &json!({ "note": NOTE }))?;
        ensure!((200..300).contains(&answer.status), "no reclaim: {answer:?}");
        let end = listener.hears("that the seat is reclaimed", |notice| {
            if let Notice::Reclaimed { end, .. } = notice { Some(end.clone()) } else { None }
        });
        let end = end.await?;
        ensure!(end.reason == ReleaseReason::Reclaimed && end.note.as_deref() == Some(NOTE));
        holding.end_of_its_own(118)?;
        self.released(&seat, ReleaseReason::Reclaimed)
    }

    /// Two seats are held, a third program waits; it begins when one comes free.
    fn waits(&self) -> Result<()> {
        let (mut first, seat) = self.hold(3)?;
        let (mut second, _) = self.hold(4)?;
        let mut third = self.run(5, &["--wait"])?;
        third
            .child
            .wait_until("somebody waits", || Ok((self.pool()?["waiting"] == 1).then_some(())))?;
        ensure!(!third.has_begun(), "a third program begins with two seats");
        first.end(0)?;
        self.released(&seat, ReleaseReason::ApplicationExited)?;
        third.begins()?;
        third.end(0)?;
        second.end(0)
    }

    fn pool(&self) -> Result<Value> {
        let answer = self.admin.get(&format!("/api/v1/pools/{POOL}"))?;
        ensure!(answer.status == 200, "the pool is not shown: {answer:?}");
        Ok(answer.body)
    }

    fn seats(&self) -> Result<Vec<Seat>> {
        let pool = self.pool()?;
        let holders = pool["holders"].as_array().context("an administrator sees the holders")?;
        let seats = holders.iter().map(|holder| holder["seat"].as_str());
        seats.map(|seat| Ok(Seat(seat.context("a holder has a seat")?.to_owned()))).collect()
    }

    /// The seats that were released, each with its reason.
    fn releases(&self) -> Result<Vec<(Seat, String)>> {
        let answer = self.admin.get("/api/v1/history?after=0&limit=1000")?;
        let records = answer.body["records"].as_array().context("the history has records")?;
        let released = records.iter().filter(|record| record["what"] == "seat_released");
        let released = released.filter_map(|record| {
            let word = |name: &str| Some(record[name].as_str()?.to_owned());
            Some((Seat(word("seat")?), word("reason")?))
        });
        Ok(released.collect())
    }
}

/// The definition is changed as JSON, because that of another release may have other fields.
fn shorten_the_lease(admin: &Client) -> Result<()> {
    let path = format!("/api/v1/pools/{POOL}");
    let mut definition = admin.get(&path)?.body["definition"].take();
    definition["lease_ms"] = json!(u64::try_from(LEASE.as_millis())?);
    let answer = admin.put(&path, &definition)?;
    ensure!(answer.status == 200, "the lease was not taken: {answer:?}");
    Ok(())
}
