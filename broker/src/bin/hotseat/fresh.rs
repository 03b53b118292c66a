//! Fresh ids: this program is the outermost caller, so it makes the ids of its intents.

use hotseat_protocol::ids::RequestId;

/// A new intent.
#[expect(clippy::disallowed_methods, reason = "the one place where this program makes ids")]
pub(crate) fn request() -> RequestId {
    RequestId::from_random(rand::random())
}
