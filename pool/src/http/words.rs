//! What people are told: sentences of refusals, and what to do next.

use std::fmt::Write as _;
use std::time::Duration;

use hotseat_protocol::problem::{Code, HolderFact, Problem, RefusalFacts};
use hotseat_protocol::quantity::IdleSeconds;
use hotseat_rules::{Facts, Holder, Idle, Privacy, Recovering, RefusalCode, Refused};

use crate::directory::Names;
use crate::durations::{ms, written};
use crate::feed::shown;
use crate::journal::{Poison, Stopper};

/// Names that one sentence lists before it counts the rest.
const NAMES_TOLD: usize = 5;

/// What was asked, as far as the sentence depends on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// By which way in.
    pub(crate) client: &'a str,
    /// It was a check: nothing to wait with.
    pub(crate) is_check: bool,
    /// What people of the pool see of each other.
    pub(crate) privacy: Privacy,
    /// How long half of the waiters waited lately, from and to; none while too little is known.
    pub(crate) usually_waits_s: Option<[u32; 2]>,
}

/// A refused sign-on or check as the caller is told: the fixed message and the truth.
pub(crate) fn refusal(refused: &Refused, asked: Asked<'_>, names: &Names) -> Problem {
    let (code, detail, next) = match refused.code {
        // A repeat of a request that was refused tells how it stands now.
        RefusalCode::PoolFull if is_free(&refused.facts) => {
            let detail = format!("The pool was full then; {} now.", free(&refused.facts));
            (Code::PoolFull, detail, "Ask again with a new request_id.".to_owned())
        }
        RefusalCode::OthersWait if refused.facts.waiting == 0 => {
            let detail = "Others waited then; nobody does now.".to_owned();
            (Code::OthersWait, detail, "Ask again with a new request_id.".to_owned())
        }
        RefusalCode::PoolFull => (Code::PoolFull, full(refused, asked, names), after_full(asked)),
        RefusalCode::OthersWait => {
            (Code::OthersWait, others_wait(refused, asked), after_full(asked))
        }
        RefusalCode::ClientCannotHold => (
            Code::ClientCannotHold,
            format!("{} cannot hold a seat: it only checks.", asked.client),
            "Check with it, or sign on with a client that holds.".to_owned(),
        ),
        RefusalCode::ClientCannotWait => (
            Code::ClientCannotWait,
            format!("{} cannot wait: it only checks.", asked.client),
            "Wait with a client that holds, then try again.".to_owned(),
        ),
        RefusalCode::UserDisabled => {
            (Code::UserDisabled, DISABLED.to_owned(), ASK_ADMINISTRATOR.to_owned())
        }
        RefusalCode::MachineRevoked => {
            (Code::MachineRevoked, REVOKED.to_owned(), ASK_ADMINISTRATOR.to_owned())
        }
        RefusalCode::PoolRecovering => {
            let (detail, next) = recovering(refused.facts.recovering);
            (Code::PoolRecovering, detail, next)
        }
    };
    let mut problem = Problem::new(code, detail, next);
    if tells_of_the_pool(refused.code) {
        problem.facts = Some(Box::new(facts(refused, asked, names)));
    }
    problem
}

/// Whoever may not use a pool at all is told nothing of it: no holders, and no numbers.
fn tells_of_the_pool(code: RefusalCode) -> bool {
    match code {
        RefusalCode::UserDisabled | RefusalCode::MachineRevoked => false,
        RefusalCode::PoolFull
        | RefusalCode::OthersWait
        | RefusalCode::ClientCannotHold
        | RefusalCode::ClientCannotWait
        | RefusalCode::PoolRecovering => true,
    }
}

/// Why the pool grants nothing although seats may be free, and what to do next.
pub(crate) fn recovering(recovering: Option<Recovering>) -> (String, String) {
    match recovering {
        // A repeat of a request that was refused tells how it stands now.
        None => (
            "The pool was recovering then; it grants seats again.".to_owned(),
            "Ask again with a new request_id.".to_owned(),
        ),
        Some(Recovering::For(left)) => {
            // Rounded up: coming back early would only be refused again.
            let left = written(ms(left).div_ceil(1000).saturating_mul(1000));
            let detail = format!(
                "The pool's store has lost a part of its history. It grants nothing for another \
                 {left}, so that no seat of the time that was lost is given to two people."
            );
            (detail, format!("Try again in {left}; seats that are held are kept."))
        }
        Some(Recovering::UntilDefined) => (
            "A part of the pool's history is lost, and its number of seats may have been in it: it \
             grants nothing until an administrator has confirmed that number."
                .to_owned(),
            "Ask your administrator to run hotseat-pool pool set POOL --seats N.".to_owned(),
        ),
        Some(Recovering::UntilRecovered { .. }) => (
            "A computer has seen more of this pool than the pool's own journal has: its store was \
             rolled back, and it grants nothing until an administrator has recovered it."
                .to_owned(),
            "Ask your administrator to stop the pool server and run hotseat-pool recover."
                .to_owned(),
        ),
    }
}

/// Why a pool only reads, and what to do next.
pub(crate) fn halted(poison: &Poison) -> (String, String) {
    let Poison { what, cause } = poison;
    let what = match what {
        Stopper::Record(record) => {
            format!("Record {record} of the pool's journal cannot be used ({cause})")
        }
        Stopper::Rows => format!("The pool's store has rows that cannot be used ({cause})"),
    };
    (
        format!("{what}, so the pool only reads: nothing is granted, renewed or released."),
        format!("Ask your administrator to stop the pool server and run {}.", poison.next()),
    )
}

