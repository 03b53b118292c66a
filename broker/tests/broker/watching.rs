//! `hotseat watch` beside a newer service, which tells of changes that it cannot read.

use std::process::Stdio;

use hotseat_protocol::ipc::{FromBroker, LinkState, PoolState, View};
use hotseat_protocol::view::PoolView;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

use crate::fake_broker::{FakeBroker, Served};
use crate::fake_pool::pool_view;
use crate::soon;

/// What the service shows after it was asked for everything.
fn snapshot(seq: u64, in_use: u32) -> String {
    let pool = PoolView { seats: 9, in_use, ..pool_view() };
    let pools = vec![PoolState { pool, seats: vec![], place: None, warning: None, lost: None }];
    let view = View { link: LinkState::Up, trouble: None, account: None, pools };
    serde_json::to_string(&FromBroker::Snapshot { seq, view }).unwrap()
}

async fn is_asked_and_shows(served: &mut Served, seq: u64, in_use: u32) {
    let id = served.request().await;
    served.say(&snapshot(seq, in_use)).await;
    served.say(&format!(r#"{{"type":"reply","id":{id},"reply":{{"kind":"done"}}}}"#)).await;
}

async fn says(watch: &mut Lines<BufReader<ChildStdout>>, words: &str) {
    let line = soon("a line of the watch", watch.next_line()).await.unwrap().unwrap();
    assert!(line.contains(words), "{line}");
}

#[tokio::test]
async fn what_cannot_be_read_makes_it_ask_for_everything_and_each_time_again() {
    const UNREADABLE: &str = r#"{"type":"changed","seq":7,"changes":[{"kind":"sung","of":1}]}"#;
    let fake = FakeBroker::start();
    let mut watch = Command::new(env!("CARGO_BIN_EXE_hotseat"));
    watch.arg("watch").env("HOTSEAT_SOCKET", fake.socket()).kill_on_drop(true);
    let mut watch = watch.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut served = fake.serve(r#""version":2"#).await;
    is_asked_and_shows(&mut served, 1, 3).await;
    says(&mut lines, "3 of 9").await;
    for in_use in 4..6 {
        served.say(UNREADABLE).await;
        is_asked_and_shows(&mut served, 8, in_use).await;
        says(&mut lines, &format!("{in_use} of 9")).await;
    }
    watch.kill().await.unwrap();
}
