//! The real program with a data directory and a port of its own, and a REST client for it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::Request;

/// Nothing here takes so long unless it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Returns once something is so.
#[track_caller]
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let mut waited = Duration::ZERO;
    while !so() {
        assert!(waited < PATIENCE, "never: {what}");
        std::thread::sleep(LOOK_EVERY);
        waited += LOOK_EVERY;
    }
}

/// The program's places.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) folder: tempfile::TempDir,
    data_dir: PathBuf,
    address: SocketAddr,
}

impl Program {
    /// Places in which there is no store yet.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("data");
        Self { data_dir, folder, address: free_address() }
    }

    /// A store with a pool of two seats.
    pub(crate) fn with_store() -> Self {
        let program = Self::new();
        program.init();
        program
    }

    pub(crate) fn init(&self) {
        self.ok(&["init", "--preset", "infor-crm", "--seats", "2", "--yes"]);
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.data_dir.join("pool.db")
    }

    /// A file beside the data directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Every file of the data directory that says something: not the lock, the index of the log
    /// and a log without content, which readers make.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = fs::read_dir(&self.data_dir).unwrap().map(|entry| entry.unwrap().path());
        let files = files.filter(|file| file.is_file());
        let says = |file: &PathBuf| {
            let name = file.to_string_lossy();
            !name.ends_with(".lock") && !name.ends_with("-shm")
        };
        let files = files.filter(says).map(|file| (file.clone(), fs::read(&file).unwrap()));
        files.filter(|(_, bytes)| !bytes.is_empty()).collect()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hotseat-pool"));
        command
            .args(arguments)
            .env_remove("RUNTIME_DIRECTORY")
            .env_remove("HOTSEAT_POOL_ADMIN_SOCKET")
            .env_remove("HOTSEAT_POOL_LOG_FORMAT")
            .env_remove("HOTSEAT_POOL_JOURNAL")
            .env("HOTSEAT_POOL_LOG", "warn")
            .env("HOME", self.folder.path())
            .env("HOTSEAT_POOL_DATA_DIR", &self.data_dir)
            .env("HOTSEAT_POOL_LISTEN", self.address.to_string());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = piped(&mut self.command(arguments));
        // A program that does not read its input may have ended.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Runs a verb that succeeds; what it printed.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments, "");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a verb that fails so; what it printed, complaints first.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments, "");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        let said = [output.stderr, output.stdout].concat();
        String::from_utf8(said).unwrap()
    }

    /// What `verify --json` says, and whether it says that the store is sound.
    #[track_caller]
    pub(crate) fn verify(&self) -> (bool, Value) {
        let output = self.run(&["verify", "--json"], "");
        let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{error}: {output:?}");
        });
        let sound = told["sound"].as_bool().unwrap();
        assert_eq!(output.status.code(), Some(if sound { 0 } else { 3 }), "{told}");
        (sound, told)
    }

    pub(crate) fn serve(&self) -> Running {
        self.serve_as(self.command(&["serve"]))
    }

    pub(crate) fn serve_as(&self, mut command: Command) -> Running {
        let mut running = Running { child: piped(&mut command) };
        until("the server listens", || {
            let ended = running.child.try_wait().unwrap().is_some();
            assert!(!ended, "the server ended: {}", running.log());
            TcpStream::connect(self.address).is_ok()
        });
        self.client().get("/healthz").expect(200);
        running
    }

    /// Where machines link.
    pub(crate) fn link(&self) -> String {
        format!("http://{}/api/v1/link", self.address)
    }

    pub(crate) fn client(&self) -> Client {
        let agent = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .proxy(None)
            .build();
        let base = format!("http://{}", self.address);
        Client { agent: agent.into(), base, token: None }
    }

    /// Somebody who has this token.
    pub(crate) fn with_token(&self, token: &str) -> Client {
        Client { token: Some(token.to_owned()), ..self.client() }
    }

    pub(crate) fn admin(&self) -> Client {
        let token = fs::read_to_string(self.data_dir.join("admin.token")).unwrap();
        Client { token: Some(token.trim().to_owned()), ..self.client() }
    }

    /// An application server that acts for these people, who are made with it.
    pub(crate) fn application_server(&self, people: &[&str]) -> Client {
        let admin = self.admin();
        for name in people {
            let password = format!("{name}'s own password");
            let body = json!({ "email": email(name), "name": name, "password": password });
            admin.post("/api/v1/users", &body).expect(201);
        }
        let body = json!({ "name": format!("crm of {}", people[0]), "act_for": true });
        let token = admin.post("/api/v1/services", &body).expect(201)["token"].clone();
        Client { token: Some(token.as_str().unwrap().to_owned()), ..self.client() }
    }
}

fn piped(command: &mut Command) -> Child {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// The port is free again at once; nobody else asks for it by number.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap()
}

pub(crate) fn email(name: &str) -> String {
    format!("{}@finance.example", name.to_lowercase())
}

/// A fresh id.
pub(crate) fn fresh() -> String {
    hotseat_protocol::ids::RequestId::from_random(hotseat_pool::fresh::bits()).to_string()
}

/// A server under way.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it without asking; what it had logged.
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.log()
    }

    fn log(&mut self) -> String {
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        log
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A REST client, with a token or without.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    agent: Agent,
    base: String,
    token: Option<String>,
}

/// An answer of the server.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    /// Fails with the whole answer unless the status is this one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.body
    }
}

impl Client {
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "").unwrap()
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &body.to_string()).unwrap()
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, "").unwrap()
    }

    /// An answer, or none: the server has ended.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> Option<Answer> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let response = if matches!(method, "GET" | "DELETE") {
            self.agent.run(request.body(()).unwrap())
        } else {
            let request = request.header("Content-Type", "application/json");
            self.agent.run(request.body(body.to_owned()).unwrap())
        };
        let mut response = response.ok()?;
        let text = response.body_mut().read_to_string().ok()?;
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).ok()? };
        Some(Answer { status: response.status().as_u16(), body })
    }

    /// A sign-on of a user with a fresh request id.
    pub(crate) fn sign_on(&self, name: &str, client: &str) -> Answer {
        self.post(SEATS, &request(&fresh(), name, client))
    }

    /// Whether a seat is still held: renews it.
    pub(crate) fn holds(&self, seat: &Value) -> bool {
        let claim = json!([{ "id": seat["id"], "epoch": seat["epoch"] }]);
        let answer = self.post("/api/v1/seats/renew", &claim).expect(200);
        answer[0]["lease_ms"].as_u64().is_some_and(|left| left > 0)
    }

    pub(crate) fn sign_off(&self, seat: &Value) -> Answer {
        self.delete(&seat_path(seat))
    }

    /// Counted seats in use.
    pub(crate) fn in_use(&self) -> u64 {
        self.get("/api/v1/pools/infor-crm").expect(200)["in_use"].as_u64().unwrap()
    }
}

/// Where seats are asked for.
pub(crate) const SEATS: &str = "/api/v1/pools/infor-crm/seats";

/// A sign-on. Each request has a session, and so a seat, of its own.
pub(crate) fn request(id: &str, name: &str, client: &str) -> Value {
    json!({ "request_id": id, "client": client, "user": email(name), "session": id })
}

/// The path that ends a seat.
pub(crate) fn seat_path(seat: &Value) -> String {
    let (id, epoch) = (seat["id"].as_str().unwrap(), seat["epoch"].as_str().unwrap());
    format!("/api/v1/seats/{id}?epoch={epoch}")
}
