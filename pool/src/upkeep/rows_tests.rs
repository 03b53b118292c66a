//! Every column of every table with odd values: whatever is there, a store has a way out.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use hotseat_protocol::bounded_text::NewPassword;
use hotseat_protocol::ids::{MachineId, Secret, ServiceId, UserId};
use hotseat_rules::{UserKind, presets};
use rusqlite::Connection;

use super::*;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::directory::{
    Directory, Email, MachineRecord, NewPerson, Service, ServiceRecord, Token, may_be_called,
};
use crate::journal::Stopper;
use crate::journal::store::{Open, Opened, Store};
use crate::lifecycle::Shutdown;
use crate::parts::Parts;

const LUCY: UserId = UserId(uuid::Uuid::from_u128(0x018f_2c6e_0000_7000_8000_0000_0000_0001));
const DESK: MachineId = MachineId(uuid::Uuid::from_u128(0x018f_2c6e_0000_7000_8000_0000_0000_0002));
const CRM: ServiceId = ServiceId(uuid::Uuid::from_u128(0x018f_2c6e_0000_7000_8000_0000_0000_0003));

/// What a column may hold after a disk, another program or a person was at it.
const ODD: &[&str] = &[
    "NULL",
    "-1",
    "0",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "5.5",
    "''",
    "'not JSON'",
    "'[1]'",
    "CAST(x'ff' AS TEXT)",
    "x''",
    "x'00'",
    "zeroblob(64)",
];

struct Office {
    folder: tempfile::TempDir,
    config: Config,
    /// The store in one file, to begin with again.
    whole: Vec<u8>,
}

impl Office {
    /// A row in each table.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::of_a_test(folder.path());
        let clock = Arc::new(SystemClock::new());
        crate::init(&config, presets::infor_crm(2), clock.clone()).await.unwrap();
        fill(&config, clock).await;
        let store = Connection::open(config.store_file()).unwrap();
        store
            .execute_batch(
                "INSERT OR REPLACE INTO probe VALUES (1, 5);
                 INSERT OR IGNORE INTO journal_time VALUES (1, 1700000000000);
                 INSERT INTO quarantined (seq, quarantined_ms, because_of, reason)
                 VALUES (1, 1, 1, 'a test')",
            )
            .unwrap();
        store.close().unwrap();
        let whole = fs::read(config.store_file()).unwrap();
        let office = Self { folder, config, whole };
        assert_eq!(office.findings(), Vec::<String>::new());
        office
    }

    fn again(&self) {
        for entry in fs::read_dir(&self.config.data_dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                fs::remove_dir_all(path).unwrap();
            } else if name.starts_with("pool.db") {
                fs::remove_file(path).unwrap();
            }
        }
        fs::write(self.config.store_file(), &self.whole).unwrap();
    }

    /// Changes the store behind the program's back; false: SQLite does not let it.
    fn meddle(&self, sql: &str) -> bool {
        let store = Connection::open(self.config.store_file()).unwrap();
        store.pragma_update(None, "foreign_keys", false).unwrap();
        let done = store.execute_batch(sql).is_ok();
        store.close().unwrap();
        done
    }

    /// What `verify` finds wrong.
    fn findings(&self) -> Vec<String> {
        let report = check(&self.config.store_file()).unwrap();
        report.findings.into_iter().map(|finding| finding.what).collect()
    }

    /// What of it costs more than a line in the history.
    fn harm(&self) -> Vec<String> {
        let report = check(&self.config.store_file()).unwrap();
        let harmful = report.findings.into_iter().filter(|finding| !finding.is_harmless());
        harmful.map(|finding| finding.what).collect()
    }

    /// The indexes that are made by name.
    fn indexes(&self) -> Vec<String> {
        let store = Connection::open(self.config.store_file()).unwrap();
        let select = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL
                      ORDER BY name";
        let mut select = store.prepare(select).unwrap();
        let rows = select.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// The tables and their columns, as the store has them.
    fn columns(&self) -> Vec<(String, String)> {
        let store = Connection::open(self.config.store_file()).unwrap();
        let select = "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c
                      WHERE m.type = 'table'";
        let mut select = store.prepare(select).unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }
}

