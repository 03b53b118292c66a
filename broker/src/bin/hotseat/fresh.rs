//! Fresh ids: this program is the outermost caller, so it makes the ids of its intents.

use hotseat_protocol::ids::RequestId;

/// A new intent.
pub(crate) fn request() -> RequestId {
    RequestId::from_random(rand::random())
}
