//! A storm over real processes: a pool server and brokers that are killed, a network that is cut
//! and slowed, and clients that note every question and every answer. Then the history is checked
//! against a counting semaphore with fencing and a line, and against the journal.

mod callers;
mod clock;
pub mod history;
mod ledger;
pub mod linear;
mod programs;
mod shared;
mod waiters;
mod weather;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use hotseat_protocol::quantity::{LeaseMs, OfferMs, SessionTimeoutMs};
use serde_json::json;

use crate::broker_host::BrokerHost;
use crate::children::Children;
use crate::journal::Journal;
use crate::people::{BILL, COLLEAGUES, LUCY, OLAF, Person};
use crate::pool_server::{POOL, PoolServer};
use crate::proxy::Proxy;
use crate::sim::random::Random;
use crate::waiting::wait_until;
use history::{History, Micros};
use shared::Shared;

/// Seats of the pool: fewer than clients, so that some are refused and some wait.
const SEATS: u32 = 6;
/// Callers over REST that are refused when the pool is full.
const CALLERS: usize = 5;
/// Those who stand in line instead, each for somebody else: a user has one place.
const WAITERS: [Person; 4] = [
    Person { name: "Anna", email: "anna@finance.example", password: "anna's own password" },
    Person { name: "Ben", email: "ben@finance.example", password: "ben's own password" },
    Person { name: "Cleo", email: "cleo@finance.example", password: "cleo's own password" },
    Person { name: "Dan", email: "dan@finance.example", password: "dan's own password" },
];
/// Programs on machines, each with a broker of its own.
const PROGRAMS: [Person; 2] = [LUCY, BILL];
/// T of seats on machines: the shortest that a pool takes.
const LEASE: Duration = Duration::from_secs(10);
/// The session time-out of callers: shorter than the time between two kills, because each start of
/// the pool server gives every seat a full one, and forgotten seats must end while the storm lasts.
const CALLS_LEASE: Duration = Duration::from_secs(1);
/// How long a seat is set aside for a waiter: each start of the pool server begins it anew.
const OFFER: Duration = Duration::from_secs(2);
/// How long the rules keep a place that nobody asks for over REST.
const PLACE: Duration = Duration::from_secs(60);

/// What the clients heard is kept under this name in the storm's folder.
pub const HISTORY: &str = "history.json";

/// How hard and how long it storms.
#[derive(Debug, Clone, Copy)]
pub struct Storm {
    /// How often the pool server is killed.
    pub kills: u32,
    /// It lasts at least so long.
    pub at_least: Duration,
    /// What everybody draws from.
    pub seed: u64,
}

/// What a storm showed.
#[derive(Debug, Clone)]
pub struct Report {
    /// Kills of the pool server, and of brokers.
    pub kills: (u32, u32),
    /// The history.
    pub history: History,
    /// What the search for an order found.
    pub found: linear::Found,
    /// What the journal says.
    pub ledger: ledger::Ledger,
}

impl Storm {
    /// Storms over a new pool server, and checks what everybody heard. Files go into `folder`, a
    /// short path.
    ///
    /// # Errors
    /// If a promise was broken, or something cannot be started.
    pub fn run(&self, folder: &Path) -> Result<Report> {
        let children = Children::new(&folder.join("logs"))?;
        let people: Vec<Person> = COLLEAGUES.into_iter().chain(WAITERS).collect();
        let pool = PoolServer::start(&children, &folder.join("pool"), SEATS, &people, &[])?;
        define(&pool)?;
        let relays = (0..2).map(|_| Proxy::start(pool.address())).collect::<Result<Vec<_>>>()?;
        let mut hosts = Vec::new();
        for (number, person) in PROGRAMS.into_iter().enumerate() {
            let relay = Proxy::start(pool.address())?;
            let at = folder.join(person.name);
            hosts.push((machine(&children, &at, &pool, &relay, person)?, relay, number));
        }
        let mark = Journal::new(pool.admin()?).bookmark()?;
        let mut office = weather::Office { pool, relays, hosts };
        let (ops, promised, kills) = self.play(&mut office)?;
        let history = History { seats: SEATS, ops };
        history.save(&folder.join(HISTORY))?;
        let journal = Journal::new(office.pool.admin()?);
        wait_until("every seat is free again, and nobody waits", || {
            let pool = journal.pool()?.pool;
            Ok((pool.in_use == 0 && pool.waiting == 0).then_some(()))
        })?;
        let ledger = ledger::read(&journal, mark)?;
        ledger.agrees(&history, &promised)?;
        let found = linear::check(&history).map_err(|broken| anyhow!("no order: {broken}"))?;
        Ok(Report { kills, history, found, ledger })
    }

