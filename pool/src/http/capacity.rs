//! What requests in flight may take, so that nobody keeps the server from anybody else. Health,
//! links, keeping (renewals and sign-offs) and asking (everything else) have capacity of their own;
//! in each, one caller has a part. A request counts there from when it is complete. Until then one of
//! a known caller is among a few of theirs, and one of a stranger costs a connection, of which
//! strangers have few (see [`super::connections`]).

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use hotseat_protocol::link::LINK_PATH;
use hotseat_protocol::problem::Code;
use hotseat_rules::Caller;

use super::BODY_BYTES_MAX;
use super::app::App;
use super::auth::Authenticated;
use super::connections::Place;
use super::error::{ApiError, with_status};
use super::forwarded::PeerAddress;
use crate::clock::Clock;

/// How long a request may take: a commit on a busy disk takes a few seconds.
const REQUEST_WITHIN: Duration = Duration::from_secs(30);
/// What a body may be, and how long it may take.
#[derive(Debug, Clone, Copy)]
struct BodyLimit {
    bytes: usize,
    within: Duration,
    /// What is said of whoever sends more.
    whose: &'static str,
}

/// A log-in is one packet.
const STRANGERS_BODY: BodyLimit = BodyLimit {
    bytes: STRANGER_BODY_BYTES_MAX,
    within: Duration::from_secs(5),
    whose: " that a caller without a valid token may send",
};
/// As long as any body may be, over a slow line.
const KNOWN_BODY: BodyLimit =
    BodyLimit { bytes: BODY_BYTES_MAX, within: Duration::from_secs(10), whose: "" };
/// How often that time is compared with the clock: a test's own clock jumps.
const LOOKED_EVERY: Duration = Duration::from_millis(500);
/// The longest body of a stranger: the longest password and address, every byte escaped.
pub(crate) const STRANGER_BODY_BYTES_MAX: usize = 16 * 1024;

/// Requests in flight of one caller, and of all.
#[derive(Debug, Clone, Copy)]
struct Share {
    each: usize,
    all: usize,
}

/// An answer takes milliseconds; probes come from a few places.
const HEALTH: Share = Share { each: 128, all: 256 };
/// Links that are being opened: ten thousand machines may come back through one proxy.
const LINKS: Share = Share { each: 1_024, all: 2_048 };
/// With [`ASKING`] no more than the engine's queue takes, so that none of them waits for it in
/// vain; an application server renews with a few.
const KEEPING: Share = Share { each: 512, all: 2_048 };
/// Requests of known callers whose bodies are under way; what they are for gives them no more.
const ARRIVING: Share = Share { each: 128, all: 8_192 };
/// An application server on a Monday morning; four of them.
const ASKING: Share = Share { each: 512, all: 2_048 };
/// Complete requests of strangers, mostly log-ins that wait for a hash: a few more than wait there.
const STRANGERS: Share = Share { each: 128, all: 1_024 };

/// Whose request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    Address(IpAddr),
    Caller(Caller),
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Health,
    Link,
    Keeping,
    Asking,
}

impl Purpose {
    fn of(method: &Method, path: &str) -> Self {
        if matches!(path, "/healthz" | "/activez" | "/readyz") {
            return Self::Health;
        }
        if path == LINK_PATH {
            return Self::Link;
        }
        let below = path.strip_prefix("/api/v1/").unwrap_or_default();
        let mut parts = below.split('/');
        let (first, second, third) = (parts.next(), parts.next(), parts.next());
        let keeps = match (first, second, third) {
            (Some("seats"), Some("renew"), None) | (Some("seats"), Some(_), Some("keep")) => {
                method == Method::POST
            }
            (Some("seats" | "places"), Some(_), None) | (Some("login"), None, None) => {
                method == Method::DELETE
            }
            _ => false,
        };
        if keeps { Self::Keeping } else { Self::Asking }
    }
}

/// The shares. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Capacity {
    app: App,
    health: Shared,
    links: Shared,
    arriving: Shared,
    keeping: Shared,
    asking: Shared,
    strangers: Shared,
}

