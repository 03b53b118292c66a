//! Unix: signal dispositions, owners; a password's prompt is below.

mod private;
mod prompt;
mod way;

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::libc;
use nix::sys::signal::SigSet;
#[cfg(target_os = "linux")]
use rustix::process::DumpableBehavior;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use crate::in_the_way::{Needed, explained, in_the_way};

pub use private::open_private;
pub(crate) use private::{exposed, keep_private};
pub(crate) use prompt::password;
pub use way::Way;

/// What helps where something else than a file is.
const NEXT: &str = "move it away, or name another place";

/// What may end a program from outside.
const ENDING: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// Returns whether this process ignores a signal. Who started it decided that (`nohup`, a shell's
/// job in the background), so it stays so: no handler is installed, and children inherit it.
#[must_use]
#[expect(unsafe_code, reason = "no library asks without changing the answer")]
pub fn is_ignored(signal: i32) -> bool {
    let mut now = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action nothing is changed, and `now` has room for the present one.
    let asked = unsafe { libc::sigaction(signal, std::ptr::null(), now.as_mut_ptr()) };
    // SAFETY: all zeroes are a valid action, and the call wrote over them or left them.
    asked == 0 && unsafe { now.assume_init() }.sa_sigaction == libc::SIG_IGN
}

/// Makes signals mean what the programs count on, however they were started: call it first, on the
/// only thread.
///
/// * A file that has reached the size that this process may write (`ulimit -f`) is a failure to
///   write, not the end of the process. What it starts gets the usual meaning.
/// * No signal is blocked. Some programs start others with signals blocked; a child's end, or the
///   wish to end this program, would never be heard of.
pub fn prepare_signals() {
    // They fail only for signals that do not exist.
    let _ = signal_hook::flag::register(libc::SIGXFSZ, Arc::default());
    let _ = SigSet::all().thread_unblock();
}

/// From now on the wish to end this program does not end it: whoever asked for this looks whether
/// there was one, and ends when nothing is half done.
#[derive(Debug)]
pub struct Endings {
    asked: Arc<AtomicBool>,
}

impl Endings {
    /// Takes effect at once, and for good. Signals that are ignored stay so.
    ///
    /// # Errors
    ///
    /// When the operating system refuses a handler.
    pub fn deferred() -> io::Result<Self> {
        let asked = Arc::default();
        for signal in ENDING.into_iter().filter(|signal| !is_ignored(*signal)) {
            signal_hook::flag::register(signal, Arc::clone(&asked))?;
        }
        Ok(Self { asked })
    }

    /// Whether somebody wished this program to end.
    #[must_use]
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

/// Keeps this process's memory, in which credentials are, out of core files. What it starts is not
/// concerned.
pub fn hide_memory() {
    // Old sandboxes refuse it; a core file is its owner's alone in any case.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Which file something is, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileIdentity {
    device: u64,
    inode: u64,
}

impl FileIdentity {
    /// Which file has this name now. It is not opened: closing it would give up the locks that a
    /// library like SQLite has on it.
    ///
    /// # Errors
    ///
    /// When there is none, or it cannot be looked at.
    pub fn of(path: &Path) -> io::Result<Self> {
        let found = fs::metadata(path)?;
        Ok(Self { device: found.dev(), inode: found.ino() })
    }
}

/// Whether opening or reading something may wait for somebody else.
pub(crate) fn waits(found: &Metadata) -> bool {
    let kind = found.file_type();
    kind.is_fifo() || kind.is_socket()
}

/// Opens a file for reading, unless it is something else.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    // Opening a pipe would wait for somebody who writes.
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(not_a_file(path))
}

fn not_a_file(path: &Path) -> io::Error {
    let why = in_the_way(path, Needed::File);
    let why = why.unwrap_or_else(|| format!("it is not a regular file: {NEXT}"));
    io::Error::other(why)
}

/// Sees that nobody else may replace what is in a directory: it, and all that its path leads
/// through, belong to this user or the administrator, and who else may write there may not rename
/// or remove what is others' (the sticky bit of `/tmp`).
///
/// # Errors
///
/// Says which directory it is, whose, and what is wrong with it.
pub fn trusted_directory(path: &Path) -> io::Result<()> {
    let way = Way::to(path)?;
    trusted(&way)?;
    // People's own directories may be their group's, too; what serves everybody may not.
    let found = fs::metadata(&way.end)?;
    let root = rustix::process::geteuid().is_root();
    if root && found.mode() & 0o1020 == 0o020 && found.gid() != 0 {
        return Err(refused(format!("group {} may write in the directory", found.gid())));
    }
    Ok(())
}

