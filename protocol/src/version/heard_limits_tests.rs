//! Frames with lists that are too long, with half characters, and with times beyond the last.

use std::collections::BTreeSet;

use super::*;
use crate::bounded_list::{ClaimedPlaces, ClaimedSeats, LeftSeats};

/// Above most limits, above more of them, and above all.
const TIMES: [usize; 3] = [2_100, 5_000, 70_000];

#[test]
fn half_a_character_costs_whoever_asks_an_answer_and_nobody_the_conversation() {
    let spoken = Spoken::newest();
    let problem = |read: Result<Unclear, String>| {
        let unclear = read.unwrap();
        assert!(unclear.why.contains("half of a surrogate pair"), "{unclear:?}");
        unclear.number
    };
    for field in [r#""more":"\ud800""#, r#""\udc00":1"#, r#""more":{"\ud800":["\udfff"]}"#] {
        let frame = format!(r#"{{"type":"message","n":7,"body":{{"kind":"resync"}},{field}}}"#);
        let read = spoken.read::<ToPool>(frame.as_bytes()).unwrap();
        assert_eq!(problem(read.map_err(Ok).unwrap_err()), Number::Some(7), "{frame}");
        let frame = format!(r#"{{"type":"request","id":7,"request":{{"kind":"view"}},{field}}}"#);
        let read = spoken.read::<ToBroker>(frame.as_bytes()).unwrap();
        assert_eq!(problem(read.map_err(Ok).unwrap_err()), Number::Some(7), "{frame}");
        // What is stated is read as far as it can be.
        let frame = format!(r#"{{"type":"answer","n":7,"answer":{{"kind":"done"}},{field}}}"#);
        assert!(spoken.read::<FromPool>(frame.as_bytes()).unwrap().is_ok(), "{frame}");
        let frame = format!(r#"{{"type":"idle","idle_s":9,{field}}}"#);
        assert!(spoken.read::<ToBroker>(frame.as_bytes()).unwrap().is_ok(), "{frame}");
    }
    let odd = br#"{"type":"message","n":"\ud800","body":{"kind":"resync"}}"#;
    let unclear = spoken.read::<ToPool>(odd).unwrap().unwrap_err();
    assert_eq!(unclear.number, Number::Odd(json!("\u{fffd}")));
}

/// Whether a list with the same element this many times is refused or cut.
fn is_limited<F: Frame>(frame: &Value, place: &str, element: &Value, times: usize) -> bool {
    let mut long = frame.clone();
    *long.pointer_mut(place).unwrap() = vec![element.clone(); times].into();
    match Spoken::newest().read::<F>(long.to_string().as_bytes()).unwrap() {
        Err(unclear) if F::ASKS => {
            let field = place.rsplit('/').next().unwrap();
            let told = format!("{field} to be a list of 0 to ");
            assert!(unclear.why.contains(&told), "{place}: {unclear:?}");
            assert!(matches!(unclear.number, Number::Some(_)), "{place}: {unclear:?}");
            true
        }
        Err(unclear) => {
            assert!(unclear.why.contains("too many items"), "{place}: {unclear:?}");
            true
        }
        Ok(read) => {
            let read = serde_json::to_value(read).unwrap();
            let list = read.pointer(place).and_then(Value::as_array);
            let kept = list.unwrap_or_else(|| panic!("{place} was not read: {read}")).len();
            assert!(kept > 0, "{place}: nothing of it was read");
            kept < times
        }
    }
}

/// Returns how many lists there were.
fn every_list_is_limited<F: Frame>(frames: &[Value]) -> usize {
    let mut lists = BTreeSet::new();
    for frame in frames {
        let mut found = Vec::new();
        places(frame, String::new(), &mut found);
        for place in found {
            let Some(Value::Array(elements)) = frame.pointer(&place) else { continue };
            // A span of two numbers is no list.
            let short = elements.iter().min_by_key(|element| element.to_string().len());
            let Some(element) = short.filter(|element| !element.is_number()) else { continue };
            // One of each kind is enough: long ones take their time.
            if !lists.insert((frame["type"].to_string(), place.replace(char::is_numeric, ""))) {
                continue;
            }
            let limited = TIMES.iter().any(|times| is_limited::<F>(frame, &place, element, *times));
            assert!(limited, "{place} of {} has no limit", frame["type"]);
        }
    }
    lists.len()
}

#[test]
fn every_list_of_every_frame_has_a_limit() {
    let lists = [
        every_list_is_limited::<ToBroker>(&to_broker()),
        every_list_is_limited::<ToPool>(&to_pool()),
        every_list_is_limited::<FromBroker>(&from_broker()),
        every_list_is_limited::<FromPool>(&from_pool()),
    ];
    assert!(lists.iter().all(|lists| *lists > 0), "{lists:?} lists were found");
}

#[test]
fn a_list_ends_at_its_limit_and_a_full_renewal_fits_into_a_frame() {
    let id = "\"00000000-0000-4000-8000-000000000006\"";
    let seat = format!(r#"{{"id":{id},"epoch":"ffffffff.9999999999999999999"}}"#);
    let claim = format!(r#"{{"seat":{seat},"idle_s":315576000,"idle_exempt":false}}"#);
    let list = |item: &str, times: usize| vec![item; times].join(",");
    let renewal = |seats: usize, places: usize| {
        let (seats, places) = (list(&claim, seats), list(id, places));
        let body = format!(r#"{{"kind":"renew","seats":[{seats}],"places":[{places}]}}"#);
        format!(r#"{{"type":"message","n":7,"body":{body}}}"#)
    };
    let left = |seats: usize| {
        let body = format!(r#"{{"kind":"leaving_done","seats":[{}]}}"#, list(&seat, seats));
        format!(r#"{{"type":"message","n":7,"body":{body}}}"#)
    };
    let (seats, places) = (ClaimedSeats::ITEMS_MAX, ClaimedPlaces::ITEMS_MAX);
    assert!(renewal(seats, places).len() < crate::link::LINK_FRAME_BYTES_MAX);
    for (frame, why) in [
        (renewal(seats, places), None),
        (left(LeftSeats::ITEMS_MAX), None),
        (renewal(seats + 1, 0), Some("seats to be a list of 0 to 2048 items")),
        (renewal(0, places + 1), Some("places to be a list of 0 to 2048 items")),
        (left(LeftSeats::ITEMS_MAX + 1), Some("seats to be a list of 0 to 256 items")),
        // Whatever is beyond the limit is not looked at.
        (left(256).replace("]}", ",7,7]}"), Some("seats to be a list of 0 to 256 items")),
    ] {
        let read = Spoken::newest().read::<ToPool>(frame.as_bytes()).unwrap();
        let told = read.err().map(|unclear| (unclear.number, unclear.why));
        match (told, why) {
            (None, None) => {}
            (Some((Number::Some(7), told)), Some(why)) if told.contains(why) => {}
            (told, why) => panic!("{told:?} instead of {why:?}"),
        }
    }
}

#[test]
fn a_time_that_would_be_written_as_another_is_refused_with_field_and_range() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/v2/machine_message.jsonl");
    let text = std::fs::read_to_string(root).unwrap();
    let sample = text.lines().find(|line| line.contains("\"overdraft\"")).unwrap();
    let read = |from: &str| {
        let mut body: Value = serde_json::from_str(sample).unwrap();
        body["from"] = from.into();
        let frame = json!({"type": "message", "n": 7, "body": body}).to_string();
        Spoken::newest().read::<ToPool>(frame.as_bytes()).unwrap()
    };
    for good in ["9999-12-30T22:00:00Z", "9999-12-30T22:00:00.0009Z", "-009999-01-02T01:59:59Z"] {
        assert!(read(good).is_ok(), "{good}");
    }
    let range = "use a time from -009999-01-02T01:59:59.000Z to 9999-12-30T22:00:00.000Z";
    for beyond in ["9999-12-30T22:00:00.001Z", "9999-12-30T22:00:00.999Z"] {
        let unclear = read(beyond).unwrap_err();
        assert_eq!(unclear.number, Number::Some(7));
        assert_eq!(unclear.why, format!("from: {range}"), "{beyond}");
    }
    for wrong in ["9999-12-31T22:00:00Z", "noon"] {
        assert!(read(wrong).unwrap_err().why.starts_with("from: "), "{wrong}");
    }
}
