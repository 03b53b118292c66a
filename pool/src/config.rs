//! The configuration: flags beat the environment, the environment beats the file, the file beats
//! the defaults. The only file of the pool server that reads the environment.

mod sources;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use hotseat_host::configuration::{ConfigFile, ConfigFileError};
use hotseat_output::log::{Filter, NotAFilter};
use thiserror::Error;

use self::sources::{Found, Sources, known_keys, unknown_variables};
pub use crate::http::browsers::HostName;
pub use crate::http::forwarded::TrustedProxy;
use crate::platform;

/// Every key of the file; in the environment it is `HOTSEAT_POOL_` and the key in capitals.
pub const KEYS: [&str; 8] = [
    "listen",
    "data_dir",
    "admin_socket",
    "journal",
    "log",
    "log_format",
    "trusted_proxies",
    "hosts",
];
const ENV_PREFIX: &str = "HOTSEAT_POOL_";
/// Where a server listens unless something else is said.
pub const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 7480);

/// The directory that systemd makes for a running service, by its `RuntimeDirectory`.
const RUNTIME_DIRECTORY: &str = "RUNTIME_DIRECTORY";
/// What the administration socket is called, unless its path is given.
const ADMIN_SOCKET: &str = "admin.sock";

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// The configuration file; it must exist when given.
    pub config: Option<PathBuf>,
    /// Beats `data_dir`.
    pub data_dir: Option<PathBuf>,
    /// Beats `listen`.
    pub listen: Option<String>,
    /// Beats `admin_socket`.
    pub admin_socket: Option<PathBuf>,
    /// Beats `log`.
    pub log: Option<String>,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// A checked configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the server listens: a loopback address.
    pub listen: SocketAddr,
    /// The store and the administrator's token.
    pub data_dir: PathBuf,
    /// Where the administration socket may be, at least one path: the server listens at the first,
    /// an administrator's command looks at each.
    pub admin_sockets: Vec<PathBuf>,
    /// What to log, as a filter: `info`, or `hotseat_pool=debug`.
    pub log: Filter,
    /// How a line of the log looks.
    pub log_format: LogFormat,
    /// Proxies whose `X-Forwarded-For` is believed; none unless configured.
    pub trusted_proxies: Vec<TrustedProxy>,
    /// Names by which the server is asked, besides the loopback's and its own address.
    pub hosts: Vec<HostName>,
    /// Environment variables with the prefix and without a meaning. Container platforms make such
    /// ones by themselves, so they are no error; the server names them in its log.
    pub unknown_variables: Vec<String>,
}

impl Config {
    /// A server of a test, with its store in a folder.
    #[cfg(test)]
    pub(crate) fn of_a_test(folder: &Path) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data_dir: folder.join("data"),
            admin_sockets: Vec::new(),
            log: "warn".parse().expect("a level"),
            log_format: LogFormat::Text,
            trusted_proxies: Vec::new(),
            hosts: Vec::new(),
            unknown_variables: Vec::new(),
        }
    }

    /// The file with the administrator's token.
    #[must_use]
    pub fn admin_token_file(&self) -> PathBuf {
        self.data_dir.join("admin.token")
    }

    /// The store.
    #[must_use]
    pub fn store_file(&self) -> PathBuf {
        self.data_dir.join("pool.db")
    }
}

/// Why there is no configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read, or is not TOML.
    #[error(transparent)]
    File(#[from] ConfigFileError),
    /// A key that does not exist.
    #[error("{origin}: there is no key {key:?}; the keys are {}", KEYS.join(", "))]
    UnknownKey {
        /// The file.
        origin: String,
        /// The key.
        key: String,
    },
    /// A value that is not allowed.
    #[error("{origin}: {key} = {value} is not allowed: {allowed}")]
    Value {
        /// The flag, the variable or the file.
        origin: String,
        /// The key.
        key: &'static str,
        /// The value, a text in quotes.
        value: String,
        /// What is.
        allowed: String,
    },
    /// There is no place for the store.
    #[error(
        "there is no default for data_dir, because this user has no home directory; \
         give --data-dir, HOTSEAT_POOL_DATA_DIR or data_dir in the configuration file"
    )]
    NoDataDir,
}

/// Reads the configuration.
///
/// # Errors
///
/// When a file cannot be read, a key does not exist or a value is not allowed; the message names
/// what is wrong and what is allowed.
pub fn load(flags: &Flags) -> Result<Config, ConfigError> {
    let environment: BTreeMap<String, OsString> = std::env::vars_os()
        // An empty variable is an unset one.
        .filter(|(_, value)| !value.is_empty())
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| name.starts_with(ENV_PREFIX))
        .collect();
    let places = places();
    let file = flags.config.clone().or_else(|| places.config.clone());
    let file = match file {
        Some(path) => ConfigFile::read(path, flags.config.is_some())?,
        None => None,
    };
    resolve(flags, &environment, file.as_ref(), &places)
}

/// Where things are unless something else is said; none where this user has no such place.
#[derive(Debug, Clone, Default)]
struct Places {
    config: Option<PathBuf>,
    data_dir: Option<PathBuf>,
    /// What the service manager made for this process.
    runtime_dir: Option<PathBuf>,
    /// The runtime directory that belongs to the system's data directory, and that one, where this
    /// process may use them.
    system_runtime: Option<(PathBuf, PathBuf)>,
}

