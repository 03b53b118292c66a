//! The link by a real WebSocket client: greeting, projection, sign-on, renewal, line.

use std::time::Duration;

use hotseat_protocol::bounded_text::TypedPassword;
use hotseat_protocol::ids::{ClientName, PoolId, SeatRef, Secret};
use hotseat_protocol::link::{
    Accept, ClaimedSeat, FromPool, MachineMessage, Outcome, PoolAnswer, Projected, Renewal,
};
use hotseat_protocol::problem::Code;
use hotseat_protocol::quantity::IdleSeconds;
use hotseat_protocol::reason::ReleaseReason;
use serde_json::json;

use crate::socket::{Link, Machine, sign_on};
use crate::world::{POOL, Server};

fn seat_of(outcome: &Outcome) -> SeatRef {
    match outcome {
        Outcome::Seat { seat, .. } => *seat,
        other => panic!("{other:?}"),
    }
}

fn claim(seat: SeatRef, idle_s: Option<u64>) -> Renewal {
    let idle_s = idle_s.map(IdleSeconds::clamped);
    let claim = ClaimedSeat { seat, idle_s, idle_exempt: false };
    Renewal { seats: claim.into(), ..Renewal::default() }
}

#[test]
fn a_snapshot_comes_first_then_changes_each_naming_the_one_before() {
    let server = Server::start(2);
    server.add_person("Lucy", "concurrent");
    let machine = Machine::enrol(&server, "desk-1");
    let mut link = Link::up(&server, &machine);
    let snapshot = |frame: &&FromPool| matches!(frame, FromPool::Snapshot { .. });
    let Some(FromPool::Snapshot { push, items, .. }) = link.pushes.iter().find(snapshot).cloned()
    else {
        panic!("{:?}", link.pushes)
    };
    assert!(matches!(&items[..], [Projected::Pool { pool }] if pool.seats == 2), "{items:?}");
    let token = link.log_in("Lucy");
    let outcome = link.sign_on(sign_on(&token, "session 1"));
    let seat = seat_of(&outcome);
    let mine = link.wait_for_item(|item| matches!(item, Projected::Seat { .. }));
    let Projected::Seat { seat: mine } = mine else { unreachable!() };
    assert_eq!((mine.seat, mine.anchor.as_str()), (seat, "session 1"));
    let in_use = |item: &Projected| matches!(item, Projected::Pool { pool } if pool.in_use == 1);
    let pool = link.wait_for_item(in_use);
    let Projected::Pool { pool } = pool else { unreachable!() };
    assert_eq!(pool.holders[0].user.as_deref(), Some("Lucy"));
    assert_eq!(pool.holders[0].seat, Some(seat.id));
    let mut last = push;
    for frame in &link.pushes {
        if let FromPool::Changed { push, previous, .. } = frame {
            assert_eq!(*previous, last, "a gap");
            last = *push;
        }
    }
    // A machine that missed a push asks for a snapshot, and gets one.
    assert_eq!(link.ask(MachineMessage::Resync), PoolAnswer::Done);
    let again = link.wait_for(|frame| matches!(frame, FromPool::Snapshot { .. }));
    let FromPool::Snapshot { items, .. } = again else { unreachable!() };
    assert!(items.iter().any(|item| matches!(item, Projected::Seat { .. })), "{items:?}");
}

