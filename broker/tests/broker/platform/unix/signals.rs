//! Signals to the real binary.

use hotseat_protocol::ipc::Role;
use hotseat_protocol::link::MachineMessage;
use hotseat_protocol::reason::ReleaseReason;
use rustix::process::{Pid, Signal, kill_process};

use crate::desktop::Desktop;
use crate::fake_pool::{FakePool, Link, PASSWORD, TOKEN, seat};
use crate::process::{Process, broker};
use crate::programs::{Program, resume_key};

/// Sends a signal.
pub(crate) fn signal(process: &Process, signal: Signal) {
    let pid = i32::try_from(process.child.id().expect("it runs")).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

/// A real broker with a seat that hangs on the program.
pub(crate) async fn holding(fake: &FakePool, desktop: &Desktop) -> (Process, Link, Program) {
    let process = Process::start(broker(desktop));
    let mut link = fake.link().await;
    let mut program = Program::start(&desktop.socket(), Role::App).await;
    program.linked().await;
    tokio::join!(program.ask(Program::log_in()), link.log_in());
    let (reply, ()) = tokio::join!(program.ask(Program::sign_on(1)), link.grant(seat(1)));
    resume_key(reply);
    (process, link, program)
}

#[tokio::test]
async fn each_ending_signal_signs_everybody_off_and_ends_well() {
    for kind in [Signal::TERM, Signal::INT, Signal::HUP] {
        let fake = FakePool::start().await;
        let desktop = Desktop::enrolled(&fake);
        let (process, mut link, _program) = holding(&fake, &desktop).await;
        signal(&process, kind);
        assert_eq!(link.signed_off(seat(1)).await, ReleaseReason::BrokerStopped);
        let (code, log) = process.ended().await;
        assert_eq!(code, Some(0), "{log}");
        assert!(!desktop.socket().exists(), "the socket was left behind");
        for secret in [TOKEN, PASSWORD, crate::fake_pool::CREDENTIAL] {
            assert!(!log.contains(secret), "a secret is in the log: {log}");
        }
    }
}

#[tokio::test]
async fn a_pool_that_does_not_answer_cannot_keep_it_from_ending() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let (process, mut link, _program) = holding(&fake, &desktop).await;
    signal(&process, Signal::TERM);
    let (code, log) = process.ended().await;
    assert_eq!(code, Some(0), "{log}");
    // It said the sign-off, and nobody answered.
    let (_, said) = link.next().await;
    assert!(
        matches!(said, MachineMessage::SignOff { seat: off, .. } if off == seat(1)),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let (mut process, _link, _program) = holding(&fake, &desktop).await;
    signal(&process, Signal::TERM);
    process.logs("signing everybody off").await;
    signal(&process, Signal::INT);
    let (code, log) = process.ended().await;
    assert_eq!(code, Some(1), "{log}");
}

#[tokio::test]
async fn a_killed_broker_leaves_a_socket_that_the_next_one_replaces() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let (process, link, _program) = holding(&fake, &desktop).await;
    signal(&process, Signal::KILL);
    process.ended().await;
    drop(link);
    assert!(desktop.socket().exists());
    let next = Process::start(broker(&desktop));
    let mut link = fake.link().await;
    let (n, _) = link.any().await.unwrap();
    assert_eq!(n, 1);
    signal(&next, Signal::USR1);
    let (code, log) = next.ended().await;
    assert_eq!(code, Some(0), "{log}");
    assert!(desktop.state_dir().join("upgrade").exists());
}
