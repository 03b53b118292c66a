//! Randomness: the only file of the pool server that makes any.
#![expect(clippy::disallowed_methods, reason = "this is the home of randomness")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hotseat_protocol::ids::Secret;

/// Random bytes of a secret: nobody guesses 256 bits.
const SECRET_BYTES: usize = 32;

/// 128 random bits.
#[must_use]
pub fn bits() -> u128 {
    rand::random()
}

/// 256 random bits, for a key that never leaves the store.
#[must_use]
pub fn key() -> [u8; 32] {
    rand::random()
}

/// 32 random bits, for a store's generation.
#[must_use]
pub fn generation_bits() -> u32 {
    rand::random()
}

/// A secret that nobody can guess. The prefix says what it opens, for people and secret scanners.
#[must_use]
pub fn secret(prefix: &str) -> Secret {
    let bytes: [u8; SECRET_BYTES] = rand::random();
    Secret::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_say_what_they_open() {
        assert_ne!(secret("hsu_"), secret("hsu_"));
        assert!(secret("hsu_").expose().starts_with("hsu_"));
        assert_eq!(secret("").expose().len(), 43);
    }
}
