//! Passwords: argon2id, on threads that may be busy, never more at once than there is memory for.

use std::sync::Arc;

use hotseat_protocol::bounded_text::NewPassword;
use hotseat_protocol::ids::{Secret, UserId};
use unicode_normalization::UnicodeNormalization as _;

use super::DirectoryError;
use super::hashing::Hashing;
use super::source::{Source, Step};
use super::stored_hash::{StoredHash, Unusable};
use super::worker::Directory;
use crate::fresh;
use crate::turns::{Crowded, TurnLimits, Turns};

/// Hashes worked out at once: each takes 19 MiB and a core.
const HASHES_AT_ONCE: usize = 2;
/// Hashes that may wait for their turn, of one source and of each kind of sources: administration,
/// enrolled machines, and everybody over REST. Those of one kind take some 8 s; as long as anybody
/// waits for an answer where all kinds have that many.
///
/// Turns go round, first between the kinds, and within each level of [`Source::path`]. So what a
/// flood from N addresses costs others at most, whatever N is:
///
/// * administration and enrolled machines: no place, and one turn before each of theirs (two, where
///   both other kinds are flooded);
/// * a caller over REST from another network (/16 of IPv4, /48 of IPv6, the loopback): one turn for
///   each network that the flood comes from. It is refused when there is no place, and no network
///   has two of them, so it takes as many networks as there are places to keep somebody out;
/// * a caller from the same network: that number times the number of parts of it (/24, /64) that the
///   flood comes from, and for one from the same /24 times the number of addresses in there.
///
/// In the same way a machine that makes up users costs other machines one turn, and no place.
const TURNS: TurnLimits =
    TurnLimits { at_once: HASHES_AT_ONCE, waiting_each: 16, waiting_all: 256, apart: 1 };

/// Works out and compares hashes.
#[derive(Debug, Clone)]
pub struct Passwords {
    turns: Turns<Step, 4>,
    hashing: Hashing,
    /// The hash of a password that nobody has: an unknown address costs what a wrong password
    /// costs, so that nobody can find out who has a log-in.
    nobody: Arc<str>,
}

impl Passwords {
    /// Makes ready; takes as long as one hash.
    ///
    /// # Errors
    ///
    /// When no hash can be worked out.
    pub fn new() -> Result<Self, DirectoryError> {
        let hashing = Hashing::default();
        let nobody = hashing.hash(fresh::secret("").expose())?;
        Ok(Self { turns: Turns::new(TURNS), hashing, nobody: nobody.into() })
    }

    /// The hash of a new password, in PHC form.
    ///
    /// # Errors
    ///
    /// When too many wait.
    pub async fn hash(&self, password: &NewPassword) -> Result<String, DirectoryError> {
        let password = normal(password.secret());
        let hashing = self.hashing.clone();
        self.in_turn(Source::Administrator, move || hashing.hash(password.expose())).await?
    }

    /// Who logs in with this address and password; none when they do not match.
    ///
    /// # Errors
    ///
    /// When too many wait, the tables cannot be read, or the hash that is stored cannot be used.
    pub async fn matching_person(
        &self,
        directory: &Directory,
        email: &str,
        password: &Secret,
        source: Source,
    ) -> Result<Option<UserId>, DirectoryError> {
        let user = directory.names().by_email(email);
        let hash = match user {
            Some(user) => directory.password_of(user).await?,
            None => None,
        };
        let user = user.filter(|_| hash.is_some());
        let hash = hash.unwrap_or_else(|| self.nobody.to_string());
        // Nobody has such a password, and nobody makes us hash a book.
        if password.expose().chars().count() > NewPassword::CHARACTERS_MAX {
            return Ok(None);
        }
        let kept = match StoredHash::read(&hash) {
            Ok(kept) => kept,
            Err(why) => return Err(unusable(user, &why)),
        };
        let typed = password.clone();
        let hashing = self.hashing.clone();
        let found = self.in_turn(source, move || match_now(&hashing, &kept, &typed)).await??;
        let Some(user) = user else { return Ok(None) };
        match found {
            Match::None => return Ok(None),
            Match::Normal => {}
            Match::AsTyped(better) => directory.rehash(user, hash, better).await?,
        }
        Ok(Some(user))
    }

    async fn in_turn<T, F>(&self, source: Source, work: F) -> Result<T, DirectoryError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let turn = self.turns.take(source.path()).await.map_err(|Crowded| DirectoryError::Busy)?;
        let work = move || {
            // The turn ends with the work, also when nobody waits for it any more.
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| DirectoryError::Stopping)
    }
}

/// Whether a password is the one of a hash.
enum Match {
    /// It is not.
    None,
    /// Its normal form is.
    Normal,
    /// It is only as it was typed: the hash is from before there was a normal form. Here is the
    /// normal form's.
    AsTyped(String),
}

fn match_now(
    hashing: &Hashing,
    kept: &StoredHash,
    password: &Secret,
) -> Result<Match, DirectoryError> {
    let normal = normal(password);
    if hashing.matches(kept, normal.expose()) {
        return Ok(Match::Normal);
    }
    if normal.expose() != password.expose() && hashing.matches(kept, password.expose()) {
        return Ok(Match::AsTyped(hashing.hash(normal.expose())?));
    }
    Ok(Match::None)
}

/// The one form of a password, whatever keyboard it was typed on: RFC 8265, OpaqueString. Spaces
/// are all one space, and the rest is in Unicode's normal form C.
fn normal(password: &Secret) -> Secret {
    let is_space = |c: char| {
        matches!(
            c,
            '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}'
        )
    };
    let spaced = password.expose().chars().map(|c| if is_space(c) { ' ' } else { c });
    Secret::new(spaced.nfc().collect::<String>())
}

/// Says in the log whose hash cannot be used and what to do, and in the answer what concerns the
/// person.
fn unusable(user: Option<UserId>, why: &Unusable) -> DirectoryError {
    let user = user.map_or_else(|| "nobody".to_owned(), |user| user.to_string());
    tracing::error!(
        user,
        %why,
        "the stored password of this user cannot be used, so they cannot log in: set a new one \
         with `hotseat-pool user password`"
    );
    DirectoryError::UnusablePassword
}
