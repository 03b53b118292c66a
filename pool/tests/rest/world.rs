//! A pool server in this process on a port of its own, and REST clients for it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use hotseat_pool::clock::{Clock, FakeClock, SystemClock};
use hotseat_pool::config::{Config, LogFormat};
use hotseat_pool::lifecycle::Shutdown;
use hotseat_pool::{init, run};
use hotseat_protocol::ids::WallTime;
use hotseat_rules::presets;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use ureq::Agent;
use ureq::http::Request;

use crate::described;

/// The pool of the preset.
pub(crate) const POOL: &str = "infor-crm";
/// A wall clock for tests that bring their own time.
pub(crate) const WALL: WallTime = WallTime { unix_ms: 1_700_000_000_000 };
/// Nothing here takes so long unless it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// An answer of the server.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Answer {
    /// Fails with the whole answer unless the status is this one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.body
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A REST client, with a token or without.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    agent: Agent,
    base: String,
    token: Option<String>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let agent = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .proxy(None)
            // However slow the computer is, what follows comes on the same connection.
            .max_idle_age(Duration::from_hours(1))
            .build();
        Self { agent: agent.into(), base: format!("http://{address}"), token: None }
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.raw("GET", path, "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.raw("POST", path, &body.to_string())
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Answer {
        self.raw("PUT", path, &body.to_string())
    }

    pub(crate) fn patch(&self, path: &str, body: &Value) -> Answer {
        self.raw("PATCH", path, &body.to_string())
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.raw("DELETE", path, "")
    }

    pub(crate) fn raw(&self, method: &str, path: &str, body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let response = if matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "DELETE") {
            self.agent.run(request.body(()).unwrap())
        } else {
            let request = request.header("Content-Type", "application/json");
            self.agent.run(request.body(body.to_owned()).unwrap())
        };
        let mut response = response.unwrap();
        let headers = response.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        let headers: Vec<(String, String)> = headers.collect();
        let text = response.body_mut().read_to_string().unwrap();
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        let answer = Answer { status: response.status().as_u16(), headers, body };
        let media_type = answer.header("content-type");
        described::expect(method, path, answer.status, media_type, &answer.body);
        answer
    }

    /// A sign-on with a fresh request id.
    pub(crate) fn sign_on(&self, client: &str) -> Answer {
        self.post(&seats(), &json!({ "request_id": fresh(), "client": client }))
    }

    /// A check with a fresh request id.
    pub(crate) fn check(&self, client: &str) -> Answer {
        self.post(&checks(), &json!({ "request_id": fresh(), "client": client }))
    }

    /// Counted seats in use.
    pub(crate) fn in_use(&self) -> u64 {
        let pool = self.get(&format!("/api/v1/pools/{POOL}")).expect(200);
        pool["in_use"].as_u64().unwrap()
    }
}

pub(crate) fn seats() -> String {
    format!("/api/v1/pools/{POOL}/seats")
}

pub(crate) fn checks() -> String {
    format!("/api/v1/pools/{POOL}/checks")
}

/// A fresh id.
pub(crate) fn fresh() -> String {
    hotseat_protocol::ids::RequestId::from_random(hotseat_pool::fresh::bits()).to_string()
}

/// The path that ends a seat.
pub(crate) fn seat_path(seat: &Value) -> String {
    let (id, epoch) = (seat["id"].as_str().unwrap(), seat["epoch"].as_str().unwrap());
    format!("/api/v1/seats/{id}?epoch={epoch}")
}

/// A server with a store of its own.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) config: Config,
    clock: Option<Arc<FakeClock>>,
    shutdown: Shutdown,
    thread: Option<JoinHandle<()>>,
    folder: Arc<tempfile::TempDir>,
}

impl Server {
    /// A server whose time is the computer's.
    pub(crate) fn start(seats: u32) -> Self {
        Self::make(seats, None)
    }

    /// A server whose time passes only by [`Server::advance`].
    pub(crate) fn with_own_time(seats: u32) -> Self {
        Self::make(seats, Some(Arc::new(FakeClock::at(WALL))))
    }

    fn make(seats: u32, clock: Option<Arc<FakeClock>>) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data_dir: folder.path().join("data"),
            admin_sockets: vec![folder.path().join("data").join("admin.sock")],
            log: "info".parse().unwrap(),
            log_format: LogFormat::Text,
            trusted_proxies: Vec::new(),
            hosts: Vec::new(),
            unknown_variables: Vec::new(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let preset = presets::infor_crm(seats);
        runtime.block_on(init(&config, preset, time(clock.as_ref()))).unwrap();
        Self::serve(config, clock, folder)
    }

