//! A damaged journal, read as far as it can be: what would stand without the records that cannot
//! be used. Changes nothing.

use std::time::Duration;

use hotseat_protocol::ids::{Generation, Seq, WallTime};
use hotseat_rules::{At, Doubts, Event, Lost, PoolDefinition, Salvage, State, Wait};
use rusqlite::Connection;

use super::lost::{MayBe, may_be};
use crate::journal::assess::{MISSING_MAX, base};
use crate::journal::row::{JournalRow, Remains, each_row};
use crate::journal::store::version;
use crate::journal::{JournalError, Record};

/// A record that would be set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetAside {
    /// Its number.
    pub(crate) seq: Seq,
    /// Why it cannot be used.
    pub(crate) reason: String,
    /// What is left of it; none when there is no row.
    pub(crate) remains: Option<Remains>,
    /// What stands in its place; none where its number is no number of this journal.
    pub(crate) instead: Option<Record>,
}

/// What would stand, and what would not.
#[derive(Debug)]
pub(crate) struct Survey {
    /// The snapshot that the reading began with; 0: none.
    pub(crate) base_at: Seq,
    /// The state that the rest makes.
    pub(crate) state: State,
    /// Who and what in it is in doubt.
    pub(crate) doubts: Doubts,
    /// The records, the first one first.
    pub(crate) set_aside: Vec<SetAside>,
    /// Records before the snapshot that cannot be read. They are set aside too, because the
    /// journal's indexes cannot be made from their text; nothing else follows from that.
    pub(crate) covered: Vec<SetAside>,
    /// Generations that such records bear and the state does not know.
    pub(crate) lost: Vec<Generation>,
    /// The first of them that may have stated a lease, nobody knows how long, and why it cannot be
    /// used.
    pub(crate) unknown_lease: Option<String>,
    /// The longest lease that any record which can be read stated.
    pub(crate) longest_stated: Wait,
}

/// Reads the whole journal of a store.
///
/// # Errors
///
/// When it is of a newer program, or cannot be read at all.
pub(crate) fn survey(connection: &Connection, calls: bool) -> Result<Survey, JournalError> {
    let tables = version(connection)?;
    let base = base(connection)?;
    let base_at = base.seq();
    let mut longest_stated = Wait::default();
    let (mut generations, mut covered) = (Vec::new(), Vec::new());
    each_row(connection, tables, Seq(0), |row| {
        if row.remains.kind.as_deref() == Some("pool_defined")
            && let Some(lease) = row.record().ok().and_then(|it| stated(&it.event, calls))
        {
            longest_stated = longest_stated.max(lease);
        }
        match &row.stored {
            Ok(stored) if row.seq > base_at => generations.push((row.seq, stored.generation)),
            Err(reason) if row.seq <= base_at => {
                let (reason, remains) = (reason.clone(), Some(row.remains));
                covered.push(SetAside { seq: row.seq, reason, remains, instead: None });
            }
            Ok(_) | Err(_) => {}
        }
        Ok(())
    })?;
    let mut walk = Walk {
        salvage: Salvage::from(base),
        generations,
        set_aside: Vec::new(),
        unknown_lease: None,
        longest_stated,
        calls,
        at: None,
    };
    each_row(connection, tables, base_at, |row| walk.row(row))?;
    let Walk { salvage, set_aside, unknown_lease, longest_stated, .. } = walk;
    let (state, doubts) = salvage.end();
    let borne = set_aside.iter().filter_map(|aside| aside.remains.as_ref()?.generation);
    let known =
        |lost: &Generation| *lost == state.generation() || state.contents().past.contains(lost);
    let mut lost: Vec<Generation> = borne.filter(|lost| !known(lost)).collect();
    lost.sort_unstable();
    lost.dedup();
    Ok(Survey { base_at, state, doubts, set_aside, covered, lost, unknown_lease, longest_stated })
}

/// How long somebody may believe in a seat after this.
fn stated(event: &Event, calls: bool) -> Option<Wait> {
    if let Event::GenerationBegan { wait, .. } = event {
        return Some(*wait);
    }
    if let Event::PoolDefined { definition } = event {
        return Some(longest(definition, calls).into());
    }
    None
}

/// The longest lease that somebody may be told of by a definition.
fn longest(definition: &PoolDefinition, calls: bool) -> Duration {
    let holding = definition.clients.keys().filter(|name| calls && definition.holds(name));
    holding.fold(definition.lease, |most, name| most.max(definition.calls_lease(name)))
}

struct Walk {
    salvage: Salvage,
    /// The generation of each record that can be read.
    generations: Vec<(Seq, Generation)>,
    set_aside: Vec<SetAside>,
    unknown_lease: Option<String>,
    longest_stated: Wait,
    calls: bool,
    /// When the record before was written.
    at: Option<WallTime>,
}

impl Walk {
    fn row(&mut self, row: JournalRow) -> Result<(), JournalError> {
        let expected = self.salvage.state().seq().next();
        if row.seq.0.saturating_sub(expected.0) > MISSING_MAX {
            let reason = format!("its number does not follow: {expected} would");
            // Whichever number it had, it was written.
            let may_be = may_be(&row.remains, self.salvage.state());
            self.salvage.doubt(&may_be.lost);
            self.may_have_stated(row.seq, &reason, &may_be);
            let remains = Some(row.remains);
            self.set_aside.push(SetAside { seq: row.seq, reason, remains, instead: None });
            return Ok(());
        }
        while self.salvage.state().seq().next() < row.seq {
            self.leaves_out("it is missing".to_owned(), None, MayBe::anything());
        }
        let record = match row.record() {
            Ok(record) => record,
            Err(JournalError::Poisoned { cause, .. }) => {
                let may_be = may_be(&row.remains, self.salvage.state());
                self.leaves_out(cause, Some(row.remains), may_be);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        match self.salvage.next(&record.event, record.at(), record.generation) {
            Ok(()) => self.at = Some(record.at),
            Err(misfit) => {
                if let Some(stated) = stated(&record.event, self.calls) {
                    self.longest_stated = self.longest_stated.max(stated);
                }
                let may_be = match row.is_summed {
                    true => MayBe { lost: Lost::event(&record.event), stated_lease: false },
                    // It may not be what was written.
                    false => may_be(&row.remains, self.salvage.state()),
                };
                self.leaves_out(misfit.to_string(), Some(row.remains), may_be);
            }
        }
        Ok(())
    }

    fn may_have_stated(&mut self, seq: Seq, reason: &str, may_be: &MayBe) {
        if may_be.stated_lease {
            self.unknown_lease.get_or_insert_with(|| format!("record {seq}: {reason}"));
        }
    }

    /// The next number stands for a record that cannot be used.
    fn leaves_out(&mut self, reason: String, remains: Option<Remains>, may_be: MayBe) {
        let seq = self.salvage.state().seq().next();
        let written = remains.as_ref().and_then(|remains| remains.at);
        // The time of the record before it, so that times never go back: history is looked up by
        // them.
        let at = self.at.or(written).unwrap_or(WallTime { unix_ms: 0 });
        self.at = Some(at);
        let from = self.generations.partition_point(|(known, _)| *known <= seq);
        let after = self.generations.get(from).map(|(_, generation)| *generation);
        let event = self.salvage.leave_out(At { seq, time: at }, after, &may_be.lost);
        let generation = self.salvage.state().generation();
        self.may_have_stated(seq, &reason, &may_be);
        let instead = Some(Record { seq, at, generation, event, actor: None });
        self.set_aside.push(SetAside { seq, reason, remains, instead });
    }
}
