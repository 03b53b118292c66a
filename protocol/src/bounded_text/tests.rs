//! Each kind of text: judged as it is described, and told in words.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn a_text_is_a_plain_text_on_the_wire(name: DisplayName, note: Note) {
        let text = serde_json::to_string(&(&name, &note)).unwrap();
        prop_assert_eq!(&text, &serde_json::to_string(&[name.as_str(), note.as_str()]).unwrap());
        let read: (DisplayName, Note) = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(read, (name, note));
    }

    #[test]
    fn whatever_was_kept_before_is_shown_as_an_allowed_text(text in "(?s).{0,120}") {
        let clamped = DisplayName::clamped(&text);
        prop_assert_eq!(&DisplayName::new(clamped.as_str()).unwrap(), &clamped);
        if let Ok(allowed) = DisplayName::new(&text) {
            prop_assert_eq!(allowed, clamped);
        }
    }
}

#[test]
fn a_text_that_is_cut_at_a_space_does_not_end_with_it() {
    let cut = DisplayName::clamped(&format!("{} and more", "x".repeat(99)));
    assert_eq!(cut.as_str(), "x".repeat(99));
}

#[test]
fn an_error_names_field_and_limits_and_not_the_text() {
    for (text, words) in [
        ("", "name has 0 characters: use 1 to 100"),
        (&"x".repeat(101), "name has 101 characters: use 1 to 100"),
        (&"é".repeat(101), "name has 101 characters: use 1 to 100"),
        (" \u{a0} ", "name has nothing that can be seen"),
        ("\u{115f}\u{3164}", "name has nothing that can be seen"),
        ("\u{2800}", "name has nothing that can be seen"),
        ("Lucy\u{202e}", "cannot be seen"),
        ("Lu\ncy", "cannot be seen"),
    ] {
        let error = DisplayName::new(text).unwrap_err().to_string();
        assert!(error.contains(words), "{text:?}: {error}");
    }
    assert_eq!(DisplayName::new("  Zoë ").unwrap().as_str(), "Zoë");
    // Joiners and selectors are parts of names, where something is drawn beside them.
    assert!(DisplayName::new("می\u{200c}خواهم \u{2764}\u{fe0f}").is_ok());
    assert_eq!(DisplayName::clamped("\u{3164}").as_str(), "\u{fffd}");
    assert!(Note::new("").is_ok() && Note::new("\u{2800}").is_ok());
    for secret in ["short", "a\nline break"] {
        let error = NewPassword::new(Secret::new(secret)).unwrap_err().to_string();
        assert!(error.starts_with("password has") && !error.contains(secret), "{error}");
    }
}

/// Whether a text is one by its description.
fn is_described(schema: &serde_json::Value, text: &str) -> bool {
    let length = text.chars().count() as u64;
    let least = schema["minLength"].as_u64().unwrap_or(0);
    let most = schema["maxLength"].as_u64().unwrap_or(u64::MAX);
    let fits = schema["pattern"].as_str().is_none_or(|pattern| {
        // Here `$` is the end of the text, as in the dialect of JSON Schema.
        regex::Regex::new(pattern).unwrap().is_match(text)
    });
    (least..=most).contains(&length) && fits
}

/// What a pattern allows, with other lengths as well.
fn of_pattern(schema: &serde_json::Value) -> BoxedStrategy<String> {
    let pattern = schema["pattern"].as_str().unwrap_or("^(?s:.)*$");
    let pattern = pattern.trim_start_matches('^').trim_end_matches('$');
    proptest::string::string_regex(pattern).unwrap().boxed()
}

/// Texts of characters that some judge may see differently, with lengths around all limits.
fn odd() -> impl Strategy<Value = String> {
    let characters = prop::sample::select(
        "aZ9-._ \t\n\0\u{7f}\u{85}\u{a0}\u{ad}\u{61c}\u{1680}\u{180e}\u{2000}\u{200a}\u{200b}\u{200c}\
         \u{200d}\u{200e}\u{2028}\u{202e}\u{202f}\u{205f}\u{2060}\u{3000}\u{feff}\u{fffb}\u{fffd}\u{1f468}\
         \u{34f}\u{115f}\u{180b}\u{180f}\u{2800}\u{3164}\u{fe0f}\u{ffa0}\u{fff8}\u{1bca3}\u{1d173}\u{e0fff}\u{e1000}\
         \u{dffff}\u{e0000}\u{e0041}\u{e007f}\u{e0080}\u{10ffff}é"
            .chars()
            .collect::<Vec<char>>(),
    );
    let lengths = prop::sample::select(vec![
        0usize, 1, 2, 3, 7, 8, 64, 65, 100, 101, 128, 129, 200, 201, 254, 255, 500, 501, 512, 513,
        1_000, 1_001, 1_024, 1_025,
    ]);
    let some = prop::collection::vec(characters.clone(), 0..6).prop_map(String::from_iter);
    let long = (characters, any::<bool>(), lengths, some.clone()).prop_map(
        |(character, seen, length, end)| {
            let filler = if seen { 'x' } else { character };
            let end: String = end.chars().take(length).collect();
            let filled = length - end.chars().count();
            filler.to_string().repeat(filled) + &end
        },
    );
    prop_oneof![some, long]
}

