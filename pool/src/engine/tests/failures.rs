//! What the journal may do to a batch, and what the engine makes of it.

use std::time::Duration;

use hotseat_protocol::ids::WallTime;
use hotseat_rules::{Command, Event, RefusalCode, UserKind};

use super::office::{check, machine, pool, renew, renew_idle, sign_off, sign_on, wait};
use super::{Driver, refused, seat};
use crate::engine::{CONFLICTS_MAX, Failure, Health, Input, Output, RETRY_AFTER, Reply};
use crate::journal::memory::Fault;
use crate::journal::{JournalError, Record};

fn is_failed(reply: &Reply) -> bool {
    matches!(reply, Reply::Failed(Failure::Unwritable(JournalError::Io(_))))
}

#[test]
fn a_failed_batch_never_happened() {
    let mut driver = Driver::new();
    let before = driver.disk.records();
    driver.disk.order([Fault::Fail]);
    let first = driver.ask(sign_on(1, 1));
    let second = driver.ask(sign_on(2, 2));
    driver.one();
    assert!(is_failed(&driver.replies[&first]));
    driver.run();
    // The second had waited, so it was decided on what is really there.
    assert!(seat(&driver.replies[&second]).is_some());
    assert_eq!(driver.committed().counts(&pool()).in_use, 1);
    assert_eq!(driver.disk.records().len(), before.len() + 1);
    driver.audit();
}

#[test]
fn every_command_of_a_failed_batch_fails_the_refused_and_the_repeated_too() {
    let mut driver = Driver::new();
    driver.disk.order([Fault::Fail]);
    let commands = [sign_on(1, 1), sign_on(2, 2), check(3, 3), sign_on(1, 1)];
    let (tickets, inputs): (Vec<u64>, Vec<_>) = commands
        .into_iter()
        .map(|command| driver.ticket(crate::engine::Work::Command(command)))
        .unzip();
    driver.step(inputs);
    driver.run();
    for ticket in tickets {
        assert!(is_failed(&driver.replies[&ticket]), "{:?}", driver.replies[&ticket]);
    }
}

#[test]
fn a_renewal_in_a_failed_batch_is_decided_again_on_what_is_committed() {
    let mut driver = Driver::new();
    let lucy = seat(&driver.answer(sign_on(1, 1))).unwrap();
    driver.disk.order([Fault::Fail]);
    let (off, sign_off) = driver.ticket(crate::engine::Work::Command(sign_off(1, lucy)));
    let (renewed, renewal) = driver.ticket(renew(1, &[lucy]));
    driver.step(vec![sign_off, renewal]);
    assert!(driver.replies.is_empty(), "on the working state the seat is gone");
    driver.run();
    assert!(is_failed(&driver.replies[&off]));
    let Reply::Renewed(answer) = &driver.replies[&renewed] else { panic!("not renewed") };
    assert_eq!(answer.renewed.len(), 1, "{answer:?}");
    assert_eq!(answer.renewed[0].seat, lucy);
    driver.audit();
}

#[test]
fn a_renewal_is_never_answered_while_an_expiry_is_under_way() {
    for fault in [Fault::None, Fault::Fail, Fault::UnknownLanded, Fault::UnknownLost] {
        let mut driver = Driver::new();
        let lucy = seat(&driver.answer(sign_on(1, 1))).unwrap();
        driver.wait(Duration::from_secs(89));
        driver.now = driver.now + Duration::from_secs(2);
        driver.disk.order([fault]);
        driver.step(Vec::new());
        assert!(matches!(driver.pending.front(), Some(Output::Append { .. })), "the expiry");
        let (renewed, renewal) = driver.ticket(renew(1, &[lucy]));
        driver.step(vec![renewal]);
        assert!(driver.replies.is_empty());
        driver.run();
        let Reply::Renewed(answer) = &driver.replies[&renewed] else { panic!("not renewed") };
        let expired = matches!(fault, Fault::None | Fault::UnknownLanded);
        assert_eq!(driver.committed().seat(lucy.id).is_none(), expired, "{fault:?}");
        assert_eq!(answer.gone.len(), usize::from(expired), "{fault:?}");
        assert_eq!(answer.renewed.len(), usize::from(!expired), "{fault:?}");
        driver.audit();
    }
}

