//! How many seats there are, and who counts.

use alloc::boxed::Box;
use alloc::vec::Vec;

use hotseat_protocol::reason::ReleaseReason;

use super::world::{APP, BILL, LUCY, NINA, OLAF, World, client, desk, wall, web};
use crate::presets::infor_crm;
use crate::{At, Command, Event, Outcome, Refusal, RefusalCode, Rule, UserKind, apply, decide};

#[test]
fn two_hold_and_a_third_is_refused_with_the_message_and_the_truth() {
    let mut world = World::office(2);
    world.seat(desk(LUCY, 1));
    world.seat(web(BILL, 2));
    let refused = world.refused(desk(OLAF, 3));
    assert_eq!(refused.code, RefusalCode::PoolFull);
    assert_eq!(
        refused.fixed_message.as_deref(),
        Some("there are no concurrent licenses available for use")
    );
    assert_eq!((refused.facts.seats, refused.facts.in_use), (2, 2));
    let holders: Vec<_> = refused.facts.holders.iter().map(|holder| holder.user).collect();
    assert_eq!(holders, [LUCY, BILL]);
    assert_eq!(refused.position, None);
}

#[test]
fn a_refused_sign_on_is_journaled_with_its_reason() {
    let mut world = World::office(0);
    let sign_on = desk(LUCY, 1);
    let expected = Event::SignOnRefused { asked: sign_on.asked(), code: RefusalCode::PoolFull };
    assert_eq!(world.does(sign_on), [expected]);
}

#[test]
fn a_freed_seat_can_be_granted_again() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.signs_off(LUCY, seat);
    world.seat(desk(BILL, 2));
}

#[test]
fn a_named_user_is_granted_without_being_counted() {
    let mut world = World::office(1);
    world.seat(desk(LUCY, 1));
    assert!(matches!(world.became(desk(NINA, 2)), Outcome::Seat { counted: false, .. }));
    let facts = world.facts();
    assert_eq!((facts.in_use, facts.holders.len()), (1, 2));
}

#[test]
fn whether_a_seat_counts_is_fixed_at_the_grant() {
    let mut world = World::office(1);
    let seat = world.seat(desk(NINA, 1));
    world.does(Command::SetUser { user: NINA, kind: UserKind::Concurrent, enabled: true });
    assert_eq!(world.facts().in_use, 0);
    world.seat(desk(LUCY, 2));
    world.signs_off(NINA, seat);
    assert_eq!(world.facts().in_use, 1);
    assert_eq!(world.refused(desk(NINA, 3)).code, RefusalCode::PoolFull);
}

#[test]
fn a_user_with_two_anchors_has_two_seats() {
    let mut world = World::office(2);
    world.seat(desk(LUCY, 1));
    world.seat(web(LUCY, 2));
    assert_eq!(world.facts().in_use, 2);
}

#[test]
fn lowering_the_number_evicts_nobody_and_grants_nothing() {
    let mut world = World::office(2);
    let lucy = world.seat(desk(LUCY, 1));
    world.seat(desk(BILL, 2));
    world.does(Command::DefinePool { definition: Box::new(infor_crm(1)) });
    assert_eq!(world.facts().in_use, 2);
    world.signs_off(LUCY, lucy);
    assert_eq!(world.refused(desk(OLAF, 3)).code, RefusalCode::PoolFull);
}

#[test]
fn every_client_meets_a_full_pool_with_its_own_rule_and_message() {
    for (name, client_definition) in infor_crm(1).clients {
        let mut world = World::office(1);
        world.seat(desk(LUCY, 1));
        for (n, (operation, message)) in (10..).zip(&client_definition.operations) {
            let mut check = super::world::check(BILL, name.as_str(), n);
            check.operation = operation.clone();
            let refused = world.refused(check);
            assert_eq!(refused.code, RefusalCode::PoolFull);
            assert_eq!(refused.fixed_message, *message, "{name} {operation}");
        }
        let mut sign_on = web(BILL, 2);
        sign_on.client = client(name.as_str());
        let expected = match client_definition.rule {
            Rule::Hold => RefusalCode::PoolFull,
            Rule::Check => RefusalCode::ClientCannotHold,
        };
        let refused = world.refused(sign_on);
        assert_eq!(refused.code, expected);
        assert_eq!(refused.fixed_message.is_some(), client_definition.rule == Rule::Hold);
        assert_eq!(world.facts().in_use, 1);
    }
}

#[test]
fn one_seat_per_user_lets_the_newer_take_the_stead_of_the_older() {
    let mut definition = infor_crm(1);
    definition.options.one_seat_per_user = true;
    let mut world = World::with(definition);
    let old = world.seat(web(LUCY, 1));
    let new = world.seat(web(LUCY, 2));
    assert_ne!(old.id, new.id);
    assert_eq!(world.facts().in_use, 1);
    assert!(matches!(world.outcome(super::world::APP, 1), Outcome::Ended(_)));
}

#[test]
fn one_seat_per_user_waits_for_the_machine_that_still_has_the_older() {
    let mut definition = infor_crm(2);
    definition.options.one_seat_per_user = true;
    let mut world = World::with(definition);
    world.seat(desk(LUCY, 1));
    world.seat(web(LUCY, 2));
    // The older still counts until its machine has let go.
    assert_eq!(world.facts().in_use, 2);
    assert_eq!(world.refused(desk(BILL, 3)).code, RefusalCode::PoolFull);
    // A third sign-on takes the stead of the second at once, and of nobody else.
    world.seat(web(LUCY, 4));
    assert_eq!(world.facts().in_use, 2);
}

#[test]
fn nobody_takes_the_stead_of_the_older_where_the_others_alone_fill_a_pool_that_was_made_smaller() {
    let with = |seats| {
        let mut definition = infor_crm(seats);
        definition.options.one_seat_per_user = true;
        definition
    };
    let mut world = World::with(with(3));
    for (user, n) in [(LUCY, 1), (BILL, 2), (OLAF, 3)] {
        world.seat(web(user, n));
    }
    world.does(Command::DefinePool { definition: Box::new(with(2)) });
    assert_eq!(world.refused(web(LUCY, 4)).code, RefusalCode::PoolFull);
    assert_eq!(world.facts().in_use, 3, "her older seat stays");
}

#[test]
fn who_counts_is_listed_before_who_does_not() {
    let mut world = World::office(2);
    world.seat(desk(NINA, 1));
    world.seat(desk(LUCY, 2));
    world.seat(desk(BILL, 3));
    let holders: Vec<_> = world.facts().holders.iter().map(|holder| holder.user).collect();
    assert_eq!(holders, [LUCY, BILL, NINA]);
}

#[test]
fn a_user_with_an_own_licence_does_not_sit_at_a_thousand_and_one_places() {
    let mut world = World::office(1);
    // Most of them without the model, which looks at all of them after each.
    for n in 1..1_000 {
        let command = web(NINA, n).into();
        for event in decide(&world.state, &world.presence, &command, world.now).unwrap() {
            let seq = world.state.seq().next();
            apply(&mut world.state, &event, At { seq, time: wall(seq) });
        }
    }
    let last = world.seat(web(NINA, 1_000));
    let more = world.tries(&web(NINA, 1_001).into());
    assert_eq!(more, Err(Refusal::TooManySeats(1_000)));
    // The number is no matter of hers, and hers is none of others.
    world.seat(desk(LUCY, 2_000));
    let reason = ReleaseReason::SignedOffByTheUser;
    world.does(Command::SignOff { by: APP, seat: last, reason });
    world.seat(web(NINA, 1_001));
}
