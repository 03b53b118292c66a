//! The thread that owns the journal: whatever waits for the disk waits here.

use std::io;
use std::thread;

use hotseat_protocol::ids::Seq;
use hotseat_rules::Contents;
use tokio::sync::mpsc;

use crate::journal::{Append, Journal, JournalError, StoredRecord, StoredSnapshot};

/// Errands that wait: never more than one append or reading, one probe and one snapshot.
const ERRANDS_WAITING_MAX: usize = 4;

/// What the thread is asked to do, in order.
#[derive(Debug)]
pub(super) enum Errand {
    Append { expected: Seq, batch: Vec<StoredRecord> },
    Reread { after: Seq },
    Probe,
    Snapshot(Box<Contents>),
}

/// What became of an errand.
#[derive(Debug)]
pub(super) enum Done {
    Append(Append),
    Reread(Result<Vec<StoredRecord>, JournalError>),
    Probe(Result<(), JournalError>),
    Snapshot(Result<Seq, JournalError>),
}

/// The thread, from outside.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) errands: mpsc::Sender<Errand>,
    /// Ends once the thread has closed the journal.
    pub(super) done: mpsc::Receiver<Done>,
}

impl Writer {
    /// Starts the thread; it ends, and closes the journal, when `errands` is dropped.
    pub(super) fn start(journal: Box<dyn Journal>) -> io::Result<Self> {
        let (errands, incoming) = mpsc::channel(ERRANDS_WAITING_MAX);
        let (outgoing, done) = mpsc::channel(ERRANDS_WAITING_MAX);
        thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || run(journal, incoming, &outgoing))?;
        Ok(Self { errands, done })
    }
}

fn run(
    mut journal: Box<dyn Journal>,
    mut errands: mpsc::Receiver<Errand>,
    done: &mpsc::Sender<Done>,
) {
    while let Some(errand) = errands.blocking_recv() {
        let result = match errand {
            Errand::Append { expected, batch } => Done::Append(journal.append(expected, &batch)),
            Errand::Reread { after } => Done::Reread(reread(&mut *journal, after)),
            Errand::Probe => Done::Probe(journal.probe()),
            Errand::Snapshot(contents) => {
                let snapshot = StoredSnapshot::of(&contents);
                Done::Snapshot(journal.save_snapshot(&snapshot).map(|()| snapshot.seq))
            }
        };
        if done.blocking_send(result).is_err() {
            return;
        }
    }
}

/// Everything after `after`, through a fresh handle.
pub(super) fn reread(
    journal: &mut dyn Journal,
    after: Seq,
) -> Result<Vec<StoredRecord>, JournalError> {
    journal.reopen()?;
    let mut tail: Vec<StoredRecord> = Vec::new();
    loop {
        let page = journal.read_after(tail.last().map_or(after, |record| record.seq))?;
        if page.is_empty() {
            return Ok(tail);
        }
        tail.extend(page);
    }
}
