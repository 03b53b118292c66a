//! Checks pass or are refused, and change nothing.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::world::{BILL, LUCY, NINA, World, check, client, desk, pool, secs, web};
use crate::presets::infor_crm;
use crate::{Answer, Caller, Command, Event, Refusal, RefusalCode, UserKind};

fn refused_checks(events: &[Event]) -> Vec<u32> {
    let counts = events.iter().filter_map(|event| match event {
        Event::ChecksRefused { count, .. } => Some(*count),
        _ => None,
    });
    counts.collect()
}

/// One seat, Lucy's, who keeps it for long.
fn full() -> World {
    let mut world = World::office(1);
    let mut definition = infor_crm(1);
    definition.lease = secs(7200);
    world.does(Command::DefinePool { definition: Box::new(definition) });
    world.seat(desk(LUCY, 1));
    world
}

#[test]
fn a_check_passes_while_a_seat_is_free_and_takes_none() {
    let mut world = World::office(1);
    let before = world.state.clone();
    for n in 1..5 {
        assert_eq!(world.hears(check(LUCY, "mobile", n)), Ok(Answer::Passed));
    }
    assert_eq!(world.state, before);
}

#[test]
fn refused_checks_are_journaled_once_a_minute_with_their_number() {
    let mut world = full();
    let first = Event::ChecksRefused {
        pool: pool(),
        user: BILL,
        client: client("xbar"),
        code: RefusalCode::PoolFull,
        count: 1,
    };
    assert_eq!(world.does(check(BILL, "xbar", 2)), [first]);
    for n in 3..6 {
        let refusal = world.tries(&check(BILL, "xbar", n).into());
        assert_eq!(refusal, Err(Refusal::CheckRefused { code: RefusalCode::PoolFull }));
    }
    assert_eq!(refused_checks(&world.pass(secs(59))), [0_u32; 0]);
    assert_eq!(refused_checks(&world.pass(secs(1))), [3]);
    assert_eq!(refused_checks(&world.pass(secs(120))), [0_u32; 0]);
    assert_eq!(refused_checks(&world.does(check(BILL, "xbar", 9))), [1]);
}

#[test]
fn another_client_or_user_is_counted_apart() {
    let mut world = full();
    for command in [check(BILL, "xbar", 2), check(BILL, "sdata", 3), check(LUCY, "xbar", 4)] {
        assert_eq!(refused_checks(&world.does(command)), [1]);
    }
}

#[test]
fn a_repeated_check_is_counted_once() {
    let mut world = full();
    world.does(check(BILL, "xbar", 2));
    for _ in 0..3 {
        assert_eq!(world.refused(check(BILL, "xbar", 2)).code, RefusalCode::PoolFull);
        assert_eq!(world.refused(check(BILL, "xbar", 3)).code, RefusalCode::PoolFull);
    }
    assert_eq!(refused_checks(&world.pass(secs(60))), [1]);
}

#[test]
fn hold_clients_may_check_too() {
    let mut world = full();
    let refused = world.refused(check(BILL, "web", 2));
    assert_eq!(
        refused.fixed_message.as_deref(),
        Some("no Valid Concurrent User license available")
    );
}

#[test]
fn a_named_user_passes_a_full_pool_unless_disabled() {
    let mut world = full();
    assert_eq!(world.hears(check(NINA, "outlook", 2)), Ok(Answer::Passed));
    world.does(Command::SetUser { user: NINA, kind: UserKind::Named, enabled: false });
    let refused = world.refused(check(NINA, "outlook", 3));
    assert_eq!((refused.code, refused.fixed_message), (RefusalCode::UserDisabled, None));
}

#[test]
fn a_holder_passes_only_where_the_pool_says_so() {
    let mut world = full();
    assert_eq!(world.refused(check(LUCY, "mobile", 2)).code, RefusalCode::PoolFull);
    let mut definition = infor_crm(1);
    definition.options.holder_passes_check = true;
    world.does(Command::DefinePool { definition: Box::new(definition) });
    assert_eq!(world.hears(check(LUCY, "mobile", 3)), Ok(Answer::Passed));
    assert_eq!(world.refused(check(BILL, "mobile", 4)).code, RefusalCode::PoolFull);
    // A seat that is being taken back is hers no more, though it still counts.
    let seat = world.seat(desk(LUCY, 1));
    world.does(Command::Reclaim { by: Caller::Admin, seat: seat.id, why: None });
    assert_eq!(world.refused(check(LUCY, "mobile", 5)).code, RefusalCode::PoolFull);
}

#[test]
fn what_the_pool_does_not_know_is_an_error_and_no_refusal() {
    let mut world = full();
    let mut unknown = check(BILL, "mobile", 2);
    unknown.client = client("fax");
    let refusal = world.tries(&unknown.into()).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "pool infor-crm has no client fax; it has mobile, network, outlook, sdata, web, xbar"
    );
    let mut odd = check(BILL, "outlook", 3);
    odd.operation = hotseat_protocol::ids::Operation::new("dance").unwrap();
    let refusal = world.tries(&odd.into()).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "client outlook has no operation dance; it has log-in, send-to-crm, synchronise"
    );
    let nobody = super::world::user(99);
    let refusal = world.tries(&check(nobody, "mobile", 4).into());
    assert_eq!(refusal, Err(Refusal::UnknownUser(nobody)));
}

#[test]
fn a_check_cannot_use_the_request_of_a_sign_on() {
    let mut world = full();
    world.refused(web(BILL, 5));
    assert_eq!(world.tries(&check(BILL, "web", 5).into()), Err(Refusal::RequestReused));
}
