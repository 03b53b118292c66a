//! Pools, users and machines come, change and go.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;

use hotseat_protocol::ids::{ClientName, Generation, Operation, Seq};
use hotseat_protocol::reason::{PlaceEnd, ReleaseReason};

use super::world::{
    BILL, LUCY, OLAF, World, client, desk, machine_of, pool, releases, secs, waiting, web,
};
use crate::presets::infor_crm;
use crate::{
    Command, Contents, DefinitionError, Event, MAX_OPERATIONS, PoolDefinition, Refusal,
    RefusedRequest, State, UserKind,
};

fn define(definition: PoolDefinition) -> Command {
    Command::DefinePool { definition: Box::new(definition) }
}

#[test]
fn a_store_begins_once() {
    let mut world = World::office(1);
    let refusal = world.tries(&Command::Initialise { generation: Generation(1) });
    assert_eq!(refusal, Err(Refusal::IdTaken));
}

#[test]
fn defining_the_same_again_changes_nothing() {
    let mut world = World::office(1);
    assert_eq!(world.does(define(infor_crm(1))), []);
    assert_eq!(world.does(define(infor_crm(2))).len(), 1);
}

#[test]
fn a_removed_pool_waits_for_its_machines_and_is_gone_with_the_last() {
    let mut world = World::office(2);
    let lucy = world.seat(desk(LUCY, 1));
    let bill = world.seat(web(BILL, 2));
    world.does(waiting(desk(OLAF, 3)));
    let events = world.does(Command::RemovePool { pool: pool() });
    assert!(events.contains(&Event::PlaceEnded {
        place: desk(OLAF, 3).fresh_place,
        end: PlaceEnd::PoolRemoved,
        offer: None
    }));
    assert_eq!(releases(&events), [(bill.id, ReleaseReason::PoolRemoved)]);
    assert!(world.state.pool(&pool()).is_none());
    let refusal = world.tries(&desk(OLAF, 4).into());
    assert_eq!(refusal, Err(Refusal::UnknownPool(pool())));
    assert_eq!(world.renews(LUCY, &[lucy], &[]).leaving.len(), 1);
    world.does(Command::ConfirmLeaving { machine: machine_of(LUCY), seat: lucy });
    assert!(world.state.contents().pools.is_empty());
}

#[test]
fn a_pool_made_anew_still_counts_the_seats_that_leave_the_old_one() {
    let mut world = World::office(1);
    world.seat(desk(LUCY, 1));
    world.does(Command::RemovePool { pool: pool() });
    world.does(define(infor_crm(1)));
    assert_eq!(world.facts().in_use, 1);
    world.refused(desk(BILL, 2));
    world.pass(secs(90));
    world.seat(desk(BILL, 3));
}

#[test]
fn a_client_in_use_stays_a_client_that_holds() {
    let mut world = World::office(1);
    world.seat(web(LUCY, 1));
    world.does(waiting(web(BILL, 2)));
    let mut definition = infor_crm(1);
    definition.clients.remove(&client("web"));
    let in_use = DefinitionError::ClientInUse { client: client("web"), seats: 1, places: 1 };
    assert_eq!(world.tries(&define(definition.clone())), Err(Refusal::Definition(in_use)));
    // A seat alone keeps it, too.
    let mut world = World::office(1);
    world.seat(web(LUCY, 1));
    let in_use = DefinitionError::ClientInUse { client: client("web"), seats: 1, places: 0 };
    assert_eq!(world.tries(&define(definition)), Err(Refusal::Definition(in_use)));
}

#[test]
fn a_client_has_at_most_so_many_operations() {
    let with = |operations: usize| {
        let mut definition = infor_crm(1);
        let web = definition.clients.get_mut(&client("web")).unwrap();
        let names = (0..operations).map(|n| Operation::new(format!("operation-{n}")).unwrap());
        web.operations = names.map(|name| (name, None)).collect();
        definition
    };
    let mut world = World::office(1);
    world.does(define(with(MAX_OPERATIONS)));
    for operations in [MAX_OPERATIONS + 1, MAX_OPERATIONS + 2] {
        let too_many = DefinitionError::Operations { client: client("web"), operations };
        let refusal = world.tries(&define(with(operations)));
        assert_eq!(refusal, Err(Refusal::Definition(too_many)));
    }
}

#[test]
fn no_session_lasts_longer_than_a_week_without_a_request() {
    let with = |seconds| {
        let mut definition = infor_crm(1);
        definition.clients.get_mut(&client("web")).unwrap().session_timeout = Some(secs(seconds));
        definition
    };
    let week = 7 * 24 * 3600;
    let mut world = World::office(1);
    world.does(define(with(week)));
    assert!(matches!(world.tries(&define(with(week + 1))), Err(Refusal::Definition(_))));
}

#[test]
fn a_disabled_or_removed_user_leaves_the_line() {
    let mut world = World::office(0);
    world.does(waiting(desk(LUCY, 1)));
    world.does(waiting(desk(BILL, 2)));
    world.does(Command::SetUser { user: LUCY, kind: UserKind::Concurrent, enabled: false });
    world.does(Command::RemoveUser { user: BILL });
    assert_eq!(world.facts().waiting, 0);
    assert_eq!(world.tries(&desk(BILL, 3).into()), Err(Refusal::UnknownUser(BILL)));
    let refusal = world.tries(&Command::RemoveUser { user: BILL });
    assert_eq!(refusal, Err(Refusal::UnknownUser(BILL)));
}

