//! The people of the simulation: each machine has two OS users, each person a log-in.

use hotseat_broker::core::{OsUser, SavedAccount};
use hotseat_pool::rules::UserKind;
use hotseat_protocol::ids::{PoolId, Secret, UserId, WallTime};
use hotseat_protocol::link::AccountUser;

/// How many there are. The last has a licence of their own.
pub(super) const PEOPLE: u64 = 6;

/// The one pool.
#[must_use]
pub(super) fn pool() -> PoolId {
    PoolId::new("infor-crm").expect("a good name")
}

/// A person's id at the pool.
#[must_use]
pub(super) fn id(person: u64) -> UserId {
    UserId::from_random(u128::from(person) + 1)
}

/// A person's OS user, the same name on every machine.
#[must_use]
pub(super) fn os_user(person: u64) -> OsUser {
    OsUser(format!("{}", 1_000 + person))
}

/// Everybody.
pub(super) fn all() -> impl Iterator<Item = (UserId, UserKind)> {
    (0..PEOPLE).map(|person| {
        let named = person + 1 == PEOPLE;
        let kind = if named { UserKind::Named } else { UserKind::Concurrent };
        (id(person), kind)
    })
}

/// A person's log-in on a machine.
#[must_use]
pub(super) fn account(person: u64) -> SavedAccount {
    SavedAccount {
        token: Secret::new(person.to_string()),
        user: AccountUser {
            id: id(person),
            name: format!("person {person}"),
            email: format!("{person}@finance.example"),
            named: person + 1 == PEOPLE,
        },
        expires_at: WallTime { unix_ms: 0 },
    }
}

/// Whose token it is.
#[must_use]
pub(super) fn of_token(token: &Secret) -> UserId {
    id(token.expose().parse().expect("a token of the simulation"))
}
