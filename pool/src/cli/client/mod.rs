//! A client of the pool server for its administrators.
//!
//! On the server's computer it comes in by the administration socket, without a token, or opens
//! the store itself when no server has it. The administrator's token goes to a server elsewhere
//! only, and only once that one has shown its certificate.

mod exchange;
mod local;
mod own;
mod remote;

use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use axum::http::Method;
use hotseat_protocol::problem::{Code, Problem};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;

use self::exchange::{Answer, Ask};
use self::local::Local;
use self::own::Own;
use self::remote::Remote;
use crate::RunError;
use crate::config::Config;
use crate::journal::JournalError;
use crate::{output, platform};

/// How long one request may take, its answer included.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// How long a server on this machine may take to accept a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// How often a command without a server tries to get the store: the next command of a script may
/// come while the one before it still closes the store.
const OWN_SERVER_TRIES: u32 = 40;
/// How long it waits in between.
const OWN_SERVER_PAUSE: Duration = Duration::from_millis(200);
/// Bytes of an answer that are read: a list of ten thousand people is a few MB.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Speaks to the server that runs, or to the store itself.
pub(super) struct Client {
    runtime: Runtime,
    way: Way,
    /// Where brokers reach the server.
    url: String,
}

/// By which way a server is asked.
enum Way {
    /// The server of this computer.
    Local(Local),
    /// None runs: this process has the store.
    Own(Box<Own>),
    /// By its address, with the administrator's token.
    Remote(Remote),
}

impl Client {
    /// Finds the server of this store; without one, opens the store. With an address, asks the
    /// server there.
    pub(super) fn connect(config: &Config, server: Option<&str>) -> anyhow::Result<Self> {
        let runtime = Runtime::new().context("cannot start the runtime")?;
        if let Some(server) = server {
            return Self::to(config, server, runtime);
        }
        expect_store(config)?;
        let here = format!("http://{}", config.listen);
        for last in (0..OWN_SERVER_TRIES).map(|n| n + 1 == OWN_SERVER_TRIES) {
            if let Some(local) = runtime.block_on(Local::find(config))? {
                let url = format!("http://{}", local.listen());
                return Ok(Self { runtime, way: Way::Local(local), url });
            }
            if platform::ASKS_BY_LOOPBACK
                && TcpStream::connect_timeout(&config.listen, CONNECT_WITHIN).is_ok()
            {
                let way = Way::Remote(Remote::on_loopback(config)?);
                return Ok(Self { runtime, way, url: here });
            }
            match runtime.block_on(Own::start(config)) {
                Ok(own) => {
                    let way = Way::Own(Box::new(own));
                    return Ok(Self { runtime, way, url: here });
                }
                // Another command that takes a moment, or a server that starts.
                Err(error) if in_use(&error).is_some() && !last => {
                    std::thread::sleep(OWN_SERVER_PAUSE);
                }
                Err(error) => return Err(in_use_elsewhere(error, config)),
            }
        }
        bail!("the store in {} was in use all the time; try again", config.data_dir.display())
    }

    /// Asks the server at an address.
    fn to(config: &Config, server: &str, runtime: Runtime) -> anyhow::Result<Self> {
        let address = remote::Address::parse(server)?;
        let url = address.to_string();
        if address.is_secure() {
            let way = Way::Remote(Remote::new(config, &address)?);
            return Ok(Self { runtime, way, url });
        }
        // Only a server that this computer's socket proves to be the one at that address.
        let local = runtime.block_on(Local::find(config))?;
        match local.filter(|local| address.names(local.listen())) {
            Some(local) => Ok(Self { runtime, way: Way::Local(local), url }),
            None => bail!(
                "the administrator's token is not sent to {url}: without TLS whoever listens there \
                 could read it. Give an https:// address, or leave --server out on the computer \
                 where the server runs"
            ),
        }
    }

    /// Whether a server was running.
    pub(super) fn is_running(&self) -> bool {
        !matches!(self.way, Way::Own(_))
    }

    /// Where the server that brokers use listens.
    pub(super) fn url(&self) -> &str {
        &self.url
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

    /// Posts what has neither a body nor an answer.
    pub(super) fn run(&self, path: &str) -> anyhow::Result<()> {
        self.text(Method::POST, path, None::<&()>).map(drop)
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
        let body = body.map(serde_json::to_string).transpose();
        let body = body.context("the request cannot be written")?;
        let acts = method != Method::GET;
        let ask = Ask { method, path: path.to_owned(), body };
        let answer = match &self.way {
            Way::Local(local) => self.runtime.block_on(local.answer(&ask)),
            Way::Own(own) => self.runtime.block_on(own.answer(&ask)),
            Way::Remote(remote) => remote.answer(&ask),
        };
        let Answer { status, text, .. } = answer?;
        if status.is_success() {
            if acts {
                output::acted();
            }
            return Ok(text);
        }
        match serde_json::from_str::<Problem>(&text) {
            Ok(problem) => Err(self.told(&problem)),
            Err(_) => bail!("{} (status {status})", self.strange()),
        }
    }

    /// A problem for whoever typed a command and knows nothing of requests.
    fn told(&self, problem: &Problem) -> anyhow::Error {
        if let (Code::NotAuthenticated, Way::Remote(remote)) = (problem.code, &self.way) {
            return remote.unknown_token();
        }
        if matches!(problem.code, Code::Invalid | Code::NotFound) {
            return anyhow!("{}", problem.detail);
        }
        anyhow!("{problem}")
    }

    fn strange(&self) -> String {
        let at = match &self.way {
            Way::Local(local) => local.path().display().to_string(),
            Way::Own(_) | Way::Remote(_) => self.url.clone(),
        };
        format!("what listens at {at} does not answer like a Hotseat pool server")
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Way::Own(own) = &mut self.way {
            self.runtime.block_on(own.stop());
        }
    }
}

fn expect_store(config: &Config) -> anyhow::Result<()> {
    let store = config.store_file();
    JournalError::is_there(&store)?;
    let next = match store.try_exists() {
        Ok(true) => return Ok(()),
        Ok(false) => {
            "make a store with `hotseat-pool init`, say where it is with --data-dir, or give the \
             address of a server elsewhere with --server"
        }
        Err(_) => "only its owner may administer the pool: run this as that user",
    };
    bail!("there is no pool server's store at {}; {next}", store.display())
}

/// The store that another program has, if that is why it could not be opened.
fn in_use(error: &RunError) -> Option<&Path> {
    if let RunError::Store(JournalError::InUse(path)) = error { Some(path) } else { None }
}

fn in_use_elsewhere(error: RunError, config: &Config) -> anyhow::Error {
    let Some(store) = in_use(&error) else { return error.into() };
    let sockets: Vec<String> =
        config.admin_sockets.iter().map(|path| path.display().to_string()).collect();
    anyhow!(
        "a server has the store {} but does not answer at {}: say where its administration socket \
         is with --admin-socket (its log says so at the start), or stop it",
        store.display(),
        sockets.join(" or ")
    )
}