#[test]
fn a_seat_lives_by_its_renewals_and_ends_by_sign_off() {
    let server = Server::with_own_time(1);
    server.add_person("Lucy", "concurrent");
    let machine = Machine::enrol(&server, "desk-1");
    let mut link = Link::up(&server, &machine);
    let token = link.log_in("Lucy");
    let first = sign_on(&token, "session 1");
    let outcome = link.sign_on(first.clone());
    let seat = seat_of(&outcome);
    let Outcome::Seat { left_ms, counted, .. } = outcome else { unreachable!() };
    assert_eq!((left_ms.get(), counted), (90_000, true));

    server.advance(Duration::from_secs(60));
    // A repeat changes nothing and says what is left.
    let Outcome::Seat { seat: again, left_ms, .. } = link.sign_on(first) else { panic!() };
    assert_eq!((again, left_ms.get()), (seat, 30_000));
    let renewed = link.renew(claim(seat, Some(3)));
    assert_eq!((renewed.seats[0].seat, renewed.seats[0].left_ms.get()), (seat, 90_000));
    let unclaimed = link.renew(Renewal::default());
    assert_eq!(unclaimed.unclaimed[0].seat, seat);
    server.advance(Duration::from_secs(89));
    assert_eq!(server.admin().in_use(), 1);
    server.advance(Duration::from_secs(1));
    assert_eq!(server.admin().in_use(), 0);
    let renewed = link.renew(claim(seat, None));
    let end = renewed.ended[0].end.clone().unwrap();
    assert_eq!(end.reason, ReleaseReason::LeaseExpired);

    let seat = seat_of(&link.sign_on(sign_on(&token, "session 1")));
    let reason = ReleaseReason::TrayClosed;
    assert_eq!(link.ask(MachineMessage::SignOff { seat, reason }), PoolAnswer::Done);
    assert_eq!(link.ask(MachineMessage::SignOff { seat, reason }), PoolAnswer::Done);
    assert_eq!(server.admin().in_use(), 0);
    let history = server.history();
    let last = history.last().unwrap();
    assert_eq!((&last["reason"], &last["machine"]), (&json!("tray_closed"), &json!("desk-1")));
}

#[test]
fn a_newer_link_closes_the_older_and_a_closed_one_releases_nothing() {
    let server = Server::start(2);
    server.add_person("Lucy", "concurrent");
    let machine = Machine::enrol(&server, "desk-1");
    let mut first = Link::up(&server, &machine);
    let token = first.log_in("Lucy");
    let seat = seat_of(&first.sign_on(sign_on(&token, "session 1")));
    let mut second = Link::up(&server, &machine);
    assert_eq!(first.closed(), "a newer link of this machine came");
    let renewed = second.renew(claim(seat, None));
    assert_eq!(renewed.seats[0].seat, seat);
    assert_eq!(server.admin().get("/api/v1/machines").expect(200)[0]["connected"], true);
    drop(second);
    let third = Link::up(&server, &machine);
    assert_eq!(server.admin().in_use(), 1);
    drop(third);
}

#[test]
fn a_full_pool_says_the_same_over_the_link() {
    let server = Server::start(1);
    let lucy = server.person("Lucy");
    lucy.sign_on("network").expect(201);
    server.add_person("Bill", "concurrent");
    let machine = Machine::enrol(&server, "desk-1");
    let mut link = Link::up(&server, &machine);
    let token = link.log_in("Bill");
    let Outcome::Refused { problem } = link.sign_on(sign_on(&token, "s")) else { panic!() };
    assert_eq!(problem.code, Code::PoolFull);
    assert_eq!(problem.detail, "The only seat is in use: Lucy. You would be next.");
    let facts = problem.facts.unwrap();
    let message = "there are no concurrent licenses available for use";
    assert_eq!(facts.legacy_message.as_deref(), Some(message));
    let check = MachineMessage::Check {
        request: sign_on(&token, "s").request,
        token: token.clone(),
        pool: PoolId::new(POOL).unwrap(),
        client: ClientName::new("mobile").unwrap(),
        operation: None,
    };
    let PoolAnswer::Outcome { outcome: Outcome::Refused { problem } } = link.ask(check) else {
        panic!()
    };
    let facts = problem.facts.unwrap();
    assert_eq!(facts.legacy_message.as_deref(), Some("the user name or password is invalid"));
}

