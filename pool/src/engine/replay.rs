//! A start: the newest good snapshot, and the journal's records after it.

use hotseat_protocol::ids::Seq;
use hotseat_rules::{Salvage, State};

use super::batch::contiguous;
use crate::journal::{Journal, JournalError, Replayed, StoredRecord, StoredSnapshot};

/// Reads a journal. Who calls it measures the time that it takes.
///
/// # Errors
///
/// When the journal cannot be read, has a gap or a record that does not follow, was written by a
/// newer program, or is behind its own snapshot.
pub fn replay(journal: &mut dyn Journal) -> Result<Replayed, JournalError> {
    let (state, snapshot_at) = from_snapshot(journal)?;
    let mut salvage = Salvage::from(state);
    let mut count = 0;
    loop {
        let page = journal.read_after(salvage.state().seq())?;
        if page.is_empty() {
            break;
        }
        let records = page.iter().map(StoredRecord::read).collect::<Result<_, _>>()?;
        for record in contiguous(salvage.state().seq(), records)? {
            salvage.next(&record.event, record.at(), record.generation).map_err(|misfit| {
                let cause = format!("it does not follow from the records before it: {misfit}");
                JournalError::Poisoned { record: record.seq, cause }
            })?;
            count += 1;
        }
    }
    let (state, _) = salvage.end();
    Ok(Replayed { state, snapshot_at, records: count })
}

/// The state of the newest snapshot that is whole; an empty one when there is none.
fn from_snapshot(journal: &mut dyn Journal) -> Result<(State, Seq), JournalError> {
    for snapshot in journal.snapshots()? {
        match snapshot.read().and_then(|state| belongs(journal, &snapshot, state)) {
            Ok(state) => return Ok((state, snapshot.seq)),
            Err(error @ JournalError::Unreadable { .. }) => {
                tracing::warn!(%error, "a snapshot is damaged; an older one is used");
            }
            Err(error) => return Err(error),
        }
    }
    Ok((State::default(), Seq(0)))
}

/// The state, if the snapshot was made from this journal.
fn belongs(
    journal: &mut dyn Journal,
    snapshot: &StoredSnapshot,
    state: State,
) -> Result<State, JournalError> {
    let before = Seq(snapshot.seq.0.saturating_sub(1));
    let last = journal.read_after(before)?;
    let Some(last) = last.first().filter(|record| record.seq == snapshot.seq) else {
        return Err(JournalError::Corrupt(format!(
            "there is a snapshot at record {}, which the journal does not have",
            snapshot.seq
        )));
    };
    if last.generation != snapshot.generation {
        return Err(JournalError::Corrupt(format!(
            "the snapshot at record {} is of another generation",
            snapshot.seq
        )));
    }
    Ok(state)
}
