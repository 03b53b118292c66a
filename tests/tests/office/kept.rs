//! A seat that is wanted is kept elsewhere than at the machine, over REST, while its idle
//! countdown runs there.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use hotseat_ipc::client::{Client, Pushes};
use hotseat_protocol::api::HistoryRecord;
use hotseat_protocol::ids::{PoolId, RequestId, SeatRef};
use hotseat_protocol::ipc::{FromBroker, Hello, Notice, Reply, Request, Role};
use hotseat_protocol::link::Outcome;
use hotseat_protocol::quantity::{SeatCount, SignOffAfterMs, WarnAfterMs};
use hotseat_protocol::version::PROTOCOL_VERSION;
use hotseat_tests::broker_host::BrokerHost;
use hotseat_tests::children::Child;
use hotseat_tests::journal::Bookmark;
use hotseat_tests::people::{BILL, LUCY};
use hotseat_tests::pool_server::POOL;
use hotseat_tests::waiting::{PATIENCE, Stopwatch, wait_for_within};
use hotseat_tests::world::{World, lease_ms};
use serde_json::json;
use tokio::task::JoinSet;

/// The shortest lease that a pool takes: the pool hears of idleness every third of it.
const LEASE: Duration = Duration::from_secs(10);
/// Longer than the countdown, so that a seat that is kept is warned again only after the first
/// countdown would have run out.
const WARN_AFTER: Duration = Duration::from_secs(15);
/// Long enough to keep the seat in it, on a busy machine too.
const COUNTDOWN: Duration = Duration::from_secs(10);
/// How long Lucy has been away when her tray starts.
const AWAY: Duration = Duration::from_secs(60);
/// A tray looks at the idle time this often.
const LOOKS_EVERY: Duration = Duration::from_secs(1);

/// A tray without a desktop. It goes on saying how long ago the last input was, as long as it lives.
struct Tray {
    client: Client,
    pushes: Pushes,
    _reports: JoinSet<()>,
}

impl Tray {
    async fn start(host: &BrokerHost) -> Result<Tray> {
        let hello = Hello {
            version: PROTOCOL_VERSION,
            program: "a stand-in".to_owned(),
            role: Role::Tray,
            display: None,
            resume: Vec::new(),
        };
        let (client, pushes) = Client::connect(&[host.socket()], hello).await?;
        let mut reports = JoinSet::new();
        reports.spawn(report(client.clone()));
        let tray = Tray { client, pushes, _reports: reports };
        let reply = tray.client.ask(Request::Subscribe).await?;
        ensure!(reply == Reply::Done, "a subscription was answered {reply:?}");
        Ok(tray)
    }

    async fn sign_on(&self) -> Result<SeatRef> {
        let request = RequestId::from_random(1);
        let pool = PoolId::new(POOL)?;
        let question = Request::SignOn { request, pool, client: None, wait: None };
        let reply = self.client.ask(question).await?;
        let Reply::Outcome { outcome: Outcome::Seat { seat, .. }, .. } = &reply else {
            bail!("a sign-on was answered {reply:?}");
        };
        Ok(*seat)
    }

    /// What the person is told next.
    async fn notice(&mut self) -> Result<Notice> {
        let told = async {
            while let Some(push) = self.pushes.next().await {
                if let FromBroker::Notice { notice } = push {
                    return Some(notice);
                }
            }
            None
        };
        let told = tokio::time::timeout(PATIENCE, told).await.context("nobody is told anything")?;
        told.context("the broker is gone")
    }

    /// Whether a warning is shown.
    async fn is_warned(&self) -> Result<bool> {
        let reply = self.client.ask(Request::View).await?;
        let Reply::View { view } = &reply else {
            bail!("a view was answered {reply:?}");
        };
        Ok(view.pools.iter().any(|pool| pool.warning.is_some()))
    }
}

/// Says the truth about somebody who does not come back.
async fn report(client: Client) {
    let since = Stopwatch::start();
    let mut looks = tokio::time::interval(LOOKS_EVERY);
    loop {
        looks.tick().await;
        let idle = AWAY + since.elapsed();
        if client.report_idle(Some(idle.as_secs()), false).await.is_err() {
            return;
        }
    }
}

/// Lucy is away and holds the only seat, Bill waits for it, and Lucy has just been warned.
struct Wanted {
    world: World,
    tray: Tray,
    seat: SeatRef,
    mark: Bookmark,
    // Machines and programs that run on while the test looks.
    _lucy: BrokerHost,
    _bill: BrokerHost,
    _program: Child,
}