#[test]
fn a_waiter_is_offered_the_seat_and_takes_it() {
    let server = Server::start(1);
    let lucy = server.person("Lucy");
    let seat = lucy.sign_on("network").expect(201);
    server.add_person("Olaf", "concurrent");
    let machine = Machine::enrol(&server, "desk-1");
    let mut link = Link::up(&server, &machine);
    let token = link.log_in("Olaf");
    let waiting =
        hotseat_protocol::link::SignOn { wait: Some(Accept::Ask), ..sign_on(&token, "session 1") };
    let request = waiting.request;
    let outcome = link.sign_on(waiting.clone());
    let Outcome::Waiting { rank: 1, offer: None, .. } = outcome else { panic!("{outcome:?}") };
    let renewal = Renewal { places: request.into(), ..Renewal::default() };
    assert_eq!(link.renew(renewal.clone()).places[0].rank, 1);

    lucy.delete(&crate::world::seat_path(&seat)).expect(204);
    let place = link
        .wait_for_item(|item| matches!(item, Projected::Place { place } if place.offer.is_some()));
    let Projected::Place { place } = place else { unreachable!() };
    let offer = place.offer.unwrap();
    assert!((1..=60_000).contains(&offer.left_ms.get()), "{offer:?}");
    assert_eq!(link.renew(renewal).places[0].offer.map(|offer| offer.id), Some(offer.id));
    let accept = MachineMessage::AcceptOffer { offer: offer.id, request };
    let PoolAnswer::Outcome { outcome } = link.ask(accept.clone()) else { panic!() };
    let taken = seat_of(&outcome);
    let PoolAnswer::Outcome { outcome } = link.ask(accept) else { panic!() };
    assert_eq!(seat_of(&outcome), taken);
    assert_eq!(seat_of(&link.sign_on(waiting)), taken);
}

#[test]
fn leaving_the_line_and_cancelling_leave_nothing_behind() {
    let server = Server::start(1);
    let lucy = server.person("Lucy");
    lucy.sign_on("network").expect(201);
    server.add_person("Olaf", "concurrent");
    let machine = Machine::enrol(&server, "desk-1");
    let mut link = Link::up(&server, &machine);
    let token = link.log_in("Olaf");
    let waiting =
        hotseat_protocol::link::SignOn { wait: Some(Accept::Ask), ..sign_on(&token, "session 1") };
    let request = waiting.request;
    link.sign_on(waiting);
    assert_eq!(link.ask(MachineMessage::LeaveLine { request }), PoolAnswer::Done);
    assert_eq!(link.ask(MachineMessage::LeaveLine { request }), PoolAnswer::Done);
    assert_eq!(server.admin().get("/api/v1/pools/infor-crm").expect(200)["waiting"], 0);
    // A cancel that overtakes its sign-on refuses it.
    let late = sign_on(&token, "session 1");
    let cancel =
        MachineMessage::Cancel { request: late.request, reason: ReleaseReason::NobodyTookIt };
    assert_eq!(link.ask(cancel), PoolAnswer::Done);
    assert_eq!(link.sign_on(late), Outcome::Cancelled);
}

#[test]
fn a_seat_that_is_taken_back_counts_until_its_machine_lets_go() {
    let server = Server::start(1);
    server.add_person("Lucy", "concurrent");
    let machine = Machine::enrol(&server, "desk-1");
    let mut link = Link::up(&server, &machine);
    let token = link.log_in("Lucy");
    let seat = seat_of(&link.sign_on(sign_on(&token, "session 1")));
    let path = format!("/api/v1/seats/{}/reclaim", seat.id);
    server.admin().post(&path, &json!({ "note": "closing" })).expect(204);
    assert_eq!(server.admin().in_use(), 1);
    let told = link
        .wait_for_item(|item| matches!(item, Projected::Seat { seat } if seat.leaving.is_some()));
    let Projected::Seat { seat: told } = told else { unreachable!() };
    let end = told.leaving.unwrap();
    assert_eq!((end.reason, end.note.as_deref()), (ReleaseReason::Reclaimed, Some("closing")));
    assert_eq!(end.by.as_deref(), Some("an administrator"));
    let renewed = link.renew(claim(seat, None));
    assert_eq!(renewed.leaving[0].seat, seat);
    assert!(renewed.seats.is_empty());
    assert_eq!(link.ask(MachineMessage::LeavingDone { seats: seat.into() }), PoolAnswer::Done);
    assert_eq!(server.admin().in_use(), 0);
    link.wait_for_item(|item| matches!(item, Projected::SeatEnded { .. }));
}

