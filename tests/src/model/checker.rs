//! The model as the checker wants it: beginnings, properties, and a report.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hotseat_protocol::reason::ReleaseReason;
use hotseat_rules::{Became, Ending, Request};
use stateright::{Checker, Model, Property};

use super::breakage::Breakage;
use super::system::{Action, Budget, System};

/// Where the model begins: what takes many steps to come about is there from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// Nobody wants anything yet.
    Empty,
    /// The first and the second hold the two seats.
    Full,
    /// The third waited in the line while the first gave its seat back; that it is offered that
    /// seat is on its way.
    Line,
    /// The first and the second hold the two seats. The first has not heard the answers to its
    /// renewals, and was then cut off: it is past its deadline, and the pool counts its seat on.
    Unheard,
}

/// What may happen below a beginning, and how often.
const BUDGET: Budget = Budget {
    requests: 2,
    duplicates: 1,
    reconnects: 1,
    broker_restarts: 1,
    pool_restarts: 1,
    reclaims: 1,
    ticks: 4,
};

impl Scenario {
    /// All of them.
    pub const ALL: [Scenario; 4] =
        [Scenario::Empty, Scenario::Full, Scenario::Line, Scenario::Unheard];

    fn begin(self, breakage: Option<Breakage>) -> System {
        let mut system = System::new(breakage).quiet(None, None);
        let holders = if self == Self::Empty { 0 } else { 2 };
        for number in 0..holders {
            system = system.after(Action::SignOn(number)).quiet(None, None);
        }
        if self == Self::Line {
            system = system.after(Action::Wait(2)).quiet(None, None);
            system = system.after(Action::SignOff(0)).quiet(None, None);
            system = system.after(Action::Tick).quiet(Some(2), None);
        }
        if self == Self::Unheard {
            // It renews after two thirds of a lease by its slow clock; then it is cut off until
            // shortly before the end of that lease.
            for _ in 0..2 {
                system = system.after(Action::Tick).quiet(Some(0), None);
            }
            for _ in 0..2 {
                system = system.after(Action::Tick).quiet(Some(0), Some(0));
            }
        }
        system.with(BUDGET)
    }

    /// What must come about somewhere below this beginning, so that the model is known to be
    /// about something.
    fn must_happen(self) -> &'static [&'static str] {
        match self {
            Self::Empty => &["granted", "held", "cancelled"],
            Self::Full => &[
                "two are held",
                "refused",
                "waits",
                "leaving",
                "released by its user",
                "lease expired",
            ],
            Self::Line => &["offered", "seated from the line"],
            Self::Unheard => &["past its deadline, and counted", "signed on again"],
        }
    }
}

/// The model.
#[derive(Debug)]
struct Office {
    scenario: Scenario,
    breakage: Option<Breakage>,
    /// A promise was broken, maybe in a state that is too deep for the checker to look at itself.
    broken: Arc<AtomicBool>,
    /// The search goes on; afterwards the way to what was found is walked again.
    searches: Arc<AtomicBool>,
}

impl Model for Office {
    type State = System;
    type Action = Action;

    fn init_states(&self) -> Vec<System> {
        vec![self.scenario.begin(self.breakage)]
    }

    fn actions(&self, state: &System, actions: &mut Vec<Action>) {
        // Once something is broken, nothing new is worth a look.
        let over = self.broken.load(Ordering::Relaxed) && self.searches.load(Ordering::Relaxed);
        if !over {
            state.actions(actions);
        }
    }

