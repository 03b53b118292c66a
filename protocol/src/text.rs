//! Texts that people are shown: what must not be in any of them.

/// Whether a character is not seen itself but changes what is seen around it: it controls a
/// terminal, turns the direction of writing, or makes two names look the same.
#[must_use]
pub fn is_unseen(character: char) -> bool {
    // Joiners (U+200C and U+200D) are none: Persian and Hindi are written with them.
    character.is_control()
        || matches!(
            character,
            '\u{AD}'
                | '\u{61C}'
                | '\u{180E}'
                | '\u{200B}'
                | '\u{200E}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{FEFF}'
                | '\u{FFF9}'..='\u{FFFB}'
                | '\u{E0000}'..='\u{E007F}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_hides_or_controls_is_unseen_and_letters_are_not() {
        for unseen in "\0\n\u{1b}\u{7f}\u{9b}\u{ad}\u{61c}\u{180e}\u{200b}\u{200f}\u{202e}\u{2066}\u{feff}\u{e0041}".chars() {
            assert!(is_unseen(unseen), "{unseen:?}");
        }
        for seen in "Zoë 李小龍 محمد می\u{200c}خواهم \u{1f468}\u{200d}\u{1f469}".chars()
        {
            assert!(!is_unseen(seen), "{seen:?}");
        }
    }
}
