//! No secret in a log, whatever the log is asked for.

use std::process::Stdio;

use hotseat_canary::{Canaries, EVERYTHING};
use hotseat_protocol::ipc::{Request, Role};
use hotseat_protocol::link::MachineMessage;

use crate::desktop::Desktop;
use crate::fake_pool::{CREDENTIAL, FakePool, PASSWORD, TOKEN, seat};
use crate::process::broker;
use crate::programs::Program;
use crate::soon;

#[tokio::test]
async fn a_log_of_everything_has_no_secret() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let log = desktop.dir.path().join("log");
    let mut command = broker(&desktop);
    command.env("HOTSEAT_BROKER_LOG", EVERYTHING).stderr(std::fs::File::create(&log).unwrap());
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let mut link = fake.link().await;
    let mut tray = Program::start(&desktop.socket(), Role::Tray).await;
    tray.linked().await;
    tokio::join!(tray.ask(Program::log_in()), link.log_in());
    tokio::join!(tray.ask(Program::sign_on(1)), link.grant(seat(1)));
    let guess = hotseat_protocol::ids::Secret::new("a wrong guess of Lucy's");
    let wrong = Request::log_in("lucy@finance.example", guess).unwrap();
    let passed_on =
        async { while !matches!(link.any().await, Some((_, MachineMessage::LogIn { .. }))) {} };
    tokio::select! {
        answer = tray.ask(wrong) => panic!("{answer:?}"),
        () = soon("the log-in is passed on", passed_on) => {}
    }
    child.kill().await.unwrap();
    soon("the broker ends", child.wait()).await.unwrap();
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("INFO"), "it logs at all: {log}");
    let mut canaries = Canaries::new();
    canaries.plant("the password", PASSWORD);
    canaries.plant("the log-in's token", TOKEN);
    canaries.plant("the machine's credential", CREDENTIAL);
    canaries.plant("a wrong password", "a wrong guess of Lucy's");
    assert_eq!(canaries.search().find(&log), []);
}
