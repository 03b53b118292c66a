//! What went wrong, as data: a stable code to match, a sentence to show, and the next step.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::bounded_text::{DisplayName, LegacyMessage, Sentence};
use crate::ids::{ClientName, WallTime};
use crate::quantity::IdleSeconds;
use crate::stated;
use crate::view::HOLDERS_MAX;

/// Stable codes. A program matches these; a person reads `detail`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Every seat is in use or set aside.
    PoolFull,
    /// A seat is free, but a line stands.
    OthersWait,
    /// The client's rule is `check`; it can never hold a seat.
    ClientCannotHold,
    /// A client that only checks cannot stand in line.
    ClientCannotWait,
    /// The user may not use this pool.
    NotEntitled,
    /// The user's account is disabled.
    UserDisabled,
    /// The machine's credential was revoked.
    MachineRevoked,
    /// The pool waits until old leases have surely ended.
    PoolRecovering,
    /// Two computers use one machine's enrolment: one of them is a clone or a restored backup.
    MachineCloned,

    /// Nobody is logged in on this machine for this OS user (broker).
    NotLoggedIn,
    /// The broker has no link to the pool (broker).
    PoolUnreachable,
    /// There is no desktop session that a seat could hang on (broker).
    NoSession,
    /// The broker's state directory cannot be written (broker).
    StateUnwritable,
    /// The machine was never enrolled with a pool server (broker).
    NotEnrolled,
    /// Another tray already serves this session (broker).
    AlreadyRunning,

    /// E-mail and password do not match.
    WrongPassword,
    /// No token, or one that is not known or has ended.
    NotAuthenticated,
    /// The token is good, but not for this.
    NotAllowed,
    /// There is no such pool, seat, place, offer, request or user.
    NotFound,
    /// The seat, place or offer has ended, or was granted again under a newer epoch.
    Ended,
    /// A request id came again with another body.
    RequestReused,
    /// The body, a name or a value is not valid.
    Invalid,
    /// Too many requests or connections.
    TooMany,
    /// The server cannot answer now; it says when to try again.
    Unavailable,
    /// The two programs' versions do not fit.
    AnotherVersion,
    /// An error inside the program; its log has the cause.
    Internal,
    /// A code of a newer version.
    #[serde(other)]
    Unknown,
}

impl Code {
    /// Whether the rules said no, as opposed to something having failed.
    #[must_use]
    pub fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::PoolFull
                | Self::OthersWait
                | Self::ClientCannotHold
                | Self::ClientCannotWait
                | Self::NotEntitled
                | Self::UserDisabled
                | Self::MachineRevoked
                | Self::PoolRecovering
        )
    }
}

/// An error or a refusal as it crosses a process boundary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What to match on.
    pub code: Code,
    /// The truth, in one or two sentences.
    #[serde(deserialize_with = "stated::text::<Sentence, _>")]
    pub detail: String,
    /// What the reader can do next, in one sentence; empty when there is nothing to do.
    #[serde(default, deserialize_with = "stated::text::<Sentence, _>")]
    pub next: String,
    /// The pool's numbers and holders, for `pool_full` and `others_wait`.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Box<RefusalFacts>>,
}

impl Problem {
    /// A problem without facts about a pool.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>, next: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), next: next.into(), facts: None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)?;
        if !self.next.is_empty() {
            write!(f, " {}", self.next)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

/// An error or a refusal: the members of RFC 9457, and the facts about the pool, which are all there
/// or all absent.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "it is only described; what is sent is made from a Problem")]
struct ProblemForm {
    /// What to match on.
    code: Code,
    /// The truth, in one or two sentences.
    #[schema(max_length = 4000)]
    detail: String,
    /// What the reader can do next, in one sentence; empty when there is nothing to do.
    #[schema(max_length = 1000)]
    next: String,
    /// The status in words; absent from a refusal with facts.
    #[schema(max_length = 100, nullable = false)]
    title: Option<String>,
    /// The status; absent from a refusal with facts.
    #[schema(minimum = 400, maximum = 599, nullable = false)]
    status: Option<u16>,
    /// The client's fixed text, to the letter, or null; an application may expect it.
    #[schema(min_length = 1, max_length = 500)]
    legacy_message: Option<String>,
    /// Seats of the pool.
    #[schema(maximum = 100_000, nullable = false)]
    seats: Option<u32>,
    /// Seats in use, those being reclaimed included.
    #[schema(maximum = 100_000, nullable = false)]
    in_use: Option<u32>,
    /// People in the line.
    #[schema(nullable = false)]
    waiting: Option<u32>,
    /// How long a waiter usually waits, from and to, in seconds; null while too little is known.
    #[schema(min_items = 2, max_items = 2)]
    usually_waits_s: Option<Vec<u32>>,
    /// Who holds the seats, as the pool's privacy setting allows.
    #[schema(nullable = false)]
    holders: Option<Vec<HolderFact>>,
}

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        ProblemForm::schema()
    }
}

impl ToSchema for Problem {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        ProblemForm::schemas(schemas);
    }
}

/// Why there was no seat: the numbers at the moment of the refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusalFacts {
    /// The client's fixed text, to the letter, or null; an application may expect it.
    #[serde(default, deserialize_with = "stated::text_or_none::<LegacyMessage, _>")]
    pub legacy_message: Option<String>,
    /// Seats of the pool.
    #[serde(deserialize_with = "stated::number")]
    pub seats: u32,
    /// Seats in use, those being reclaimed included.
    #[serde(deserialize_with = "stated::number")]
    pub in_use: u32,
    /// People in the line.
    #[serde(deserialize_with = "stated::number")]
    pub waiting: u32,
    /// How long a waiter usually waits, from and to, in seconds; null while too little is known.
    #[serde(default, deserialize_with = "stated::span_or_none")]
    pub usually_waits_s: Option<[u32; 2]>,
    /// Who holds the seats, as the pool's privacy setting allows.
    #[serde(deserialize_with = "stated::list::<HOLDERS_MAX, _, _>")]
    pub holders: Vec<HolderFact>,
}

/// One holder in a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HolderFact {
    /// Name, initials, or null, as the pool's privacy setting says.
    #[serde(default, deserialize_with = "stated::text_or_none::<DisplayName, _>")]
    pub user: Option<String>,
    /// The way the holder came in.
    pub client: ClientName,
    /// Since when.
    pub since: WallTime,
    /// Seconds since the holder's last input; null when that is not known.
    #[serde(default, deserialize_with = "stated::number_or_none")]
    pub idle_s: Option<IdleSeconds>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_lie_flat_beside_the_code() {
        let facts = RefusalFacts {
            legacy_message: None,
            seats: 2,
            in_use: 2,
            waiting: 0,
            usually_waits_s: None,
            holders: vec![],
        };
        let mut problem = Problem::new(Code::PoolFull, "All seats are in use.", "Wait for a seat.");
        problem.facts = Some(Box::new(facts));
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(json["seats"], 2);
        assert_eq!(json["legacy_message"], serde_json::Value::Null);
        assert_eq!(serde_json::from_value::<Problem>(json).unwrap(), problem);

        let plain = Problem::new(Code::NotFound, "No such pool.", "");
        let json = serde_json::to_value(&plain).unwrap();
        assert!(json.get("seats").is_none());
        assert_eq!(serde_json::from_value::<Problem>(json).unwrap(), plain);
    }

    #[test]
    fn a_code_of_a_newer_version_is_tolerated() {
        assert_eq!(serde_json::from_str::<Code>("\"pool_on_fire\"").unwrap(), Code::Unknown);
    }
}
