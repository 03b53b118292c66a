//! Fencing numbers.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Generation, IdError, Seq, text_schema};

/// Fencing number of a seat: the store's generation and the journal number of the event that last
/// granted it. On the wire it is one text, `1f0a77c2.4711`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch {
    /// The store's generation at the grant.
    pub generation: Generation,
    /// The journal number of the grant.
    pub seq: Seq,
}

/// Eight hexadecimal digits and a number, as [`Epoch`] writes them and reads them.
const EPOCH_PATTERN: &str = r"^[0-9a-f]{8}\.(0|[1-9][0-9]{0,18})$";

/// Digits of a journal number: as many as a store counts.
const SEQ_DIGITS_MAX: usize = 19;

text_schema!(
    Epoch,
    "Fencing number of a seat: GENERATION.NUMBER, for example 1f0a77c2.4711. A newer grant of the \
     seat has another.",
    None,
    Some(EPOCH_PATTERN)
);

impl Epoch {
    /// Whether what is said about `self` also speaks about `other`: the same or an earlier epoch
    /// of one generation.
    ///
    /// Generations are random and have no order; a seat that lived on into another generation was
    /// granted again there, so nothing said about one speaks about the other.
    #[must_use]
    pub fn covers(self, other: Epoch) -> bool {
        self.generation == other.generation && other.seq <= self.seq
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.generation, self.seq)
    }
}

impl FromStr for Epoch {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        // One epoch has one text: no sign, no leading zero, no capital.
        let parse = || {
            let (generation, seq) = text.split_once('.')?;
            let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            let is_plain = generation.len() == 8
                && generation.bytes().all(is_hex)
                && (1..=SEQ_DIGITS_MAX).contains(&seq.len())
                && seq.bytes().all(|byte| byte.is_ascii_digit())
                && (seq == "0" || !seq.starts_with('0'));
            let generation = u32::from_str_radix(generation, 16).ok().filter(|_| is_plain)?;
            Some(Self { generation: Generation(generation), seq: Seq(seq.parse().ok()?) })
        };
        parse().ok_or_else(|| IdError::NotAnEpoch(text.to_owned()))
    }
}

impl Serialize for Epoch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Epoch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
