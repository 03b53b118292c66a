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
use hotseat_protocol::version::{NoObject, Number, Spoken};

/// A frame of the pool, written in a version; none where it says nothing here.
///
/// # Errors
///
/// When it is not a JSON object.
pub(super) fn understood(json: &str, spoken: Spoken) -> Result<Option<FromPool>, NoObject> {
    let heard = spoken.hear(json.as_bytes())?;
    match heard.read() {
        Ok(frame) => {
            let differences = heard.differences(&frame);
            if !differences.is_empty() {
                tracing::warn!(
                    ?differences,
                    "the pool says what cannot be; the nearest that can is taken"
                );
            }
            Ok(Some(frame))
        }
        Err(unclear) => {
            // Neither its type nor why: both may repeat what was said, a token for example.
            tracing::warn!("a frame of the pool cannot be read");
            Ok(answered(unclear.number))
        }
    }
}

/// An answer of which nothing but its number can be read. Whoever asked must hear of it: what is
/// never answered is waited for.
fn answered(number: Number) -> Option<FromPool> {
    let n = match number {
        Number::Some(n) => n,
        // One that is beyond every type.
        Number::Odd(n) => stated::number(n).ok()?,
        Number::None => return None,
    };
    let detail = "The pool server's answer cannot be read.";
    let next = "Ask an administrator whether the pool server is of this broker's version.";
    let problem = Problem::new(Code::Internal, detail, next);
    Some(FromPool::Answer { n, answer: PoolAnswer::Problem { problem } })
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
