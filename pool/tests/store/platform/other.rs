//! Elsewhere no disk can be made to fail.

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) struct Mount;
pub(crate) enum ReadOnly {}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        match *self {}
    }
}

pub(crate) fn small_disk(_at: &Path, _kib: u32) -> Option<Mount> {
    None
}

pub(crate) fn read_only(_what: &Path) -> Option<ReadOnly> {
    None
}

pub(crate) fn survives_full_disks(_command: &Command) -> Option<Command> {
    None
}

pub(crate) fn let_write(_pid: u32, _may: bool) {}

pub(crate) fn mode(_file: &Path) -> Option<u32> {
    None
}

pub(crate) fn link(target: &str, at: &Path) -> bool {
    std::os::windows::fs::symlink_file(target, at).is_ok()
}

pub(crate) fn is_administrator() -> bool {
    true
}

pub(crate) fn open_to_all(_folder: &Path) -> bool {
    false
}

pub(crate) fn give_away(_folder: &Path, _user: u32) -> bool {
    false
}

pub(crate) fn give_store_away(_data_dir: &Path, _user: u32) -> bool {
    false
}

pub(crate) fn run_as(_command: &mut Command, _user: u32) {}

pub(crate) fn owners(_folder: &Path) -> Vec<(PathBuf, u32, u32)> {
    Vec::new()
}

pub(crate) fn user_name(_user: u32) -> Option<String> {
    None
}

pub(crate) fn make_own(_folder: &Path) {}

pub(crate) fn pipe(_at: &Path) -> bool {
    false
}

pub(crate) fn set_mode(_file: &Path, _mode: u32) -> bool {
    false
}
