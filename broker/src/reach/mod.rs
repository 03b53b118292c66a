//! The one way to the pool server, for enrolment and link alike: names are looked up, the addresses
//! raced, a proxy asked where the environment names one, TLS spoken.
//!
//! It does not know what is said over the connection.

mod proxies;
mod race;
mod tls;

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::lookup_host;

use crate::server_url::ServerUrl;

pub use proxies::{Proxies, ProxyRefusal};
pub use race::{ADDRESS_WITHIN, ALL_WITHIN, NotReached, STAGGER, race};

/// A connection to the pool server, ready for HTTP.
pub type Wire = Box<dyn Duplex>;

/// What can be read and written.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// The addresses that a look-up found, the best first, or why it found none.
pub type Looked<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Where the addresses of a name come from.
pub trait LookUp: fmt::Debug + Send + Sync {
    /// The addresses of a name, the best first.
    fn addresses<'a>(&'a self, name: &'a str) -> Looked<'a>;
}

/// The operating system's own look-up.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookUp;

impl LookUp for SystemLookUp {
    fn addresses<'a>(&'a self, name: &'a str) -> Looked<'a> {
        Box::pin(async move {
            let found = lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Why there is no connection to the pool server.
#[derive(Debug, Error)]
pub enum ReachError {
    /// The name cannot be looked up.
    #[error("the name {name} cannot be looked up: {cause}")]
    Name {
        /// Which.
        name: String,
        /// Why.
        cause: io::Error,
    },
    /// Nobody answers there.
    #[error(transparent)]
    NotReached(#[from] NotReached),
    /// The proxy cannot be used.
    #[error(transparent)]
    Proxy(Box<ProxyRefusal>),
    /// Whoever answered cannot prove who it is, or speaks no TLS.
    #[error("TLS with {host} failed: {cause}")]
    Tls {
        /// With whom.
        host: String,
        /// Why.
        cause: io::Error,
    },
}

impl ReachError {
    /// What the TLS library said, where the two ends cannot agree on TLS.
    pub(crate) fn tls_failure(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Tls { cause, .. } => Some(cause),
            Self::Name { .. } | Self::NotReached(_) | Self::Proxy(_) => None,
        }
    }
}

/// How the pool server is reached.
#[derive(Debug, Clone)]
pub struct Reach {
    names: Arc<dyn LookUp>,
    proxies: Arc<Proxies>,
}

impl Reach {
    /// By the look-up and the proxies that are given.
    #[must_use]
    pub fn new(names: Arc<dyn LookUp>, proxies: Proxies) -> Self {
        Self { names, proxies: Arc::new(proxies) }
    }

    /// Opens a connection. The caller limits the whole of it; each part has a limit of its own.
    ///
    /// # Errors
    ///
    /// See [`ReachError`].
    pub async fn open(&self, server: &ServerUrl) -> Result<Wire, ReachError> {
        let proxy = self.proxies.to(server).map_err(|why| ReachError::Proxy(Box::new(why)))?;
        let wire = match proxy {
            None if server.is_this_machine() => self.dial_here(server).await?,
            None => self.dial(server.host(), server.port()).await?,
            Some(proxy) => {
                let refused = |why| ReachError::Proxy(Box::new(proxy.refused(why)));
                let there = self.dial(proxy.host(), proxy.port()).await;
                let mut wire = there.map_err(|error| refused(error.to_string()))?;
                if proxy.is_secure() {
                    let spoken = tls::speak(wire, proxy.host()).await;
                    wire = spoken.map_err(|cause| refused(format!("TLS failed: {cause}")))?;
                }
                proxy.tunnel(wire, server).await.map_err(|why| ReachError::Proxy(Box::new(why)))?
            }
        };
        if !server.is_secure() {
            return Ok(wire);
        }
        let host = server.host();
        let spoken = tls::speak(wire, host).await;
        spoken.map_err(|cause| ReachError::Tls { host: host.to_owned(), cause })
    }

    async fn dial(&self, host: &str, port: u16) -> Result<Wire, ReachError> {
        let found = self.addresses(host).await?;
        connect(&found, port).await
    }

    /// Whoever answers for the name `localhost` may say anything, and what is said to this computer
    /// is said without TLS: it never leaves it.
    async fn dial_here(&self, server: &ServerUrl) -> Result<Wire, ReachError> {
        let mut found = self.addresses(server.host()).await.unwrap_or_default();
        found.retain(|address| address.to_canonical().is_loopback());
        if found.is_empty() {
            found = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        }
        connect(&found, server.port()).await
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, ReachError> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(address) => Ok(vec![address]),
            Err(_) => {
                let failed = |cause| ReachError::Name { name: host.to_owned(), cause };
                let looking = tokio::time::timeout(ALL_WITHIN, self.names.addresses(bare)).await;
                looking
                    .map_err(|_| failed(io::Error::new(io::ErrorKind::TimedOut, "no answer")))?
                    .map_err(failed)
            }
        }
    }
}

async fn connect(found: &[IpAddr], port: u16) -> Result<Wire, ReachError> {
    let addresses: Vec<_> = found.iter().map(|ip| SocketAddr::new(*ip, port)).collect();
    Ok(Box::new(race(&addresses).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name service that answers what it likes.
    #[derive(Debug)]
    struct Says(Option<IpAddr>);

    impl LookUp for Says {
        fn addresses<'a>(&'a self, _: &'a str) -> Looked<'a> {
            let answer = self.0.ok_or_else(|| io::Error::other("no such name"));
            Box::pin(async move { Ok(vec![answer?]) })
        }
    }

    #[tokio::test]
    async fn whatever_localhost_is_said_to_be_nothing_leaves_this_computer() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        // Kept for documentation (RFC 5737): nobody answers there.
        for said in [Some("192.0.2.1".parse().unwrap()), None] {
            let reach = Reach::new(Arc::new(Says(said)), Proxies::none());
            let server = format!("http://localhost.:{port}").parse().unwrap();
            assert!(reach.open(&server).await.is_ok(), "{said:?}");
        }
    }
}
