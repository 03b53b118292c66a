//! One batch: what was decided together, and what becomes of it.

use hotseat_protocol::ids::Seq;
use hotseat_protocol::reason::PlaceEnd;
use hotseat_rules::{Command, Event, Mono, answer, apply, decide, due, renew, renew_calls};

use super::core::{Engine, RETRY_AFTER, SNAPSHOT_EVERY};
use super::messages::{Committed, Failure, Health, Job, Output, Reply, Turn, Work};
use super::touch::touches;
use crate::journal::about::person_in;
use crate::journal::{ActorAddress, Append, By, JournalError, NotItself, Record, StoredRecord};

/// Records after which a batch is full: what is left is decided in the next one.
pub const BATCH_RECORDS_MAX: usize = 4096;

/// How often a batch is decided again because others appended first.
pub const CONFLICTS_MAX: u32 = 5;

/// A batch that is being appended.
#[derive(Debug)]
pub(super) struct Batch<T> {
    jobs: Vec<Decided<T>>,
    records: Vec<Record>,
    stored: Vec<StoredRecord>,
    conflicts: u32,
    phase: Phase,
}

/// A job with the answer that waits for the commit.
#[derive(Debug)]
struct Decided<T> {
    job: Job<T>,
    reply: Reply,
}

/// Where a batch stands.
#[derive(Debug)]
enum Phase {
    Appending,
    /// Others appended first; what they wrote is being read.
    CatchingUp,
    /// Nobody knows; the journal is being read afresh.
    Unknown(JournalError),
    /// The journal could not be read afresh; to be tried again.
    Unread(JournalError),
}

impl<T> Batch<T> {
    fn new(conflicts: u32) -> Self {
        Self {
            jobs: Vec::new(),
            records: Vec::new(),
            stored: Vec::new(),
            conflicts,
            phase: Phase::Appending,
        }
    }

    /// Whether the journal is to be read again now; then it is under way.
    pub(super) fn reread_again(&mut self) -> bool {
        let Phase::Unread(error) = &self.phase else {
            return false;
        };
        self.phase = Phase::Unknown(error.clone());
        true
    }
}

impl<T> Engine<T> {
    /// Decides what waits, then what the clock has made necessary, and begins to append.
    pub(super) fn decide_batch(
        &mut self,
        turn: Turn,
        random: &mut dyn FnMut() -> u128,
        outputs: &mut Vec<Output<T>>,
    ) {
        let mut batch = Batch::new(0);
        while batch.records.len() < BATCH_RECORDS_MAX
            && let Some(job) = self.waiting.pop_front()
        {
            self.decide_job(job, &mut batch, turn);
        }
        // Only when nothing waits any more: a renewal that was received goes before any expiry.
        if self.waiting.is_empty() {
            self.decide_due(&mut batch, turn, random);
        }
        self.begin(batch, outputs);
    }

    fn decide_due(&mut self, batch: &mut Batch<T>, turn: Turn, random: &mut dyn FnMut() -> u128) {
        let waits = self.health != Health::Writable && turn.now < self.retry_at;
        if waits || turn.now < self.due_at {
            return;
        }
        let until = turn.heard_until.min(turn.now);
        while batch.records.len() < BATCH_RECORDS_MAX {
            let before = batch.records.len();
            for command in due(&self.working, &self.presence, until, &mut *random) {
                let reply = self.decide_command(&command, None, batch, turn);
                if matches!(reply, Reply::Failed(_)) {
                    // It stays due; trying at every turn would do nothing else.
                    self.due_at = turn.now + RETRY_AFTER;
                }
                let job = Job { to: None, work: Work::Command(command) };
                batch.jobs.push(Decided { job, reply });
            }
            if batch.records.len() == before {
                return;
            }
        }
    }

    fn decide_job(&mut self, job: Job<T>, batch: &mut Batch<T>, turn: Turn) {
        let reply = match &job.work {
            Work::Command(command) => self.decide_command(command, None, batch, turn),
            Work::Act { command, by } => {
                self.decide_command(command, Some(by.as_ref()), batch, turn)
            }
            Work::Facts(facts) => self.decide_facts(facts, batch, turn),
            Work::Renew { .. } | Work::RenewCalls { .. } => self.renewed(&job.work, turn.now),
        };
        batch.jobs.push(Decided { job, reply });
    }

