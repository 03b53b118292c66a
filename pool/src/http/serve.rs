//! Connections: taken one by one, limited in number, cut off when slow, closed in two steps.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::HeaderMap;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service as _;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::lifecycle::{Shutdown, Tasks};

/// Connections at once, links included; further ones wait in the system's queue.
pub const CONNECTIONS_MAX: usize = 16_384;
/// How long a client may take to send the head of a request, the idle time before it included.
pub const HEAD_WITHIN: Duration = Duration::from_secs(75);
/// Bytes that one connection buffers for reading, at most.
const READ_BUFFER_BYTES_MAX: usize = 64 * 1024;
/// How long to wait after the system gave no connection, which is when files run out.
pub(super) const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PeerAddress(pub(crate) IpAddr);

impl PeerAddress {
    /// A proxy on this machine says for whom it asks, last in `X-Forwarded-For`: what stands
    /// before that, the caller may have made up. Everybody else is whoever the system says.
    fn of(peer: IpAddr, headers: &HeaderMap) -> Self {
        let last = headers.get_all("x-forwarded-for").iter().next_back();
        let last = last.filter(|_| peer.is_loopback()).and_then(|last| last.to_str().ok());
        let named = last.and_then(|last| last.rsplit(',').next());
        Self(named.and_then(|named| named.trim().parse().ok()).unwrap_or(peer))
    }
}

/// Takes connections until the end is requested, then returns; those under way end by themselves.
pub(crate) async fn serve(listener: TcpListener, router: Router, tasks: Tasks, shutdown: Shutdown) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = next(&listener, &room) => accepted,
            () = shutdown.requested() => return,
        };
        let Some((stream, peer, permit)) = accepted else { continue };
        tasks.spawn(connection(stream, peer, permit, router.clone(), shutdown.clone()));
    }
}

async fn next(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, permit)),
        Err(error) => {
            tracing::warn!(%error, "no connection could be taken");
            tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
            None
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    permit: OwnedSemaphorePermit,
    router: Router,
    shutdown: Shutdown,
) {
    // Answers are small and awaited: without this, each may wait for the peer's delayed
    // acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection without TCP_NODELAY");
    }
    let mark = move |request: &mut hyper::Request<Incoming>| {
        let address = PeerAddress::of(peer.ip(), request.headers());
        request.extensions_mut().insert(address);
    };
    speak(stream, mark, permit, router, shutdown).await;
}

/// Answers the requests of one connection, each marked with who it is, until its end.
pub(super) async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    mark: impl Fn(&mut hyper::Request<Incoming>) + Send + 'static,
    permit: OwnedSemaphorePermit,
    router: Router,
    shutdown: Shutdown,
) {
    // A link keeps its permit: it rides with the request that opens it.
    let permit = Arc::new(permit);
    let service = TowerToHyperService::new(router);
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        mark(&mut request);
        request.extensions_mut().insert(Arc::clone(&permit));
        let answer = service.call(request);
        async move {
            let response: Result<_, Infallible> = answer.await;
            response
        }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(READ_BUFFER_BYTES_MAX);
    let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::pin!(connection);
    let mut closing = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended badly");
                }
                return;
            }
            () = shutdown.requested(), if !closing => {
                closing = true;
                connection.as_mut().graceful_shutdown();
            }
            () = shutdown.forced() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_on_this_machine_is_believed_and_only_its_own_word() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let headers = |lines: &[&'static str]| {
            let lines = lines.iter().map(|line| {
                ("x-forwarded-for".parse().unwrap(), hyper::header::HeaderValue::from_static(line))
            });
            lines.collect::<HeaderMap>()
        };
        let (here, there) = (ip("127.0.0.1"), ip("192.0.2.7"));
        for (peer, lines, expected) in [
            (here, &[][..], here),
            (here, &["192.0.2.1"][..], ip("192.0.2.1")),
            (here, &["192.0.2.9, 192.0.2.1"][..], ip("192.0.2.1")),
            (here, &["192.0.2.9", "2001:db8::1"][..], ip("2001:db8::1")),
            (here, &["somebody"][..], here),
            (there, &["192.0.2.1"][..], there),
        ] {
            assert_eq!(PeerAddress::of(peer, &headers(lines)).0, expected, "{peer} {lines:?}");
        }
    }
}
