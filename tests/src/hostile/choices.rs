//! Where a hostile conversation gets its choices from: a seed, or the bytes of a fuzzer.

/// Something that chooses.
pub(crate) trait Choices {
    /// The next 64 bits.
    fn bits(&mut self) -> u64;

    /// One of several; none if there is none.
    fn one<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        let count = u64::try_from(of.len()).ok().filter(|count| *count > 0)?;
        usize::try_from(self.below(count)).ok().and_then(|index| of.get(index).cloned())
    }

    /// A number below `end`, which is not zero.
    fn below(&mut self, end: u64) -> u64 {
        self.bits() % end
    }

    /// An id that nobody made.
    fn made_up(&mut self) -> u128 {
        u128::from(self.bits()) << 64 | u128::from(self.bits())
    }

    /// Small, ordinary, or at an end of what 64 bits can say.
    fn extreme(&mut self) -> u64 {
        match self.below(6) {
            0 => 0,
            1 => 1,
            2 => u64::MAX,
            3 => u64::MAX / 1_000,
            4 => 1 << 63,
            _ => self.below(10_000),
        }
    }
}

/// The bytes of a fuzzer: one or two for each choice. When they have run out, every choice is the
/// first.
pub(crate) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self) -> u64 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        u64::from(*first)
    }
}

impl Choices for Bytes<'_> {
    fn bits(&mut self) -> u64 {
        (0..8).fold(0, |bits, _| bits << 8 | self.take())
    }

    /// Short choices take one byte, so that a small change of the input is a small change of the
    /// conversation.
    fn below(&mut self, end: u64) -> u64 {
        if end <= 256 { self.take() % end } else { self.bits() % end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_choose_until_they_have_run_out() {
        let mut bytes = Bytes::new(&[7, 200, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(bytes.below(5), 2);
        assert_eq!(bytes.one(&['a', 'b', 'c']), Some('c'));
        assert_eq!(bytes.bits(), 0x0102_0304_0506_0708);
        assert!(!bytes.is_empty());
        assert_eq!(bytes.below(100), 9);
        assert!(bytes.is_empty());
        assert_eq!((bytes.below(100), bytes.bits()), (0, 0));
        assert_eq!(bytes.one::<u8>(&[]), None);
    }
}