#[test]
fn a_log_in_belongs_to_its_machine() {
    let server = Server::start(2);
    let lucy = server.person("Lucy");
    let (one, two) = (Machine::enrol(&server, "desk-1"), Machine::enrol(&server, "desk-2"));
    let (mut first, mut second) = (Link::up(&server, &one), Link::up(&server, &two));
    let token = first.log_in("Lucy");
    server.client().with_token(token.expose()).get("/api/v1/me").expect(401);
    lucy.get("/api/v1/me").expect(200);
    let stolen = second.ask(MachineMessage::SignOn(sign_on(&token, "s")));
    let PoolAnswer::Problem { problem } = stolen else { panic!("{stolen:?}") };
    assert_eq!(problem.code, Code::NotAuthenticated);
    let wrong = first.ask(MachineMessage::LogIn {
        email: "lucy@finance.example".parse().unwrap(),
        password: TypedPassword::new(Secret::new("not her password")).unwrap(),
        os_user: None,
    });
    let PoolAnswer::Problem { problem } = wrong else { panic!("{wrong:?}") };
    assert_eq!(problem.code, Code::WrongPassword);
    assert_eq!(first.ask(MachineMessage::LogOut { token: token.clone() }), PoolAnswer::Done);
    let over = first.ask(MachineMessage::SignOn(sign_on(&token, "s")));
    assert!(matches!(over, PoolAnswer::Problem { .. }), "{over:?}");
}

#[test]
fn an_idle_holder_is_told_that_the_seat_is_wanted() {
    let server = Server::start(1);
    server.add_person("Lucy", "concurrent");
    let olaf = server.person("Olaf");
    let machine = Machine::enrol(&server, "desk-1");
    let mut link = Link::up(&server, &machine);
    let token = link.log_in("Lucy");
    let seat = seat_of(&link.sign_on(sign_on(&token, "session 1")));
    link.renew(claim(seat, Some(26 * 60)));
    let body = json!({ "request_id": crate::world::fresh(), "client": "network", "wait": "ask" });
    olaf.post(&crate::world::seats(), &body).expect(202);
    let warning = link.wait_for(|frame| matches!(frame, FromPool::WarnIdle { .. }));
    assert_eq!(warning, FromPool::WarnIdle { seat, waiter: Some("Olaf".to_owned()) });
    let ended = MachineMessage::WarningEnded {
        seat,
        outcome: hotseat_protocol::link::WarningOutcome::Kept,
        idle_s: IdleSeconds::clamped(26 * 60),
    };
    assert_eq!(link.ask(ended), PoolAnswer::Done);
    // She came back after more than five minutes: that is worth a record.
    link.renew(claim(seat, Some(0)));
    let mut found = Vec::new();
    for _ in 0..1000 {
        found = server.history().iter().map(|record| record["what"].clone()).collect();
        if found.contains(&json!("idle_spell")) {
            break;
        }
    }
    for what in ["seat_warned", "warning_answered", "idle_spell"] {
        assert!(found.contains(&json!(what)), "{what}: {found:?}");
    }
}

#[test]
fn a_stopping_server_says_so_and_keeps_the_seats() {
    let mut server = Server::start(2);
    server.add_person("Lucy", "concurrent");
    let machine = Machine::enrol(&server, "desk-1");
    let mut link = Link::up(&server, &machine);
    let token = link.log_in("Lucy");
    let seat = seat_of(&link.sign_on(sign_on(&token, "session 1")));
    server.stop();
    assert_eq!(link.closed(), "the pool server is stopping");
    let server = server.restart();
    let mut link = Link::up(&server, &machine);
    assert_eq!(link.renew(claim(seat, None)).seats[0].seat, seat);
    assert_eq!(server.admin().in_use(), 1);
}
