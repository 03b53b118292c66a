//! Turns at something scarce: a limited number at once, and those who wait are served round-robin, so
//! that nobody's flood keeps anybody else waiting for more than one round.
//!
//! Whoever waits is named by a path, from a large group to one caller. Turns go round at each of its
//! levels, so a group has as many turns as its neighbours, whatever number of callers it is made of.

mod branch;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use branch::Branch;
use tokio::sync::oneshot;

/// How many may have a turn, and how many may wait for one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TurnLimits {
    /// Turns at once.
    pub(crate) at_once: usize,
    /// Waiting with the same path.
    pub(crate) waiting_each: usize,
    /// Waiting in all; then whoever waits most often makes room, seen from the first level on.
    pub(crate) waiting_all: usize,
    /// The number of first steps that set places apart: with 0 all paths share `waiting_all`, with 1
    /// each first step has that many for its own.
    pub(crate) apart: usize,
}

/// Too many wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Crowded;

/// Gives turns to paths of `N` steps. Clones share them.
#[derive(Debug)]
pub(crate) struct Turns<K: Ord + Clone, const N: usize> {
    limits: TurnLimits,
    queue: Arc<Mutex<Queue<K, N>>>,
}

impl<K: Ord + Clone, const N: usize> Clone for Turns<K, N> {
    fn clone(&self) -> Self {
        Self { limits: self.limits, queue: Arc::clone(&self.queue) }
    }
}

/// The way to hand a turn to somebody who waits.
type Given<K, const N: usize> = oneshot::Sender<Turn<K, N>>;

#[derive(Debug)]
struct Queue<K: Ord + Clone, const N: usize> {
    free: usize,
    waiting: Branch<K, Given<K, N>>,
    last: u64,
}

/// One turn; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<K: Ord + Clone, const N: usize> {
    /// None once it was handed on.
    queue: Option<Arc<Mutex<Queue<K, N>>>>,
}

/// Somebody who waits; leaves the queue when dropped.
struct Waiter<K: Ord + Clone, const N: usize> {
    queue: Arc<Mutex<Queue<K, N>>>,
    path: [K; N],
    number: u64,
}

impl<K: Ord + Clone, const N: usize> Turns<K, N> {
    pub(crate) fn new(limits: TurnLimits) -> Self {
        let queue = Queue { free: limits.at_once, waiting: Branch::default(), last: 0 };
        Self { limits, queue: Arc::new(Mutex::new(queue)) }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    ///
    /// At once when too many wait, and later when this caller had to make room for others.
    pub(crate) async fn take(&self, path: [K; N]) -> Result<Turn<K, N>, Crowded> {
        let (given, turn) = oneshot::channel();
        let number = {
            let mut queue = lock(&self.queue);
            if queue.free > 0 {
                queue.free -= 1;
                return Ok(Turn { queue: Some(Arc::clone(&self.queue)) });
            }
            queue.make_room(&path, self.limits)?;
            queue.push(&path, given)
        };
        let _waiter = Waiter { queue: Arc::clone(&self.queue), path, number };
        turn.await.map_err(|_| Crowded)
    }
}

impl<K: Ord + Clone, const N: usize> Queue<K, N> {
    fn make_room(&mut self, path: &[K; N], limits: TurnLimits) -> Result<(), Crowded> {
        if self.waiting.count_at(path) >= limits.waiting_each {
            return Err(Crowded);
        }
        let (apart, rest) = path.split_at(limits.apart.min(N));
        let Some(sharing) = self.waiting.at(apart) else { return Ok(()) };
        if sharing.count() < limits.waiting_all {
            return Ok(());
        }
        let (below, number) = sharing.makes_room(rest).ok_or(Crowded)?;
        self.waiting.remove(&[apart, &below].concat(), number);
        Ok(())
    }

    fn push(&mut self, path: &[K; N], given: Given<K, N>) -> u64 {
        self.last += 1;
        self.waiting.push(path, self.last, given);
        self.last
    }
}

impl<K: Ord + Clone, const N: usize> Drop for Turn<K, N> {
    fn drop(&mut self) {
        let Some(queue) = self.queue.take() else { return };
        loop {
            let next = {
                let mut locked = lock(&queue);
                let next = locked.waiting.pop();
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

impl<K: Ord + Clone, const N: usize> Drop for Waiter<K, N> {
    fn drop(&mut self) {
        lock(&self.queue).waiting.remove(&self.path, self.number);
    }
}

fn lock<K: Ord + Clone, const N: usize>(queue: &Mutex<Queue<K, N>>) -> MutexGuard<'_, Queue<K, N>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}
