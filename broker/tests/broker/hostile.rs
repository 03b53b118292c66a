//! Programs that mean harm, or are broken: each is cut off with a word, and nobody else notices.

use std::time::Duration;

use hotseat_broker::sessions::Limits;
use hotseat_protocol::ipc::{FromBroker, Request, Role, ToBroker};
use hotseat_protocol::problem::Code;

use crate::desktop::Desktop;
use crate::programs::{Program, Raw};

/// Somebody who was there before and works on, whatever the others do.
async fn bystander(desktop: &Desktop) -> Program {
    Program::start(&desktop.socket(), Role::Cli).await
}

#[tokio::test]
async fn a_frame_of_any_size_but_the_allowed_is_refused_unread() {
    let desktop = Desktop::new();
    let broker = desktop.start();
    let bystander = bystander(&desktop).await;
    for length in [u32::MAX, 64 * 1024 + 1] {
        let mut raw = Raw::greeted(&desktop.socket(), Role::Cli).await;
        raw.bytes(&length.to_be_bytes()).await;
        let said = raw.refused_for(Code::Invalid).await;
        assert!(said.detail.contains("over the limit"), "{said}");
    }
    bystander.view().await;
    broker.stop().await;
}

#[tokio::test]
async fn garbage_is_refused_with_the_reason() {
    let desktop = Desktop::new();
    let broker = desktop.start();
    let bystander = bystander(&desktop).await;
    let requests = [
        "",
        "[]",
        "\u{0}\u{1}",
        "{\"type\":\"request\",\"id\":1,\"request\":{\"kind\":\"view\"}",
        "{\"type\":\"hello\",\"version\":1,\"program\":\"again\",\"role\":\"cli\"}",
    ];
    for json in requests {
        let mut raw = Raw::greeted(&desktop.socket(), Role::Cli).await;
        raw.json(json).await;
        raw.refused_for(Code::Invalid).await;
    }
    let deep = "[".repeat(60_000);
    let mut raw = Raw::greeted(&desktop.socket(), Role::Cli).await;
    raw.json(&deep).await;
    raw.refused_for(Code::Invalid).await;
    bystander.view().await;
    broker.stop().await;
}

#[tokio::test]
async fn the_first_frame_must_be_a_greeting_and_come_in_time() {
    let mut desktop = Desktop::new();
    desktop.limits.hello_within = Duration::from_millis(200);
    let broker = desktop.start();
    let mut eager = Raw::connect(&desktop.socket()).await;
    eager.send(&ToBroker::Request { id: 1, request: Request::View }).await;
    eager.refused_for(Code::Invalid).await;

    let mut silent = Raw::connect(&desktop.socket()).await;
    let said = silent.refused_for(Code::Invalid).await;
    assert!(said.detail.contains("in time"), "{said}");

    let mut half = Raw::connect(&desktop.socket()).await;
    half.bytes(&[0, 0, 0, 40, b'{']).await;
    half.refused_for(Code::Invalid).await;
    broker.stop().await;
}

#[tokio::test]
async fn half_a_frame_and_a_hang_up_end_only_themselves() {
    let desktop = Desktop::new();
    let broker = desktop.start();
    let bystander = bystander(&desktop).await;
    for _ in 0..100 {
        let mut raw = Raw::greeted(&desktop.socket(), Role::Cli).await;
        raw.bytes(&[0, 0, 1, 0, b'{', b'"']).await;
    }
    bystander.view().await;
    broker.stop().await;
}

#[tokio::test]
async fn a_program_that_never_reads_is_cut_off() {
    let mut desktop = Desktop::new();
    desktop.limits.frames_per_second = 1_000_000;
    let broker = desktop.start();
    let bystander = bystander(&desktop).await;
    let mut raw = Raw::greeted(&desktop.socket(), Role::Cli).await;
    // Sends until the broker no longer takes it; each answer fills the program's own socket.
    let view = serde_json::to_string(&ToBroker::Request { id: 1, request: Request::View }).unwrap();
    let mut frame = u32::try_from(view.len()).unwrap().to_be_bytes().to_vec();
    frame.extend_from_slice(view.as_bytes());
    let sent = crate::soon("the broker cuts it off", async {
        while raw.try_bytes(&frame).await.is_ok() {}
    });
    sent.await;
    bystander.view().await;
    broker.stop().await;
}