    fn serve(
        config: Config,
        clock: Option<Arc<FakeClock>>,
        folder: Arc<tempfile::TempDir>,
    ) -> Self {
        let shutdown = Shutdown::default();
        let (listening, address) = mpsc::channel();
        let (run_config, run_clock, asked) =
            (config.clone(), time(clock.as_ref()), shutdown.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind(run_config.listen).await.unwrap();
                listening.send(listener.local_addr().unwrap()).unwrap();
                run(&run_config, listener, run_clock, asked).await.unwrap();
            });
        });
        let address = address.recv().unwrap();
        let server = Self { address, config, clock, shutdown, thread: Some(thread), folder };
        server.client().get("/healthz").expect(200);
        server
    }

    /// Stops the server in good order and starts another one on the same store.
    pub(crate) fn restart(mut self) -> Self {
        self.stop();
        Self::serve(self.config.clone(), self.clock.clone(), Arc::clone(&self.folder))
    }

    /// Stops the server in good order.
    pub(crate) fn stop(&mut self) {
        self.shutdown.request();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.address)
    }

    pub(crate) fn admin(&self) -> Client {
        let token = std::fs::read_to_string(self.config.admin_token_file()).unwrap();
        self.client().with_token(token.trim())
    }

    /// Lets time pass, as it passes for a server that is not standing still.
    pub(crate) fn advance(&self, by: Duration) {
        let clock = self.clock.as_ref().expect("this server has the computer's time");
        let client = self.client();
        let mut left = by;
        while left > Duration::ZERO {
            let step = left.min(Duration::from_secs(1));
            clock.advance(step);
            left -= step;
            client.get("/readyz").expect(200);
        }
        self.settle();
    }

    /// Returns when what the clock has made necessary is durable: a command waits for that.
    fn settle(&self) {
        self.admin().delete(&format!("/api/v1/places/{}", fresh())).expect(204);
    }

    /// The server stands still for a while, as when its machine sleeps.
    pub(crate) fn pause(&self, by: Duration) {
        self.pass(by);
        self.settle();
    }

    /// Time passes; nobody asks the server anything.
    pub(crate) fn pass(&self, by: Duration) {
        self.clock.as_ref().expect("this server has the computer's time").advance(by);
    }

    /// Somebody sets the wall clock.
    pub(crate) fn set_wall(&self, unix_ms: i64) {
        let clock = self.clock.as_ref().expect("this server has the computer's time");
        clock.set_wall(WallTime { unix_ms });
    }

    /// Somebody with a log-in; the client acts for them.
    pub(crate) fn person(&self, name: &str) -> Client {
        self.add_person(name, "concurrent");
        self.log_in(name)
    }

    pub(crate) fn add_person(&self, name: &str, kind: &str) -> Value {
        let body = json!({
            "email": email(name),
            "name": name,
            "password": password(name),
            "kind": kind,
        });
        self.admin().post("/api/v1/users", &body).expect(201)
    }

    pub(crate) fn log_in(&self, name: &str) -> Client {
        let body = json!({ "email": email(name), "password": password(name) });
        let answer = self.client().post("/api/v1/login", &body).expect(200);
        self.client().with_token(answer["token"].as_str().unwrap())
    }

    /// An application server that may act for users.
    pub(crate) fn application_server(&self) -> Client {
        let body = json!({ "name": "crm", "act_for": true });
        let answer = self.admin().post("/api/v1/services", &body).expect(201);
        self.client().with_token(answer["token"].as_str().unwrap())
    }

    /// Changes single keys of the pool's definition.
    pub(crate) fn define(&self, change: impl FnOnce(&mut Value)) -> Value {
        let path = format!("/api/v1/pools/{POOL}");
        let mut definition = self.admin().get(&path).expect(200)["definition"].take();
        change(&mut definition);
        self.admin().put(&path, &definition).expect(200)
    }

    /// What the journal says, oldest first.
    pub(crate) fn history(&self) -> Vec<Value> {
        let answer = self.admin().get("/api/v1/history?limit=1000").expect(200);
        answer["records"].as_array().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.request();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn time(clock: Option<&Arc<FakeClock>>) -> Arc<dyn Clock> {
    match clock {
        Some(clock) => Arc::clone(clock) as Arc<dyn Clock>,
        None => Arc::new(SystemClock::new()),
    }
}

pub(crate) fn email(name: &str) -> String {
    format!("{}@finance.example", name.to_lowercase())
}

pub(crate) fn password(name: &str) -> String {
    format!("{}'s own password", name.to_lowercase())
}
