//! What survives, what is refused, and that the stored forms stay readable.

use std::fs;

use hotseat_broker_core::{
    Change, KeyHash, OsUser, SavedAccount, SavedAnchor, SavedHook, SavedIntent, SavedOverdraft,
    SavedSeat, SavedSignOff, SessionKey, WriteId,
};
use hotseat_protocol::ids::{
    Anchor, ClientName, Epoch, Generation, MachineId, PoolId, RequestId, SeatId, SeatRef, Secret,
    Seq, UserId, WallTime,
};
use hotseat_protocol::link::{Accept, AccountUser, JournalPosition, Overdraft};
use hotseat_protocol::quantity::OverdraftMs;
use hotseat_protocol::reason::ReleaseReason;
use tokio::sync::mpsc;

use super::*;

/// Stored by version 1; it must be readable for ever.
const STATE_1: &str = include_str!("../../golden/state-1.json");
const STATE_3: &str = include_str!("../../golden/state-3.json");
const MACHINE_1: &str = include_str!("../../golden/machine-1.json");

fn seat_ref(n: u128) -> SeatRef {
    SeatRef {
        id: SeatId::from_random(n),
        epoch: Epoch { generation: Generation(0x1f0a_77c2), seq: Seq(4_711) },
    }
}

/// One of everything.
fn changes() -> Vec<Change> {
    let user = OsUser("1000".to_owned());
    let pool = PoolId::new("infor-crm").unwrap();
    let since = WallTime { unix_ms: 1_700_000_000_123 };
    vec![
        Change::PutSeat(Box::new(SavedSeat {
            seat: seat_ref(1),
            pool: pool.clone(),
            owner: user.clone(),
            user: UserId::from_random(2),
            client: ClientName::new("network").unwrap(),
            request: RequestId::from_random(3),
            since,
            counted: true,
            anchor: SavedAnchor::Session(SessionKey { user: user.clone(), name: "c2".to_owned() }),
        })),
        Change::PutIntent(Box::new(SavedIntent {
            request: RequestId::from_random(4),
            owner: user.clone(),
            user: UserId::from_random(2),
            pool,
            client: None,
            wait: Some(Accept::Auto),
            told: Anchor::new("run 7").unwrap(),
            anchor: SavedAnchor::Connection { resume: KeyHash([0xab; 32]) },
        })),
        Change::PutSignOff(SavedSignOff { seat: seat_ref(5), reason: ReleaseReason::TrayLost }),
        Change::PutCancel(RequestId::from_random(6), ReleaseReason::LoggedOut),
        Change::PutAccount(
            user,
            Box::new(SavedAccount {
                token: Secret::new("a token"),
                user: AccountUser {
                    id: UserId::from_random(2),
                    name: "Lucy".to_owned(),
                    email: "lucy@finance.example".to_owned(),
                    named: false,
                },
                expires_at: since,
            }),
        ),
        Change::PutEndingToken(8, Secret::new("an old token")),
    ]
}

fn sample() -> Saved {
    let mut saved = Saved::default();
    for change in changes() {
        saved.apply(&change);
    }
    saved
}

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Writes changes the way the hub does, and waits for the report.
fn write(store: &Store, saved: Saved, boot: &str, changes: Vec<Change>) -> Stored {
    let (done, mut reports) = mpsc::channel(4);
    let writer = Writer::start(store, saved, Some(boot.to_owned()), done).unwrap();
    assert!(writer.begin(WriteId(1), changes));
    let stored = reports.blocking_recv().unwrap();
    writer.finish();
    stored
}

#[test]
fn version_1_of_the_state_stays_readable_and_is_what_is_written() {
    let (saved, boot) = form::read(Path::new("state.json"), STATE_1).unwrap();
    assert_eq!(saved, sample());
    assert_eq!(boot.as_deref(), Some("boot-1"));
    let written = String::from_utf8(form::write(&sample(), Some("boot-1"))).unwrap();
    assert_eq!(written.trim(), STATE_1.trim());
}

