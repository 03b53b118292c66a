//! The configuration: flags beat the environment, the environment beats the file, the file beats
//! the defaults. The only file of the broker that reads the environment.

mod hooks;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use hotseat_host::configuration::{ConfigFile, ConfigFileError};
use hotseat_host::input;
use hotseat_ipc::socket;
use hotseat_output::log::{Filter, NotAFilter};
use hotseat_protocol::ids::PoolId;
use thiserror::Error;

use crate::platform;
use crate::reach::Proxies;
use crate::server_url::ServerUrl;

pub use hooks::Hook;

/// Every key of the file; in the environment it is `HOTSEAT_BROKER_` and the key in capitals.
const KEYS: [&str; 5] = ["server_url", "socket", "state_dir", "log", "boot_id_file"];
/// What a table of the file says about one pool: `[pool.infor-crm]`.
const TABLES: &str = "pool";
const ENV_PREFIX: &str = "HOTSEAT_BROKER_";
/// Tells clients where the socket is, and the broker too.
const ENV_SOCKET: &str = "HOTSEAT_SOCKET";

const NO_HOME: &str = "this user has no home directory (is HOME set?)";
const NO_RUNTIME_DIR: &str = "XDG_RUNTIME_DIR is not set and this is not the administrator";

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// The configuration file; it must exist when given.
    pub config: Option<PathBuf>,
    /// Beats `state_dir`.
    pub state_dir: Option<PathBuf>,
    /// Beats `socket`.
    pub socket: Option<PathBuf>,
}

/// A checked configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the pool server is; none: where the machine was enrolled.
    pub server_url: Option<ServerUrl>,
    /// Where programs of this machine find the broker.
    pub socket: PathBuf,
    /// Where the broker keeps what must survive it.
    pub state_dir: PathBuf,
    /// What to log, as a filter: `info`, or `hotseat_broker=debug`.
    pub log: Filter,
    /// A file that is another one after each boot; none: the operating system's own word.
    pub boot_id_file: Option<PathBuf>,
    /// What is run when a seat of a pool ends.
    pub hooks: BTreeMap<PoolId, Hook>,
}

/// Why there is no configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read, or is not TOML.
    #[error(transparent)]
    File(#[from] ConfigFileError),
    /// A key that does not exist.
    #[error("{origin}: there is no key {key:?}; the keys are {}, and tables [pool.NAME]", KEYS.join(", "))]
    UnknownKey {
        /// The file, or the variable.
        origin: String,
        /// The key.
        key: String,
    },
    /// A value that is not allowed.
    #[error("{origin}: {key} = {value:?} is not allowed: {allowed}")]
    Value {
        /// The file, or the variable.
        origin: String,
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// What is.
        allowed: String,
    },
    /// A pool's table that is not allowed.
    #[error("{file}: [pool.{pool}]: {problem}")]
    Hook {
        /// The file.
        file: PathBuf,
        /// The pool.
        pool: String,
        /// What is wrong, and what is allowed.
        problem: String,
    },
    /// There is no place for the socket or the state.
    #[error(
        "there is no default for {key}, because {cause}; \
         give {key} on the command line or in the configuration file"
    )]
    NoDefault {
        /// The key.
        key: &'static str,
        /// Why.
        cause: &'static str,
    },
}

/// Reads the configuration.
///
/// # Errors
///
/// When a file cannot be read, a key does not exist or a value is not allowed; the message names
/// what is wrong and what is allowed.
pub fn load(flags: &Flags) -> Result<Config, ConfigError> {
    load_from(flags, &places())
}

/// Reads the whole configuration, and says where the state is. Nobody connects to a machine that
/// is being enrolled, so it may be one without a place for the socket.
///
/// # Errors
///
/// As [`load`].
pub fn load_state_dir(flags: &Flags) -> Result<PathBuf, ConfigError> {
    let mut places = places();
    places.socket.get_or_insert_default();
    Ok(load_from(flags, &places)?.state_dir)
}

/// The proxies that the environment names.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn proxies() -> Proxies {
    // What is not UTF-8 is set all the same, and then cannot be used.
    let read = |name: &str| Some(std::env::var_os(name)?.to_string_lossy().into_owned());
    Proxies::from_environment(read)
}

fn load_from(flags: &Flags, places: &Places) -> Result<Config, ConfigError> {
    let environment: BTreeMap<String, OsString> = std::env::vars_os()
        // An empty variable is an unset one.
        .filter(|(_, value)| !value.is_empty())
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| name.starts_with(ENV_PREFIX) || name == ENV_SOCKET)
        .collect();
    let file = flags.config.clone().or_else(|| places.config.clone());
    let file = match file {
        Some(path) => ConfigFile::read(path, flags.config.is_some())?,
        None => None,
    };
    resolve(flags, &environment, file.as_ref(), places)
}

/// Where things are unless something else is said; none where this user has no such place.
#[derive(Debug, Clone, Default)]
struct Places {
    config: Option<PathBuf>,
    state_dir: Option<PathBuf>,
    socket: Option<PathBuf>,
    /// Nothing can be found below a home directory that is not known.
    no_home: bool,
}

