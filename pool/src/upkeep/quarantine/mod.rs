//! A store with a record, or with rows, that cannot be used goes on without them, in a new
//! generation.
//!
//! The repaired store is made beside the damaged one and takes its place by one renaming; the
//! damaged one is kept as it is. Whoever is interrupted runs it again.

mod lost;
mod rebuild;
mod survey;

use std::path::{Path, PathBuf};
use std::time::Duration;

use hotseat_protocol::ids::{Generation, MachineId, Seq, UserId, WallTime};
use hotseat_rules::{Command, NewGeneration, Wait};
use rusqlite::{Connection, TransactionBehavior, params};

use self::rebuild::Indexes;
pub(super) use self::survey::survey;
pub(crate) use self::survey::{SetAside, Survey};
use super::believed::{Believed, calls};
use super::left_over::settle;
use super::replace::{Replacement, Steps, is_one_file, put_in_place, remove};
use super::{NextGeneration, UpkeepError, at, begin_generation, copy, spoilt};
use crate::config::Config;
use crate::directory::{Names, Token, set_admin};
use crate::journal::assess::assess;
use crate::journal::lock::StoreLock;
use crate::journal::look::{Look, beside, keep_private};
use crate::journal::row::newest;
use crate::journal::spoilt::{self, Spoilt};
use crate::journal::store::{Open, Store, migrate, version};
use crate::journal::verify::whole;
use crate::journal::{JournalError, Poison, Record, Stopper};
use crate::{platform, secrets};

/// What setting a record aside means, before or after it is done.
#[derive(Debug)]
pub(crate) struct Plan {
    /// What stops the store: a record, or rows beside the journal.
    pub(crate) poison: Poison,
    /// Rows and tables beside the journal that would go, too.
    pub(crate) rows: Vec<Spoilt>,
    /// What would stand without it.
    pub(crate) survey: Survey,
    /// How long nothing is granted after the next start.
    pub(crate) wait: Wait,
    /// What it was worked out from.
    pub(crate) believed: Believed,
    /// What people, machines and services are called.
    pub(crate) names: Names,
    /// People with a log-in whom the journal would not know.
    pub(crate) unknown_people: Vec<UserId>,
    /// Computers with a credential that the journal would not know.
    pub(crate) unknown_machines: Vec<MachineId>,
    /// Users whose name and log-in cannot be read: the next start removes them.
    pub(crate) nameless_people: Vec<UserId>,
    /// Computers whose credential cannot be read: the next start revokes them.
    pub(crate) nameless_machines: Vec<MachineId>,
}

impl Plan {
    /// Whom and which computers a record is about, by the names that the directory still knows.
    pub(crate) fn about(&self, aside: &SetAside) -> Vec<String> {
        aside.remains.as_ref().map_or_else(Vec::new, |remains| lost::about(remains, &self.names))
    }
}

/// What was done.
#[derive(Debug)]
pub(crate) struct Quarantined {
    /// What it meant.
    pub(crate) plan: Plan,
    /// The store's new random number.
    pub(crate) generation: Generation,
    /// Where the damaged store is now.
    pub(crate) moved_to: Option<PathBuf>,
}

/// Says what setting the record aside would mean, or where none is given the rows beside the
/// journal, and changes nothing. `at_most` is the longest lease that any pool ever had, where an
/// administrator knows it.
///
/// # Errors
///
/// When the store is in use, of a newer program, or another record stops it, or none.
pub(crate) fn plan(
    config: &Config,
    record: Option<Seq>,
    at_most: Option<Duration>,
) -> Result<Plan, UpkeepError> {
    let store = config.store_file();
    let _lock = locked(&store)?;
    planned(&Look::locked(&store)?, &store, record, at_most)
}

/// Sets the record aside, with those that no longer apply, and all rows beside the journal that
/// cannot be read.
///
/// # Errors
///
/// As [`plan`], or when it cannot be written; then nothing is changed.
pub(crate) fn apply(
    config: &Config,
    record: Option<Seq>,
    at_most: Option<Duration>,
    now: WallTime,
) -> Result<Quarantined, UpkeepError> {
    apply_by(config, record, at_most, now, &mut Steps::told_to(&mut |_| {}))
}

