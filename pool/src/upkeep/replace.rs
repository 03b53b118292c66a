//! One store in the place of another: at every instant the file there is one of the two, whole.
//!
//! The old one gets a second name in a folder of its own first, and then the new one takes the
//! place by one renaming. A log belongs to whichever file lies beside it, so before that a copy of
//! the old store that has the log in it takes the old one's place, and the log can go.
//!
//! As long as the new store has its first name, nothing was replaced; the folder's name says which
//! that is, so that [`left_over`](super::left_over) can tell.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hotseat_protocol::ids::{Secret, WallTime};
use rusqlite::{Connection, OpenFlags};

use super::left_over::COPIES;
use super::{UpkeepError, at, in_directory};
use crate::config::Config;
use crate::journal::JournalError;
use crate::journal::look::beside;
use crate::platform;

/// The files of a store beside its own: neither log must ever meet another store. SQLite undoes with
/// `-journal` what was begun before a store had its write-ahead log.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A copy of the old store, with its log in it.
pub(super) const FOLDING: &str = ".folding";

/// Takes each step of a replacement on the disk, and tells of it before, so that a test can stop
/// there.
pub(super) struct Steps<'a>(&'a mut dyn FnMut(&'static str));

impl<'a> Steps<'a> {
    /// Whoever hears of each step.
    pub(super) fn told_to(watch: &'a mut dyn FnMut(&'static str)) -> Self {
        Self(watch)
    }

    pub(super) fn take<T, E>(
        &mut self,
        what: &'static str,
        step: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        (self.0)(what);
        step()
    }
}

/// What takes which place.
pub(super) struct Replacement<'a> {
    /// Whose store is replaced.
    pub(super) config: &'a Config,
    /// The new store: one file, beside the old one.
    pub(super) made: &'a Path,
    /// An administrator's token that goes with it.
    pub(super) token: Option<&'a Secret>,
    /// When, for people.
    pub(super) now: WallTime,
}

/// Puts a store that was made beside another in its place. Returns where the old one is now; none
/// when there was none.
///
/// # Errors
///
/// When a file cannot be written or moved, or somebody reads the old store's log; the old store is
/// in its place then.
pub(super) fn put_in_place(
    what: &Replacement<'_>,
    steps: &mut Steps<'_>,
) -> Result<Option<PathBuf>, UpkeepError> {
    let store = what.config.store_file();
    steps.take("make the new store durable", || synced(what.made))?;
    let new_token = beside(&what.config.admin_token_file(), ".restoring");
    if let Some(token) = what.token {
        steps.take("write the new token", || written(&new_token, token))?;
    }
    let kept = keep(what, &store, steps)?;
    fold(&store, steps)?;
    for companion in COMPANIONS.map(|companion| beside(&store, companion)) {
        steps.take("remove what belongs to the old store", || removed(&companion))?;
    }
    steps.take("put the new store in its place", || {
        fs::rename(what.made, &store).map_err(at(&store))
    })?;
    steps.take("make that durable", || platform::sync_directory(&store).map_err(at(&store)))?;
    let kept = match kept {
        Some(kept) => Some(steps.take("name the folder", || named(&kept, &suffix(what.made)))?),
        None => None,
    };
    if what.token.is_some() {
        let file = what.config.admin_token_file();
        steps.take("put the new token in its place", || {
            fs::rename(&new_token, &file).map_err(at(&file))
        })?;
    }
    steps.take("remove what is left", || remove(what.made))?;
    Ok(kept)
}

/// Gives what is in the place of the store a second name in a folder of its own.
fn keep(
    what: &Replacement<'_>,
    store: &Path,
    steps: &mut Steps<'_>,
) -> Result<Option<PathBuf>, UpkeepError> {
    let mut files = vec![store.to_owned()];
    let logs = ["-wal", "-journal"].map(|log| beside(store, log));
    files.extend(logs.into_iter().filter(|log| holds_something(log)));
    files.extend(what.token.map(|_| what.config.admin_token_file()));
    files.retain(|file| file.exists());
    if files.is_empty() {
        return Ok(None);
    }
    let folder = free_folder(&what.config.data_dir, what.now);
    let folder = beside(&folder, &suffix(what.made));
    steps.take("make a folder for the old store", || {
        platform::make_private_dir(&folder).map_err(in_directory(&folder))
    })?;
    for file in files {
        let Some(name) = file.file_name() else { continue };
        let again = folder.join(name);
        steps.take("keep the old store", || linked(&file, &again).map_err(at(&again)))?;
    }
    steps.take("make that durable", || {
        let inside = folder.join("pool.db");
        platform::sync_directory(&inside)
            .and_then(|()| platform::sync_directory(&folder))
            .map_err(at(&folder))
    })?;
    Ok(Some(folder))
}

