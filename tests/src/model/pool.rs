//! The pool's side of the model: the real rules, and after every event the promises that can be
//! seen there.
//!
//! Each command is decided, applied and answered in one step: the engine around the rules, its
//! batches and its journal, are the simulation's.

use std::collections::BTreeMap;
use std::time::Duration;

use hotseat_protocol::ids::{PlaceId, SeatId, WallTime};
use hotseat_protocol::link::{self, Accept, MachineMessage, PoolAnswer};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_rules::{
    self, At, BodyHash, Caller, Command, Event, Keeper, Mono, Presence, RequestKey, SignOn, State,
    check_invariants,
};

use super::breakage::{self, Breakage};
use super::office;
use crate::sim::words;

/// A promise that was broken.
pub(super) type Broken = String;

/// The pool.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    pub(super) state: State,
    pub(super) presence: Presence,
    /// When each seat was granted or last claimed by its machine, or the pool last started.
    claimed: BTreeMap<SeatId, Mono>,
    /// The first promise that was broken.
    pub(super) broken: Option<Broken>,
    /// What is broken on purpose.
    breakage: Option<Breakage>,
}

impl Pool {
    /// A pool that began long ago.
    pub(super) fn new(breakage: Option<Breakage>) -> Self {
        let mut state = State::default();
        for event in office::founding() {
            apply(&mut state, &event);
        }
        let now = office::pool_clock(0);
        let long_ago = now.0 - 2 * words::ms(office::LEASE);
        let mut presence = Presence::new(&state, Mono(long_ago));
        // A longer step would be a pause, and the time after a start would begin again.
        for at in (long_ago..=now.0).step_by(1_000) {
            presence.turn(Mono(at));
        }
        (0..office::MACHINES).for_each(|number| presence.connect(office::machine(number)));
        Self { state, presence, claimed: BTreeMap::new(), broken: None, breakage }
    }

    /// The server ends and starts again from its journal.
    pub(super) fn restart(&mut self, now: Mono) {
        self.presence = Presence::new(&self.state, now);
        let seats = self.state.seats().map(|seat| (seat.id, now));
        self.claimed = seats.collect();
    }

    /// One message of a machine is read, decided and answered.
    pub(super) fn receive(
        &mut self,
        number: usize,
        body: &MachineMessage,
        now: Mono,
    ) -> PoolAnswer {
        self.presence.turn(now);
        let machine = office::machine(number);
        if let MachineMessage::Renew(renewal) = body {
            let seats: Vec<_> = renewal.seats.iter().map(|claim| claim.seat).collect();
            for claim in &seats {
                self.claimed.insert(claim.id, now);
            }
            let seats = breakage::claims(self.breakage, &self.state, machine, seats);
            let renewal = hotseat_rules::Renewal {
                seats,
                waiting: renewal.places.to_vec(),
                idle: Vec::new(),
            };
            let answer =
                hotseat_rules::renew(&self.state, &mut self.presence, machine, &renewal, now);
            for renewed in &answer.renewed {
                let newest = self.state.seat(renewed.seat.id).map(|seat| seat.epoch);
                let fenced = newest == Some(renewed.seat.epoch);
                self.must(fenced, || format!("fence: {} is renewed at {newest:?}", renewed.seat));
            }
            self.claimed.retain(|seat, _| self.state.seat(*seat).is_some());
            self.look_at_leases(now);
            return PoolAnswer::Renewed(words::renewed(answer));
        }
        let Some((command, wants_outcome)) = command(Caller::Machine(machine), body) else {
            return PoolAnswer::Problem { problem: Problem::new(Code::Invalid, "", "") };
        };
        let decision = self.decide(&command, now);
        let answer = hotseat_rules::answer(&self.state, &self.presence, &command, &decision, now);
        match answer {
            Ok(answer) => words::answer(answer, wants_outcome),
            Err(refusal) => words::refusal(&refusal),
        }
    }

    /// An administrator takes a seat back.
    pub(super) fn reclaim(&mut self, seat: SeatId, now: Mono) {
        let _ = self.decide(&Command::Reclaim { by: Caller::Admin, seat, why: None }, now);
    }

    /// Whether a request was refused.
    pub(super) fn has_refused(&self, true_ms: u64) -> bool {
        let now = office::pool_clock(true_ms);
        office::requests().any(|(machine, id)| {
            let key = RequestKey { caller: Caller::Machine(machine), id };
            let outcome = hotseat_rules::outcome(&self.state, &self.presence, &key, now);
            matches!(outcome, Some(hotseat_rules::Outcome::Refused(_)))
        })
    }

    /// Whether anything is due.
    pub(super) fn is_due(&self, now: Mono) -> bool {
        !hotseat_rules::due(&self.state, &self.presence, now, || 0).is_empty()
    }

    /// The clock went on: everything that is due is done at once, as early as it may be.
    pub(super) fn look(&mut self, now: Mono) {
        self.presence.turn(now);
        loop {
            let bits = u128::from(self.state.seq().0) << 64;
            let commands = hotseat_rules::due(&self.state, &self.presence, now, || bits);
            if commands.is_empty() {
                return self.look_at_leases(now);
            }
            for command in commands {
                let _ = self.decide(&command, now);
            }
        }
    }

    fn decide(
        &mut self,
        command: &Command,
        now: Mono,
    ) -> Result<Vec<Event>, hotseat_rules::Refusal> {
        let decision = self.decision(command, now);
        match &decision {
            Ok(events) => {
                self.invariant_a_repeat_changes_nothing(command, events, now);
                self.invariant_an_older_epoch_changes_nothing(command, events);
                for event in events {
                    self.happens(event, now);
                }
                self.presence.after(&self.state, command, events, now);
            }
            Err(refusal) => self.presence.after_refusal(command, refusal),
        }
        self.look_at_leases(now);
        decision
    }

