//! The one form of an e-mail address: however it was typed, one account has one.
//!
//! The name before the @ as PRECIS says for user names (RFC 8265, UsernameCaseMapped: widths, lower
//! case, Unicode normal form C; nothing that is not seen or that stands for something else), the
//! domain as IDNA says (UTS 46).

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;

use super::{DirectoryError, is_unseen};

/// The longest e-mail address that the mail protocols allow.
const EMAIL_BYTES_MAX: usize = 254;

/// Rounds after which a form is surely stable: RFC 8264, section 7, asks for up to four.
const ROUNDS_MAX: usize = 4;

/// An e-mail address in its normal form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Email(String);

impl Email {
    /// Reads an address as it was typed.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::Invalid`] when it is not an e-mail address.
    pub fn parse(text: &str) -> Result<Self, DirectoryError> {
        Self::normal(text.trim()).ok_or_else(|| {
            let why = format!("{text:?} is not an e-mail address: expected NAME@DOMAIN");
            DirectoryError::Invalid { key: "email", why }
        })
    }

    fn normal(text: &str) -> Option<Self> {
        // Work is bounded before it is done; a normal form is at most three times as long.
        if text.len() > 3 * EMAIL_BYTES_MAX {
            return None;
        }
        // Whoever types in a full width types the @ so, too.
        let text: String = text.chars().flat_map(narrow).collect();
        let (name, domain) = text.split_once('@')?;
        let email = format!("{}@{}", normal_name(name)?, normal_domain(domain)?);
        (email.len() <= EMAIL_BYTES_MAX).then_some(Self(email))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which addresses were kept before there was this one; accounts whose normal form
    /// was another's already are found by it.
    pub(super) fn former(text: &str) -> String {
        text.trim().to_lowercase()
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn normal_name(name: &str) -> Option<String> {
    let mut form = name.to_owned();
    for _ in 0..ROUNDS_MAX {
        let next: String = form.to_lowercase().nfc().collect();
        if next == form {
            let allowed = |c: char| !is_unseen(c) && !is_ignored(c) && !c.is_whitespace();
            let itself = next.nfkc().eq(next.chars());
            return (!next.is_empty() && itself && next.chars().all(allowed)).then_some(next);
        }
        form = next;
    }
    None
}

fn normal_domain(domain: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_cow(domain.as_bytes(), idna::AsciiDenyList::URL).ok()?;
    let (unicode, valid) = idna::domain_to_unicode(ascii.trim_end_matches('.'));
    (valid.is_ok() && !unicode.is_empty() && !unicode.chars().any(is_ignored)).then_some(unicode)
}

/// A character of full or half width as the ordinary one: RFC 8265, section 3.3.2.
fn narrow(c: char) -> impl Iterator<Item = char> {
    let wide = matches!(c, '\u{3000}' | '\u{FF01}'..='\u{FFEF}');
    let ordinary = wide.then(|| std::iter::once(c).nfkc());
    ordinary.into_iter().flatten().chain((!wide).then_some(c))
}

/// What is drawn as nothing (Default_Ignorable_Code_Point) beside what [`is_unseen`] knows: two
/// addresses must not differ by it alone.
fn is_ignored(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FFA0}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(text: &str) -> String {
        Email::parse(text).unwrap_or_else(|why| panic!("{text:?}: {why}")).0
    }

    #[test]
    fn whatever_looks_the_same_is_one_address() {
        let jürgen = form("jürgen@münchen.example");
        assert_eq!(jürgen, "j\u{fc}rgen@m\u{fc}nchen.example");
        for typed in [
            "ju\u{308}rgen@mu\u{308}nchen.example",
            " JÜRGEN@MÜNCHEN.example ",
            "JU\u{308}RGEN@MU\u{308}NCHEN.EXAMPLE",
            "jürgen@xn--mnchen-3ya.example",
            "jürgen@XN--MNCHEN-3YA.example.",
            "ｊürgen＠münchen.example",
            "jürgen@münchen。example",
        ] {
            assert_eq!(form(typed), jürgen, "{typed:?}");
        }
        assert_eq!(form("\u{212B}sa@x"), form("a\u{30a}sa@x"), "the Ångström sign is a letter");
    }

    #[test]
    fn what_would_only_look_like_another_address_is_none() {
        for typed in [
            "lu\u{ad}cy@x",
            "lu\u{200d}cy@x",
            "lu\u{200b}cy@x",
            "lu\u{fe0f}cy@x",
            "lu\u{3164}cy@x",
            "\u{fb01}nance@x",
            "lu\u{a0}cy@x",
            "lucy@x@y",
            "lucy@fin ance",
            "lucy@.",
            "@x",
            "lucy@",
            "lucy",
        ] {
            assert!(Email::parse(typed).is_err(), "{typed:?}");
        }
        assert!(Email::parse(&format!("{}@x", "a".repeat(1_000_000))).is_err());
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own(text in "\\PC{1,12}@[a-zA-ZäÖß]{1,8}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()).ok(), Some(email));
            }
        }
    }
}
