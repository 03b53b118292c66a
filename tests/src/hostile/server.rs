//! A real pool server in this process, on a store of its own and the computer's clocks.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hotseat_pool::clock::SystemClock;
use hotseat_pool::config::{Config, LogFormat};
use hotseat_pool::lifecycle::Shutdown;
use hotseat_pool::{init, run};
use hotseat_rules::presets;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use ureq::Agent;
use ureq::http::Request;

/// Nothing here takes this long unless it is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server, while it serves.
pub(super) struct Server {
    config: Config,
    token: String,
    agent: Agent,
    serving: Serving,
    _folder: TempDir,
}

struct Serving {
    address: SocketAddr,
    shutdown: Shutdown,
    thread: JoinHandle<()>,
}

impl Server {
    /// Serves a new store with one pool of two seats.
    pub(super) fn start() -> Self {
        let folder = TempDir::new().expect("the folder for temporary files can be written");
        let config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data_dir: folder.path().join("pool"),
            admin_sockets: vec![folder.path().join("pool").join("admin.sock")],
            log: "off".parse().expect("a level"),
            log_format: LogFormat::Text,
            trusted_proxies: Vec::new(),
            hosts: Vec::new(),
            unknown_variables: Vec::new(),
        };
        runtime().block_on(async {
            let clock = Arc::new(SystemClock::new());
            init(&config, presets::infor_crm(2), clock).await.expect("a store is made");
        });
        let serving = serve(&config);
        let token = std::fs::read_to_string(config.admin_token_file()).expect("the token is there");
        let agent = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            // A server may close a connection that is kept at any time.
            .max_idle_connections(0)
            .http_status_as_error(false)
            .build()
            .into();
        let token = token.trim().to_owned();
        Self { config, token, agent, serving, _folder: folder }
    }

    /// Ends the server and starts the next on the same store, which reads all of it first.
    pub(super) fn restart(&mut self) {
        self.serving.shutdown.request();
        let next = Serving {
            address: self.serving.address,
            shutdown: Shutdown::default(),
            thread: std::thread::spawn(|| {}),
        };
        let ended = std::mem::replace(&mut self.serving, next);
        ended.thread.join().expect("the server ends well");
        self.serving = serve(&self.config);
    }

    /// Where the store is.
    pub(super) fn data_dir(&self) -> &Path {
        &self.config.data_dir
    }

    /// The administrator's token.
    pub(super) fn admin(&self) -> &str {
        &self.token
    }

    /// Calls with a token. Whatever was said, the answer is one of the document's: never a panic,
    /// never a 5xx, and what is refused is refused in words that name the next step.
    pub(super) fn ask(&self, token: &str, method: &str, path: &str, body: &[u8]) -> (u16, String) {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.serving.address))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(body.to_vec())
            .expect("a request can be made");
        let mut answer = self.agent.run(request).expect("the server answers");
        let text = answer.body_mut().read_to_string().expect("the answer is text");
        let status = answer.status().as_u16();
        assert!(status < 500, "{method} {path}: {status} {text}");
        if status >= 400 {
            let problem: serde_json::Value = serde_json::from_str(&text)
                .unwrap_or_else(|_| panic!("{method} {path}: {status} is no problem: {text}"));
            for field in ["code", "detail"] {
                let said = problem[field].as_str().unwrap_or_default();
                assert!(!said.is_empty(), "{method} {path}: {status} without {field}: {text}");
            }
        }
        (status, text)
    }
}

fn serve(config: &Config) -> Serving {
    let (say, said) = std::sync::mpsc::channel();
    let (serving, shutdown) = (config.clone(), Shutdown::default());
    let until = shutdown.clone();
    let thread = std::thread::spawn(move || {
        runtime().block_on(async move {
            let listener = TcpListener::bind(serving.listen).await.expect("a port is free");
            say.send(listener.local_addr().expect("it is bound")).expect("somebody waits");
            let clock = Arc::new(SystemClock::new());
            run(&serving, listener, clock, until).await.expect("it serves");
        });
    });
    let address = said.recv_timeout(PATIENCE).expect("the server starts");
    Serving { address, shutdown, thread }
}

fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime starts")
}
