//! The broker ends: told to, or killed and started again in the same boot.

use hotseat_protocol::reason::ReleaseReason;
use hotseat_tests::people::{BILL, LUCY};
use hotseat_tests::waiting::{Stopwatch, wait_for};
use rustix::process::Signal;

use super::world::{AT_ONCE, GRACE, World, says_held, sign_on};

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_told_to_end_signs_everybody_off_first() {
    let world = World::new().unwrap();
    let mut bill = world.machine(BILL).unwrap();
    let (_program, mark) = world.run_program(&bill, &BILL).await.unwrap();
    let watch = Stopwatch::start();
    bill.child.signal(Signal::TERM);
    let end = ReleaseReason::BrokerStopped;
    world.ends((mark, watch), &BILL, AT_ONCE, end).await.unwrap();
    let child = &mut bill.child;
    let status = wait_for("the broker ends", async || child.status()).await.unwrap();
    assert!(status.success(), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_ends_gives_the_seat_back_at_once() {
    let world = World::new().unwrap();
    let bill = world.machine(BILL).unwrap();
    for signal in [Signal::TERM, Signal::KILL] {
        let (program, mark) = world.run_program(&bill, &BILL).await.unwrap();
        let watch = Stopwatch::start();
        program.signal(signal);
        let end = ReleaseReason::ApplicationExited;
        world.ends((mark, watch), &BILL, AT_ONCE, end).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_after_a_broker_restart_keeps_the_seat_and_nobody_else() {
    let world = World::new().unwrap();
    let mut lucy = world.desk(LUCY).await.unwrap();
    let mut bill = world.machine(BILL).unwrap();
    let lucys = sign_on(&world, &lucy).unwrap();
    let (mut program, bills) = world.run_program(&bill, &BILL).await.unwrap();

    lucy.host.child.kill().unwrap();
    bill.child.kill().unwrap();
    lucy.host.restart().unwrap();
    bill.restart().unwrap();
    let line = "Infor CRM: you hold a seat, 2 of 2 in use";
    lucy.item().unwrap().wait_for_line(line).await.unwrap();
    says_held(&bill, true).await.unwrap();

    // Lucy's tray does not come back this time: its seat ends, and those who came back keep theirs.
    let watch = Stopwatch::start();
    lucy.host.child.kill().unwrap();
    lucy.tray().unwrap().kill().unwrap();
    lucy.host.restart().unwrap();
    let end = ReleaseReason::BrokerRestarted;
    world.ends((lucys, watch), &LUCY, GRACE, end).await.unwrap();
    world.is_kept(bills, &BILL).unwrap();
    program.expect_running().unwrap();
    says_held(&bill, true).await.unwrap();
}
