//! What one caller may have written down and remembered where all that it asks succeeds.

use std::time::Duration;

use hotseat_protocol::ids::{Anchor, ClientName, RequestId, SeatId, Seq, ServiceId, WallTime};
use hotseat_protocol::reason::ReleaseReason;
use hotseat_rules::presets::infor_crm;
use hotseat_rules::{Caller, Command, Event, RequestKey, SignOn, UserKind, WarningAnswer};

use super::office::{machine, pool, renew, sign_off, sign_on, user, wait};
use super::{Driver, seat};
use crate::engine::spending::{ADMINISTRATORS, Budget, MACHINE, PERSON, SERVICE, Spending, UNSEEN};
use crate::engine::{Failure, Reply, Work};
use crate::journal::Journal as _;
use crate::journal::memory::Fault;

/// Bytes of the journal on the disk, with what a row costs beside its texts.
const ROW_BYTES: usize = 120;

fn journal_bytes(driver: &Driver) -> usize {
    let (mut journal, mut after, mut bytes) = (driver.disk.open(), Seq(0), 0);
    loop {
        let page = journal.read_after(after).unwrap();
        let Some(last) = page.last() else { return bytes };
        after = last.seq;
        bytes += page.iter().map(|record| record.payload.len() + ROW_BYTES).sum::<usize>();
    }
}

fn too_much(reply: &Reply) -> Option<Duration> {
    let Reply::Failed(Failure::TooMuch { wait }) = reply else { return None };
    Some(*wait)
}

/// As often as a caller is let, at this instant.
fn until_told_to_wait(mut act: impl FnMut(u128) -> Reply) -> u128 {
    for n in 0.. {
        let reply = act(n);
        if too_much(&reply).is_some() {
            return n;
        }
        assert!(matches!(reply, Reply::Answered(Ok(_))), "{reply:?}");
        assert!(n < 10_000, "nothing is limited");
    }
    unreachable!("there is no end to numbers")
}

fn usize_of(number: u128) -> usize {
    usize::try_from(number).unwrap()
}

#[test]
fn ten_minutes_of_one_persons_loop_leave_what_the_budget_says_and_nobody_else_notices() {
    let mut driver = Driver::new();
    let before = (driver.committed().contents().requests.len(), journal_bytes(&driver));
    let most = PERSON.within(Duration::from_mins(10));
    let (mut request, mut rounds) = (1_000, 0);
    // At a rate that a budget cannot follow: whoever is told to wait at an instant is told the same
    // however often they ask at that instant.
    for tick in 0..6_000 {
        driver.now = driver.now + Duration::from_millis(100);
        for _ in 0..200 {
            request += 1;
            let reply = driver.answer(sign_on(1, request));
            if let Some(wait) = too_much(&reply) {
                assert!(wait <= PERSON.every, "{wait:?}");
                assert_eq!(driver.answer(sign_on(1, request)), reply, "at tick {tick}");
                break;
            }
            let held = seat(&reply).expect("a seat is free");
            rounds += 1;
            assert!(rounds <= most, "nothing is limited");
            let off = driver.answer(sign_off(1, held));
            assert!(matches!(off, Reply::Answered(Ok(_))), "a sign-off is never limited: {off:?}");
        }
        if tick % 1_000 == 0 {
            request += 1;
            let other = seat(&driver.answer(sign_on(2, request))).expect("another is served");
            driver.answer(sign_off(2, other));
        }
    }
    assert!((most - 1..=most).contains(&rounds), "{rounds} of {most}");
    let contents = driver.committed().contents();
    assert!(contents.requests.len() - before.0 <= usize_of(most) + 6, "what is remembered");
    let bytes = journal_bytes(&driver) - before.1;
    // Two records each, and an hour's worth of a day in which the loop goes on.
    assert!(bytes <= usize_of(most) * 2_000, "{bytes} bytes of journal");
    let day = usize_of(PERSON.within(Duration::from_hours(24))) * 2_000;
    assert!(day <= 200 << 20, "{day} bytes of journal a day");
    driver.audit();
}

