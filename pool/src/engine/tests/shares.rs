//! What one caller may have in the queue at once, by the order of events: nothing is decided until
//! everybody has asked.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use hotseat_protocol::ids::{SeatId, SeatRef};
use hotseat_rules::{Command, Refusal};

use super::Driver;
use super::office::{Office, check, machine, renew, sign_off, sign_on};
use super::task::{NoNames, engine, open, seat};
use crate::clock::SystemClock;
use crate::engine::shares::{JOBS_OF_ONE_MAX, Shares};
use crate::engine::{EngineError, EngineHandle, EngineTask, Reply, Work, start};
use crate::journal::memory::MemoryDisk;
use crate::lifecycle::Tasks;

/// More than the queue takes.
const FLOOD: usize = 5_000;

type Asking = Pin<Box<dyn Future<Output = Result<(), EngineError>>>>;

/// Asks: whatever can be queued is queued.
fn ask(asking: impl Future<Output = Result<(), EngineError>> + 'static) -> Asking {
    // Without the turns that tokio takes from a task that asks much.
    let mut asking: Asking = Box::pin(tokio::task::unconstrained(asking));
    assert!(poll(&mut asking).is_pending());
    asking
}

fn poll(asking: &mut Asking) -> Poll<Result<(), EngineError>> {
    asking.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// A pool of which everybody's first seat is held, and whose task does not run yet.
async fn at_rest(disk: &MemoryDisk) -> (EngineHandle, EngineTask, SeatRef) {
    let before = engine(Box::new(disk.open()));
    open(&before, Office { seats: 2, people: 4 }).await;
    let held = seat(&before.submit(sign_on(2, 1)).await.unwrap()).unwrap();
    before.shutdown().await;
    let mut random = 1_u128 << 100;
    let random = move || {
        random += 1;
        random
    };
    let clock = Arc::new(SystemClock::new());
    let journal = Box::new(disk.open());
    let (handle, task) = start(journal, Arc::new(NoNames), clock, Box::new(random)).unwrap();
    (handle, task, held)
}

fn no_seat(like: SeatRef, number: usize) -> SeatRef {
    SeatRef { id: SeatId::from_random(number as u128 + 1_000), ..like }
}

fn note(handle: &EngineHandle, facts: Vec<Command>) -> Asking {
    let handle = handle.clone();
    ask(async move { handle.note(facts).await.map(drop) })
}

fn renewal(handle: &EngineHandle, n: u128, seats: &[SeatRef]) -> Asking {
    let Work::Renew { machine, renewal } = renew(n, seats) else { unreachable!() };
    let handle = handle.clone();
    ask(async move { handle.renew_machine(machine, renewal).await.map(drop) })
}

fn submit(handle: &EngineHandle, command: Command) -> Asking {
    let handle = handle.clone();
    ask(async move { handle.submit(command).await.map(drop) })
}

#[tokio::test]
async fn one_callers_flood_leaves_the_queue_to_all_others_and_waits_for_itself() {
    let disk = MemoryDisk::new();
    let (handle, task, held) = at_rest(&disk).await;
    let all = handle.jobs.max_capacity();
    let confirm =
        |number| Command::ConfirmLeaving { machine: machine(1), seat: no_seat(held, number) };
    let mut flood = Vec::new();
    for number in 0..FLOOD {
        // However much a message states, it is one job.
        flood.push(note(&handle, (0..8).map(|more| confirm(8 * number + more)).collect()));
        flood.push(renewal(&handle, 1, &[no_seat(held, number)]));
    }
    let queued = 2 * JOBS_OF_ONE_MAX;
    assert_eq!(handle.jobs.capacity(), all - queued);
    // Everybody else finds room, and is behind a small part of the flood only.
    let others = [
        renewal(&handle, 2, &[held]),
        submit(&handle, check(3, 2)),
        submit(&handle, sign_off(2, held)),
    ];
    assert_eq!(handle.jobs.capacity(), all - queued - others.len());
    Tasks::default().spawn(task.run());
    for other in others {
        other.await.unwrap();
    }
    // Nothing of the flood was asked to go on meanwhile: only what was queued could be decided.
    for asking in flood {
        let answer = asking.await;
        assert!(matches!(answer, Ok(()) | Err(EngineError::Busy)), "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_floods_an_engine_that_stands_still_is_told_that_it_is_busy() {
    let disk = MemoryDisk::new();
    let (handle, _task, held) = at_rest(&disk).await;
    let mut flood: Vec<Asking> = (0..=JOBS_OF_ONE_MAX)
        .map(|number| submit(&handle, sign_off(1, no_seat(held, number))))
        .collect();
    let waits_for_its_share = flood.pop().unwrap();
    assert_eq!(waits_for_its_share.await, Err(EngineError::Busy));
}

#[tokio::test]
async fn a_callers_jobs_are_queued_in_the_order_of_asking() {
    let shares = Shares::default();
    let work = renew(1, &[]);
    let enter = || Box::pin(tokio::task::unconstrained(shares.part(&work).unwrap().enter()));
    let mut context = Context::from_waker(Waker::noop());
    let mut places = Vec::new();
    for _ in 0..JOBS_OF_ONE_MAX {
        let (_, place) = enter().await;
        places.push(place);
    }
    let (mut earlier, mut later) = (enter(), enter());
    assert!(earlier.as_mut().poll(&mut context).is_pending());
    // One place is for the earlier job, and nobody waits for the other one.
    places.truncate(JOBS_OF_ONE_MAX - 2);
    assert!(later.as_mut().poll(&mut context).is_pending(), "the later job is queued first");
    let (turn, _place) = earlier.await;
    assert!(later.as_mut().poll(&mut context).is_pending(), "the earlier job is not queued yet");
    drop(turn);
    later.await;
}

#[tokio::test]
async fn whoever_stops_waiting_has_its_share_taken_until_the_job_is_answered() {
    let disk = MemoryDisk::new();
    let (handle, task, held) = at_rest(&disk).await;
    let all = handle.jobs.max_capacity();
    for number in 0..FLOOD {
        drop(submit(&handle, sign_off(1, no_seat(held, number))));
    }
    assert_eq!(handle.jobs.capacity(), all - JOBS_OF_ONE_MAX);
    Tasks::default().spawn(task.run());
    // Then it is free again.
    handle.submit(sign_off(1, no_seat(held, 0))).await.unwrap();
}

#[test]
fn what_one_message_states_is_noted_one_by_one_in_one_job() {
    let mut driver = Driver::new();
    let first = super::seat(&driver.answer(sign_on(1, 1))).unwrap();
    let (ticket, input) = driver.ticket(Work::Facts(vec![
        sign_off(2, first),
        sign_off(3, first),
        sign_off(1, first),
    ]));
    driver.step(vec![input]);
    driver.run();
    let reply = driver.replies.remove(&ticket);
    let Some(Reply::Noted(refusals)) = reply else { panic!("{reply:?}") };
    assert!(matches!(refusals[..], [Refusal::NotYours, Refusal::NotYours]));
    assert!(driver.committed().seat(first.id).is_none());
    driver.audit();
}
