//! Connections: taken one by one, limited in number, cut off when slow, closed in two steps.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service as _;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

use super::connections::{Connections, Place};
use super::forwarded::Forwarded;
use super::told::Told;
use super::unread::Unread;
use crate::lifecycle::{Shutdown, Tasks};

/// How long a client may take to send the head of a request, the idle time before it included.
pub const HEAD_WITHIN: Duration = Duration::from_secs(75);
/// How long a stranger's first head may take: programs send it at once, a browser may connect ahead.
const FIRST_HEAD_WITHIN: Duration = Duration::from_secs(10);
/// Bytes that one connection buffers for reading, at most.
const READ_BUFFER_BYTES_MAX: usize = 64 * 1024;
/// How long to wait after the system gave no connection, which is when files run out.
pub(super) const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// What every connection is served with. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Serving {
    /// Answers requests.
    pub(crate) router: Router,
    /// Who calls.
    pub(crate) forwarded: Forwarded,
    /// Who has a connection.
    pub(crate) connections: Connections,
    /// The connections under way.
    pub(crate) tasks: Tasks,
    /// Tells them to end.
    pub(crate) shutdown: Shutdown,
}

/// Takes connections until the end is requested, then returns; those under way end by themselves.
pub(crate) async fn serve(listener: TcpListener, serving: Serving) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = serving.shutdown.requested() => return,
        };
        match accepted {
            Ok((stream, peer)) => take(stream, peer.ip(), &serving),
            Err(error) => {
                tracing::warn!(%error, "no connection could be taken");
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
            }
        }
    }
}

fn take(stream: TcpStream, peer: IpAddr, serving: &Serving) {
    let peer = peer.to_canonical();
    // One that finds no room is closed.
    if let Some(place) = serving.connections.admit(peer, serving.forwarded.is_proxy(peer)) {
        serving.tasks.spawn(connection(stream, peer, Arc::new(place), serving.clone()));
    }
}

async fn connection(stream: TcpStream, peer: IpAddr, place: Arc<Place>, serving: Serving) {
    let Serving { router, forwarded, tasks, shutdown, .. } = serving;
    // Answers are small and awaited: without this, each may wait for the peer's delayed
    // acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection without TCP_NODELAY");
    }
    let has_asked = Arc::new(AtomicBool::new(forwarded.is_proxy(peer)));
    let asks = Arc::clone(&has_asked);
    // A link keeps its place: it rides with the request that opens it.
    let riding = Arc::downgrade(&place);
    let mark = move |request: &mut hyper::Request<Incoming>| {
        let address = forwarded.address(peer, request.headers());
        request.extensions_mut().insert(address);
        if let Some(place) = riding.upgrade() {
            request.extensions_mut().insert(place);
        }
        asks.store(true, Ordering::Relaxed);
    };
    let cut = async {
        tokio::select! {
            () = place.shed() => {}
            () = silent(&has_asked) => {}
        }
    };
    speak(stream, mark, cut, Ends { router, tasks, shutdown }).await;
}

/// Ends when a stranger's first head has not come in time; never for whoever has asked something.
async fn silent(has_asked: &AtomicBool) {
    tokio::time::sleep(FIRST_HEAD_WITHIN).await;
    if has_asked.load(Ordering::Relaxed) {
        std::future::pending().await
    }
}

/// Who answers, and when that ends.
pub(super) struct Ends {
    /// Answers requests.
    pub(super) router: Router,
    /// What is still under way.
    pub(super) tasks: Tasks,
    /// Tells it to end.
    pub(super) shutdown: Shutdown,
}

/// Answers the requests of one connection, each marked with who it is, until its end or until it
/// is cut off.
pub(super) async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    mark: impl Fn(&mut hyper::Request<Incoming>) + Send + 'static,
    cut: impl Future<Output = ()> + Send,
    Ends { router, tasks, shutdown }: Ends,
) {
    let service = TowerToHyperService::new(router);
    let upgraded = Arc::new(AtomicBool::new(false));
    let stream = Told::new(stream, Arc::clone(&upgraded));
    let stopping = shutdown.clone();
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        mark(&mut request);
        let request = request.map(|body| Unread::new(body, tasks.clone(), stopping.clone()));
        let answer = service.call(request);
        let upgraded = Arc::clone(&upgraded);
        async move {
            let response: Result<axum::response::Response, Infallible> = answer.await;
            let Ok(response) = response;
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                upgraded.store(true, Ordering::Relaxed);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let mut http = http1::Builder::new();
    // The router says the time: the library panics at a clock past the year 9999.
    http.auto_date_header(false)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(READ_BUFFER_BYTES_MAX);
    let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::pin!(connection);
    tokio::pin!(cut);
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
            () = cut.as_mut() => return,
        }
    }
}