async fn wanted() -> Result<Wanted> {
    let ms = |duration: Duration| u64::try_from(duration.as_millis()).ok();
    let world = World::new()?;
    world.define(|pool| {
        pool.seats = SeatCount::clamped(1);
        pool.lease_ms = lease_ms(LEASE);
        pool.idle.warn_after_ms = ms(WARN_AFTER).map(WarnAfterMs::clamped);
        pool.idle.sign_off_after_ms = ms(WARN_AFTER + COUNTDOWN).map(SignOffAfterMs::clamped);
    })?;
    let lucy = world.machine(LUCY)?;
    let bill = world.machine(BILL)?;
    let mut tray = Tray::start(&lucy).await?;
    let seat = tray.sign_on().await?;
    let mark = world.journal.bookmark()?;
    let run = bill.hotseat("hotseat-run", &["run", POOL, "--wait", "--", "sleep", "600"])?;
    let program = world.children.start(run)?;
    let told = tray.notice().await?;
    let wanted = matches!(&told, Notice::IdleWarning { warning, .. } if warning.wanted);
    ensure!(wanted, "Lucy is told {told:?}");
    Ok(Wanted { world, tray, seat, mark, _lucy: lucy, _bill: bill, _program: program })
}

impl Wanted {
    /// What the journal says of the seat up to its release.
    async fn story(&self) -> Result<Vec<HistoryRecord>> {
        let told = "Lucy's seat is released";
        wait_for_within(PATIENCE + WARN_AFTER + COUNTDOWN, told, async || {
            let records = self.world.journal.after(self.mark)?;
            let of_the_seat =
                records.into_iter().filter(|record| record.seat == Some(self.seat.id));
            let story: Vec<HistoryRecord> = of_the_seat.collect();
            let released = story.last().is_some_and(|record| record.what == "seat_released");
            Ok(released.then_some(story))
        })
        .await
    }
}

/// What happened and why, without the times.
fn words(story: &[HistoryRecord]) -> Vec<(&str, Option<&str>)> {
    story.iter().map(|record| (record.what.as_str(), record.reason.as_deref())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_kept_over_rest_ends_the_countdown_on_its_machine() {
    let mut office = wanted().await.unwrap();
    assert!(office.tray.is_warned().await.unwrap());

    let holder = office.world.pool.log_in(&LUCY).unwrap();
    let path = format!("/api/v1/seats/{}/keep", office.seat.id);
    let kept = holder.post(&path, &json!({ "epoch": office.seat.epoch })).unwrap();
    assert_eq!(kept.status, 200, "{kept:?}");

    let told = office.tray.notice().await.unwrap();
    assert!(matches!(told, Notice::WarningOver { .. }), "Lucy is told {told:?}");
    assert!(!office.tray.is_warned().await.unwrap());
    // She still does not come back: it all begins anew, and this time nobody keeps the seat.
    let told = office.tray.notice().await.unwrap();
    assert!(matches!(told, Notice::IdleWarning { .. }), "Lucy is told {told:?}");
    let story = office.story().await.unwrap();
    let expected = [
        ("seat_warned", None),
        ("warning_answered", Some("kept")),
        ("seat_warned", None),
        ("warning_answered", Some("unanswered")),
        ("seat_released", Some("idle")),
    ];
    assert_eq!(words(&story), expected);
    let [first, _, again, ..] = &story[..] else { panic!("{story:?}") };
    let between = again.at.unix_ms - first.at.unix_ms;
    let countdown = i64::try_from(COUNTDOWN.as_millis()).unwrap();
    assert!(between > countdown, "warned again {between} ms after the first warning");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_that_nobody_keeps_is_signed_off_when_the_countdown_has_run_out() {
    let mut office = wanted().await.unwrap();
    let told = office.tray.notice().await.unwrap();
    assert!(matches!(told, Notice::SignedOffIdle { .. }), "Lucy is told {told:?}");
    let story = office.story().await.unwrap();
    let expected = [
        ("seat_warned", None),
        ("warning_answered", Some("unanswered")),
        ("seat_released", Some("idle")),
    ];
    assert_eq!(words(&story), expected);
    let waited = office.world.journal.wait_for(office.mark, "seat_granted", BILL.name, PATIENCE);
    waited.await.unwrap();
}
