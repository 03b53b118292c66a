//! The files of the repository: what git tracks or would track.

use std::fs;
use std::process::Command;

use hotseat_tests::paths::workspace;

/// All files that have a text.
pub(crate) struct Tree {
    /// In the order of their paths.
    pub(crate) files: Vec<File>,
}

/// One file.
pub(crate) struct File {
    /// Its path inside the repository, with `/` between folders.
    pub(crate) path: String,
    /// What it says.
    pub(crate) text: String,
}

impl Tree {
    /// Reads the working tree.
    pub(crate) fn read() -> Tree {
        let output = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(workspace())
            .output()
            .expect("git is there");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let paths = String::from_utf8(output.stdout).expect("our file names are UTF-8");
        let mut files: Vec<File> = paths
            .split_terminator('\0')
            // A picture is not text; a file that was deleted but not yet committed is gone.
            .filter_map(|path| {
                Some(File::new(path, &fs::read_to_string(workspace().join(path)).ok()?))
            })
            .collect();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Tree { files }
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.clone())
    }
}

impl File {
    /// A file with this text.
    pub(crate) fn new(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    /// Rust, generated files excepted.
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Code that people wrote, in any language.
    pub(crate) fn is_our_code(&self) -> bool {
        let written =
            [".rs", ".ts", ".svelte", ".css", ".html"].iter().any(|end| self.path.ends_with(end));
        written && !self.path.starts_with("ui/src/bindings/")
    }

    /// What people write and read; lock files are written by tools.
    pub(crate) fn is_text(&self) -> bool {
        !self.path.ends_with(".lock")
            && !self.path.ends_with("-lock.json")
            && self.path != "LICENSE"
    }
}
