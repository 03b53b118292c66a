//! What to start and how: a program with its arguments and an environment of its own.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// A program to start. It sees nothing of the caller's environment but the search path.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Names the log files and appears in messages.
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) environment: BTreeMap<OsString, OsString>,
    pub(crate) input: Vec<u8>,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) user: Option<(u32, u32)>,
}

impl Launch {
    /// A program without arguments; `name` tells several runs of one program apart.
    pub fn new(name: impl Into<String>, program: impl AsRef<Path>) -> Launch {
        Launch {
            name: name.into(),
            program: program.as_ref().to_path_buf(),
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            input: Vec::new(),
            folder: None,
            user: None,
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Launch {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds several arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Launch {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Launch {
        self.environment.insert(name.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    /// Takes a variable away that was set before.
    #[must_use]
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Launch {
        self.environment.remove(name.as_ref());
        self
    }

    /// What the program reads from its standard input; nothing unless set.
    /// At most the capacity of a pipe (64 KiB).
    #[must_use]
    pub fn stdin(mut self, text: impl Into<Vec<u8>>) -> Launch {
        self.input = text.into();
        self
    }

    /// The folder to start in.
    #[must_use]
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Launch {
        self.folder = Some(folder.as_ref().to_path_buf());
        self
    }

    /// Starts it as another user and group, which needs root.
    #[must_use]
    pub fn user(mut self, uid: u32, gid: u32) -> Launch {
        self.user = Some((uid, gid));
        self
    }
}
