//! The administrator's token, in its file.

use std::io;
use std::path::Path;

use hotseat_host::secrets::{read, read_as_found};
use zeroize::Zeroizing;

/// The longest token that is read from a file, in bytes.
const TOKEN_BYTES_MAX: usize = 4 * 1024;

/// Reads the token of a store whose lock the caller has. Where others could read it, it is made
/// private.
///
/// # Errors
///
/// As [`read`].
pub(crate) fn token(path: &Path) -> io::Result<Zeroizing<String>> {
    read(path, TOKEN_BYTES_MAX)
}

/// Reads a token that is shown to a server, and changes nothing.
///
/// # Errors
///
/// As [`read_as_found`].
pub(crate) fn token_to_show(path: &Path) -> io::Result<Zeroizing<String>> {
    read_as_found(path, TOKEN_BYTES_MAX)
}
