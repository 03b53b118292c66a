//! The proxies of the environment count for enrolment and link alike, and not on this machine.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;

use hotseat_broker::reach::{Proxies, Reach, SystemLookUp};
use hotseat_protocol::ipc::{LinkState, Role};

use crate::desktop::Desktop;
use crate::enrolment::{MACHINE, answering};
use crate::fake_pool::CREDENTIAL;
use crate::process::system;
use crate::programs::Program;

/// The first byte of a TLS connection: a handshake follows.
const TLS_HANDSHAKE: u8 = 0x16;

/// A proxy that gives one answer, and hands back what it was asked and the byte after it, if any.
fn proxy(answer: &'static str) -> (SocketAddr, JoinHandle<(String, Option<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        let mut byte = [0];
        while !asked.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).unwrap();
            asked.push(byte[0]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        let next = stream.read_exact(&mut byte).ok().map(|()| byte[0]);
        (String::from_utf8(asked).unwrap(), next)
    });
    (address, thread)
}

/// Enrols with a server; what was said, and whether it worked.
fn enroll(server: &str, environment: &[(&str, &str)]) -> (String, bool) {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_hotseat-broker"))
        .args(["enroll", "--server", server, "--name", "lucys-desk"])
        .env_clear()
        .envs(system())
        .envs(environment.iter().copied())
        .env("HOTSEAT_BROKER_STATE_DIR", dir.path().join("state"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"an invitation\n").unwrap();
    let output = child.wait_with_output().unwrap();
    (String::from_utf8_lossy(&output.stderr).into_owned(), output.status.success())
}

#[test]
fn a_server_on_this_machine_is_asked_without_the_proxy() {
    let body = format!(r#"{{"machine":"{MACHINE}","credential":"c"}}"#);
    let (address, _asked) = answering("201 Created", &body);
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let named = format!("http://{}", proxy.local_addr().unwrap());
    let variables =
        ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let environment = variables.map(|variable| (variable, named.as_str()));
    let (said, worked) = enroll(&format!("http://{address}"), &environment);
    assert!(worked, "{said}");
    nobody_came(&proxy);
}

/// Sees that a proxy was not asked.
fn nobody_came(proxy: &TcpListener) {
    proxy.set_nonblocking(true).unwrap();
    let nobody = proxy.accept().unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::WouldBlock, "the proxy was asked");
}

#[test]
fn an_enrolment_elsewhere_goes_through_the_proxy_which_is_named_when_it_refuses() {
    let (address, asked) = proxy("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    let named = format!("http://lucy:hunter2@{address}");
    let (said, worked) = enroll("https://bücher.example/office", &[("https_proxy", &named)]);
    assert!(!worked);
    let named = format!("proxy http://{address} (https_proxy");
    assert!(said.contains(&named) && said.contains("407"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    let (asked, _) = asked.join().unwrap();
    assert!(asked.starts_with("CONNECT xn--bcher-kva.example:443 HTTP/1.1\r\n"), "{asked}");
    // "lucy:hunter2" in base 64.
    let authorisation = "proxy-authorization: basic bhvjetpodw50zxiy\r\n";
    assert!(asked.to_lowercase().contains(authorisation), "{asked}");

    let (address, asked) = proxy("HTTP/1.1 200 Connection established\r\n\r\n");
    let (said, worked) =
        enroll("https://seats.example:7480", &[("HTTPS_PROXY", &address.to_string())]);
    assert!(!worked && said.contains("TLS with seats.example failed"), "{said}");
    let (asked, next) = asked.join().unwrap();
    assert!(asked.starts_with("CONNECT seats.example:7480 "), "{asked}");
    assert_eq!(next, Some(TLS_HANDSHAKE), "what follows is for the pool server's eyes");
}

#[test]
fn no_proxy_excepts_a_server() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let named = format!("http://{}", proxy.local_addr().unwrap());
    let environment = [("HTTPS_PROXY", named.as_str()), ("no_proxy", "*.invalid")];
    let (said, worked) = enroll("https://seats.invalid", &environment);
    assert!(!worked && said.contains("seats.invalid") && !said.contains("proxy"), "{said}");
    nobody_came(&proxy);
}

#[tokio::test]
async fn the_link_goes_through_the_proxy_which_is_named_when_it_refuses() {
    let (address, asked) = proxy("HTTP/1.1 403 Forbidden\r\n\r\n");
    let mut desktop = Desktop::new();
    desktop.enrol_at("https://seats.example".to_owned(), CREDENTIAL);
    let named = format!("http://lucy:hunter2@{address}");
    let proxies = Proxies::from_environment(|name| (name == "HTTPS_PROXY").then(|| named.clone()));
    desktop.reach = Reach::new(Arc::new(SystemLookUp), proxies);
    let broker = desktop.start();
    let mut program = Program::start(&desktop.socket(), Role::App).await;
    let is_told = |link: &LinkState| matches!(link, LinkState::Down { cause: Some(_), .. });
    let view = program.until("the cause is told", |view| is_told(&view.link)).await;
    let LinkState::Down { cause: Some(cause), .. } = view.link else { panic!("{:?}", view.link) };
    let said = cause.to_string();
    assert!(said.contains(&format!("proxy http://{address}")) && said.contains("403"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    let (asked, _) = asked.join().unwrap();
    assert!(asked.starts_with("CONNECT seats.example:443 "), "{asked}");
    broker.stop().await;
}
