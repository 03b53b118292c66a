//! The real `hotseat`, where its answer hangs on more than the broker's.

use std::process::Stdio;

use hotseat_protocol::ipc::{LinkState, Role};
use hotseat_protocol::link::FromPool;
use hotseat_protocol::problem::{Code, Problem};
use tokio::process::Command;

use crate::desktop::Desktop;
use crate::fake_pool::{FakePool, seat};
use crate::process::system;
use crate::programs::{Program, problem};
use crate::soon;

/// Exit code, standard output, standard error.
async fn hotseat(desktop: &Desktop, words: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hotseat"));
    command
        .args(words)
        .env_clear()
        .envs(system())
        .env("HOTSEAT_SOCKET", desktop.socket())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = soon("the command ends", command.output()).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn a_seat_is_given_back_though_the_broker_was_restarted_and_the_pool_is_silent() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let broker = desktop.start();
    let mut link = fake.link().await;
    let mut tray = Program::start(&desktop.socket(), Role::Tray).await;
    tray.linked().await;
    tokio::join!(tray.ask(Program::log_in()), link.log_in());
    tokio::join!(tray.ask(Program::sign_on(1)), link.grant(seat(1)));
    broker.kill().await;
    drop((link, fake));

    let broker = desktop.start();
    let _tray = Program::start(&desktop.socket(), Role::Tray).await;
    let (code, said, _) = hotseat(&desktop, &["--json", "sign-off", "infor-crm"]).await;
    assert_eq!((code, said.trim()), (Some(0), r#"{"signed_off":["infor-crm"]}"#));
    broker.stop().await;
}

#[tokio::test]
async fn a_computer_that_is_not_enrolled_says_so_and_who_does_it() {
    let desktop = Desktop::new();
    let broker = desktop.start();
    for (words, expected) in [
        (&["status"][..], 3),
        (&["doctor"], 1),
        (&["who", "infor-crm"], 5),
        (&["sign-on", "infor-crm"], 5),
        (&["check", "infor-crm", "--client", "mobile"], 5),
        (&["run", "infor-crm", "--", "true"], 115),
    ] {
        let (code, out, err) = hotseat(&desktop, words).await;
        assert_eq!(code, Some(expected), "{words:?}: {out}{err}");
        assert!(format!("{out}{err}").contains("hotseat-broker enroll"), "{words:?}: {out}{err}");
    }
    assert_eq!(hotseat(&desktop, &["sign-off"]).await.0, Some(0), "nothing was held");
    broker.stop().await;
}

#[tokio::test]
async fn a_pool_server_that_says_no_is_told_as_such() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let broker = desktop.start();
    let mut link = fake.greeted().await;
    let revoked = Problem::new(Code::MachineRevoked, "This computer was revoked.", "Ask Bill.");
    link.send(&FromPool::Refused { problem: revoked }).await;
    let mut program = Program::start(&desktop.socket(), Role::Cli).await;
    let refused = |link: &LinkState| matches!(link, LinkState::Down { cause: Some(_), .. });
    program.until("the refusal is told", |view| refused(&view.link)).await;
    // The next attempt hangs, because nobody takes the connection: what was said last counts.
    let said = problem(program.ask(Program::log_in()).await);
    assert_eq!(said.code, Code::PoolUnreachable);
    assert_eq!(
        (said.detail.as_str(), said.next.as_str()),
        ("This computer was revoked.", "Ask Bill.")
    );
    let (code, said, _) = hotseat(&desktop, &["status"]).await;
    assert_eq!(code, Some(3));
    let words =
        "The pool server does not let this computer in. This computer was revoked. Ask Bill.";
    assert!(said.contains(words), "{said}");
    broker.stop().await;
}

/// The same, with something on standard input.
async fn typed(desktop: &Desktop, words: &[&str], input: Stdio) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hotseat"));
    command
        .args(words)
        .env_clear()
        .envs(system())
        .env("HOTSEAT_SOCKET", desktop.socket())
        .stdin(input)
        .kill_on_drop(true);
    let output = soon("the command ends", command.output()).await.unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test]
async fn an_endless_password_is_refused_and_an_empty_variable_is_an_unset_one() {
    let desktop = Desktop::new();
    let broker = desktop.start();
    let long = desktop.dir.path().join("long");
    std::fs::write(&long, "x".repeat(1024 * 1024)).unwrap();
    let input = Stdio::from(std::fs::File::open(long).unwrap());
    let (code, said) = typed(&desktop, &["login", "lucy@finance.example"], input).await;
    assert_eq!(code, Some(1));
    assert!(said.contains("longer than 4096 bytes"), "{said}");
    broker.stop().await;

    let mut ends = Vec::new();
    for set in [None, Some("")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hotseat"));
        let environment = set.map(|socket| ("HOTSEAT_SOCKET", socket));
        command.arg("status").env_clear().envs(system()).envs(environment);
        ends.push(soon("the command ends", command.output()).await.unwrap());
    }
    assert_ne!(ends[0].status.code(), Some(2), "no wrong usage: {ends:?}");
    assert_eq!(ends[0], ends[1], "the usual places are looked at");
}

#[tokio::test]
async fn somebody_elses_log_in_does_not_end_unasked() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let (broker, _link, program) = desktop.logged_in(&fake, Role::Cli).await;
    let password = desktop.dir.path().join("password");
    std::fs::write(&password, "another one\n").unwrap();
    let input = Stdio::from(std::fs::File::open(password).unwrap());
    let (code, said) = typed(&desktop, &["login", "bill@finance.example"], input).await;
    assert_eq!(code, Some(3));
    for words in ["Lucy (lucy@finance.example) is logged in", "--yes"] {
        assert!(said.contains(words), "{said}");
    }
    assert_eq!(program.view().await.account, Some(crate::fake_pool::lucy()));
    broker.stop().await;
}
