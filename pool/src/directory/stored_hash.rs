//! A password hash as a store keeps it, and what working it out may cost.
//!
//! A hash names its own cost, and a store may come from elsewhere or be damaged: without bounds,
//! one row could keep a log-in, and with it the server's stop, waiting for days. Only a
//! [`StoredHash`] can be compared with a password, so none is worked out unjudged.

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use thiserror::Error;

/// The most memory, in KiB: three times what a hash of this server takes.
pub(super) const MEMORY_KIB_MAX: u32 = 64 * 1024;
/// The most passes over that memory: four times as many as in a hash of this server.
pub(super) const PASSES_MAX: u32 = 8;
/// The most lanes, which are worked out one after the other here.
pub(super) const LANES_MAX: u32 = 4;

/// Why a hash that is stored cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Unusable {
    /// It is not the text of an argon2 hash.
    #[error("it is not an argon2 hash in PHC form ({0})")]
    NoHash(String),
    /// It would take more than a log-in may.
    #[error("its {what} is {value}: at most {most} is worked out")]
    TooCostly {
        /// Which of its parameters, with its unit.
        what: &'static str,
        /// What it says.
        value: u32,
        /// The bound.
        most: u32,
    },
}

/// A hash that costs no more than a log-in may.
#[derive(Debug)]
pub(super) struct StoredHash {
    algorithm: Algorithm,
    version: Version,
    costs: Params,
    salt: Salt,
    output: Output,
}

impl StoredHash {
    /// Reads a hash.
    ///
    /// # Errors
    ///
    /// When it is none, or would cost too much.
    pub(super) fn read(text: &str) -> Result<Self, Unusable> {
        let hash = PasswordHash::new(text).map_err(no_hash)?;
        let algorithm = Algorithm::try_from(hash.algorithm.as_str()).map_err(no_hash)?;
        let version = hash.version.map(Version::try_from).transpose().map_err(no_hash)?;
        let (Some(salt), Some(output)) = (hash.salt, hash.hash) else {
            return Err(no_hash("salt or hash is missing"));
        };
        let costs = Params::try_from(&hash).map_err(no_hash)?;
        for (what, value, most) in [
            ("memory in KiB", costs.m_cost(), MEMORY_KIB_MAX),
            ("number of passes", costs.t_cost(), PASSES_MAX),
            ("number of lanes", costs.p_cost(), LANES_MAX),
        ] {
            if value > most {
                return Err(Unusable::TooCostly { what, value, most });
            }
        }
        Ok(Self { algorithm, version: version.unwrap_or_default(), costs, salt, output })
    }

    /// What it was worked out with.
    pub(super) fn argon2(&self) -> Argon2<'static> {
        Argon2::new(self.algorithm, self.version, self.costs.clone())
    }

    /// What was added to the password.
    pub(super) fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// What came of it.
    pub(super) fn output(&self) -> &Output {
        &self.output
    }
}

fn no_hash(why: impl std::fmt::Display) -> Unusable {
    Unusable::NoHash(why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = "$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn with(costs: &str) -> Result<(), Unusable> {
        StoredHash::read(&format!("$argon2id$v=19${costs}{REST}")).map(drop)
    }

    #[test]
    fn a_hash_names_no_more_than_a_log_in_may_cost() {
        assert_eq!(with("m=19456,t=2,p=1"), Ok(()));
        assert_eq!(with("m=65536,t=8,p=4"), Ok(()));
        for (costs, named) in [
            ("m=65537,t=2,p=1", "its memory in KiB is 65537: at most 65536 is worked out"),
            ("m=4194304,t=2,p=1", "its memory in KiB is 4194304"),
            ("m=4294967295,t=4294967295,p=1", "its memory in KiB is 4294967295"),
            ("m=19456,t=9,p=1", "its number of passes is 9"),
            ("m=19456,t=4294967295,p=1", "its number of passes is 4294967295"),
            ("m=19456,t=2,p=5", "its number of lanes is 5"),
        ] {
            let said = with(costs).unwrap_err();
            assert!(matches!(said, Unusable::TooCostly { .. }), "{costs}: {said}");
            assert!(said.to_string().starts_with(named), "{costs}: {said}");
        }
    }

    #[test]
    fn what_is_no_hash_is_told() {
        for text in [
            "",
            "none",
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$argon2id$v=20$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=40,r=8,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=1,t=0,p=0$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=99999999999,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAA",
        ] {
            let said = StoredHash::read(text).unwrap_err();
            assert!(matches!(said, Unusable::NoHash(_)), "{text}: {said}");
        }
    }
}