async fn fill(config: &Config, clock: Arc<SystemClock>) {
    let shutdown = Shutdown::default();
    let parts = Parts::start(config, Open::Existing, clock.clone(), shutdown).await.unwrap();
    let (app, now) = (parts.app.clone(), clock.wall());
    let add = Command::AddUser { user: LUCY, kind: UserKind::Concurrent };
    app.submit(add).await.unwrap();
    app.submit(Command::AddMachine { machine: DESK }).await.unwrap();
    let password = NewPassword::new(Secret::new("Lucy's own password")).unwrap();
    let password_hash = app.passwords.hash(&password).await.unwrap();
    let email = Email::parse("lucy@finance.example").unwrap();
    let person =
        NewPerson { id: LUCY, email, name: "Lucy".to_owned(), password_hash, created: now };
    app.directory.add_person(person).await.unwrap();
    let (invitation, _) = app.directory.invite_machine().await.unwrap();
    let record =
        MachineRecord { id: DESK, name: "desk-1".to_owned(), enrolled: now, clone_seen: None };
    app.directory.enroll_machine(Token::shown(invitation.expose()), record).await.unwrap();
    app.directory.invite_machine().await.unwrap();
    app.directory.issue_token(LUCY, Some(DESK)).await.unwrap();
    app.directory.issue_token(LUCY, None).await.unwrap();
    app.directory.count_link_secret(DESK, Generation(7), 3).await.unwrap();
    let service = Service {
        id: CRM,
        act_for: true,
        pools: Some(vec!["infor-crm".parse().unwrap()]),
        clients: None,
    };
    let record = ServiceRecord { service, name: "crm".to_owned(), created: now };
    app.directory.add_service(record).await.unwrap();
    drop(app);
    parts.stop().await;
}

/// Everything that a server reads of the tables beside the journal.
async fn reads_all(directory: &Directory, connection: &Connection) -> Result<(), DirectoryError> {
    directory.machines().await?;
    directory.services().await?;
    directory.link_record(DESK, Generation(7)).await?;
    directory.principal(Token::shown("nobody's")).await?;
    directory.machine_by_credential(Token::shown("nobody's")).await?;
    may_be_called(connection)?;
    // By whatever hash is there, everybody is found or nobody.
    for table in ["user_token.hash", "service.token_hash", "machine.credential_hash"] {
        let (table, column) = table.split_once('.').unwrap();
        let select = format!("SELECT hex({column}) FROM {table}");
        let mut select = connection.prepare(&select)?;
        let rows = select.query_map([], |row| row.get::<_, String>(0))?;
        for token in rows.filter_map(|row| Token::from_hex(&row.ok()?.to_lowercase())) {
            directory.principal(token).await?;
            directory.user_on_machine(token, DESK).await?;
            directory.machine_by_credential(token).await?;
        }
    }
    Ok(())
}

/// What a start made of the store.
#[derive(Debug, PartialEq)]
enum Started {
    Whole,
    ReadOnly(Stopper),
    Refused(String),
}

/// Opens the store as a server does, has everything read, and writes something where that may be.
async fn opens(config: &Config) -> Started {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let opened = match Store::open_or_read(&config.store_file(), Open::Existing) {
        Ok(opened) => opened,
        Err(error) => return Started::Refused(error.to_string()),
    };
    let mut store = match opened {
        Opened::Whole(store) => store,
        Opened::Halted(halted) => {
            let directory = Directory::start(&halted.tables, clock).unwrap();
            directory.close().await;
            return Started::ReadOnly(halted.poison.what);
        }
    };
    let (state, at) = (store.replayed().state, clock.wall());
    let (journal, tables) = store.split();
    let directory = Directory::start(&tables, clock).unwrap();
    let mut journal = journal.timed_by(directory.own_clock());
    let (seq, generation) = (state.seq().next(), state.generation());
    let event = Event::UserAdded {
        user: UserId::from_random(crate::fresh::bits()),
        kind: UserKind::Concurrent,
    };
    let record = Record { seq, at, generation, event, actor: None };
    let appended = journal.append(state.seq(), &[record.store()]);
    assert!(matches!(appended, Append::Done), "{appended:?}");
    reads_all(&directory, &tables.connect().unwrap()).await.unwrap();
    directory.issue_token(LUCY, None).await.ok();
    directory.invite_machine().await.unwrap();
    directory.close().await;
    Started::Whole
}

/// Starts a server, has it read everything, and write something where it may.
async fn start(config: &Config) -> Started {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let started = Parts::start(config, Open::Existing, clock, Shutdown::default()).await;
    let parts = match started {
        Ok(parts) => parts,
        Err(error) => return Started::Refused(error.to_string()),
    };
    let app = parts.app.clone();
    let halted = app.engine.halted().cloned();
    if halted.is_none() {
        let beside = Connection::open(config.store_file()).unwrap();
        reads_all(&app.directory, &beside).await.unwrap();
        let user = UserId::from_random(crate::fresh::bits());
        app.submit(Command::AddUser { user, kind: UserKind::Named }).await.unwrap();
        app.submit(Command::RemoveUser { user }).await.unwrap();
        app.directory.issue_token(LUCY, None).await.ok();
    }
    drop(app);
    parts.stop().await;
    halted.map_or(Started::Whole, |poison| Started::ReadOnly(poison.what))
}

