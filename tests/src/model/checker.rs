//! The model as the checker wants it: beginnings, properties, and a report.

use hotseat_pool::rules::{Became, Ending, Request};
use hotseat_protocol::reason::ReleaseReason;
use stateright::{Checker, Model, Property};

use super::system::{Action, Budget, System};

/// Where the model begins: what takes many steps to come about is there from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// Nobody wants anything yet.
    Empty,
    /// The first and the second hold the two seats; the third was refused nothing yet.
    Full,
    /// The same, and the third waits in the line.
    Line,
    /// The same as full, but the first has not heard the answers to its renewals: it is past its
    /// deadline, and the pool counts its seat on.
    Unheard,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Scenario; 4] =
        [Scenario::Empty, Scenario::Full, Scenario::Line, Scenario::Unheard];

    fn begin(self) -> System {
        let budget = Budget {
            requests: 2,
            duplicates: 1,
            reconnects: 1,
            broker_restarts: 1,
            pool_restarts: 1,
            reclaims: 1,
            ticks: 4,
        };
        let mut system = System::new(budget).quiet(None, None);
        let holders = if self == Self::Empty { 0 } else { 2 };
        for number in 0..holders {
            system = system.after(Action::SignOn(number)).quiet(None, None);
        }
        if self == Self::Line {
            system = system.after(Action::Wait(2)).quiet(None, None);
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
        system
    }

    /// What must come about somewhere below this beginning, so that the model is known to be
    /// about something.
    fn must_happen(self) -> &'static [&'static str] {
        match self {
            Self::Empty => {
                &["granted", "held", "two are held", "cancelled", "released by its user"]
            }
            Self::Full => &["refused", "waits", "leaving", "released by its user", "lease expired"],
            Self::Line => &["offered", "seated from the line", "released by its user"],
            Self::Unheard => &["past its deadline, and counted", "signed on again"],
        }
    }
}

/// The model.
#[derive(Debug)]
struct Office {
    scenario: Scenario,
}

impl Model for Office {
    type State = System;
    type Action = Action;

    fn init_states(&self) -> Vec<System> {
        vec![self.scenario.begin()]
    }

    fn actions(&self, state: &System, actions: &mut Vec<Action>) {
        state.actions(actions);
    }

    fn next_state(&self, last: &System, action: Action) -> Option<System> {
        Some(last.after(action))
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
    /// Different states.
    pub states: usize,
    /// Steps between them, those to a known state included.
    pub steps: usize,
    /// Every state so many steps from the beginning, and nearer, was looked at.
    pub depth: usize,
}

/// Looks at every state that is at most `depth` steps from a scenario's beginning. One thread,
/// because only then the shortest way to a state is the one that its depth is counted by.
///
/// # Errors
///
/// The promise that was broken with the shortest way to it, or what never came about.
pub fn check(scenario: Scenario, depth: usize) -> Result<Report, String> {
    let office = Office { scenario };
    // The checker counts the beginning as depth 1.
    let checker = office.checker().target_max_depth(depth + 1).spawn_bfs().join();
    if let Some(path) = checker.discovery(PROMISES) {
        let broken = path.last_state().broken().cloned().unwrap_or_default();
        let way: Vec<String> =
            path.into_actions().iter().map(|action| format!("{action:?}")).collect();
        return Err(format!("{scenario:?}: {broken}\nafter {}", way.join("\n      ")));
    }
    let found = checker.discoveries();
    let missing: Vec<_> =
        scenario.must_happen().iter().filter(|name| !found.contains_key(**name)).collect();
    if !missing.is_empty() {
        return Err(format!(
            "{scenario:?}: within {depth} steps these never came about: {missing:?}"
        ));
    }
    Ok(Report { states: checker.unique_state_count(), steps: checker.state_count(), depth })
}
