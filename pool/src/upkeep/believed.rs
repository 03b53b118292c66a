//! For how long somebody may still believe in a seat, worked out from a store, sound or damaged.
//!
//! What cannot be told is never taken for nothing: it may have been the longest lease that can be
//! defined.

use std::path::Path;
use std::time::Duration;

use hotseat_protocol::ids::Generation;
use hotseat_rules::{MAX_DURATION, State, Wait};
use rusqlite::Connection;

use super::quarantine::{Survey, survey};
use super::spoilt;
use crate::directory::may_be_called;
use crate::journal::JournalError;
use crate::journal::assess::pages;
use crate::journal::look::Look;
use crate::journal::spoilt::spoilt as spoilt_rows;
use crate::journal::store::version;
use crate::journal::verify::whole;

/// What a store tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Believed {
    /// What definitions state, and an unfinished wait.
    known: Wait,
    /// Why a lease may have been stated that nobody can tell; none: there is no such.
    unknown: Option<String>,
    /// Generations that the store has or had: machines may have seen much of them.
    pub(super) generations: Vec<Generation>,
}

impl Believed {
    /// By the state of a store in which nothing is wrong.
    pub(super) fn of_state(state: &State, calls: bool) -> Self {
        let known = Wait::from(state.longest_lease(calls)).max(state.waits());
        let contents = state.contents();
        let generations = contents.past.iter().chain([&contents.generation]).copied().collect();
        Self { known, unknown: None, generations }
    }

    /// By what a survey of a damaged store found.
    pub(super) fn of_survey(
        connection: &Connection,
        survey: &Survey,
        calls: bool,
    ) -> Result<Self, JournalError> {
        let mut found = Self::of_state(&survey.state, calls);
        found.known = found.known.max(survey.longest_stated);
        found.generations.extend(&survey.lost);
        let broken = pages(connection)?.map(|what| format!("pages of its file are broken: {what}"));
        found.unknown = survey.unknown_lease.clone().or(broken);
        Ok(found)
    }

    /// By the store at `path`, whatever is there. The caller has its lock.
    pub(super) fn of_file(path: &Path) -> Self {
        if !path.exists() {
            return Self::unknown("there was no store in its place".to_owned());
        }
        let told = Look::locked(path).and_then(|look| Self::of_store(&look.connection));
        told.unwrap_or_else(|error| Self::unknown(error.to_string()))
    }

    fn of_store(connection: &Connection) -> Result<Self, JournalError> {
        let calls = calls(connection);
        let report = whole(connection)?;
        match (&report.state, spoilt(&report)) {
            (Some(state), None) => Ok(Self::of_state(state, calls)),
            _ => Self::of_survey(connection, &survey(connection, calls)?, calls),
        }
    }

    fn unknown(why: String) -> Self {
        Self { unknown: Some(why), ..Self::default() }
    }

    /// Of two stores of which one takes the place of the other.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.known = self.known.max(other.known);
        self.unknown = self.unknown.or(other.unknown);
        self.generations.extend(other.generations);
        self
    }

    /// How long nothing may be granted. `word` is the longest lease that there ever was, where an
    /// administrator says so: it stands for what cannot be told, and makes the rest only longer.
    pub(super) fn wait(&self, word: Option<Duration>) -> Wait {
        let feared = if self.unknown.is_some() { MAX_DURATION } else { Duration::ZERO };
        let whole = self.known.whole().max(word.unwrap_or(feared));
        Wait::new(whole, self.known.stated())
    }

    /// The same, where `word` takes the place of what an administrator said before, too.
    pub(super) fn wait_as_confirmed(&self, word: Option<Duration>) -> Wait {
        match word {
            Some(word) => Wait::new(word, self.known.stated()),
            None => self.wait(None),
        }
    }

    /// Why a lease may have been stated that nobody can tell.
    pub(crate) fn cannot_tell(&self) -> Option<&str> {
        self.unknown.as_deref()
    }
}

/// Whether there may be seats that are kept by calls. Whoever cannot be asked may call.
pub(super) fn calls(connection: &Connection) -> bool {
    let tells = |version| spoilt_rows(connection, version);
    let unread = version(connection).and_then(tells).map_or(true, |found| {
        found.iter().any(|it| matches!(it.of_table(), "service" | "user_token"))
    });
    unread || may_be_called(connection).unwrap_or(true)
}
