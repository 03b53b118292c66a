//! The real binary: signals, exit codes, mistakes on the command line.

use std::path::Path;
use std::process::Stdio;

use hotseat_protocol::ipc::Role;
use hotseat_protocol::reason::ReleaseReason;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::desktop::Desktop;
use crate::fake_pool::{FakePool, Link, PASSWORD, TOKEN, seat};
use crate::programs::{Program, resume_key};
use crate::soon;

/// The binary with nothing of our own environment.
pub(crate) fn broker(desktop: &Desktop) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hotseat-broker"));
    command
        .arg("run")
        .args([Path::new("--state-dir"), &desktop.state_dir()])
        .args([Path::new("--socket"), &desktop.socket()])
        .env_clear()
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
    child: Child,
    log: BufReader<tokio::process::ChildStderr>,
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

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().expect("it runs")).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Waits for its end, and says its exit code and what it logged.
    pub(crate) async fn ended(mut self) -> (Option<i32>, String) {
        let status = soon("the process ends", self.child.wait()).await.unwrap();
        soon("its log ends", self.log.read_to_string(&mut self.lines)).await.unwrap();
        (status.code(), self.lines)
    }
}

/// A real broker with a seat that hangs on the program.
async fn holding(fake: &FakePool, desktop: &Desktop) -> (Process, Link, Program) {
    let process = Process::start(broker(desktop));
    let mut link = fake.link().await;
    let mut program = Program::start(&desktop.socket(), Role::App).await;
    program.linked().await;
    tokio::join!(program.ask(Program::log_in()), link.log_in());
    let (reply, ()) = tokio::join!(program.ask(Program::sign_on(1)), link.grant(seat(1)));
    resume_key(reply);
    (process, link, program)
}

#[tokio::test]
async fn each_ending_signal_signs_everybody_off_and_ends_well() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let fake = FakePool::start().await;
        let desktop = Desktop::enrolled(&fake);
        let (process, mut link, _program) = holding(&fake, &desktop).await;
        process.signal(signal);
        assert_eq!(link.signed_off(seat(1)).await, ReleaseReason::BrokerStopped);
        let (code, log) = process.ended().await;
        assert_eq!(code, Some(0), "{log}");
        assert!(!desktop.socket().exists(), "the socket was left behind");
        for secret in [TOKEN, PASSWORD, crate::fake_pool::CREDENTIAL] {
            assert!(!log.contains(secret), "a secret is in the log: {log}");
        }
    }
}

#[tokio::test]
async fn a_pool_that_does_not_answer_cannot_keep_it_from_ending() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let (process, mut link, _program) = holding(&fake, &desktop).await;
    process.signal(Signal::TERM);
    let (code, log) = process.ended().await;
    assert_eq!(code, Some(0), "{log}");
    // It said the sign-off, and nobody answered.
    link.signed_off_unanswered(seat(1)).await;
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let (mut process, _link, _program) = holding(&fake, &desktop).await;
    process.signal(Signal::TERM);
    process.logs("signing everybody off").await;
    process.signal(Signal::INT);
    let (code, log) = process.ended().await;
    assert_eq!(code, Some(1), "{log}");
}

#[tokio::test]
async fn a_killed_broker_leaves_a_socket_that_the_next_one_replaces() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let (process, link, _program) = holding(&fake, &desktop).await;
    process.signal(Signal::KILL);
    process.ended().await;
    drop(link);
    assert!(desktop.socket().exists());
    let next = Process::start(broker(&desktop));
    let mut link = fake.link().await;
    let (n, _) = link.any().await.unwrap();
    assert_eq!(n, 1);
    next.signal(Signal::USR1);
    let (code, log) = next.ended().await;
    assert_eq!(code, Some(0), "{log}");
    assert!(desktop.state_dir().join("upgrade").exists());
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
