//! Output that cannot be written: every verb of both programs ends as a shell's user expects, and
//! a broker serves on.

use std::io::{PipeReader, PipeWriter, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Output, Stdio};

use hotseat_canary::REDIRECTIONS;
use hotseat_protocol::ipc::Role;
use hotseat_protocol::link::{MachineMessage, PoolAnswer};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command;

use crate::desktop::Desktop;
use crate::enrolment::{MACHINE, answering};
use crate::fake_pool::{CREDENTIAL, FakePool, seat};
use crate::process::{broker, system};
use crate::programs::Program;
use crate::soon;

const HOTSEAT: &str = env!("CARGO_BIN_EXE_hotseat");
const BROKER: &str = env!("CARGO_BIN_EXE_hotseat-broker");

/// How each verb is called; `watch` and the broker's `run` are tried for themselves. A new verb needs
/// a line here.
const CALLS: [(&str, &str); 16] = [
    (HOTSEAT, "status"),
    (HOTSEAT, "login lucy@finance.example"),
    (HOTSEAT, "logout"),
    (HOTSEAT, "sign-on elsewhere"),
    (HOTSEAT, "sign-off elsewhere"),
    (HOTSEAT, "run elsewhere -- true"),
    (HOTSEAT, "check elsewhere --client mobile"),
    (HOTSEAT, "who infor-crm"),
    (HOTSEAT, "leave infor-crm"),
    (HOTSEAT, "doctor"),
    (HOTSEAT, "completions bash"),
    (HOTSEAT, "help"),
    (HOTSEAT, "--version"),
    (BROKER, "enroll --server http://127.0.0.1:1"),
    (BROKER, "help"),
    (BROKER, "--version"),
];

async fn redirected(desktop: &Desktop, program: &str, words: &str, redirection: &str) -> Output {
    let script = format!("exec \"$0\" {words} {redirection} </dev/null");
    let mut command = Command::new("sh");
    command
        .args(["-c", &script, program])
        .env_clear()
        .envs(system())
        .env("PATH", "/usr/bin:/bin")
        .env("HOTSEAT_SOCKET", desktop.socket())
        .env("HOTSEAT_BROKER_STATE_DIR", desktop.dir.path().join("another"))
        .stdin(Stdio::from(closed()))
        .kill_on_drop(true);
    soon(words, command.output()).await.unwrap()
}

fn closed() -> PipeWriter {
    let (_, writer) = std::io::pipe().unwrap();
    writer
}

#[track_caller]
fn sane(what: &str, output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), None, "{what}: {said}");
    assert_ne!(output.status.code(), Some(101), "{what}: {said}");
    assert!(!said.contains("panicked"), "{what}: {said}");
}

