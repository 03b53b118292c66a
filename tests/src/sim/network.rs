//! Links: frames arrive in order or not at all, unless the world lets them overtake each other; a
//! link can break loudly or silently, with frames still under way; an old one may go on delivering
//! after a new one is up.

use std::collections::BTreeSet;

use super::random::Random;

/// The longest that one frame takes, in ms, unless the network is slow.
const DELAY_MAX: u64 = 400;

/// What is under way for so long counts as lost, and the link as dead: the link's own limit.
pub(super) const DEAD_AFTER: u64 = 30_000;

/// How the network is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weather {
    /// Frames take long.
    pub(super) slow: bool,
    /// Frames overtake each other.
    pub(super) unordered: bool,
    /// Until when nothing gets through, in each direction: to the pool, to the broker.
    pub(super) stalled: [u64; 2],
}

/// A link between a machine and the pool.
#[derive(Debug, Clone)]
pub(super) struct Link {
    /// The machine's number.
    pub(super) machine: usize,
    /// The process of the broker that opened it.
    pub(super) life: u64,
    /// When the first and the newest frame arrive, in each direction: to the pool, to the broker.
    arrives: [(u64, u64); 2],
    /// The messages that were answered at the broker's end.
    pub(super) answered: BTreeSet<u64>,
    /// What arrives later than this, in each direction, is lost.
    cut: Option<[u64; 2]>,
}

/// The direction of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// To the pool.
    Up = 0,
    /// To the broker.
    Down = 1,
}

impl Link {
    /// A new link.
    #[must_use]
    pub(super) fn new(machine: usize, life: u64) -> Self {
        Self { machine, life, arrives: [(0, 0); 2], answered: BTreeSet::new(), cut: None }
    }

    /// When a frame that is sent now arrives; none: never.
    pub(super) fn send(
        &mut self,
        way: Way,
        now: u64,
        weather: Weather,
        random: &mut Random,
    ) -> Option<u64> {
        let longest = if weather.slow { DELAY_MAX * 20 } else { DELAY_MAX };
        let at = weather.stalled[way as usize].max(now) + random.between(1, longest);
        let (first, newest) = &mut self.arrives[way as usize];
        // The first frame of a direction greets; nothing overtakes that.
        let at = at.max(if weather.unordered { *first } else { *newest });
        if *first == 0 {
            *first = at;
        }
        *newest = at.max(*newest);
        self.cut.is_none_or(|cut| at <= cut[way as usize]).then_some(at)
    }

    /// Whether a frame that arrives now was not lost with the link.
    #[must_use]
    pub(super) fn delivers(&self, way: Way, now: u64) -> bool {
        self.cut.is_none_or(|cut| now <= cut[way as usize])
    }

    /// It breaks; a part of what is under way still arrives. Says when each side learns of it.
    pub(super) fn break_now(
        &mut self,
        now: u64,
        silently: bool,
        random: &mut Random,
    ) -> Option<[u64; 2]> {
        if self.cut.is_some() {
            return None;
        }
        let cut = [0, 1].map(|_| now + random.between(0, DELAY_MAX));
        self.cut = Some(cut);
        let learns = if silently { DEAD_AFTER } else { DELAY_MAX };
        Some(cut.map(|cut| cut + random.between(learns / 2, learns)))
    }
}
