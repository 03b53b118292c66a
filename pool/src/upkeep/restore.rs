//! A backup in the place of a store.
//!
//! All of it is made beside the place first, and takes the place by one renaming. What was there
//! is kept in a folder of its own, never deleted. Whoever is interrupted runs it again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hotseat_protocol::ids::{Generation, Secret, WallTime};
use hotseat_rules::{NewGeneration, Wait};

use super::believed::{Believed, calls};
use super::left_over::settle;
use super::replace::{Replacement, Steps, is_one_file, put_in_place, remove};
use super::{
    NextGeneration, UpkeepError, at, begin_generation, copy, in_directory, may_be_a_file, spoilt,
};
use crate::config::Config;
use crate::directory::{Token, is_admin, set_admin};
use crate::journal::JournalError;
use crate::journal::lock::StoreLock;
use crate::journal::look::{Look, beside, keep_private};
use crate::journal::store::{Open, Store};
use crate::journal::verify::whole;
use crate::{fresh, platform, secrets};

/// What shall be put back, and how.
#[derive(Debug, Clone)]
pub(crate) struct Restore {
    /// The backup.
    pub(crate) file: PathBuf,
    /// Whether a store that is there is moved aside.
    pub(crate) replace: bool,
    /// The longest lease that any pool ever had, where an administrator says so.
    pub(crate) longest_lease: Option<Duration>,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Restored {
    /// The store's new random number.
    pub(crate) generation: Generation,
    /// How long nothing is granted after the next start.
    pub(crate) wait: Wait,
    /// Why a lease may have been stated that nobody can tell.
    pub(crate) cannot_tell: Option<String>,
    /// How many records the backup has.
    pub(crate) records: u64,
    /// Where what was there before is now.
    pub(crate) moved_to: Option<PathBuf>,
    /// Whether the administrator's token is a new one.
    pub(crate) new_token: bool,
}

/// Puts a backup in the place of the configuration's store, as a new generation.
///
/// # Errors
///
/// When the backup is damaged, the store is in use, or there is one and it must not be replaced;
/// then nothing is changed.
pub(crate) fn restore(
    config: &Config,
    restore: &Restore,
    now: WallTime,
) -> Result<Restored, UpkeepError> {
    restore_by(config, restore, now, &mut Steps::told_to(&mut |_| {}))
}

/// The same, step by step.
pub(super) fn restore_by(
    config: &Config,
    restore: &Restore,
    now: WallTime,
    steps: &mut Steps<'_>,
) -> Result<Restored, UpkeepError> {
    let store = config.store_file();
    if JournalError::is_there(&store)? && !restore.replace {
        return Err(UpkeepError::Occupied(store));
    }
    may_be_a_file(&restore.file)?;
    if !restore.file.exists() {
        return Err(UpkeepError::NoFile(restore.file.clone()));
    }
    let backup = Look::locked(&restore.file)?;
    let report = whole(&backup.connection)?;
    if let Some(first) = spoilt(&report) {
        let (file, first) = (restore.file.clone(), first.what);
        return Err(UpkeepError::BadBackup { file, first });
    }
    platform::make_private_dir(&config.data_dir).map_err(in_directory(&config.data_dir))?;
    let lock = StoreLock::take(&store)?;
    keep_private(&store)?;
    let replaced = Believed::of_file(&store);

    let beside_it = beside(&store, ".restoring");
    settle(&store);
    steps.take("make the new store", || remove(&beside_it))?;
    platform::private_file().open(&beside_it).map_err(at(&beside_it))?;
    let prepared = copy(&backup.connection, &beside_it)
        .map_err(UpkeepError::from)
        .and_then(|()| prepare(config, &beside_it, replaced, restore.longest_lease, now));
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            // Nothing of it is of use; a full disk needs the room.
            let _ = remove(&beside_it);
            return Err(error);
        }
    };

    let token = prepared.new_token.as_ref();
    let what = Replacement { config, made: &beside_it, token, now };
    let moved_to = put_in_place(&what, steps)?;
    drop(lock);
    Ok(Restored {
        generation: prepared.generation,
        wait: prepared.wait,
        cannot_tell: prepared.cannot_tell,
        records: report.records,
        moved_to,
        new_token: prepared.new_token.is_some(),
    })
}

struct Prepared {
    generation: Generation,
    wait: Wait,
    cannot_tell: Option<String>,
    new_token: Option<Secret>,
}

/// Makes a copy of a backup ready to be served.
fn prepare(
    config: &Config,
    copy: &Path,
    replaced: Believed,
    word: Option<Duration>,
    now: WallTime,
) -> Result<Prepared, UpkeepError> {
    let mut store = Store::open(copy, Open::Existing)?;
    let state = store.replayed().state;
    let (mut journal, tables) = store.split();
    let tables = tables.connect()?;
    let lost = replaced.generations.clone();
    let believed = replaced.and(Believed::of_state(&state, calls(&tables)));
    let (why, wait) = (NewGeneration::Restored, believed.wait(word));
    let next = NextGeneration { why, wait, lost, first: None, at: now };
    let generation = begin_generation(&mut journal, state, next)?;
    let there = secrets::token(&config.admin_token_file()).ok();
    let opens = match &there {
        Some(token) => is_admin(&tables, Token::shown(token.trim()))?,
        None => false,
    };
    let new_token = (!opens).then(|| fresh::secret("hsa_"));
    if let Some(token) = &new_token {
        set_admin(&tables, Token::shown(token.expose()), now)?;
    }
    drop((tables, journal));
    is_one_file(copy)?;
    let cannot_tell = believed.cannot_tell().map(str::to_owned);
    Ok(Prepared { generation, wait, cannot_tell, new_token })
}
