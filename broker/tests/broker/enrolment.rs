//! An invitation is traded for a credential, once.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output, Stdio};
use std::thread::JoinHandle;

use hotseat_broker::store::Machine;
use hotseat_protocol::ids::{MachineId, Secret};
use hotseat_protocol::ipc::{LinkState, Role};
use hotseat_protocol::link::{LinkHello, ToPool};
use hotseat_protocol::reason::ReleaseReason;
use serde_json::{Value, json};

use crate::desktop::Desktop;
use crate::fake_pool::{CREDENTIAL, FakePool, seat};
use crate::platform::assert_private;
use crate::process::{Process, broker, system};
use crate::programs::Program;

/// An HTTP server that gives one answer and hands back what it was asked.
pub(crate) fn answering(status: &str, body: &str) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    );
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        let mut piece = [0; 1024];
        while !asked.ends_with(b"}") {
            let length = stream.read(&mut piece).unwrap();
            assert!(length > 0, "the broker hung up");
            asked.extend_from_slice(&piece[..length]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(asked).unwrap()
    });
    (address, thread)
}

pub(crate) fn enroll(
    dir: &std::path::Path,
    server: &str,
    invitation: &str,
    more: &[&str],
) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hotseat-broker"))
        .args(["enroll", "--server", server, "--name", "lucys-desk"])
        .args(more)
        .env_clear()
        .envs(system())
        .env("HOTSEAT_BROKER_STATE_DIR", dir.join("state"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A broker that needs no invitation does not read it.
    let _ = child.stdin.take().unwrap().write_all(invitation.as_bytes());
    child.wait_with_output().unwrap()
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn body_of(asked: &str) -> Value {
    serde_json::from_str(asked.split_once("\r\n\r\n").unwrap().1).unwrap()
}

pub(crate) const MACHINE: &str = "00000000-0000-4000-8000-000000000009";

#[test]
fn a_machine_is_enrolled_once_and_again_only_by_force() {
    let dir = tempfile::tempdir().unwrap();
    let body = format!(r#"{{"machine":"{MACHINE}","credential":"top secret"}}"#);
    let (address, asked) = answering("201 Created", &body);
    let server = format!("http://{address}");
    let output = enroll(dir.path(), &server, "the invitation\n", &[]);
    assert!(output.status.success(), "{}", said(&output));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains(MACHINE) && printed.contains("No broker runs"), "{printed}");
    assert!(!printed.contains("top secret"), "{printed}");
    let asked = asked.join().unwrap();
    assert!(asked.starts_with("POST /api/v1/machines/enroll "), "{asked}");
    assert_eq!(body_of(&asked), json!({"invitation": "the invitation", "name": "lucys-desk"}));

    let state = dir.path().join("state");
    let machine = Machine::read(&state).unwrap().unwrap();
    assert_eq!(machine.id.to_string(), MACHINE);
    assert_eq!(machine.credential.expose(), "top secret");
    assert_eq!(machine.server_url, server);
    assert_private(&state.join("machine.json"));
    assert_private(&state);

    // The server is not even asked, so the invitation is not used up.
    let output = enroll(dir.path(), &server, "another\n", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("--force"), "{}", said(&output));

    let body = body.replace("top secret", "a newer one");
    let (address, _) = answering("200 OK", &body);
    let output = enroll(dir.path(), &format!("http://{address}"), "another\n", &["--force"]);
    assert!(output.status.success(), "{}", said(&output));
    let machine = Machine::read(&state).unwrap().unwrap();
    assert_eq!(machine.credential.expose(), "a newer one");
}

#[test]
fn a_refused_invitation_is_told_in_the_servers_words_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let body = r#"{"code":"not_authenticated","detail":"The invitation was used.","next":"Make another."}"#;
    let (address, _) = answering("401 Unauthorized", body);
    let output = enroll(dir.path(), &format!("http://{address}"), "used\n", &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(said.contains("The invitation was used. Make another."), "{said}");
    assert!(!said.contains("used\n\n"), "{said}");
    assert_eq!(Machine::read(&dir.path().join("state")).unwrap(), None);
}

#[test]
fn mistakes_are_told_with_the_next_step() {
    let dir = tempfile::tempdir().unwrap();
    let told = |server: &str, invitation: &str, more: &[&str]| {
        let output = enroll(dir.path(), server, invitation, more);
        assert!(!output.status.success());
        said(&output)
    };
    let empty = told("http://127.0.0.1:1", " \n", &[]);
    assert!(empty.contains("hotseat-pool machine invite"), "{empty}");
    let nobody = told("http://127.0.0.1:1", "an invitation\n", &[]);
    assert!(nobody.contains("Check the address"), "{nobody}");
    let plain = told("http://seats.example", "an invitation\n", &[]);
    assert!(plain.contains("use https://"), "{plain}");
    let no_file = told("http://127.0.0.1:1", "", &["--token-file", "/nonexistent"]);
    assert!(no_file.contains("/nonexistent"), "{no_file}");

    let (address, _) = answering("200 OK", "{}");
    let strange = told(&format!("http://{address}"), "an invitation\n", &[]);
    assert!(strange.contains("not as a pool server does"), "{strange}");
}

#[test]
fn what_would_be_in_the_way_of_the_result_is_told_before_the_invitation_is_used_up() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    std::fs::create_dir(&state).unwrap();
    std::fs::write(state.join("link.json"), r#"{"version": 99}"#).unwrap();
    // Nobody answers there.
    let output = enroll(dir.path(), "http://127.0.0.1:1", "hsi_1", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("version 99"), "{}", said(&output));
}

#[test]
fn the_invitation_may_stand_in_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("invitation");
    std::fs::write(&file, "from a file\n").unwrap();
    let body = format!(r#"{{"machine":"{MACHINE}","credential":"c"}}"#);
    let (address, asked) = answering("201 Created", &body);
    let more = ["--token-file", file.to_str().unwrap()];
    let output = enroll(dir.path(), &format!("http://{address}"), "", &more);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(body_of(&asked.join().unwrap())["invitation"], "from a file");
}

fn identity(server: &FakePool, n: u128) -> Machine {
    let credential = Secret::new(CREDENTIAL);
    Machine { id: MachineId::from_random(n), credential, server_url: server.url() }
}

#[tokio::test]
async fn a_broker_that_runs_takes_up_an_enrolment() {
    let fake = FakePool::start().await;
    let desktop = Desktop::new();
    let mut broker = Process::start(broker(&desktop));
    broker.logs("this machine is not enrolled").await;
    let mut program = Program::start(&desktop.socket(), Role::App).await;
    assert_eq!(program.view().await.link, LinkState::NotEnrolled);
    // One that was cut off in the middle is none.
    std::fs::write(desktop.state_dir().join("machine.json"), "{").unwrap();
    broker.logs("the enrolment cannot be read").await;
    assert!(broker.lines.contains("machine.json"), "{}", broker.lines);
    identity(&fake, 5).write(&desktop.state_dir()).unwrap();
    let mut link = fake.link().await;
    let ToPool::Hello(LinkHello { machine, .. }) = &link.hello else { panic!("{:?}", link.hello) };
    assert_eq!(*machine, MachineId::from_random(5));
    program.linked().await;
    tokio::join!(program.ask(Program::log_in()), link.log_in());
    tokio::join!(program.ask(Program::sign_on(1)), link.grant(seat(1)));
    broker.child.kill().await.unwrap();
}

#[tokio::test]
async fn a_broker_that_is_enrolled_anew_signs_everybody_off_and_then_goes_over() {
    let (old, new) = (FakePool::start().await, FakePool::start().await);
    let desktop = Desktop::enrolled(&old);
    let broker = desktop.start();
    let mut link = old.link().await;
    let mut program = Program::start(&desktop.socket(), Role::App).await;
    program.linked().await;
    tokio::join!(program.ask(Program::log_in()), link.log_in());
    tokio::join!(program.ask(Program::sign_on(1)), link.grant(seat(1)));
    identity(&new, 6).write(&desktop.state_dir()).unwrap();
    assert_eq!(link.signed_off(seat(1)).await, ReleaseReason::BrokerStopped);
    let greeted = new.link().await;
    let ToPool::Hello(LinkHello { machine, secret, seen, .. }) = &greeted.hello else {
        panic!("{:?}", greeted.hello)
    };
    assert_eq!(*machine, MachineId::from_random(6));
    assert_eq!((secret, seen), (&None, &None), "what the old pool server told is not shown");
    link.ended().await;
    let view = program.until("the new link is up", |view| view.link == LinkState::Up).await;
    assert_eq!(view.account, None, "a log-in is good for one enrolment");
    broker.stop().await;
}
