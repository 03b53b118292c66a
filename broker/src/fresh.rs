//! Randomness: the only file of the broker that makes any.
#![expect(clippy::disallowed_methods, reason = "this is the one place that makes randomness")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hotseat_protocol::ids::Secret;

/// Random bytes of a secret: nobody guesses 256 bits.
const SECRET_BYTES: usize = 32;

/// 128 random bits.
#[must_use]
pub(crate) fn bits() -> u128 {
    rand::random()
}

/// A secret that nobody can guess.
#[must_use]
pub(crate) fn secret() -> Secret {
    let bytes: [u8; SECRET_BYTES] = rand::random();
    Secret::new(URL_SAFE_NO_PAD.encode(bytes))
}

/// A number from 0 up to, not including, 1.
#[must_use]
pub(crate) fn share() -> f64 {
    rand::random()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ() {
        assert_ne!(secret(), secret());
        assert_eq!(secret().expose().len(), 43);
        assert!((0.0..1.0).contains(&share()));
    }
}
