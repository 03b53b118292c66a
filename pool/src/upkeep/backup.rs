//! A copy of the store, made while the server goes on.

use std::fs;
use std::io;
use std::path::Path;

use super::{UpkeepError, at, copy, may_be_a_file, spoilt};
use crate::journal::JournalError;
use crate::journal::look::{Look, beside};
use crate::journal::verify::{Report, whole};
use crate::platform;

/// Copies the store at `store` as it is at one moment to the new file `target`, which only its
/// owner can read, and reads all of the copy before it gets its name.
///
/// # Errors
///
/// When the target is there already or cannot be written, its directory is not trusted, or the store
/// is damaged; then there is no target.
pub(crate) fn backup(store: &Path, target: &Path) -> Result<Report, UpkeepError> {
    may_be_a_file(target)?;
    if target.exists() {
        return Err(UpkeepError::Exists(target.to_owned()));
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(UpkeepError::NoDirectory(folder.to_owned()));
    }
    // Who may write there could put another file in its place, which would be restored one day.
    hotseat_host::trusted_directory(folder).map_err(|why| {
        let (target, folder) = (target.to_owned(), folder.to_owned());
        UpkeepError::NotTrusted { target, folder, why }
    })?;
    let look = Look::at(store)?;
    let unfinished = beside(target, ".unfinished");
    // Made by one who makes it: two backups under one name cannot mix.
    platform::private_file().open(&unfinished).map_err(at(&unfinished))?;
    let result = fill(&look, &unfinished).and_then(|report| {
        publish(&unfinished, target)?;
        Ok(report)
    });
    // After success too: the copy has its own name then. What is not there need not be removed.
    let _ = fs::remove_file(&unfinished);
    if let Err(UpkeepError::Store(JournalError::Full(_))) = result {
        return Err(UpkeepError::NoRoom(target.to_owned()));
    }
    result
}

fn fill(look: &Look, to: &Path) -> Result<Report, UpkeepError> {
    copy(&look.connection, to)?;
    let report = whole(&Look::locked(to)?.connection)?;
    if let Some(first) = spoilt(&report) {
        return Err(UpkeepError::NoBackup(first));
    }
    fs::OpenOptions::new().write(true).open(to).and_then(|file| file.sync_all()).map_err(at(to))?;
    Ok(report)
}

/// Gives the copy its name, unless somebody else has taken it meanwhile.
fn publish(from: &Path, target: &Path) -> Result<(), UpkeepError> {
    match fs::hard_link(from, target) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(UpkeepError::Exists(target.to_owned()));
        }
        // Some file systems know no second names.
        Err(_) if !target.exists() => fs::rename(from, target).map_err(at(target))?,
        Err(error) => return Err(at(target)(error)),
    }
    platform::sync_directory(target).map_err(at(target))
}