/// To somebody whose account is disabled.
pub(crate) const DISABLED: &str = "Your account is disabled. Your password is not the reason.";
/// To a machine whose credential was revoked.
pub(crate) const REVOKED: &str = "This computer's credential was revoked.";
/// Where only an administrator can help.
pub(crate) const ASK_ADMINISTRATOR: &str = "Ask your administrator.";

fn facts(refused: &Refused, asked: Asked<'_>, names: &Names) -> RefusalFacts {
    let privacy = asked.privacy;
    let Facts { seats, in_use, waiting, .. } = refused.facts;
    let holders = counted(&refused.facts).filter(|_| privacy != Privacy::Counts);
    let holders = holders.map(|holder| HolderFact {
        user: shown(privacy, Some(names.user(holder.user))),
        client: holder.client.clone(),
        since: holder.since,
        idle_s: idle_s(holder.idle),
    });
    RefusalFacts {
        legacy_message: refused.fixed_message.clone(),
        seats,
        in_use,
        waiting,
        usually_waits_s: asked.usually_waits_s,
        holders: holders.collect(),
    }
}

/// Those whose seats are of the number; others are in nobody's way.
fn counted(facts: &Facts) -> impl Iterator<Item = &Holder> {
    facts.holders.iter().filter(|holder| holder.counted)
}

/// Whole seconds since the last input; none when that is not known.
pub(crate) fn idle_s(idle: Idle) -> Option<IdleSeconds> {
    match idle {
        Idle::Unknown => None,
        Idle::For(idle) => Some(IdleSeconds::clamped(idle.as_secs())),
    }
}

fn is_free(facts: &Facts) -> bool {
    facts.in_use.saturating_add(set_aside(facts)) < facts.seats
}

/// Seats that nobody uses and nobody else can have now.
fn set_aside(facts: &Facts) -> u32 {
    facts.offered.saturating_add(facts.provisional)
}

fn free(facts: &Facts) -> String {
    match facts.seats.saturating_sub(facts.in_use).saturating_sub(set_aside(facts)) {
        1 => "1 seat is free".to_owned(),
        free => format!("{free} seats are free"),
    }
}

fn full(refused: &Refused, asked: Asked<'_>, names: &Names) -> String {
    let facts = &refused.facts;
    let who = holders(facts, asked.privacy, names);
    let mut text = match (facts.seats, set_aside(facts)) {
        (0, _) => "This pool has no seats".to_owned(),
        (1, 1) if facts.in_use == 0 => "The only seat is set aside".to_owned(),
        (1, 0) => "The only seat is in use".to_owned(),
        (_, 0) => "All seats are in use".to_owned(),
        (seats, 1) => format!("{} of {seats} seats are in use and one is set aside", facts.in_use),
        (seats, offered) => {
            format!("{} of {seats} seats are in use and {offered} are set aside", facts.in_use)
        }
    };
    if !who.is_empty() {
        let _ = write!(text, ": {who}");
    }
    text.push('.');
    if !asked.is_check && facts.seats > 0 {
        let _ = write!(text, " {}", position(refused));
    }
    text
}

fn position(refused: &Refused) -> String {
    match (refused.position, refused.facts.waiting) {
        (Some(position), _) => format!("You are number {position} in line."),
        (None, 0) => "You would be next.".to_owned(),
        (None, waiting) => format!("You would be number {} in line.", waiting.saturating_add(1)),
    }
}

fn others_wait(refused: &Refused, asked: Asked<'_>) -> String {
    let line = match refused.facts.waiting {
        1 => "A seat is free, but somebody waits for it.".to_owned(),
        waiting => format!("A seat is free, but {waiting} people wait in line."),
    };
    if asked.is_check { line } else { format!("{line} {}", position(refused)) }
}

fn after_full(asked: Asked<'_>) -> String {
    let text = if asked.is_check {
        "Your password is not the reason. Try again when somebody has signed off."
    } else {
        "Wait in line, or try again when somebody has signed off."
    };
    text.to_owned()
}

/// "Lucy (idle 14 min) and Bill".
fn holders(facts: &Facts, privacy: Privacy, names: &Names) -> String {
    if privacy == Privacy::Counts {
        return String::new();
    }
    let told: Vec<String> =
        counted(facts).take(NAMES_TOLD).map(|holder| told(holder, privacy, names)).collect();
    let in_use = usize::try_from(facts.in_use).unwrap_or(usize::MAX);
    let rest = in_use.saturating_sub(told.len());
    let rest = match rest {
        0 => None,
        1 => Some("one other".to_owned()),
        rest => Some(format!("{rest} others")),
    };
    listed(told.into_iter().chain(rest).collect())
}

fn told(holder: &Holder, privacy: Privacy, names: &Names) -> String {
    let name =
        shown(privacy, Some(names.user(holder.user))).unwrap_or_else(|| "a colleague".to_owned());
    if holder.leaving {
        return format!("{name} (being signed off)");
    }
    match holder.idle {
        Idle::For(idle) if idle >= MINUTE => format!("{name} (idle {} min)", idle.as_secs() / 60),
        Idle::For(_) | Idle::Unknown => name,
    }
}

const MINUTE: Duration = Duration::from_secs(60);

fn listed(mut items: Vec<String>) -> String {
    let Some(last) = items.pop() else { return String::new() };
    if items.is_empty() { last } else { format!("{} and {last}", items.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_like_sentences() {
        let list = |items: &[&str]| listed(items.iter().map(ToString::to_string).collect());
        assert_eq!(list(&[]), "");
        assert_eq!(list(&["Lucy"]), "Lucy");
        assert_eq!(list(&["Lucy", "Bill"]), "Lucy and Bill");
        assert_eq!(list(&["Lucy", "Bill", "2 others"]), "Lucy, Bill and 2 others");
    }
}