impl Capacity {
    /// Nothing in flight yet.
    pub(crate) fn new(app: App) -> Self {
        Self {
            app,
            health: Shared::new("probes", HEALTH),
            links: Shared::new("links", LINKS),
            arriving: Shared::new("requests that are under way", ARRIVING),
            keeping: Shared::new("renewals and sign-offs", KEEPING),
            asking: Shared::new("requests of known callers", ASKING),
            strangers: Shared::new("requests of strangers", STRANGERS),
        }
    }
}

/// Answers a request within its share, and within [`REQUEST_WITHIN`].
pub(crate) async fn share(
    State(capacity): State<Capacity>,
    request: Request,
    next: Next,
) -> Response {
    let address = request.extensions().get::<PeerAddress>();
    let address = address.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.0);
    let place = request.extensions().get::<Arc<Place>>().cloned();
    let purpose = Purpose::of(request.method(), request.uri().path());
    let (request, share, whose) = match purpose {
        Purpose::Health => (request, &capacity.health, Whose::Address(address)),
        Purpose::Link => (request, &capacity.links, Whose::Address(address)),
        Purpose::Keeping | Purpose::Asking => match known(&capacity.app, request).await {
            Ok((request, Some(caller))) => {
                if let Some(place) = &place {
                    place.is_known();
                }
                let keeps = purpose == Purpose::Keeping;
                let share = if keeps { &capacity.keeping } else { &capacity.asking };
                let whose = Whose::Caller(caller);
                match arrived(&capacity, whose, request).await {
                    Ok(request) => (request, share, whose),
                    Err(response) => return response,
                }
            }
            Ok((request, None)) => {
                match complete(request, STRANGERS_BODY, &*capacity.app.clock).await {
                    Ok(request) => (request, &capacity.strangers, Whose::Address(address)),
                    Err(response) => return response,
                }
            }
            Err(error) => return error.into_response(),
        },
    };
    let Some(_held) = share.take(whose) else { return crowded() };
    let _busy = place.map(Place::works);
    match tokio::time::timeout(REQUEST_WITHIN, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let detail = "The pool server did not answer in time; the request may have an effect.";
            ApiError::new(Code::Unavailable, detail, "Repeat it with the same request_id.")
                .into_response()
        }
    }
}

/// Who asks, if the credentials are good; handlers find them with the request.
async fn known(app: &App, request: Request) -> Result<(Request, Option<Caller>), ApiError> {
    let (mut parts, body) = request.into_parts();
    let mut caller = None;
    if let Some(authenticated) = Authenticated::found(&parts, app).await? {
        caller = Some(authenticated.caller());
        parts.extensions.insert(authenticated);
    }
    Ok((Request::from_parts(parts, body), caller))
}

/// Waits for the body of a known caller, so that nobody takes others' capacity with halves. What
/// needs no body does not wait for one.
async fn arrived(capacity: &Capacity, whose: Whose, request: Request) -> Result<Request, Response> {
    if !matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH) {
        return Ok(request);
    }
    let Some(_arriving) = capacity.arriving.take(whose) else { return Err(crowded()) };
    complete(request, KNOWN_BODY, &*capacity.app.clock).await
}

/// Waits for a body, not for long.
async fn complete(
    request: Request,
    limit: BodyLimit,
    clock: &dyn Clock,
) -> Result<Request, Response> {
    let (parts, body) = request.into_parts();
    let length = parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let length = length.and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit.bytes) {
        return Err(too_long(limit));
    }
    let reading = to_bytes(body, limit.bytes);
    tokio::select! {
        read = reading => match read {
            Ok(bytes) => Ok(Request::from_parts(parts, Body::from(bytes))),
            Err(_) => Err(too_long(limit)),
        },
        () = passed(limit.within, clock) => {
            let detail = format!("The body did not come within {:?}.", limit.within);
            Err(with_status(StatusCode::REQUEST_TIMEOUT, ApiError::invalid(detail)))
        }
    }
}

