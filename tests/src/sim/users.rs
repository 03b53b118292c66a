//! The people of the simulation: each machine has two OS users, each person a log-in.

use hotseat_broker_core::{OsUser, SavedAccount};
use hotseat_protocol::ids::{PoolId, Secret, UserId, WallTime};
use hotseat_protocol::link::AccountUser;
use hotseat_rules::UserKind;

/// The one pool.
#[must_use]
pub(super) fn pool() -> PoolId {
    PoolId::new("infor-crm").expect("a good name")
}

/// The two people of a machine.
#[must_use]
pub(super) fn of_machine(machine: usize) -> [u64; 2] {
    [machine as u64 * 2, machine as u64 * 2 + 1]
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

/// A person's kind of licence.
#[must_use]
pub(super) fn kind(named: bool) -> UserKind {
    if named { UserKind::Named } else { UserKind::Concurrent }
}

/// A person as an account shows them.
#[must_use]
pub(super) fn account_user(person: u64, named: bool) -> AccountUser {
    AccountUser {
        id: id(person),
        name: format!("person {person}"),
        email: format!("{person}@finance.example"),
        named,
    }
}

/// A log-in on a machine.
#[must_use]
pub(super) fn account(token: Secret, person: u64, named: bool) -> SavedAccount {
    let user = account_user(person, named);
    SavedAccount { token, user, expires_at: WallTime { unix_ms: 0 } }
}