#[test]
fn a_revoked_machine_leaves_the_line() {
    let mut world = World::office(0);
    world.does(waiting(desk(LUCY, 1)));
    let machine = machine_of(LUCY);
    world.does(Command::RevokeMachine { machine });
    assert_eq!(world.facts().waiting, 0);
    assert_eq!(world.does(Command::RevokeMachine { machine }), []);
    assert_eq!(world.tries(&Command::AddMachine { machine }), Err(Refusal::IdTaken));
}

#[test]
fn ids_are_not_used_twice() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.signs_off(LUCY, seat);
    let mut again = desk(BILL, 2);
    again.fresh_seat = seat.id;
    assert_eq!(world.tries(&again.into()), Err(Refusal::IdTaken));
    let kind = UserKind::Named;
    assert_eq!(world.tries(&Command::AddUser { user: LUCY, kind }), Err(Refusal::IdTaken));
}

#[test]
fn a_wrong_definition_says_what_is_wrong() {
    let wrong = |change: fn(&mut PoolDefinition)| {
        let mut definition = infor_crm(2);
        change(&mut definition);
        definition.validate().expect_err("it is wrong").to_string()
    };
    assert_eq!(wrong(|d| d.lease = secs(9)), "lease is 9s: use 10s to 7 days");
    assert_eq!(
        wrong(|d| d.desktop_client = ClientName::new("xbar").unwrap()),
        "desktop_client is xbar: name a client of this pool whose rule is hold"
    );
    assert_eq!(
        wrong(|d| d.name = " ".to_owned()),
        "the pool's name has 0 characters: give it 1 to 100"
    );
    assert!(wrong(|d| d.idle.sign_off_after = d.idle.warn_after).contains("sign_off_after"));
    assert!(wrong(|d| d.seats = 100_001).contains("0 to 100000"));
    assert!(wrong(|d| d.clients.clear()).contains("define 1 to 64"));
    assert!(wrong(|d| client_of(d, "sdata").operations.clear()).contains("at least log-in"));
    assert!(
        wrong(|d| client_of(d, "sdata").session_timeout = Some(Duration::from_secs(60)))
            .contains("remove its session_timeout")
    );
}

#[test]
fn what_is_just_allowed_is_allowed() {
    let mut definition = infor_crm(100_000);
    definition.idle.sign_off_after = definition.idle.warn_after + secs(1);
    assert_eq!(definition.validate(), Ok(()));
}

/// The figures that the documentation names.
#[test]
fn what_a_pool_does_not_say_is_as_documented() {
    let definition = infor_crm(2);
    let durations = [definition.lease, definition.offer, definition.tray_grace];
    assert_eq!(durations, [secs(90), secs(60), secs(10)]);
    assert_eq!(definition.calls_timeout, secs(20 * 60));
    let idle = definition.idle;
    assert_eq!((idle.warn_after, idle.sign_off_after), (secs(1_500), secs(1_620)));
}

#[test]
fn only_the_first_event_of_a_store_begins_its_generation() {
    let world = World::office(1);
    let began: Vec<_> = world.log.iter().map(Event::begins).collect();
    assert_eq!(began[0], Some(Generation(9)));
    assert!(began[1..].iter().all(Option::is_none));
}

/// Makes a snapshot contradict itself.
type Break = fn(&mut Contents);

#[test]
fn a_snapshot_whose_parts_contradict_each_other_is_found() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.does(waiting(web(BILL, 2)));
    world.refused(web(OLAF, 3));
    world.signs_off(LUCY, seat);
    let whole = world.state.contents().clone();
    let breaks: [(&str, Break); 4] = [
        ("no enabled user", |contents| {
            contents.users.get_mut(&BILL).unwrap().enabled = false;
        }),
        ("speaks of what is not there", |contents| {
            contents.pools.get_mut(&infor_crm(1).id).unwrap().line.clear();
        }),
        ("was refused and was not", |contents| {
            contents.refused.values_mut().next().unwrap().changed = Seq(9_999);
        }),
        ("was refused and was not", |contents| {
            let (key, request) = contents.requests.first_key_value().unwrap();
            let refused = contents.refused.values().next().unwrap().clone();
            contents.refused.insert(*key, RefusedRequest { changed: request.changed, ..refused });
        }),
    ];
    for (expected, breaks) in breaks {
        let mut contents = whole.clone();
        breaks(&mut contents);
        let found = State::from_contents(contents).expect_err(expected).to_string();
        assert!(found.contains(expected), "{found}");
    }
}

fn client_of<'a>(
    definition: &'a mut PoolDefinition,
    name: &str,
) -> &'a mut crate::ClientDefinition {
    definition.clients.get_mut(&client(name)).unwrap()
}

#[test]
fn a_snapshot_brings_the_same_state_back_and_a_damaged_one_is_found() {
    let mut world = World::office(2);
    world.seat(desk(LUCY, 1));
    world.seat(desk(LUCY, 2));
    world.does(waiting(web(BILL, 3)));
    world.does(waiting(web(OLAF, 4)));
    let contents = world.state.contents().clone();
    assert_eq!(State::from_contents(contents.clone()).as_ref(), Ok(&world.state));
    let mut damaged = contents;
    damaged.users.remove(&LUCY);
    assert!(State::from_contents(damaged).is_err());
}