#[test]
fn nobody_is_answered_until_an_unknown_append_was_read_afresh() {
    for (fault, landed) in
        [(Fault::UnknownLanded, true), (Fault::UnknownLost, false), (Fault::Torn, false)]
    {
        let mut driver = Driver::new();
        driver.disk.order([fault]);
        driver.disk.fail_reopenings(2);
        let commands = [sign_on(1, 1), sign_on(2, 2)];
        let work = commands.map(crate::engine::Work::Command);
        let (tickets, inputs): (Vec<u64>, Vec<_>) =
            work.into_iter().map(|work| driver.ticket(work)).unzip();
        driver.step(inputs);
        driver.run();
        assert!(driver.replies.is_empty(), "{fault:?}: the handle cannot be trusted");
        assert!(matches!(driver.health.last(), Some(Health::Unknown(_))));
        driver.wait(RETRY_AFTER * 2);
        for ticket in tickets {
            let reply = &driver.replies[&ticket];
            assert_eq!(seat(reply).is_some(), landed, "{fault:?}: {reply:?}");
            assert_eq!(is_failed(reply), !landed);
        }
        assert_eq!(driver.committed().counts(&pool()).in_use, if landed { 2 } else { 0 });
        driver.audit();
    }
}

#[test]
fn nobody_is_told_that_a_seat_is_wanted_while_nothing_can_be_written() {
    let mut driver = Driver::new();
    let lucy = seat(&driver.answer(sign_on(1, 1))).unwrap();
    driver.answer(sign_on(2, 2));
    driver.step(vec![Input::Connected(machine(1))]);
    driver.answer(wait(3, 3));
    driver.disk.order([Fault::Fail]);
    driver.ask(sign_on(4, 4));
    driver.one();
    assert!(matches!(driver.health.last(), Some(Health::Unwritable(_))));
    let (_, idle) = driver.ticket(renew_idle(1, lucy, Duration::from_secs(26 * 60)));
    driver.now = driver.now + RETRY_AFTER / 2;
    driver.step(vec![idle]);
    assert!(driver.wanted.is_empty());
    driver.wait(RETRY_AFTER * 2);
    assert!(matches!(driver.health.last(), Some(Health::Writable)));
    assert_eq!(driver.wanted.len(), 1);
}

/// What another server would append.
fn foreign(driver: &Driver, event: Event) -> crate::journal::StoredRecord {
    let state = driver.committed();
    let (seq, generation) = (state.seq().next(), state.generation());
    Record { seq, at: driver.turn().wall, generation, event, actor: None }.store()
}

#[test]
fn after_a_conflict_all_is_decided_again_on_what_the_other_wrote() {
    let mut driver = Driver::new();
    driver.answer(sign_on(1, 1));
    let third = driver.ask(sign_on(3, 3));
    // Before it lands, another server takes the last seat.
    let elsewhere = {
        let mut other = Driver::on(driver.disk.clone());
        let before = other.disk.records().len();
        other.answer(sign_on(2, 2));
        other.disk.records()[before].clone()
    };
    assert_eq!(driver.disk.records().last(), Some(&elsewhere));
    driver.run();
    assert_eq!(refused(&driver.replies[&third]).unwrap().code, RefusalCode::PoolFull);
    assert_eq!(driver.committed().counts(&pool()).in_use, 2);
    assert!(driver.facts.iter().any(|fact| fact.record.seq == elsewhere.seq), "it is told too");
    driver.audit();
}

#[test]
fn conflicts_without_end_are_given_up() {
    let mut driver = Driver::new();
    let ticket = driver.ask(sign_on(1, 1));
    for n in 0..=u128::from(CONFLICTS_MAX) {
        let user = super::office::user(100 + n);
        let event = Event::UserAdded { user, kind: UserKind::Named };
        driver.disk.append_behind([foreign(&driver, event)]);
        assert!(!driver.replies.contains_key(&ticket));
        // The append and the reading after it.
        assert!(driver.one() && driver.one());
    }
    assert_eq!(driver.replies[&ticket], Reply::Failed(Failure::Crowded));
    assert!(seat(&driver.answer(sign_on(1, 1))).is_some());
    driver.audit();
}