/// Sees that nobody else decides where a directory is made, as he could who may replace one that it
/// would be in. What is there already is left to whoever makes it.
///
/// # Errors
///
/// As [`trusted_directory`], about the nearest directory above that there is.
pub fn trusted_place(path: &Path) -> io::Result<()> {
    if path.exists() || in_the_way(path, Needed::Directory).is_some() {
        return Ok(());
    }
    let there = path.ancestors().find(|above| above.exists());
    trusted(&Way::to(there.unwrap_or(Path::new(".")))?)
}

fn trusted(way: &Way) -> io::Result<()> {
    for link in &way.links {
        let found = fs::symlink_metadata(link)?;
        if !is_ours(&found)? {
            let whose = format!("{} is a link that user {} has made", link.display(), found.uid());
            return Err(refused(whose));
        }
    }
    let on_the_way = way.directories.iter().rev();
    for (above, directory) in std::iter::once(&way.end).chain(on_the_way).enumerate() {
        let found = fs::metadata(directory)?;
        let named = || match above {
            0 => "the directory".to_owned(),
            _ => format!("{} (through which it is reached)", directory.display()),
        };
        if !found.is_dir() {
            return Err(io::Error::new(ErrorKind::NotADirectory, "it is not a directory"));
        }
        if !is_ours(&found)? {
            return Err(refused(format!("{} belongs to user {}", named(), found.uid())));
        }
        if found.mode() & 0o1002 == 0o002 {
            return Err(refused(format!("every user may write in {}", named())));
        }
    }
    Ok(())
}

/// Opens the file whose lock says that a program runs, and makes it, for its owner alone, if there
/// is none. What it holds stays as it is.
///
/// # Errors
///
/// When it is a symbolic link or another user's (either could make this program write, or wait,
/// where that user likes), and what the operating system says.
pub fn lock_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false).mode(0o600);
    let file = options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path);
    let file = file.map_err(|error| match error.raw_os_error() {
        Some(libc::ELOOP) => refused("it is a symbolic link".to_owned()),
        _ => explained(path, Needed::File, error),
    })?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(not_a_file(path));
    }
    if !is_ours(&found)? {
        return Err(refused(format!("it belongs to user {}", found.uid())));
    }
    Ok(file)
}

/// Whether something belongs to this user or the administrator. In a container the administrator
/// may have another number: whoever owns the root directory is he.
fn is_ours(found: &Metadata) -> io::Result<bool> {
    let owner = found.uid();
    let own = rustix::process::geteuid().as_raw();
    Ok(owner == own || owner == 0 || owner == fs::metadata("/")?.uid())
}

