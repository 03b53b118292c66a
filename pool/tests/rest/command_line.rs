//! The real program: making a store, serving, and every verb with and without a server.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use hotseat_pool::config::Config;
use serde_json::Value;

use crate::platform;
use crate::world::{Client, PATIENCE, password};

/// The program with a data directory and a port of its own.
pub(crate) struct Program {
    folder: tempfile::TempDir,
    data_dir: PathBuf,
    pub(crate) address: SocketAddr,
}

impl Program {
    pub(crate) fn new() -> Self {
        // The port is free again at once; nobody else asks for it by number.
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self { data_dir: folder.path().join("data"), folder, address }
    }

    /// The program on the store of a server that was stopped.
    pub(crate) fn on(config: &Config) -> Self {
        Self { data_dir: config.data_dir.clone(), ..Self::new() }
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.data_dir.clone()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(env!("CARGO_BIN_EXE_hotseat-pool"), arguments)
    }

    /// Another program in the same surroundings.
    pub(crate) fn command_of(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .args(arguments)
            .env_remove("RUNTIME_DIRECTORY")
            .env_remove("HOTSEAT_POOL_ADMIN_SOCKET")
            .env_remove("HOTSEAT_POOL_LOG")
            .env_remove("HOTSEAT_POOL_LOG_FORMAT")
            .env_remove("HOTSEAT_POOL_JOURNAL")
            .env("HOME", self.folder.path())
            .env("HOTSEAT_POOL_DATA_DIR", self.data_dir())
            .env("HOTSEAT_POOL_LISTEN", self.address.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self.command(arguments).spawn().unwrap();
        // A program that does not read its input may have ended.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Runs a verb that succeeds, and returns what it printed.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a verb that fails so, and returns what it complained.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    pub(crate) fn serve(&self) -> Running {
        self.served_by(self.command(&["serve"]))
    }

    /// A server with a log in a file, at the finest level that can be asked for.
    pub(crate) fn serve_at(&self, log: &str, file: std::fs::File) -> Running {
        let mut command = self.command(&["serve", "--log", log]);
        command.stderr(file);
        self.served_by(command)
    }

    fn served_by(&self, mut command: Command) -> Running {
        let mut running = Running { child: command.spawn().unwrap() };
        let mut waited = Duration::ZERO;
        while TcpStream::connect(self.address).is_err() {
            assert!(running.child.try_wait().unwrap().is_none(), "{}", running.stop());
            assert!(waited < PATIENCE, "the server does not listen");
            std::thread::sleep(Duration::from_millis(20));
            waited += Duration::from_millis(20);
        }
        Client::new(self.address).get("/readyz").expect(200);
        running
    }
}

/// A server under way.
pub(crate) struct Running {
    child: Child,
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops it in good order and returns its log.
    pub(crate) fn stop(mut self) -> String {
        if self.child.try_wait().unwrap().is_none() {
            platform::terminate(&mut self.child);
        }
        let mut log = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut log).unwrap();
        }
        self.child.wait().unwrap();
        log
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) const INIT: [&str; 6] = ["init", "--preset", "infor-crm", "--seats", "2", "--yes"];

pub(crate) fn lucy() -> String {
    format!("{}\n", password("Lucy"))
}

pub(crate) const ADD_LUCY: [&str; 5] = ["user", "add", "lucy@finance.example", "--name", "Lucy"];

#[test]
fn init_asks_nothing_says_what_is_next_and_overwrites_nothing() {
    let program = Program::new();
    let said = program.ok(&INIT, "");
    for next in ["infor-crm, 2 seats", "hotseat-pool serve", "user add", "machine invite"] {
        assert!(said.contains(next), "{said}");
    }
    let token = std::fs::read_to_string(program.data_dir().join("admin.token")).unwrap();
    assert!(!said.contains(token.trim()));
    let again = program.fails(1, &INIT, "");
    assert!(again.contains("already"), "{again}");
    let kept = std::fs::read_to_string(program.data_dir().join("admin.token")).unwrap();
    assert_eq!(kept, token);
}

#[test]
fn init_asks_when_it_is_not_told() {
    let program = Program::new();
    let said = program.ok(&["init"], "\nmany\n3\n");
    assert!(said.contains("infor-crm, 3 seats"), "{said}");

    let program = Program::new();
    let said = program.fails(1, &["init"], "");
    assert!(said.contains("--yes"), "{said}");
    let said = program.fails(1, &["init", "--yes"], "");
    assert!(said.contains("--seats"), "{said}");
    let said = program.fails(1, &["init", "--preset", "sap", "--seats", "1", "--yes"], "");
    assert!(said.contains("sap") && said.contains("infor-crm"), "{said}");
    let said = program.fails(1, &["init", "--seats", "2000000", "--yes"], "");
    assert!(said.contains("2000000"), "{said}");
    assert!(!program.data_dir().exists());
}

