//! What an interrupted replacement left beside a store. The store itself is whole at every instant.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::directory::{Token, is_admin};
use crate::journal::JournalError;
use crate::journal::look::{Look, beside};

/// Copies that were being made.
const COPIES: [&str; 3] = [".quarantining", ".restoring", ".unfinished"];

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
    undo_links(&store);
    for copy in left_over(&store) {
        tracing::warn!(file = %copy.display(), next = advice(&copy), "something is left over");
    }
    let token = beside(&config.admin_token_file(), ".restoring");
    let Ok(text) = fs::read_to_string(&token) else { return };
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
        Err(error) => tracing::warn!(%error, "whose token was left over is not known"),
    }
}

fn belongs(store: &Path, token: &str) -> Result<bool, JournalError> {
    let look = Look::locked(store)?;
    is_admin(&look.connection, Token::shown(token))
        .map_err(|error| JournalError::Io(error.to_string()))
}

/// Removes second names of the store as it is: a replacement was interrupted before the new store
/// took its place, so nothing was replaced, and what is served must have one name.
pub(super) fn undo_links(store: &Path) {
    let Some(name) = store.file_name() else { return };
    for folder in folders(store) {
        if same_file::is_same_file(store, folder.join(name)).unwrap_or(false) {
            tracing::warn!(
                folder = %folder.display(),
                "a recover or restore was interrupted before it changed anything; its folder is \
                 removed"
            );
            // What else is in it are second names, too.
            for name in ["pool.db", "pool.db-wal", "admin.token"] {
                let _ = fs::remove_file(folder.join(name));
            }
        }
        // Stays if there is anything in it.
        let _ = fs::remove_dir(folder);
    }
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
