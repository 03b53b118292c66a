//! Whatever is appended is read as what it was: over the whole range of every field of every kind
//! of event, and for every value that an earlier version may have written.

use std::fs;
use std::path::Path;
use std::time::Duration;

use hotseat_protocol::ids::{
    ClientName, Generation, MachineId, PoolId, SeatId, Seq, UserId, WallTime,
};
use hotseat_rules::presets;
use hotseat_rules::{Event, NewGeneration, PoolDefinition, Position, RefusalCode, Wait};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::Record;
use super::stored::{CONTENTS_VERSION, EVENT_VERSION, decode_contents, decode_event, encode_event};

const NO_TEXT: &str = "an impossible time";

fn golden_events() -> Vec<(String, Value)> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("golden/events/v{EVENT_VERSION}"));
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = files.map(|path| {
        let kind = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (kind, serde_json::from_slice(&fs::read(&path).unwrap()).unwrap())
    });
    read.collect()
}

/// The JSON pointers of all values that hold no others.
fn leaves(value: &Value, here: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                leaves(
                    value,
                    format!("{here}/{}", key.replace('~', "~0").replace('/', "~1")),
                    found,
                );
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                leaves(value, format!("{here}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => found.push(here),
    }
}

/// What a field may hold at its ends.
fn extremes() -> Vec<Value> {
    vec![
        json!(0),
        json!(1),
        json!(-1),
        json!(0.5),
        json!(u32::MAX),
        json!(1_u64 << 53),
        json!(1_u64 << 63),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e308),
        json!(null),
        json!(""),
        json!("x"),
        json!(WallTime::MIN),
        json!(WallTime::MAX),
        json!("0000-01-01T00:00:00Z"),
        json!("ffffffff"),
        json!("\u{202e}\u{1b}"),
        json!(NO_TEXT),
    ]
}

fn record(event: Event) -> Record {
    let generation = event.begins().unwrap_or(Generation(1));
    Record { seq: Seq(1), at: WallTime::MAX, generation, event, actor: None }
}

#[test]
fn every_field_of_every_kind_at_its_ends_is_stored_as_itself() {
    let mut read = 0;
    for (kind, golden) in golden_events() {
        let mut fields = Vec::new();
        leaves(&golden, String::new(), &mut fields);
        for field in fields.iter().filter(|field| *field != "/event") {
            for extreme in extremes() {
                let mut changed = golden.clone();
                *changed.pointer_mut(field).unwrap() = extreme.clone();
                let Ok(event) = decode_event(EVENT_VERSION, &changed.to_string()) else { continue };
                let stored = record(event).store_checked();
                assert!(stored.is_ok(), "{kind}{field} = {extreme}: {stored:?}");
                read += 1;
            }
        }
    }
    assert!(read > 100, "only {read} values could be read at all");
}

#[test]
fn what_an_earlier_version_wrote_without_a_text_is_read() {
    let overdraft = golden_events().into_iter().find(|(kind, _)| kind == "overdraft").unwrap().1;
    let spell = golden_events().into_iter().find(|(kind, _)| kind == "idle_spell").unwrap().1;
    for (golden, field, meant) in [
        (&overdraft, "/to", WallTime::MAX),
        (&spell, "/from", WallTime::MIN),
        (&spell, "/to", WallTime::MIN),
    ] {
        let mut changed = golden.clone();
        *changed.pointer_mut(field).unwrap() = json!(NO_TEXT);
        let event = decode_event(EVENT_VERSION, &changed.to_string()).unwrap();
        let (_, again) = encode_event(&event);
        let again: Value = serde_json::from_str(&again).unwrap();
        assert_eq!(again.pointer(field), Some(&json!(meant)), "{field}");
        *changed.pointer_mut(field).unwrap() = json!("another impossible time");
        assert!(decode_event(EVENT_VERSION, &changed.to_string()).is_err(), "{field}");
    }
}

#[test]
fn a_snapshot_of_an_earlier_version_without_a_text_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("golden/snapshots/v{CONTENTS_VERSION}.json"));
    let mut snapshot: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    snapshot["pools"][0]["seats"][0]["idle_until"] = json!(NO_TEXT);
    let contents = decode_contents(CONTENTS_VERSION, snapshot.to_string().as_bytes()).unwrap();
    let seats = contents.pools.values().flat_map(|pool| pool.seats.values());
    let idle: Vec<_> = seats.filter_map(|seat| seat.idle_until).collect();
    assert!(idle.contains(&WallTime::MIN), "{idle:?}");
}

