//! A configuration file, read as TOML. What stands in it is repeated in no error: it may be a
//! secret that got into the wrong line.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::in_the_way::{Needed, in_the_way};
use crate::input;

/// The longest configuration file that is read, in bytes; a full one has a few thousand.
const FILE_BYTES_MAX: usize = 1024 * 1024;

/// What a file can lack, by how the parser's message about it begins.
const REASONS: [(&str, &str); 6] = [
    ("duplicate key", "this key or table stands there twice"),
    ("key with no value", "after a key comes `=` and its value"),
    ("string values must be quoted", "a text stands in quotes"),
    ("invalid basic string", "a text ends with a quote in its line, and `\\` stands twice in it"),
    ("invalid literal string", "a text ends with a quote in its line"),
    ("unclosed", "a bracket is not closed"),
];

/// What is told of everything else.
const FORM: &str = "a line is KEY = \"TEXT\", [TABLE] or # COMMENT";

/// A configuration file's path and its keys.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub keys: toml::Table,
}

/// Why a configuration file cannot be used.
#[derive(Debug, Error)]
pub enum ConfigFileError {
    /// It cannot be read.
    #[error("cannot read the configuration file {}: {cause}; --config names another", .file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// It is not TOML.
    #[error("{} is not valid TOML: look at line {line}, column {column}; {reason}", .file.display())]
    NotToml {
        /// Which.
        file: PathBuf,
        /// Where, from 1.
        line: usize,
        /// The letter in that line, from 1.
        column: usize,
        /// What is expected there.
        reason: &'static str,
    },
}

impl ConfigFile {
    /// Reads a file; none where there is none and it need not exist.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is not TOML. A link to nothing was meant to be a configuration.
    pub fn read(path: PathBuf, must_exist: bool) -> Result<Option<Self>, ConfigFileError> {
        match input::file(&path, FILE_BYTES_MAX) {
            Ok(text) => match text.parse::<toml::Table>() {
                Ok(keys) => Ok(Some(Self { path, keys })),
                Err(cause) => {
                    let at = cause.span().map_or(0, |span| span.start);
                    let (line, column) = input::line_and_column(&text, at);
                    let reason = reason(cause.message());
                    Err(ConfigFileError::NotToml { file: path, line, column, reason })
                }
            },
            Err(cause)
                if cause.kind() == io::ErrorKind::NotFound
                    && !must_exist
                    && in_the_way(&path, Needed::File).is_none() =>
            {
                Ok(None)
            }
            Err(cause) => Err(ConfigFileError::Unreadable { file: path, cause }),
        }
    }
}

fn reason(message: &str) -> &'static str {
    let known = REASONS.iter().find(|(begins, _)| message.starts_with(begins));
    known.map_or(FORM, |(_, reason)| reason)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_wrong_is_told_without_what_stands_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pool.toml");
        for (text, reason) in [
            ("a = \"x\"\n  token hsa_precious\n", "after a key comes `=`"),
            ("hsa_precious", "after a key comes `=`"),
            ("a = hsa_precious", "a text stands in quotes"),
            ("a = \"hsa_precious", "a text ends with a quote"),
            ("a = 'hsa_precious", "a text ends with a quote"),
            ("a = \"1\"\na = \"hsa_precious\"", "stands there twice"),
            ("[hsa_precious\n", "a bracket is not closed"),
            ("a = [\"hsa_precious\"", "a bracket is not closed"),
            ("a = \"b\" \"hsa_precious\"", FORM),
        ] {
            fs::write(&file, text).unwrap();
            let said = ConfigFile::read(file.clone(), true).unwrap_err().to_string();
            assert!(said.contains(reason) && !said.contains("precious"), "{text}: {said}");
        }
        fs::write(&file, "a = \"x\"\n  token hsa_precious\n").unwrap();
        let said = ConfigFile::read(file, true).unwrap_err().to_string();
        assert!(said.contains("line 2, column 9; "), "{said}");
    }

    #[test]
    fn a_file_that_is_not_there_is_none_unless_it_must_be() {
        let folder = tempfile::tempdir().unwrap();
        let none = folder.path().join("none.toml");
        assert_eq!(ConfigFile::read(none.clone(), false).unwrap(), None);
        let said = ConfigFile::read(none, true).unwrap_err().to_string();
        assert!(said.contains("none.toml") && said.contains("--config names another"), "{said}");
    }
}