/// The same, step by step.
pub(super) fn apply_by(
    config: &Config,
    record: Option<Seq>,
    at_most: Option<Duration>,
    now: WallTime,
    steps: &mut Steps<'_>,
) -> Result<Quarantined, UpkeepError> {
    let store = config.store_file();
    let _lock = locked(&store)?;
    let look = Look::locked(&store)?;
    let plan = planned(&look, &store, record, at_most)?;

    let beside_it = beside(&store, ".quarantining");
    settle(&store);
    steps.take("make the new store", || remove(&beside_it))?;
    platform::private_file().open(&beside_it).map_err(at(&beside_it))?;
    let made = repaired(config, &look.connection, &beside_it, &plan, now);
    drop(look);
    let generation = match made {
        Ok(generation) => generation,
        Err(error) => {
            remove(&beside_it)?;
            return Err(error);
        }
    };
    let what = Replacement { config, made: &beside_it, token: None, now };
    let moved_to = put_in_place(&what, steps)?;
    Ok(Quarantined { plan, generation, moved_to })
}

fn locked(store: &Path) -> Result<StoreLock, UpkeepError> {
    if !JournalError::is_there(store)? {
        return Err(JournalError::missing(store).into());
    }
    let lock = StoreLock::take(store)?;
    keep_private(store)?;
    Ok(lock)
}

fn planned(
    look: &Look,
    store: &Path,
    record: Option<Seq>,
    at_most: Option<Duration>,
) -> Result<Plan, UpkeepError> {
    let connection = &look.connection;
    let assessed = assess(connection, store)?;
    let calls = calls(connection);
    let survey = survey(connection, calls)?;
    let mut rows = spoilt::spoilt(connection, version(connection)?)?;
    rows.retain(Spoilt::stops_writing);
    let poison = match assessed.poison {
        Some(poison) => poison,
        // Nothing stops a start, but SQLite finds fault with what it keeps of such a record.
        None if !rebuild::is_sound(connection)? => {
            let first = survey.covered.first().ok_or(UpkeepError::NothingPoisoned)?;
            Poison { what: Stopper::Record(first.seq), cause: first.reason.clone() }
        }
        None => return Err(UpkeepError::NothingPoisoned),
    };
    match (poison.what, record) {
        (Stopper::Record(found), asked) if asked != Some(found) => {
            return Err(UpkeepError::AnotherRecord { found, cause: poison.cause });
        }
        (Stopper::Rows, Some(_)) => return Err(UpkeepError::OnlyRows(poison.cause)),
        (Stopper::Record(_), _) | (Stopper::Rows, None) => {}
    }
    let believed = Believed::of_survey(connection, &survey, calls)?;
    let wait = believed.wait_as_confirmed(at_most);
    Ok(Plan { poison, rows, wait, believed, ..named(survey, Names::read(connection)?) })
}

/// Whom the journal and the directory would know of without each other.
fn named(survey: Survey, names: Names) -> Plan {
    let state = &survey.state;
    let people = names.people().map(|(id, _)| id);
    let unknown_people = people.filter(|id| state.user(*id).is_none()).collect();
    let machines = names.machines().map(|(id, _)| id);
    let unknown_machines = machines.filter(|id| state.machine(*id).is_none()).collect();
    let contents = state.contents();
    let nameless = contents.users.keys().filter(|id| names.person(**id).is_none());
    let nameless_people = nameless.copied().collect();
    let working = contents.machines.iter().filter(|(_, machine)| !machine.revoked);
    let nameless = working.map(|(id, _)| *id).filter(|id| names.machine(*id).is_none());
    let nameless_machines = nameless.collect();
    let poison = Poison { what: Stopper::Rows, cause: String::new() };
    let (rows, wait, believed) = (Vec::new(), Wait::default(), Believed::default());
    Plan {
        poison,
        rows,
        survey,
        wait,
        believed,
        names,
        unknown_people,
        unknown_machines,
        nameless_people,
        nameless_machines,
    }
}

/// Makes the store that takes the place of the damaged one.
fn repaired(
    config: &Config,
    damaged: &Connection,
    to: &Path,
    plan: &Plan,
    now: WallTime,
) -> Result<Generation, UpkeepError> {
    let indexes = Indexes::of_journal(damaged)?;
    if rebuild::is_sound(damaged)? {
        copy(damaged, to)?;
    } else {
        rebuild::row_by_row(damaged, to)?;
    }
    let mut connection = Connection::open(to).map_err(JournalError::from)?;
    migrate(&mut connection)?;
    set_aside(&mut connection, &indexes, plan, now)?;
    connection.close().map_err(|(_, error)| JournalError::from(error))?;
    let generation = goes_on(config, to, plan, now)?;
    let report = whole(&Look::locked(to)?.connection)?;
    match spoilt(&report) {
        Some(first) => Err(UpkeepError::StillDamaged(first.what)),
        None => Ok(generation),
    }
}