    pub(super) fn decide_command(
        &mut self,
        command: &Command,
        by: Option<&By>,
        batch: &mut Batch<T>,
        turn: Turn,
    ) -> Reply {
        let decision = decide(&self.working, &self.presence, command, turn.now);
        if let Ok(events) = &decision
            && let Err(wait) = self.spending.pay(command, events, turn.now)
        {
            return Reply::Failed(Failure::TooMuch { wait });
        }
        match &decision {
            Ok(events) => {
                if let Err(error) = self.append_to(batch, events, by, turn) {
                    tracing::error!(%error, "a command had no effect");
                    return Reply::Failed(error.into());
                }
                self.presence.after(&self.working, command, events, turn.now);
            }
            Err(refusal) => self.presence.after_refusal(command, refusal),
        }
        let answer = answer(&self.working, &self.presence, command, &decision, turn.now);
        Reply::Answered(answer)
    }

    /// Applies a command's events and puts them into the batch: all, or none where one has no
    /// stored form that says the same.
    fn append_to(
        &mut self,
        batch: &mut Batch<T>,
        events: &[Event],
        by: Option<&By>,
        turn: Turn,
    ) -> Result<(), NotItself> {
        let (mut seq, mut generation) = (self.working.seq(), self.working.generation());
        let mut records = Vec::with_capacity(events.len());
        for event in events {
            seq = seq.next();
            generation = event.begins().unwrap_or(generation);
            let (event, actor) = (event.clone(), by.map(|by| by.actor.clone()));
            let record = Record { seq, at: turn.wall, generation, event, actor };
            records.push((record.store_checked()?, record));
        }
        let address = by.and_then(|by| by.address);
        for (mut stored, record) in records {
            let person = || person_in(&self.working, &record.event);
            stored.from = address.map(|address| ActorAddress { address, person: person() });
            apply(&mut self.working, &record.event, record.at());
            batch.stored.push(stored);
            batch.records.push(record);
        }
        Ok(())
    }

    /// Renews on the working state, which after a failure is the committed one again.
    fn renewed(&mut self, work: &Work, now: Mono) -> Reply {
        match work {
            Work::Renew { machine, renewal } => {
                let presence = &mut self.presence;
                Reply::Renewed(renew(&self.working, presence, *machine, renewal, now))
            }
            Work::RenewCalls { by, seats } => {
                let presence = &mut self.presence;
                Reply::CallsRenewed(renew_calls(&self.working, presence, *by, seats, now))
            }
            Work::Command(_) | Work::Act { .. } | Work::Facts(_) => {
                unreachable!("only renewals are renewed")
            }
        }
    }

    /// Appends a batch; one without records saw nothing but what is committed.
    fn begin(&mut self, mut batch: Batch<T>, outputs: &mut Vec<Output<T>>) {
        if batch.records.is_empty() {
            self.presence.written();
            reply(batch.jobs, outputs);
            return;
        }
        outputs
            .push(Output::Append { expected: self.committed.seq(), batch: batch.stored.clone() });
        batch.phase = Phase::Appending;
        self.batch = Some(batch);
    }

    /// What became of the append.
    pub(super) fn appended(&mut self, result: Append, turn: Turn, outputs: &mut Vec<Output<T>>) {
        let Some(mut batch) = self.batch.take() else {
            return;
        };
        match result {
            Append::Done => {
                self.set_health(Health::Writable, outputs);
                self.commit(batch, outputs);
            }
            Append::Failed(error) => self.fail(batch, error, turn, outputs),
            Append::Conflict => {
                batch.phase = Phase::CatchingUp;
                self.batch = Some(batch);
                outputs.push(Output::Reread { after: self.committed.seq() });
            }
            Append::Unknown(error) => {
                batch.phase = Phase::Unknown(error.clone());
                self.batch = Some(batch);
                self.set_health(Health::Unknown(error), outputs);
                outputs.push(Output::Reread { after: self.committed.seq() });
            }
        }
    }

    /// What a fresh handle shows after the newest record that was known.
    pub(super) fn reread(
        &mut self,
        result: Result<Vec<StoredRecord>, JournalError>,
        turn: Turn,
        random: &mut dyn FnMut() -> u128,
        outputs: &mut Vec<Output<T>>,
    ) {
        let Some(mut batch) = self.batch.take() else {
            return;
        };
        let read = result.and_then(|tail| {
            let records = tail.iter().map(StoredRecord::read).collect::<Result<_, _>>();
            Ok((tail, contiguous(self.committed.seq(), records?)?))
        });
        let (tail, records) = match read {
            Ok(read) => read,
            Err(error) => {
                batch.phase = Phase::Unread(error.clone());
                self.batch = Some(batch);
                self.retry_at = turn.now + RETRY_AFTER;
                self.set_health(Health::Unknown(error), outputs);
                return;
            }
        };
        match &batch.phase {
            Phase::Unknown(_) if tail == batch.stored => {
                self.set_health(Health::Writable, outputs);
                self.commit(batch, outputs);
            }
            Phase::Unknown(error) if tail.is_empty() => {
                let error = error.clone();
                self.fail(batch, error, turn, outputs);
            }
            Phase::Unknown(_) | Phase::CatchingUp | Phase::Appending | Phase::Unread(_) => {
                self.decide_again(batch, records, turn, random, outputs);
            }
        }
    }

