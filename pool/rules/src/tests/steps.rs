//! Random steps of an office.

use alloc::{vec, vec::Vec};

use proptest::prelude::*;

/// One step; numbers choose among what there is.
#[derive(Debug, Clone)]
pub(super) enum Step {
    SignOn {
        user: usize,
        machine: Option<usize>,
        client: usize,
        anchor: u8,
        wait: u8,
    },
    /// With the key of a seat that there is.
    SignOnAgain {
        seat: usize,
    },
    Check {
        user: usize,
        client: usize,
        machine: bool,
    },
    /// The user of a check that was asked takes the seat that it may have set aside.
    Use {
        check: usize,
        elsewhere: bool,
    },
    /// The n-th of all commands so far comes again.
    Repeat(usize),
    SignOff {
        seat: usize,
        by_user: bool,
        stale: bool,
    },
    Confirm {
        seat: usize,
    },
    Cancel {
        request: usize,
    },
    Leave {
        place: usize,
    },
    Offer {
        place: usize,
        accept: bool,
    },
    Ask {
        request: usize,
    },
    Reclaim {
        seat: usize,
    },
    Warn {
        seat: usize,
        kept: bool,
    },
    Renew {
        machine: usize,
        skip: usize,
        idle: Option<u64>,
    },
    RenewCalls,
    Link {
        machine: usize,
        up: bool,
    },
    Define {
        seats: u32,
        one_each: bool,
        hold: Option<u64>,
    },
    RemovePool,
    SetUser {
        user: usize,
        named: bool,
        enabled: bool,
    },
    Revoke {
        machine: usize,
    },
    Pass(u64),
    StandStill(u64),
    Restart,
    /// A machine shows what it has seen: this many records more than there are.
    Shows(u64),
    /// A new generation begins, and waits this long.
    NewGeneration(u64),
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..50)
}

fn step() -> impl Strategy<Value = Step> {
    let n = 0..64_usize;
    prop_oneof![
        12 => (0..4_usize, prop::option::weighted(0.7, 0..4_usize), 0..7_usize, 0..3_u8, 0..3_u8)
            .prop_map(|(user, machine, client, anchor, wait)| {
                Step::SignOn { user, machine, client, anchor, wait }
            }),
        4 => n.clone().prop_map(|seat| Step::SignOnAgain { seat }),
        4 => (0..4_usize, 0..6_usize, prop::bool::weighted(0.3))
            .prop_map(|(user, client, machine)| Step::Check { user, client, machine }),
        3 => (n.clone(), any::<bool>())
            .prop_map(|(check, elsewhere)| Step::Use { check, elsewhere }),
        4 => n.clone().prop_map(Step::Repeat),
        5 => (n.clone(), prop::bool::weighted(0.2), prop::bool::weighted(0.2))
            .prop_map(|(seat, by_user, stale)| Step::SignOff { seat, by_user, stale }),
        2 => n.clone().prop_map(|seat| Step::Confirm { seat }),
        2 => n.clone().prop_map(|request| Step::Cancel { request }),
        1 => n.clone().prop_map(|place| Step::Leave { place }),
        6 => (n.clone(), prop::bool::weighted(0.8))
            .prop_map(|(place, accept)| Step::Offer { place, accept }),
        2 => n.clone().prop_map(|request| Step::Ask { request }),
        2 => n.clone().prop_map(|seat| Step::Reclaim { seat }),
        1 => (n, any::<bool>()).prop_map(|(seat, kept)| Step::Warn { seat, kept }),
        6 => (0..4_usize, 0..5_usize, prop::option::of(0..3000_u64))
            .prop_map(|(machine, skip, idle)| Step::Renew { machine, skip, idle }),
        2 => Just(Step::RenewCalls),
        2 => (0..4_usize, any::<bool>()).prop_map(|(machine, up)| Step::Link { machine, up }),
        2 => (0..4_u32, prop::bool::weighted(0.3), prop::option::weighted(0.7, 1..60_u64))
            .prop_map(|(seats, one_each, hold)| Step::Define { seats, one_each, hold }),
        1 => prop::bool::weighted(0.3)
            .prop_map(|really| if really { Step::RemovePool } else { Step::RenewCalls }),
        1 => (0..4_usize, any::<bool>(), prop::bool::weighted(0.7))
            .prop_map(|(user, named, enabled)| Step::SetUser { user, named, enabled }),
        1 => (0..12_usize).prop_map(|machine| Step::Revoke { machine }),
        6 => (0..100_u64).prop_map(Step::Pass),
        1 => (3..2000_u64).prop_map(Step::StandStill),
        1 => Just(Step::Restart),
        1 => (0..8_u64).prop_map(|more| Step::Shows(more / 7)),
        1 => (0..200_u64).prop_map(Step::NewGeneration),
    ]
}
