//! Every sentence that the tray says, in one catalogue per language.
//!
//! A language is one implementation of [`Catalogue`], so a missing sentence does not compile.
//! Clock times are passed as finished text: menus name the moment and never count down.

mod english;
mod english_ends;

use crate::aftermath::After;
use hotseat_protocol::ids::WallTime;
use hotseat_protocol::problem::{HolderFact, Problem};
use hotseat_protocol::reason::{PlaceEnd, ReleaseReason};
use jiff::civil::Weekday;
use jiff::{Timestamp, ZonedDateTime, tz::TimeZone};

pub use english::English;

/// Stands between a number and its unit.
pub const NO_BREAK_SPACE: char = '\u{a0}';

/// A pool's name with its numbers, as menu lines say them.
#[derive(Debug, Clone, Copy)]
pub struct Counts<'a> {
    /// The pool's name for people.
    pub pool: &'a str,
    /// Counted seats in use.
    pub in_use: u32,
    /// Seats of the pool.
    pub seats: u32,
}

/// Title and body of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteText {
    /// One short line.
    pub title: String,
    /// What is, and what happens next.
    pub body: String,
}

/// What an idle warning says.
#[derive(Debug, Clone, Copy)]
pub struct WarningText<'a> {
    /// The person who is addressed, if the name is known.
    pub name: Option<&'a str>,
    /// Seconds without input when the warning began.
    pub idle_s: u64,
    /// The clock time of the sign-off.
    pub until: &'a str,
    /// Whether somebody waits.
    pub wanted: bool,
    /// Who, where the pool's privacy setting allows it.
    pub waiter: Option<&'a str>,
}

/// A seat that ended against the person's will.
#[derive(Debug, Clone, Copy)]
pub struct EndText<'a> {
    /// Why.
    pub reason: ReleaseReason,
    /// The clock time of the end.
    pub at: &'a str,
    /// Who took it back, if somebody did.
    pub by: Option<&'a str>,
    /// What that person said.
    pub note: Option<&'a str>,
    /// Seconds without contact, when that was the cause.
    pub silent_s: Option<u64>,
    /// The computer slept meanwhile.
    pub slept: bool,
    /// How things stand since; absent while nobody can tell.
    pub after: Option<&'a After>,
}

/// What was refused.
#[derive(Debug, Clone, Copy)]
pub struct FullText<'a> {
    /// Who holds the seats.
    pub holders: &'a [HolderFact],
    /// People in the line.
    pub waiting: u32,
    /// How long a waiter usually waits, from and to, in seconds.
    pub usually_waits_s: Option<[u32; 2]>,
    /// The client's fixed text.
    pub legacy_message: Option<&'a str>,
}