/// The verbs, as a program lists them.
fn verbs(program: &str) -> Vec<String> {
    let help = std::process::Command::new(program).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let (_, list) = help.split_once("Commands:\n").expect("it has verbs");
    let list = list.split("\n\n").next().unwrap();
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn every_verb_survives_an_output_that_cannot_be_written() {
    for program in [HOTSEAT, BROKER] {
        for verb in verbs(program) {
            let starts = |call: &str| format!("{call} ").starts_with(&format!("{verb} "));
            let known = CALLS.iter().any(|(of, call)| *of == program && starts(call));
            let elsewhere = [(HOTSEAT, "watch"), (BROKER, "run")].contains(&(program, &*verb));
            assert!(known || elsewhere, "{program} {verb} is not called here");
        }
    }
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let broker = desktop.start();
    let _link = fake.link().await;
    Program::start(&desktop.socket(), Role::Cli).await.linked().await;
    for (program, call) in CALLS {
        for redirection in REDIRECTIONS {
            let output = redirected(&desktop, program, call, redirection).await;
            sane(&format!("{program} {call} {redirection}"), &output);
        }
    }
    for (words, code) in [("status", 141), ("--help", 141), ("completions bash", 141)] {
        let gone = redirected(&desktop, HOTSEAT, words, ">&0").await;
        assert_eq!((gone.status.code(), gone.stderr), (Some(code), vec![]), "{words}");
        let full = redirected(&desktop, HOTSEAT, words, ">/dev/full").await;
        assert_eq!(full.status.code(), Some(1), "{words}");
        let expected = "hotseat: cannot write the output: no space left on device\n";
        assert_eq!(String::from_utf8(full.stderr).unwrap(), expected, "{words}");
    }
    let watch = redirected(&desktop, HOTSEAT, "watch", ">&0").await;
    assert_eq!((watch.status.code(), watch.stderr), (Some(141), vec![]));
    broker.stop().await;
}

/// What was done, as standard error tells it when standard output cannot be written.
#[track_caller]
fn told(what: &str, output: &Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{what}: {said}");
    let told = said.split_once(". It was done all the same:\n");
    told.unwrap_or_else(|| panic!("{what}: {said}")).1.trim_end().to_owned()
}

#[tokio::test]
async fn what_was_done_is_told_when_its_line_cannot_be_written() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let broker = desktop.start();
    let mut link = fake.link().await;
    let mut tray = Program::start(&desktop.socket(), Role::Tray).await;
    tray.linked().await;
    for (redirection, code) in [(">/dev/full", 1), (">&0", 141)] {
        tokio::join!(tray.ask(Program::log_in()), link.log_in());
        let sign_on = redirected(&desktop, HOTSEAT, "sign-on infor-crm", redirection);
        let (output, ()) = tokio::join!(sign_on, link.grant(seat(1)));
        let said = told("sign-on", &output, code);
        assert!(said.starts_with("You hold a seat in infor-crm as "), "{said}");
        let sign_off = redirected(&desktop, HOTSEAT, "sign-off --json", redirection);
        let (output, _) = tokio::join!(sign_off, link.signed_off(seat(1)));
        assert_eq!(told("sign-off", &output, code), r#"{"signed_off":["infor-crm"]}"#);
        let output = redirected(&desktop, HOTSEAT, "leave infor-crm", redirection).await;
        assert_eq!(told("leave", &output, code), "You were not in line.");
        let (output, (n, asked)) =
            tokio::join!(redirected(&desktop, HOTSEAT, "logout", redirection), link.next());
        assert!(matches!(asked, MachineMessage::LogOut { .. }), "{asked:?}");
        link.answer(n, PoolAnswer::Done).await;
        assert_eq!(told("logout", &output, code), "Logged out.");

        let body = serde_json::json!({ "machine": MACHINE, "credential": CREDENTIAL }).to_string();
        let (address, asked) = answering("201 Created", &body);
        let invitation = desktop.dir.path().join("invitation");
        std::fs::write(&invitation, "hsi_an-invitation\n").unwrap();
        let enroll =
            format!("enroll --server http://{address} --token-file {}", invitation.display());
        let output = redirected(&desktop, BROKER, &enroll, redirection).await;
        let said = told("enroll", &output, code);
        assert!(said.contains("This computer is enrolled with"), "{said}");
        asked.join().unwrap();
        assert!(desktop.dir.path().join("another/machine.json").exists(), "as it said");
        std::fs::remove_dir_all(desktop.dir.path().join("another")).unwrap();
    }
    broker.stop().await;
}

#[tokio::test]
async fn a_broker_whose_log_cannot_be_written_links_and_ends_when_asked() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let (_unread, writer) = full_pipe();
    for log in [Stdio::from(full), closed().into(), writer.into()] {
        let fake = FakePool::start().await;
        let desktop = Desktop::enrolled(&fake);
        let mut command = broker(&desktop);
        command.env("HOTSEAT_BROKER_LOG", "trace").stderr(log);
        let mut child = command.spawn().unwrap();
        let mut link = fake.link().await;
        let mut tray = Program::start(&desktop.socket(), Role::Tray).await;
        tray.linked().await;
        tokio::join!(tray.ask(Program::log_in()), link.log_in());
        tokio::join!(tray.ask(Program::sign_on(1)), link.grant(seat(1)));
        let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        soon("the seat is signed off", link.signed_off(seat(1))).await;
        let ended = soon("the broker ends", child.wait()).await.unwrap();
        assert_eq!(ended.code(), Some(0), "{ended:?}");
    }
}

/// A pipe that is full and that nobody reads.
pub(crate) fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    for size in [4096, 1] {
        while writer.write(&vec![b'.'; size]).is_ok() {}
    }
    rustix::io::ioctl_fionbio(&writer, false).unwrap();
    (reader, writer)
}
