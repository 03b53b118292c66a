//! Those who wait, as a tree of groups: round-robin at each level.

use std::collections::{BTreeMap, VecDeque};

/// Whoever waits below one step of their paths, which are all equally long.
#[derive(Debug)]
pub(super) struct Branch<K, W> {
    count: usize,
    /// The number of whoever came last.
    newest: u64,
    /// Those whose path ends here, by number, the oldest first.
    here: VecDeque<(u64, W)>,
    /// Never an empty one.
    below: BTreeMap<K, Self>,
    /// Each step below, once, in the order of their next turns.
    round: VecDeque<K>,
}

impl<K, W> Default for Branch<K, W> {
    fn default() -> Self {
        Self {
            count: 0,
            newest: 0,
            here: VecDeque::new(),
            below: BTreeMap::new(),
            round: VecDeque::new(),
        }
    }
}

impl<K: Ord + Clone, W> Branch<K, W> {
    /// The number of those who wait below this step.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The branch at the end of a path; none when nobody waits there.
    pub(super) fn at(&self, path: &[K]) -> Option<&Self> {
        match path.split_first() {
            Some((step, rest)) => self.below.get(step)?.at(rest),
            None => Some(self),
        }
    }

    /// The number of those who wait with this path.
    pub(super) fn count_at(&self, path: &[K]) -> usize {
        self.at(path).map_or(0, Self::count)
    }

    /// Adds somebody; numbers only grow.
    pub(super) fn push(&mut self, path: &[K], number: u64, waiter: W) {
        self.count += 1;
        self.newest = number;
        let Some((step, rest)) = path.split_first() else {
            self.here.push_back((number, waiter));
            return;
        };
        if !self.below.contains_key(step) {
            self.round.push_back(step.clone());
        }
        self.below.entry(step.clone()).or_default().push(rest, number, waiter);
    }

    /// Takes out whoever is next.
    pub(super) fn pop(&mut self) -> Option<W> {
        let next = match self.round.pop_front() {
            None => self.here.pop_front()?.1,
            Some(step) => {
                let branch = self.below.get_mut(&step)?;
                let next = branch.pop()?;
                if branch.count == 0 {
                    self.below.remove(&step);
                } else {
                    self.round.push_back(step);
                }
                next
            }
        };
        self.count -= 1;
        Some(next)
    }

    /// Takes somebody out. Returns whether they still waited.
    pub(super) fn remove(&mut self, path: &[K], number: u64) -> bool {
        let found = if let Some((step, rest)) = path.split_first() {
            let Some(branch) = self.below.get_mut(step) else { return false };
            let found = branch.remove(rest, number);
            if branch.count == 0 {
                self.below.remove(step);
                self.round.retain(|other| other != step);
            }
            found
        } else {
            let before = self.here.len();
            self.here.retain(|(other, _)| *other != number);
            self.here.len() < before
        };
        self.count -= usize::from(found);
        found
    }

    /// Who leaves so that somebody with this path can wait: at the first level at which another
    /// branch would still have more than the newcomer's, the newest of the branch that has the most.
    /// None when no branch has.
    pub(super) fn makes_room(&self, path: &[K]) -> Option<(Vec<K>, u64)> {
        let (step, rest) = path.split_first()?;
        let own = self.below.get(step);
        let (most, branch) = self.fullest()?;
        if branch.count > own.map_or(0, Self::count) + 1 {
            return Some(branch.newest_of_fullest(vec![most.clone()]));
        }
        let (mut below, number) = own?.makes_room(rest)?;
        below.insert(0, step.clone());
        Some((below, number))
    }

    /// Where as many wait in several branches, it is the one that was joined last.
    fn fullest(&self) -> Option<(&K, &Self)> {
        self.below.iter().max_by_key(|(_, branch)| (branch.count, branch.newest))
    }

    fn newest_of_fullest(&self, mut path: Vec<K>) -> (Vec<K>, u64) {
        let Some((step, branch)) = self.fullest() else {
            let newest = self.here.back().map_or(self.newest, |(number, _)| *number);
            return (path, newest);
        };
        path.push(step.clone());
        branch.newest_of_fullest(path)
    }
}
