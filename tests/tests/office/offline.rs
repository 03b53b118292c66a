//! The pool server is silent for longer than a lease, and tolerates that people work on without a seat.

use std::time::Duration;

use hotseat_protocol::view::Offline;
use hotseat_tests::people::BILL;
use hotseat_tests::waiting::wait_until;
use hotseat_tests::world::{World, lease_ms, says_held};

/// The shortest lease that a pool takes; the default is 90 s.
const LEASE: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_without_a_seat_and_is_reported_when_the_pool_is_back() {
    let world = World::new().unwrap();
    world
        .define(|pool| {
            pool.lease_ms = lease_ms(LEASE);
            pool.offline = Some(Offline::Tolerate);
        })
        .unwrap();
    let bill = world.machine(BILL).unwrap();
    let (mut program, _) = world.run_program(&bill, &BILL).await.unwrap();
    says_held(&bill, true).await.unwrap();
    world.pool.child.freeze();
    // It is never called held.
    says_held(&bill, false).await.unwrap();
    let status = bill.run_hotseat(&["status"]).unwrap().stdout;
    assert!(status.contains("you work on without a seat"), "{status}");
    program.expect_running().unwrap();
    world.pool.child.thaw();
    let admin = world.pool.admin().unwrap();
    wait_until("the pool is told of the work without a seat", || {
        let history = admin.get("/api/v1/history?after=0")?.body.to_string();
        Ok(history.contains("worked on without a seat").then_some(()))
    })
    .unwrap();
    program.expect_running().unwrap();
}
