//! The controller as the window runs it.

use hotseat_protocol::ids::Secret;
use hotseat_protocol::ipc::{Change, LinkState, Reply};
use hotseat_protocol::link::Outcome;
use hotseat_protocol::problem::{Code, Problem};

use super::tests::World;
use super::*;
use crate::desktop::recording::Done;
use crate::samples::{NOW, Sample, infor};

#[test]
fn the_window_is_told_what_is_and_refusals_stay_in_their_pool() {
    let mut world = World::new(Part::Window);
    world.broker(LinkEvent::Connected);
    assert_eq!(world.asked(), [Request::Doctor]);
    world.pools(vec![infor().in_use(2)]);
    let mut answered = world.command(Action::in_pool(&infor().pool.id, Verb::TakeSeat));
    let problem = Problem::new(Code::PoolFull, "All seats are in use.", "Wait for a seat.");
    let outcome = Outcome::Refused { problem };
    let done = world.answer(Reply::Outcome { outcome, deadline_boot_ms: None, resume: None });
    assert_eq!(answered.try_recv().unwrap(), Ok(()));
    let [Done::View(view)] = &done[..] else { panic!("one view: {done:?}") };
    let refusal = view.pools[0].refusal.as_ref().unwrap();
    assert_eq!((refusal.code.as_str(), view.pools[0].busy), ("pool_full", None));
}

#[test]
fn a_wrong_password_is_the_commands_own_error() {
    let mut world = World::new(Part::Window);
    world.broker(LinkEvent::Connected);
    world.pools(vec![]);
    let password = Secret::new("wrong");
    let mut answered =
        world.command(Action::LogInWith { email: "lucy@finance.example".to_owned(), password });
    let problem = Problem::new(Code::WrongPassword, "E-mail and password do not match.", "");
    world.answer(Reply::Problem { problem });
    assert_eq!(answered.try_recv().unwrap().unwrap_err().code, "wrong_password");
}

#[test]
fn a_connection_that_ends_fails_what_was_asked() {
    let mut world = World::new(Part::Window);
    world.broker(LinkEvent::Connected);
    world.pools(vec![infor()]);
    let mut answered = world.command(Action::LogOut);
    let id = world.controller.last_call;
    world.broker(LinkEvent::Answered { id, reply: Err("the socket was closed".to_owned()) });
    assert_eq!(answered.try_recv().unwrap().unwrap_err().code, "unavailable");
}

#[test]
fn the_window_reports_a_loss_as_seen_only_while_somebody_looks() {
    let mut world = World::new(Part::Window);
    world.broker(LinkEvent::Connected);
    world.called();
    world.pools(vec![infor().lost()]);
    assert_eq!(world.asked(), []);
    world.at(NOW, Event::Focused(true));
    assert_eq!(world.asked(), [Request::AcknowledgeLoss { pool: infor().pool.id }]);
    world.answer(Reply::Done);
    world.pools(vec![infor()]);
    let kept = world.controller.shown.view.clone().unwrap();
    assert!(kept.pools[0].lost.is_some(), "it was taken from under the reader");
    let _answer = world.command(Action::in_pool(&infor().pool.id, Verb::TakeSeat));
    let acted = world.controller.shown.view.clone().unwrap();
    assert!(acted.pools[0].lost.is_none());
}

#[test]
fn the_link_that_breaks_is_shown_in_both_parts() {
    let mut world = World::new(Part::Window);
    world.broker(LinkEvent::Connected);
    world.pools(vec![infor()]);
    let change = Change::Link { link: LinkState::Down { since: Some(NOW.wall), cause: None } };
    let done = world.broker(LinkEvent::Changed(vec![change]));
    let [Done::View(view)] = &done[..] else { panic!("one view: {done:?}") };
    assert!(matches!(view.link, crate::views::Link::Down { .. }));
}
