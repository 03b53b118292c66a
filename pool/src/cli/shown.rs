//! What a store holds, as it may reach a terminal: a damaged one may hold anything.

use hotseat_protocol::text::is_unseen;

/// Letters of a cause, a kind or a name that are shown.
pub(super) const CAUSE_MAX: usize = 300;

/// The beginning of a text, without what turns, hides or controls.
pub(super) fn shown(text: &str, at_most: usize) -> String {
    let visible = |letter| if is_unseen(letter) { '\u{fffd}' } else { letter };
    let mut letters = text.chars();
    let mut shown: String = letters.by_ref().take(at_most).map(visible).collect();
    if letters.next().is_some() {
        shown.push_str(" …");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_controls_a_terminal_is_replaced_and_a_long_text_is_cut() {
        assert_eq!(shown("a\u{1b}[2Jb\u{202e}c", 99), "a\u{fffd}[2Jb\u{fffd}c");
        assert_eq!(shown("äbc", 3), "äbc");
        assert_eq!(shown("äbcd", 3), "äbc …");
    }
}
