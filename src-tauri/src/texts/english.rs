//! English.

use hotseat_protocol::problem::{Code, HolderFact, Problem};
use hotseat_protocol::quantity::IdleSeconds;
use hotseat_protocol::reason::PlaceEnd;
use jiff::civil::Weekday;

use super::english_ends as ends;
use super::{
    Catalogue, Counts, EndText, FullText, Label, NO_BREAK_SPACE, NoteText, WarningText, duration,
};
use crate::aftermath::After;

/// English texts.
pub struct English;

/// Used where no pool's name is known.
const PRODUCT: &str = "Hotseat";

impl Catalogue for English {
    fn no_broker(&self) -> String {
        "Hotseat's service is not running".to_owned()
    }

    fn another_version(&self, theirs: &str, ours: &str) -> String {
        format!("Hotseat's service is {theirs}, this is {ours}")
    }

    fn not_enrolled(&self) -> String {
        "This computer is not enrolled yet".to_owned()
    }

    fn no_pools(&self) -> String {
        "There is no pool yet".to_owned()
    }

    fn no_contact(&self, pool: Option<&str>, since: Option<&str>) -> String {
        let pool = pool.unwrap_or(PRODUCT);
        match since {
            Some(since) => format!("{pool}: no contact since {since}"),
            None => format!("{pool}: no contact yet"),
        }
    }

    fn cloned(&self) -> String {
        "This computer is a clone of another: an administrator must enrol it anew".to_owned()
    }

    fn refused(&self, pool: Option<&str>) -> String {
        format!("{}: the pool refuses this computer", pool.unwrap_or(PRODUCT))
    }

    fn without_seat(&self, pool: &str) -> String {
        format!("{pool}: no contact, you work on without a seat")
    }

    fn no_contact_safe(&self, pool: &str, until: &str) -> String {
        format!("{pool}: no contact, safe until {until}")
    }

    fn unconfirmed(&self, pool: &str) -> String {
        format!("{pool}: checking your seat")
    }

    fn signed_out(&self, pool: Option<&str>) -> String {
        format!("{}: log in first", pool.unwrap_or(PRODUCT))
    }

    fn no_seat(&self, counts: Counts<'_>) -> String {
        format!("{}: no seat, {}", counts.pool, in_use(counts))
    }

    fn waiting(&self, counts: Counts<'_>, rank: u32) -> String {
        format!("{}: place {rank} in line, {}", counts.pool, in_use(counts))
    }

    fn your_turn(&self, pool: &str, until: &str) -> String {
        format!("{pool}: your turn, until {until}")
    }

    fn holding(&self, counts: Counts<'_>) -> String {
        format!("{}: you hold a seat, {}", counts.pool, in_use(counts))
    }

    fn idle_warning(&self, pool: &str, until: &str) -> String {
        format!("{pool}: still there? Signed off at {until}")
    }

    fn lost(&self, pool: &str, at: &str) -> String {
        format!("{pool}: seat lost at {at}")
    }

