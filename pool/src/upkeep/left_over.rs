//! What an interrupted replacement left beside a store. The store itself is whole at every instant.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::replace::{FOLDING, remove};
use crate::config::Config;
use crate::directory::{Token, is_admin};
use crate::journal::JournalError;
use crate::journal::look::{Look, beside};
use crate::secrets;

/// The first names of stores that were to take the place.
pub(super) const COPIES: [&str; 2] = [".quarantining", ".restoring"];

/// Everything that lies beside a store and that an interrupted replacement may have left.
pub(crate) fn left_over(store: &Path) -> Vec<PathBuf> {
    let copies = COPIES.map(|suffix| beside(store, suffix));
    copies.into_iter().filter(|copy| copy.exists()).collect()
}

/// Says what is in one of them, and what to do about it.
pub(crate) fn advice(copy: &Path) -> String {
    format!(
        "{} was left by a recover or restore that was interrupted, and is not used. The store in \
         its place is whole: run the verb again if it is still needed, or remove the file.",
        copy.display()
    )
}

/// Puts in order what an interrupted replacement left. The caller has the store's lock.
pub(crate) fn put_in_order(config: &Config) {
    let store = config.store_file();
    settle(&store);
    for copy in left_over(&store) {
        tracing::warn!(file = %copy.display(), next = advice(&copy), "an interrupted recover or restore left a file");
    }
    let token = beside(&config.admin_token_file(), ".restoring");
    let Ok(text) = secrets::token(&token) else { return };
    match belongs(&store, text.trim()) {
        Ok(true) => match fs::rename(&token, config.admin_token_file()) {
            Ok(()) => tracing::warn!("an interrupted restore was finished: its token is in place"),
            Err(error) => {
                tracing::warn!(%error, file = %token.display(), "the administrator's token cannot be put in its place")
            }
        },
        // It belongs to a store that never took the place.
        Ok(false) => {
            let _ = fs::remove_file(&token);
        }
        Err(error) => {
            tracing::warn!(%error, "which store the token beside it opens cannot be told")
        }
    }
}

fn belongs(store: &Path, token: &str) -> Result<bool, JournalError> {
    let look = Look::locked(store)?;
    is_admin(&look.connection, Token::shown(token))
        .map_err(|error| JournalError::Io(error.to_string()))
}

/// Gives the folder of a replaced store its name; removes it where nothing was replaced, as long as
/// the new store has its first name. The caller has the store's lock.
pub(super) fn settle(store: &Path) {
    for folder in folders(store) {
        let text = folder.to_string_lossy().into_owned();
        let Some(suffix) = COPIES.iter().find(|suffix| text.ends_with(**suffix)) else { continue };
        if !store.exists() {
            continue;
        }
        let settled = if beside(store, suffix).exists() {
            tracing::warn!(
                folder = text,
                "a recover or restore was interrupted before it changed anything; its folder is \
                 removed"
            );
            // What is in it are second names, and the store is in its place; but its log may be gone
            // from there already.
            given_back(&folder, store).and_then(|()| fs::remove_dir_all(&folder))
        } else {
            fs::rename(&folder, text.trim_end_matches(suffix))
        };
        if let Err(error) = settled {
            tracing::warn!(%error, folder = text, "this folder cannot be put in order");
        }
    }
    // A copy of the store as it is.
    let _ = remove(&beside(store, FOLDING));
}

/// Gives a store the names back that are only in a folder.
fn given_back(folder: &Path, store: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let first = store.with_file_name(entry.file_name());
        if !first.exists() {
            fs::rename(entry.path(), first)?;
        }
    }
    Ok(())
}

/// Stores that were moved aside, the newest at the end.
pub(crate) fn kept(store: &Path) -> Vec<PathBuf> {
    let Some(name) = store.file_name() else { return Vec::new() };
    let stores = folders(store).into_iter().map(|folder| folder.join(name));
    stores.filter(|store| store.exists()).collect()
}

/// The folders in which replaced stores are kept.
fn folders(store: &Path) -> Vec<PathBuf> {
    let folder = store.parent().filter(|folder| !folder.as_os_str().is_empty());
    let Ok(entries) = fs::read_dir(folder.unwrap_or(Path::new("."))) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("replaced-"))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}