#[test]
fn version_1_of_the_machine_stays_readable() {
    let dir = dir();
    fs::write(dir.path().join(MACHINE_FILE), MACHINE_1).unwrap();
    let machine = Machine {
        id: MachineId::from_random(9),
        credential: Secret::new("a credential"),
        server_url: "https://seats.example".to_owned(),
    };
    assert_eq!(Machine::read(dir.path()).unwrap(), Some(machine.clone()));
    machine.write(dir.path()).unwrap();
    let written = fs::read_to_string(dir.path().join(MACHINE_FILE)).unwrap();
    assert_eq!(written.trim(), MACHINE_1.trim());
}

#[test]
fn what_was_reported_is_there_after_the_next_start() {
    let dir = dir();
    let store = Store::open(dir.path()).unwrap();
    let stored = write(&store, Saved::default(), "boot-1", changes());
    assert_eq!(stored.write, WriteId(1));
    stored.result.unwrap();
    drop(store);

    let store = Store::open(dir.path()).unwrap();
    let left = store.left(Some("boot-1")).unwrap();
    assert_eq!(left.saved, sample());
    let grace_ms = RESTART_GRACE_MS;
    assert_eq!(left.boot, Boot::Same { grace_ms });
    assert_eq!(store.left(Some("boot-2")).unwrap().boot, Boot::Another);
    assert_eq!(store.left(None).unwrap().boot, Boot::Another);
}

#[test]
fn a_directory_that_cannot_be_written_fails_the_write_and_keeps_what_was() {
    let dir = dir();
    let store = Store::open(dir.path()).unwrap();
    write(&store, Saved::default(), "boot-1", changes()).result.unwrap();
    // Not even root can write to a directory as if it were a file.
    let in_the_way = dir.path().join("state.json.new");
    fs::create_dir(&in_the_way).unwrap();
    let drop_seat = || vec![Change::DropSeat(seat_ref(1).id)];
    let said = write(&store, sample(), "boot-1", drop_seat()).result.unwrap_err();
    assert!(said.to_string().contains("state.json"), "{said}");
    assert_eq!(store.left(Some("boot-1")).unwrap().saved, sample());
    fs::remove_dir(&in_the_way).unwrap();
    write(&store, sample(), "boot-1", drop_seat()).result.unwrap();
    assert!(store.left(Some("boot-1")).unwrap().saved.seats.is_empty());
}

#[test]
fn a_damaged_or_newer_file_stops_the_start_and_says_what_to_do() {
    let dir = dir();
    let store = Store::open(dir.path()).unwrap();
    let path = dir.path().join(STATE_FILE);
    let newer = STATE_1.replace("\"version\": 1", "\"version\": 4");
    let extended = STATE_1.replace("\"boot_id\"", "\"surprise\": 1, \"boot_id\"");
    let short_hash = STATE_1.replace(&"ab".repeat(32), "abab");
    for (text, words) in [
        ("", ["state.json", "Move the file away"]),
        ("{\"version\": 1}", ["state.json", "missing field"]),
        (&STATE_1[..200], ["state.json", "Move the file away"]),
        (&newer, ["version 4", "up to 3"]),
        (&extended, ["surprise", "Move the file away"]),
        (&short_hash, ["resume_sha256", "Move the file away"]),
    ] {
        fs::write(&path, text).unwrap();
        let said = store.left(Some("boot-1")).unwrap_err().to_string();
        for word in words {
            assert!(said.contains(word), "{word:?} is missing in: {said}");
        }
    }
    fs::write(&path, b"\xff\xfe\x00\x01").unwrap();
    let said = store.left(Some("boot-1")).unwrap_err().to_string();
    assert!(said.contains("Move the file away"), "{said}");
    fs::write(dir.path().join(MACHINE_FILE), "{}").unwrap();
    let said = Machine::read(dir.path()).unwrap_err().to_string();
    assert!(said.contains("machine.json") && said.contains("--force"), "{said}");
}