#[test]
fn who_is_told_to_wait_still_renews_signs_off_and_hears_what_became_of_what_was_asked() {
    let mut driver = Driver::new();
    let held = seat(&driver.answer(sign_on(1, 1))).unwrap();
    // The same key again and again: each is a grant of its own.
    let rounds = until_told_to_wait(|n| driver.answer(sign_on(1, 10 + n)));
    assert_eq!(rounds + 1, u128::from(PERSON.burst));
    let newest = driver.committed().seat(held.id).unwrap().seat_ref();
    let (ticket, input) = driver.ticket(renew(1, &[newest]));
    driver.step(vec![input]);
    driver.run();
    let Reply::Renewed(renewed) = driver.replies.remove(&ticket).unwrap() else { panic!() };
    assert_eq!(renewed.renewed.len(), 1);
    assert_eq!(seat(&driver.answer(sign_on(1, 9 + rounds))), Some(newest), "a repeat");
    assert!(matches!(driver.answer(sign_off(1, newest)), Reply::Answered(Ok(_))));
    // After the time that was told there is room for one.
    let refused = driver.answer(sign_on(1, 9_999));
    driver.wait(too_much(&refused).expect("still too much"));
    let again = seat(&driver.answer(sign_on(1, 9_999))).expect("a seat");
    assert!(too_much(&driver.answer(sign_on(1, 10_000))).is_some());
    driver.answer(sign_off(1, again));
    driver.audit();
}

/// A sign-on of a service for a person, which is kept by calls.
fn call(n: u128, person: u128) -> SignOn {
    let Command::SignOn(desk) = sign_on(person, n) else { unreachable!("it signs on") };
    SignOn {
        caller: Caller::Service(ServiceId::from_random(1)),
        client: ClientName::new("web").unwrap(),
        anchor: Anchor::new(n.to_string()).unwrap(),
        ..desk
    }
}

/// Sign-ons of one person until they are told to wait.
fn sign_ons_in_a_row(driver: &mut Driver) -> u128 {
    until_told_to_wait(|n| {
        let reply = driver.answer(sign_on(1, n));
        if let Some(seat) = seat(&reply) {
            driver.answer(sign_off(1, seat));
        }
        reply
    })
}

#[test]
fn what_was_not_written_is_paid_back() {
    let mut driver = Driver::new();
    for n in 0..10 {
        driver.disk.order([Fault::Fail]);
        let ticket = driver.ask(sign_on(1, 100_000 + n));
        driver.one();
        assert!(matches!(driver.replies[&ticket], Reply::Failed(_)));
        driver.run();
    }
    assert_eq!(sign_ons_in_a_row(&mut driver), sign_ons_in_a_row(&mut Driver::new()));
}

#[test]
fn one_persons_loop_leaves_an_application_server_its_other_people() {
    let mut driver = Driver::new();
    let service = Caller::Service(ServiceId::from_random(1));
    until_told_to_wait(|n| {
        let reply = driver.answer(Command::SignOn(call(n, 1)));
        if let Some(seat) = seat(&reply) {
            let reason = ReleaseReason::SignedOffByTheUser;
            driver.answer(Command::SignOff { by: service, seat, reason });
        }
        reply
    });
    assert!(seat(&driver.answer(Command::SignOn(call(90_001, 2)))).is_some());
    assert!(seat(&driver.answer(sign_on(1, 90_002))).is_some(), "and her at her own machine");
}

