//! The machine loses power: it boots again, or it does not.

use std::time::Duration;

use hotseat_protocol::reason::ReleaseReason;
use hotseat_tests::people::BILL;
use hotseat_tests::waiting::Stopwatch;

use super::world::{AT_ONCE, World};

/// The shortest lease that a pool takes; the default is 90 s.
const LEASE: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_booted_again_gives_back_what_it_held() {
    let world = World::new().unwrap();
    let mut bill = world.machine(BILL).unwrap();
    let (mut program, mark) = world.run_program(&bill, &BILL).await.unwrap();
    bill.child.kill().unwrap();
    program.kill_all();
    bill.next_boot(2).unwrap();
    let watch = Stopwatch::start();
    bill.restart().unwrap();
    let end = ReleaseReason::MachineRestarted;
    world.ends((mark, watch), &BILL, AT_ONCE, end).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seat_of_a_machine_that_does_not_come_back_ends_with_its_lease() {
    let world = World::new().unwrap();
    world.define(|pool| pool.lease_ms = u64::try_from(LEASE.as_millis()).ok()).unwrap();
    let mut bill = world.machine(BILL).unwrap();
    let (mut program, mark) = world.run_program(&bill, &BILL).await.unwrap();
    let watch = Stopwatch::start();
    bill.child.kill().unwrap();
    program.kill_all();
    let end = ReleaseReason::LeaseExpired;
    world.ends((mark, watch), &BILL, LEASE, end).await.unwrap();
}
