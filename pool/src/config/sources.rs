//! Where a value of the configuration stands: in a flag, in the environment, or in the file.

use std::collections::BTreeMap;
use std::ffi::OsString;

use hotseat_host::configuration::ConfigFile;

use super::{ConfigError, ENV_PREFIX, Flags, KEYS};

/// The keys whose value is a list: an array in the file, one text with commas in the environment.
const LISTS: [&str; 2] = ["trusted_proxies", "hosts"];

/// A value and where it was found.
pub(super) struct Found {
    pub(super) origin: String,
    pub(super) key: &'static str,
    pub(super) value: OsString,
}

impl Found {
    pub(super) fn wrong(&self, allowed: impl Into<String>) -> ConfigError {
        ConfigError::Value {
            origin: self.origin.clone(),
            key: self.key,
            value: format!("{:?}", self.value.to_string_lossy()),
            allowed: allowed.into(),
        }
    }

    pub(super) fn text(&self) -> Result<&str, ConfigError> {
        self.value.to_str().ok_or_else(|| self.wrong("expected text in UTF-8"))
    }

    pub(super) fn one_of<T: Copy>(&self, values: &[(&str, T)]) -> Result<T, ConfigError> {
        let text = self.text()?;
        let found = values.iter().find(|(name, _)| *name == text);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
            self.wrong(format!("expected {}", names.join(" or ")))
        })
    }
}

/// The three places where a value may stand, in the order in which they win.
pub(super) struct Sources<'a> {
    pub(super) flags: &'a Flags,
    pub(super) environment: &'a BTreeMap<String, OsString>,
    pub(super) file: Option<&'a ConfigFile>,
}

impl Sources<'_> {
    fn flag(&self, key: &str) -> Option<(&'static str, OsString)> {
        match key {
            "data_dir" => Some(("--data-dir", self.flags.data_dir.clone()?.into_os_string())),
            "listen" => Some(("--listen", self.flags.listen.clone()?.into())),
            "admin_socket" => {
                Some(("--admin-socket", self.flags.admin_socket.clone()?.into_os_string()))
            }
            "log" => Some(("--log", self.flags.log.clone()?.into())),
            _ => None,
        }
    }

    pub(super) fn find(&self, key: &'static str) -> Result<Option<Found>, ConfigError> {
        if let Some((flag, value)) = self.flag(key) {
            return Ok(Some(Found { origin: format!("flag {flag}"), key, value }));
        }
        let name = format!("{ENV_PREFIX}{}", key.to_uppercase());
        if let Some(value) = self.environment.get(&name) {
            let origin = format!("environment variable {name}");
            return Ok(Some(Found { origin, key, value: value.clone() }));
        }
        let Some((file, value)) = self.file.and_then(|file| Some((file, file.keys.get(key)?)))
        else {
            return Ok(None);
        };
        let origin = file.path.display().to_string();
        let is_list = LISTS.contains(&key);
        let text = if is_list { joined(value) } else { value.as_str().map(str::to_owned) };
        match text {
            Some(text) => Ok(Some(Found { origin, key, value: text.into() })),
            None => Err(ConfigError::Value {
                origin,
                key,
                value: value.to_string(),
                allowed: if is_list {
                    "expected texts in quotes, as [\"ONE\", \"TWO\"]".to_owned()
                } else {
                    "expected a text in quotes".to_owned()
                },
            }),
        }
    }
}

/// A list of the file as it stands in the environment.
fn joined(list: &toml::Value) -> Option<String> {
    let texts = list.as_array()?.iter().map(toml::Value::as_str);
    Some(texts.collect::<Option<Vec<_>>>()?.join(","))
}

pub(super) fn known_keys(file: Option<&ConfigFile>) -> Result<(), ConfigError> {
    let Some(file) = file else { return Ok(()) };
    match file.keys.keys().find(|key| !KEYS.contains(&key.as_str())) {
        Some(key) => Err(ConfigError::UnknownKey {
            origin: file.path.display().to_string(),
            key: key.clone(),
        }),
        None => Ok(()),
    }
}

pub(super) fn unknown_variables(environment: &BTreeMap<String, OsString>) -> Vec<String> {
    let known = |name: &&String| {
        let key = name.strip_prefix(ENV_PREFIX).unwrap_or_default();
        !KEYS.iter().any(|known| known.to_uppercase() == key)
    };
    environment.keys().filter(known).cloned().collect()
}
