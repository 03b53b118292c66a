//! The first words, versions, and what a newer program may say.

use hotseat_protocol::ipc::{FromBroker, Hello, LinkState, Reply, Request, Role, ToBroker};
use hotseat_protocol::problem::Code;
use hotseat_protocol::version::PROTOCOL_VERSION;

use crate::desktop::Desktop;
use crate::platform::assert_private;
use crate::programs::{Program, Raw, hello, problem};

#[tokio::test]
async fn the_broker_greets_first_and_names_the_session() {
    let desktop = Desktop::new();
    let broker = desktop.start();
    let mut raw = Raw::connect(&desktop.socket()).await;
    let greeting = raw.next().await;
    assert!(
        matches!(greeting, Some(FromBroker::Hello { version: PROTOCOL_VERSION, .. })),
        "{greeting:?}"
    );
    raw.send(&ToBroker::Hello(hello(Role::Cli))).await;
    match raw.next().await {
        // A machine with logind names it otherwise.
        Some(FromBroker::Welcome { session }) => assert!(!session.is_empty()),
        other => panic!("expected a welcome, not {other:?}"),
    }
    broker.stop().await;
}

#[tokio::test]
async fn a_program_of_another_version_is_refused_by_name() {
    let desktop = Desktop::new();
    let broker = desktop.start();
    let mut raw = Raw::connect(&desktop.socket()).await;
    let mut old = hello(Role::Cli);
    old.version = 0;
    raw.send(&ToBroker::Hello(old)).await;
    raw.refused_for(Code::AnotherVersion).await;

    let mut newer = hello(Role::Cli);
    newer.version = PROTOCOL_VERSION + 1;
    Program::greet(&desktop.socket(), newer).await;
    broker.stop().await;
}

#[tokio::test]
async fn a_program_of_version_1_hears_and_says_its_own_names() {
    let desktop = Desktop::new();
    let broker = desktop.start();
    let mut raw = Raw::connect(&desktop.socket()).await;
    raw.send(&ToBroker::Hello(Hello { version: 1, ..hello(Role::Cli) })).await;
    // Version 2 has another name for it.
    raw.json(r#"{"type":"request","id":7,"request":{"kind":"seen","pool":"infor-crm"}}"#).await;
    loop {
        match raw.next().await {
            Some(FromBroker::Hello { version: PROTOCOL_VERSION, .. }) => {}
            Some(FromBroker::Welcome { .. }) => {}
            Some(FromBroker::Reply { id: 7, reply: Reply::Done }) => break,
            other => panic!("expected an answer, not {other:?}"),
        }
    }
    broker.stop().await;
}

#[tokio::test]
async fn frames_and_requests_of_a_newer_version_are_tolerated() {
    let desktop = Desktop::new();
    let broker = desktop.start();
    let mut raw = Raw::greeted(&desktop.socket(), Role::Cli).await;
    raw.json(r#"{"type":"from_the_future","what":[1]}"#).await;
    raw.json(r#"{"type":"request","id":7,"request":{"kind":"dance","pool":"a"}}"#).await;
    match raw.next().await {
        Some(FromBroker::Reply { id: 7, reply }) => {
            problem(reply);
        }
        other => panic!("expected a problem, not {other:?}"),
    }
    // The connection lives on.
    raw.send(&ToBroker::Request { id: 8, request: Request::View }).await;
    let reply = raw.next().await;
    assert!(matches!(reply, Some(FromBroker::Reply { id: 8, .. })), "{reply:?}");
    broker.stop().await;
}

#[tokio::test]
async fn a_machine_that_was_never_enrolled_says_so() {
    let desktop = Desktop::new();
    let broker = desktop.start();
    let program = Program::start(&desktop.socket(), Role::Cli).await;
    assert_eq!(program.view().await.link, LinkState::NotEnrolled);
    let refused = problem(program.ask(Program::log_in()).await);
    assert_eq!(refused.code, Code::NotEnrolled);
    broker.stop().await;
}

#[tokio::test]
async fn a_second_tray_opens_the_window_of_the_first() {
    let desktop = Desktop::new();
    let broker = desktop.start();
    let mut first = Program::start(&desktop.socket(), Role::Tray).await;
    let mut second = Raw::connect(&desktop.socket()).await;
    second.send(&ToBroker::Hello(hello(Role::Tray))).await;
    second.refused_for(Code::AlreadyRunning).await;
    assert_eq!(first.pushes.next().await, Some(FromBroker::OpenWindow));
    broker.stop().await;
}

#[tokio::test]
async fn a_stopping_broker_says_goodbye() {
    let desktop = Desktop::new();
    let broker = desktop.start();
    let mut program = Program::start(&desktop.socket(), Role::Cli).await;
    assert_eq!(program.ask(Request::Subscribe).await, Reply::Done);
    broker.stop().await;
    let mut last = None;
    while let Some(push) = program.pushes.next().await {
        last = Some(push);
    }
    assert_eq!(last, Some(FromBroker::Stopping));
    assert!(!desktop.socket().exists(), "the socket was left behind");
}

#[tokio::test]
async fn nobody_else_may_read_the_state() {
    let desktop = Desktop::new();
    let broker = desktop.start();
    assert_private(&desktop.state_dir());
    broker.stop().await;
}