#[test]
fn the_verbs_work_with_a_server_and_without() {
    let program = Program::new();
    program.ok(&INIT, "");
    let bill = format!("{}\n", password("Bill"));
    let add_bill = ["user", "add", "bill@finance.example", "--name", "Bill", "--named"];
    program.ok(&ADD_LUCY, &lucy());
    let server = program.serve();
    program.ok(&add_bill, &bill);
    let users = |program: &Program| program.ok(&["user", "list"], "");
    let with = users(&program);
    server.stop();
    assert_eq!(users(&program), with);
    assert!(with.contains("lucy@finance.example") && with.contains("named"), "{with}");
    let json: Value = serde_json::from_str(&program.ok(&["user", "list", "--json"], "")).unwrap();
    assert_eq!(json[0]["email"], "bill@finance.example");
    assert!(json.to_string().find("password").is_none());

    program.ok(&["user", "disable", "lucy@finance.example"], "");
    assert!(users(&program).contains("disabled"));
    program.ok(&["user", "enable", "lucy@finance.example"], "");
    program.ok(&["user", "password", "lucy@finance.example"], "another password\n");
    program.ok(&["user", "remove", "bill@finance.example"], "");
    assert!(!users(&program).contains("bill@"));
    let said = program.fails(1, &["user", "disable", "nobody@x"], "");
    assert!(said.contains("nobody@x"), "{said}");
    let said = program.fails(1, &ADD_LUCY, &lucy());
    assert!(said.contains("taken"), "{said}");
    let said = program.fails(1, &ADD_LUCY, "");
    assert!(said.contains("no password"), "{said}");
    let argument = ["user", "add", "x@y", "--name", "X", "--password", "secret"];
    program.fails(2, &argument, "");
}

#[test]
fn pools_are_set_while_seats_are_held_and_it_says_who_is_over() {
    let program = Program::new();
    program.ok(&INIT, "");
    let server = program.serve();
    let client = Client::new(program.address);
    for name in ["Lucy", "Bill"] {
        let email = crate::world::email(name);
        let input = format!("{}\n", password(name));
        program.ok(&["user", "add", &email, "--name", name], &input);
        let body = serde_json::json!({ "email": email, "password": password(name) });
        let answer = client.post("/api/v1/login", &body).expect(200);
        client.with_token(answer["token"].as_str().unwrap()).sign_on("network").expect(201);
    }
    let said = program.ok(&["pool", "set", "infor-crm", "--seats", "1"], "");
    assert!(said.contains("1 over") && said.contains("Bill"), "{said}");
    assert!(!said.contains("Lucy"), "{said}");
    let shown = program.ok(&["pool", "show", "infor-crm"], "");
    assert!(shown.contains("2 of 1 seats in use") && shown.contains("Lucy"), "{shown}");
    assert!(shown.contains("no Valid Concurrent User license available"), "{shown}");
    assert!(shown.contains("privacy              names"), "{shown}");

    let times = "--warn-after 60s --sign-off-after 90s --session-timeout web=5min \
                 --session-timeout network=1h --lease 30s";
    let ways = "--only-when-wanted false --privacy counts --on-sleep keep";
    let set = format!("pool set infor-crm {times} {ways}");
    program.ok(&set.split_whitespace().collect::<Vec<_>>(), "");
    let json = program.ok(&["pool", "show", "infor-crm", "--json"], "");
    let json: Value = serde_json::from_str(&json).unwrap();
    let definition = &json["definition"];
    assert_eq!(definition["idle"]["warn_after_ms"], 60_000);
    assert_eq!(definition["idle"]["only_when_wanted"], false);
    assert_eq!(definition["clients"]["web"]["session_timeout_ms"], 300_000);
    assert_eq!(definition["clients"]["network"]["session_timeout_ms"], 3_600_000);
    assert_eq!(definition["lease_ms"], 30_000);
    assert_eq!(
        (&definition["privacy"], &definition["on_sleep"]),
        (&"counts".into(), &"keep".into())
    );
    program.ok(&["pool", "set", "infor-crm", "--session-timeout", "network=none"], "");

    let said = program.fails(1, &["pool", "set", "infor-crm", "--sign-off-after", "10s"], "");
    assert!(said.contains("sign_off_after"), "{said}");
    let said = program.fails(1, &["pool", "set", "cad", "--seats", "1"], "");
    assert!(said.contains("infor-crm"), "{said}");
    let said = program.fails(2, &["pool", "set", "infor-crm", "--lease", "soon"], "");
    assert!(said.contains("90s"), "{said}");
    program.ok(&["pool", "set", "other", "--preset", "infor-crm", "--seats", "5"], "");
    assert!(program.ok(&["pool", "list"], "").contains("other"));
    program.ok(&["pool", "remove", "other"], "");
    assert!(!program.ok(&["pool", "list"], "").contains("other"));
    server.stop();
}