#[test]
fn whatever_leaves_a_record_is_limited_and_whatever_ends_it_is_not() {
    let by = Caller::Machine(machine(3));
    let burst = u128::from(PERSON.burst);
    let mut driver = Driver::new();
    let seats: Vec<_> =
        [2, 3].map(|n| seat(&driver.answer(sign_on(n, n))).unwrap()).into_iter().collect();

    // Refused.
    assert_eq!(until_told_to_wait(|n| driver.answer(sign_on(1, 100_000 + n))), burst);
    // Cancels of what never came, by made-up ids.
    let cancel = |n: u128| Command::Cancel {
        request: RequestKey { caller: by, id: RequestId::from_random(200_000 + n) },
        reason: ReleaseReason::ApplicationExited,
    };
    assert_eq!(until_told_to_wait(|n| driver.answer(cancel(n))), burst);
    // Whatever that machine gives back is taken.
    let off = driver.answer(sign_off(3, seats[1]));
    assert!(matches!(off, Reply::Answered(Ok(_))), "{off:?}");
    let third = seat(&driver.answer(sign_on(3, 400_000))).expect("its people are served");
    // A cancel of what is there ends it all the same.
    let ends = Command::Cancel {
        request: RequestKey { caller: by, id: RequestId::from_random(400_000) },
        reason: ReleaseReason::ApplicationExited,
    };
    assert!(matches!(driver.answer(ends), Reply::Answered(Ok(_))));
    assert!(driver.committed().seat(third.id).is_none());
    assert!(seat(&driver.answer(sign_on(6, 400_001))).is_some());
    let waits = Command::Cancel {
        request: RequestKey { caller: Caller::Machine(machine(4)), id: RequestId::from_random(4) },
        reason: ReleaseReason::ApplicationExited,
    };
    assert!(matches!(driver.answer(wait(4, 4)), Reply::Answered(Ok(_))));
    // In line and out of it; each place is paid with the seat that it may bring.
    let in_line = until_told_to_wait(|n| {
        let reply = driver.answer(wait(5, 300_000 + n));
        let place = driver.committed().user_place(&pool(), user(5)).map(|place| place.id);
        if let Some(place) = place {
            driver.answer(Command::LeaveLine { by: Caller::Machine(machine(5)), place });
        }
        reply
    });
    assert_eq!(in_line, burst / 2);
    assert!(matches!(driver.answer(waits), Reply::Answered(Ok(_))));
    assert!(driver.committed().user_place(&pool(), user(4)).is_none());
    // Warnings that its own machine says were shown.
    let warned = until_told_to_wait(|_| {
        let (machine, seat) = (machine(2), seats[0]);
        let reply = driver.answer(Command::NoteWarning { machine, seat });
        let (by, answer) = (Caller::Machine(machine), WarningAnswer::Withdrawn);
        driver.answer(Command::AnswerWarning { by, seat, answer });
        reply
    });
    assert_eq!(warned, burst);
    // Work without a seat: its own limit comes first.
    let overdraft = Command::NoteOverdraft {
        machine: machine(2),
        seat: SeatId::from_random(2),
        pool: pool(),
        user: user(2),
        from: WallTime { unix_ms: 0 },
        to: WallTime { unix_ms: 1_000 },
        at_least: false,
    };
    assert!(matches!(driver.answer(overdraft), Reply::Answered(Ok(_))));
    driver.audit();
}

#[test]
fn an_administrators_loop_is_limited_and_ends_seats_and_accounts_all_the_same() {
    let mut spending = Spending::default();
    let now = hotseat_rules::Mono(1_000);
    let change = |enabled| {
        let (user, kind) = (user(1), UserKind::Concurrent);
        let command = Command::SetUser { user, kind, enabled };
        (command, [Event::UserChanged { user, kind, enabled }])
    };
    let mut paid = 0;
    loop {
        let (command, events) = change(true);
        if spending.pay(&command, &events, now).is_err() {
            break;
        }
        paid += 1;
    }
    assert_eq!(paid, ADMINISTRATORS.burst);
    let (command, events) = change(false);
    assert_eq!(spending.pay(&command, &events, now), Ok(()));
    let remove = Command::RemoveUser { user: user(1) };
    assert_eq!(spending.pay(&remove, &[Event::UserRemoved { user: user(1) }], now), Ok(()));
    // A pool costs as much as it has to say.
    let definition = Box::new(infor_crm(2));
    let events = [Event::PoolDefined { definition: definition.clone() }];
    let define = Command::DefinePool { definition };
    let Err(wait) = spending.pay(&define, &events, now) else { panic!("it is used up") };
    assert!(wait > 5 * ADMINISTRATORS.every, "{wait:?}");
}

/// Grants to this many people of one caller, one after another, until it is told to wait.
fn granted(caller: Caller, people: u128) -> (u32, usize) {
    let mut spending = Spending::default();
    let now = hotseat_rules::Mono(1_000);
    for n in 0_u32.. {
        let person = u128::from(n) % people;
        let sign_on = SignOn { caller, ..call(u128::from(n), person) };
        let granted = Event::SeatGranted {
            seat: sign_on.fresh_seat,
            asked: sign_on.asked(),
            keeper: caller.keeper(),
            anchor: sign_on.anchor.clone(),
            counted: true,
            offer: None,
        };
        if spending.pay(&Command::SignOn(sign_on), &[granted], now).is_err() {
            return (n, spending.remembered());
        }
    }
    unreachable!("there is no end to numbers")
}

