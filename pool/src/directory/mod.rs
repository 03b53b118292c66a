//! Who people, machines and services are: names, e-mails, hashes, tokens.
//!
//! Nothing here is in the journal, which knows only ids, so that a person can be erased.
//! What the rules decide by (kind, enabled, revoked) is not here but in the journal's state.
//! One thread owns the connection to the tables; everybody else sends it work. What is shown often
//! ([`Names`]) is published whole after each change.
//!
//! Tokens and invitations end by the server's own time ([`lasting`]), because they must outlive
//! restarts and no setting of the wall clock may end them.

mod attempts;
mod email;
mod hashing;
pub mod lasting;
mod machine_links;
mod machines;
mod names;
mod own_time;
mod passwords;
mod people;
mod position_key;
pub(crate) mod rate;
mod rows;
mod services;
mod source;
mod stored_hash;
mod tokens;
mod worker;

use hotseat_protocol::bounded_text::DisplayName;
use hotseat_protocol::ids::IdError;
use hotseat_protocol::text::is_unseen;
use thiserror::Error;
use unicode_normalization::UnicodeNormalization as _;

use crate::journal::JournalError;

pub use attempts::Attempts;
pub use email::Email;
pub use machine_links::LinkRecord;
pub use machines::MachineRecord;
pub use names::{Names, Person};
pub(crate) use own_time::WRITTEN_EVERY;
pub use passwords::Passwords;
pub use people::{Changed, NewPerson};
pub use position_key::PositionKey;
pub use rate::Refusals;
pub(crate) use services::may_be_called;
pub use services::{Service, ServiceRecord};
pub use source::Source;
pub use tokens::{Principal, Token, UserToken};
pub(crate) use tokens::{is_admin, set_admin};
pub use worker::Directory;

/// Why the directory did not do what was asked.
#[derive(Debug, Error)]
pub enum DirectoryError {
    /// The e-mail address is somebody's already.
    #[error("the address {0} is taken: each person has an e-mail address of their own")]
    EmailTaken(String),
    /// The name is a service's already.
    #[error("there is already a service named {0}: choose another name, or revoke that one first")]
    ServiceTaken(String),
    /// A text cannot be used.
    #[error("{key}: {why}")]
    Invalid {
        /// Which field.
        key: &'static str,
        /// What is wrong, and what is allowed.
        why: String,
    },
    /// The invitation was used, has ended, or never was.
    #[error("this invitation is not valid (any more): it works once and for one hour")]
    InvitationOver,
    /// Too many passwords wait to be tested.
    #[error("too many log-ins at once")]
    Busy,
    /// What is stored of a person's password cannot be used.
    #[error("your password cannot be checked: what the pool server keeps of it cannot be used")]
    UnusablePassword,
    /// The tables cannot be read or written.
    #[error(transparent)]
    Store(#[from] JournalError),
    /// What is in the tables cannot be.
    #[error(
        "the directory is damaged ({0}): `hotseat-pool verify` says how much of it; put a backup back \
         with `hotseat-pool restore FILE --replace`"
    )]
    Damaged(String),
    /// The server ends.
    #[error("the server is stopping")]
    Stopping,
}

impl From<rusqlite::Error> for DirectoryError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<IdError> for DirectoryError {
    fn from(error: IdError) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// Checks a name for people, and brings it into Unicode's normal form C: what looks the same is the
/// same. It is judged as it was typed; the form may be longer.
///
/// # Errors
///
/// When it is no [`DisplayName`].
pub(crate) fn checked_name(key: &'static str, text: &str) -> Result<String, DirectoryError> {
    match DisplayName::new(text) {
        Ok(name) => Ok(name.as_str().nfc().collect()),
        Err(why) => Err(DirectoryError::Invalid { key, why: why.to_string() }),
    }
}

#[cfg(test)]
mod tests;
