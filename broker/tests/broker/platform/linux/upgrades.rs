//! The broker is replaced while the real `hotseat` waits or watches.

use std::process::Stdio;

use hotseat_broker::lifecycle::Ending;
use hotseat_protocol::ids::PlaceId;
use hotseat_protocol::link::{MachineMessage, Outcome, PoolAnswer};
use hotseat_protocol::reason::ReleaseReason;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use crate::desktop::Desktop;
use crate::fake_pool::{FakePool, granted, seat};
use crate::programs::Program;
use crate::soon;

fn hotseat(desktop: &Desktop, words: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hotseat"));
    command
        .args(words)
        .env("HOTSEAT_SOCKET", desktop.socket())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command.spawn().unwrap()
}

/// Reads until a line has the words.
async fn says(lines: &mut BufReader<impl AsyncRead + Unpin>, words: &str) {
    loop {
        let mut line = String::new();
        let read = soon(words, lines.read_line(&mut line)).await.unwrap();
        assert!(read > 0, "{words:?} was never said");
        if line.contains(words) {
            return;
        }
    }
}

#[tokio::test]
async fn who_waits_keeps_the_place_and_gets_the_seat_of_the_next_broker() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let (broker, mut link, program) =
        desktop.logged_in(&fake, hotseat_protocol::ipc::Role::Cli).await;
    let mut run = hotseat(&desktop, &["run", "infor-crm", "--wait", "--", "true"]);
    let mut said = BufReader::new(run.stderr.take().unwrap());
    let (n, MachineMessage::SignOn(first)) = link.next().await else {
        panic!("expected a sign-on");
    };
    let place = PoolAnswer::Outcome {
        outcome: Outcome::Waiting { place: PlaceId::from_random(1), rank: 3, offer: None },
    };
    link.answer(n, place.clone()).await;
    says(&mut said, "Place 3 in line").await;
    broker.order(Ending::Upgrade).await;
    broker.ended().await;
    drop((link, program));
    says(&mut said, "restarted").await;

    let broker = desktop.start();
    let mut link = fake.link().await;
    let (n, MachineMessage::SignOn(again)) = link.next().await else {
        panic!("expected the same sign-on");
    };
    assert_eq!((again.request, again.anchor), (first.request, first.anchor), "the place is its");
    link.answer(n, granted(seat(1))).await;
    // The seat hangs on the program of the earlier broker's time.
    let ended = soon("the seat ends with the program", link.signed_off(seat(1))).await;
    assert_eq!(ended, ReleaseReason::ApplicationExited);
    assert_eq!(soon("hotseat run ends", run.wait()).await.unwrap().code(), Some(0));
    broker.stop().await;
}

#[tokio::test]
async fn watching_goes_on_with_the_next_broker() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let (broker, link, program) = desktop.logged_in(&fake, hotseat_protocol::ipc::Role::Cli).await;
    let mut watch = hotseat(&desktop, &["watch"]);
    let mut shown = BufReader::new(watch.stdout.take().unwrap());
    let mut said = BufReader::new(watch.stderr.take().unwrap());
    says(&mut shown, "Infor CRM").await;
    broker.kill().await;
    drop((link, program));
    says(&mut said, "goes on when it is back").await;

    let broker = desktop.start();
    let _link = fake.link().await;
    says(&mut shown, "Infor CRM").await;
    let mut other = Program::start(&desktop.socket(), hotseat_protocol::ipc::Role::Cli).await;
    other.linked().await;
    let pid = Pid::from_raw(i32::try_from(watch.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    assert_eq!(soon("watch ends", watch.wait()).await.unwrap().code(), Some(130));
    broker.stop().await;
}

/// What `hotseat status` says in namespaces of its own while Lucy holds a seat; none where this
/// account may not make any.
async fn status_in(namespaces: &[&str]) -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        // Only the administrator may make such a namespace everywhere.
        return None;
    }
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let (broker, mut link, program) =
        desktop.logged_in(&fake, hotseat_protocol::ipc::Role::App).await;
    tokio::join!(program.ask(Program::sign_on(1)), link.grant(seat(1)));
    let mut command = Command::new("unshare");
    command
        .args(namespaces)
        .args([env!("CARGO_BIN_EXE_hotseat"), "status"])
        .env("HOTSEAT_SOCKET", desktop.socket())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = soon("the command ends", command.output()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "a seat is held: {said}{output:?}");
    drop(program);
    link.signed_off(seat(1)).await;
    broker.stop().await;
    Some(said)
}

#[tokio::test]
async fn a_program_in_a_time_namespace_of_its_own_reckons_with_the_computers_clock() {
    for ahead_s in ["8640000", "-1"] {
        let clock = ["--time", "--fork", "--boottime", ahead_s];
        let Some(said) = status_in(&clock).await else { return };
        // By a clock that is ahead its lease would be over.
        assert!(said.contains("you hold a seat"), "{said}");
    }
}

#[tokio::test]
async fn a_program_in_a_pid_namespace_of_its_own_is_served_as_its_user() {
    let Some(said) = status_in(&["--pid", "--fork", "--mount-proc"]).await else { return };
    assert!(said.contains("Logged in as Lucy"), "{said}");
}
