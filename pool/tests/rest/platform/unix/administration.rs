//! Administration on the server's own computer: by its socket, whoever listens elsewhere.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use crate::command_line::{ADD_LUCY, INIT, Program, lucy};
use crate::world::{Client, password};

fn socket(program: &Program) -> PathBuf {
    program.data_dir().join("admin.sock")
}

fn token(program: &Program) -> String {
    let file = program.data_dir().join("admin.token");
    std::fs::read_to_string(file).unwrap().trim().to_owned()
}

/// Another user's program on a port.
struct Squatter {
    listener: TcpListener,
}

impl Squatter {
    fn at(address: std::net::SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self { listener }
    }

    fn address(&self) -> String {
        self.listener.local_addr().unwrap().to_string()
    }

    /// Fails if anybody has connected: a connection would wait to be accepted.
    #[track_caller]
    fn expect_nobody(&self) {
        let error = self.listener.accept().expect_err("somebody connected");
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
}

#[test]
fn whoever_squats_the_port_of_a_stopped_server_gets_nothing() {
    let program = Program::new();
    program.ok(&INIT, "");
    let squatter = Squatter::at(program.address);
    program.ok(&ADD_LUCY, &lucy());
    assert!(program.ok(&["user", "list"], "").contains("lucy@finance.example"));
    program.ok(&["machine", "invite"], "");
    program.ok(&["service", "add", "crm"], "");
    squatter.expect_nobody();
}

#[test]
fn a_server_is_found_by_its_socket_whatever_listens_at_the_configured_port() {
    let program = Program::new();
    program.ok(&INIT, "");
    let server = program.serve();
    let squatter = Squatter::at(([127, 0, 0, 1], 0).into());
    let address = squatter.address();
    let elsewhere = |arguments: &[&str], input: &str| {
        program.ok(&[&["--listen", &address], arguments].concat(), input)
    };
    elsewhere(&ADD_LUCY, &lucy());
    assert!(elsewhere(&["user", "list"], "").contains("lucy@finance.example"));
    // The brokers' address is the server's own word.
    let output = program.run(&["--listen", &address, "machine", "invite"], "");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&format!("http://{}", program.address)), "{said}");
    squatter.expect_nobody();
    let log = server.stop();
    assert!(log.contains(socket(&program).to_str().unwrap()), "{log}");
    assert!(log.contains("/api/v1/users") && log.contains("uid="), "{log}");
    assert!(!log.contains("lucy"), "{log}");
}

#[test]
fn the_token_leaves_for_another_server_only_over_tls() {
    let program = Program::new();
    program.ok(&INIT, "");
    let squatter = Squatter::at(([127, 0, 0, 1], 0).into());
    let address = squatter.address();
    let plain = format!("http://{address}");
    for verb in [&["user", "list"][..], &ADD_LUCY] {
        let said = program.fails(1, &[&["--server", &plain], verb].concat(), &lucy());
        assert!(said.contains("without TLS") && said.contains("https://"), "{said}");
    }
    squatter.expect_nobody();
    let said = program.fails(1, &["--server", "https://h", "backup", "b.db"], "");
    assert!(said.contains("--server is for"), "{said}");

    // Whoever cannot show a certificate sees the beginning of a handshake.
    squatter.listener.set_nonblocking(false).unwrap();
    let seen = std::thread::spawn(move || {
        let (mut stream, _) = squatter.listener.accept().unwrap();
        let mut seen = vec![0; 4096];
        let read = stream.read(&mut seen).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]").unwrap();
        seen.truncate(read);
        // What else comes, until the client goes.
        let _ = stream.read_to_end(&mut seen);
        seen
    });
    let secure = format!("https://{address}");
    let said = program.fails(1, &["--server", &secure, "user", "list"], "");
    assert!(said.contains("certificate"), "{said}");
    let seen = seen.join().unwrap();
    let token = token(&program);
    assert!(!seen.is_empty());
    assert!(!seen.windows(token.len()).any(|part| part == token.as_bytes()));

    // The server that the socket proves to be the one at that address is asked by the socket.
    let server = program.serve();
    let own = format!("http://{}", program.address);
    std::fs::write(program.data_dir().join("admin.token"), "hsa_forged\n").unwrap();
    program.ok(&["--server", &own, "user", "list"], "");
    server.stop();
}

