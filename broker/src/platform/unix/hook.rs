//! Hooks: a program is run as another user, with nothing of the broker's own, and ends as a group.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::{fs, io};

use hotseat_broker_core::OsUser;
use hotseat_host::unix_only::Way;
use nix::unistd::{Uid, User};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use super::super::become_user;
use super::is_administrator;
use crate::config::Hook;

/// Hooks can be run here.
pub(crate) const RUNS_HOOKS: bool = true;

/// Where a hook finds programs that it calls by name.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Others than the owner may write.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Only the owner of an entry may rename or remove it.
const STICKY: u32 = 0o1000;

/// A hook's process, with all that it starts.
#[derive(Debug)]
pub(crate) struct HookProcess {
    child: Child,
    group: Option<Pid>,
}

/// Refuses a file that somebody else than root can change, or replace by another.
pub(crate) fn only_root_writes(path: &Path) -> Result<(), String> {
    let way = Way::to(path).map_err(|cause| format!("{}: {cause}", path.display()))?;
    owned_by_root(&way.end, WRITABLE_BY_OTHERS, 0)?;
    for directory in way.directories.iter().rev() {
        owned_by_root(directory, WRITABLE_BY_OTHERS, STICKY)?;
    }
    for link in &way.links {
        let found = fs::symlink_metadata(link).map_err(|cause| cause.to_string())?;
        if found.uid() != 0 {
            return Err(format!(
                "{} is a link that uid {} has made, and what is run on sign-off may be changed by \
                 root only; name {} itself",
                link.display(),
                found.uid(),
                way.end.display()
            ));
        }
    }
    Ok(())
}

fn owned_by_root(path: &Path, forbidden: u32, unless: u32) -> Result<(), String> {
    let shown = path.display();
    let found = fs::metadata(path).map_err(|cause| format!("{shown}: {cause}"))?;
    if found.uid() != 0 {
        return Err(format!(
            "{shown} belongs to uid {}, and what is run on sign-off may be changed by root only; \
             `chown root {shown}`",
            found.uid()
        ));
    }
    if found.mode() & forbidden != 0 && found.mode() & unless == 0 {
        return Err(format!(
            "others than root can write to {shown}, and what is run on sign-off may be changed \
             by root only; `chmod go-w {shown}`"
        ));
    }
    Ok(())
}

/// Starts a hook as a user, with nothing but these variables and the user's own.
///
/// # Errors
///
/// When the program is missing or not to be trusted, or the user is unknown. It asks the system's
/// user database, which may take a while: call it where that harms nobody.
pub(crate) fn start_hook(
    hook: &Hook,
    owner: &OsUser,
    variables: &[(&str, String)],
) -> io::Result<HookProcess> {
    let uid = owner.0.parse().map(Uid::from_raw).map_err(io::Error::other)?;
    let user = User::from_uid(uid)?;
    let user = user.ok_or_else(|| io::Error::other(format!("there is no user with uid {uid}")))?;
    let mut command = Command::new(&hook.program);
    command
        .args(&hook.arguments)
        .env_clear()
        .env("PATH", PATH)
        .env("HOME", &user.dir)
        .env("USER", &user.name)
        .env("LOGNAME", &user.name)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    if is_administrator() {
        only_root_writes(&hook.program).map_err(io::Error::other)?;
        become_user(&mut command, &user)?;
    } else if uid != Uid::effective() {
        return Err(io::Error::other("only root can run a hook as another user"));
    }
    let child = command.spawn()?;
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    Ok(HookProcess { child, group: pid })
}

impl HookProcess {
    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        // What it left running on purpose goes on.
        self.group = None;
        status
    }
}

impl Drop for HookProcess {
    /// One that has not ended is killed, and all that it has started.
    fn drop(&mut self) {
        if let Some(group) = self.group {
            // It may have ended in this moment, which is what was wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(test)]
#[path = "hook_tests.rs"]
mod tests;