fn refused(why: String) -> io::Error {
    io::Error::new(ErrorKind::PermissionDenied, why)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::*;

    #[test]
    fn a_directory_in_which_every_user_may_write_is_refused_with_its_name() {
        let root = tempfile::tempdir().unwrap();
        let open = root.path().join("open");
        let inside = open.join("state");
        fs::create_dir_all(&inside).unwrap();
        assert!(trusted_directory(&inside).is_ok());
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        let said = trusted_directory(&open).unwrap_err().to_string();
        assert_eq!(said, "every user may write in the directory");
        let said = trusted_directory(&inside).unwrap_err().to_string();
        assert!(said.contains("open (through which it is reached)"), "{said}");
        let said = trusted_directory(&root.path().join("none")).unwrap_err();
        assert_eq!(said.kind(), ErrorKind::NotFound);
        fs::set_permissions(&open, fs::Permissions::from_mode(0o1777)).unwrap();
        assert!(trusted_directory(&inside).is_ok(), "nobody may rename what is others'");
    }

    #[test]
    fn a_directory_that_is_reached_through_a_link_of_others_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let (mine, open) = (root.path().join("mine"), root.path().join("open"));
        fs::create_dir(&mine).unwrap();
        fs::create_dir(&open).unwrap();
        symlink(&mine, open.join("middle")).unwrap();
        let first = root.path().join("first");
        symlink(open.join("middle"), &first).unwrap();
        assert!(trusted_directory(&first).is_ok());
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        let said = trusted_directory(&first).unwrap_err().to_string();
        assert!(said.contains("open (through which it is reached)"), "{said}");
    }

    #[test]
    fn what_another_user_owns_or_links_to_is_refused() {
        if !rustix::process::geteuid().is_root() {
            // Only the administrator can give a directory away.
            return;
        }
        let root = tempfile::tempdir().unwrap();
        let theirs = root.path().join("theirs");
        fs::create_dir(&theirs).unwrap();
        chown(&theirs, Some(4_711), None).unwrap();
        let said = trusted_directory(&theirs).unwrap_err().to_string();
        assert_eq!(said, "the directory belongs to user 4711");

        let ours = root.path().join("ours");
        fs::create_dir(&ours).unwrap();
        let link = root.path().join("link");
        symlink(&ours, &link).unwrap();
        assert!(trusted_directory(&link).is_ok(), "our own link");
        std::os::unix::fs::lchown(&link, Some(4_711), None).unwrap();
        assert!(trusted_directory(&link).is_err(), "their link");
    }

    #[test]
    fn nothing_is_made_where_somebody_else_decides_where_it_would_be() {
        let root = tempfile::tempdir().unwrap();
        let theirs = root.path().join("theirs");
        fs::create_dir(&theirs).unwrap();
        let new = theirs.join("new/deep");
        assert!(trusted_place(&new).is_ok() && trusted_place(Path::new("new/deep")).is_ok());
        fs::write(root.path().join("file"), "").unwrap();
        assert!(trusted_place(&root.path().join("file/new")).is_ok(), "whoever makes it is told");
        fs::set_permissions(&theirs, fs::Permissions::from_mode(0o777)).unwrap();
        let said = trusted_place(&new).unwrap_err().to_string();
        assert_eq!(said, "every user may write in the directory");
    }

    #[test]
    fn a_lock_is_no_link_and_no_elses_and_keeps_what_is_in_it() {
        let root = tempfile::tempdir().unwrap();
        let precious = root.path().join("precious");
        fs::write(&precious, "kept").unwrap();
        let link = root.path().join("broker.sock.lock");
        symlink(&precious, &link).unwrap();
        assert_eq!(lock_file(&link).unwrap_err().to_string(), "it is a symbolic link");
        assert!(lock_file(&precious).is_ok());
        assert_eq!(fs::read_to_string(&precious).unwrap(), "kept");
        if rustix::process::geteuid().is_root() {
            chown(&precious, Some(4_711), None).unwrap();
            assert_eq!(lock_file(&precious).unwrap_err().to_string(), "it belongs to user 4711");
        }
    }

    #[test]
    fn a_pipe_and_a_device_are_refused_and_not_waited_for() {
        let root = tempfile::tempdir().unwrap();
        let pipe = root.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for path in [pipe.as_path(), Path::new("/dev/zero")] {
            let said = open_regular(path).unwrap_err().to_string();
            assert!(
                said.contains("pipe") || said.starts_with("it is not a regular file: move it away"),
                "{said}"
            );
        }
        let said = in_the_way(&pipe, Needed::File).unwrap();
        assert!(said.starts_with("it is a pipe or a socket, and must be a file: "), "{said}");
        let said = open_regular(root.path()).unwrap_err().to_string();
        assert!(said.contains("it is a directory"), "{said}");
    }

    #[test]
    fn a_link_to_nothing_is_in_the_way_of_files_and_directories() {
        let root = tempfile::tempdir().unwrap();
        let link = root.path().join("link");
        symlink("nowhere", &link).unwrap();
        for needed in [Needed::File, Needed::Directory] {
            let why = in_the_way(&link, needed).unwrap();
            assert!(why.starts_with("it is a link to nowhere, where nothing is: "), "{why}");
            let why = in_the_way(&link.join("deep"), needed).unwrap();
            assert!(why.contains("link, in which it lies, is a link to nowhere"), "{why}");
        }
        assert_eq!(in_the_way(Path::new("/dev/null"), Needed::File), None, "it can be read");
    }

    #[test]
    fn a_signal_that_is_not_ignored_is_not_taken_for_ignored() {
        assert!(!is_ignored(SIGHUP));
        // Every Rust program ignores this one.
        assert!(is_ignored(libc::SIGPIPE));
    }
}
