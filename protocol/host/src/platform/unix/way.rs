//! Everything that a path leads through: whoever may replace one piece of it decides what is found
//! at its end.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

/// As many symbolic links as Linux follows.
const LINKS_MAX: usize = 40;

/// What a path leads through.
#[derive(Debug, PartialEq, Eq)]
pub struct Way {
    /// What is at its end, without a link in its name.
    pub end: PathBuf,
    /// The directories on it, from the root on, without links in their names, in the order in which
    /// they come first. The end is none of them.
    pub directories: Vec<PathBuf>,
    /// The symbolic links on it, each in one of these directories.
    pub links: Vec<PathBuf>,
}

impl Way {
    /// Follows a path from the root, or from where this program works.
    ///
    /// # Errors
    ///
    /// When something on it is missing, cannot be looked at, or is a loop of links.
    pub fn to(path: &Path) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let mut way = Self { end: PathBuf::from("/"), directories: Vec::new(), links: Vec::new() };
        // The next piece is the last of these.
        let mut ahead = pieces(&path);
        while let Some(piece) = ahead.pop() {
            if piece == ".." {
                if !fs::metadata(&way.end)?.is_dir() {
                    return Err(ErrorKind::NotADirectory.into());
                }
                way.end.pop();
                continue;
            }
            if !way.directories.contains(&way.end) {
                way.directories.push(way.end.clone());
            }
            let next = way.end.join(&piece);
            if !fs::symlink_metadata(&next)?.is_symlink() {
                way.end = next;
                continue;
            }
            if way.links.len() == LINKS_MAX {
                return Err(io::Error::new(ErrorKind::InvalidInput, "it is a loop of links"));
            }
            let target = fs::read_link(&next)?;
            if target.is_absolute() {
                way.end = PathBuf::from("/");
            }
            way.links.push(next);
            ahead.extend(pieces(&target));
        }
        // A way that goes back may have led through its end.
        way.directories.retain(|directory| *directory != way.end);
        Ok(way)
    }
}

/// The names in a path, the last one first.
fn pieces(path: &Path) -> Vec<OsString> {
    let names = path.components().filter_map(|piece| match piece {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    let mut names: Vec<OsString> = names.collect();
    names.reverse();
    names
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn every_directory_and_link_on_the_way_is_named() {
        let root = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(root.path()).unwrap();
        for directory in ["a", "b/deep", "c"] {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        fs::write(root.join("c/end"), "").unwrap();
        symlink("../b/deep/second", root.join("a/first")).unwrap();
        symlink(root.join("third"), root.join("b/deep/second")).unwrap();
        symlink("c", root.join("third")).unwrap();
        let way = Way::to(&root.join("a/./first/end")).unwrap();
        assert_eq!(way.end, root.join("c/end"));
        let links = ["a/first", "b/deep/second", "third"].map(|link| root.join(link));
        assert_eq!(way.links, links);
        let mut directories: Vec<PathBuf> = root.ancestors().map(Path::to_path_buf).collect();
        directories.reverse();
        directories.extend(["a", "b", "b/deep", "c"].map(|directory| root.join(directory)));
        assert_eq!(way.directories, directories);
    }

    #[test]
    fn a_way_that_goes_back_ends_at_a_directory_that_is_not_on_it() {
        let root = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(root.path()).unwrap();
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::write(root.join("file"), "").unwrap();
        let way = Way::to(&root.join("a/b/..")).unwrap();
        assert_eq!(way.end, root.join("a"));
        assert!(!way.directories.contains(&way.end), "{way:?}");
        assert_eq!(way.directories.last(), Some(&root));
        let said = Way::to(&root.join("file/../a")).unwrap_err();
        assert_eq!(said.kind(), ErrorKind::NotADirectory, "as the system says");
    }

    #[test]
    fn a_loop_and_an_end_that_is_missing_are_errors() {
        let root = tempfile::tempdir().unwrap();
        symlink("there", root.path().join("here")).unwrap();
        symlink("here", root.path().join("there")).unwrap();
        let said = Way::to(&root.path().join("here")).unwrap_err();
        assert_eq!(said.to_string(), "it is a loop of links");
        let said = Way::to(&root.path().join("none")).unwrap_err();
        assert_eq!(said.kind(), ErrorKind::NotFound);
    }
}