#[test]
fn a_caller_for_many_people_has_a_budget_of_its_own() {
    let (service, machine) =
        (Caller::Service(ServiceId::from_random(1)), Caller::Machine(machine(1)));
    // Nobody but the service has spoken of its people.
    let cases: [(Caller, Budget); 2] = [(service, UNSEEN), (machine, MACHINE)];
    for (caller, budget) in cases {
        // A thousand people do not come to an end of their own budgets before.
        let (paid, remembered) = granted(caller, 1_000);
        assert_eq!(paid, budget.burst, "{caller:?}");
        assert_eq!(remembered, 1_001 + usize::from(caller == service));
        assert_eq!(granted(caller, 1).0, PERSON.burst, "{caller:?}");
    }
    // People whose budgets are full again are forgotten.
    let mut spending = Spending::default();
    for n in 0..100_000_u64 {
        let now = hotseat_rules::Mono(10_000 * n);
        let sign_on = SignOn { caller: service, ..call(u128::from(n), u128::from(n)) };
        let asked = sign_on.asked();
        let refused = Event::SignOnRefused { asked, code: hotseat_rules::RefusalCode::PoolFull };
        spending.pay(&Command::SignOn(sign_on), &[refused], now).unwrap();
        assert!(spending.remembered() <= 1_024);
    }
}

/// Bytes of store that a sign-on with its sign-off was measured to cost.
const STORE_BYTES: u128 = 3_500;

/// How often a service asks until it is told to wait.
const ASKED_EVERY: Duration = Duration::from_secs(30);

/// Sign-ons of a service that are paid within a time in which it asks again and again, for other
/// people each time.
fn paid_within(time: Duration, people: std::ops::Range<u128>, seen: bool) -> u128 {
    let service = Caller::Service(ServiceId::from_random(1));
    let mut spending = Spending::default();
    let mut now = hotseat_rules::Mono(1_000);
    let refused = |sign_on: &SignOn| Event::SignOnRefused {
        asked: sign_on.asked(),
        code: hotseat_rules::RefusalCode::PoolFull,
    };
    if seen {
        for person in people.clone() {
            let own = SignOn { caller: Caller::User(user(person)), ..call(person, person) };
            spending.pay(&Command::SignOn(own.clone()), &[refused(&own)], now).unwrap();
        }
    }
    let end = now + time;
    let (mut paid, mut n) = (0, 0);
    while now < end {
        loop {
            n += 1;
            let person = people.start + n % (people.end - people.start);
            let sign_on = SignOn { caller: service, ..call(n, person) };
            let events = [refused(&sign_on)];
            match spending.pay(&Command::SignOn(sign_on), &events, now) {
                Ok(()) => paid += 1,
                Err(_wait) => break,
            }
        }
        now = now + ASKED_EVERY;
    }
    paid
}

#[test]
fn a_service_that_makes_its_people_up_leaves_no_more_than_others_a_day() {
    let day = Duration::from_hours(24);
    let all = |paid: u128, budget: Budget, time: Duration| {
        let most = budget.within(time);
        // What the last of its questions came too early for.
        let left = Budget { burst: 1, ..budget }.within(ASKED_EVERY) + 1;
        assert!((most - left..=most).contains(&paid), "{paid} of {most}");
        most
    };
    let most = all(paid_within(day, 1..10_000, false), UNSEEN, day);
    assert!(most * STORE_BYTES <= 200 << 20, "{} bytes a day", most * STORE_BYTES);
    // People who come by themselves as well are those of the service's own budget.
    let hour = Duration::from_hours(1);
    all(paid_within(hour, 1..10_000, true), SERVICE, hour);
    // A person alone is bounded everywhere.
    let person = PERSON.within(day);
    assert!(person * STORE_BYTES <= 200 << 20, "{} bytes a day", person * STORE_BYTES);
}

#[test]
fn what_the_clock_does_is_paid_by_nobody() {
    let mut driver = Driver::new();
    let (ticket, input) = driver.ticket(Work::Command(sign_on(1, 1)));
    driver.step(vec![input]);
    driver.run();
    assert!(seat(&driver.replies.remove(&ticket).unwrap()).is_some());
    driver.wait(Duration::from_secs(100));
    assert_eq!(driver.committed().counts(&pool()).in_use, 0, "an expiry is never limited");
}
