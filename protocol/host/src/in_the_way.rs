//! What stands where a file or a directory must be, said in words: "Is a directory (os error 21)"
//! helps nobody.

use std::fs;
use std::io;
use std::path::{Path, is_separator};

use crate::platform::waits;

/// What must be at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// A file.
    File,
    /// A file, or a pipe that somebody writes into.
    FileOrPipe,
    /// A directory.
    Directory,
}

/// Returns what keeps a path from being what is needed, as a sentence about it that ends with what
/// to do; none when nothing stands there, or what is needed does.
///
/// Links are followed, and what cannot be looked at is passed over: whoever opens it is told why.
#[must_use]
pub fn in_the_way(path: &Path, needed: Needed) -> Option<String> {
    const NEXT: &str = "move it away, or name another place";
    let mut parts: Vec<&Path> = path.ancestors().filter(|part| *part != Path::new("")).collect();
    parts.reverse();
    for part in parts {
        let is_whole = part == path;
        let named = || match is_whole {
            true => "it".to_owned(),
            false => format!("{}, in which it lies,", part.display()),
        };
        let found = match (fs::symlink_metadata(part).ok()?, fs::metadata(part)) {
            (_, Ok(found)) => found,
            (link, Err(error)) if link.is_symlink() && is_nowhere(&error) => {
                let target = fs::read_link(part).unwrap_or_default();
                let target = target.display();
                return Some(format!(
                    "{} is a link to {target}, where nothing is: {NEXT}",
                    named()
                ));
            }
            (_, Err(_)) => return None,
        };
        let is_wrong = match (is_whole, needed) {
            (true, Needed::File) => found.is_dir() || waits(&found),
            (true, Needed::FileOrPipe) => found.is_dir(),
            (true, Needed::Directory) | (false, _) => !found.is_dir(),
        };
        if is_wrong && is_whole && needed == Needed::File && !found.is_dir() {
            return Some(format!("it is a pipe or a socket, and must be a file: {NEXT}"));
        }
        if is_wrong && found.is_dir() {
            return Some(format!("it is a directory, and must be a file: {NEXT}"));
        }
        if is_wrong {
            let kind = if found.is_file() { "a file" } else { "something else" };
            return Some(format!("{} is {kind}, and must be a directory: {NEXT}", named()));
        }
    }
    None
}

/// Whether a link leads to nothing, and not only to what may not be looked at.
fn is_nowhere(error: &io::Error) -> bool {
    error.kind() != io::ErrorKind::PermissionDenied
}

/// Whether a path ends as that of a directory does, so that no file can have it.
#[must_use]
pub fn names_a_directory(path: &Path) -> bool {
    path.to_string_lossy().ends_with(is_separator) || path.file_name().is_none()
}

/// An error about a path, in words where something is in the way there. Its kind stays.
#[must_use]
pub fn explained(path: &Path, needed: Needed, error: io::Error) -> io::Error {
    use io::ErrorKind::{AlreadyExists, IsADirectory, NotADirectory, NotFound, PermissionDenied};
    // Windows gives no permission to read a directory as a file.
    let told = [AlreadyExists, IsADirectory, NotADirectory, NotFound, PermissionDenied];
    let why = told.contains(&error.kind()).then(|| in_the_way(path, needed)).flatten();
    match why {
        Some(why) => io::Error::new(error.kind(), why),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_place_of_another_thing_is_named() {
        let root = tempfile::tempdir().unwrap();
        let (file, directory) = (root.path().join("file"), root.path().join("directory"));
        fs::write(&file, "").unwrap();
        fs::create_dir(&directory).unwrap();
        let says = |path: &Path, needed, words: &str| match in_the_way(path, needed) {
            Some(why) => assert!(!words.is_empty() && why.contains(words), "{why}"),
            None => assert_eq!(words, "", "{}", path.display()),
        };
        says(&file, Needed::File, "");
        says(&directory, Needed::Directory, "");
        says(&root.path().join("none"), Needed::File, "");
        says(&root.path().join("none/deep"), Needed::Directory, "");
        says(&file, Needed::Directory, "it is a file, and must be a directory: move it away");
        says(&directory, Needed::File, "it is a directory, and must be a file: move it away");
        for needed in [Needed::File, Needed::Directory] {
            says(&file.join("deep"), needed, "file, in which it lies, is a file");
        }
        let error = fs::create_dir_all(&file).unwrap_err();
        let kind = error.kind();
        let explained = explained(&file, Needed::Directory, error);
        assert_eq!(explained.kind(), kind);
        assert!(explained.to_string().contains("move it away"), "{explained}");
    }

    #[test]
    fn a_path_that_ends_like_a_directory_is_no_files() {
        for (path, is) in [("a/", true), ("a", false), ("a/b", false), ("/", true), ("a/..", true)]
        {
            assert_eq!(names_a_directory(Path::new(path)), is, "{path}");
        }
    }
}