#[tokio::test]
async fn a_program_that_answers_no_ping_is_cut_off() {
    let mut desktop = Desktop::new();
    desktop.limits.ping_every = Duration::from_millis(50);
    desktop.limits.dead_after = Duration::from_millis(150);
    let broker = desktop.start();
    let mut frozen = Raw::greeted(&desktop.socket(), Role::Cli).await;
    let mut pings = 0;
    while let Some(frame) = frozen.next().await {
        assert!(matches!(frame, FromBroker::Ping { .. }), "{frame:?}");
        pings += 1;
    }
    assert_eq!(pings, 3);
    broker.stop().await;
}

#[tokio::test]
async fn a_program_that_answers_pings_lives() {
    let mut desktop = Desktop::new();
    desktop.limits.ping_every = Duration::from_millis(50);
    let broker = desktop.start();
    let mut raw = Raw::greeted(&desktop.socket(), Role::Cli).await;
    for expected in 1..=10 {
        assert_eq!(raw.next().await, Some(FromBroker::Ping { n: expected }));
        raw.send(&ToBroker::Pong { n: expected }).await;
    }
    broker.stop().await;
}

#[tokio::test]
async fn a_flood_waits_its_turn_and_is_answered_in_full() {
    let mut desktop = Desktop::new();
    desktop.limits.frames_per_second = 20;
    let broker = desktop.start();
    let bystander = bystander(&desktop).await;
    let mut raw = Raw::greeted(&desktop.socket(), Role::Cli).await;
    for id in 1..=60 {
        raw.send(&ToBroker::Request { id, request: Request::View }).await;
    }
    bystander.view().await;
    for expected in 1..=60 {
        let frame = raw.next().await;
        assert!(matches!(frame, Some(FromBroker::Reply { id, .. }) if id == expected));
    }
    broker.stop().await;
}

#[tokio::test]
async fn one_user_gets_so_many_connections_and_a_word() {
    let mut desktop = Desktop::new();
    desktop.limits = Limits { per_user: 5, ..Limits::default() };
    let broker = desktop.start();
    let mut open = Vec::new();
    for _ in 0..5 {
        open.push(Raw::greeted(&desktop.socket(), Role::Cli).await);
    }
    let mut sixth = Raw::connect(&desktop.socket()).await;
    let said = sixth.refused_for(Code::TooMany).await;
    assert!(said.detail.contains("5 connections"), "{said}");
    open.pop();
    // The place comes free once the broker has read the end of the connection.
    let again = crate::soon("a place comes free", async {
        loop {
            let mut raw = Raw::connect(&desktop.socket()).await;
            if let Some(FromBroker::Hello { .. }) = raw.next().await {
                return;
            }
        }
    });
    again.await;
    broker.stop().await;
}

#[tokio::test]
async fn two_thousand_connections_do_not_keep_anybody_out() {
    let mut desktop = Desktop::new();
    // On a busy machine the first would be cut off before the last has come.
    desktop.limits.hello_within = Duration::from_secs(3_600);
    let broker = desktop.start();
    let bystander = bystander(&desktop).await;
    let mut open = Vec::new();
    let mut refused = 0;
    for _ in 0..2_000 {
        let mut raw = Raw::connect(&desktop.socket()).await;
        match raw.next().await {
            Some(FromBroker::Hello { .. }) => open.push(raw),
            Some(FromBroker::Refused { problem }) if problem.code == Code::TooMany => refused += 1,
            other => panic!("expected a greeting or a refusal, not {other:?}"),
        }
    }
    assert!(refused >= 2_000 - Limits::default().per_user, "{refused} were refused");
    bystander.view().await;
    drop(open);
    broker.stop().await;
}
