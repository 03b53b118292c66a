//! Connections: taken one by one, limited in number, cut off when slow, closed in two steps.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service as _;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::forwarded::Forwarded;
use crate::lifecycle::{Shutdown, Tasks};

/// Connections at once, links included; further ones wait in the system's queue.
pub const CONNECTIONS_MAX: usize = 16_384;
/// How long a client may take to send the head of a request, the idle time before it included.
pub const HEAD_WITHIN: Duration = Duration::from_secs(75);
/// Bytes that one connection buffers for reading, at most.
const READ_BUFFER_BYTES_MAX: usize = 64 * 1024;
/// How long to wait after the system gave no connection, which is when files run out.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Takes connections until the end is requested, then returns; those under way end by themselves.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    forwarded: Forwarded,
    tasks: Tasks,
    shutdown: Shutdown,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = next(&listener, &room) => accepted,
            () = shutdown.requested() => return,
        };
        let Some((stream, peer, permit)) = accepted else { continue };
        let (router, forwarded) = (router.clone(), forwarded.clone());
        tasks.spawn(connection(stream, peer, permit, router, forwarded, shutdown.clone()));
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
    forwarded: Forwarded,
    shutdown: Shutdown,
) {
    // Answers are small and awaited: without this, each may wait for the peer's delayed
    // acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection without TCP_NODELAY");
    }
    // A link keeps its permit: it rides with the request that opens it.
    let permit = Arc::new(permit);
    let service = TowerToHyperService::new(router);
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        let address = forwarded.address(peer.ip(), request.headers());
        request.extensions_mut().insert(address);
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
