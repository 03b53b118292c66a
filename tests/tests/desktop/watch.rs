//! Whoever looks over an office's shoulder: what others may read of it, searched for its secrets.
//!
//! Command lines and environments are sampled all the time, messages of the buses as they pass,
//! files whenever a step of the play is over.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Result;
use futures_util::StreamExt as _;
use hotseat_canary::{Canaries, Hit};
use hotseat_tests::bus::Bus;
use hotseat_tests::{children, processes};
use serde_json::Value;
use tokio::task::JoinHandle as Task;
use zbus::MessageStream;
use zbus::fdo::MonitoringProxy;

/// Fields of a broker's state whose values are secrets, and what those are.
const SECRET_FIELDS: [(&str, &str); 3] = [
    ("token", "a log-in's token"),
    ("credential", "a machine's credential"),
    ("secret", "a link's secret"),
];

/// A program lives longer than this, so each is seen.
const BETWEEN_SAMPLES: Duration = Duration::from_millis(10);

/// Where something was seen, and what.
type Seen = Arc<Mutex<BTreeSet<(String, Vec<u8>)>>>;

/// Where a secret may stand: how the path ends or what it contains, and whose name begins so.
pub(crate) type Home = (fn(&Path) -> bool, &'static str);

/// The one who looks.
pub(crate) struct Watch {
    canaries: Canaries,
    homes: Vec<Home>,
    seen: Seen,
    found: BTreeSet<String>,
    stop: Arc<AtomicBool>,
    sampler: Option<JoinHandle<()>>,
    monitors: Vec<Task<()>>,
}

impl Watch {
    /// Begins to look at the processes that this program starts. `homes` says which secret may
    /// stand in which file; everything else is a leak.
    pub(crate) fn begin(homes: Vec<Home>) -> Watch {
        let (seen, stop) = (Seen::default(), Arc::new(AtomicBool::new(false)));
        let (theirs, stopped) = (Arc::clone(&seen), Arc::clone(&stop));
        let sampler = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                sample(&theirs);
                std::thread::sleep(BETWEEN_SAMPLES);
            }
        });
        Watch {
            canaries: Canaries::new(),
            homes,
            seen,
            found: BTreeSet::new(),
            stop,
            sampler: Some(sampler),
            monitors: Vec::new(),
        }
    }

    /// Adds a secret.
    pub(crate) fn plant(&mut self, what: &str, secret: &str) {
        self.canaries.plant(what, secret);
    }

    /// What is looked for.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.canaries.names()
    }

    /// Adds the secrets that a broker keeps.
    pub(crate) fn gather(&mut self, state_dir: &Path) {
        for file in files(state_dir) {
            if let Ok(value) = serde_json::from_slice(&fs::read(file).unwrap_or_default()) {
                gather_from(&value, &mut self.canaries);
            }
        }
    }

    /// Reads along on a bus.
    pub(crate) async fn listen(&mut self, name: &str, bus: &Bus) -> Result<()> {
        let connection = bus.connect().await?;
        let mut messages = MessageStream::from(&connection);
        MonitoringProxy::new(&connection).await?.become_monitor(&[], 0).await?;
        let (seen, place) = (Arc::clone(&self.seen), format!("a message on the {name} bus"));
        #[expect(clippy::disallowed_methods, reason = "whoever listens ends it with itself")]
        let monitor = tokio::spawn(async move {
            while let Some(Ok(message)) = messages.next().await {
                note(&seen, place.clone(), message.data().to_vec());
            }
        });
        self.monitors.push(monitor);
        Ok(())
    }

    /// Looks at what somebody was answered.
    pub(crate) fn read(&self, place: &str, text: impl Into<Vec<u8>>) {
        note(&self.seen, place.to_owned(), text.into());
    }

    /// How many messages of buses were seen.
    pub(crate) fn messages(&self) -> usize {
        let seen = self.seen.lock().expect("nobody panics while holding this");
        seen.iter().filter(|(place, _)| place.starts_with("a message")).count()
    }

    /// Looks at all files below a folder, and at whatever was seen so far.
    pub(crate) fn look(&mut self, step: &str, folder: &Path) {
        sample(&self.seen);
        let search = self.canaries.search();
        for file in files(folder) {
            for hit in search.find(fs::read(&file).unwrap_or_default()) {
                let home = self.homes.iter().any(|home| is_home(home, &file, &hit));
                if !home {
                    self.found.insert(format!("{step}: {hit} in {}", file.display()));
                }
            }
        }
        for (place, bytes) in self.seen.lock().expect("nobody panics while holding this").iter() {
            for hit in search.find(bytes) {
                self.found.insert(format!("{step}: {hit} in {place}"));
            }
        }
    }

    /// All leaks.
    pub(crate) fn leaks(&self) -> Vec<&str> {
        self.found.iter().map(String::as_str).collect()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.monitors.iter().for_each(Task::abort);
        if let Some(sampler) = self.sampler.take() {
            let _ = sampler.join();
        }
    }
}

/// What a program prints goes to whoever started it; every other home is closed to others.
fn is_home((is_there, secret): &Home, file: &Path, hit: &Hit) -> bool {
    let is_printed = file.extension().is_some_and(|end| end == "out");
    let others = fs::metadata(file).map_or(0o077, |file| file.permissions().mode() & 0o077);
    is_there(file) && hit.secret.starts_with(secret) && (is_printed || others == 0)
}

fn note(seen: &Seen, place: String, bytes: Vec<u8>) {
    seen.lock().expect("nobody panics while holding this").insert((place, bytes));
}

fn sample(seen: &Seen) {
    for id in children::started_by(std::process::id()) {
        let arguments = processes::arguments(id).join(" ");
        let place = format!("the environment of {arguments}");
        note(seen, place, processes::environment(id));
        note(seen, "a command line".to_owned(), arguments.into_bytes());
    }
}

fn gather_from(value: &Value, canaries: &mut Canaries) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let secret = SECRET_FIELDS.iter().find(|(field, _)| field == name);
                match (value.as_str(), secret) {
                    (Some(text), Some((_, what))) => canaries.plant(what, text),
                    _ => gather_from(value, canaries),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| gather_from(value, canaries)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Every file below a folder; sockets and links are none.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found
}
