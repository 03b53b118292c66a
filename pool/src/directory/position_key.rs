//! The store's seal on the places in its history that machines are told.
//!
//! A machine keeps the newest place that it has seen and shows it in its next greeting. Only the
//! store can have sealed it, so no machine can make one up and halt a pool with it.
//!
//! The key outlives generations: a store that is put back to before a `recover` must still
//! recognise what was sealed after it, and so must an old server that is started again beside the
//! one to which its backup was moved.

use hmac::{Hmac, KeyInit as _, Mac as _};
use hotseat_protocol::ids::{Generation, MachineId};
use hotseat_rules::Position;
use rusqlite::{Connection, OptionalExtension as _};
use sha2::Sha256;

use super::DirectoryError;
use crate::fresh;

/// What is sealed begins with this, so that the key's seals can mean nothing else.
const WHAT: &[u8] = b"hotseat position 1";

/// The same for link secrets.
const LINK_SECRET: &[u8] = b"hotseat link secret 1";

/// Seals places in the store's history, and knows its own seals again.
#[derive(Clone)]
pub struct PositionKey([u8; 32]);

impl std::fmt::Debug for PositionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PositionKey")
    }
}

impl PositionKey {
    /// The key of these bytes, which nobody else may know.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The store's key; one is made when it has none yet.
    pub(super) fn of_store(connection: &Connection) -> Result<Self, DirectoryError> {
        if let Some(key) = kept(connection)? {
            return Ok(Self::new(key));
        }
        let key = fresh::key();
        connection.execute("INSERT INTO position_key (id, key) VALUES (1, ?1)", [key])?;
        Ok(Self::new(key))
    }

    /// The key of a store that must not be written; one that has none has sealed nothing, and
    /// seals nothing now.
    pub(super) fn kept(connection: &Connection) -> Self {
        // One that cannot be read stops the store, and nobody links to it.
        Self::new(kept(connection).ok().flatten().unwrap_or_else(fresh::key))
    }

    /// The seal on a place: HMAC-SHA256, as 64 hexadecimal digits.
    #[must_use]
    pub fn seal(&self, position: Position) -> String {
        hexadecimal(&self.mac(position).finalize().into_bytes())
    }

    /// Whether this store sealed that place.
    #[must_use]
    pub fn is_sealed(&self, position: Position, seal: &str) -> bool {
        // Whatever cannot be read was not sealed here. The comparison takes the same time for all.
        self.mac(position).verify_slice(&from_hexadecimal(seal).unwrap_or_default()).is_ok()
    }

    /// What proves that a machine was answered its `number`th link secret in a generation, as 64
    /// hexadecimal digits. It is worked out anew each time, so the store keeps no link secret.
    #[must_use]
    pub fn link_proof(&self, machine: MachineId, generation: Generation, number: u64) -> String {
        hexadecimal(&self.link_mac(machine, generation, number).finalize().into_bytes())
    }

    /// Whether this store made that proof.
    #[must_use]
    pub fn is_link_proof(
        &self,
        (machine, generation, number): (MachineId, Generation, u64),
        proof: &str,
    ) -> bool {
        let bytes = from_hexadecimal(proof).unwrap_or_default();
        self.link_mac(machine, generation, number).verify_slice(&bytes).is_ok()
    }

    fn link_mac(&self, machine: MachineId, generation: Generation, number: u64) -> Hmac<Sha256> {
        let mut mac = self.keyed(LINK_SECRET);
        mac.update(machine.0.as_bytes());
        mac.update(&generation.0.to_be_bytes());
        mac.update(&number.to_be_bytes());
        mac
    }

    fn keyed(&self, what: &[u8]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(what);
        mac
    }

    fn mac(&self, position: Position) -> Hmac<Sha256> {
        let mut mac = self.keyed(WHAT);
        mac.update(&position.generation.0.to_be_bytes());
        mac.update(&position.seq.0.to_be_bytes());
        mac
    }
}

fn kept(connection: &Connection) -> Result<Option<[u8; 32]>, DirectoryError> {
    let select = "SELECT key FROM position_key WHERE id = 1";
    Ok(connection.query_row(select, [], |row| row.get(0)).optional()?)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    let pairs = (0..text.len()).step_by(2).map(|at| &text[at..at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use hotseat_protocol::ids::Seq;

    use super::*;

    #[test]
    fn a_link_proof_is_good_for_one_number_of_one_machine_in_one_generation() {
        let (key, other) = (PositionKey([1; 32]), PositionKey([2; 32]));
        let (desk, clone) = (MachineId::from_random(1), MachineId::from_random(2));
        let proof = key.link_proof(desk, Generation(7), 3);
        assert!(key.is_link_proof((desk, Generation(7), 3), &proof));
        assert!(!key.is_link_proof((clone, Generation(7), 3), &proof));
        assert!(!key.is_link_proof((desk, Generation(8), 3), &proof));
        assert!(!key.is_link_proof((desk, Generation(7), 4), &proof));
        assert!(!other.is_link_proof((desk, Generation(7), 3), &proof));
        assert!(!key.is_link_proof((desk, Generation(7), 3), ""));
    }

    #[test]
    fn a_seal_is_good_for_its_place_and_its_store_only() {
        let at = |generation, seq| Position { generation: Generation(generation), seq: Seq(seq) };
        let (key, other) = (PositionKey([1; 32]), PositionKey([2; 32]));
        let sealed = key.seal(at(7, 100));
        assert!(key.is_sealed(at(7, 100), &sealed));
        assert!(!key.is_sealed(at(7, 101), &sealed));
        assert!(!key.is_sealed(at(8, 100), &sealed));
        assert!(!other.is_sealed(at(7, 100), &sealed));
        for bad in ["", "?", "ü1", "+1", &sealed[2..], &format!("{sealed}00")] {
            assert!(!key.is_sealed(at(7, 100), bad), "{bad}");
        }
    }
}
