//! Configuration files that somebody wrote in a hurry.

use std::path::PathBuf;
use std::sync::LazyLock;

use tempfile::TempDir;

/// One folder for the life of the process; each input overwrites the last.
static FOLDER: LazyLock<TempDir> =
    LazyLock::new(|| TempDir::new().expect("the folder for temporary files can be written"));

/// The first byte says whose configuration it is, the rest is the file.
///
/// It is read, or refused with a sentence that names the file.
pub fn configuration(bytes: &[u8]) {
    let Some((first, text)) = bytes.split_first() else {
        return;
    };
    let file = FOLDER.path().join("hotseat.toml");
    std::fs::write(&file, text).expect("a small file can be written");
    let refused = if first & 1 == 0 { broker(file) } else { pool(file) };
    if let Some(refused) = refused {
        assert!(!refused.trim().is_empty(), "an error without words");
        assert!(refused.contains("hotseat.toml"), "it does not name the file: {refused}");
    }
}

fn broker(file: PathBuf) -> Option<String> {
    use hotseat_broker::config::{Flags, load};
    load(&Flags { config: Some(file), ..Flags::default() }).err().map(|error| error.to_string())
}

fn pool(file: PathBuf) -> Option<String> {
    use hotseat_pool::config::{Flags, load};
    load(&Flags { config: Some(file), ..Flags::default() }).err().map(|error| error.to_string())
}
