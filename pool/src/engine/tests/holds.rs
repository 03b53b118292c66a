//! What a batch that the journal did not take leaves of the seats that checks had set aside.

use std::time::Duration;

use hotseat_rules::{Answer, Command, RefusalCode, presets::infor_crm};

use super::office::{check, pool, sign_on};
use super::{Driver, refused, seat};
use crate::engine::{Reply, Work};
use crate::journal::memory::Fault;

fn holding(seats: u32) -> Driver {
    let mut driver = Driver::new();
    let mut definition = infor_crm(seats);
    definition.options.provisional_hold = Some(Duration::from_secs(5));
    driver.answer(Command::DefinePool { definition: Box::new(definition) });
    driver
}

fn passed(reply: &Reply) -> bool {
    matches!(reply, Reply::Answered(Ok(Answer::Passed)))
}

fn set_aside(driver: &Driver) -> u32 {
    let view = driver.engine.view(driver.turn());
    view.presence.set_aside(view.state, &pool(), view.now)
}

#[test]
fn a_seat_set_aside_is_still_there_when_the_sign_on_that_used_it_was_not_written() {
    for fault in [Fault::Fail, Fault::UnknownLost] {
        let mut driver = holding(1);
        assert!(passed(&driver.answer(check(1, 1))));
        driver.disk.order([fault]);
        let lost = driver.ask(sign_on(1, 2));
        driver.run();
        assert!(matches!(driver.replies[&lost], Reply::Failed(_)), "{fault:?}");
        assert_eq!(set_aside(&driver), 1, "{fault:?}");
        let late = driver.answer(sign_on(2, 3));
        assert_eq!(refused(&late).map(|refused| refused.code), Some(RefusalCode::PoolFull));
        assert!(seat(&driver.answer(sign_on(1, 4))).is_some(), "{fault:?}");
        assert_eq!(set_aside(&driver), 0);
        driver.audit();
    }
}

#[test]
fn what_was_written_is_not_put_back_by_a_later_failure() {
    for fault in [Fault::None, Fault::UnknownLanded] {
        let mut driver = holding(2);
        assert!(passed(&driver.answer(check(1, 1))));
        driver.disk.order([fault, Fault::Fail]);
        let used = driver.ask(sign_on(1, 2));
        // It comes while the other is being written, so nothing is decided between the two.
        let lost = driver.ask(sign_on(2, 3));
        driver.run();
        assert!(seat(&driver.replies[&used]).is_some());
        assert!(matches!(driver.replies[&lost], Reply::Failed(_)));
        assert_eq!(set_aside(&driver), 0, "{fault:?}");
        assert!(seat(&driver.answer(sign_on(2, 4))).is_some());
    }
}

#[test]
fn a_check_that_failed_sets_nothing_aside() {
    let mut driver = holding(2);
    driver.disk.order([Fault::Fail]);
    let (granted, first) = driver.ticket(Work::Command(sign_on(1, 1)));
    let (checked, second) = driver.ticket(Work::Command(check(2, 2)));
    driver.step(vec![first, second]);
    driver.run();
    for ticket in [granted, checked] {
        assert!(matches!(driver.replies[&ticket], Reply::Failed(_)));
    }
    assert_eq!(set_aside(&driver), 0);
    for n in [3, 4] {
        assert!(seat(&driver.answer(sign_on(n, n))).is_some());
    }
}

#[test]
fn a_seat_set_aside_ends_in_its_time_though_a_batch_failed_meanwhile() {
    let mut driver = holding(1);
    assert!(passed(&driver.answer(check(1, 1))));
    driver.disk.order([Fault::Fail]);
    driver.ask(sign_on(1, 2));
    // The append takes until the seat is set aside no more.
    driver.now = driver.now + Duration::from_secs(1);
    for _ in 0..4 {
        driver.step(Vec::new());
        driver.now = driver.now + Duration::from_secs(1);
    }
    driver.run();
    assert_eq!(set_aside(&driver), 0);
    assert!(seat(&driver.answer(sign_on(2, 3))).is_some());
}
