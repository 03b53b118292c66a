//! Unix: tmpfs for root, modes for others, limits for everybody.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::geteuid;

fn mount(arguments: &[&str]) -> bool {
    Command::new("mount").args(arguments).output().is_ok_and(|output| output.status.success())
}

/// A mounted disk.
pub(crate) struct Mount(PathBuf);

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: a test that failed may have left a program on it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

pub(crate) fn small_disk(at: &Path, kib: u32) -> Option<Mount> {
    fs::create_dir_all(at).unwrap();
    let size = format!("size={kib}k,mode=0700");
    let mounted = mount(&["-t", "tmpfs", "-o", &size, "hotseat-test", at.to_str()?]);
    mounted.then(|| Mount(at.to_owned()))
}

/// What is read-only for a while.
pub(crate) enum ReadOnly {
    Mounted { _mount: Mount },
    Modes(Vec<(PathBuf, u32)>),
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        if let Self::Modes(modes) = self {
            // Directories first: without theirs, nothing below can be reached.
            for (path, mode) in modes.iter() {
                let _ = fs::set_permissions(path, Permissions::from_mode(*mode));
            }
        }
    }
}

pub(crate) fn read_only(what: &Path) -> Option<ReadOnly> {
    if geteuid().is_root() {
        // Modes do not stop root; a mount does.
        let text = what.to_str()?;
        if !mount(&["--bind", text, text]) {
            return None;
        }
        let bound = Mount(what.to_owned());
        let read_only = mount(&["-o", "remount,bind,ro", text]);
        return read_only.then_some(ReadOnly::Mounted { _mount: bound });
    }
    let mut modes = vec![what.to_owned()];
    if what.is_dir() {
        modes.extend(fs::read_dir(what).unwrap().map(|entry| entry.unwrap().path()));
    }
    let modes: Vec<_> = modes.into_iter().map(|path| (mode_of(&path), path)).collect();
    for (mode, path) in modes.iter().rev() {
        fs::set_permissions(path, Permissions::from_mode(mode & !0o222)).unwrap();
    }
    Some(ReadOnly::Modes(modes.into_iter().map(|(mode, path)| (path, mode)).collect()))
}

#[cfg(target_os = "linux")]
pub(crate) fn survives_full_disks(command: &Command) -> Option<Command> {
    // The signal that a write beyond the limit brings would end it; ignored it stays, also in
    // what the shell becomes.
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"trap "" XFSZ; exec "$0" "$@""#]).arg(command.get_program());
    shell.args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(key, value),
            None => shell.env_remove(key),
        };
    }
    Some(shell)
}

#[cfg(target_os = "linux")]
pub(crate) fn let_write(pid: u32, may: bool) {
    use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
    let pid = Pid::from_raw(i32::try_from(pid).unwrap());
    let maximum = getrlimit(Resource::Fsize).maximum;
    let current = if may { maximum } else { Some(0) };
    prlimit(pid, Resource::Fsize, Rlimit { current, maximum }).unwrap();
}

/// The limit of another process can be changed on Linux only.
#[cfg(not(target_os = "linux"))]
pub(crate) fn survives_full_disks(_command: &Command) -> Option<Command> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn let_write(_pid: u32, _may: bool) {}

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode()
}

pub(crate) fn mode(file: &Path) -> Option<u32> {
    Some(mode_of(file) & 0o777)
}

pub(crate) fn link(target: &str, at: &Path) -> bool {
    std::os::unix::fs::symlink(target, at).is_ok()
}

pub(crate) fn is_administrator() -> bool {
    geteuid().is_root()
}

pub(crate) fn open_to_all(folder: &Path) -> bool {
    fs::set_permissions(folder, Permissions::from_mode(0o777)).is_ok()
}

pub(crate) fn give_away(folder: &Path, user: u32) -> bool {
    fs::set_permissions(folder, Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::chown(folder, Some(user), None).is_ok()
}

pub(crate) fn give_store_away(data_dir: &Path, user: u32) -> bool {
    let above = data_dir.parent().unwrap();
    fs::set_permissions(above, Permissions::from_mode(0o755)).unwrap();
    let mut all = vec![data_dir.to_owned()];
    all.extend(fs::read_dir(data_dir).unwrap().map(|entry| entry.unwrap().path()));
    all.iter().all(|path| std::os::unix::fs::lchown(path, Some(user), None).is_ok())
}

pub(crate) fn run_as(command: &mut Command, user: u32) {
    use std::os::unix::process::CommandExt as _;
    command.uid(user).gid(user);
}

pub(crate) fn owners(folder: &Path) -> Vec<(PathBuf, u32, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    let mut all = vec![folder.to_owned()];
    all.extend(fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    all.sort();
    let described = all.into_iter().map(|path| {
        let found = fs::symlink_metadata(&path).unwrap();
        (path, found.uid(), found.mode())
    });
    described.collect()
}

pub(crate) fn user_name(user: u32) -> Option<String> {
    nix::unistd::User::from_uid(user.into()).ok()?.map(|user| user.name)
}

pub(crate) fn make_own(folder: &Path) {
    std::os::unix::fs::chown(folder, Some(geteuid().as_raw()), None).unwrap();
    fs::set_permissions(folder, Permissions::from_mode(0o700)).unwrap();
}

/// Makes a pipe.
pub(crate) fn pipe(at: &Path) -> bool {
    Command::new("mkfifo").arg(at).status().is_ok_and(|status| status.success())
}

pub(crate) fn set_mode(file: &Path, mode: u32) -> bool {
    fs::set_permissions(file, Permissions::from_mode(mode)).is_ok()
}
