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

/// Whether a character leaves a mark of its own: spaces do not, nor does what changes another
/// character, nor letters that stand for nothing (`Default_Ignorable_Code_Point`, and U+2800).
#[must_use]
pub fn is_drawn(character: char) -> bool {
    !character.is_whitespace()
        && !is_unseen(character)
        && !matches!(
            character,
            '\u{34F}'
                | '\u{115F}'..='\u{1160}'
                | '\u{17B4}'..='\u{17B5}'
                | '\u{180B}'..='\u{180F}'
                | '\u{200C}'..='\u{200D}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}'
                | '\u{FFA0}'
                | '\u{FFF0}'..='\u{FFF8}'
                | '\u{1BCA0}'..='\u{1BCA3}'
                | '\u{1D173}'..='\u{1D17A}'
                | '\u{E0080}'..='\u{E0FFF}'
        )
}

/// A text that is short enough to be shown beside others: its beginning and its end, with "…"
/// between them where it has over 300 characters.
#[must_use]
pub fn shortened(text: &str) -> String {
    const BEGINNING: usize = 100;
    const END: usize = 199;
    let length = text.chars().count();
    if length <= BEGINNING + END + 1 {
        return text.to_owned();
    }
    let beginning: String = text.chars().take(BEGINNING).collect();
    let end: String = text.chars().skip(length - END).collect();
    format!("{beginning}…{end}")
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

    #[test]
    fn spaces_joiners_and_fillers_are_not_drawn_and_letters_are() {
        for c in " \u{a0}\u{34f}\u{115f}\u{1160}\u{200d}\u{2800}\u{3164}\u{fe0f}\u{ffa0}\u{e0100}"
            .chars()
        {
            assert!(!is_drawn(c), "{c:?}");
        }
        for c in "aé李م한\u{1f468}\u{fffd}".chars() {
            assert!(is_drawn(c), "{c:?}");
        }
    }

    #[test]
    fn a_long_text_is_shown_by_both_of_its_ends() {
        let long = format!("begins{}ends", "é".repeat(1_000_000));
        let short = shortened(&long);
        assert!(short.starts_with("begins") && short.ends_with("ends"), "{short}");
        assert_eq!(short.chars().count(), 300);
        assert_eq!(shortened("é"), "é");
    }
}
