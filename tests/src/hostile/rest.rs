//! Requests that an application server never meant to send.

use std::sync::LazyLock;

use super::server::Server;

/// Where bodies are sent: method, path, and what the answer may be besides a refusal.
const DOORS: [(&str, &str); 13] = [
    ("POST", "/api/v1/pools/infor-crm/seats"),
    ("POST", "/api/v1/pools/infor-crm/checks"),
    ("POST", "/api/v1/seats/renew"),
    ("POST", "/api/v1/login"),
    ("POST", "/api/v1/users"),
    ("POST", "/api/v1/services"),
    ("PUT", "/api/v1/pools/another"),
    ("POST", "/api/v1/machines/invitations"),
    ("POST", "/api/v1/machines/enroll"),
    ("POST", "/api/v1/seats/00000000-0000-4000-8000-000000000001/reclaim"),
    ("POST", "/api/v1/seats/00000000-0000-4000-8000-000000000001/keep"),
    ("POST", "/api/v1/offers/00000000-0000-4000-8000-000000000001/accept"),
    ("POST", "/no/such/thing"),
];

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

/// The first byte says which door, the rest is the body, sent with the administrator's token.
///
/// Whatever it is, the answer is one of the document's: never a panic, never a 5xx, and what is
/// refused is refused in words that name the next step.
pub fn rest_bodies(bytes: &[u8]) {
    let Some((door, body)) = bytes.split_first() else {
        return;
    };
    let (method, path) = DOORS[usize::from(*door) % DOORS.len()];
    SERVER.ask(SERVER.admin(), method, path, body);
}
