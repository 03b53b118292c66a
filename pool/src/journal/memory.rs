//! A journal in memory, for tests and simulation, that fails on order.
//!
//! The [`MemoryDisk`] is what survives a crash of the pool: drop the engine and the
//! [`MemoryJournal`], open another one on the same disk, and replay.
//! A [`Fault`] is set for the next append by the test, or drawn from a seed.
//! After a fault whose outcome is unknown the handle lies, as a real one may: it shows what is not
//! on the disk, or hides what is, until it is reopened.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hotseat_protocol::ids::Seq;

use super::error::JournalError;
use super::{Append, Journal, READ_PAGE, SNAPSHOTS_KEPT, StoredRecord, StoredSnapshot};

/// What happens to one append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It works.
    None,
    /// Nothing is written, and that is known.
    Fail,
    /// Nothing is written, and that is not known.
    UnknownLost,
    /// All of it is written, and that is not known.
    UnknownLanded,
    /// A part is written and the rest is not; opening the store again takes the part away.
    Torn,
}

/// How often, in a thousand appends, each fault is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FaultRates {
    /// [`Fault::Fail`].
    pub fail: u32,
    /// [`Fault::UnknownLost`].
    pub unknown_lost: u32,
    /// [`Fault::UnknownLanded`].
    pub unknown_landed: u32,
    /// [`Fault::Torn`].
    pub torn: u32,
    /// Snapshots that are damaged when they are written.
    pub torn_snapshot: u32,
    /// Reopenings that fail.
    pub failed_reopen: u32,
    /// Appends that take long; see [`MemoryDisk::lag`].
    pub lag: u32,
}

#[derive(Debug, Default)]
struct Inner {
    records: Vec<StoredRecord>,
    snapshots: VecDeque<StoredSnapshot>,
    faults: VecDeque<Fault>,
    tear_next_snapshot: bool,
    reopenings_to_fail: u32,
    broken: bool,
    drawn: Option<(FaultRates, Draw)>,
}

/// What survives a crash. Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct MemoryDisk {
    inner: Arc<Mutex<Inner>>,
}

impl MemoryDisk {
    /// An empty disk without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The faults of the next appends, in order; then none, or drawn ones.
    pub fn order(&self, faults: impl IntoIterator<Item = Fault>) {
        self.inner().faults.extend(faults);
    }

    /// Every later append draws its fault, the same ones for the same seed.
    pub fn draw(&self, rates: FaultRates, seed: u64) {
        self.inner().drawn = Some((rates, Draw(seed)));
    }

    /// No more faults: the disk is healed.
    pub fn heal(&self) {
        let mut inner = self.inner();
        inner.faults.clear();
        inner.drawn = None;
        inner.broken = false;
        inner.reopenings_to_fail = 0;
    }

    /// Until [`MemoryDisk::heal`], every append fails, as on a full disk.
    pub fn break_down(&self) {
        self.inner().broken = true;
    }

    /// The next `count` reopenings fail.
    pub fn fail_reopenings(&self, count: u32) {
        self.inner().reopenings_to_fail = count;
    }

    /// The next snapshot is damaged when it is written.
    pub fn tear_next_snapshot(&self) {
        self.inner().tear_next_snapshot = true;
    }

    /// How long the next append should take, for whoever drives the engine in virtual time: zero,
    /// or up to `longest` when a lag is drawn.
    #[must_use]
    pub fn lag(&self, longest: Duration) -> Duration {
        let mut inner = self.inner();
        let Some((rates, draw)) = &mut inner.drawn else {
            return Duration::ZERO;
        };
        if !draw.happens(rates.lag) {
            return Duration::ZERO;
        }
        longest.mul_f64(f64::from(draw.below(1000)) / 1000.0)
    }

    /// What is durable.
    #[must_use]
    pub fn records(&self) -> Vec<StoredRecord> {
        self.inner().records.clone()
    }

    /// Appends as another server would, behind the back of every handle.
    pub fn append_behind(&self, records: impl IntoIterator<Item = StoredRecord>) {
        self.inner().records.extend(records);
    }

    /// Changes what is durable, as a damaged disk would.
    pub fn damage(&self, change: impl FnOnce(&mut Vec<StoredRecord>)) {
        change(&mut self.inner().records);
    }