/// Moves the records to a table of their own, and puts others in their place.
fn set_aside(
    connection: &mut Connection,
    indexes: &Indexes,
    plan: &Plan,
    now: WallTime,
) -> Result<(), UpkeepError> {
    let fail = JournalError::from;
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
    // What they are made of may be just what cannot be read.
    indexes.drop_all(&transaction)?;
    let Survey { set_aside, covered, .. } = &plan.survey;
    for SetAside { seq, reason, instead, .. } in covered.iter().chain(set_aside) {
        let seq = number(*seq)?;
        let moved = "INSERT INTO quarantined SELECT ?1, ?2, ?3, ?4, at_ms, generation, version,
                         kind, request, payload, checksum FROM journal WHERE seq = ?1";
        let because_of = match plan.poison.what {
            Stopper::Record(record) => number(record)?,
            Stopper::Rows => seq,
        };
        let values = params![seq, now.unix_ms, because_of, reason];
        if transaction.execute(moved, values).map_err(fail)? == 0 {
            let noted = "INSERT INTO quarantined (seq, quarantined_ms, because_of, reason)
                         VALUES (?1, ?2, ?3, ?4)";
            transaction.execute(noted, values).map_err(fail)?;
        }
        for table in ["journal", "actor_address"] {
            let delete = format!("DELETE FROM {table} WHERE seq = ?1");
            transaction.execute(&delete, [seq]).map_err(fail)?;
        }
        if let Some(record) = instead {
            insert(&transaction, record)?;
        }
    }
    let base_at = plan.survey.base_at;
    if newest(&transaction)? < base_at {
        // The journal ended before its own snapshot, and goes on after it.
        insert(&transaction, &stands_for_snapshot(plan, now))?;
    }
    let keep = [number(base_at)?];
    transaction.execute("DELETE FROM snapshot WHERE seq <> ?1", keep).map_err(fail)?;
    indexes.make_all(&transaction)?;
    spoilt::set_aside(&transaction, version(&transaction)?, true)?;
    transaction.commit().map_err(fail)?;
    Ok(())
}

fn stands_for_snapshot(plan: &Plan, now: WallTime) -> Record {
    let event = hotseat_rules::Event::RecordSetAside { generation: None };
    let generation = plan.survey.state.generation();
    Record { seq: plan.survey.base_at, at: now, generation, event, actor: None }
}

fn insert(connection: &Connection, record: &Record) -> Result<(), UpkeepError> {
    let stored = record.store_checked()?;
    let insert = "INSERT INTO journal
                      (seq, at_ms, generation, version, kind, request, payload, checksum)
                  VALUES (?1, ?2, ?3, ?4, ?5, NULL, ?6, ?7)";
    let values = params![
        number(stored.seq)?,
        stored.at.unix_ms,
        stored.generation.0,
        stored.version,
        stored.kind,
        stored.payload,
        stored.checksum(),
    ];
    connection.execute(insert, values).map_err(JournalError::from)?;
    Ok(())
}

/// Opens the repaired store, which must say what was planned, and begins its new generation.
fn goes_on(
    config: &Config,
    store: &Path,
    plan: &Plan,
    now: WallTime,
) -> Result<Generation, UpkeepError> {
    let Survey { state, doubts, set_aside, lost, .. } = &plan.survey;
    // Of a journal that was emptied nothing is there yet.
    let mut store_made = Store::open(store, Open::OrCreate)?;
    let made = store_made.replayed().state;
    if !made.says_the_same(state) {
        let what = "it does not say the same when it is read again".to_owned();
        return Err(UpkeepError::StillDamaged(what));
    }
    let others = u64::try_from(set_aside.len().saturating_sub(1)).unwrap_or(u64::MAX);
    let doubts = Box::new(doubts.clone());
    let (why, first) = match plan.poison.what {
        Stopper::Record(record) => {
            (NewGeneration::Quarantined, Some(Command::Quarantine { record, others, doubts }))
        }
        // With the rows went what their machines and people could show.
        Stopper::Rows => (NewGeneration::Recovered, None),
    };
    let next = NextGeneration { why, wait: plan.wait, lost: lost.clone(), first, at: now };
    let (mut journal, tables) = store_made.split();
    let generation = begin_generation(&mut journal, made, next)?;
    if plan.rows.iter().any(|row| row.of_table() == "admin_token")
        && let Ok(token) = secrets::token(&config.admin_token_file())
    {
        // Who may write that file may write the store, too.
        let connection = tables.connect()?;
        set_admin(&connection, Token::shown(token.trim()), now)?;
    }
    drop((journal, tables));
    is_one_file(store)?;
    Ok(generation)
}

fn number(seq: Seq) -> Result<i64, UpkeepError> {
    let beyond = || JournalError::Corrupt(format!("record {seq} is beyond what can be numbered"));
    Ok(i64::try_from(seq.0).map_err(|_| beyond())?)
}
