//! What the next greeting shows, and whether the disk knows it. Pure.
//!
//! A link secret is durable before the first message of its link. The newest position is not worth
//! a write for each push: it is written with each secret, at most once a minute while it moves, and
//! when the broker ends. It matters only after a crash of this machine *and* a roll-back of the
//! pool's store by less than that minute, and then every machine that did not crash tells of it.

use hotseat_protocol::ids::Secret;
use hotseat_protocol::link::JournalPosition;

use crate::store::Remembered;

/// What is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    now: Remembered,
    /// The disk has something older.
    dirty: bool,
}

impl Shown {
    /// What the disk has.
    #[must_use]
    pub fn new(read: Remembered) -> Self {
        Self { now: read, dirty: false }
    }

    /// What a greeting shows now.
    #[must_use]
    pub fn now(&self) -> &Remembered {
        &self.now
    }

    /// Takes what the pool told in its welcome. It is to be written before the first message.
    pub fn welcomed(
        &mut self,
        position: JournalPosition,
        seal: Option<String>,
        secret: Option<Secret>,
    ) {
        if let Some(seal) = seal {
            self.sealed(position, seal);
        }
        if let Some(secret) = secret {
            self.dirty = true;
            self.now.secret = Some(secret);
        }
    }

    /// A newer position under the pool's seal.
    pub fn sealed(&mut self, position: JournalPosition, seal: String) {
        self.dirty = true;
        self.now.seen = Some((position, seal));
    }

    /// What must be written; none when the disk knows all of it. One write at a time.
    pub fn begin_write(&mut self) -> Option<Remembered> {
        std::mem::take(&mut self.dirty).then(|| self.now.clone())
    }

    /// A write has ended. When the disk takes nothing, the link works all the same, because
    /// sign-offs must get through by it; it is tried again, and until then a restart of this
    /// machine looks like a restored backup to the pool.
    pub fn write_ended(&mut self, written: bool) {
        self.dirty |= !written;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotseat_protocol::ids::{Generation, Seq};

    fn position(seq: u64) -> JournalPosition {
        JournalPosition::new(Generation(7), Seq(seq))
    }

    #[test]
    fn what_the_welcome_told_is_written_once() {
        let mut shown = Shown::new(Remembered::default());
        assert_eq!(shown.begin_write(), None, "the disk has it");
        shown.welcomed(position(5), Some("seal".to_owned()), Some(Secret::new("secret")));
        let written = shown.begin_write().unwrap();
        assert_eq!(written, *shown.now());
        assert_eq!(written.seen, Some((position(5), "seal".to_owned())));
        shown.write_ended(true);
        assert_eq!(shown.begin_write(), None);
    }

    #[test]
    fn what_could_not_be_written_is_shown_and_written_again() {
        let mut shown = Shown::new(Remembered::default());
        shown.welcomed(position(5), None, Some(Secret::new("secret")));
        let first = shown.begin_write();
        shown.sealed(position(6), "seal".to_owned());
        shown.write_ended(false);
        let second = shown.begin_write();
        assert!(first.is_some() && second.is_some() && first != second);
        shown.write_ended(true);
        assert_eq!(shown.begin_write(), None);
        assert_eq!(second.as_ref(), Some(shown.now()));
    }
}