/// What is there is named, and an administrator gets out of it.
async fn has_a_way_out(office: &Office, what: &str) -> Started {
    let findings = office.findings();
    let started = opens(&office.config).await;
    let record = match &started {
        Started::Whole => {
            assert_eq!(office.harm(), Vec::<String>::new(), "after a start: {what}");
            return started;
        }
        Started::ReadOnly(Stopper::Record(record)) => Some(*record),
        Started::ReadOnly(Stopper::Rows) => None,
        Started::Refused(error) => {
            let helps = error.contains("hotseat-pool restore") || error.contains("newer program");
            assert!(helps, "{what}: {error}");
            assert!(!findings.is_empty(), "{what}: {error}");
            return started;
        }
    };
    assert!(!findings.is_empty(), "{what}: said to be sound");
    let at_most = Some(Duration::from_secs(10));
    quarantine::plan(&office.config, record, at_most).unwrap_or_else(|e| panic!("{what}: {e}"));
    let now = SystemClock::new().wall();
    let done = quarantine::apply(&office.config, record, at_most, now);
    let done = done.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(done.moved_to.is_some());
    assert_eq!(office.harm(), Vec::<String>::new(), "after recover: {what}");
    assert_eq!(opens(&office.config).await, Started::Whole, "{what}");
    started
}

#[tokio::test]
async fn whatever_a_column_holds_there_is_a_way_out() {
    let office = Office::new().await;
    let mut stopped = 0;
    for (table, column) in office.columns() {
        for odd in ODD {
            let mut ways = vec![format!("UPDATE \"{table}\" SET \"{column}\" = {odd}")];
            if table == "journal" {
                // A snapshot covers it, or none does.
                let one = format!("{} WHERE seq = 2", ways[0]);
                ways = vec![one.clone(), format!("{one}; DELETE FROM snapshot")];
            }
            for sql in ways {
                office.again();
                if office.meddle(&sql) {
                    let started = has_a_way_out(&office, &sql).await;
                    stopped += usize::from(started != Started::Whole);
                }
            }
        }
    }
    assert!(stopped > 100, "only {stopped}");
}

#[tokio::test]
async fn whatever_becomes_of_a_table_there_is_a_way_out() {
    let office = Office::new().await;
    let tables: std::collections::BTreeSet<String> =
        office.columns().into_iter().map(|(table, _)| table).collect();
    let indexes = office.indexes();
    for table in tables {
        for how in [
            "DROP TABLE \"?\"",
            "ALTER TABLE \"?\" RENAME TO lost",
            "DROP TABLE \"?\"; CREATE TABLE \"?\" (id INTEGER PRIMARY KEY, name INTEGER)",
            "DELETE FROM \"?\"",
            "DELETE FROM \"?\"; DELETE FROM snapshot",
        ] {
            office.again();
            assert!(office.meddle(&how.replace('?', &table)), "{how} {table}");
            let started = has_a_way_out(&office, &how.replace('?', &table)).await;
            if table == "journal" {
                assert_ne!(started, Started::Whole, "{how}");
            } else {
                assert_eq!(start(&office.config).await, Started::Whole, "{how} {table}");
            }
        }
    }
    for (sql, helps) in [
        ("PRAGMA user_version = 0", false),
        ("PRAGMA user_version = 3", false),
        ("PRAGMA user_version = -5", false),
        ("DROP INDEX journal_seat_granted; DROP INDEX user_token_person", true),
    ] {
        office.again();
        assert!(office.meddle(sql));
        let started = has_a_way_out(&office, sql).await;
        assert_eq!(started == Started::Whole, helps, "{sql}: {started:?}");
        assert_eq!(office.indexes(), indexes, "{sql}");
    }
    // A backup helps in any case.
    let file = office.folder.path().join("backup.db");
    office.again();
    backup::backup(&office.config.store_file(), &file).unwrap();
    assert!(office.meddle("DROP TABLE journal"));
    let restore = restore::Restore { file, replace: true, longest_lease: None };
    restore::restore(&office.config, &restore, SystemClock::new().wall()).unwrap();
    assert_eq!(start(&office.config).await, Started::Whole);
}

#[tokio::test]
async fn whoever_was_disabled_or_revoked_stays_out_whatever_becomes_of_their_rows() {
    let office = Office::new().await;
    for (table, column) in office.columns() {
        if !matches!(table.as_str(), "person" | "machine" | "user_token" | "machine_link") {
            continue;
        }
        for odd in ["CAST(x'ff' AS TEXT)", "x'00'", "zeroblob(16)", "9223372036854775807"] {
            office.again();
            let parts = Parts::start(
                &office.config,
                Open::Existing,
                Arc::new(SystemClock::new()),
                Shutdown::default(),
            )
            .await
            .unwrap();
            let app = parts.app.clone();
            let kind = UserKind::Concurrent;
            app.submit(Command::SetUser { user: LUCY, kind, enabled: false }).await.unwrap();
            app.submit(Command::RevokeMachine { machine: DESK }).await.unwrap();
            drop(app);
            parts.stop().await;
            if !office.meddle(&format!("UPDATE \"{table}\" SET \"{column}\" = {odd}")) {
                continue;
            }
            has_a_way_out(&office, &format!("{table}.{column} = {odd}")).await;
            let mut store = Store::open(&office.config.store_file(), Open::Existing).unwrap();
            let state = store.replayed().state;
            assert!(state.user(LUCY).is_none_or(|user| !user.enabled));
            assert!(state.machine(DESK).is_none_or(|machine| machine.revoked));
        }
    }
}
