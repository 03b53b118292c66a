//! A client of the pool server with the administrator's token.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use hotseat_host::input;
use hotseat_protocol::ids::Secret;
use hotseat_protocol::problem::{Code, Problem};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpListener;
use ureq::Agent;
use ureq::http::{Method, Request};

use crate::RunError;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::journal::JournalError;
use crate::lifecycle::Shutdown;

/// The longest file that is read as a token, in bytes; one has some dozen.
const TOKEN_BYTES_MAX: usize = 4 * 1024;
/// How long one request may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// How long a server on this machine may take to accept a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// How often a command without a server tries to get the store: the next command of a script may
/// come while the one before it still closes the store.
const OWN_SERVER_TRIES: u32 = 40;
/// How long it waits in between.
const OWN_SERVER_PAUSE: Duration = Duration::from_millis(200);
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Speaks to the server that runs, or to one of its own.
pub(super) struct Client {
    agent: Agent,
    address: SocketAddr,
    token: Secret,
    token_file: PathBuf,
    own: Option<OwnServer>,
}

/// A server that lives as long as the command.
struct OwnServer {
    shutdown: Shutdown,
    thread: Option<JoinHandle<()>>,
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.shutdown.request();
        if let Some(thread) = self.thread.take() {
            // A panic there was told by the request that it broke.
            let _ = thread.join();
        }
    }
}

impl Client {
    /// Finds the server that listens where the configuration says; without one, opens the store.
    pub(super) fn connect(config: &Config) -> anyhow::Result<Self> {
        if !config.store_file().exists() {
            // Nothing here can be opened; the token of a server elsewhere may be.
            read_token(config)?;
        }
        let mut client = Self::find(config)?;
        // A server that starts here makes a token that is missing.
        client.token = read_token(config)?;
        Ok(client)
    }

    fn find(config: &Config) -> anyhow::Result<Self> {
        let agent: Agent = Agent::config_builder()
            .timeout_global(Some(ANSWER_WITHIN))
            .http_status_as_error(false)
            // The token is shown to this server and to no other.
            .max_redirects(0)
            .proxy(None)
            .build()
            .into();
        let token_file = config.admin_token_file();
        let token = Secret::new("");
        let mut client = Self { agent, address: config.listen, token, token_file, own: None };
        for last in (0..OWN_SERVER_TRIES).map(|n| n + 1 == OWN_SERVER_TRIES) {
            if TcpStream::connect_timeout(&config.listen, CONNECT_WITHIN).is_ok() {
                return Ok(client);
            }
            match OwnServer::start(config) {
                Ok((address, own)) => {
                    client.address = address;
                    client.own = Some(own);
                    return Ok(client);
                }
                // Another command that takes a moment, or a server that starts.
                Err(error) if is_in_use(&error).is_some() && !last => {
                    std::thread::sleep(OWN_SERVER_PAUSE);
                }
                Err(error) => return Err(in_use_elsewhere(error, config.listen)),
            }
        }
        Ok(client)
    }

    /// Whether a server was running.
    pub(super) fn is_running(&self) -> bool {
        self.own.is_none()
    }

    /// Where the server that brokers use listens.
    pub(super) fn url(&self, config: &Config) -> String {
        format!("http://{}", config.listen)
    }

