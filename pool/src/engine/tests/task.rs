//! The engine's task with its journal's thread, and its handle.

use std::sync::Arc;
use std::time::Duration;

use hotseat_protocol::ids::UserId;
use hotseat_protocol::link::{FromPool, Projected};
use hotseat_rules::{Answer, Caller, Outcome, RefusalCode};

use super::office::{Office, machine, opening, pool, renew, sign_off, sign_on};
use crate::clock::SystemClock;
use crate::engine::{EngineError, EngineHandle, Failure, Health, Work, start};
use crate::feed::Names;
use crate::journal::Journal;
use crate::journal::memory::MemoryDisk;
use crate::journal::store::{Open, Store};
use crate::lifecycle::Tasks;

/// How long anything may take on a busy machine.
const LONG: Duration = Duration::from_secs(60);

pub(super) struct NoNames;

impl Names for NoNames {
    fn user(&self, _: UserId) -> Option<String> {
        None
    }

    fn caller(&self, _: Caller) -> Option<String> {
        None
    }
}

/// An engine on a journal; its task ends with the handle.
pub(super) fn engine(journal: Box<dyn Journal>) -> EngineHandle {
    let mut random = 0;
    let random = move || {
        random += 1;
        random << 64
    };
    let clock = Arc::new(SystemClock::new());
    let (handle, task) =
        start(journal, Arc::new(NoNames), clock, Box::new(random)).expect("the journal is good");
    Tasks::default().spawn(task.run());
    handle
}

pub(super) async fn open(handle: &EngineHandle, office: Office) {
    for command in opening(office) {
        handle.submit(command).await.unwrap();
    }
}

async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}

pub(super) fn seat(answer: &Answer) -> Option<hotseat_protocol::ids::SeatRef> {
    let Answer::Became(Outcome::Seat { seat, .. }) = answer else { return None };
    Some(*seat)
}

const SMALL: Office = Office { seats: 2, people: 4 };

#[tokio::test]
async fn commands_renewals_and_looks_are_answered() {
    let handle = engine(Box::new(MemoryDisk::new().open()));
    open(&handle, SMALL).await;
    let held = seat(&handle.submit(sign_on(1, 1)).await.unwrap()).unwrap();
    let Work::Renew { machine, renewal } = renew(1, &[held]) else { unreachable!() };
    let renewed = handle.renew_machine(machine, renewal).await.unwrap();
    assert_eq!(renewed.renewed.len(), 1);
    let in_use = handle.read(|view| view.state.counts(&pool()).in_use).await.unwrap();
    assert_eq!(in_use, 1);
    let refused = handle.submit(sign_off(2, held)).await;
    assert!(matches!(refused, Err(EngineError::Refused(_))), "{refused:?}");
    handle.submit(sign_off(1, held)).await.unwrap();
    assert_eq!(handle.read(|view| view.state.counts(&pool()).in_use).await.unwrap(), 0);
}

#[tokio::test]
async fn a_link_gets_a_snapshot_then_changes_and_a_newer_link_ends_it() {
    let handle = engine(Box::new(MemoryDisk::new().open()));
    open(&handle, SMALL).await;
    let connected = |n| {
        let handle = handle.clone();
        async move { handle.read(move |view| view.presence.connected(machine(n))).await.unwrap() }
    };
    let mut link = handle.snapshot_and_follow(machine(1)).await.unwrap();
    assert!(connected(1).await);
    let Some(FromPool::Snapshot { push, page: 1, pages: 1, items, .. }) = link.next().await else {
        panic!("no snapshot")
    };
    assert!(matches!(&items[..], [Projected::Pool { .. }]), "{items:?}");
    let held = seat(&handle.submit(sign_on(1, 1)).await.unwrap()).unwrap();
    let Some(FromPool::Changed { previous, items, .. }) = link.next().await else {
        panic!("no change")
    };
    assert_eq!(previous, push);
    assert!(items.iter().any(|item| matches!(item, Projected::Seat { seat } if seat.seat == held)));

    let mut newer = handle.snapshot_and_follow(machine(1)).await.unwrap();
    while link.next().await.is_some() {}
    drop(link);
    assert!(matches!(newer.next().await, Some(FromPool::Snapshot { .. })));
    assert!(connected(1).await, "the older link's end is not the machine's");
    drop(newer);
    until("the machine is gone", async || !connected(1).await).await;
}

#[tokio::test]
async fn a_broken_disk_is_said_and_noticed_when_it_heals() {
    let disk = MemoryDisk::new();
    let handle = engine(Box::new(disk.open()));
    open(&handle, SMALL).await;
    assert_eq!(handle.health(), Health::Writable);
    disk.break_down();
    let failed = handle.submit(sign_on(1, 1)).await;
    assert!(matches!(failed, Err(EngineError::Failed(Failure::Unwritable(_)))), "{failed:?}");
    assert!(matches!(handle.health(), Health::Unwritable(_)));
    disk.heal();
    until("it is writable", async || handle.health() == Health::Writable).await;
    assert!(seat(&handle.submit(sign_on(1, 1)).await.unwrap()).is_some());
}

#[tokio::test]
async fn two_hundred_at_once_get_the_ten_seats_that_there_are_and_a_stop_loses_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pool.db");
    let (journal, tables) = Store::open(&path, Open::OrCreate).unwrap().split();
    let handle = engine(Box::new(journal));
    open(&handle, Office { seats: 10, people: 200 }).await;
    let asked: Vec<_> = (1..=200)
        .map(|n| {
            let handle = handle.clone();
            async move { handle.submit(sign_on(n, n)).await.unwrap() }
        })
        .collect();
    let answers = futures_util::future::join_all(asked).await;
    let granted: Vec<_> = answers.iter().filter_map(seat).collect();
    assert_eq!(granted.len(), 10);
    let full = answers.iter().filter(|answer| {
        matches!(answer, Answer::Became(Outcome::Refused(refused)) if refused.code == RefusalCode::PoolFull)
    });
    assert_eq!(full.count(), 190);

    handle.shutdown().await;
    assert!(handle.is_stopped());
    assert_eq!(handle.submit(sign_on(1, 500)).await, Err(EngineError::Stopped));
    drop(tables);
    // The store is free at once, and a start reads the last snapshot.
    let (mut journal, _tables) = Store::open(&path, Open::Existing).unwrap().split();
    let replayed = crate::engine::replay(&mut journal).unwrap();
    assert_eq!(replayed.records, 0);
    for held in granted {
        assert_eq!(replayed.state.seat(held.id).unwrap().epoch, held.epoch);
    }
}

#[tokio::test]
async fn the_end_of_a_lease_comes_by_itself() {
    let handle = engine(Box::new(MemoryDisk::new().open()));
    let mut definition = hotseat_rules::presets::infor_crm(2);
    definition.lease = hotseat_rules::MIN_LEASE;
    open(&handle, SMALL).await;
    let definition = Box::new(definition);
    handle.submit(hotseat_rules::Command::DefinePool { definition }).await.unwrap();
    let held = seat(&handle.submit(sign_on(1, 1)).await.unwrap()).unwrap();
    until("the lease has ended", async || {
        handle.read(move |view| view.state.seat(held.id).is_none()).await.unwrap()
    })
    .await;
}
