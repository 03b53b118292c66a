//! The tray ends: told to, killed, or with its display.

use hotseat_protocol::reason::ReleaseReason;
use hotseat_tests::desk::Screen;
use hotseat_tests::people::LUCY;
use hotseat_tests::waiting::Stopwatch;
use rustix::process::Signal;

use super::world::{AT_ONCE, GRACE, World, says_held, sign_on};

#[tokio::test(flavor = "multi_thread")]
async fn a_tray_that_quits_or_is_told_to_end_gives_the_seat_back_at_once() {
    let world = World::new().unwrap();
    let mut lucy = world.desk(LUCY).await.unwrap();
    for signal in [None, Some(Signal::TERM), Some(Signal::INT), Some(Signal::HUP)] {
        let mark = sign_on(&world, &lucy).unwrap();
        let watch = Stopwatch::start();
        match signal {
            None => lucy.choose("Quit and sign off").await.unwrap(),
            Some(signal) => lucy.tray().unwrap().signal(signal),
        }
        let end = ReleaseReason::TrayClosed;
        world.ends((mark, watch), &LUCY, AT_ONCE, end).await.unwrap();
        lucy.clear_tray();
        lucy.start_tray().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_tray_has_the_grace_to_come_back() {
    let world = World::new().unwrap();
    let mut lucy = world.desk(LUCY).await.unwrap();
    let mark = sign_on(&world, &lucy).unwrap();
    lucy.tray().unwrap().kill().unwrap();
    lucy.clear_tray();
    lucy.start_tray().await.unwrap();
    let line = "Infor CRM: you hold a seat, 1 of 2 in use";
    lucy.item().unwrap().wait_for_line(line).await.unwrap();
    world.is_kept(mark, &LUCY).unwrap();

    let watch = Stopwatch::start();
    lucy.tray().unwrap().kill().unwrap();
    let end = ReleaseReason::TrayLost;
    world.ends((mark, watch), &LUCY, GRACE, end).await.unwrap();
    says_held(&lucy.host, false).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_display_that_is_gone_takes_the_seat_with_it() {
    let world = World::new().unwrap();
    let mut lucy = world.desk(LUCY).await.unwrap();
    let mark = sign_on(&world, &lucy).unwrap();
    let watch = Stopwatch::start();
    let Screen::Private(private) = &mut lucy.screen else { unreachable!("a desk of our own") };
    private.desktop.x.child.kill().unwrap();
    let end = ReleaseReason::TrayLost;
    world.ends((mark, watch), &LUCY, GRACE, end).await.unwrap();
}