    fn weekday(&self, day: Weekday) -> &'static str {
        match day {
            Weekday::Monday => "Mon",
            Weekday::Tuesday => "Tue",
            Weekday::Wednesday => "Wed",
            Weekday::Thursday => "Thu",
            Weekday::Friday => "Fri",
            Weekday::Saturday => "Sat",
            Weekday::Sunday => "Sun",
        }
    }

    fn label(&self, label: Label) -> &'static str {
        match label {
            Label::TakeSeat => "Take a seat",
            Label::TakingSeat => "Taking a seat…",
            Label::Wait => "Wait for a seat",
            Label::JoiningLine => "Joining the line…",
            Label::TakeOffered => "Take the seat",
            Label::Pass => "Pass",
            Label::LeaveLine => "Leave the line",
            Label::SignOff => "Sign off",
            Label::SigningOff => "Signing off…",
            Label::Keep => "Keep my seat",
            Label::SignOffNow => "Sign off now",
            Label::OpenWindow => "Open Hotseat",
            Label::LogIn => "Log in…",
            Label::LogOut => "Log out",
            Label::Quit => "Quit",
            Label::QuitAndSignOff => "Quit and sign off",
        }
    }

    fn note_warning(&self, text: WarningText<'_>) -> NoteText {
        let title = match text.name {
            Some(name) => format!("Still there, {name}?"),
            None => "Still there?".to_owned(),
        };
        let idle = duration(text.idle_s);
        let until = text.until;
        let body = match (text.wanted, text.waiter) {
            (true, Some(waiter)) => format!(
                "{waiter} is waiting; you have been idle {idle}. \
                 Your seat goes to {waiter} at {until}."
            ),
            (true, None) => format!(
                "A colleague is waiting; you have been idle {idle}. \
                 Your seat goes to the next in line at {until}."
            ),
            (false, _) => format!("Idle {idle}. Your seat goes back at {until}."),
        };
        NoteText { title, body }
    }

    fn note_signed_off_idle(&self, since: &str, next: Option<&str>) -> NoteText {
        let tail = match next {
            Some(next) => format!("{next} is next in line for your seat."),
            None => "Your seat went back.".to_owned(),
        };
        NoteText {
            title: "You were signed off.".to_owned(),
            body: format!("Idle since {since}. {tail}"),
        }
    }

    fn note_your_turn(&self, pool: &str, until: &str) -> NoteText {
        NoteText {
            title: format!("A seat for you: {pool}"),
            body: format!("Set aside until {until}, then the next in line is asked."),
        }
    }

    fn note_place_ended(&self, pool: &str, end: PlaceEnd) -> Option<NoteText> {
        let body = match end {
            PlaceEnd::OfferLapsed => "The offer ran out before you answered. You can wait again.",
            PlaceEnd::Lapsed => "This computer was out of contact too long. You can wait again.",
            PlaceEnd::UserDisabled => "Your account is disabled. Ask your administrator.",
            PlaceEnd::MachineRevoked => {
                "This computer is no longer enrolled. Ask your administrator."
            }
            PlaceEnd::PoolRemoved => "The pool was removed. Ask your administrator.",
            PlaceEnd::Seated | PlaceEnd::Left | PlaceEnd::Declined | PlaceEnd::Superseded => {
                return None;
            }
        };
        Some(NoteText {
            title: format!("You are no longer in line: {pool}"),
            body: body.to_owned(),
        })
    }

    fn note_reclaimed(&self, end: EndText<'_>) -> NoteText {
        ends::reclaimed(end)
    }

    fn note_lost(&self, end: EndText<'_>) -> NoteText {
        ends::lost(end)
    }

    fn after(&self, after: &After) -> String {
        ends::after(after)
    }

    fn note_pool_reachable(&self) -> NoteText {
        NoteText {
            title: "The pool answers again.".to_owned(),
            body: "You kept your seat.".to_owned(),
        }
    }

    fn note_trouble(&self, problem: &Problem, refused: bool) -> NoteText {
        let title = if refused {
            "The pool refuses this computer."
        } else if problem.code == Code::NotLoggedIn {
            "Your log-in has ended."
        } else {
            "This computer needs an administrator."
        };
        NoteText { title: title.to_owned(), body: problem.to_string() }
    }

    fn note_no_panel(&self) -> NoteText {
        NoteText {
            title: "Your desktop shows no tray icons.".to_owned(),
            body: "Hotseat still warns you by notification. Start Hotseat again to see its window."
                .to_owned(),
        }
    }

    fn note_full(&self, pool: &str, text: FullText<'_>) -> NoteText {
        let mut body = match holders(text.holders) {
            Some(holders) => format!("All seats are in use: {holders}."),
            None => "All seats are in use.".to_owned(),
        };
        body.push_str(&match text.waiting {
            0 => " You would be next".to_owned(),
            waiting => format!(" You would be number {}", waiting + 1),
        });
        if let Some([from, to]) = text.usually_waits_s {
            let gap = NO_BREAK_SPACE;
            let (from, to) = (from / 60, to.div_ceil(60));
            body.push_str(&format!("; usually {from}–{to}{gap}min"));
        }
        body.push('.');
        if let Some(message) = text.legacy_message {
            body.push_str(&format!(" \"{message}\" is not about your password: the pool is full."));
        }
        NoteText { title: format!("{pool}: no seat"), body }
    }

    fn note_failed(&self, pool: Option<&str>, detail: &str) -> NoteText {
        NoteText {
            title: format!("{}: that did not work", pool.unwrap_or(PRODUCT)),
            body: detail.to_owned(),
        }
    }
}

fn in_use(counts: Counts<'_>) -> String {
    format!("{} of {} in use", counts.in_use, counts.seats)
}

/// "Lucy (idle 14 min), Bill and 2 colleagues"; nothing when nobody is known.
fn holders(holders: &[HolderFact]) -> Option<String> {
    let mut parts: Vec<String> = holders
        .iter()
        .filter_map(|holder| {
            let name = holder.user.as_ref()?;
            Some(match holder.idle_s.map(IdleSeconds::get) {
                Some(idle) if idle >= crate::views::ACTIVE_BELOW_S => {
                    format!("{name} (idle {})", duration(idle))
                }
                Some(_) | None => name.clone(),
            })
        })
        .collect();
    if parts.is_empty() {
        return None;
    }
    match holders.len() - parts.len() {
        0 => {}
        1 => parts.push("a colleague".to_owned()),
        more => parts.push(format!("{more} colleagues")),
    }
    Some(listed(parts))
}

/// "Lucy, Bill and Olaf".
pub(super) fn listed(mut parts: Vec<String>) -> String {
    match parts.pop() {
        None => String::new(),
        Some(last) if parts.is_empty() => last,
        Some(last) => format!("{} and {last}", parts.join(", ")),
    }
}
