//! Who comes back in time keeps the seat, and nobody else.

use hotseat_protocol::reason::ReleaseReason;
use hotseat_tests::people::{BILL, LUCY};
use hotseat_tests::waiting::Stopwatch;
use hotseat_tests::world::{GRACE, World, says_held, sign_on};

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_tray_that_comes_back_within_the_grace_keeps_the_seat() {
    let world = World::new().unwrap();
    let mut lucy = world.desk(LUCY).await.unwrap();
    let mark = sign_on(&world, &lucy).unwrap();
    lucy.tray().unwrap().kill().unwrap();
    lucy.clear_tray();
    lucy.start_tray().await.unwrap();
    let line = "Infor CRM: you hold a seat, 1 of 2 in use";
    lucy.item().unwrap().wait_for_line(line).await.unwrap();
    world.is_kept(mark, &LUCY).unwrap();
    says_held(&lucy.host, true).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tray_that_does_not_outlive_its_broker_loses_the_seat_and_a_program_that_does_keeps_it() {
    let world = World::new().unwrap();
    let mut lucy = world.desk(LUCY).await.unwrap();
    let mut bill = world.machine(BILL).unwrap();
    let lucys = sign_on(&world, &lucy).unwrap();
    let (mut program, bills) = world.run_program(&bill, &BILL).await.unwrap();
    bill.child.kill().unwrap();
    bill.restart().unwrap();
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
