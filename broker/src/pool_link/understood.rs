//! What the pool says, understood as far as it can be.
//!
//! A pool server of another version may know other ranges and other words, and one that is wrong
//! may say anything: neither may cost this machine its link, and with it the seats of all its
//! people. So numbers and texts become the nearest that can be, of a list the elements that can be
//! read are left, and a frame that has too little left is skipped. What was not understood as it
//! was said is logged. Only what is no JSON object ends the link.

use hotseat_protocol::link::{FromPool, PoolAnswer};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_protocol::stated;
use hotseat_protocol::version::Spoken;
use serde::Deserialize;
use serde::de::Error as _;
use serde_json::Value;

/// A frame of the pool, written in a version; none where it says nothing here.
///
/// # Errors
///
/// When it is not a JSON object.
pub(super) fn understood(json: &str, spoken: Spoken) -> serde_json::Result<Option<FromPool>> {
    let said = match serde_json::from_str(json) {
        Ok(said @ Value::Object(_)) => said,
        Ok(_) => return Err(serde_json::Error::custom("a frame is not a JSON object")),
        // Good JSON that cannot be parsed has a number that no type holds; nothing else is mended.
        Err(error) => object(&bounded(json)).ok_or(error)?,
    };
    match spoken.read_value::<FromPool>(said.clone()) {
        Ok(frame) => {
            log_differences(&said, &frame, spoken);
            Ok(Some(frame))
        }
        Err(error) => {
            // The error's own words may repeat what was said, a token for example.
            tracing::warn!(kind = ?error.classify(), "a frame of the pool cannot be read");
            Ok(Answered::deserialize(&said).ok().map(Answered::into_frame))
        }
    }
}

fn object(json: &str) -> Option<Value> {
    serde_json::from_str(json).ok().filter(Value::is_object)
}

fn log_differences(said: &Value, frame: &FromPool, spoken: Spoken) {
    // Written again in the version of the link, it has the names of what was said.
    let again = spoken.write(frame).and_then(|json| serde_json::from_str(&json));
    let Ok(again) = again else { return };
    let differences = stated::differences(said, &again);
    if !differences.is_empty() {
        tracing::warn!(?differences, "the pool says what cannot be; the nearest that can is taken");
    }
}

/// An answer of which nothing but its number can be read. Whoever asked must hear of it: what is
/// never answered is waited for.
#[derive(Deserialize)]
struct Answered {
    #[serde(rename = "type")]
    _kind: OfAnswers,
    #[serde(deserialize_with = "stated::number")]
    n: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum OfAnswers {
    Answer,
}

impl Answered {
    fn into_frame(self) -> FromPool {
        let detail = "The pool server's answer cannot be read.";
        let next = "Ask an administrator whether the pool server is of this broker's version.";
        let problem = Problem::new(Code::Internal, detail, next);
        FromPool::Answer { n: self.n, answer: PoolAnswer::Problem { problem } }
    }
}

/// The same JSON with each number that is beyond every type replaced by the greatest that is not.
fn bounded(json: &str) -> String {
    let mut bounded = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => text_bytes(rest),
            '-' | '0'..='9' => {
                let length = rest.find(|c| !matches!(c, '-' | '+' | '.' | 'e' | 'E' | '0'..='9'));
                let length = length.unwrap_or(rest.len());
                let number = &rest[..length];
                match number.parse::<f64>() {
                    Ok(beyond) if beyond.is_infinite() => {
                        bounded.push_str(if first == '-' { "-1e308" } else { "1e308" });
                    }
                    Ok(_) | Err(_) => bounded.push_str(number),
                }
                rest = &rest[length..];
                continue;
            }
            other => other.len_utf8(),
        };
        bounded.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    bounded
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

    fn read(json: &str) -> Option<FromPool> {
        understood(json, Spoken::newest()).unwrap()
    }

    #[test]
    fn a_number_beyond_every_type_is_the_greatest() {
        for n in ["1e400", "1e308", "18446744073709551616", &"9".repeat(400)] {
            let answer =
                read(&format!(r#"{{"type":"answer","n":{n},"answer":{{"kind":"done"}}}}"#));
            assert_eq!(answer, Some(FromPool::Answer { n: u64::MAX, answer: PoolAnswer::Done }));
        }
        let text = r#"{"a":"1e400 \" 1e400","b":-1e400,"c":[1e400,2]}"#;
        assert_eq!(bounded(text), r#"{"a":"1e400 \" 1e400","b":-1e308,"c":[1e308,2]}"#);
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_told_to_whoever_asked() {
        let frame = r#"{"type":"answer","n":7,"answer":{"kind":"logged_in","user":3}}"#;
        let Some(FromPool::Answer { n: 7, answer: PoolAnswer::Problem { problem } }) = read(frame)
        else {
            panic!("nobody was told")
        };
        assert_eq!(problem.code, Code::Internal);
    }

    #[test]
    fn other_frames_are_skipped_and_what_is_no_object_is_an_error() {
        assert_eq!(read(r#"{"type":"warn_idle","seat":"none"}"#), None);
        assert_eq!(read(r#"{"no":"type"}"#), None);
        for wrong in ["", "[]", "7", "{", "null", "{\"n\":1e400"] {
            assert!(understood(wrong, Spoken::newest()).is_err(), "{wrong:?}");
        }
    }
}