    fn decision(&self, command: &Command, now: Mono) -> Result<Vec<Event>, hotseat_rules::Refusal> {
        let Some(breakage) = self.breakage else {
            return hotseat_rules::decide(&self.state, &self.presence, command, now);
        };
        breakage.decide(&self.state, &self.presence, command, now)
    }

    fn happens(&mut self, event: &Event, now: Mono) {
        self.invariant_one_life(event);
        apply(&mut self.state, event);
        match event {
            Event::SeatGranted { seat, .. } | Event::SeatReacquired { seat, .. } => {
                self.claimed.insert(*seat, now);
            }
            Event::SeatReleased { seat, .. } => {
                self.claimed.remove(seat);
            }
            _ => {}
        }
        self.invariant_number();
        if let Err(broken) = check_invariants(&self.state) {
            self.must(false, || broken.to_string());
        }
    }

    fn must(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds && self.broken.is_none() {
            self.broken = Some(what());
        }
    }

    /// Promise 1, counted anew from the seats and places themselves.
    fn invariant_number(&mut self) {
        let Some(pool) = self.state.pool(&office::pool()) else {
            return;
        };
        let taken = pool.seats.values().filter(|seat| seat.counted).count();
        let offered = pool.line.values().filter(|place| place.offer.is_some()).count();
        let seats = pool.definition.seats as usize;
        self.must(taken + offered <= seats, || {
            format!("promise 1: {taken} taken and {offered} offered of {seats}")
        });
    }

    /// Promise 3: granted once, released once.
    fn invariant_one_life(&mut self, event: &Event) {
        match event {
            Event::SeatGranted { seat, .. } => {
                let new = self.state.granted_to(*seat).is_none();
                self.must(new, || format!("promise 3: {seat} is granted a second time"));
            }
            Event::SeatReleased { seat, .. } => {
                let there = self.state.seat(*seat).is_some();
                self.must(there, || format!("promise 3: {seat} is released a second time"));
            }
            _ => {}
        }
    }

    /// Promise 5: what was decided once is not decided again.
    fn invariant_a_repeat_changes_nothing(
        &mut self,
        command: &Command,
        events: &[Event],
        now: Mono,
    ) {
        if let Command::SignOn(sign_on) = command {
            let key = RequestKey { caller: sign_on.caller, id: sign_on.request };
            let known = hotseat_rules::outcome(&self.state, &self.presence, &key, now).is_some();
            self.must(!known || events.is_empty(), || {
                format!("promise 5: a repeat of {} changes {events:?}", key.id)
            });
        }
    }

    /// Fencing: what is said about an older epoch changes nothing.
    fn invariant_an_older_epoch_changes_nothing(&mut self, command: &Command, events: &[Event]) {
        if let Command::SignOff { seat, .. } | Command::ConfirmLeaving { seat, .. } = command {
            let newest = self.state.seat(seat.id).map(|found| found.epoch);
            let older = newest.is_some_and(|newest| !seat.epoch.covers(newest));
            self.must(!older || events.is_empty(), || {
                format!("fence: what is said of {seat} changes {events:?}, it is {newest:?}")
            });
        }
    }

    /// Promise 8: a seat that nobody claims is free within T.
    fn look_at_leases(&mut self, now: Mono) {
        let late = self.claimed.iter().find(|(seat, at)| {
            let seat = self.state.seat(**seat);
            let left = seat.map_or(Duration::ZERO, |seat| self.presence.lease_left(seat, now));
            !left.is_zero() && now + left > **at + office::LEASE
        });
        if let Some((seat, _)) = late {
            let broken = format!("promise 8: {seat} is not claimed, and its lease goes on");
            self.must(false, || broken);
        }
    }
}

fn apply(state: &mut State, event: &Event) {
    let seq = state.seq().next();
    hotseat_rules::apply(state, event, At { seq, time: WallTime { unix_ms: 0 } });
}

/// A machine's message as a command, and whether it is answered with an outcome.
fn command(caller: Caller, body: &MachineMessage) -> Option<(Command, bool)> {
    let key = |id| RequestKey { caller, id };
    let Keeper::Machine(machine) = caller.keeper() else {
        return None;
    };
    Some(match body {
        MachineMessage::SignOn(wanted) => (Command::SignOn(sign_on(caller, wanted)), true),
        MachineMessage::AcceptOffer { offer, request } => {
            let (offer, fresh_seat) = (*offer, office::seat_of(*request));
            let request = Some(key(*request));
            (Command::AcceptOffer { by: caller, offer, request, fresh_seat }, true)
        }
        MachineMessage::SignOff { seat, reason } => {
            (Command::SignOff { by: caller, seat: *seat, reason: *reason }, false)
        }
        MachineMessage::Cancel { request, reason } => {
            (Command::Cancel { request: key(*request), reason: *reason }, false)
        }
        MachineMessage::LeavingDone { seats } => {
            (Command::ConfirmLeaving { machine, seat: *seats.first()? }, false)
        }
        _ => return None,
    })
}

fn sign_on(caller: Caller, wanted: &link::SignOn) -> SignOn {
    SignOn {
        caller,
        request: wanted.request,
        body: BodyHash([0; 32]),
        pool: wanted.pool.clone(),
        user: office::of_token(&wanted.token),
        client: office::client(),
        operation: office::log_in(),
        anchor: wanted.anchor.clone(),
        wait: wanted.wait.map(|accept| match accept {
            Accept::Auto => hotseat_rules::Accept::Auto,
            Accept::Ask => hotseat_rules::Accept::Ask,
        }),
        fresh_seat: office::seat_of(wanted.request),
        fresh_place: PlaceId(wanted.request.0),
    }
}
