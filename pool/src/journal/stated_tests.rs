//! What snapshots keep of the leases that were stated, and those of programs that kept none.

use std::time::Duration;

use hotseat_protocol::ids::{
    Anchor, ClientName, Generation, MachineId, OfferId, Operation, PlaceId, RequestId, SeatId, Seq,
    UserId, WallTime,
};
use hotseat_rules::presets::infor_crm;
use hotseat_rules::{
    Accept, Asked, At, BodyHash, Caller, Event, Keeper, PoolDefinition, RequestKey, State,
    UserKind, apply,
};
use serde_json::Value;

use super::StoredSnapshot;

/// Lucy holds a seat and Bill waits with an offer, each told by a longer definition than the
/// pool's is now.
fn state() -> State {
    let before = infor_crm(2);
    let now = PoolDefinition {
        lease: Duration::from_secs(10),
        offer: Duration::from_secs(5),
        ..before.clone()
    };
    let machine = MachineId::from_random(1);
    let asked = |n: u128| Asked {
        request: RequestKey { caller: Caller::Machine(machine), id: RequestId::from_random(n) },
        body: BodyHash([0; 32]),
        pool: before.id.clone(),
        user: UserId::from_random(n),
        client: ClientName::new("network").unwrap(),
        operation: Operation::new("log-in").unwrap(),
    };
    let user = |n| Event::UserAdded { user: UserId::from_random(n), kind: UserKind::Concurrent };
    let (keeper, anchor) = (Keeper::Machine(machine), Anchor::new("session").unwrap());
    let place = PlaceId::from_random(4);
    let events = [
        Event::Initialised { generation: Generation(7) },
        Event::PoolDefined { definition: Box::new(before.clone()) },
        user(2),
        user(3),
        Event::MachineAdded { machine },
        Event::SeatGranted {
            seat: SeatId::from_random(5),
            asked: asked(2),
            keeper,
            anchor: anchor.clone(),
            counted: true,
            offer: None,
        },
        Event::PlaceTaken { place, asked: asked(3), keeper, anchor, accept: Accept::Ask },
        Event::Offered { place, offer: OfferId::from_random(6) },
        Event::PoolDefined { definition: Box::new(now) },
    ];
    let mut state = State::default();
    for (event, seq) in events.iter().zip(1..) {
        apply(&mut state, event, At { seq: Seq(seq), time: WallTime { unix_ms: 0 } });
    }
    state
}

#[test]
fn what_was_stated_survives_a_snapshot() {
    let state = state();
    assert_eq!(StoredSnapshot::of(state.contents()).read().unwrap(), state);
}

#[test]
fn a_snapshot_that_keeps_none_of_it_is_still_what_the_journal_says() {
    let state = state();
    let StoredSnapshot { seq, generation, version, payload, .. } =
        StoredSnapshot::of(state.contents());
    let mut json: Value = serde_json::from_slice(&payload).unwrap();
    let pool = &mut json["pools"][0];
    let lists = [("seats", "longest_lease_ms"), ("line", "longest_lease_ms")];
    for (list, key) in lists {
        pool[list][0].as_object_mut().unwrap().remove(key).expect("it was kept");
    }
    pool["line"][0]["offer"].as_object_mut().unwrap().remove("stands_ms").expect("it was kept");
    json["machines"][0].as_object_mut().unwrap().remove("people").expect("they were kept");
    let payload = serde_json::to_vec(&json).unwrap();
    let read = StoredSnapshot::sealed(seq, generation, version, payload).read().unwrap();
    assert_ne!(read, state);
    assert!(read.says_the_same(&state), "so verifying does not take it for damaged");
}
