//! What a greeting is worth: pure.
//!
//! Link secrets are numbered. The newest that *counts* is the newest that the machine has surely
//! made durable. Each greeting is answered with the next one, and that one counts from the
//! machine's first message after it. So a machine shows the newest, or the next: it may have made
//! that durable without having been able to say so. Whoever shows an older one goes on from an
//! older copy of the machine's disk.

/// What is known of a machine when it greets.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The newest secret that counts; 0: none does, because the machine is new or the store was
    /// restored.
    pub counted: u64,
    /// The boot id of the link that is up, if one is.
    pub up: Option<&'a str>,
    /// Whether whoever holds the newest secret was heard within T. Right after a start nobody can
    /// tell, and it counts as heard.
    pub heard_lately: bool,
}

/// What to do about a greeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the machine.
    Welcome(Welcomed),
    /// The machine was booted, or put back from a backup, while its link is up; or another computer
    /// has its secrets: it is the machine if a ping on that link goes unanswered, and a clone if
    /// not.
    PingFirst(Welcomed),
    /// A clone, while the other is at work.
    Cloned,
}

/// A machine that is taken for what it says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Welcomed {
    /// The number of the secret that it is answered.
    pub answered: u64,
    /// It showed an older secret: what it was left by an earlier broker is not its own.
    pub void: bool,
}

/// Judges a greeting that shows the secret of this number in this generation of the store (none:
/// no secret, or none of this generation), from this boot (empty: it cannot be told).
#[must_use]
pub fn judge(shown: Option<u64>, boot_id: &str, known: Known<'_>) -> Verdict {
    let shown = shown.unwrap_or(0);
    if shown < known.counted {
        if known.heard_lately {
            return Verdict::Cloned;
        }
        // Not the next one, which the other may have been answered already.
        let welcomed = Welcomed { answered: known.counted + 2, void: true };
        // This server may have stood still, and what the other said lie unread.
        return match known.up {
            Some(_) => Verdict::PingFirst(welcomed),
            None => Verdict::Welcome(welcomed),
        };
    }
    let welcomed = Welcomed { answered: shown + 1, void: false };
    match known.up {
        Some(up) if boot_id.is_empty() || up != boot_id => Verdict::PingFirst(welcomed),
        Some(_) | None => Verdict::Welcome(welcomed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Known<'static> = Known { counted: 0, up: None, heard_lately: true };

    fn known(counted: u64) -> Known<'static> {
        Known { counted, ..NEW }
    }

    fn welcome(answered: u64) -> Verdict {
        Verdict::Welcome(Welcomed { answered, void: false })
    }

    #[test]
    fn a_new_machine_or_one_of_before_a_restore_is_answered_the_first_secret() {
        assert_eq!(judge(None, "boot", NEW), welcome(1));
    }

    #[test]
    fn the_same_secret_is_answered_until_it_was_used() {
        assert_eq!(judge(Some(4), "boot", known(4)), welcome(5));
        assert_eq!(judge(Some(4), "boot", known(4)), welcome(5));
        // It was made durable, and the message that says so was lost.
        assert_eq!(judge(Some(5), "boot", known(4)), welcome(6));
        assert_eq!(judge(Some(1), "boot", NEW), welcome(2));
    }

    #[test]
    fn an_older_secret_is_refused_while_the_other_renews() {
        assert_eq!(judge(Some(3), "boot", known(4)), Verdict::Cloned);
        assert_eq!(judge(None, "boot", known(4)), Verdict::Cloned);
        let up = Known { up: Some("boot"), ..known(4) };
        assert_eq!(judge(Some(3), "boot", up), Verdict::Cloned, "whatever its boot id says");
    }

    #[test]
    fn an_older_secret_is_taken_without_its_leftovers_once_the_other_is_gone() {
        let gone = Known { heard_lately: false, ..known(4) };
        let expected = Verdict::Welcome(Welcomed { answered: 6, void: true });
        assert_eq!(judge(Some(3), "boot", gone), expected);
        let silent = Known { up: Some("boot"), ..gone };
        let asked = Verdict::PingFirst(Welcomed { answered: 6, void: true });
        assert_eq!(
            judge(Some(3), "boot", silent),
            asked,
            "its link is there, so it is asked first"
        );
        // The other comes back with what it was answered meanwhile: by then it is the older one.
        assert_eq!(judge(Some(5), "boot", known(6)), Verdict::Cloned);
    }

    #[test]
    fn another_boot_is_believed_only_after_a_ping() {
        let up = Known { up: Some("boot 1"), ..known(4) };
        assert_eq!(judge(Some(4), "boot 1", up), welcome(5), "the same boot: a newer link");
        let welcomed = Welcomed { answered: 5, void: false };
        assert_eq!(judge(Some(4), "boot 2", up), Verdict::PingFirst(welcomed));
        let untold = Known { up: Some(""), ..up };
        assert_eq!(judge(Some(4), "", untold), Verdict::PingFirst(welcomed));
        assert_eq!(judge(Some(4), "boot 2", known(4)), welcome(5), "no link is up");
    }
}
