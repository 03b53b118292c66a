//! A broker of the version before: it hears and says its own names.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::socket::{Link, Machine};
use crate::world::Server;

/// A seat that nobody holds.
fn seat() -> Value {
    json!({ "id": "00000000-0000-4000-8000-000000000001", "epoch": "1f0a77c2.4711" })
}

/// Asks, and returns the answer as the wire has it.
fn ask(link: &mut Link, n: u64, body: &Value) -> Value {
    let message = json!({ "type": "message", "n": n, "body": body });
    link.send_raw(Message::Text(message.to_string().into()));
    loop {
        let frame: Value = serde_json::from_str(&link.next_text().unwrap()).unwrap();
        if frame["type"] == "answer" && frame["n"] == n {
            return frame["answer"].clone();
        }
    }
}

#[test]
fn each_broker_hears_and_says_the_names_of_its_version() {
    let server = Server::start(2);
    let claim = json!({
        "kind": "renew",
        "seats": [{ "seat": seat(), "idle_s": null, "idle_exempt": false }],
        "places": [],
    });
    let names = [(1, "gone", "ended", "no_answer"), (2, "ended", "gone", "unanswered")];
    for (version, own, other, unanswered) in names {
        let machine = Machine::enrol(&server, &format!("desk-{version}"));
        let mut link = Link::open(&server, &machine.credential).unwrap();
        link.greet(machine.id, version);
        let welcome: Value = serde_json::from_str(&link.next_text().unwrap()).unwrap();
        assert_eq!((&welcome["type"], &welcome["version"]), (&json!("welcome"), &json!(version)));
        let renewed = ask(&mut link, 1, &claim);
        assert_eq!(renewed[own][0]["seat"], seat(), "{renewed}");
        assert!(renewed.get(other).is_none(), "{renewed}");
        let warned = json!({
            "kind": "warning_ended", "seat": seat(), "outcome": unanswered, "idle_s": 5,
        });
        assert_eq!(ask(&mut link, 2, &warned)["kind"], "done");
    }
}
