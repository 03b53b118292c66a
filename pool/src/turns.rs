//! Turns at something scarce: a limited number at once, and those who wait are served round-robin over
//! whoever they are, so that nobody's flood keeps anybody else waiting for more than one round.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// How many may have a turn, and how many may wait for one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TurnLimits {
    /// Turns at once.
    pub(crate) at_once: usize,
    /// Waiting for one caller.
    pub(crate) waiting_each: usize,
    /// Waiting in all; then whoever waits most often makes room.
    pub(crate) waiting_all: usize,
}

/// Too many wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Crowded;

/// Gives turns. Clones share them.
#[derive(Debug)]
pub(crate) struct Turns<K: Ord + Clone> {
    limits: TurnLimits,
    queue: Arc<Mutex<Queue<K>>>,
}

impl<K: Ord + Clone> Clone for Turns<K> {
    fn clone(&self) -> Self {
        Self { limits: self.limits, queue: Arc::clone(&self.queue) }
    }
}

/// The way to hand a turn to somebody who waits, by number.
type Numbered<K> = (u64, oneshot::Sender<Turn<K>>);

#[derive(Debug)]
struct Queue<K: Ord + Clone> {
    free: usize,
    /// Never an empty one.
    waiting: BTreeMap<K, VecDeque<Numbered<K>>>,
    /// Each of those who wait, once, in the order of their next turns.
    round: VecDeque<K>,
    count: usize,
    last: u64,
}

/// One turn; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<K: Ord + Clone> {
    /// None once it was handed on.
    queue: Option<Arc<Mutex<Queue<K>>>>,
}

/// Somebody who waits; leaves the queue when dropped.
struct Waiter<K: Ord + Clone> {
    queue: Arc<Mutex<Queue<K>>>,
    key: K,
    number: u64,
}

impl<K: Ord + Clone> Turns<K> {
    pub(crate) fn new(limits: TurnLimits) -> Self {
        let queue = Queue {
            free: limits.at_once,
            waiting: BTreeMap::new(),
            round: VecDeque::new(),
            count: 0,
            last: 0,
        };
        Self { limits, queue: Arc::new(Mutex::new(queue)) }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    ///
    /// At once when too many wait, and later when this caller had to make room for others.
    pub(crate) async fn take(&self, key: K) -> Result<Turn<K>, Crowded> {
        let (given, turn) = oneshot::channel();
        let number = {
            let mut queue = lock(&self.queue);
            if queue.free > 0 {
                queue.free -= 1;
                return Ok(Turn { queue: Some(Arc::clone(&self.queue)) });
            }
            queue.make_room(&key, self.limits)?;
            queue.push(key.clone(), given)
        };
        let _waiter = Waiter { queue: Arc::clone(&self.queue), key, number };
        turn.await.map_err(|_| Crowded)
    }
}

impl<K: Ord + Clone> Queue<K> {
    fn make_room(&mut self, key: &K, limits: TurnLimits) -> Result<(), Crowded> {
        let own = self.waiting.get(key).map_or(0, VecDeque::len);
        if own >= limits.waiting_each {
            return Err(Crowded);
        }
        if self.count < limits.waiting_all {
            return Ok(());
        }
        let most = self.waiting.iter().max_by_key(|(_, waiting)| waiting.len());
        let (most, length) =
            most.map(|(key, waiting)| (key.clone(), waiting.len())).ok_or(Crowded)?;
        if length <= own + 1 {
            return Err(Crowded);
        }
        let newest = self.waiting.get(&most).and_then(VecDeque::back).map(|(number, _)| *number);
        if let Some(number) = newest {
            self.remove(&most, number);
        }
        Ok(())
    }

    fn push(&mut self, key: K, given: oneshot::Sender<Turn<K>>) -> u64 {
        self.last += 1;
        let waiting = self.waiting.entry(key.clone()).or_default();
        if waiting.is_empty() {
            self.round.push_back(key);
        }
        waiting.push_back((self.last, given));
        self.count += 1;
        self.last
    }

