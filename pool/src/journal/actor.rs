//! Who acted, where an event itself does not say it: administrators, and services that answer for
//! others. What a person or a machine asked for names its caller in the event.

use hotseat_protocol::ids::ServiceId;
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
