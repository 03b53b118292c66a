//! Who acted, where an event itself does not say it: administrators, and services that answer for
//! others. What a person or a machine asked for names its caller in the event.

use std::net::IpAddr;

use hotseat_protocol::ids::{ServiceId, UserId};
use hotseat_protocol::text::is_unseen;

/// Characters that are kept of an account's name: longer ones are no names that people type.
const NAME_CHARACTERS_MAX: usize = 64;

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// An account of the server's computer, which came in by the administration socket or opened
    /// the store itself.
    Account {
        /// Its number.
        uid: u32,
        /// Its name then; the number may be another account's by now.
        name: Option<String>,
    },
    /// Whoever has the administrator's token.
    AdminToken,
    /// Whoever opened the store itself, on a system that does not number its accounts.
    Store,
    /// A service token.
    Service(ServiceId),
}

/// Who acted, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// The address that they asked from, where there was one.
    pub address: Option<IpAddr>,
}

impl From<Actor> for By {
    fn from(actor: Actor) -> Self {
        Self { actor, address: None }
    }
}

/// From where whoever acted asked. It is kept beside the record and is no part of it, so that it
/// can be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActorAddress {
    /// The address.
    pub address: IpAddr,
    /// Whom the record is about: erased with them.
    pub person: Option<UserId>,
}

impl Actor {
    /// An account, with its name as far as it can be shown.
    #[must_use]
    pub fn account(uid: u32, name: Option<String>) -> Self {
        let shown = |name: String| {
            let seen = name.chars().filter(|letter| !is_unseen(*letter));
            seen.take(NAME_CHARACTERS_MAX).collect::<String>()
        };
        Self::Account { uid, name: name.map(shown).filter(|name| !name.is_empty()) }
    }

    /// Whoever runs this process, for a command that opens the store itself.
    #[must_use]
    pub fn of_this_process() -> Self {
        match crate::platform::own_account() {
            Some(uid) => Self::account(uid, crate::platform::account_name(uid)),
            None => Self::Store,
        }
    }
}