#[test]
fn machines_and_services_are_invited_listed_and_revoked() {
    let program = Program::new();
    program.ok(&INIT, "");
    let server = program.serve();
    let invitation = program.ok(&["machine", "invite"], "");
    let body = serde_json::json!({ "invitation": invitation.trim(), "name": "desk-1" });
    Client::new(program.address).post("/api/v1/machines/enroll", &body).expect(201);
    assert!(program.ok(&["machine", "list"], "").contains("desk-1"));
    program.ok(&["machine", "revoke", "desk-1"], "");
    assert!(program.ok(&["machine", "list"], "").contains("revoked"));
    let said = program.fails(1, &["machine", "revoke", "desk-1"], "");
    assert!(said.contains("machine list"), "{said}");

    let token = program.ok(&["service", "add", "crm", "--act-for", "--client", "web"], "");
    let crm = Client::new(program.address).with_token(token.trim());
    assert_eq!(crm.get("/api/v1/me").expect(200)["service"], "crm");
    let listed = program.ok(&["service", "list"], "");
    assert!(listed.contains("crm") && listed.contains("web"), "{listed}");
    assert!(!listed.contains(token.trim()));
    program.ok(&["service", "revoke", "crm"], "");
    crm.get("/api/v1/me").expect(401);
    server.stop();
}

#[test]
fn what_cannot_be_done_names_the_next_step() {
    let program = Program::new();
    let said = program.fails(1, &["user", "list"], "");
    assert!(said.contains("hotseat-pool init"), "{said}");
    let said = program.fails(1, &["serve"], "");
    assert!(said.contains("hotseat-pool init"), "{said}");
    program.ok(&INIT, "");
    let said = program.fails(1, &["serve", "--listen", "0.0.0.0:0"], "");
    assert!(said.contains("TLS") && said.contains("--listen"), "{said}");
    let said = program.fails(1, &["serve", "--config", "no-such-file.toml"], "");
    assert!(said.contains("no-such-file.toml"), "{said}");
    program.fails(2, &["fly"], "");
    let help = program.ok(&["--help"], "");
    assert!(help.contains("init") && help.contains("serve"), "{help}");

    let server = program.serve();
    let said = program.fails(1, &["serve"], "");
    assert!(said.contains("cannot listen on"), "{said}");
    let said = program.fails(1, &["user", "disable", "nobody@x"], "");
    assert!(said.contains("nobody@x") && !said.contains("/api/"), "{said}");
    server.stop();
}

#[test]
fn an_administrators_token_that_is_gone_is_made_anew() {
    let program = Program::new();
    program.ok(&INIT, "");
    let file = program.data_dir().join("admin.token");
    let first = std::fs::read_to_string(&file).unwrap();
    let server = program.serve();
    std::fs::remove_file(&file).unwrap();
    server.stop();
    let server = program.serve();
    let second = std::fs::read_to_string(&file).unwrap();
    assert_ne!(second, first);
    program.ok(&["pool", "list"], "");
    let status = |token: &str| {
        Client::new(program.address).with_token(token.trim()).get("/api/v1/users").status
    };
    assert_eq!((status(&first), status(&second)), (401, 200));
    let log = server.stop();
    assert!(log.contains("old one is worth nothing") && !log.contains(second.trim()), "{log}");
    // Also by a verb that opens the store itself.
    std::fs::remove_file(&file).unwrap();
    program.ok(&["pool", "list"], "");
    assert_ne!(std::fs::read_to_string(&file).unwrap(), second);
}

#[test]
fn a_backup_that_is_not_there_or_goes_nowhere_is_said() {
    let program = Program::new();
    program.ok(&INIT, "");
    let nowhere = program.data_dir().join("none").join("backup.db");
    let nowhere = nowhere.to_str().unwrap();
    let said = program.fails(1, &["backup", nowhere], "");
    assert!(said.contains("there is no directory"), "{said}");
    let said = program.fails(1, &["restore", nowhere, "--replace"], "");
    assert!(said.contains("there is no file") && said.contains("a backup"), "{said}");
}

#[test]
fn a_stopped_server_ends_well_and_a_next_one_knows_everything() {
    let program = Program::new();
    program.ok(&INIT, "");
    program.ok(&ADD_LUCY, &lucy());
    let log = program.serve().stop();
    assert!(log.contains("no seat is released"), "{log}");
    let server = program.serve();
    assert!(program.ok(&["user", "list"], "").contains("Lucy"));
    server.stop();
}
