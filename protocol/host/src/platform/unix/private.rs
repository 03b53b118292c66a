//! Files that hold secrets: looked at, and kept from others.
//!
//! A program that an administrator runs works in directories of other users. So no mode is changed
//! through a name that somebody else may have made, and no link is followed.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use nix::libc;

use super::{is_ours, not_a_file, refused, trusted_directory};
use crate::secrets::Narrowed;

/// What others may do with a file.
const OTHERS: u32 = 0o077;

/// Sees that a file which holds secrets is nobody else's, in a directory that is trusted, and takes
/// from others what they may do with it. Returns what was taken; none where there is no such file,
/// too.
///
/// # Errors
///
/// Says whose it or its directory is, or what its mode is, and the command that mends it.
pub(crate) fn keep_private(path: &Path) -> io::Result<Option<Narrowed>> {
    let Some(found) = found(path)? else { return Ok(None) };
    trusted_directory(directory_of(path))?;
    let from = found.mode() & 0o7777;
    if from & OTHERS == 0 {
        return Ok(None);
    }
    let to = from & 0o700;
    narrow(path, &found, to).map_err(|error| {
        refused(format!(
            "its mode is {from:04o}, so others may read it, and that cannot be changed ({error}): \
             chmod {to:04o} {}",
            path.display()
        ))
    })?;
    Ok(Some(Narrowed { from, to }))
}

/// The mode of a file which holds secrets, where others may do something with it; none where there
/// is no such file, too. Nothing is opened or changed. In a directory of another user it may be
/// that user's.
///
/// # Errors
///
/// Says whose it is, and the command that mends it.
pub(crate) fn exposed(path: &Path) -> io::Result<Option<u32>> {
    let mode = found(path)?.map(|found| found.mode() & 0o7777);
    Ok(mode.filter(|mode| mode & OTHERS != 0))
}

/// Opens a file that holds secrets, or that others must not replace, for reading. In a directory of
/// another user it may be that user's.
///
/// # Errors
///
/// When it is a link, is no regular file or somebody else's, and what the operating system says.
pub fn open_private(path: &Path) -> io::Result<File> {
    let file = open(path)?;
    is_nobody_elses(path, &file.metadata()?)?;
    Ok(file)
}

/// Changes a mode through an open file: its name may lead elsewhere by then.
fn narrow(path: &Path, looked_at: &Metadata, mode: u32) -> io::Result<()> {
    let file = open(path)?;
    let found = file.metadata()?;
    if (found.dev(), found.ino()) != (looked_at.dev(), looked_at.ino()) {
        return Err(io::Error::other("it was replaced meanwhile"));
    }
    // In `/tmp` everybody may give a name to a file of somebody else.
    let others_write = fs::metadata(directory_of(path))?.mode() & 0o022 != 0;
    if others_write && found.nlink() > 1 {
        return Err(io::Error::other("it has another name"));
    }
    file.set_permissions(Permissions::from_mode(mode))
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    // Opening a pipe would wait for somebody who writes.
    let options = options.read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    options.open(path).map_err(|error| match error.raw_os_error() {
        Some(libc::ELOOP) => a_link(path),
        _ => error,
    })
}

/// What is there, if it is nobody else's. It is not opened: closing it would give up the locks that
/// a library like SQLite has on it.
fn found(path: &Path) -> io::Result<Option<Metadata>> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    is_nobody_elses(path, &found)?;
    Ok(Some(found))
}

fn is_nobody_elses(path: &Path, found: &Metadata) -> io::Result<()> {
    if found.is_symlink() {
        return Err(a_link(path));
    }
    if !found.is_file() {
        return Err(not_a_file(path));
    }
    let directory = fs::metadata(directory_of(path))?;
    // In another user's directory nothing is believed to be ours: it may be a second name.
    let trusted = match is_ours(&directory)? {
        true => is_ours(found)?,
        false => found.uid() == directory.uid(),
    };
    if trusted {
        return Ok(());
    }
    Err(refused(format!(
        "it belongs to user {}, who may read and change it: see what became of it, then chown {} {}",
        found.uid(),
        directory.uid(),
        path.display()
    )))
}

