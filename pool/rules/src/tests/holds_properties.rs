//! What seats that checks set aside may do to others, over random hours in an office of strangers.

use alloc::vec::Vec;

use hotseat_protocol::ids::{PlaceId, ServiceId, UserId};
use proptest::prelude::*;

use super::world::{BILL, LUCY, NINA, OLAF, World, check, desk, machine_of, pool, secs, user, web};
use crate::presets::infor_crm;
use crate::{Accept, Caller, Command, Mono, SignOn, UserKind, holds_of_a_caller};

const HOLD_S: u64 = 5;
const PEOPLE: u128 = 30;

/// One thing that somebody does.
#[derive(Debug, Clone)]
enum Does {
    Checks {
        who: u128,
        by: u8,
        again: bool,
    },
    /// A service asks for this many people, one after the other.
    Crowd {
        first: u128,
        many: u128,
    },
    SignsOn {
        who: u128,
        by: u8,
        waits: bool,
    },
    SignsOff {
        nth: usize,
    },
    Comes {
        who: u128,
        up: bool,
    },
    Declines {
        nth: usize,
    },
    Disabled {
        who: u128,
        enabled: bool,
    },
    Passes {
        ms: u64,
    },
}

fn does() -> impl Strategy<Value = Does> {
    let who = || 0..PEOPLE;
    let by = || 0..4_u8;
    prop_oneof![
        10 => (who(), by(), any::<bool>())
            .prop_map(|(who, by, again)| Does::Checks { who, by, again }),
        2 => (0..10_u128, 1..20_u128).prop_map(|(first, many)| Does::Crowd { first, many }),
        4 => (who(), by(), any::<bool>())
            .prop_map(|(who, by, waits)| Does::SignsOn { who, by, waits }),
        3 => (0..64_usize).prop_map(|nth| Does::SignsOff { nth }),
        3 => (who(), any::<bool>()).prop_map(|(who, up)| Does::Comes { who, up }),
        2 => (0..64_usize).prop_map(|nth| Does::Declines { nth }),
        1 => (who(), prop::bool::weighted(0.7))
            .prop_map(|(who, enabled)| Does::Disabled { who, enabled }),
        5 => (0..3_000_u64).prop_map(|ms| Does::Passes { ms }),
    ]
}

/// An office, and since when its first waiter is kept from a seat by nothing but what is set aside.
struct Office {
    world: World,
    next: u128,
    checks: Vec<crate::Check>,
    kept_since: Option<(PlaceId, Mono)>,
}

impl Office {
    fn new(seats: u32) -> Self {
        let mut definition = infor_crm(seats);
        definition.options.provisional_hold = Some(secs(HOLD_S));
        let mut world = World::with(definition);
        for user in (10..).map(user).take(usize::try_from(PEOPLE).unwrap() - 4) {
            world.does(Command::AddUser { user, kind: UserKind::Concurrent });
            world.does(Command::AddMachine { machine: machine_of(user) });
        }
        Self { world, next: 1_000, checks: Vec::new(), kept_since: None }
    }

    fn fresh(&mut self) -> u128 {
        self.next += 1;
        self.next
    }

    fn step(&mut self, does: &Does) {
        match *does {
            Does::Checks { again: true, who, .. } if !self.checks.is_empty() => {
                let nth = usize::try_from(who).unwrap() % self.checks.len();
                let _ = self.world.hears(self.checks[nth].clone());
            }
            Does::Checks { who, by, .. } => self.checks(who, by),
            Does::Crowd { first, many } => {
                (first..first + many).for_each(|who| self.checks(who, 1));
            }
            Does::SignsOn { who, by, waits } => {
                let (who, n) = (person(who), self.fresh());
                let sign_on = if by == 0 { desk(who, n) } else { web(who, n) };
                let wait = waits.then_some(Accept::Ask);
                let sign_on = SignOn { caller: caller(by, who), wait, ..sign_on };
                let _ = self.world.hears(sign_on);
            }
            Does::SignsOff { nth } => {
                let seats: Vec<_> = self.world.state.seats().map(|seat| seat.seat_ref()).collect();
                if let Some(seat) = seats.get(nth % seats.len().max(1)) {
                    let reason = hotseat_protocol::reason::ReleaseReason::SignedOffByTheUser;
                    self.world.does(Command::SignOff { by: Caller::Admin, seat: *seat, reason });
                }
            }
            Does::Comes { who, up: true } => self.world.presence.connect(machine_of(person(who))),
            Does::Comes { who, up: false } => {
                self.world.presence.disconnect(machine_of(person(who)));
            }
            Does::Declines { nth } => {
                let offers: Vec<_> =
                    self.world.state.places().filter_map(|place| place.offer_id()).collect();
                if let Some(offer) = offers.get(nth % offers.len().max(1)) {
                    let (by, request, offer) = (Caller::Admin, None, *offer);
                    self.world.does(Command::DeclineOffer { by, offer, request });
                }
            }
            Does::Disabled { who, enabled } => {
                let (user, kind) = (person(who), UserKind::Concurrent);
                self.world.does(Command::SetUser { user, kind, enabled });
            }
            Does::Passes { ms } => drop(self.world.pass(core::time::Duration::from_millis(ms))),
        }
        self.world.settle();
    }