fn places() -> Places {
    let system = platform::system_places();
    let mut variables = std::env::vars_os();
    let runtime_dir = variables.find(|(name, _)| name == RUNTIME_DIRECTORY);
    let runtime_dir = runtime_dir.and_then(|(_, list)| first_directory(&list));
    let system_runtime = system.runtime_dir.filter(|dir| platform::may_use(dir));
    let system_runtime = system_runtime.map(|runtime| (system.data_dir.clone(), runtime));
    if platform::is_administrator() {
        let (config, data_dir) = (Some(system.config), Some(system.data_dir));
        return Places { config, data_dir, runtime_dir, system_runtime };
    }
    let own = directories::ProjectDirs::from("", "", "hotseat-pool");
    Places {
        config: own.as_ref().map(|own| own.config_dir().join("pool.toml")),
        data_dir: own.as_ref().map(|own| own.data_dir().to_path_buf()),
        runtime_dir,
        system_runtime,
    }
}

/// The first directory of `RUNTIME_DIRECTORY`, which may list several.
fn first_directory(list: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(list).next().filter(|path| path.is_absolute())
}

fn resolve(
    flags: &Flags,
    environment: &BTreeMap<String, OsString>,
    file: Option<&ConfigFile>,
    places: &Places,
) -> Result<Config, ConfigError> {
    known_keys(file)?;
    let sources = Sources { flags, environment, file };
    let listen = sources.find("listen")?.map_or(Ok(DEFAULT_LISTEN), |found| listen(&found))?;
    let data_dir = match sources.find("data_dir")? {
        Some(found) => path(&found, "expected a directory")?,
        None => places.data_dir.clone().ok_or(ConfigError::NoDataDir)?,
    };
    let admin_sockets = match sources.find("admin_socket")? {
        Some(found) => vec![path(&found, "expected the path of a socket")?],
        None => admin_sockets(&data_dir, places),
    };
    if let Some(found) = sources.find("journal")? {
        found.one_of(&[("sqlite", ())])?;
    }
    let log = sources.find("log")?.map_or(Ok(Filter::default()), |found| log_filter(&found))?;
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    let log_format =
        sources.find("log_format")?.map_or(Ok(LogFormat::Text), |found| found.one_of(&formats))?;
    let proxies = "expected addresses or networks, for example 192.0.2.7 or 10.0.0.0/8";
    let trusted_proxies = list(sources.find("trusted_proxies")?, proxies)?;
    let hosts = list(
        sources.find("hosts")?,
        "expected host names without port, for example seats.example",
    )?;
    Ok(Config {
        trusted_proxies,
        hosts,
        listen,
        data_dir,
        admin_sockets,
        log,
        log_format,
        unknown_variables: unknown_variables(environment),
    })
}

fn list<T: FromStr>(found: Option<Found>, allowed: &str) -> Result<Vec<T>, ConfigError> {
    let Some(found) = found else { return Ok(Vec::new()) };
    let parts = found.text()?.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().map_err(|_| found.wrong(allowed))).collect()
}

fn listen(found: &Found) -> Result<SocketAddr, ConfigError> {
    let text = found.text()?;
    let address: SocketAddr = text.parse().map_err(|_| {
        found.wrong("expected an address and a port, for example 127.0.0.1:7480 or [::1]:7480")
    })?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(found.wrong(
        "off the loopback, passwords and tokens would cross the network without TLS, which this \
         server does not speak yet; listen on 127.0.0.1:7480 and put a TLS proxy in front of it",
    ))
}

/// In the runtime directory where there is one, else beside the store. A command finds it in either:
/// the service manager tells its directory to the server only.
fn admin_sockets(data_dir: &Path, places: &Places) -> Vec<PathBuf> {
    let system = places.system_runtime.as_ref();
    let system = system.filter(|(theirs, _)| theirs == data_dir).map(|(_, runtime)| runtime);
    let mut found: Vec<&Path> = places.runtime_dir.iter().map(PathBuf::as_path).collect();
    found.extend(
        system.filter(|dir| Some(*dir) != places.runtime_dir.as_ref()).map(PathBuf::as_path),
    );
    found.push(data_dir);
    found.iter().map(|dir| dir.join(ADMIN_SOCKET)).collect()
}

fn path(found: &Found, expected: &str) -> Result<PathBuf, ConfigError> {
    let path = Path::new(&found.value);
    if path.as_os_str().is_empty() {
        return Err(found.wrong(expected));
    }
    // What is typed is relative to where it is typed; what is written down must not depend on it.
    if found.origin.starts_with("flag") {
        return std::path::absolute(path).map_err(|error| found.wrong(error.to_string()));
    }
    if path.is_absolute() {
        Ok(path.to_path_buf())
    } else {
        Err(found.wrong("expected an absolute path"))
    }
}

fn log_filter(found: &Found) -> Result<Filter, ConfigError> {
    found.text()?.parse().map_err(|error: NotAFilter| found.wrong(error.to_string()))
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
