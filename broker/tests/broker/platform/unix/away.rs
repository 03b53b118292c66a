//! `hotseat run` while the broker is away.

use std::process::Stdio;

use hotseat_ipc::boot_clock;
use hotseat_protocol::ids::WallTime;
use hotseat_protocol::ipc::{AnchorKind, FromBroker, LinkState, MySeat, PoolState, Reply, View};
use hotseat_protocol::link::PoolAnswer;
use tokio::process::Command;

use crate::fake_broker::FakeBroker;
use crate::fake_pool::{granted, pool_view, seat};
use crate::soon;

/// How long the seat lasts after the broker has gone.
const LEFT_MS: u64 = 2_000;

/// How often a broker is looked for, as the program says.
const RECONNECT_EVERY_MS: u64 = 250;

/// The whole view, in which the seat is held until then.
fn held_until(deadline_boot_ms: u64) -> String {
    let PoolAnswer::Outcome { outcome } = granted(seat(1)) else { panic!("a grant is an outcome") };
    let hotseat_protocol::link::Outcome::Seat { seat, client, since, counted, .. } = outcome else {
        panic!("a grant has a seat")
    };
    let mine = MySeat {
        id: seat.id,
        epoch: seat.epoch,
        client,
        since,
        counted,
        deadline_boot_ms,
        deadline_at: WallTime { unix_ms: 0 },
        confirmed: true,
        leaving: None,
        anchor: AnchorKind::Connection,
    };
    let pool = pool_view();
    let pools = vec![PoolState { pool, seats: vec![mine], place: None, warning: None, lost: None }];
    let view = View { link: LinkState::Up, trouble: None, account: None, pools };
    serde_json::to_string(&FromBroker::Snapshot { seq: 9, view }).unwrap()
}

fn reply(id: u64, reply: Reply) -> String {
    serde_json::to_string(&FromBroker::Reply { id, reply }).unwrap()
}

#[tokio::test]
async fn a_broker_that_went_while_more_was_to_be_asked_is_looked_for_at_its_pace() {
    const UNREADABLE: &str = r#"{"type":"changed","seq":7,"changes":[{"kind":"sung","of":1}]}"#;
    let fake = FakeBroker::start();
    let mut run = Command::new(env!("CARGO_BIN_EXE_hotseat"));
    run.args(["run", "infor-crm", "--on-loss", "stop", "--", "sleep", "1000"]);
    run.env("HOTSEAT_SOCKET", fake.socket()).stdin(Stdio::null()).kill_on_drop(true);
    let mut run = run.spawn().unwrap();
    let mut served = fake.serve(r#""version":2"#).await;
    let id = served.request().await;
    served.say(&reply(id, Reply::Done)).await;
    let id = served.request().await;
    let PoolAnswer::Outcome { outcome } = granted(seat(1)) else { panic!("a grant is an outcome") };
    let deadline_boot_ms = Some(boot_clock::now_ms() + 600_000);
    served.say(&reply(id, Reply::Outcome { outcome, deadline_boot_ms, resume: None })).await;
    served.say(UNREADABLE).await;
    // It has asked for the whole view, and is to ask once more when the broker is gone.
    served.request().await;
    served.say(UNREADABLE).await;
    served.say(&held_until(boot_clock::now_ms() + LEFT_MS)).await;
    drop(served);
    let mut attempts = 0;
    let status = loop {
        tokio::select! {
            status = soon("the seat is lost", run.wait()) => break status.unwrap(),
            hung_up_on = fake.accept() => {
                drop(hung_up_on);
                attempts += 1;
            }
        }
    };
    assert_eq!(status.code(), Some(118), "the seat was lost, and the program stopped");
    // Each begins a pause after the one before; the last pauses end with the seat.
    let most = 2 * LEFT_MS / RECONNECT_EVERY_MS;
    assert!((1..=most).contains(&attempts), "{attempts} attempts");
}
