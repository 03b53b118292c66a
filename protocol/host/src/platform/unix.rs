//! Unix: signal dispositions, owners; a password's prompt is below.

mod prompt;
mod way;

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::os::unix::fs::{
    FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::libc;
use nix::sys::signal::SigSet;
#[cfg(target_os = "linux")]
use rustix::process::DumpableBehavior;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use crate::in_the_way::{Needed, explained, in_the_way};

pub(crate) use prompt::password;
pub use way::Way;

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

/// Sees that a file which holds secrets is nobody else's: it must belong to this user or the
/// administrator. What others may do with it is taken from them. Returns the mode that it had where
/// they could do something; none where there is no such file, too.
///
/// # Errors
///
/// Says whose it is, or what its mode is, and the command that mends it.
pub fn keep_private(path: &Path) -> io::Result<Option<u32>> {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !found.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let (mode, shown) = (found.mode() & 0o7777, path.display());
    if !is_ours(&found)? {
        let own = rustix::process::geteuid().as_raw();
        return Err(refused(format!(
            "it belongs to user {}, who may read and change it: see what became of it, then chown \
             {own} {shown}",
            found.uid()
        )));
    }
    if mode & 0o077 == 0 {
        return Ok(None);
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700)).map_err(|error| {
        refused(format!(
            "its mode is {mode:04o}, so others may read it, and that cannot be changed ({error}): \
             chmod 0600 {shown}"
        ))
    })?;
    Ok(Some(mode))
}

/// Opens a file for reading, unless it is something else.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    // Opening a pipe would wait for somebody who writes.
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    let why = in_the_way(path, Needed::File);
    Err(io::Error::other(why.unwrap_or_else(|| "it is not a regular file".to_owned())))
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
            _ => format!("{}, through which it is reached,", directory.display()),
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
        // People's own directories may be their group's, too; what serves everybody may not.
        let root = rustix::process::geteuid().is_root();
        if above == 0 && root && found.mode() & 0o1020 == 0o020 && found.gid() != 0 {
            return Err(refused(format!("group {} may write in {}", found.gid(), named())));
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
        return Err(io::Error::other("it is not a regular file"));
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
        assert!(said.contains("open, through which it is reached"), "{said}");
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
        assert!(said.contains("open, through which it is reached"), "{said}");
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
            assert!(said.contains("pipe") || said == "it is not a regular file", "{said}");
        }
        let said = in_the_way(&pipe, Needed::File).unwrap();
        assert!(said.starts_with("it is a pipe or a socket, and must be a file: "), "{said}");
        let said = open_regular(root.path()).unwrap_err().to_string();
        assert!(said.contains("it is a directory"), "{said}");
    }

    #[test]
    fn a_secret_is_kept_from_others_and_one_that_is_theirs_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let secret = root.path().join("pool.db");
        assert_eq!(keep_private(&secret).unwrap(), None, "there is none");
        fs::write(&secret, "secret").unwrap();
        for (mode, had, then) in
            [(0o644, Some(0o644), 0o600), (0o600, None, 0o600), (0o440, Some(0o440), 0o400)]
        {
            fs::set_permissions(&secret, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(keep_private(&secret).unwrap(), had);
            assert_eq!(fs::metadata(&secret).unwrap().mode() & 0o777, then);
        }
        if rustix::process::geteuid().is_root() {
            chown(&secret, Some(4_711), None).unwrap();
            let said = keep_private(&secret).unwrap_err().to_string();
            assert!(said.contains("it belongs to user 4711"), "{said}");
            assert!(said.contains(&format!("chown 0 {}", secret.display())), "{said}");
        }
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
