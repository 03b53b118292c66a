//! Every message that crosses IPC or the link has a golden sample, one file a conversation and
//! direction, one line a message. A build must read each sample of every version it accepts, and
//! write those of its own version to the letter: a field that was removed or re-typed shows here.
//!
//! `UPDATE_GOLDEN=1 cargo test -p hotseat-protocol --test golden` writes new samples; read the
//! difference before it is committed, and raise the version if an old sample changed.
#![expect(clippy::unwrap_used, reason = "a sample that cannot be made fails the test")]

mod samples;
mod versions;

use std::collections::BTreeMap;
use std::path::PathBuf;

use hotseat_protocol::version::PROTOCOL_VERSION;
use samples::{ipc, link};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Compares the samples of one enum with their golden file.
fn check<T>(file: &str, tag: &str, samples: &[T], variants: &[&str])
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let mut lines = BTreeMap::new();
    for (index, sample) in samples.iter().enumerate() {
        let json = serde_json::to_value(sample).unwrap();
        let variant = json[tag].as_str().expect("each message is tagged").to_owned();
        lines.insert((variant, index), json);
    }
    let sampled: Vec<&str> = {
        let mut names: Vec<&str> = lines.keys().map(|(name, _)| name.as_str()).collect();
        names.dedup();
        names
    };
    let mut expected = variants.to_vec();
    expected.sort_unstable();
    assert_eq!(sampled, expected, "{file}: each variant needs a sample, and each sample a variant");

    let text: String = lines.values().map(|json| format!("{json}\n")).collect();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join(format!("golden/v{PROTOCOL_VERSION}/{file}.jsonl"));
    #[expect(clippy::disallowed_methods, reason = "a developer asks for new samples by it")]
    if std::env::var("UPDATE_GOLDEN").is_ok() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    assert_eq!(golden, text, "{file}: the wire has changed");
    let ordered: Vec<&T> = lines.keys().map(|(_, index)| &samples[*index]).collect();
    for (line, sample) in golden.lines().zip(ordered) {
        assert_eq!(&serde_json::from_str::<T>(line).unwrap(), sample, "{line}");
    }
}

#[test]
fn to_broker() {
    check("to_broker", "type", &ipc::to_broker(), &["hello", "request", "idle", "pong"]);
}

#[test]
fn request() {
    let variants = [
        "view",
        "subscribe",
        "log_in",
        "log_out",
        "sign_on",
        "sign_off",
        "check",
        "leave_line",
        "accept_offer",
        "decline_offer",
        "keep",
        "acknowledge_loss",
        "doctor",
        "goodbye",
        "open_window",
    ];
    check("request", "kind", &ipc::requests(), &variants);
}

#[test]
fn from_broker() {
    let variants = [
        "hello",
        "welcome",
        "refused",
        "reply",
        "snapshot",
        "changed",
        "notice",
        "open_window",
        "ping",
        "stopping",
    ];
    check("from_broker", "type", &ipc::from_broker(), &variants);
}

#[test]
fn reply() {
    let variants = ["done", "view", "outcome", "signed_off", "logged_in", "health", "problem"];
    check("reply", "kind", &ipc::replies(), &variants);
}

#[test]
fn change() {
    let variants = ["link", "account", "pool", "pool_removed", "trouble"];
    check("change", "kind", &ipc::changes(), &variants);
}

#[test]
fn notice() {
    let variants = [
        "idle_warning",
        "warning_over",
        "signed_off_idle",
        "your_turn",
        "place_ended",
        "reclaimed",
        "lost",
        "resume_report",
        "pool_reachable",
    ];
    check("notice", "kind", &ipc::notices(), &variants);
}

#[test]
fn to_pool() {
    check("to_pool", "type", &link::to_pool(), &["hello", "message"]);
}

#[test]
fn machine_message() {
    let variants = [
        "renew",
        "sign_on",
        "check",
        "sign_off",
        "cancel",
        "leave_line",
        "accept_offer",
        "decline_offer",
        "leaving_done",
        "warning_ended",
        "log_in",
        "log_out",
        "overdraft",
        "resync",
    ];
    check("machine_message", "kind", &link::machine_messages(), &variants);
}

#[test]
fn from_pool() {
    let variants = [
        "welcome",
        "refused",
        "answer",
        "snapshot",
        "changed",
        "sealed",
        "clone_seen",
        "warn_idle",
        "kept",
        "log_ins",
    ];
    check("from_pool", "type", &link::from_pool(), &variants);
}

#[test]
fn pool_answer() {
    let variants = ["renewed", "outcome", "done", "logged_in", "problem"];
    check("pool_answer", "kind", &link::pool_answers(), &variants);
}

#[test]
fn projected() {
    let variants = ["pool", "pool_removed", "seat", "seat_ended", "place", "place_ended"];
    check("projected", "kind", &link::projected(), &variants);
}

#[test]
fn outcome() {
    let variants = ["seat", "waiting", "refused", "passed", "ended", "place_ended", "cancelled"];
    check("outcome", "became", &link::outcomes(), &variants);
}

#[test]
fn the_page_about_the_wire_names_every_message() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("../docs/protocol.md")).unwrap();
    let samples = std::fs::read_dir(root.join(format!("golden/v{PROTOCOL_VERSION}"))).unwrap();
    let mut named = 0;
    for file in samples {
        for line in std::fs::read_to_string(file.unwrap().path()).unwrap().lines() {
            let json: serde_json::Value = serde_json::from_str(line).unwrap();
            let tags = ["type", "kind", "became"].iter().filter_map(|tag| json[tag].as_str());
            for name in tags {
                assert!(page.contains(&format!("`{name}`")), "docs/protocol.md lacks `{name}`");
                named += 1;
            }
        }
    }
    assert!(named > 60, "only {named} samples were found");
}

#[test]
fn what_a_newer_version_says_is_tolerated() {
    use hotseat_protocol::ipc::{FromBroker, Request, ToBroker};
    use hotseat_protocol::link::{FromPool, MachineMessage};
    let frame = r#"{"type":"sing","song":"the one of tomorrow"}"#;
    assert_eq!(serde_json::from_str::<ToBroker>(frame).unwrap(), ToBroker::Unknown);
    assert_eq!(serde_json::from_str::<FromBroker>(frame).unwrap(), FromBroker::Unknown);
    assert_eq!(serde_json::from_str::<FromPool>(frame).unwrap(), FromPool::Unknown);
    let body = r#"{"kind":"sing","song":"the one of tomorrow"}"#;
    assert_eq!(serde_json::from_str::<Request>(body).unwrap(), Request::Unknown);
    assert_eq!(serde_json::from_str::<MachineMessage>(body).unwrap(), MachineMessage::Unknown);
    let with_more = r#"{"type":"pong","n":3,"mood":"fine"}"#;
    assert_eq!(serde_json::from_str::<ToBroker>(with_more).unwrap(), ToBroker::Pong { n: 3 });
}
