//! The broker dies, is stopped, is upgraded; the machine boots: what comes back, and what ends.

use std::sync::Arc;

use hotseat_broker::Ended;
use hotseat_broker::clock::Clock;
use hotseat_broker::lifecycle::Ending;
use hotseat_broker_core::Now;
use hotseat_protocol::ids::WallTime;
use hotseat_protocol::ipc::{LinkState, ResumeKey, Role};
use hotseat_protocol::link::{LinkHello, MachineMessage, ToPool};
use hotseat_protocol::reason::ReleaseReason;

use crate::desktop::{Desktop, Running};
use crate::fake_pool::{FakePool, Link, lucy, seat};
use crate::programs::{Program, hello, resume_key, seats};

/// A desktop on which a `run` holds a seat.
async fn holding(fake: &FakePool) -> (Desktop, Running, Link, Program, ResumeKey) {
    let desktop = Desktop::enrolled(fake);
    let (broker, link, program, key) = holding_on(&desktop, fake).await;
    (desktop, broker, link, program, key)
}

async fn holding_on(desktop: &Desktop, fake: &FakePool) -> (Running, Link, Program, ResumeKey) {
    let (broker, mut link, program) = desktop.logged_in(fake, Role::Run).await;
    let (reply, ()) = tokio::join!(program.ask(Program::sign_on(1)), link.grant(seat(1)));
    let key = resume_key(reply);
    (broker, link, program, key)
}

#[tokio::test]
async fn a_program_that_comes_back_after_a_kill_keeps_its_seat() {
    let fake = FakePool::start().await;
    let (desktop, broker, _, _, key) = holding(&fake).await;
    broker.kill().await;

    let broker = desktop.start();
    let mut resume = hello(Role::Run);
    resume.resume = vec![key];
    let mut program = Program::greet(&desktop.socket(), resume).await;
    let mut link = fake.link().await;
    program.linked().await;
    let (n, body) = link.any().await.unwrap();
    match body {
        MachineMessage::Renew(renewal) => {
            assert_eq!(renewal.seats[0].seat, seat(1));
            link.renew(n, &renewal).await;
        }
        other => panic!("expected a renewal, not {other:?}"),
    }
    let view = program
        .until("the seat is confirmed", |view| seats(view).iter().any(|seat| seat.confirmed))
        .await;
    assert_eq!(view.account, Some(lucy()), "the log-in did not survive");
    let (_, reason) = tokio::join!(broker.stop(), link.signed_off(seat(1)));
    assert_eq!(reason, ReleaseReason::BrokerStopped);
}

#[tokio::test]
async fn another_boot_signs_off_at_once() {
    let fake = FakePool::start().await;
    let (desktop, broker, _, _, _) = holding(&fake).await;
    broker.kill().await;
    desktop.boot(2);
    let broker = desktop.start();
    let mut link = fake.link().await;
    match &link.hello {
        ToPool::Hello(LinkHello { boot_id, .. }) => assert_eq!(boot_id, "boot-2"),
        other => panic!("expected a greeting, not {other:?}"),
    }
    assert_eq!(link.signed_off(seat(1)).await, ReleaseReason::MachineRestarted);
    broker.stop().await;
}

#[tokio::test]
async fn an_upgrade_signs_nobody_off() {
    let fake = FakePool::start().await;
    let (desktop, broker, mut link, _, _) = holding(&fake).await;
    broker.order(Ending::Upgrade).await;
    assert_eq!(broker.ended().await, Ended::ForUpgrade);
    while let Some((_, body)) = link.any().await {
        assert!(matches!(body, MachineMessage::Renew(_)), "{body:?}");
    }
    assert!(desktop.state_dir().join("upgrade").exists());
    let next = desktop.start();
    let mut link = fake.link().await;
    let (_, body) = link.any().await.unwrap();
    assert!(matches!(body, MachineMessage::Renew(ref r) if r.seats.len() == 1), "{body:?}");
    assert!(!desktop.state_dir().join("upgrade").exists(), "the mark is good only once");
    next.kill().await;
}

#[tokio::test]
async fn a_sign_off_that_the_pool_never_heard_is_said_first_after_a_restart() {
    let fake = FakePool::start().await;
    let (desktop, broker, link, program, _) = holding(&fake).await;
    // The pool goes away; then the program ends.
    drop(link);
    let address = fake.stop();
    drop(program);
    let mut cli = Program::start(&desktop.socket(), Role::Cli).await;
    cli.until("the seat is signed off", |view| {
        seats(view).is_empty() && view.link != LinkState::Up
    })
    .await;
    // Without a link, stopping waits only until everything is written down.
    assert_eq!(broker.stop().await, Ended::SignedOff);

    let broker = desktop.start();
    let fake = FakePool::start_again(address).await;
    let mut link = fake.link().await;
    match link.any().await {
        Some((1, MachineMessage::SignOff { seat: off, reason })) => {
            assert_eq!((off, reason), (seat(1), ReleaseReason::ApplicationExited));
        }
        other => panic!("expected the sign-off first, not {other:?}"),
    }
    broker.kill().await;
}

#[tokio::test]
async fn a_second_order_ends_it_at_once() {
    let fake = FakePool::start().await;
    let (_desktop, broker, _link, _program, _) = holding(&fake).await;
    broker.order(Ending::SignOff).await;
    broker.order(Ending::SignOff).await;
    assert_eq!(broker.ended().await, Ended::AtOnce);
}

/// A clock on which no budget is ever used up.
struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Now {
        Now { boot_ms: 100_000_000, wall: WallTime { unix_ms: 1_700_000_000_000 } }
    }
}

#[tokio::test]
async fn a_core_that_does_not_come_to_an_end_is_not_waited_for() {
    let fake = FakePool::start().await;
    let mut desktop = Desktop::enrolled(&fake);
    desktop.clock = Arc::new(StoppedClock);
    let (broker, mut link, _program, _) = holding_on(&desktop, &fake).await;
    broker.order(Ending::SignOff).await;
    // The pool hears of it and says nothing, and on its own clock the core waits for ever.
    let (_, said) = link.next().await;
    assert!(matches!(said, MachineMessage::SignOff { .. }), "{said:?}");
    assert_eq!(broker.ended().await, Ended::SignedOff);
}
