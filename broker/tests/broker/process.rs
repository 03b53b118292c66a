//! The real binary: exit codes, mistakes on the command line.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;

use hotseat_protocol::ipc::Role;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::desktop::Desktop;
use crate::programs::Program;
use crate::soon;

/// What a program of Windows cannot do without; nothing elsewhere.
pub(crate) fn system() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| name.eq_ignore_ascii_case("SystemRoot"))
}

/// The binary with nothing of our own environment.
pub(crate) fn broker(desktop: &Desktop) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hotseat-broker"));
    command
        .arg("run")
        .args([Path::new("--state-dir"), &desktop.state_dir()])
        .args([Path::new("--socket"), &desktop.socket()])
        .env_clear()
        .envs(system())
        .env("HOTSEAT_BROKER_BOOT_ID_FILE", desktop.boot_id_file())
        .env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// A broker's process.
pub(crate) struct Process {
    pub(crate) child: Child,
    pub(crate) log: BufReader<tokio::process::ChildStderr>,
    /// All lines that were read so far.
    pub(crate) lines: String,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        Self { child, log, lines: String::new() }
    }

    /// Waits for a line of the log.
    pub(crate) async fn logs(&mut self, words: &str) {
        loop {
            let mut line = String::new();
            let read = soon(words, self.log.read_line(&mut line)).await.unwrap();
            self.lines.push_str(&line);
            assert!(read > 0, "{words:?} was not logged:\n{}", self.lines);
            if line.contains(words) {
                return;
            }
        }
    }

    /// Waits for its end, and says its exit code and what it logged.
    pub(crate) async fn ended(mut self) -> (Option<i32>, String) {
        let status = soon("the process ends", self.child.wait()).await.unwrap();
        soon("its log ends", self.log.read_to_string(&mut self.lines)).await.unwrap();
        (status.code(), self.lines)
    }
}

#[tokio::test]
async fn two_brokers_do_not_share_a_socket_or_a_directory() {
    let desktop = Desktop::new();
    let first = desktop.start();
    let (code, said) = Process::start(broker(&desktop)).ended().await;
    assert_eq!(code, Some(1));
    assert!(said.contains("--state-dir"), "{said}");

    let elsewhere = Desktop::new();
    let mut same_socket = Command::new(env!("CARGO_BIN_EXE_hotseat-broker"));
    same_socket
        .args([Path::new("run"), Path::new("--state-dir"), &elsewhere.state_dir()])
        .args([Path::new("--socket"), &desktop.socket()])
        .env_clear()
        .envs(system())
        .stderr(Stdio::piped());
    let (code, said) = Process::start(same_socket).ended().await;
    assert_eq!(code, Some(1));
    assert!(said.contains("--socket"), "{said}");
    // The first was not disturbed.
    Program::start(&desktop.socket(), Role::Cli).await.view().await;
    first.stop().await;
}

#[tokio::test]
async fn a_mistake_ends_it_with_a_sentence() {
    let desktop = Desktop::new();
    std::fs::create_dir_all(desktop.state_dir()).unwrap();
    std::fs::write(desktop.state_dir().join("state.json"), "{").unwrap();
    let (code, said) = Process::start(broker(&desktop)).ended().await;
    assert_eq!(code, Some(1));
    assert!(said.contains("state.json is damaged"), "{said}");
    assert!(said.contains("Move the file away"), "{said}");

    let mut wrong = broker(&desktop);
    wrong.env("HOTSEAT_BROKER_SERVER_URL", "http://seats.example");
    let (code, said) = Process::start(wrong).ended().await;
    assert_eq!(code, Some(1));
    for word in ["server_url", "http://seats.example", "https://"] {
        assert!(said.contains(word), "{said}");
    }
}
