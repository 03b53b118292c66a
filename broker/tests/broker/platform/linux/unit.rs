//! The unit files that ship: systemd accepts them, they confine what they start, and the signals
//! that they name do what they say. systemd itself need not run.

use std::path::{Path, PathBuf};
use std::process::Command;

use hotseat_protocol::reason::ReleaseReason;
use rustix::process::Signal;
use tokio::net::UnixDatagram;

use crate::desktop::Desktop;
use crate::fake_pool::{FakePool, seat};
use crate::platform::unix::signals::{holding, signal};
use crate::process::{Process, broker};
use crate::soon;

/// The units that ship.
const BROKER: &str = "etc/hotseat-broker.service";
const POOL: &str = "../pool/etc/hotseat-pool.service";

/// The worst score of `systemd-analyze security`, in tenths, that is still called good.
const EXPOSED_AT_MOST: &str = "30";

fn read(unit: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(unit);
    std::fs::read_to_string(path).unwrap()
}

/// What the last line with this key says, as systemd reads it.
fn value(unit: &str, key: &str) -> String {
    let text = read(unit);
    let mut values = text.lines().rev().filter_map(|line| line.split_once('='));
    let last = values.find(|(name, _)| *name == key);
    last.unwrap_or_else(|| panic!("{unit} says nothing of {key}")).1.to_owned()
}

fn signal_of(key: &str) -> Signal {
    match value(BROKER, key).as_str() {
        "SIGTERM" => Signal::TERM,
        "SIGINT" => Signal::INT,
        "SIGHUP" => Signal::HUP,
        "SIGUSR1" => Signal::USR1,
        "SIGUSR2" => Signal::USR2,
        other => panic!("{key} is {other}"),
    }
}

/// The unit under its own name, with a program that is there.
fn installed(dir: &Path, unit: &str) -> PathBuf {
    let program = value(unit, "ExecStart");
    let (program, _) = program.split_once(' ').unwrap();
    let path = dir.join(Path::new(unit).file_name().unwrap());
    std::fs::write(&path, read(unit).replace(program, "/bin/true")).unwrap();
    path
}

fn analyze(arguments: &[&str], file: &Path) -> (bool, String) {
    let output = Command::new("systemd-analyze")
        .args(arguments)
        .arg(file)
        .output()
        .expect("systemd-analyze of the package systemd is installed");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), said + &errors)
}

#[test]
fn systemd_accepts_them_and_finds_them_confined() {
    let dir = tempfile::tempdir().unwrap();
    for unit in [BROKER, POOL] {
        let file = installed(dir.path(), unit);
        let (accepted, said) = analyze(&["verify", "--man=no", "--recursive-errors=no"], &file);
        assert!(accepted && said.trim().is_empty(), "{unit}: {said}");
        let threshold = format!("--threshold={EXPOSED_AT_MOST}");
        let security = ["security", "--offline=true", "--no-pager", &threshold];
        let (confined, said) = analyze(&security, &file);
        assert!(confined, "{unit}: {said}");
    }
}

#[test]
fn it_stops_before_what_a_sign_off_needs() {
    for unit in [BROKER, POOL] {
        let after = value(unit, "After");
        for needed in ["network.target", "network-online.target", "nss-lookup.target"] {
            assert!(after.split(' ').any(|name| name == needed), "{unit}: {needed}");
        }
        assert!(!read(unit).contains("Wants="), "{unit} holds up the start of the machine");
        assert_eq!(value(unit, "Type"), "notify");
    }
    let after = value(BROKER, "After");
    assert!(after.contains("dbus.service") && after.contains("systemd-logind.service"));
}

#[test]
fn a_hook_can_still_be_run_as_its_user() {
    let powers = value(BROKER, "CapabilityBoundingSet");
    for power in ["CAP_SETUID", "CAP_SETGID", "CAP_KILL"] {
        assert!(powers.contains(power), "{power}");
    }
    assert_eq!(value(BROKER, "ProtectHome"), "no");
    assert!(value(BROKER, "ReadWritePaths").contains("/home"));
    assert!(!read(BROKER).lines().any(|line| line.starts_with("MemoryDenyWriteExecute")));
}

#[tokio::test]
async fn its_signals_do_what_stop_and_restart_say() {
    for (key, keeps) in [("KillSignal", false), ("RestartKillSignal", true)] {
        let fake = FakePool::start().await;
        let desktop = Desktop::enrolled(&fake);
        let (process, mut link, _program) = holding(&fake, &desktop).await;
        signal(&process, signal_of(key));
        if keeps {
            link.ended().await;
        } else {
            assert_eq!(link.signed_off(seat(1)).await, ReleaseReason::BrokerStopped);
        }
        let (code, log) = process.ended().await;
        assert_eq!(code, Some(0), "{log}");
        assert_eq!(desktop.state_dir().join("upgrade").exists(), keeps, "{key}");
    }
}

#[tokio::test]
async fn the_service_manager_hears_that_it_is_ready_alive_and_stopping() {
    let desktop = Desktop::new();
    let path = desktop.dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let mut command = broker(&desktop);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000");
    let process = Process::start(command);
    let mut seen = Vec::new();
    let mut alive = 0;
    while alive < 5 {
        let said = next(&socket).await;
        alive += u32::from(said.contains("WATCHDOG=1"));
        seen.push(said);
    }
    assert!(seen.iter().any(|said| said.contains("READY=1")), "{seen:?}");
    signal(&process, signal_of("KillSignal"));
    while !next(&socket).await.contains("STOPPING=1") {}
    assert_eq!(process.ended().await.0, Some(0));
}

async fn next(socket: &UnixDatagram) -> String {
    let mut bytes = [0; 512];
    let length = soon("a word to the service manager", socket.recv(&mut bytes)).await.unwrap();
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}
