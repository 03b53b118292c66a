//! Good JSON that no parser of ours takes: a number beyond every type, a text with half of a
//! surrogate pair. Nothing else is mended.

/// The same JSON as it can be parsed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mended {
    /// It.
    pub(super) json: String,
    /// Texts have U+FFFD where half of a surrogate pair stood.
    pub(super) torn: bool,
}

/// Replaces each number that is beyond every type by the greatest that is not, and each half of a
/// surrogate pair.
pub(super) fn mended(json: &str) -> Mended {
    let mut mended = Mended { json: String::with_capacity(json.len()), torn: false };
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => {
                let length = text_bytes(rest);
                mended.push_text(&rest[..length]);
                length
            }
            '-' | '0'..='9' => {
                let length = rest.find(|c| !matches!(c, '-' | '+' | '.' | 'e' | 'E' | '0'..='9'));
                let length = length.unwrap_or(rest.len());
                mended.push_number(&rest[..length]);
                length
            }
            other => {
                mended.json.push(other);
                other.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    mended
}

impl Mended {
    fn push_number(&mut self, number: &str) {
        match number.parse::<f64>() {
            Ok(beyond) if beyond.is_infinite() => {
                self.json.push_str(if number.starts_with('-') { "-1e308" } else { "1e308" });
            }
            Ok(_) | Err(_) => self.json.push_str(number),
        }
    }

    fn push_text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find('\\') {
            self.json.push_str(&rest[..at]);
            rest = &rest[at..];
            let length = match (unit(rest), rest.get(6..).and_then(unit)) {
                (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
                (Some(0xd800..=0xdfff), _) => {
                    self.torn = true;
                    self.json.push('\u{fffd}');
                    rest = &rest[6..];
                    continue;
                }
                (Some(_), _) => 6,
                // The character after it means something else than itself.
                (None, _) => rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at),
            };
            self.json.push_str(&rest[..length]);
            rest = &rest[length..];
        }
        self.json.push_str(rest);
    }
}

/// The UTF-16 unit that is escaped at the beginning.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

/// The bytes of the text at the beginning, both quotation marks included.
fn text_bytes(json: &str) -> usize {
    let mut escaped = false;
    for (at, c) in json.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_every_type_are_the_greatest_and_texts_stay() {
        let text = r#"{"a":"1e400 \" 1e400","b":-1e400,"c":[1e400,2]}"#;
        let json = r#"{"a":"1e400 \" 1e400","b":-1e308,"c":[1e308,2]}"#;
        assert_eq!(mended(text), Mended { json: json.to_owned(), torn: false });
    }

    #[test]
    fn half_a_surrogate_pair_is_replaced_and_a_whole_one_is_not() {
        for (said, read) in [
            (r#""\ud800""#, "\"\u{fffd}\""),
            (r#""a\uDFFFb""#, "\"a\u{fffd}b\""),
            (r#""\ud83d\ud83d\ude00""#, "\"\u{fffd}\\ud83d\\ude00\""),
            (r#""\ude00\ud83d""#, "\"\u{fffd}\u{fffd}\""),
            (r#""\ud800\n\u00e9""#, "\"\u{fffd}\\n\\u00e9\""),
        ] {
            assert_eq!(mended(said), Mended { json: read.to_owned(), torn: true }, "{said}");
        }
        for whole in [
            r#""\ud83d\ude00 \u00e9 \\ud800 \" é \\""#,
            r#""\u12"#,
            r#""\ud80é""#,
            "\"\\",
            r#""\u+d80""#,
        ] {
            assert_eq!(mended(whole), Mended { json: whole.to_owned(), torn: false }, "{whole}");
        }
    }
}