    /// Lets the clients ask while the weather is bad.
    #[expect(clippy::type_complexity, reason = "what the clients noted, and how often was killed")]
    fn play(
        &self,
        office: &mut weather::Office,
    ) -> Result<(Vec<history::Op>, Vec<hotseat_protocol::ids::SeatRef>, (u32, u32))> {
        let shared = Shared::default();
        let mut random = Random::new(self.seed);
        let token = service_token(&office.pool)?;
        std::thread::scope(|scope| {
            let mut callers = Vec::new();
            let users = [(OLAF.email, false); CALLERS].into_iter();
            let users = users.chain(WAITERS.map(|waiter| (waiter.email, true)));
            for (number, (user, waits)) in users.enumerate() {
                let relay = &office.relays[number % office.relays.len()];
                let client = crate::http::Client::new(relay.address());
                let client = client.with_timeout(callers::ANSWER_WITHIN).with_token(token.as_str());
                let random = Random::new(random.bits());
                let shared = &shared;
                let ops = Vec::new();
                let caller = callers::Caller { number, user, waits, client, random, shared, ops };
                callers.push(scope.spawn(move || caller.run()));
            }
            let mut programs = Vec::new();
            for (host, _, number) in &office.hosts {
                let program = programs::Program {
                    number: CALLERS + WAITERS.len() + number,
                    socket: host.socket(),
                    random: Random::new(random.bits()),
                    shared: &shared,
                    ops: Vec::new(),
                    promised: Vec::new(),
                };
                programs.push(scope.spawn(move || {
                    let runtime =
                        tokio::runtime::Builder::new_current_thread().enable_all().build();
                    runtime.context("no runtime for a program")?.block_on(program.run())
                }));
            }
            let kills = office.storm(self, &mut random, &shared);
            // Whoever asks a server that is gone for good would ask for ever.
            if kills.is_ok() {
                shared.end()
            } else {
                shared.abandon()
            }
            let kills = kills?;
            let mut ops = Vec::new();
            let mut promised = Vec::new();
            for caller in callers {
                ops.extend(caller.join().map_err(|_| anyhow!("a caller panicked"))??);
            }
            for program in programs {
                let (asked, seats) =
                    program.join().map_err(|_| anyhow!("a program panicked"))??;
                ops.extend(asked);
                promised.extend(seats);
            }
            Ok((ops, promised, kills))
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pool, brokers) = self.kills;
        writeln!(f, "the pool server was killed {pool} times, brokers {brokers} times")?;
        for (kind, count) in self.history.kinds() {
            writeln!(f, "{count:>7} {kind}")?;
        }
        let linear::Found { ops, looked_at } = self.found;
        writeln!(f, "one order fits {ops} answers ({looked_at} configurations looked at)")?;
        write!(f, "{}", self.ledger)
    }
}

fn micros(duration: Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX)
}

/// Short leases.
fn define(pool: &PoolServer) -> Result<()> {
    let detail = Journal::new(pool.admin()?).pool()?;
    let mut definition = *detail.definition.context("an administrator sees the definition")?;
    definition.lease_ms = Some(LeaseMs::clamped(micros(LEASE) / 1_000));
    definition.offer_ms = Some(OfferMs::clamped(micros(OFFER) / 1_000));
    for client in definition.clients.values_mut().filter(|c| c.session_timeout_ms.is_some()) {
        client.session_timeout_ms = Some(SessionTimeoutMs::clamped(micros(CALLS_LEASE) / 1_000));
    }
    let body = serde_json::to_value(definition)?;
    let answer = pool.admin()?.put(&format!("/api/v1/pools/{POOL}"), &body)?;
    anyhow::ensure!(answer.status == 200, "the definition was not taken: {answer:?}");
    Ok(())
}

fn service_token(pool: &PoolServer) -> Result<String> {
    let body = json!({"name": "storm", "act_for": true});
    let answer = pool.admin()?.post("/api/v1/services", &body)?;
    let token = answer.body["token"].as_str();
    Ok(token.with_context(|| format!("no service token: {answer:?}"))?.to_owned())
}

/// A machine whose broker reaches the pool server through a relay, with somebody logged in.
fn machine(
    children: &Children,
    folder: &Path,
    pool: &PoolServer,
    relay: &Proxy,
    person: Person,
) -> Result<BrokerHost> {
    let nobody = format!("unix:path={}", folder.join("no-bus").display());
    let settings = [("DBUS_SYSTEM_BUS_ADDRESS", nobody.as_str())];
    let mut host = BrokerHost::start_unenrolled(children, folder, &settings)?;
    host.enroll_at(pool, &relay.url())?;
    wait_until("the broker has a link", || {
        let status = host.run_hotseat(&["status"])?;
        Ok(status.stdout.contains("Infor CRM").then_some(()))
    })?;
    host.log_in(&person)?;
    Ok(host)
}
