//! The only source of chance: a number generator whose whole future follows from the seed.

/// SplitMix64: small, fast, and the same on every machine and in every version.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The generator of a seed.
    #[must_use]
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next 128 bits.
    pub(crate) fn wide(&mut self) -> u128 {
        (u128::from(self.bits()) << 64) | u128::from(self.bits())
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.bits() % (high - low + 1)
    }

    /// True in `percent` of 100 cases.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of several, none if there is none.
    pub(crate) fn pick<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        let last = of.len().checked_sub(1)?;
        let index = usize::try_from(self.between(0, last as u64)).expect("an index fits");
        of.get(index).cloned()
    }

    /// One of several by weight.
    pub(crate) fn weighted<T: Copy>(&mut self, of: &[(u64, T)]) -> T {
        let sum = of.iter().map(|(weight, _)| weight).sum();
        let mut at = self.between(1, sum);
        for (weight, what) in of {
            if at <= *weight {
                return *what;
            }
            at -= weight;
        }
        of[0].1
    }
}