#[test]
fn while_the_journal_cannot_be_written_nothing_is_granted_and_nothing_is_freed() {
    let mut driver = Driver::new();
    let lucy = seat(&driver.answer(sign_on(1, 1))).unwrap();
    driver.disk.break_down();
    assert!(is_failed(&driver.answer(sign_on(2, 2))));
    assert!(matches!(driver.health.last(), Some(Health::Unwritable(_))));
    assert!(is_failed(&driver.answer(sign_off(1, lucy))));
    driver.wait(Duration::from_secs(300));
    assert!(driver.committed().seat(lucy.id).is_some(), "its expiry could not be written");
    // Renewals need no journal: who renews goes on working.
    let (ticket, renewal) = driver.ticket(renew(1, &[lucy]));
    driver.step(vec![renewal]);
    driver.run();
    let Some(Reply::Renewed(answer)) = driver.replies.get(&ticket) else { panic!("not renewed") };
    assert_eq!(answer.renewed.len(), 1);

    // A pool that is not ready may be asked nothing; it notices by itself that the disk healed.
    driver.disk.heal();
    driver.wait(RETRY_AFTER * 2);
    assert_eq!(driver.health.last(), Some(&Health::Writable));
    assert!(driver.committed().seat(lucy.id).is_some());
    assert!(seat(&driver.answer(sign_on(2, 2))).is_some());
    driver.audit();
}

#[test]
fn a_broken_disk_is_not_tried_in_a_hot_loop() {
    let mut driver = Driver::new();
    driver.answer(sign_on(1, 1));
    driver.disk.break_down();
    driver.wait(Duration::from_secs(89));
    driver.now = driver.now + Duration::from_secs(2);
    let mut tries = 0;
    for _ in 0..100 {
        driver.now = driver.now + Duration::from_millis(100);
        driver.step(Vec::new());
        tries += driver.pending.len();
        driver.run();
    }
    assert!((5..=25).contains(&tries), "{tries} tries in ten seconds");
}

#[test]
fn a_tail_that_cannot_be_understood_answers_nobody_and_is_said() {
    let mut driver = Driver::new();
    let ticket = driver.ask(sign_on(1, 1));
    let mut strange = foreign(&driver, Event::RequestsAged);
    strange.version += 1;
    driver.disk.append_behind([strange]);
    driver.run();
    driver.wait(RETRY_AFTER * 3);
    assert!(!driver.replies.contains_key(&ticket));
    assert!(matches!(driver.health.last(), Some(Health::Unknown(JournalError::Newer { .. }))));
}

#[test]
fn a_command_without_an_asker_is_not_lost_with_its_batch() {
    let mut driver = Driver::new();
    let lucy = seat(&driver.answer(sign_on(1, 1))).unwrap();
    driver.wait(Duration::from_secs(89));
    driver.disk.order([Fault::Fail]);
    driver.wait(Duration::from_secs(1));
    assert!(driver.committed().seat(lucy.id).is_some());
    // A failed expiry gives the lease anew: waiting longer is always safe.
    driver.wait(Duration::from_secs(95));
    assert!(driver.committed().seat(lucy.id).is_none());
    driver.audit();
}

#[test]
fn what_could_not_be_read_again_is_refused_and_nothing_else_with_it() {
    let mut driver = Driver::new();
    let lucy = seat(&driver.answer(sign_on(1, 1))).unwrap();
    let before = driver.disk.records();
    let (from, to) = (WallTime { unix_ms: i64::MIN }, WallTime { unix_ms: 0 });
    let spell = Command::NoteIdleSpell { machine: machine(1), seat: lucy, from, to };
    let reply = driver.answer(spell);
    let Reply::Failed(Failure::NotItself(error)) = &reply else { panic!("{reply:?}") };
    assert_eq!(error.kind, "idle_spell");
    assert_eq!(driver.disk.records(), before, "something was appended");
    assert_eq!(driver.health.last().unwrap_or(&Health::Writable), &Health::Writable);
    assert!(seat(&driver.answer(sign_on(2, 2))).is_some(), "the next command is decided");
    driver.audit();
}