prop_compose! {
    fn any_definition()(seats: u32, ms in prop::array::uniform6(any::<u64>()), client: Option<u64>) -> PoolDefinition {
        let mut definition = presets::infor_crm(seats);
        let [lease, calls, offer, grace, warn, sign_off] = ms.map(Duration::from_millis);
        (definition.lease, definition.calls_timeout, definition.offer) = (lease, calls, offer);
        (definition.tray_grace, definition.idle.warn_after) = (grace, warn);
        definition.idle.sign_off_after = sign_off;
        for found in definition.clients.values_mut() {
            found.session_timeout = client.map(Duration::from_millis);
        }
        definition
    }
}

fn any_event() -> impl Strategy<Value = Event> {
    let ids = (any::<u128>(), any::<u128>(), any::<u128>());
    let numbers = (any::<i64>(), any::<i64>(), any::<u32>(), any::<u64>(), any::<Duration>());
    (ids, numbers, any_definition(), 0..7, any::<bool>()).prop_map(
        |((machine, seat, user), (from, to, count, seq, wait), definition, kind, at_least)| {
            let (machine, seat) = (MachineId::from_random(machine), SeatId::from_random(seat));
            let (user, pool) = (UserId::from_random(user), PoolId::new("infor-crm").unwrap());
            let (from, to) = (WallTime { unix_ms: from }, WallTime { unix_ms: to });
            match kind {
                0 => Event::Overdraft { machine, seat, pool, user, from, to, at_least },
                1 => Event::IdleSpell { seat, from, to },
                2 => Event::PoolDefined { definition: Box::new(definition) },
                3 => {
                    let seen = Position { generation: Generation(count), seq: Seq(seq) };
                    Event::FoundBehind { machine, seen }
                }
                4 => Event::Initialised { generation: Generation(count) },
                5 => {
                    let (generation, why) = (Generation(count), NewGeneration::Restored);
                    let lost = vec![Generation(u32::MAX), Generation(0)];
                    let wait = Wait::new(wait, to_wait(count));
                    Event::GenerationBegan { generation, why, wait, lost }
                }
                _ => {
                    let client = ClientName::new("web").unwrap();
                    Event::ChecksRefused { pool, user, client, code: RefusalCode::PoolFull, count }
                }
            }
        },
    )
}

fn to_wait(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}

fn whole_ms(duration: Duration) -> bool {
    duration.subsec_nanos().is_multiple_of(1_000_000) && u64::try_from(duration.as_millis()).is_ok()
}

fn has_text(time: WallTime) -> bool {
    (WallTime::MIN..=WallTime::MAX).contains(&time)
}

proptest! {
    #[test]
    fn what_passes_the_check_is_read_as_itself_and_nothing_else_passes(event in any_event()) {
        let fits = match &event {
            Event::Overdraft { from, to, .. } | Event::IdleSpell { from, to, .. } => {
                has_text(*from) && has_text(*to)
            }
            Event::GenerationBegan { wait, .. } => whole_ms(wait.whole()) && whole_ms(wait.stated()),
            Event::Initialised { .. }
            | Event::PoolDefined { .. }
            | Event::PoolRemoved { .. }
            | Event::UserAdded { .. }
            | Event::UserChanged { .. }
            | Event::UserRemoved { .. }
            | Event::MachineAdded { .. }
            | Event::MachineRevoked { .. }
            | Event::SignOnRefused { .. }
            | Event::SeatGranted { .. }
            | Event::SeatReacquired { .. }
            | Event::SeatLeaving { .. }
            | Event::SeatReleased { .. }
            | Event::PlaceTaken { .. }
            | Event::PlaceMoved { .. }
            | Event::PlaceEnded { .. }
            | Event::Offered { .. }
            | Event::OfferWithdrawn { .. }
            | Event::RequestCancelled { .. }
            | Event::ChecksRefused { .. }
            | Event::SeatWarned { .. }
            | Event::WarningAnswered { .. }
            | Event::RequestsAged
            | Event::FoundBehind { .. }
            | Event::RecoveryEnded
            | Event::RecordSetAside { .. }
            | Event::Quarantined { .. }
            | Event::MachineConfirmed { .. } => true,
        };
        let written = record(event);
        let stored = written.store_checked();
        prop_assert_eq!(stored.is_ok(), fits, "{:?}", stored);
        if let Ok(stored) = stored {
            prop_assert_eq!(stored.read().unwrap(), written);
        }
    }
}