    pub(super) fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.json(Method::GET, path, None::<&()>)
    }

    pub(super) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        self.json(Method::POST, path, Some(body))
    }

    pub(super) fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        self.json(Method::PUT, path, Some(body))
    }

    pub(super) fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        self.json(Method::PATCH, path, Some(body))
    }

    pub(super) fn delete(&self, path: &str) -> anyhow::Result<()> {
        self.text(Method::DELETE, path, None::<&()>).map(drop)
    }

    fn json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> anyhow::Result<T> {
        let text = self.text(method, path, body)?;
        serde_json::from_str(&text).with_context(|| self.strange())
    }

    fn text(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> anyhow::Result<String> {
        let uri = format!("http://{}{path}", self.address);
        let bearer = format!("Bearer {}", self.token.expose());
        let request = Request::builder().method(method).uri(uri).header("Authorization", bearer);
        let response = match body {
            Some(body) => {
                let body = serde_json::to_string(body).context("the request cannot be written")?;
                let request = request.header("Content-Type", "application/json");
                self.agent.run(request.body(body)?)
            }
            None => self.agent.run(request.body(())?),
        };
        let mut response = response.with_context(|| format!("no answer from {}", self.address))?;
        let status = response.status();
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
        let text = body.read_to_string().with_context(|| self.strange())?;
        if status.is_success() {
            return Ok(text);
        }
        match serde_json::from_str::<Problem>(&text) {
            Ok(problem) => Err(self.told(&problem)),
            Err(_) => bail!("{} (status {status})", self.strange()),
        }
    }

    /// A problem for whoever typed a command and knows nothing of requests.
    fn told(&self, problem: &Problem) -> anyhow::Error {
        if problem.code == Code::NotAuthenticated {
            return anyhow!(
                "the server at {} does not know the administrator's token in {}: check --data-dir \
                 and --listen. If this is its directory, remove that file and start the server \
                 again, which makes a new one",
                self.address,
                self.token_file.display()
            );
        }
        if matches!(problem.code, Code::Invalid | Code::NotFound) {
            return anyhow!("{}", problem.detail);
        }
        anyhow!("{problem}")
    }

    fn strange(&self) -> String {
        format!(
            "what listens at {} does not answer like a Hotseat pool server; give another --listen",
            self.address
        )
    }
}

fn read_token(config: &Config) -> anyhow::Result<Secret> {
    let file = config.admin_token_file();
    let text = input::file(&file, TOKEN_BYTES_MAX).map_err(|error| {
        let next = if error.kind() != std::io::ErrorKind::NotFound {
            "only its owner may administer the pool: run this as that user"
        } else if config.store_file().exists() {
            "start the server again, which makes a new one"
        } else {
            "make a store with `hotseat-pool init`, or say where it is with --data-dir"
        };
        anyhow!("cannot read the administrator's token {}: {error}; {next}", file.display())
    })?;
    Ok(Secret::new(text.trim()))
}

impl OwnServer {
    /// Starts a server on a port that nobody else knows.
    fn start(config: &Config) -> anyhow::Result<(SocketAddr, Self)> {
        let shutdown = Shutdown::default();
        let (ready, started) = mpsc::channel();
        let (config, asked) = (config.clone(), shutdown.clone());
        let thread = std::thread::Builder::new().name("own server".to_owned());
        let thread = thread
            .spawn(move || {
                let result = serve_until(&config, asked, &ready);
                // After the start nobody listens any more; before it, this is its answer.
                let _ = ready.send(result.map(|()| None));
            })
            .context("cannot start a thread")?;
        let own = Self { shutdown, thread: Some(thread) };
        match started.recv().context("the server ended at once")? {
            Ok(Some(address)) => Ok((address, own)),
            Ok(None) => bail!("the server ended at once"),
            Err(error) => Err(error),
        }
    }
}

/// The store that another program has, if that is why no server could start.
fn is_in_use(error: &anyhow::Error) -> Option<&Path> {
    let run_error = error.downcast_ref::<RunError>();
    if let Some(RunError::Store(JournalError::InUse(path))) = run_error { Some(path) } else { None }
}

fn in_use_elsewhere(error: anyhow::Error, listen: SocketAddr) -> anyhow::Error {
    if let Some(path) = is_in_use(&error) {
        return anyhow!(
            "a server has the store {} but does not answer at {listen}: say where it listens with \
             --listen, or stop it",
            path.display()
        );
    }
    error
}

type Started = mpsc::Sender<anyhow::Result<Option<SocketAddr>>>;

fn serve_until(config: &Config, shutdown: Shutdown, ready: &Started) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("cannot listen on this machine")?;
        let address = listener.local_addr()?;
        let clock = Arc::new(SystemClock::new());
        let serving = crate::run_then(config, listener, clock, shutdown, || {
            // The command that asked waits for this.
            let _ = ready.send(Ok(Some(address)));
        });
        Ok(serving.await?)
    })
}
