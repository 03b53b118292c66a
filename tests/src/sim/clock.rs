//! Clocks that drift, stand still with their machine, and begin again at a boot. True time is the
//! simulation's own, in ms.

/// One clock: local time is a straight line over true time until something happens to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    since: u64,
    local: u64,
    /// How fast it runs, in parts per thousand of true time.
    rate: u64,
    stopped: bool,
}

impl Clock {
    /// A clock that shows `local` at true time `now`, and runs at `rate` parts per thousand.
    #[must_use]
    pub(super) fn new(now: u64, local: u64, rate: u64) -> Self {
        Self { since: now, local, rate, stopped: false }
    }

    /// What it shows at true time `now`, in ms.
    #[must_use]
    pub(super) fn at(&self, now: u64) -> u64 {
        let passed = if self.stopped { 0 } else { now - self.since };
        self.local + passed * self.rate / 1_000
    }

    /// The first true time at which it shows at least `local`, if it runs.
    #[must_use]
    pub(super) fn when(&self, local: u64) -> Option<u64> {
        let wait = local.saturating_sub(self.local) * 1_000;
        (!self.stopped).then(|| self.since + wait.div_ceil(self.rate))
    }

    /// It stops, as the clock of a virtual machine that is paused.
    pub(super) fn stop(&mut self, now: u64) {
        *self = Self { stopped: true, ..Self::new(now, self.at(now), self.rate) };
    }

    /// It runs on from where it stopped.
    pub(super) fn run(&mut self, now: u64) {
        *self = Self::new(now, self.at(now), self.rate);
    }

    /// Its rate changes.
    pub(super) fn drift(&mut self, now: u64, rate: u64) {
        let stopped = self.stopped;
        *self = Self { stopped, ..Self::new(now, self.at(now), rate) };
    }
}