fn a_link(path: &Path) -> io::Error {
    let to = fs::read_link(path).unwrap_or_default();
    refused(format!(
        "it is a link to {}, and must be the file itself: move that there, or name its directory",
        to.display()
    ))
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{chown, symlink};

    use super::*;

    fn mode_of(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_secret_is_kept_from_others_and_what_it_was_is_told() {
        let root = tempfile::tempdir().unwrap();
        let secret = root.path().join("pool.db");
        assert_eq!(keep_private(&secret).unwrap(), None, "there is none");
        fs::write(&secret, "secret").unwrap();
        for (from, to) in [(0o644, 0o600), (0o440, 0o400), (0o755, 0o700)] {
            set_mode(&secret, from);
            assert_eq!(exposed(&secret).unwrap(), Some(from));
            assert!(open_private(&secret).is_ok());
            assert_eq!(mode_of(&secret), from, "a look changes nothing");
            assert_eq!(keep_private(&secret).unwrap(), Some(Narrowed { from, to }));
            assert_eq!(mode_of(&secret), to);
            assert_eq!(keep_private(&secret).unwrap(), None);
            assert_eq!(exposed(&secret).unwrap(), None);
        }
    }

    #[test]
    fn no_mode_is_changed_through_a_name_that_somebody_else_may_have_made() {
        let root = tempfile::tempdir().unwrap();
        let precious = root.path().join("passwd");
        fs::write(&precious, "root").unwrap();
        set_mode(&precious, 0o644);
        let link = root.path().join("pool.db");
        symlink(&precious, &link).unwrap();
        for said in [
            keep_private(&link).unwrap_err(),
            exposed(&link).unwrap_err(),
            open_private(&link).unwrap_err(),
        ] {
            assert!(said.to_string().contains("passwd, and must be the file itself"), "{said}");
        }
        // Where everybody writes, a second name is anybody's.
        fs::remove_file(&link).unwrap();
        fs::hard_link(&precious, &link).unwrap();
        set_mode(root.path(), 0o1777);
        let said = keep_private(&link).unwrap_err().to_string();
        assert!(said.contains("it has another name") && said.contains("chmod 0600 "), "{said}");
        set_mode(root.path(), 0o777);
        let said = keep_private(&link).unwrap_err().to_string();
        assert_eq!(said, "every user may write in the directory");
        set_mode(root.path(), 0o700);
        assert_eq!(mode_of(&precious), 0o644);
        assert!(keep_private(&link).unwrap().is_some(), "in our own directory it is ours");
    }

    #[test]
    fn what_is_of_somebody_else_is_the_directorys_owners_or_refused() {
        if !rustix::process::geteuid().is_root() {
            // Only the administrator can give a file away.
            return;
        }
        let root = tempfile::tempdir().unwrap();
        let secret = root.path().join("pool.db");
        fs::write(&secret, "secret").unwrap();
        set_mode(&secret, 0o644);
        let shown = secret.display();
        chown(&secret, Some(4_711), None).unwrap();
        for said in [keep_private(&secret).unwrap_err(), exposed(&secret).unwrap_err()] {
            let said = said.to_string();
            assert!(said.contains("it belongs to user 4711"), "{said}");
            assert!(said.ends_with(&format!("chown 0 {shown}")), "{said}");
        }
        chown(root.path(), Some(4_711), None).unwrap();
        assert_eq!(exposed(&secret).unwrap(), Some(0o644));
        assert!(open_private(&secret).is_ok());
        let said = keep_private(&secret).unwrap_err().to_string();
        assert_eq!(said, "the directory belongs to user 4711");
        assert_eq!(mode_of(&secret), 0o644);
        for other in [0, 4_712] {
            chown(&secret, Some(other), None).unwrap();
            let said = exposed(&secret).unwrap_err().to_string();
            assert!(said.ends_with(&format!("chown 4711 {shown}")), "{said}");
        }
    }
}