/// What distinguishes the new store's first name.
fn suffix(made: &Path) -> String {
    made.extension().map_or_else(String::new, |suffix| format!(".{}", suffix.to_string_lossy()))
}

/// The folder's name once something is replaced.
fn named(folder: &Path, suffix: &str) -> Result<PathBuf, UpkeepError> {
    let text = folder.to_string_lossy();
    let named = PathBuf::from(text.strip_suffix(suffix).unwrap_or(&text));
    fs::rename(folder, &named).map_err(at(&named))?;
    platform::sync_directory(&named).map_err(at(&named))?;
    Ok(named)
}

/// Puts a copy of the store that has its log in it in its place. Reading the log once more changes
/// nothing of that. Where SQLite can make nothing of it, the store stays as it is.
fn fold(store: &Path, steps: &mut Steps<'_>) -> Result<(), UpkeepError> {
    let log = beside(store, "-wal");
    if !store.exists() || !holds_something(&log) {
        return Ok(());
    }
    let copy = beside(store, FOLDING);
    steps.take("copy the old store", || {
        remove(&copy)?;
        let copy_log = beside(&copy, "-wal");
        fs::copy(store, &copy).map_err(at(&copy))?;
        fs::copy(&log, &copy_log).map_err(at(&copy_log))
    })?;
    match folded(&copy).map_err(JournalError::from) {
        Ok(()) if is_one_file(&copy).is_ok() => {}
        // A log that does not fit a store, which is too short for it, is left without a word.
        Ok(()) | Err(JournalError::Corrupt(_)) => return remove(&copy),
        Err(error) => return Err(error.into()),
    }
    synced(&copy)?;
    steps.take("put the copy in the old store's place", || {
        fs::rename(&copy, store).map_err(at(store))
    })?;
    steps.take("make that durable", || platform::sync_directory(store).map_err(at(store)))
}

/// The last to close a store moves its log into it. No table is looked at, so that it may be
/// damaged.
fn folded(store: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(store, flags)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    // Whatever keeps the log out of it is an error here, and none when it is closed.
    let _: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    connection.close().map_err(|(_, error)| error)
}

fn holds_something(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|file| file.len() > 0)
}

/// A second name, or where there is no such thing a copy.
fn linked(file: &Path, again: &Path) -> io::Result<()> {
    if fs::hard_link(file, again).is_ok() {
        return Ok(());
    }
    let unfinished = beside(again, ".unfinished");
    fs::copy(file, &unfinished)?;
    fs::OpenOptions::new().write(true).open(&unfinished)?.sync_all()?;
    fs::rename(&unfinished, again)
}

fn synced(file: &Path) -> Result<(), UpkeepError> {
    let opened = fs::OpenOptions::new().write(true).open(file);
    opened.and_then(|file| file.sync_all()).map_err(at(file))
}

fn written(file: &Path, token: &Secret) -> Result<(), UpkeepError> {
    removed(file)?;
    crate::parts::write_secret(file, token.expose()).map_err(at(file))
}

/// The last to close a store moves its log into it, so that it can be renamed.
pub(super) fn is_one_file(copy: &Path) -> Result<(), UpkeepError> {
    let log = beside(copy, "-wal");
    if !log.exists() {
        return Ok(());
    }
    let cause = io::Error::other("the copy's log was not written into it; try again");
    Err(at(&log)(cause))
}

/// A name that says when, and that nothing has or will have.
fn free_folder(data_dir: &Path, now: WallTime) -> PathBuf {
    let when: String = now.to_string().chars().filter(|letter| !":-".contains(*letter)).collect();
    let mut names = (1_u32..).map(|n| {
        let again = if n == 1 { String::new() } else { format!("-{n}") };
        data_dir.join(format!("replaced-{when}{again}"))
    });
    let is_free = |name: &PathBuf| {
        COPIES.iter().all(|suffix| !beside(name, suffix).exists()) && !name.exists()
    };
    names.find(is_free).expect("there are more numbers than folders")
}

/// Removes what an earlier attempt left of a copy.
pub(super) fn remove(copy: &Path) -> Result<(), UpkeepError> {
    let files = ["", ".lock"].into_iter().chain(COMPANIONS).map(|suffix| beside(copy, suffix));
    for file in files {
        removed(&file)?;
    }
    Ok(())
}

pub(super) fn removed(file: &Path) -> Result<(), UpkeepError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(file)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "replace_tests.rs"]
mod tests;
