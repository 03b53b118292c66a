//! Requests that an application server never meant to send.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use hotseat_pool::clock::SystemClock;
use hotseat_pool::config::{Config, LogFormat};
use hotseat_pool::lifecycle::Shutdown;
use hotseat_pool::{init, run};
use hotseat_rules::presets;
use tempfile::TempDir;
use tokio::net::TcpListener;
use ureq::Agent;
use ureq::http::Request;

/// Where bodies are sent: method, path, and what the answer may be besides a refusal.
const DOORS: [(&str, &str); 13] = [
    ("POST", "/api/v1/pools/infor-crm/seats"),
    ("POST", "/api/v1/pools/infor-crm/checks"),
    ("POST", "/api/v1/seats/renew"),
    ("POST", "/api/v1/login"),
    ("POST", "/api/v1/users"),
    ("POST", "/api/v1/services"),
    ("PUT", "/api/v1/pools/another"),
    ("POST", "/api/v1/machines/invitations"),
    ("POST", "/api/v1/machines/enroll"),
    ("POST", "/api/v1/seats/00000000-0000-4000-8000-000000000001/reclaim"),
    ("POST", "/api/v1/seats/00000000-0000-4000-8000-000000000001/keep"),
    ("POST", "/api/v1/offers/00000000-0000-4000-8000-000000000001/accept"),
    ("POST", "/no/such/thing"),
];

/// Nothing here takes so long unless it is broken.
const PATIENCE: Duration = Duration::from_secs(60);

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

/// The first byte says which door, the rest is the body, sent with the administrator's token.
///
/// Whatever it is, the answer is one of the document's: never a panic, never a 5xx, and what is
/// refused is refused in words that name the next step.
pub fn rest_bodies(bytes: &[u8]) {
    let Some((door, body)) = bytes.split_first() else {
        return;
    };
    let (method, path) = DOORS[usize::from(*door) % DOORS.len()];
    let (status, answer) = SERVER.ask(method, path, body);
    assert!(status < 500, "{method} {path}: {status} {answer}");
    if status >= 400 {
        let problem: serde_json::Value = serde_json::from_str(&answer)
            .unwrap_or_else(|_| panic!("{method} {path}: {status} is no problem: {answer}"));
        for field in ["code", "detail"] {
            let text = problem[field].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{method} {path}: {status} without {field}: {answer}");
        }
    }
}

/// A pool server in this process, for as long as it lives.
struct Server {
    address: SocketAddr,
    token: String,
    agent: Agent,
    _folder: TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = TempDir::new().expect("the folder for temporary files can be written");
        let config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data_dir: folder.path().join("pool"),
            admin_sockets: vec![folder.path().join("pool").join("admin.sock")],
            log: "off".to_owned(),
            log_format: LogFormat::Text,
            trusted_proxies: Vec::new(),
            hosts: Vec::new(),
            unknown_variables: Vec::new(),
        };
        let (say, said) = std::sync::mpsc::channel();
        let serving = config.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
            runtime.expect("a runtime starts").block_on(async move {
                let clock = Arc::new(SystemClock::new());
                let definition = presets::infor_crm(2);
                init(&serving, definition, clock.clone()).await.expect("a store is made");
                let listener = TcpListener::bind(serving.listen).await.expect("a port is free");
                say.send(listener.local_addr().expect("it is bound")).expect("somebody waits");
                run(&serving, listener, clock, Shutdown::default()).await.expect("it serves");
            });
        });
        let address = said.recv_timeout(PATIENCE).expect("the server starts");
        let token = std::fs::read_to_string(config.admin_token_file()).expect("the token is there");
        let agent = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .build()
            .into();
        Self { address, token: token.trim().to_owned(), agent, _folder: folder }
    }

    fn ask(&self, method: &str, path: &str, body: &[u8]) -> (u16, String) {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .body(body.to_vec())
            .expect("a request can be made");
        let mut answer = self.agent.run(request).expect("the server answers");
        let text = answer.body_mut().read_to_string().expect("the answer is text");
        (answer.status().as_u16(), text)
    }
}
