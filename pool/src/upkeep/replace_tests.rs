//! Replacements that are stopped before each of their steps.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use hotseat_rules::{Recovery, presets};
use rusqlite::Connection;

use super::*;
use crate::clock::SystemClock;
use crate::journal::Stopper;
use crate::journal::look::Look;
use crate::journal::store::{Open, Opened, Store};
use crate::upkeep::left_over::{COPIES, kept, left_over, put_in_order};
use crate::upkeep::quarantine::{self, Quarantined};
use crate::upkeep::restore::{Restore, restore_by};
use crate::upkeep::{backup, check};

/// A record of a store that was just made.
const POISONED: u64 = 2;

struct Folder {
    _folder: tempfile::TempDir,
    config: Config,
}

impl Folder {
    /// A store of two records.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::of_a_test(folder.path());
        let definition = presets::infor_crm(2);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(crate::init(&config, definition, Arc::new(SystemClock::new()))).unwrap();
        Self { _folder: folder, config }
    }

    fn store(&self) -> PathBuf {
        self.config.store_file()
    }

    /// Spoils a record, and leaves that in the log, as a server does that was killed.
    fn poison(&self) {
        let log = beside(&self.store(), "-wal");
        let store = Connection::open(self.store()).unwrap();
        store
            .execute_batch(&format!(
                "PRAGMA wal_autocheckpoint = 0; DELETE FROM snapshot;
                 UPDATE journal SET payload = '{{' WHERE seq = {POISONED}"
            ))
            .unwrap();
        let (spoilt, text) = (fs::read(self.store()).unwrap(), fs::read(&log).unwrap());
        store.close().unwrap();
        fs::write(self.store(), spoilt).unwrap();
        fs::write(&log, text).unwrap();
    }

    /// Which record stops the store; none: it is whole.
    fn stopped_by(&self) -> Option<u64> {
        match Store::open_or_read(&self.store(), Open::Existing).unwrap() {
            Opened::Whole(_) => None,
            Opened::Halted(halted) => match halted.poison.what {
                Stopper::Record(record) => Some(record.0),
                Stopper::Rows => None,
            },
        }
    }
}

/// Stops before the step of this number. Returns whether there was one.
fn stopped_before(number: usize, act: impl FnOnce(&mut Steps<'_>)) -> Option<&'static str> {
    let mut taken = 0;
    let mut at = None;
    let mut watch = |what| {
        if taken == number {
            at = Some(what);
            panic!("stopped");
        }
        taken += 1;
    };
    // What unwinds does nothing that a killed process would not have done, except that it closes.
    let acted = catch_unwind(AssertUnwindSafe(|| act(&mut Steps::told_to(&mut watch))));
    assert_eq!(acted.is_err(), at.is_some());
    at
}

fn now() -> WallTime {
    WallTime { unix_ms: 1_800_000_000_000 }
}

fn quarantines(folder: &Folder, steps: &mut Steps<'_>) -> Quarantined {
    let at_most = Some(Duration::from_secs(10));
    let record = hotseat_protocol::ids::Seq(POISONED);
    quarantine::apply_by(&folder.config, Some(record), at_most, now(), steps).unwrap()
}

/// A server that starts puts in order what it finds: every folder has its name.
fn starts(folder: &Folder) {
    put_in_order(&folder.config);
    for again in kept(&folder.store()) {
        let folder = again.parent().unwrap().to_string_lossy().into_owned();
        assert!(COPIES.iter().all(|suffix| !folder.ends_with(suffix)), "{folder}");
    }
}

#[test]
fn a_record_is_set_aside_wholly_or_not_at_all_wherever_it_is_stopped() {
    let (mut steps, mut replaced) = (Vec::new(), 0);
    loop {
        let folder = Folder::new();
        folder.poison();
        let stopped = stopped_before(steps.len(), |steps| {
            quarantines(&folder, steps);
        });
        let what = stopped.unwrap_or("all of it");
        assert!(folder.store().exists(), "no store before: {what}");
        let report = check(&folder.store()).unwrap();
        assert_eq!(folder.stopped_by().is_none(), report.findings.is_empty(), "{what}");
        if folder.stopped_by().is_some() {
            assert_eq!(folder.stopped_by(), Some(POISONED), "{what}");
            assert!(kept(&folder.store()).len() <= 1, "{what}");
            starts(&folder);
            assert!(kept(&folder.store()).is_empty(), "{what}");
            // The verb does it again.
            quarantines(&folder, &mut Steps::told_to(&mut |_| {}));
        } else {
            replaced += 1;
            starts(&folder);
        }
        assert_eq!(folder.stopped_by(), None, "{what}");
        let state = check(&folder.store()).unwrap().state.unwrap();
        let waits = Duration::from_secs(10);
        assert_eq!(state.recovery(), Some(&Recovery::Waiting { wait: waits.into() }), "{what}");
        assert_eq!(left_over(&folder.store()), Vec::<PathBuf>::new(), "{what}");
        let old = kept(&folder.store());
        let [old] = old.as_slice() else { panic!("{what}: {old:?}") };
        let select = "SELECT payload FROM journal WHERE seq = 2";
        let look = Look::locked(old).unwrap();
        let text: String = look.connection.query_row(select, [], |row| row.get(0)).unwrap();
        assert_eq!(text, "{", "{what}: the damaged store is kept");
        let Some(stopped) = stopped else { break };
        steps.push(stopped);
    }
    assert!(steps.len() > 8 && replaced > 1, "{replaced} of {steps:?}");
}

#[test]
fn a_backup_is_put_back_wholly_or_not_at_all_wherever_it_is_stopped() {
    let (mut steps, mut replaced) = (Vec::new(), 0);
    loop {
        let (folder, other) = (Folder::new(), Folder::new());
        let file = other.config.data_dir.join("backup.db");
        backup::backup(&other.store(), &file).unwrap();
        let restore = Restore { file, replace: true, longest_lease: None };
        let generation = check(&folder.store()).unwrap().generation;
        let log = beside(&folder.store(), "-wal");
        let stopped = stopped_before(steps.len(), |steps| {
            restore_by(&folder.config, &restore, now(), steps).unwrap();
        });
        let what = stopped.unwrap_or("all of it");
        let report = check(&folder.store()).unwrap();
        assert!(report.findings.is_empty(), "{what}: {:?}", report.findings);
        assert!(!holds_something(&log), "{what}");
        if report.generation != generation {
            replaced += 1;
        }
        starts(&folder);
        // Whichever it is, the token that lies there opens it.
        let token = fs::read_to_string(folder.config.admin_token_file()).unwrap();
        let look = Look::locked(&folder.store()).unwrap();
        let shown = crate::directory::Token::shown(token.trim());
        assert!(crate::directory::is_admin(&look.connection, shown).unwrap(), "{what}");
        assert_eq!(kept(&folder.store()).len(), usize::from(report.generation != generation));
        let Some(stopped) = stopped else { break };
        steps.push(stopped);
    }
    assert!(steps.len() > 10 && replaced > 1, "{replaced} of {steps:?}");
}

#[test]
fn a_store_that_an_older_program_moved_aside_is_named() {
    let folder = Folder::new();
    let aside = folder.config.data_dir.join("replaced-20261130T100000Z");
    fs::create_dir(&aside).unwrap();
    fs::rename(folder.store(), aside.join("pool.db")).unwrap();
    let error = Store::open(&folder.store(), Open::Existing).unwrap_err().to_string();
    assert!(error.contains("replaced-20261130T100000Z"), "{error}");
    assert!(check(&folder.store()).unwrap_err().to_string().contains("move all of its folder"));
}
