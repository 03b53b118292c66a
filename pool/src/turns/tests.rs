//! Who has the next turn, and who makes room.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::*;

const LIMITS: TurnLimits = TurnLimits { at_once: 1, waiting_each: 8, waiting_all: 12, apart: 0 };
/// The first of three steps has places of its own.
const APART: TurnLimits = TurnLimits { apart: 1, ..LIMITS };

type Waiting<const N: usize> = Pin<Box<dyn Future<Output = Result<Turn<u32, N>, Crowded>>>>;

fn wait<const N: usize>(turns: &Turns<u32, N>, path: [u32; N]) -> Waiting<N> {
    let turns = turns.clone();
    let mut waiting: Waiting<N> = Box::pin(async move { turns.take(path).await });
    assert!(poll(&mut waiting).is_pending(), "{path:?} does not wait");
    waiting
}

fn poll<const N: usize>(waiting: &mut Waiting<N>) -> Poll<Result<Turn<u32, N>, Crowded>> {
    waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

fn now<const N: usize>(
    turns: &Turns<u32, N>,
    path: [u32; N],
) -> Poll<Result<Turn<u32, N>, Crowded>> {
    pin!(turns.take(path)).poll(&mut Context::from_waker(Waker::noop()))
}

fn taken<const N: usize>(poll: Poll<Result<Turn<u32, N>, Crowded>>) -> Turn<u32, N> {
    let Poll::Ready(Ok(turn)) = poll else { panic!("no turn: {poll:?}") };
    turn
}

fn is_crowded<const N: usize>(poll: &Poll<Result<Turn<u32, N>, Crowded>>) -> bool {
    matches!(poll, Poll::Ready(Err(Crowded)))
}

/// Ends a turn and those after it until this one has one. Returns how many others had one before.
fn turns_until<const N: usize>(
    mut turn: Turn<u32, N>,
    others: &mut [Waiting<N>],
    own: &mut Waiting<N>,
) -> usize {
    let mut had = vec![false; others.len()];
    loop {
        drop(turn);
        if let Poll::Ready(Ok(_)) = poll(own) {
            return had.iter().filter(|had| **had).count();
        }
        let mut next = None;
        for (waiting, had) in others.iter_mut().zip(&mut had).filter(|(_, had)| !**had) {
            if let Poll::Ready(Ok(given)) = poll(waiting) {
                *had = true;
                next = Some(given);
                break;
            }
        }
        turn = next.expect("somebody has the turn");
    }
}

#[test]
fn a_flood_of_one_caller_keeps_another_waiting_for_one_turn_at_most() {
    let turns = Turns::new(LIMITS);
    let first = taken(now(&turns, [1]));
    let mut flood: Vec<Waiting<1>> = (0..8).map(|_| wait(&turns, [1])).collect();
    assert!(is_crowded(&now(&turns, [1])));
    let mut other = wait(&turns, [2]);
    drop(first);
    let second = taken(poll(&mut flood[0]));
    assert!(poll(&mut other).is_pending());
    drop(second);
    drop(taken(poll(&mut other)));
    drop(taken(poll(&mut flood[1])));
}

#[test]
fn whoever_waits_most_often_makes_room() {
    let turns = Turns::new(LIMITS);
    let _first = taken(now(&turns, [1]));
    let mut flood: Vec<Waiting<1>> = (0..8).map(|_| wait(&turns, [1])).collect();
    let _others: Vec<Waiting<1>> = (2..6).map(|key| wait(&turns, [key])).collect();
    let _another = wait(&turns, [7]);
    assert!(is_crowded(&poll(&mut flood[7])));
    assert!(poll(&mut flood[6]).is_pending());
}

#[test]
fn callers_of_one_group_count_as_one_beside_another_group() {
    let turns = Turns::new(APART);
    let first = taken(now(&turns, [1, 1, 0]));
    // As many callers as there are places, and each of them waits once.
    let mut flood: Vec<Waiting<3>> = (0..12).map(|caller| wait(&turns, [1, 1, caller])).collect();
    assert!(is_crowded(&now(&turns, [1, 1, 12])), "all of the group's wait once");
    let mut other = wait(&turns, [1, 2, 0]);
    assert!(is_crowded(&poll(&mut flood[11])), "the newest makes room");
    assert_eq!(turns_until(first, &mut flood[..11], &mut other), 1);
}

#[test]
fn places_that_are_set_apart_cannot_be_taken_by_others() {
    let turns = Turns::new(APART);
    let first = taken(now(&turns, [1, 0, 0]));
    // Each of another group: none of them makes room for another one.
    let mut flood: Vec<Waiting<3>> = (0..12).map(|group| wait(&turns, [1, group, 0])).collect();
    assert!(is_crowded(&now(&turns, [1, 12, 0])));
    let mut others: Vec<Waiting<3>> = (0..12).map(|group| wait(&turns, [2, group, 0])).collect();
    assert!(flood.iter_mut().all(|waiting| poll(waiting).is_pending()));
    assert_eq!(turns_until(first, &mut flood, &mut others[0]), 1);
}

#[test]
fn whoever_leaves_loses_no_turn() {
    let turns = Turns::new(LIMITS);
    let first = taken(now(&turns, [1]));
    let leaving = wait(&turns, [1]);
    let given = wait(&turns, [2]);
    let mut last = wait(&turns, [3]);
    drop(leaving);
    // The second was handed the turn, and leaves without having looked.
    drop(first);
    drop(given);
    drop(taken(poll(&mut last)));
    drop(taken(now(&turns, [4])));
    assert_eq!(lock(&turns.queue).waiting.count(), 0);
}

/// What one branch of each level waits for, at most: a turn of each neighbour for a turn of its own.
fn round(flood: &[[u32; 3]], own: [u32; 3]) -> usize {
    let neighbours = |depth: usize| {
        let same = flood.iter().filter(|path| path[..depth] == own[..depth]);
        let mut steps: Vec<u32> = same.map(|path| path[depth]).collect();
        steps.push(own[depth]);
        steps.sort_unstable();
        steps.dedup();
        steps.len()
    };
    neighbours(0) * neighbours(1) * neighbours(2) - 1
}

fn path() -> impl Strategy<Value = [u32; 3]> {
    [0..3_u32, 0..4_u32, 0..4_u32]
}

proptest! {
    #[test]
    fn nobody_waits_for_more_than_one_round_of_each_level(
        flood in prop::collection::vec(path(), 0..200),
        own in path(),
    ) {
        let limits = TurnLimits { waiting_each: 200, waiting_all: 200, ..APART };
        prop_assume!(!flood.contains(&own));
        let turns = Turns::new(limits);
        let first = taken(now(&turns, own));
        let mut others: Vec<Waiting<3>> = flood.iter().map(|path| wait(&turns, *path)).collect();
        let mut waiting = wait(&turns, own);
        let before = turns_until(first, &mut others, &mut waiting);
        prop_assert!(before <= round(&flood, own), "{before} turns of others");
    }

    #[test]
    fn a_newcomer_is_refused_only_where_no_neighbour_has_more(
        paths in prop::collection::vec(path(), 0..60),
    ) {
        let turns = Turns::new(APART);
        let _first = taken(now(&turns, [0, 0, 0]));
        let mut waiting: Vec<([u32; 3], Waiting<3>)> = Vec::new();
        for path in paths {
            let counts = |waiting: &[([u32; 3], Waiting<3>)], depth: usize| {
                let mut counts = BTreeMap::<u32, usize>::new();
                for (other, _) in waiting.iter().filter(|(other, _)| other[..depth] == path[..depth]) {
                    *counts.entry(other[depth]).or_default() += 1;
                }
                counts
            };
            let before: Vec<_> = (0..3).map(|depth| counts(&waiting, depth)).collect();
            let mut newcomer: Waiting<3> = {
                let turns = turns.clone();
                Box::pin(async move { turns.take(path).await })
            };
            let refused = is_crowded(&poll(&mut newcomer));
            waiting.retain_mut(|(_, waiting)| poll(waiting).is_pending());
            if refused {
                let full = before[0].get(&path[0]) == Some(&APART.waiting_all);
                let own = before[2].get(&path[2]) == Some(&APART.waiting_each);
                let fair = (1..3).all(|depth| {
                    let own = before[depth].get(&path[depth]).copied().unwrap_or(0);
                    before[depth].values().all(|count| *count <= own + 1)
                });
                prop_assert!(own || (full && fair), "{path:?} beside {before:?}");
            } else {
                waiting.push((path, newcomer));
            }
            let now = counts(&waiting, 0);
            prop_assert!(now.values().all(|count| *count <= APART.waiting_all));
            let steps = before[0].iter().filter(|(step, _)| **step != path[0]);
            for (step, count) in steps {
                prop_assert_eq!(now.get(step), Some(count), "another's place was taken");
            }
        }
    }
}
