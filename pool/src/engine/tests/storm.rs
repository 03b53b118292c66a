//! Random commands over a journal that fails, tears and forgets to answer, with crashes in
//! between, against a ledger of what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hotseat_protocol::ids::{RequestId, SeatId, SeatRef};
use hotseat_rules::{Caller, Command, RequestKey};

use super::office::{check, machine, pool, renew, sign_off, sign_on};
use super::{Driver, seat};
use crate::engine::{Output, RETRY_AFTER, Reply};
use crate::journal::memory::FaultRates;

const SEEDS: u64 = 150;
const STEPS: u32 = 120;
const SEATS: u32 = 2;
const PEOPLE: u64 = 5;

const RATES: FaultRates = FaultRates {
    fail: 60,
    unknown_lost: 50,
    unknown_landed: 50,
    torn: 30,
    torn_snapshot: 200,
    failed_reopen: 300,
    lag: 0,
};

struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

/// What callers were told.
#[derive(Default)]
struct Ledger {
    /// Seats that were acknowledged and whose end nobody asked for.
    held: BTreeMap<SeatId, (u128, SeatRef)>,
    /// Seats whose sign-off was acknowledged.
    released: BTreeSet<SeatId>,
    /// Requests that were told that nothing was changed, and not repeated since.
    failed: BTreeMap<u128, u128>,
    /// Requests without an answer.
    open: BTreeMap<u64, (u128, Asked)>,
    grants: u32,
}

enum Asked {
    SignOn(u128),
    SignOff(SeatRef),
    Check,
}

impl Ledger {
    fn ask(&mut self, driver: &mut Driver, n: u128, asked: Asked, command: Command) {
        match &asked {
            Asked::SignOn(request) => {
                self.failed.remove(request);
            }
            // From here on its end may have happened, acknowledged or not.
            Asked::SignOff(seat) => {
                self.held.remove(&seat.id);
            }
            Asked::Check => {}
        }
        let ticket = driver.ask(command);
        self.open.insert(ticket, (n, asked));
    }

    fn hear(&mut self, driver: &mut Driver) {
        for (ticket, reply) in std::mem::take(&mut driver.replies) {
            let Some((n, asked)) = self.open.remove(&ticket) else { continue };
            match (asked, &reply) {
                (Asked::SignOn(request), Reply::Failed(_)) => {
                    self.failed.insert(request, n);
                }
                (Asked::SignOn(_), _) => {
                    if let Some(granted) = seat(&reply)
                        && !self.released.contains(&granted.id)
                    {
                        self.grants += 1;
                        self.held.insert(granted.id, (n, granted));
                    }
                }
                (Asked::SignOff(seat), Reply::Answered(Ok(_))) => {
                    self.held.remove(&seat.id);
                    self.released.insert(seat.id);
                }
                (Asked::SignOff(_) | Asked::Check, _) => {}
            }
        }
    }

    /// What was acknowledged is so, and what failed is not.
    fn audit(&self, driver: &Driver, seed: u64) {
        let state = driver.committed();
        assert!(state.counts(&pool()).in_use <= SEATS, "seed {seed}: too many seats");
        let open: BTreeSet<SeatId> = self
            .open
            .values()
            .filter_map(|(_, asked)| match asked {
                Asked::SignOff(seat) => Some(seat.id),
                Asked::SignOn(_) | Asked::Check => None,
            })
            .collect();
        for (id, (n, _)) in &self.held {
            let kept = state.seat(*id).is_some() || open.contains(id);
            assert!(kept, "seed {seed}: the seat of {n} was acknowledged and is gone");
        }
        for id in &self.released {
            assert!(state.seat(*id).is_none(), "seed {seed}: an acknowledged sign-off is undone");
        }
        for (request, n) in &self.failed {
            let caller = Caller::Machine(machine(*n));
            let key = RequestKey { caller, id: RequestId::from_random(*request) };
            assert!(state.request(&key).is_none(), "seed {seed}: a failed request is believed");
        }
    }
}

fn crash(driver: &mut Driver, ledger: &mut Ledger, draw: &mut Draw) {
    // The disk may have done what it was asked, without anybody hearing of it.
    let does_it = draw.below(2) == 0;
    if let Some(Output::Append { expected, batch }) = driver.pending.pop_front()
        && does_it
    {
        let _ = crate::journal::Journal::append(&mut driver.disk.open(), expected, &batch);
    }
    // Nobody will be answered: an open sign-off may have happened, an open sign-on too.
    ledger.open.clear();
    *driver = Driver::on(driver.disk.clone());
}

fn step(driver: &mut Driver, ledger: &mut Ledger, draw: &mut Draw, next: &mut u128) {
    let n = u128::from(1 + draw.below(PEOPLE));
    match draw.below(10) {
        0..=3 => {
            *next += 1;
            ledger.ask(driver, n, Asked::SignOn(*next), sign_on(n, *next));
        }
        4 => {
            // A repeat of what failed, as a caller would.
            if let Some((request, n)) = ledger.failed.first_key_value().map(|(r, n)| (*r, *n)) {
                ledger.ask(driver, n, Asked::SignOn(request), sign_on(n, request));
            }
        }
        5..=6 => {
            if let Some((n, seat)) = ledger.held.values().next().copied() {
                ledger.ask(driver, n, Asked::SignOff(seat), sign_off(n, seat));
            }
        }
        7 => {
            *next += 1;
            ledger.ask(driver, n, Asked::Check, check(n, *next));
        }
        8 => {
            driver.one();
        }
        _ => {
            if draw.below(4) == 0 {
                crash(driver, ledger, draw);
            } else {
                driver.run();
                driver.wait(RETRY_AFTER);
            }
        }
    }
    // Everybody renews, so that no seat ends but by a sign-off.
    for n in 1..=u128::from(PEOPLE) {
        let own: Vec<SeatRef> = driver
            .committed()
            .machine_seats(machine(n))
            .map(hotseat_rules::Seat::seat_ref)
            .collect();
        let (_, renewal) = driver.ticket(renew(n, &own));
        driver.step(vec![renewal]);
    }
    ledger.hear(driver);
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_failed_is_believed() {
    let mut grants = 0;
    for seed in 1..=SEEDS {
        let mut driver = Driver::new();
        driver.disk.draw(RATES, seed);
        let (mut ledger, mut draw, mut next) = (Ledger::default(), Draw(seed), 0);
        for _ in 0..STEPS {
            step(&mut driver, &mut ledger, &mut draw, &mut next);
            ledger.audit(&driver, seed);
        }
        driver.disk.heal();
        driver.run();
        driver.wait(Duration::from_secs(5));
        ledger.hear(&mut driver);
        assert!(ledger.open.is_empty(), "seed {seed}: somebody was never answered");
        ledger.audit(&driver, seed);
        driver.audit();
        let restarted = Driver::on(driver.disk.clone());
        ledger.audit(&restarted, seed);
        grants += ledger.grants;
    }
    assert!(grants > 1000, "only {grants} grants: the storm tests nothing");
}
