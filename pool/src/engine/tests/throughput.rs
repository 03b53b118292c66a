//! How fast the engine is beside the journal alone; figures for people, no test depends on them.

use std::time::Duration;

use hotseat_protocol::ids::Seq;

use super::office::{Office, sign_off, sign_on};
use super::task::{engine, open, seat};
use crate::clock::{Clock as _, SystemClock};
use crate::journal::store::{Open, Store};
use crate::journal::{Append, Journal as _};

const SUBMITTERS: u128 = 64;
const MEASURED: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: cargo nextest run -p hotseat-pool throughput --run-ignored only --no-capture"]
async fn durable_operations_a_second_at_64_submitters() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("pool.db"), Open::OrCreate).unwrap();
    let (journal, tables) = store.split();
    let handle = engine(Box::new(journal));
    open(&handle, Office { seats: 1000, people: SUBMITTERS }).await;
    let first = handle.read(|view| view.state.seq()).await.unwrap();
    let clock = SystemClock::new();
    let end = clock.mono() + MEASURED;
    let clock = &clock;
    let submitters = (1..=SUBMITTERS).map(|n| {
        let handle = handle.clone();
        async move {
            let mut request = n << 64;
            while clock.mono() < end {
                request += 1;
                let held = seat(&handle.submit(sign_on(n, request)).await.unwrap()).unwrap();
                handle.submit(sign_off(n, held)).await.unwrap();
            }
        }
    });
    futures_util::future::join_all(submitters).await;
    let last = handle.read(|view| view.state.seq()).await.unwrap();
    handle.shutdown().await;
    drop(tables);
    let rate = (last.0 - first.0) / MEASURED.as_secs();
    println!("engine: {rate} durable operations/s at {SUBMITTERS} submitters");

    let (mut measured, measured_tables) =
        Store::open(&folder.path().join("pool.db"), Open::Existing).unwrap().split();
    let mut sample = measured.read_after(Seq(first.0)).unwrap();
    sample.truncate(32);
    drop((measured, measured_tables));
    let store = Store::open(&folder.path().join("alone.db"), Open::OrCreate).unwrap();
    let (mut journal, _tables) = store.split();
    let mut newest = journal.newest().unwrap();
    let (begin, end) = (newest, clock.mono() + MEASURED);
    while clock.mono() < end {
        let expected = newest;
        for record in &mut sample {
            newest = newest.next();
            record.seq = newest;
        }
        assert!(matches!(journal.append(expected, &sample), Append::Done));
    }
    let rate = (newest.0 - begin.0) / MEASURED.as_secs();
    println!("journal alone: {rate} records/s in batches of {}", sample.len());
}
