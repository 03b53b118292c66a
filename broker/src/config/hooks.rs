//! Hooks: what a program of this machine is run on sign-off. Only the configuration file names
//! them, and where the broker serves everybody, only root may be able to change what is run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hotseat_protocol::ids::PoolId;

use super::{ConfigError, ConfigFile};
use crate::platform;

/// The time-out when none is given: the budget at shut-down is 3 s, and the pool must answer, too.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A shorter one cannot be meant.
const TIMEOUT_MIN: Duration = Duration::from_millis(100);

/// A longer one would outlive a sign-on that waits for it, and with short leases the lease.
const TIMEOUT_MAX: Duration = Duration::from_secs(10);

/// What is run when a seat of a pool ends, as the seat's user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The program, an absolute path.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// It is killed after so long; between 100 ms and 10 s.
    pub timeout: Duration,
}

/// The tables `[pool.NAME]` of a file.
pub(super) fn read(file: Option<&ConfigFile>) -> Result<BTreeMap<PoolId, Hook>, ConfigError> {
    let Some(file) = file else {
        return Ok(BTreeMap::new());
    };
    let Some(pools) = file.keys.get("pool") else {
        return Ok(BTreeMap::new());
    };
    let at = |pool: &str, problem: String| ConfigError::Hook {
        file: file.path.clone(),
        pool: pool.to_owned(),
        problem,
    };
    let tables = pools
        .as_table()
        .ok_or_else(|| at("NAME", "expected tables such as [pool.infor-crm]".to_owned()))?;
    let mut hooks = BTreeMap::new();
    for (name, table) in tables {
        let id = PoolId::new(name.as_str()).map_err(|cause| at(name, cause.to_string()))?;
        let table = table.as_table();
        let table = table.ok_or_else(|| at(name, "expected a table".to_owned()))?;
        let hook = hook(table).map_err(|problem| at(name, problem))?;
        if let Some(hook) = hook {
            trusted(&file.path).map_err(|problem| at(name, problem))?;
            if hook.program.exists() {
                trusted(&hook.program).map_err(|problem| at(name, problem))?;
            }
            hooks.insert(id, hook);
        }
    }
    Ok(hooks)
}

/// Where the broker serves everybody, a file that decides what is run as somebody else must be
/// root's alone.
fn trusted(path: &Path) -> Result<(), String> {
    if platform::is_administrator() { platform::only_root_writes(path) } else { Ok(()) }
}

fn hook(table: &toml::Table) -> Result<Option<Hook>, String> {
    const KEYS: [&str; 2] = ["sign_off_hook", "hook_timeout"];
    if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(format!("there is no key {key:?}; the keys are {}", KEYS.join(", ")));
    }
    let timeout = match table.get("hook_timeout") {
        Some(value) => timeout(value)?,
        None => TIMEOUT,
    };
    let Some(command) = table.get("sign_off_hook") else {
        return Ok(None);
    };
    let expected = || {
        "sign_off_hook must be a program with its arguments, such as \
         [\"/usr/local/bin/crm-logout\", \"--quiet\"]"
            .to_owned()
    };
    let words: Option<Vec<&str>> =
        command.as_array().and_then(|words| words.iter().map(toml::Value::as_str).collect());
    let words = words.ok_or_else(expected)?;
    let (program, arguments) = words.split_first().ok_or_else(expected)?;
    if !platform::RUNS_HOOKS {
        return Err("a sign_off_hook cannot be run on this operating system yet; \
                    remove it from the file"
            .to_owned());
    }
    let program = PathBuf::from(program);
    if !program.is_absolute() {
        return Err(format!("{} is not an absolute path", program.display()));
    }
    let arguments = arguments.iter().map(|&word| word.to_owned()).collect();
    Ok(Some(Hook { program, arguments, timeout }))
}

fn timeout(value: &toml::Value) -> Result<Duration, String> {
    let said = value.as_str().and_then(|text| text.parse::<jiff::SignedDuration>().ok());
    said.and_then(|duration| Duration::try_from(duration).ok())
        .filter(|timeout| (TIMEOUT_MIN..=TIMEOUT_MAX).contains(timeout))
        .ok_or_else(|| {
            format!("hook_timeout = {value} is not allowed: expected \"100ms\" to \"10s\"")
        })
}

#[cfg(test)]
#[path = "hooks_tests.rs"]
mod tests;
