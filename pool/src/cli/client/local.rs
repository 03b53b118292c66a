//! The server of this computer, by its administration socket. Each request has a connection of its
//! own, and who listens is looked at each time, before anything is sent.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use axum::http::Method;

use super::exchange::{Answer, Ask, NoAnswer, exchange};
use super::{ANSWER_WITHIN, CONNECT_WITHIN};
use crate::config::Config;
use crate::platform::{self, AdminStream};

/// How long a server may take to say that it lives: it needs no disk for that.
const HEALTH_WITHIN: Duration = Duration::from_secs(10);

/// A server that was found.
#[derive(Debug)]
pub(super) struct Local {
    path: PathBuf,
    data_dir: PathBuf,
    listen: SocketAddr,
}

impl Local {
    /// The first server that answers at one of the places.
    pub(super) async fn find(config: &Config) -> anyhow::Result<Option<Self>> {
        for path in &config.admin_sockets {
            let Some(stream) = connect(path, &config.data_dir).await? else { continue };
            let ask = Ask { method: Method::GET, path: "/healthz".to_owned(), body: None };
            let told = match exchange(stream, &ask, HEALTH_WITHIN).await {
                Ok(told) => told,
                // A server that ends takes no further request.
                Err(NoAnswer::Broken(error)) if is_end(&error) => continue,
                Err(error) => return Err(error).with_context(|| at(path)),
            };
            let listen = told.listen.filter(|_| told.status.is_success());
            let listen = listen.with_context(|| {
                format!("{}: it does not answer like a Hotseat pool server", at(path))
            })?;
            let (path, data_dir) = (path.clone(), config.data_dir.clone());
            return Ok(Some(Self { path, data_dir, listen }));
        }
        Ok(None)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where brokers reach it.
    pub(super) fn listen(&self) -> SocketAddr {
        self.listen
    }

    pub(super) async fn answer(&self, ask: &Ask) -> anyhow::Result<Answer> {
        let stream = connect(&self.path, &self.data_dir).await?;
        let stream = stream.with_context(|| {
            format!(
                "the server at {} has just ended; look at its log, and try again",
                self.path.display()
            )
        })?;
        exchange(stream, ask, ANSWER_WITHIN).await.with_context(|| at(&self.path))
    }
}

async fn connect(path: &Path, data_dir: &Path) -> anyhow::Result<Option<AdminStream>> {
    let connecting = platform::connect_admin(path, data_dir);
    let connected = tokio::time::timeout(CONNECT_WITHIN, connecting).await;
    Ok(connected.with_context(|| format!("{}: it takes no connection", at(path)))??)
}

fn is_end(error: &hyper::Error) -> bool {
    error.is_incomplete_message() || error.is_canceled() || error.is_closed()
}

fn at(path: &Path) -> String {
    format!(
        "no answer from the server at the administration socket {} (its log may say why; stop it \
         if it hangs)",
        path.display()
    )
}
