//! Columns of a table as a terminal shows them: a Chinese character takes two cells, an accent
//! that combines with the letter before it none.

use unicode_width::UnicodeWidthStr as _;

/// Returns how many cells of a terminal a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// Returns the text with spaces after it, so that it takes `cells` cells; a longer one stays as it
/// is.
#[must_use]
pub fn padded(text: &str, cells: usize) -> String {
    let spaces = cells.saturating_sub(width(text));
    format!("{text}{:spaces$}", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_and_combining_characters_fill_the_cells_that_they_take() {
        for (text, cells) in [("Lucy", 4), ("李小龍", 6), ("Zoe\u{308}", 3), ("", 0)] {
            assert_eq!(width(text), cells, "{text:?}");
            assert_eq!(width(&padded(text, 8)), 8, "{text:?}");
        }
        assert_eq!(padded("李小龍", 3), "李小龍");
    }
}
