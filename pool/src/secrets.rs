//! Files that hold secrets: the store, its log, the administrator's token.

use std::io;
use std::path::Path;

use hotseat_host::{input, keep_private};
use zeroize::Zeroizing;

/// The longest token that is read from a file, in bytes.
const TOKEN_BYTES_MAX: usize = 4 * 1024;

/// Sees that a file is nobody else's. Where others could read it, it is made private, and the log
/// says so.
///
/// # Errors
///
/// When it is somebody else's, or cannot be made private; the error names the command that mends
/// it.
pub(crate) fn keep(path: &Path) -> io::Result<()> {
    if let Some(mode) = keep_private(path)? {
        tracing::warn!(
            file = %path.display(),
            mode = format_args!("{mode:04o}"),
            "others may have read this file, which holds secrets; its mode is 0600 now"
        );
    }
    Ok(())
}

/// Reads a token.
///
/// # Errors
///
/// As [`keep`], and when it cannot be read.
pub(crate) fn token(path: &Path) -> io::Result<Zeroizing<String>> {
    keep(path)?;
    input::file(path, TOKEN_BYTES_MAX)
}