    fn pop(&mut self) -> Option<oneshot::Sender<Turn<K>>> {
        let key = self.round.pop_front()?;
        let waiting = self.waiting.get_mut(&key)?;
        let (_, given) = waiting.pop_front()?;
        self.count -= 1;
        if waiting.is_empty() {
            self.waiting.remove(&key);
        } else {
            self.round.push_back(key);
        }
        Some(given)
    }

    fn remove(&mut self, key: &K, number: u64) {
        let Some(waiting) = self.waiting.get_mut(key) else { return };
        let before = waiting.len();
        waiting.retain(|(other, _)| *other != number);
        self.count -= before - waiting.len();
        if waiting.is_empty() {
            self.waiting.remove(key);
            self.round.retain(|other| other != key);
        }
    }
}

impl<K: Ord + Clone> Drop for Turn<K> {
    fn drop(&mut self) {
        let Some(queue) = self.queue.take() else { return };
        loop {
            let next = {
                let mut locked = lock(&queue);
                let next = locked.pop();
                if next.is_none() {
                    locked.free += 1;
                }
                next
            };
            let Some(next) = next else { return };
            match next.send(Turn { queue: Some(Arc::clone(&queue)) }) {
                Ok(()) => return,
                // Whoever waited has left; disarmed, so that its end is not another turn's end.
                Err(mut turn) => drop(turn.queue.take()),
            }
        }
    }
}

impl<K: Ord + Clone> Drop for Waiter<K> {
    fn drop(&mut self) {
        lock(&self.queue).remove(&self.key, self.number);
    }
}

fn lock<K: Ord + Clone>(queue: &Mutex<Queue<K>>) -> MutexGuard<'_, Queue<K>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    use super::*;

    const LIMITS: TurnLimits = TurnLimits { at_once: 1, waiting_each: 8, waiting_all: 12 };

    type Waiting = Pin<Box<dyn Future<Output = Result<Turn<u32>, Crowded>>>>;

    fn wait(turns: &Turns<u32>, key: u32) -> Waiting {
        let turns = turns.clone();
        let mut waiting: Waiting = Box::pin(async move { turns.take(key).await });
        assert!(poll(&mut waiting).is_pending());
        waiting
    }

    fn poll(waiting: &mut Waiting) -> Poll<Result<Turn<u32>, Crowded>> {
        waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    fn now(turns: &Turns<u32>, key: u32) -> Poll<Result<Turn<u32>, Crowded>> {
        pin!(turns.take(key)).poll(&mut Context::from_waker(Waker::noop()))
    }

    fn taken(poll: Poll<Result<Turn<u32>, Crowded>>) -> Turn<u32> {
        let Poll::Ready(Ok(turn)) = poll else { panic!("no turn: {poll:?}") };
        turn
    }

    #[test]
    fn a_flood_of_one_caller_keeps_another_waiting_for_one_turn_at_most() {
        let turns = Turns::new(LIMITS);
        let first = taken(now(&turns, 1));
        let mut flood: Vec<Waiting> = (0..8).map(|_| wait(&turns, 1)).collect();
        assert!(matches!(now(&turns, 1), Poll::Ready(Err(Crowded))));
        let mut other = wait(&turns, 2);
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
        let _first = taken(now(&turns, 1));
        let mut flood: Vec<Waiting> = (0..8).map(|_| wait(&turns, 1)).collect();
        let _others: Vec<Waiting> = (2..6).map(|key| wait(&turns, key)).collect();
        let _another = wait(&turns, 7);
        assert!(matches!(poll(&mut flood[7]), Poll::Ready(Err(Crowded))));
        assert!(poll(&mut flood[6]).is_pending());
    }

    #[test]
    fn whoever_leaves_loses_no_turn() {
        let turns = Turns::new(LIMITS);
        let first = taken(now(&turns, 1));
        let leaving = wait(&turns, 1);
        let given = wait(&turns, 2);
        let mut last = wait(&turns, 3);
        drop(leaving);
        // The second was handed the turn, and leaves without having looked.
        drop(first);
        drop(given);
        drop(taken(poll(&mut last)));
        drop(taken(now(&turns, 4)));
        assert_eq!(lock(&turns.queue).count, 0);
    }
}