#[test]
fn an_upgrade_lengthens_the_grace_once_and_only_in_its_boot() {
    let dir = dir();
    let store = Store::open(dir.path()).unwrap();
    write(&store, Saved::default(), "boot-1", changes()).result.unwrap();
    let boot = |id| store.left(Some(id)).unwrap().boot;
    let (short, long) = (RESTART_GRACE_MS, UPGRADE_GRACE_MS);
    store.mark_upgrade("boot-1").unwrap();
    assert_eq!(boot("boot-1"), Boot::Same { grace_ms: long });
    assert_eq!(boot("boot-1"), Boot::Same { grace_ms: short });
    store.mark_upgrade("boot-0").unwrap();
    assert_eq!(boot("boot-1"), Boot::Same { grace_ms: short });
}

#[test]
fn one_broker_at_a_time() {
    let dir = dir();
    let first = Store::open(dir.path()).unwrap();
    let said = Store::open(dir.path()).unwrap_err();
    assert!(matches!(said, StoreError::InUse(_)), "{said}");
    drop(first);
    Store::open(dir.path()).unwrap();
}

#[test]
fn an_enrolment_is_replaced_only_when_asked_for() {
    let dir = dir();
    Machine::may_write(dir.path(), false).unwrap();
    fs::write(dir.path().join(MACHINE_FILE), MACHINE_1).unwrap();
    let said = Machine::may_write(dir.path(), false).unwrap_err().to_string();
    assert!(said.contains("https://seats.example") && said.contains("--force"), "{said}");
    Machine::may_write(dir.path(), true).unwrap();
    // Whether the disk takes it is tried before an invitation is used up.
    let in_the_way = dir.path().join("machine.json.trial.new");
    fs::create_dir(&in_the_way).unwrap();
    let said = Machine::may_write(dir.path(), true).unwrap_err().to_string();
    assert!(said.contains("cannot write"), "{said}");
    fs::remove_dir(&in_the_way).unwrap();
    Machine::may_write(dir.path(), true).unwrap();
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, [MACHINE_FILE], "the trial was left behind");
}

#[test]
fn a_mark_of_an_upgrade_counts_once_in_its_own_boot_only_and_garbage_never() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    fs::write(dir.path().join(STATE_FILE), form::write(&Saved::default(), Some("boot-1"))).unwrap();
    let grace = |boot| match store.left(Some(boot)).unwrap().boot {
        Boot::Same { grace_ms } => Some(grace_ms),
        Boot::Another => None,
    };
    store.mark_upgrade("boot-1").unwrap();
    assert_eq!(grace("boot-1"), Some(UPGRADE_GRACE_MS));
    assert_eq!(grace("boot-1"), Some(RESTART_GRACE_MS), "it was used up");
    store.mark_upgrade("boot-0").unwrap();
    assert_eq!(grace("boot-1"), Some(RESTART_GRACE_MS), "it is of another boot");
    store.mark_upgrade("boot-1").unwrap();
    assert_eq!(grace("boot-2"), None, "another boot is another boot, marked or not");
    assert_eq!(grace("boot-1"), Some(RESTART_GRACE_MS), "and used it up");
    for garbage in [&b"\xff\xfe\x00"[..], b"", b"boot-1 and more"] {
        fs::write(dir.path().join(UPGRADE_FILE), garbage).unwrap();
        assert_eq!(grace("boot-1"), Some(RESTART_GRACE_MS), "{garbage:?}");
        assert!(!dir.path().join(UPGRADE_FILE).exists(), "{garbage:?}");
    }
}

fn overdraft(since_boot_ms: Option<u64>) -> SavedOverdraft {
    let report = Overdraft {
        seat: seat_ref(1),
        pool: PoolId::new("infor-crm").unwrap(),
        user: UserId::from_random(2),
        from: WallTime { unix_ms: 1_700_000_000_000 },
        lasted_ms: OverdraftMs::clamped(600_000),
        at_least: since_boot_ms.is_some(),
    };
    SavedOverdraft { report, since_boot_ms }
}