    fn checks(&mut self, who: u128, by: u8) {
        let (who, n) = (person(who), self.fresh());
        let check = crate::Check { caller: caller(by, who), ..check(who, "mobile", n) };
        self.checks.push(check.clone());
        let _ = self.world.hears(check);
    }

    fn places_of_others(&self, does: &Does) -> Vec<PlaceId> {
        let who = match *does {
            Does::Checks { again: true, .. } => None,
            Does::Checks { who, .. } | Does::SignsOn { who, .. } => Some(person(who)),
            _ => None,
        };
        let others = self.world.state.places().filter(|place| Some(place.asked.user) != who);
        others.map(|place| place.id).collect()
    }

    /// No more are set aside than are free, and for nobody more than there may be.
    fn number_is_kept(&self) {
        let (state, now) = (&self.world.state, self.world.now);
        let living = self.world.model.holds.living(&pool(), now);
        let free = usize::try_from(state.free(&pool())).unwrap();
        assert!(living <= free, "{living} are set aside, {free} are free");
        let told = self.world.facts().provisional;
        assert_eq!(usize::try_from(told).unwrap(), living, "another number is told");
        let seats = state.pool(&pool()).unwrap().definition.seats;
        for caller in [caller(1, LUCY), caller(2, LUCY)] {
            let of_caller = self.world.model.holds.of_caller(&pool(), caller, now);
            assert!(of_caller <= usize::try_from(holds_of_a_caller(seats)).unwrap());
        }
    }

    /// The first waiter is kept from a seat that nobody uses for no longer than one hold's time.
    fn nobody_waits_for_longer(&mut self) {
        let (state, now) = (&self.world.state, self.world.now);
        let line = &state.pool(&pool()).unwrap().line;
        let waits =
            |place: &&crate::Place| place.offer.is_none() && self.world.presence.reachable(place);
        let first = line.values().find(waits).filter(|_| state.free(&pool()) > 0);
        self.kept_since = first.map(|first| match self.kept_since {
            Some((place, since)) if place == first.id => (place, since),
            _ => (first.id, now),
        });
        if let Some((place, since)) = self.kept_since {
            assert!(now.since(since) < secs(HOLD_S), "{place} is kept waiting since {since:?}");
        }
    }
}

fn person(n: u128) -> UserId {
    let four = [LUCY, BILL, OLAF, NINA];
    four.get(usize::try_from(n).unwrap()).copied().unwrap_or_else(|| user(n + 6))
}

fn caller(by: u8, who: UserId) -> Caller {
    match by {
        0 => Caller::Machine(machine_of(who)),
        1 | 2 => Caller::Service(ServiceId(uuid::Uuid::from_u128(u128::from(by)))),
        _ => Caller::User(who),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..Default::default() })]

    #[test]
    fn what_is_set_aside_costs_others_a_bounded_delay_and_no_place(
        seats in 1..25_u32,
        all in prop::collection::vec(does(), 1..80),
    ) {
        let mut office = Office::new(seats);
        for does in &all {
            let before = office.places_of_others(does);
            office.step(does);
            if matches!(does, Does::Checks { .. } | Does::SignsOn { .. }) {
                let after = office.places_of_others(does);
                prop_assert_eq!(before, after, "{:?} moved somebody else's place", does);
            }
            office.number_is_kept();
            office.nobody_waits_for_longer();
        }
    }
}

#[test]
fn an_office_of_strangers_meets_what_the_promises_are_about() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let (mut kept, mut limited) = (0, 0);
    let mut runner = TestRunner::deterministic();
    for _ in 0..100 {
        let steps = prop::collection::vec(does(), 80).new_tree(&mut runner).unwrap().current();
        let mut office = Office::new(20);
        for does in &steps {
            office.step(does);
            office.nobody_waits_for_longer();
            kept += usize::from(office.kept_since.is_some());
            let now = office.world.now;
            let of = office.world.model.holds.of_caller(&pool(), caller(1, LUCY), now);
            limited += usize::from(of == 10);
        }
    }
    assert!(kept > 0, "nobody was ever kept waiting");
    assert!(limited > 0, "no caller ever had as many as it may");
}