/// One language.
pub trait Catalogue: Send + Sync {
    /// The service does not answer.
    fn no_broker(&self) -> String;
    /// The two programs do not fit.
    fn another_version(&self, theirs: &str, ours: &str) -> String;
    /// The computer is not enrolled.
    fn not_enrolled(&self) -> String;
    /// Connected, logged in, and there is no pool.
    fn no_pools(&self) -> String;
    /// No contact since `since`; never any when that is absent.
    fn no_contact(&self, pool: Option<&str>, since: Option<&str>) -> String;
    /// The pool refuses this computer, because another one has the same enrolment.
    fn cloned(&self) -> String;
    /// The pool refuses this computer for another reason.
    fn refused(&self, pool: Option<&str>) -> String;
    /// No contact, and the pool tolerates that the person works on.
    fn without_seat(&self, pool: &str) -> String;
    /// No contact, but the seat is held until `until`.
    fn no_contact_safe(&self, pool: &str, until: &str) -> String;
    /// It is not known whether the seat is still held.
    fn unconfirmed(&self, pool: &str) -> String;
    /// Nobody is logged in.
    fn signed_out(&self, pool: Option<&str>) -> String;
    /// No seat.
    fn no_seat(&self, counts: Counts<'_>) -> String;
    /// In the line.
    fn waiting(&self, counts: Counts<'_>, rank: u32) -> String;
    /// A seat is set aside until `until`.
    fn your_turn(&self, pool: &str, until: &str) -> String;
    /// A seat is held.
    fn holding(&self, counts: Counts<'_>) -> String;
    /// Signed off at `until` unless there is activity.
    fn idle_warning(&self, pool: &str, until: &str) -> String;
    /// The seat was lost at `at`.
    fn lost(&self, pool: &str, at: &str) -> String;

    /// A day of the week, in short, in front of a clock time.
    fn weekday(&self, day: Weekday) -> &'static str;
    /// An item of the menu, or a button.
    fn label(&self, label: Label) -> &'static str;

    /// A warning began.
    fn note_warning(&self, text: WarningText<'_>) -> NoteText;
    /// Signed off because nobody answered; `next` stands first in line.
    fn note_signed_off_idle(&self, since: &str, next: Option<&str>) -> NoteText;
    /// A seat is set aside.
    fn note_your_turn(&self, pool: &str, until: &str) -> NoteText;
    /// A place ended; nothing where the person did it.
    fn note_place_ended(&self, pool: &str, end: PlaceEnd) -> Option<NoteText>;
    /// Taken back by the pool: save, it ends at once.
    fn note_reclaimed(&self, end: EndText<'_>) -> NoteText;
    /// Lost.
    fn note_lost(&self, end: EndText<'_>) -> NoteText;
    /// How things stand since a seat was lost.
    fn after(&self, after: &After) -> String;
    /// The pool answers again and the seat was kept.
    fn note_pool_reachable(&self) -> NoteText;
    /// Something is wrong with this computer, and the pool may refuse it; `detail` says what it is
    /// and what to do.
    fn note_trouble(&self, problem: &Problem, refused: bool) -> NoteText;
    /// No panel shows the icon.
    fn note_no_panel(&self) -> NoteText;
    /// There is no seat.
    fn note_full(&self, pool: &str, text: FullText<'_>) -> NoteText;
    /// Something failed; `detail` says what.
    fn note_failed(&self, pool: Option<&str>, detail: &str) -> NoteText;
}

/// A short text on something that can be pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// Take a free seat.
    TakeSeat,
    /// The same, under way.
    TakingSeat,
    /// Join the line.
    Wait,
    /// The same, under way.
    JoiningLine,
    /// Take the offered seat.
    TakeOffered,
    /// Pass the offered seat on.
    Pass,
    /// Leave the line.
    LeaveLine,
    /// Give the seat back.
    SignOff,
    /// The same, under way.
    SigningOff,
    /// Answer a warning: stay.
    Keep,
    /// Answer a warning: go.
    SignOffNow,
    /// Show the window.
    OpenWindow,
    /// Log in.
    LogIn,
    /// Log out.
    LogOut,
    /// End the tray.
    Quit,
    /// End the tray while it holds a seat.
    QuitAndSignOff,
}

/// A language, and the time zone in which it names times.
pub struct Texts {
    /// The sentences.
    pub language: &'static dyn Catalogue,
    zone: TimeZone,
}

impl Texts {
    /// English, with times in `zone`.
    pub fn english(zone: TimeZone) -> Self {
        Self { language: &English, zone }
    }

    /// `10:07:42`; `Tue 10:07:42` when that is not the day of `now`.
    pub fn clock(&self, time: WallTime, now: WallTime) -> String {
        self.format(time, now, "%H:%M:%S")
    }

    /// `10:07`; `Tue 10:07` when that is not the day of `now`.
    pub fn clock_minutes(&self, time: WallTime, now: WallTime) -> String {
        self.format(time, now, "%H:%M")
    }

    fn format(&self, time: WallTime, now: WallTime, format: &str) -> String {
        // Only a broken peer sends a time that is none; the sentence around it stays readable.
        let Some(time_here) = self.here(time) else { return time.to_string() };
        let clock = time_here.strftime(format).to_string();
        if self.here(now).is_some_and(|now| now.date() != time_here.date()) {
            return format!(
                "{}{NO_BREAK_SPACE}{clock}",
                self.language.weekday(time_here.weekday())
            );
        }
        clock
    }

    fn here(&self, time: WallTime) -> Option<ZonedDateTime> {
        let stamp = Timestamp::from_millisecond(time.unix_ms).ok()?;
        Some(ZonedDateTime::new(stamp, self.zone.clone()))
    }
}

/// `25 min`, `40 s`, `1 h 5 min`: rounded down to what a person cares about.
pub fn duration(seconds: u64) -> String {
    let gap = NO_BREAK_SPACE;
    match (seconds / 3600, seconds / 60) {
        (0, 0) => format!("{seconds}{gap}s"),
        (0, minutes) => format!("{minutes}{gap}min"),
        (hours, minutes) if minutes % 60 == 0 => format!("{hours}{gap}h"),
        (hours, minutes) => format!("{hours}{gap}h {}{gap}min", minutes % 60),
    }
}

#[cfg(test)]
mod tests;
