//! What the tests of several programs look for in what these write: secrets that were planted, and
//! how a program ends that cannot write. It knows nothing of where that is.
#![warn(missing_docs)]

use std::collections::BTreeSet;
use std::fmt;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// The finest level of a log, and every dependency that is known to log what it carries named for
/// itself.
pub const EVERYTHING: &str = "trace,tungstenite=trace,tokio_tungstenite=trace,hyper=trace,\
    hyper_util=trace,h2=trace,axum=trace,tower=trace,tower_http=trace,rustls=trace,ureq=trace,\
    ureq_proto=trace,mio=trace,zbus=trace,log=trace";

/// Redirections of a shell by which a program cannot write; `&0` is a pipe whose reader has gone.
pub const REDIRECTIONS: [&str; 9] = [
    ">&-",
    "2>&-",
    ">&- 2>&-",
    ">/dev/full",
    "2>/dev/full",
    ">/dev/full 2>&1",
    ">&0",
    "2>&0",
    ">&0 2>&0",
];

/// The shortest text that may be planted, in bytes: a shorter one could stand there by chance.
const SECRET_BYTES_MIN: usize = 12;

/// This many characters of a secret in a row betray it: what is cut short is found, too.
const PART_CHARS: usize = 16;

/// A secret that was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// What the secret is for.
    pub secret: String,
    /// As what it stands there.
    pub form: String,
}

impl fmt::Display for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as {:?}", self.secret, self.form)
    }
}

/// The planted secrets.
#[derive(Debug, Clone, Default)]
pub struct Canaries {
    planted: BTreeSet<(String, String)>,
}

impl Canaries {
    /// No secrets yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a secret; `what` names it in a hit. Adding it twice is adding it once.
    ///
    /// # Panics
    ///
    /// When it has fewer than 12 bytes.
    pub fn plant(&mut self, what: &str, secret: &str) {
        assert!(secret.len() >= SECRET_BYTES_MIN, "{what} is too short to be looked for");
        self.planted.insert((what.to_owned(), secret.to_owned()));
    }

    /// What was planted, by its names.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        self.planted.iter().map(|(what, _)| what.as_str()).collect()
    }

    /// The search for all of them.
    ///
    /// # Panics
    ///
    /// When there are millions of them.
    #[must_use]
    pub fn search(&self) -> Search {
        let mut hits = BTreeSet::new();
        for (what, secret) in &self.planted {
            let found = forms(secret).into_iter();
            hits.extend(found.map(|form| Hit { secret: what.clone(), form }));
        }
        let hits: Vec<Hit> = hits.into_iter().collect();
        let patterns = hits.iter().map(|hit| hit.form.as_bytes());
        let automaton = AhoCorasick::new(patterns).expect("there are few secrets");
        Search { automaton, hits }
    }
}

/// Looks for all planted secrets at once.
#[derive(Debug)]
pub struct Search {
    automaton: AhoCorasick,
    hits: Vec<Hit>,
}

impl Search {
    /// What stands in these bytes, one form of each secret.
    #[must_use]
    pub fn find(&self, bytes: impl AsRef<[u8]>) -> Vec<Hit> {
        let mut found: Vec<Hit> = Vec::new();
        for place in self.automaton.find_overlapping_iter(bytes.as_ref()) {
            let Some(hit) = self.hits.get(place.pattern().as_usize()) else { continue };
            if !found.iter().any(|known| known.secret == hit.secret) {
                found.push(hit.clone());
            }
        }
        found
    }
}

/// A secret as it may stand in a log, in a list of bytes, in an address or in another text.
fn forms(secret: &str) -> BTreeSet<String> {
    let bytes = secret.as_bytes();
    let of_each = |form: &dyn Fn(&u8) -> String, between: &str| {
        bytes.iter().map(form).collect::<Vec<_>>().join(between)
    };
    let in_address = |byte: &u8| match byte {
        byte if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) => {
            char::from(*byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    let mut forms = BTreeSet::from([
        secret.to_owned(),
        quoted(&format!("{secret:?}")),
        quoted(&serde_json::Value::from(secret).to_string()),
        of_each(&|byte| format!("{byte:02x}"), ""),
        of_each(&|byte| format!("{byte:02X}"), ""),
        of_each(&|byte| format!("{byte:02x}"), " "),
        of_each(&|byte| byte.to_string(), ", "),
        of_each(&|byte| byte.to_string(), ","),
        of_each(&in_address, ""),
        of_each(&in_address, "").replace("%20", "+"),
    ]);
    forms.extend(in_base64(bytes));
    let chars: Vec<char> = secret.chars().collect();
    forms.extend(chars.windows(PART_CHARS).map(|part| part.iter().collect::<String>()));
    forms
}

/// Without the quotation marks.
fn quoted(text: &str) -> String {
    text.trim_matches('"').to_owned()
}

/// The characters that depend on the secret alone, wherever in a longer text it begins.
fn in_base64(secret: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for before in 0..3_usize {
        let text = [&vec![0; before][..], secret].concat();
        // A character has six bits: those of the bytes before it, and of what may follow.
        let (first, whole) = ((before * 8).div_ceil(6), text.len() * 8 / 6);
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let form = engine.encode(&text);
            forms.extend(form.get(first..whole).map(ToOwned::to_owned));
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "lucy's \"own\" pässword";

    fn found(text: &str) -> bool {
        let mut canaries = Canaries::new();
        canaries.plant("Lucy's password", SECRET);
        let hits = canaries.search().find(text);
        assert!(hits.iter().all(|hit| hit.secret == "Lucy's password"));
        !hits.is_empty()
    }

    #[test]
    fn it_is_found_in_each_form_and_cut_short() {
        let basic = STANDARD_NO_PAD.encode(format!("lucy:{SECRET}!"));
        for text in [
            SECRET,
            &format!("password: {SECRET:?}"),
            &serde_json::json!({ "password": SECRET }).to_string(),
            &basic,
            &format!("{:?}", SECRET.as_bytes()),
            "%6C lucy%27s%20%22own%22%20p%C3%A4ssword",
            "lucy%27s+%22own%22+p%C3%A4ssword",
            "begins with lucy's \"own\" päs…",
        ] {
            assert!(found(text), "{text}");
        }
        let as_hex = |byte: &u8| format!("{byte:02x}");
        assert!(found(&SECRET.bytes().map(|byte| as_hex(&byte)).collect::<String>()));
    }

    #[test]
    fn what_is_not_it_is_not_found() {
        assert!(!found("lucy's password is hers, and its hash is $argon2id$"));
        assert!(!found(""));
    }
}