#[test]
fn an_administrator_of_this_computer_needs_no_token() {
    let program = Program::new();
    program.ok(&INIT, "");
    let server = program.serve();
    std::fs::remove_file(program.data_dir().join("admin.token")).unwrap();
    assert!(program.ok(&["pool", "list"], "").contains("infor-crm"));
    server.stop();
}

/// The account of this computer that runs these tests, as the history tells it.
fn own_account() -> String {
    let output = std::process::Command::new("id").arg("-u").output().unwrap();
    let uid = String::from_utf8(output.stdout).unwrap();
    format!("os:{}", uid.trim())
}

#[test]
fn the_history_names_the_account_that_came_in_by_the_socket_or_opened_the_store() {
    let program = Program::new();
    program.ok(&INIT, "");
    program.ok(&ADD_LUCY, &lucy());
    let server = program.serve();
    program.ok(&["pool", "set", "infor-crm", "--seats", "3", "--provisional-hold", "on"], "");
    assert!(program.ok(&["pool", "show", "infor-crm"], "").contains("provisional hold     5 s"));
    program.ok(&["pool", "set", "infor-crm", "--provisional-hold", "off"], "");
    assert!(program.ok(&["pool", "show", "infor-crm"], "").contains("provisional hold     off"));
    let said = program.fails(1, &["pool", "set", "infor-crm", "--provisional-hold", "90s"], "");
    assert!(said.contains("--provisional-hold is 90 s: use 1 s to 60 s"), "{said}");
    let admin = Client::new(program.address).with_token(&token(&program));
    let history = admin.get("/api/v1/history").expect(200);
    let by = |what: &str| {
        let records = history["records"].as_array().unwrap();
        let newest = records.iter().rev().find(|record| record["what"] == what).unwrap();
        newest["by"].as_str().unwrap_or_default().to_owned()
    };
    let account = own_account();
    // Without a server the program had opened the store itself, and with one it came by the socket.
    for what in ["user_added", "pool_defined"] {
        let by = by(what);
        assert!(by.contains(&account), "{what}: {by}, not {account}");
    }
    server.stop();
}

#[test]
fn the_socket_is_its_owners_and_lives_as_long_as_the_server() {
    let program = Program::new();
    program.ok(&INIT, "");
    let server = program.serve();
    let mode = std::fs::metadata(socket(&program)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    server.stop();
    assert!(!socket(&program).exists());
    // A killed server leaves its socket; verbs go to the store, and the next server replaces it.
    drop(program.serve());
    assert!(socket(&program).exists());
    program.ok(&ADD_LUCY, &lucy());
    let server = program.serve();
    assert!(program.ok(&["user", "list"], "").contains("lucy@finance.example"));
    server.stop();
}

#[test]
fn a_server_that_cannot_have_its_socket_says_so_and_follows_no_link() {
    let program = Program::new();
    program.ok(&INIT, "");
    let target = program.data_dir().join("target");
    std::os::unix::fs::symlink(&target, socket(&program)).unwrap();
    let said = program.fails(1, &["serve"], "");
    assert!(said.contains("admin.sock") && said.contains("something else"), "{said}");
    assert!(!target.exists());
    let long = format!("/run/{}", "long/".repeat(40));
    for verb in [&["serve"][..], &["user", "list"]] {
        let said = program.fails(1, &[&["--admin-socket", &long], verb].concat(), "");
        assert!(said.contains("too long") && said.contains("--admin-socket"), "{said}");
    }
    let elsewhere = program.data_dir().join("other.sock");
    let elsewhere = elsewhere.to_str().unwrap();
    std::fs::remove_file(socket(&program)).unwrap();
    let server = program.serve();
    let said = program.fails(1, &["user", "list", "--admin-socket", elsewhere], "");
    assert!(said.contains("a server has the store") && said.contains("other.sock"), "{said}");
    server.stop();
}

#[test]
fn what_lies_at_the_socket_is_said_and_is_told_no_password() {
    let program = Program::new();
    program.ok(&INIT, "");
    let listener = UnixListener::bind(socket(&program)).unwrap();
    let seen = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut seen = vec![0; 4096];
        let read = stream.read(&mut seen).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n<ok>").unwrap();
        String::from_utf8(seen[..read].to_vec()).unwrap()
    });
    let said = program.fails(1, &ADD_LUCY, &lucy());
    assert!(said.contains("does not answer like a Hotseat pool server"), "{said}");
    let seen = seen.join().unwrap();
    assert!(seen.starts_with("GET /healthz ") && !seen.contains(&password("Lucy")), "{seen}");
}
