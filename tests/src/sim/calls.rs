//! Calls between the application server and the pool, and what the server does with the answers.

use hotseat_pool::engine::Reply;
use hotseat_protocol::ids::RequestId;
use hotseat_rules::Accept;

use super::callers::{Heard, Says, Visit, heard};
use super::happening::Happening;
use super::world::World;

/// A call that was not answered is made again after so many ms.
const AGAIN: u64 = 5_000;
/// No answer takes longer.
const ANSWER_TAKES: u64 = 6_001;

impl World {
    /// A visitor comes to the application.
    pub(super) fn visitor_comes(&mut self) {
        let people = self.people();
        let person = self.random.between(0, people - 1);
        self.visits(person);
    }

    fn visits(&mut self, person: u64) {
        let visit = Visit {
            person,
            request: RequestId::from_random(self.random.wide()),
            wait: self.random.pick(&[None, Some(Accept::Auto), Some(Accept::Ask)]).flatten(),
            seat: None,
        };
        let number = self.fresh_id();
        self.callers.visits.insert(number, visit);
        self.call(Says::SignOn(number));
    }

    /// A visitor signs off. The server says so until it is answered.
    pub(super) fn visitor_goes(&mut self) {
        let visits: Vec<u64> = self.callers.visits.keys().copied().collect();
        if let Some(number) = self.random.pick(&visits)
            && let Some(visit) = self.callers.visits.remove(&number)
            && let Some(seat) = visit.seat
        {
            self.call(Says::SignOff(seat));
        }
    }

    /// The application server begins anew: it knows no visitor any more, nor what it had asked.
    pub(super) fn callers_forget(&mut self) {
        self.callers.visits.clear();
        self.callers.calls.clear();
    }

    pub(super) fn calls_check(&mut self) {
        let people = self.people();
        let person = self.random.between(0, people - 1);
        self.calls_check_for(person);
        self.will_use(person, None);
    }

    fn calls_check_for(&mut self, person: u64) {
        let name = self.random.pick(&["sdata", "mobile", "outlook", "web"]).unwrap_or("sdata");
        let request = RequestId::from_random(self.random.wide());
        self.call(Says::Check(person, request, name));
    }

    /// Whoever was checked comes in sometimes: while a seat is set aside, after that, or only to be
    /// checked again, where they were or elsewhere.
    pub(super) fn will_use(&mut self, person: u64, program: Option<(usize, u64)>) {
        let times = self.random.between(0, 2);
        for _ in 0..times {
            let latest = self.random.pick(&[500, 3_000, 8_000, 70_000]).unwrap_or(500);
            let (wait, checks) = (self.random.between(0, latest), self.random.chance(30));
            let program = program.filter(|_| self.random.chance(50));
            self.plan(wait, Happening::Uses { person, program, checks });
        }
    }

    pub(super) fn uses(&mut self, person: u64, program: Option<(usize, u64)>, checks: bool) {
        match (program, checks) {
            (Some((machine, program)), _) => self.uses_at(machine, program, checks),
            (None, true) => self.calls_check_for(person),
            (None, false) => self.visits(person),
        }
    }

    pub(super) fn call(&mut self, says: Says) {
        let call = self.fresh_id();
        self.callers.calls.insert(call, says);
        self.plan(0, Happening::Calls { call });
    }

    /// Says something to the pool, unless it was answered; it may be lost, or arrive twice.
    pub(super) fn calls(&mut self, call: u64) {
        if !self.callers.calls.contains_key(&call) {
            return;
        }
        if !self.random.chance(7) {
            let wait = self.call_takes();
            self.plan(wait, Happening::CallArrives { call });
        }
        if self.random.chance(3) {
            let wait = self.call_takes();
            self.plan(wait, Happening::CallArrives { call });
        }
        self.plan(AGAIN, Happening::Calls { call });
    }

    fn call_takes(&mut self) -> u64 {
        let longest = if self.slow { 6_000 } else { 300 };
        self.random.between(1, longest)
    }

    pub(super) fn call_arrives(&mut self, call: u64) {
        let Some(pool) = &mut self.pool else {
            return;
        };
        let Some((to, work)) = self.callers.work(call, &mut self.random) else {
            return;
        };
        let now = self.pool_clock.at(self.now);
        self.reckoning.call_read(pool.state(), &work, now);
        self.audit.trust.calls(&work);
        pool.ask(Some(to), work);
        self.pool_step();
    }

    /// The pool has answered a call.
    pub(super) fn answers(&mut self, call: u64, reply: &Reply) {
        let heard = heard(reply);
        if !self.random.chance(7) {
            let wait = self.call_takes();
            self.plan(wait, Happening::CallAnswered { call, heard });
        }
    }

    pub(super) fn call_answered(&mut self, call: u64, heard: &Heard) {
        if matches!(heard, Heard::Failed) {
            // It is made again.
            return;
        }
        let Some(says) = self.callers.calls.remove(&call) else {
            return;
        };
        match says {
            Says::SignOff(seat) => self.signed_off_by_call(seat),
            Says::Check(..) => {}
            Says::SignOn(visit) | Says::Asks(visit) | Says::Accepts(visit, _) => {
                self.visit_heard(visit, heard);
            }
            Says::Renews(visit) => {
                if matches!(heard, Heard::Over) {
                    self.callers.visits.remove(&visit);
                } else {
                    self.visit_goes_on_later(visit);
                }
            }
        }
    }

    fn visit_heard(&mut self, number: u64, heard: &Heard) {
        let Some(visit) = self.callers.visits.get_mut(&number) else {
            // The visitor has gone meanwhile: what was granted is given back.
            if let Heard::Seat(seat) = heard {
                self.call(Says::SignOff(*seat));
            }
            return;
        };
        match heard {
            Heard::Seat(seat) => {
                visit.seat = Some(*seat);
                self.visit_goes_on_later(number);
            }
            Heard::Waits(Some(offer)) if visit.wait == Some(Accept::Ask) => {
                self.call(Says::Accepts(number, *offer));
            }
            Heard::Waits(_) => self.visit_goes_on_later(number),
            Heard::Over | Heard::Done | Heard::Failed => {
                self.callers.visits.remove(&number);
            }
        }
    }

    fn visit_goes_on_later(&mut self, visit: u64) {
        let wait = self.random.between(5_000, 50_000);
        self.plan(wait, Happening::VisitGoesOn { visit });
    }

    pub(super) fn visit_goes_on(&mut self, number: u64) {
        if let Some(visit) = self.callers.visits.get(&number) {
            let says = match visit.seat {
                Some(_) => Says::Renews(number),
                None => Says::Asks(number),
            };
            self.call(says);
        }
    }

    /// Promise 4, of calls: what was answered as signed off is not there any more.
    fn signed_off_by_call(&mut self, seat: hotseat_protocol::ids::SeatRef) {
        self.ledger.catch_up();
        let there = self.ledger.state().seat(seat.id);
        // What was answered before the store was turned back may be lost.
        let turned = self.history.turned && self.now < self.history.turned_at + ANSWER_TAKES;
        let there = !turned
            && there.is_some_and(|found| found.leaving.is_none() && found.seat_ref() == seat);
        self.audit.must(!there, || format!("promise 4: a call signed {seat} off, and it is there"));
    }
}
