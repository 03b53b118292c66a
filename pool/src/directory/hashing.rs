//! Argon2id in memory that is kept.
//!
//! A hash needs 19 MiB for some milliseconds. An allocator that is asked for them again and again,
//! on whichever thread is free, keeps a piece for each of its arenas: glibc's held half a gigabyte
//! after two hundred log-ins. So there is one piece for each hash that is worked out at once.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::DirectoryError;
use super::stored_hash::StoredHash;
use crate::fresh;

/// Works out hashes. Clones share the memory.
#[derive(Clone, Default)]
pub(super) struct Hashing {
    /// Pieces of memory that no hash uses at the moment.
    idle: Arc<Mutex<Vec<Vec<Block>>>>,
}

impl Hashing {
    /// The hash of a password with a fresh salt, in PHC form; takes as long as a log-in.
    ///
    /// # Errors
    ///
    /// When the library refuses.
    pub(super) fn hash(&self, password: &str) -> Result<String, DirectoryError> {
        let salt = fresh::bits().to_be_bytes();
        let params = Params::default();
        let hash = self.output(
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone()),
            password,
            &salt,
            Params::DEFAULT_OUTPUT_LEN,
        )?;
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).map_err(refused)?,
            salt: Some(Salt::new(&salt).map_err(refused)?),
            hash: Some(hash),
        };
        Ok(hash.to_string())
    }

    /// Whether a hash is this password's; takes as long as its costs say.
    pub(super) fn matches(&self, kept: &StoredHash, password: &str) -> bool {
        let found = self.output(kept.argon2(), password, kept.salt(), kept.output().len());
        // Outputs are compared in constant time.
        found.is_ok_and(|found| found == *kept.output())
    }

    fn output(
        &self,
        argon2: Argon2<'_>,
        password: &str,
        salt: &[u8],
        length: usize,
    ) -> Result<Output, DirectoryError> {
        let mut output = vec![0; length];
        let mut memory = self.idle().pop().unwrap_or_default();
        let needed = argon2.params().block_count();
        if memory.len() < needed {
            memory.resize(needed, Block::new());
        }
        let blocks = memory.get_mut(..needed).unwrap_or_default();
        let done =
            argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut output, blocks);
        self.idle().push(memory);
        done.map_err(refused)?;
        Output::new(&output).map_err(refused)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Hashing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hashing").finish_non_exhaustive()
    }
}

fn refused(error: impl fmt::Display) -> DirectoryError {
    DirectoryError::Damaged(error.to_string())
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

    use super::*;

    fn stored(params: Params) -> StoredHash {
        let argon2 = Argon2::new(Algorithm::Argon2i, Version::V0x10, params);
        let hash: PasswordHash = argon2.hash_password_with_salt(b"lucy", &[7; 16]).unwrap();
        StoredHash::read(&hash.to_string()).unwrap()
    }

    #[test]
    fn a_hash_is_the_one_that_the_library_makes_and_reads() {
        let hash = Hashing::default().hash("lucy").unwrap();
        assert_eq!(Argon2::default().verify_password(b"lucy", hash.as_str()), Ok(()));
        assert!(Argon2::default().verify_password(b"bill", hash.as_str()).is_err());
    }

    #[test]
    fn memory_that_another_hash_left_changes_no_result() {
        let hashing = Hashing::default();
        let costs = [(64, 1, 1, 32), (8, 2, 1, 16), (256, 1, 2, 64), (8, 1, 1, 32), (64, 3, 4, 32)];
        for (memory, passes, lanes, output) in costs {
            let kept = stored(Params::new(memory, passes, lanes, Some(output)).unwrap());
            assert!(!hashing.matches(&kept, "bill"), "{memory} KiB");
            assert!(hashing.matches(&kept, "lucy"), "{memory} KiB");
        }
    }

    #[test]
    fn one_hash_after_another_takes_one_piece_of_memory() {
        let hashing = Hashing::default();
        let kept = stored(Params::new(64, 1, 1, None).unwrap());
        for _ in 0..3 {
            std::thread::scope(|threads| {
                threads.spawn(|| assert!(hashing.matches(&kept, "lucy")));
            });
        }
        assert_eq!(hashing.idle().len(), 1);
    }
}