fn places() -> Places {
    if platform::is_administrator() {
        let system = platform::system_places();
        return Places {
            config: Some(system.config),
            state_dir: Some(system.state_dir),
            socket: Some(system.socket),
            no_home: false,
        };
    }
    let Some(own) = directories::ProjectDirs::from("", "", "hotseat") else {
        return Places { no_home: true, ..Places::default() };
    };
    let runtime_dir = own.runtime_dir().and_then(Path::parent);
    Places {
        config: Some(own.config_dir().join("broker.toml")),
        state_dir: Some(own.state_dir().unwrap_or(own.data_local_dir()).to_path_buf()),
        socket: socket::own_place(runtime_dir),
        no_home: false,
    }
}

/// A value and where it was found.
struct Found {
    origin: String,
    key: &'static str,
    value: OsString,
}

impl Found {
    fn wrong(&self, allowed: impl ToString) -> ConfigError {
        ConfigError::Value {
            origin: self.origin.clone(),
            key: self.key,
            value: self.value.to_string_lossy().into_owned(),
            allowed: allowed.to_string(),
        }
    }

    /// As [`Found::wrong`], without what may be a user name and password.
    fn wrong_address(&self, allowed: impl ToString) -> ConfigError {
        let value = input::without_credentials(&self.value.to_string_lossy());
        ConfigError::Value {
            origin: self.origin.clone(),
            key: self.key,
            value,
            allowed: allowed.to_string(),
        }
    }

    fn path(self) -> Result<PathBuf, ConfigError> {
        let path = Path::new(&self.value);
        if path.is_absolute() {
            Ok(path.to_path_buf())
        } else {
            Err(self.wrong("expected an absolute path"))
        }
    }

    fn text(&self) -> Result<&str, ConfigError> {
        self.value.to_str().ok_or_else(|| self.wrong("expected text in UTF-8"))
    }
}

fn resolve(
    flags: &Flags,
    environment: &BTreeMap<String, OsString>,
    file: Option<&ConfigFile>,
    places: &Places,
) -> Result<Config, ConfigError> {
    known_keys(environment, file)?;
    let find = |key| find(key, environment, file);
    let path = |key, flag: &Option<PathBuf>, default: &Option<PathBuf>, cause| {
        if let Some(path) = flag {
            return std::path::absolute(path).map_err(|_| ConfigError::Value {
                origin: "command line".to_owned(),
                key,
                value: path.display().to_string(),
                allowed: "expected a path".to_owned(),
            });
        }
        match find(key)? {
            Some(found) => found.path(),
            None => default.clone().ok_or(ConfigError::NoDefault { key, cause }),
        }
    };
    let server_url = match find("server_url")? {
        Some(found) => Some(found.text()?.parse().map_err(|why| found.wrong_address(why))?),
        None => None,
    };
    let log = match find("log")? {
        Some(found) => log_filter(&found)?,
        None => Filter::default(),
    };
    Ok(Config {
        server_url,
        socket: path(
            "socket",
            &flags.socket,
            &places.socket,
            if places.no_home { NO_HOME } else { NO_RUNTIME_DIR },
        )?,
        state_dir: path("state_dir", &flags.state_dir, &places.state_dir, NO_HOME)?,
        log,
        boot_id_file: find("boot_id_file")?.map(Found::path).transpose()?,
        hooks: hooks::read(file)?,
    })
}

fn log_filter(found: &Found) -> Result<Filter, ConfigError> {
    found.text()?.parse().map_err(|error: NotAFilter| found.wrong(error.to_string()))
}

fn known_keys(
    environment: &BTreeMap<String, OsString>,
    file: Option<&ConfigFile>,
) -> Result<(), ConfigError> {
    for name in environment.keys() {
        let Some(key) = name.strip_prefix(ENV_PREFIX) else {
            continue;
        };
        if !KEYS.iter().any(|known| known.to_uppercase() == key) {
            return Err(ConfigError::UnknownKey {
                origin: format!("environment variable {name}"),
                key: key.to_lowercase(),
            });
        }
    }
    let Some(file) = file else { return Ok(()) };
    match file.keys.keys().find(|key| !KEYS.contains(&key.as_str()) && *key != TABLES) {
        Some(key) => Err(ConfigError::UnknownKey {
            origin: file.path.display().to_string(),
            key: key.clone(),
        }),
        None => Ok(()),
    }
}

fn find(
    key: &'static str,
    environment: &BTreeMap<String, OsString>,
    file: Option<&ConfigFile>,
) -> Result<Option<Found>, ConfigError> {
    let mut names = vec![format!("{ENV_PREFIX}{}", key.to_uppercase())];
    if key == "socket" {
        names.push(ENV_SOCKET.to_owned());
    }
    for name in names {
        if let Some(value) = environment.get(&name) {
            return Ok(Some(Found {
                origin: format!("environment variable {name}"),
                key,
                value: value.clone(),
            }));
        }
    }
    let Some((file, value)) = file.and_then(|file| Some((file, file.keys.get(key)?))) else {
        return Ok(None);
    };
    let origin = file.path.display().to_string();
    match value.as_str() {
        Some(text) => Ok(Some(Found { origin, key, value: text.into() })),
        None => Err(ConfigError::Value {
            origin,
            key,
            value: value.to_string(),
            allowed: "expected a text in quotes".to_owned(),
        }),
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
