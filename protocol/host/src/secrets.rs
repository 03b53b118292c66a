//! Files that hold secrets: a store, a token, a credential. What others may do with one is taken
//! from them before it is used, or, by who only looks, is said.

use std::io;
use std::path::Path;

use zeroize::Zeroizing;

use crate::in_the_way::{Needed, explained};
use crate::{input, platform};

/// What was taken from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Narrowed {
    /// The mode that a file had.
    pub from: u32,
    /// The mode that it has.
    pub to: u32,
}

/// Sees that a file is nobody else's, if there is one. Where others could read it, it is made
/// private, and the log says so.
///
/// # Errors
///
/// When it is a link, is somebody else's or in a directory that is not trusted, or cannot be made
/// private; the error names what mends it.
pub fn keep(path: &Path) -> io::Result<()> {
    if let Some(Narrowed { from, to }) = platform::keep_private(path)? {
        tracing::warn!(
            file = %path.display(),
            mode = format_args!("{from:04o}"),
            now = format_args!("{to:04o}"),
            "others may have read this file, which holds secrets; that was taken from them"
        );
    }
    Ok(())
}

/// Sees that a file is nobody else's, if there is one, and changes nothing. In a directory of
/// another user it may be that user's. Where others can read it, the log says so.
///
/// # Errors
///
/// When it is a link or somebody else's; the error names what mends it.
pub fn look(path: &Path) -> io::Result<()> {
    if let Some(mode) = platform::exposed(path)? {
        tracing::warn!(
            mode = format_args!("{mode:04o}"),
            next = format_args!("chmod {:04o} {}", mode & 0o700, path.display()),
            "others may read this file, which holds secrets"
        );
    }
    Ok(())
}

/// Reads one that is kept.
///
/// # Errors
///
/// As [`keep`], and when it cannot be read or has more than `bytes_max` bytes.
pub fn read(path: &Path, bytes_max: usize) -> io::Result<Zeroizing<String>> {
    keep(path)?;
    read_as_found(path, bytes_max)
}

/// Reads one that is only looked at.
///
/// # Errors
///
/// As [`look`], and when it cannot be read or has more than `bytes_max` bytes.
pub fn read_as_found(path: &Path, bytes_max: usize) -> io::Result<Zeroizing<String>> {
    let file = platform::open_private(path);
    let file = file.map_err(|error| explained(path, Needed::File, error))?;
    look(path)?;
    input::text(file, bytes_max)
}