#[test]
fn an_older_version_is_written_while_it_says_all() {
    let of = |overdraft| Saved { overdrafts: [(3, overdraft)].into(), ..Saved::default() };
    for (saved, version) in [
        (Saved::default(), 1),
        (of(overdraft(None)), 2),
        (of(overdraft(Some(5))), 3),
        (of(SavedOverdraft { since_boot_ms: None, ..overdraft(Some(5)) }), 3),
    ] {
        let text = String::from_utf8(form::write(&saved, Some("boot-1"))).unwrap();
        assert!(text.contains(&format!("\"version\": {version}")), "{text}");
        let (read, _) = form::read(Path::new("state.json"), &text).unwrap();
        assert_eq!(read, saved);
    }
}

#[test]
fn version_3_of_the_state_stays_readable_and_is_what_is_written() {
    let mut sample = sample();
    sample.overdrafts.insert(3, overdraft(Some(4_711_000)));
    let hook = SavedHook {
        owner: OsUser("1000".to_owned()),
        pool: PoolId::new("infor-crm").unwrap(),
        reason: ReleaseReason::TrayLost,
    };
    sample.apply(&Change::PutHook(seat_ref(5).id, Box::new(hook)));
    let (saved, _) = form::read(Path::new("state.json"), STATE_3).unwrap();
    assert_eq!(saved, sample);
    let written = String::from_utf8(form::write(&sample, Some("boot-1"))).unwrap();
    assert_eq!(written.trim(), STATE_3.trim());
}

#[test]
fn what_the_pool_must_be_shown_belongs_to_one_enrolment() {
    let dir = tempfile::tempdir().unwrap();
    let (file, nothing) = LinkFile::open(dir.path(), MachineId::from_random(1)).unwrap();
    assert_eq!(nothing, Remembered::default());
    let position = JournalPosition { generation: 7, seq: Seq(9) };
    let shown = Remembered {
        secret: Some(Secret::new("hsl_1")),
        seen: Some((position, "5ea1".to_owned())),
    };
    file.write(&shown).unwrap();
    assert_eq!(LinkFile::open(dir.path(), MachineId::from_random(1)).unwrap().1, shown);
    assert_eq!(
        LinkFile::open(dir.path(), MachineId::from_random(2)).unwrap().1,
        Remembered::default()
    );
    fs::write(dir.path().join(LINK_FILE), "{").unwrap();
    let damaged = LinkFile::open(dir.path(), MachineId::from_random(1)).unwrap_err().to_string();
    assert!(damaged.contains("enroll --force"), "{damaged}");
    LinkFile::clear_damaged(dir.path()).unwrap();
    assert_eq!(
        LinkFile::open(dir.path(), MachineId::from_random(3)).unwrap().1,
        Remembered::default()
    );
    // One that is whole is left alone: the broker that runs may still be writing it.
    file.write(&shown).unwrap();
    LinkFile::clear_damaged(dir.path()).unwrap();
    assert_eq!(LinkFile::open(dir.path(), MachineId::from_random(1)).unwrap().1, shown);
}

#[test]
fn every_file_that_is_damaged_or_newer_is_named_with_the_next_step() {
    let dir = dir();
    let store = Store::open(dir.path()).unwrap();
    let read: [(&str, &dyn Fn() -> Option<StoreError>); 3] = [
        (STATE_FILE, &|| store.left(Some("boot-1")).err()),
        (MACHINE_FILE, &|| Machine::read(dir.path()).err()),
        (LINK_FILE, &|| LinkFile::open(dir.path(), MachineId::from_random(1)).err()),
    ];
    let damages: [(&[u8], &str); 6] = [
        (b"", "is damaged"),
        (b"{\"version\": 1, ", "is damaged"),
        (b"\0\0\0\0", "is damaged"),
        (b"\xff\xfe", "is damaged"),
        (b"{\"version\": \"1\"}", "is damaged"),
        (b"{\"version\": 99}", "version 99"),
    ];
    for (file, read) in read {
        for (bytes, words) in damages {
            fs::write(dir.path().join(file), bytes).unwrap();
            let said = read().expect("nothing is guessed").to_string();
            let next = ["Move the file away", "enroll --force", "move the file away"];
            assert!(said.contains(file) && said.contains(words), "{file} {bytes:?}: {said}");
            assert!(next.iter().any(|next| said.contains(next)), "{file} {bytes:?}: {said}");
        }
    }
}
