//! Link secrets as texts: the store's generation, a number, and the store's proof of both.

use hotseat_protocol::ids::{Generation, MachineId, Secret};

use crate::directory::PositionKey;

/// Says what it opens, for people and secret scanners.
const PREFIX: &str = "hsl_";

/// The secret of this number.
#[must_use]
pub fn secret(
    key: &PositionKey,
    machine: MachineId,
    generation: Generation,
    number: u64,
) -> Secret {
    let proof = key.link_proof(machine, generation, number);
    Secret::new(format!("{PREFIX}{:x}.{number}.{proof}", generation.0))
}

/// The number of a secret that was shown; none when it is not the machine's, or of another
/// generation of the store.
#[must_use]
pub fn number(
    key: &PositionKey,
    machine: MachineId,
    generation: Generation,
    shown: &Secret,
) -> Option<u64> {
    let mut parts = shown.expose().strip_prefix(PREFIX)?.splitn(3, '.');
    let of = u32::from_str_radix(parts.next()?, 16).ok()?;
    let number = parts.next()?.parse().ok()?;
    let proof = parts.next()?;
    let good = of == generation.0 && key.is_link_proof((machine, generation, number), proof);
    good.then_some(number)
}