/// Texts of one character with lengths around the limits: nothing else is wrong with them.
fn at_the_limits(schema: &serde_json::Value) -> BoxedStrategy<String> {
    let limit = |name: &str, or: usize| {
        schema[name].as_u64().map_or(or, |limit| usize::try_from(limit).unwrap())
    };
    // Names say in their pattern that they have 1 to 64.
    let (least, most) = (limit("minLength", 1), limit("maxLength", 64));
    let lengths = vec![least.saturating_sub(1), least, most, most + 1];
    let texts = (prop::sample::select(vec!["a", "é"]), prop::sample::select(lengths));
    texts.prop_map(|(character, length)| character.repeat(length)).boxed()
}

/// Texts that a pattern allows, with one character put in or replaced.
fn nearly(schema: &serde_json::Value) -> BoxedStrategy<String> {
    let character = prop::sample::select("00aA-\n\u{2066}é".chars().collect::<Vec<_>>());
    let nearly = (of_pattern(schema), character, any::<bool>(), any::<prop::sample::Index>());
    let changed = nearly.prop_map(|(text, character, replaces, at)| {
        let mut text: Vec<char> = text.chars().collect();
        let at = at.index(text.len() + 1);
        if replaces && at < text.len() {
            text[at] = character;
        } else {
            text.insert(at, character);
        }
        text.into_iter().collect::<String>()
    });
    changed.boxed()
}

/// Every character of the blocks in which some are unseen or space, and some of all others.
#[test]
fn every_character_is_judged_as_described() {
    let blocks = ('\0'..='\u{3100}').chain('\u{fe00}'..='\u{10000}');
    let blocks = blocks.chain('\u{dff00}'..='\u{e1100}').chain(('\0'..=char::MAX).step_by(997));
    let of = |schema: RefOr<Schema>| {
        let schema = serde_json::to_value(schema).unwrap();
        regex::Regex::new(schema["pattern"].as_str().unwrap()).unwrap()
    };
    let (seen_line, line) = (of(DisplayName::schema()), of(Note::schema()));
    let no_controls = of(NewPassword::schema());
    for character in blocks {
        let text = character.to_string();
        assert_eq!(DisplayName::new(&text).is_ok(), seen_line.is_match(&text), "{character:?}");
        assert_eq!(Note::new(&text).is_ok(), line.is_match(&text), "{character:?}");
        let password = text.repeat(8);
        let allowed = NewPassword::new(Secret::new(password.as_str())).is_ok();
        assert_eq!(allowed, no_controls.is_match(&password), "{character:?}");
    }
}

macro_rules! judged_as_described {
    ($($name:ident: $kind:ty;)+) => {
        $(
            mod $name {
                use super::*;

                fn described() -> serde_json::Value {
                    serde_json::to_value(<$kind>::schema()).unwrap()
                }

                proptest! {
                    #[test]
                    fn is_judged_as_described(
                        text in prop_oneof![
                            odd(),
                            of_pattern(&described()),
                            nearly(&described()),
                            at_the_limits(&described()),
                        ],
                    ) {
                        let read = serde_json::from_value::<$kind>(text.as_str().into());
                        prop_assert_eq!(read.is_ok(), is_described(&described(), &text), "{:?}", text);
                    }
                }
            }
        )+
    };
}

judged_as_described! {
    display_name: DisplayName;
    email: EmailText;
    user_key: UserKey;
    note: Note;
    address: AddressText;
    legacy_message: LegacyMessage;
    history_word: HistoryWord;
    history_note: HistoryNote;
    new_password: NewPassword;
    typed_password: TypedPassword;
    invitation: InvitationText;
    pool_id: crate::ids::PoolId;
    client_name: crate::ids::ClientName;
    operation: crate::ids::Operation;
    session: crate::ids::Anchor;
    epoch: crate::ids::Epoch;
}
