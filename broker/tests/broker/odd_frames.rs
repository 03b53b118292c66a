//! Frames with odd numbers and of odd types, from programs to the broker and from a broker to
//! programs: each is answered or passed over, and the connection goes on.

use hotseat_ipc::client::{Client, ClientError, Pushes};
use hotseat_protocol::ipc::{Change, FromBroker, Reply, Request, Role, ToBroker};
use hotseat_protocol::problem::Code;
use serde_json::{Value, json};

use crate::desktop::Desktop;
use crate::fake_broker::{FakeBroker, Served};
use crate::programs::{Raw, hello};
use crate::soon;

/// What no number of ours is, as JSON.
const ODD: [&str; 9] =
    ["null", "true", "-1", "1.5", "1e308", "1e400", "18446744073709551616", "\"1\"", "[]"];

/// Whether the connection works.
async fn works(raw: &mut Raw) {
    raw.send(&ToBroker::Request { id: 8, request: Request::View }).await;
    let reply = raw.next().await;
    assert!(matches!(reply, Some(FromBroker::Reply { id: 8, .. })), "{reply:?}");
}

#[tokio::test]
async fn a_greeting_without_a_version_that_can_be_is_one_of_another_version() {
    let desktop = Desktop::new();
    let broker = desktop.start();
    let hello = |version: &str| {
        format!(r#"{{"type":"hello",{version}"program":"p","role":"cli","display":null}}"#)
    };
    for odd in ["1.5", "-1", "\"1\"", "null", "[]", "0", "-1e400"] {
        let mut raw = Raw::connect(&desktop.socket()).await;
        raw.json(&hello(&format!("\"version\":{odd},"))).await;
        raw.refused_for(Code::AnotherVersion).await;
    }
    let mut raw = Raw::connect(&desktop.socket()).await;
    raw.json(&hello("")).await;
    let said = raw.refused_for(Code::AnotherVersion).await;
    assert!(said.detail.starts_with("This program names no version"), "{said}");
    // However great it is, it is a newer version.
    for great in ["3", "2.0", "18446744073709551616", "1e308", "1e400"] {
        let mut raw = Raw::connect(&desktop.socket()).await;
        raw.json(&hello(&format!("\"version\":{great},"))).await;
        assert!(matches!(raw.next().await, Some(FromBroker::Hello { .. })), "{great}");
        assert!(matches!(raw.next().await, Some(FromBroker::Welcome { .. })), "{great}");
    }
    // What else it says may be anything.
    let mut raw = Raw::connect(&desktop.socket()).await;
    raw.json(r#"{"type":"hello","version":2,"program":[],"role":"cli","display":7,"resume":null}"#)
        .await;
    assert!(matches!(raw.next().await, Some(FromBroker::Hello { .. })));
    assert!(matches!(raw.next().await, Some(FromBroker::Welcome { .. })));
    // But what it is, it must say.
    let mut raw = Raw::connect(&desktop.socket()).await;
    raw.json(r#"{"type":"hello","version":2,"program":"p","role":"piano"}"#).await;
    let said = raw.refused_for(Code::Invalid).await;
    assert!(said.detail.contains("piano"), "{said}");
    broker.stop().await;
}

#[tokio::test]
async fn a_request_with_an_odd_id_is_answered_with_it_and_the_connection_goes_on() {
    let desktop = Desktop::new();
    let broker = desktop.start();
    let mut raw = Raw::greeted(&desktop.socket(), Role::Cli).await;
    for (odd, again) in [
        ("-1", json!(-1)),
        ("1.5", json!(1.5)),
        ("1e308", json!(1e308)),
        ("1e400", json!(1e308)),
        ("18446744073709551616", json!(18_446_744_073_709_551_616.0)),
        ("\"mine\"", json!("mine")),
        ("null", Value::Null),
        ("[7]", Value::Null),
    ] {
        raw.json(&format!(r#"{{"type":"request","id":{odd},"request":{{"kind":"view"}}}}"#)).await;
        let reply = raw.next_value().await;
        assert_eq!((&reply["type"], &reply["id"]), (&json!("reply"), &again), "{odd}");
        assert_eq!(reply["reply"]["problem"]["code"], "invalid", "{odd}");
        works(&mut raw).await;
    }
    raw.json(r#"{"type":"request","request":{"kind":"view"}}"#).await;
    let reply = raw.next_value().await;
    assert_eq!((&reply["id"], &reply["reply"]["kind"]), (&Value::Null, &json!("problem")));
    works(&mut raw).await;
    broker.stop().await;
}

#[tokio::test]
async fn what_a_program_states_and_cannot_be_read_is_passed_over() {
    let desktop = Desktop::new();
    let broker = desktop.start();
    let mut raw = Raw::greeted(&desktop.socket(), Role::Tray).await;
    for odd in ODD {
        for frame in [
            format!(r#"{{"type":{odd}}}"#),
            format!(r#"{{"type":"sing","id":{odd},"n":{odd}}}"#),
            format!(r#"{{"type":"pong","n":{odd}}}"#),
            format!(r#"{{"type":"idle","idle_s":{odd},"locked":false}}"#),
            format!(r#"{{"type":"idle","idle_s":3,"locked":{odd}}}"#),
        ] {
            raw.json(&frame).await;
        }
    }
    for frame in ["{}", r#"{"type":"pong"}"#, r#"{"type":"idle"}"#] {
        raw.json(frame).await;
    }
    works(&mut raw).await;
    broker.stop().await;
}

async fn connected(fake: &FakeBroker) -> (Client, Pushes, Served) {
    let paths = [fake.socket()];
    let (connected, served) =
        tokio::join!(Client::connect(&paths, hello(Role::Cli)), fake.serve(r#""version":2"#));
    let (client, pushes) = connected.unwrap();
    (client, pushes, served)
}

#[tokio::test]
async fn what_a_broker_says_and_cannot_be_read_is_passed_over_or_asked_for_again() {
    let fake = FakeBroker::start();
    let (client, mut pushes, mut served) = connected(&fake).await;
    for odd in ODD {
        for frame in [
            format!(r#"{{"type":{odd}}}"#),
            format!(r#"{{"type":"sing","n":{odd}}}"#),
            format!(r#"{{"type":"notice","notice":{odd}}}"#),
            format!(r#"{{"type":"reply","id":{odd},"reply":{{"kind":"done"}}}}"#),
        ] {
            served.say(&frame).await;
        }
        for frame in [
            format!(r#"{{"type":"changed","seq":{odd},"changes":{odd}}}"#),
            format!(r#"{{"type":"snapshot","seq":1,"view":{odd}}}"#),
        ] {
            served.say(&frame).await;
            let push = loop {
                match soon("a push", pushes.next()).await.expect("the connection has ended") {
                    FromBroker::Unknown => {}
                    push => break push,
                }
            };
            let again = FromBroker::Changed { seq: 0, changes: vec![Change::Unknown] };
            assert_eq!(push, again, "{frame}");
        }
        let answered = async {
            let asked = served.request().await;
            served.say(&format!(r#"{{"type":"reply","id":{asked},"reply":{odd}}}"#)).await;
        };
        let (reply, ()) = tokio::join!(client.ask(Request::View), answered);
        match reply.unwrap() {
            Reply::Problem { problem } => assert_eq!(problem.code, Code::AnotherVersion),
            other => panic!("{odd}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_brokers_greeting_without_a_version_that_can_be_is_one_of_another_version() {
    for odd in ["1.5", "-1", "\"1\"", "null", "[]"] {
        let fake = FakeBroker::start();
        let paths = [fake.socket()];
        let version = format!("\"version\":{odd}");
        let (connected, served) =
            tokio::join!(Client::connect(&paths, hello(Role::Cli)), fake.serve(&version));
        let error = connected.unwrap_err();
        assert!(matches!(error, ClientError::AnotherVersion { theirs: 0, .. }), "{odd}: {error}");
        drop(served);
    }
}
