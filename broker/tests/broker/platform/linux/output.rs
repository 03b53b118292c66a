//! A reader who reads nothing, as `/proc` shows him.

use std::time::Duration;

use hotseat_protocol::ipc::Role;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command;

use crate::desktop::Desktop;
use crate::fake_pool::FakePool;
use crate::platform::unix::output::full_pipe;
use crate::programs::Program;
use crate::soon;

#[tokio::test]
async fn a_watch_that_nobody_reads_ends_when_asked() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let broker = desktop.start();
    let _link = fake.link().await;
    Program::start(&desktop.socket(), Role::Cli).await.linked().await;
    let (_unread, writer) = full_pipe();
    let mut command = Command::new(env!("CARGO_BIN_EXE_hotseat"));
    command.arg("watch").env("HOTSEAT_SOCKET", desktop.socket()).stdout(writer).kill_on_drop(true);
    let mut watch = command.spawn().unwrap();
    let pid = Pid::from_raw(i32::try_from(watch.id().unwrap()).unwrap()).unwrap();
    let threads = format!("/proc/{}/task", pid.as_raw_nonzero());
    // One that works, one for remarks, and one that waits for the reader.
    let shows = async {
        while std::fs::read_dir(&threads).unwrap().count() < 3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    soon("it shows what it saw", shows).await;
    kill_process(pid, Signal::TERM).unwrap();
    let ended = soon("the watch ends", watch.wait()).await.unwrap();
    assert_eq!(ended.code(), Some(128 + 15));
    broker.stop().await;
}