    /// Others appended: their facts come first, and the batch is decided again on them.
    fn decide_again(
        &mut self,
        batch: Batch<T>,
        records: Vec<Record>,
        turn: Turn,
        random: &mut dyn FnMut() -> u128,
        outputs: &mut Vec<Output<T>>,
    ) {
        self.adopt(records, outputs);
        self.restore(turn.now);
        let mut again = Batch::new(batch.conflicts.saturating_add(1));
        if again.conflicts > CONFLICTS_MAX {
            self.fail_jobs(batch.jobs, &Failure::Crowded, turn.now, outputs);
            return;
        }
        self.set_health(Health::Writable, outputs);
        for Decided { job, .. } in batch.jobs {
            // The engine's own timers are asked for afresh.
            if job.to.is_some() {
                self.decide_job(job, &mut again, turn);
            }
        }
        self.decide_due(&mut again, turn, random);
        self.begin(again, outputs);
    }

    /// The batch is durable: it is the committed state, its answers leave, its facts are told.
    fn commit(&mut self, batch: Batch<T>, outputs: &mut Vec<Output<T>>) {
        self.spending.written();
        self.presence.written();
        reply(batch.jobs, outputs);
        self.adopt(batch.records, outputs);
    }

    fn adopt(&mut self, records: Vec<Record>, outputs: &mut Vec<Output<T>>) {
        let mut committed = Vec::with_capacity(records.len());
        for record in records {
            let touches = touches(&self.committed, &record.event);
            if let Event::PlaceEnded { place, end: PlaceEnd::Seated, .. } = &record.event
                && let Some(place) = self.committed.place(*place)
            {
                self.waits.seated(&place.asked.pool, place.since, record.at);
            }
            apply(&mut self.committed, &record.event, record.at());
            committed.push(Committed { record, touches });
        }
        outputs.push(Output::Committed(committed));
        let Seq(newest) = self.committed.seq();
        if newest >= self.snapshot_at.0.saturating_add(SNAPSHOT_EVERY) {
            self.snapshot_at = Seq(newest);
            outputs.push(Output::Snapshot(Box::new(self.committed.contents().clone())));
        }
    }

    /// Nothing of the batch was written: it never happened.
    fn fail(
        &mut self,
        batch: Batch<T>,
        error: JournalError,
        turn: Turn,
        outputs: &mut Vec<Output<T>>,
    ) {
        self.restore(turn.now);
        self.unwritable(error.clone(), turn.now, outputs);
        self.fail_jobs(batch.jobs, &Failure::Unwritable(error), turn.now, outputs);
    }

    /// Puts the working state back to the committed one.
    fn restore(&mut self, now: Mono) {
        self.working = self.committed.clone();
        self.presence.reconcile(&self.working, now);
        self.spending.pay_back();
    }

    /// Commands fail; renewals in between are decided again, on what is committed.
    fn fail_jobs(
        &mut self,
        jobs: Vec<Decided<T>>,
        failure: &Failure,
        now: Mono,
        outputs: &mut Vec<Output<T>>,
    ) {
        for Decided { job, .. } in jobs {
            let reply = if job.work.is_renewal() {
                self.renewed(&job.work, now)
            } else {
                Reply::Failed(failure.clone())
            };
            if let Some(to) = job.to {
                outputs.push(Output::Reply { to, reply });
            }
        }
    }
}

fn reply<T>(jobs: Vec<Decided<T>>, outputs: &mut Vec<Output<T>>) {
    for Decided { job, reply } in jobs {
        if let Some(to) = job.to {
            outputs.push(Output::Reply { to, reply });
        }
    }
}

/// The records, if they follow `after` without a gap.
pub(super) fn contiguous(after: Seq, records: Vec<Record>) -> Result<Vec<Record>, JournalError> {
    let mut expected = after;
    for record in &records {
        expected = expected.next();
        if record.seq != expected {
            return Err(JournalError::Gap { expected, found: record.seq });
        }
    }
    Ok(records)
}
