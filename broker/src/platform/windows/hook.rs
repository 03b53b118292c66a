//! Hooks are not run on Windows: a configuration that names one is refused.

use std::io;
use std::path::Path;
use std::process::ExitStatus;

use hotseat_broker_core::OsUser;

use crate::config::Hook;

/// Hooks cannot be run here.
pub(crate) const RUNS_HOOKS: bool = false;

/// There is none.
#[derive(Debug)]
pub(crate) enum HookProcess {}

impl HookProcess {
    #[expect(clippy::unused_async, reason = "other systems wait for a process")]
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        match *self {}
    }
}

pub(crate) fn only_root_writes(_path: &Path) -> Result<(), String> {
    Ok(())
}

pub(crate) fn start_hook(
    _hook: &Hook,
    _owner: &OsUser,
    _variables: &[(&str, String)],
) -> io::Result<HookProcess> {
    Err(io::ErrorKind::Unsupported.into())
}
