//! Whoever acted, as it is stored: the member `actor` beside those of the event. A record without
//! it, such as an older program's, names nobody.

use hotseat_protocol::ids::ServiceId;
use serde::{Deserialize, Serialize};

use super::{FormError, from_json, to_json};
use crate::journal::actor::Actor;

/// The member's name; no event has one of this name.
const MEMBER: &str = "\"actor\":";

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredActor {
    Account {
        uid: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    AdminToken,
    Store,
    Service(ServiceId),
}

/// What of an event's JSON is read here.
#[derive(Deserialize)]
struct Acted {
    #[serde(default)]
    actor: Option<StoredActor>,
}

/// Adds the actor to an event's JSON, which is an object with at least one member.
pub(super) fn add(mut payload: String, actor: &Actor) -> String {
    let stored = to_json(&StoredActor::from(actor));
    payload.truncate(payload.len().saturating_sub(1));
    payload.push(',');
    payload.push_str(MEMBER);
    payload.push_str(&stored);
    payload.push('}');
    payload
}

/// The actor of an event's JSON, if it has one.
pub(super) fn find(payload: &str) -> Result<Option<Actor>, FormError> {
    // Most records have none, and a start reads many.
    if !payload.contains(MEMBER) {
        return Ok(None);
    }
    Ok(from_json::<Acted>(payload.as_bytes())?.actor.map(Actor::from))
}

impl From<&Actor> for StoredActor {
    fn from(actor: &Actor) -> Self {
        match actor {
            Actor::Account { uid, name } => Self::Account { uid: *uid, name: name.clone() },
            Actor::AdminToken => Self::AdminToken,
            Actor::Store => Self::Store,
            Actor::Service(service) => Self::Service(*service),
        }
    }
}

impl From<StoredActor> for Actor {
    fn from(actor: StoredActor) -> Self {
        match actor {
            StoredActor::Account { uid, name } => Self::Account { uid, name },
            StoredActor::AdminToken => Self::AdminToken,
            StoredActor::Store => Self::Store,
            StoredActor::Service(service) => Self::Service(service),
        }
    }
}
