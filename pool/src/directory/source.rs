//! From where a password is typed, and the groups that a source belongs to.

use std::net::IpAddr;

use hotseat_protocol::ids::MachineId;
use sha2::{Digest as _, Sha256};

use crate::networks::networks;

/// Whoever types a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A caller over REST, by the smallest of its [`networks`].
    Address(IpAddr),
    /// Somebody at a machine, whose broker vouches for the operating system's user.
    Machine(MachineId, OsUserKey),
    /// An administrator, who sets passwords.
    Administrator,
}

/// Tells the OS users of one machine apart; of fixed size, whatever the machine sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OsUserKey([u8; 32]);

/// A step of the way from everybody to one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Whoever shows an administrator's credentials.
    Administration,
    /// All enrolled machines.
    Machines,
    /// Everybody over REST.
    Rest,
    /// One machine.
    Machine(MachineId),
    /// One user of it.
    OsUser(OsUserKey),
    /// A network, by its first address.
    Network(IpAddr),
}

impl Source {
    /// A caller over REST.
    #[must_use]
    pub fn address(address: IpAddr) -> Self {
        let [_, _, own] = networks(address);
        Self::Address(own)
    }

    /// Somebody at a machine; a broker of an older version does not say which OS user.
    #[must_use]
    pub fn machine(machine: MachineId, os_user: Option<&str>) -> Self {
        Self::Machine(machine, OsUserKey(Sha256::digest(os_user.unwrap_or_default()).into()))
    }

    /// The groups that this source is in, the largest first and the source itself last: its kind,
    /// which is had by credentials only; then what costs most to have many of.
    pub(super) fn path(self) -> [Step; 4] {
        match self {
            Self::Administrator => [Step::Administration; 4],
            Self::Machine(machine, user) => {
                [Step::Machines, Step::Machine(machine), Step::OsUser(user), Step::OsUser(user)]
            }
            Self::Address(address) => {
                let [wide, narrow, own] = networks(address).map(Step::Network);
                [Step::Rest, wide, narrow, own]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::address(text.parse().unwrap())
    }

    /// The number of groups that two sources have in common.
    fn shared(one: Source, other: Source) -> usize {
        let (one, other) = (one.path(), other.path());
        one.iter().zip(&other).take_while(|(one, other)| one == other).count()
    }

    #[test]
    fn numbers_of_addresses_are_one_group_and_kinds_are_apart() {
        assert_eq!(shared(source("127.0.0.1"), source("127.1.2.3")), 4);
        assert_eq!(shared(source("192.0.2.1"), source("192.0.2.2")), 3);
        assert_eq!(shared(source("2001:db8:1:2::1"), source("2001:db8:1:ffff::1")), 2);
        assert_eq!(shared(source("192.0.2.1"), source("2001:db8::1")), 1);
        let machine = |machine, user| Source::machine(MachineId::from_random(machine), Some(user));
        assert_eq!(shared(machine(1, "lucy"), machine(1, "bill")), 2);
        assert_eq!(shared(machine(1, "lucy"), machine(2, "lucy")), 1);
        let kinds = [machine(1, "lucy"), source("127.0.0.1"), Source::Administrator];
        for (n, one) in kinds.iter().enumerate() {
            let others = kinds.iter().skip(n + 1);
            assert!(others.map(|other| shared(*one, *other)).all(|groups| groups == 0));
        }
    }
}