/// Returns when this time has passed by the server's own clock.
async fn passed(time: Duration, clock: &dyn Clock) {
    let end = clock.mono() + time;
    loop {
        let left = end.since(clock.mono());
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(LOOKED_EVERY)).await;
    }
}

fn too_long(limit: BodyLimit) -> Response {
    let BodyLimit { bytes, whose, .. } = limit;
    let detail = format!("The body could not be read, or is longer than {bytes} bytes{whose}.");
    with_status(StatusCode::PAYLOAD_TOO_LARGE, ApiError::invalid(detail))
}

fn crowded() -> Response {
    let detail = "The pool server works on too many requests of this kind at once.";
    let next = "Try again in a moment.";
    ApiError::new(Code::Unavailable, detail, next).into_response()
}

#[derive(Debug, Clone)]
struct Shared {
    /// What it is a share for.
    what: &'static str,
    share: Share,
    counts: Arc<Mutex<Counts>>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Requests that found no room since the start.
    shed: u64,
    all: usize,
    each: BTreeMap<Whose, usize>,
}

/// One request's part of a share, until dropped.
#[derive(Debug)]
struct Held {
    whose: Whose,
    counts: Arc<Mutex<Counts>>,
}

impl Shared {
    fn new(what: &'static str, share: Share) -> Self {
        Self { what, share, counts: Arc::default() }
    }

    fn take(&self, whose: Whose) -> Option<Held> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let own = counts.each.get(&whose).copied().unwrap_or(0);
        if own >= self.share.each || counts.all >= self.share.all {
            counts.shed += 1;
            // Told at the first, second, fourth, eighth … time: a flood must not fill the log.
            if counts.shed.is_power_of_two() {
                let (times, in_flight, what) = (counts.shed, counts.all, self.what);
                tracing::warn!(times, in_flight, own, what, "a request found no room");
            }
            return None;
        }
        counts.all += 1;
        counts.each.insert(whose, own + 1);
        drop(counts);
        Some(Held { whose, counts: Arc::clone(&self.counts) })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all -= 1;
        if let Some(own) = counts.each.get_mut(&self.whose) {
            *own -= 1;
            if *own == 0 {
                counts.each.remove(&self.whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_has_a_part_and_leaves_the_rest_to_others() {
        let shared = Shared::new("tests", Share { each: 2, all: 3 });
        let caller = |n: u32| Whose::Address(IpAddr::V4(Ipv4Addr::from_bits(n)));
        let first = shared.take(caller(1)).unwrap();
        let _second = shared.take(caller(1)).unwrap();
        assert!(shared.take(caller(1)).is_none());
        let _third = shared.take(caller(2)).unwrap();
        assert!(shared.take(caller(3)).is_none());
        drop(first);
        assert!(shared.take(caller(3)).is_some());
        assert!(shared.take(caller(1)).is_some());
    }

    #[test]
    fn renewals_and_sign_offs_are_told_from_the_rest() {
        for (method, path, purpose) in [
            (Method::GET, "/healthz", Purpose::Health),
            (Method::GET, "/api/v1/link", Purpose::Link),
            (Method::POST, "/api/v1/seats/renew", Purpose::Keeping),
            (Method::POST, "/api/v1/seats/x/keep", Purpose::Keeping),
            (Method::DELETE, "/api/v1/seats/x", Purpose::Keeping),
            (Method::DELETE, "/api/v1/places/x", Purpose::Keeping),
            (Method::DELETE, "/api/v1/login", Purpose::Keeping),
            (Method::POST, "/api/v1/login", Purpose::Asking),
            (Method::POST, "/api/v1/seats/x/reclaim", Purpose::Asking),
            (Method::POST, "/api/v1/pools/x/seats", Purpose::Asking),
            (Method::GET, "/api/v1/me/history", Purpose::Asking),
        ] {
            assert_eq!(Purpose::of(&method, path), purpose, "{method} {path}");
        }
    }
}
