//! What a tray costs while nothing happens.

use std::time::Duration;

use hotseat_tests::processes;
use hotseat_tests::tray_states::{free, holding, view};

use super::office::Desk;

/// Processor time, in ticks of 10 ms, that a tray may use in a quiet minute.
const TICKS_MAX: u64 = 2;

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_minute_costs_next_to_nothing_with_and_without_a_seat() {
    let (one, other) = (Desk::new().await.unwrap(), Desk::new().await.unwrap());
    let without = one.tray(view(vec![free()])).await.unwrap();
    let with = other.tray(view(vec![holding()])).await.unwrap();
    one.item(&without.child).await.unwrap();
    other.item(&with.child).await.unwrap();
    // The start itself may cost what it likes.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let used = || [&without, &with].map(|tray| processes::ticks(tray.child.id()).unwrap());
    let before = used();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let after = used();
    for (before, after) in before.into_iter().zip(after) {
        assert!(after - before <= TICKS_MAX, "{} ticks in a quiet minute", after - before);
    }
}
