//! The administration socket's connections: whom the operating system lets in is an administrator.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use axum::{Router, middleware};
use hyper::Request;
use hyper::body::Incoming;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::serve::{ACCEPT_AGAIN_AFTER, Ends, speak};
use crate::admin_socket::LocalAdministrator;
use crate::lifecycle::{Shutdown, Tasks};
use crate::platform::AdminListener;

/// Connections at once: a script runs a few commands side by side, and each has one.
const CONNECTIONS_MAX: usize = 64;
/// In every answer: where brokers and applications reach the same server.
pub(crate) const LISTEN: HeaderName = HeaderName::from_static("hotseat-listen");

/// Takes connections until the end is requested, then removes the socket.
pub(crate) async fn serve(
    listener: AdminListener,
    listen: SocketAddr,
    router: Router,
    tasks: Tasks,
    shutdown: Shutdown,
) {
    let router = naming(router, listen);
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let permit = tokio::select! {
            permit = Arc::clone(&room).acquire_owned() => permit,
            () = shutdown.requested() => return,
        };
        let Ok(permit) = permit else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.requested() => return,
        };
        let (stream, uid) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "no administrator's connection could be taken");
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                continue;
            }
        };
        let administrator = LocalAdministrator::Account(uid);
        let mark = move |request: &mut Request<Incoming>| {
            request.extensions_mut().insert(administrator);
        };
        let ends =
            Ends { router: router.clone(), tasks: tasks.clone(), shutdown: shutdown.clone() };
        tasks.spawn(speak(stream, mark, held(permit), ends));
    }
}

/// Keeps a connection's room for as long as it lasts; cuts nobody off.
async fn held(permit: OwnedSemaphorePermit) {
    let _permit = permit;
    std::future::pending().await
}

/// What listens at that address is so proved to be this server.
fn naming(router: Router, listen: SocketAddr) -> Router {
    let value = HeaderValue::try_from(listen.to_string()).ok();
    router.layer(middleware::map_response(move |mut response: Response| {
        let value = value.clone();
        async move {
            if let Some(value) = value {
                response.headers_mut().insert(LISTEN, value);
            }
            response
        }
    }))
}