    fn next_state(&self, last: &System, action: Action) -> Option<System> {
        let next = last.after(action);
        if next.broken().is_some() {
            self.broken.store(true, Ordering::Relaxed);
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties =
            vec![Property::always(PROMISES, |_, state: &System| state.broken().is_none())];
        let wanted = self.scenario.must_happen().iter();
        properties.extend(wanted.map(|name| Property::sometimes(name, happened(name))));
        properties
    }
}

/// The name of the property that no promise is broken.
const PROMISES: &str = "every promise is kept";

type Condition = fn(&Office, &System) -> bool;

fn happened(name: &str) -> Condition {
    match name {
        "granted" => |_, state| became(state, |became| matches!(became, Became::Granted(_))),
        "held" => |_, state| held(state) > 0,
        "two are held" => |_, state| held(state) == 2,
        "refused" => |_, state| state.pool().has_refused(state.now),
        "cancelled" => {
            |_, state| became(state, |became| *became == Became::Ended(Ending::Cancelled))
        }
        "released by its user" => |_, state| ended(state, ReleaseReason::SignedOffByTheUser),
        "lease expired" => |_, state| ended(state, ReleaseReason::LeaseExpired),
        "signed on again" => |_, state| ended(state, ReleaseReason::Superseded),
        "waits" => |_, state| state.pool().state.places().next().is_some(),
        "offered" => |_, state| state.pool().state.places().any(|place| place.offer.is_some()),
        "seated from the line" => |_, state| {
            became(state, |became| matches!(became, Became::Granted(_)))
                && state.pool().state.contents().offers.values().any(|key| {
                    let request = state.pool().state.request(key);
                    request.is_some_and(|request| matches!(request.became, Became::Granted(_)))
                })
        },
        "leaving" => |_, state| state.pool().state.seats().any(|seat| seat.leaving.is_some()),
        "past its deadline, and counted" => |_, state| {
            state.machines().any(|machine| {
                let known = machine.seats.iter().filter(|seat| seat.leaving.is_none());
                let counted = known.filter(|seat| state.pool().state.seat(seat.id).is_some());
                counted.count() > machine.held(state.now).count()
            })
        },
        _ => |_, _| false,
    }
}

fn held(state: &System) -> usize {
    state.machines().map(|machine| machine.held(state.now).count()).sum()
}

fn became(state: &System, which: impl Fn(&Became) -> bool) -> bool {
    let requests = &state.pool().state.contents().requests;
    requests.values().any(|request: &Request| which(&request.became))
}

fn ended(state: &System, reason: ReleaseReason) -> bool {
    became(
        state,
        |became| matches!(became, Became::Ended(Ending::Seat { release, .. }) if release.reason == reason),
    )
}

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Where it began.
    pub scenario: Scenario,
    /// Different states.
    pub states: usize,
    /// Steps between them, those to a known state included.
    pub steps: usize,
    /// Every state so many steps from the beginning, and nearer, was looked at.
    pub depth: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scenario, states, steps, depth } = self;
        write!(f, "{scenario:?}: {states} states, {steps} steps between them, all to depth {depth}")
    }
}

/// Looks at every state that is at most `depth` steps from a scenario's beginning, maybe with
/// something broken on purpose. One thread, because only then the shortest way to a state is the
/// one that its depth is counted by.
///
/// # Errors
///
/// The promise that was broken with the shortest way to it, or what never came about.
pub fn check(
    scenario: Scenario,
    depth: usize,
    breakage: Option<Breakage>,
) -> Result<Report, String> {
    let broken = Arc::new(AtomicBool::new(false));
    let searches = Arc::new(AtomicBool::new(true));
    let (found_broken, searching) = (Arc::clone(&broken), Arc::clone(&searches));
    let office = Office { scenario, breakage, broken: found_broken, searches: searching };
    // To the checker the beginning has depth 1. It makes the states of the last depth without
    // looking at them; the model itself does.
    let checker = office.checker().target_max_depth(depth + 1).spawn_bfs().join();
    searches.store(false, Ordering::Relaxed);
    if let Some(path) = checker.discovery(PROMISES) {
        let broken = path.last_state().broken().cloned().unwrap_or_default();
        let way: Vec<String> =
            path.into_actions().iter().map(|action| format!("{action:?}")).collect();
        return Err(format!("{scenario:?}: {broken}\nafter {}", way.join("\n      ")));
    }
    if broken.load(Ordering::Relaxed) {
        // Once more, for the way to it.
        return check(scenario, depth + 1, breakage);
    }
    let found = checker.discoveries();
    let missing: Vec<_> =
        scenario.must_happen().iter().filter(|name| !found.contains_key(**name)).collect();
    if !missing.is_empty() {
        return Err(format!("{scenario:?}: within {depth} steps there was never: {missing:?}"));
    }
    let (states, steps) = (checker.unique_state_count(), checker.state_count());
    Ok(Report { scenario, states, steps, depth })
}