    /// Opens a handle on this disk.
    #[must_use]
    pub fn open(&self) -> MemoryJournal {
        MemoryJournal { disk: self.clone(), seen: None }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handle on a [`MemoryDisk`].
#[derive(Debug)]
pub struct MemoryJournal {
    disk: MemoryDisk,
    /// After an unknown outcome: what this handle wrongly shows.
    seen: Option<Vec<StoredRecord>>,
}

impl MemoryJournal {
    /// Calls with what this handle shows, right or wrong.
    fn shown<R>(&self, look: impl FnOnce(&[StoredRecord]) -> R) -> R {
        match &self.seen {
            Some(seen) => look(seen),
            None => look(&self.disk.inner().records),
        }
    }
}

impl Journal for MemoryJournal {
    fn newest(&mut self) -> Result<Seq, JournalError> {
        Ok(self.shown(|records| records.last().map_or(Seq(0), |record| record.seq)))
    }

    fn append(&mut self, expected: Seq, batch: &[StoredRecord]) -> Append {
        let mut inner = self.disk.inner();
        let fault = inner.next_fault();
        let down = || JournalError::Io("an ordered fault".to_owned());
        if fault == Fault::Fail || self.seen.is_some() {
            return Append::Failed(down());
        }
        if inner.records.last().map_or(Seq(0), |record| record.seq) != expected {
            return Append::Conflict;
        }
        let with = |part: &[StoredRecord]| Some([inner.records.as_slice(), part].concat());
        self.seen = match fault {
            Fault::None | Fault::Fail => None,
            Fault::UnknownLanded => with(&[]),
            Fault::UnknownLost => with(batch),
            Fault::Torn => with(&batch[..batch.len().div_ceil(2)]),
        };
        if matches!(fault, Fault::None | Fault::UnknownLanded) {
            inner.records.extend_from_slice(batch);
        }
        if self.seen.is_some() { Append::Unknown(down()) } else { Append::Done }
    }

    fn read_after(&mut self, seq: Seq) -> Result<Vec<StoredRecord>, JournalError> {
        Ok(self.shown(|records| {
            let after = records.partition_point(|record| record.seq <= seq);
            records[after..].iter().take(READ_PAGE).cloned().collect()
        }))
    }

    fn save_snapshot(&mut self, snapshot: &StoredSnapshot) -> Result<(), JournalError> {
        let mut inner = self.disk.inner();
        let drawn = inner.drawn.as_mut();
        let torn = drawn.is_some_and(|(rates, draw)| draw.happens(rates.torn_snapshot));
        let torn = std::mem::take(&mut inner.tear_next_snapshot) || torn;
        let mut snapshot = snapshot.clone();
        if torn {
            let half = snapshot.payload.len() / 2;
            snapshot.payload.truncate(half);
        }
        inner.snapshots.push_front(snapshot);
        inner.snapshots.truncate(SNAPSHOTS_KEPT);
        Ok(())
    }

    fn snapshots(&mut self) -> Result<Vec<StoredSnapshot>, JournalError> {
        Ok(self.disk.inner().snapshots.iter().cloned().collect())
    }

    fn probe(&mut self) -> Result<(), JournalError> {
        if self.disk.inner().broken {
            return Err(JournalError::Io("an ordered fault".to_owned()));
        }
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), JournalError> {
        let mut inner = self.disk.inner();
        let drawn = inner.drawn.as_mut();
        let fails = drawn.is_some_and(|(rates, draw)| draw.happens(rates.failed_reopen));
        if fails || inner.reopenings_to_fail > 0 {
            inner.reopenings_to_fail = inner.reopenings_to_fail.saturating_sub(1);
            return Err(JournalError::Io("an ordered fault".to_owned()));
        }
        drop(inner);
        self.seen = None;
        Ok(())
    }
}

impl Inner {
    fn next_fault(&mut self) -> Fault {
        if self.broken {
            return Fault::Fail;
        }
        if let Some(ordered) = self.faults.pop_front() {
            return ordered;
        }
        let Some((rates, draw)) = &mut self.drawn else {
            return Fault::None;
        };
        let mut number = draw.below(1000);
        let table = [
            (rates.fail, Fault::Fail),
            (rates.unknown_lost, Fault::UnknownLost),
            (rates.unknown_landed, Fault::UnknownLanded),
            (rates.torn, Fault::Torn),
        ];
        for (rate, fault) in table {
            if number < rate {
                return fault;
            }
            number -= rate;
        }
        Fault::None
    }
}

/// SplitMix64: small, seeded, the same everywhere.
#[derive(Debug, Clone, Copy)]
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u32) -> u32 {
        u32::try_from(self.next() % u64::from(limit)).expect("a remainder is below its divisor")
    }

    fn happens(&mut self, per_thousand: u32) -> bool {
        self.below(1000) < per_thousand
    }
}
