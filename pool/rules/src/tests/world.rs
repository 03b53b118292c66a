//! A pool in memory, with a clock that tests turn.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use hotseat_protocol::ids::{
    Anchor, ClientName, Generation, MachineId, OfferId, Operation, PlaceId, PoolId, RequestId,
    SeatId, SeatRef, Seq, ServiceId, UserId, WallTime,
};
use hotseat_protocol::reason::ReleaseReason;

use super::model::{Model, Scene};
use crate::presets::infor_crm;
use crate::{
    Accept, Answer, At, BodyHash, Caller, Check, Command, Event, Facts, Mono, Outcome,
    PoolDefinition, Presence, Refusal, Refused, Renewal, RenewalAnswer, RequestKey, SignOn, State,
    UserKind, answer, apply, check_invariants, decide, due, facts, fits, outcome, renew,
};

pub(super) const LUCY: UserId = user(1);
pub(super) const BILL: UserId = user(2);
pub(super) const OLAF: UserId = user(3);
/// Has an own licence.
pub(super) const NINA: UserId = user(4);
pub(super) const APP: Caller = Caller::Service(ServiceId(uuid::Uuid::from_u128(7)));

pub(super) const fn user(n: u128) -> UserId {
    UserId(uuid::Uuid::from_u128(n))
}

/// The machine of a user.
pub(super) const fn machine_of(user: UserId) -> MachineId {
    MachineId(user.0)
}

pub(super) fn request(n: u128) -> RequestId {
    RequestId(uuid::Uuid::from_u128(n))
}

pub(super) fn pool() -> PoolId {
    PoolId::new("infor-crm").unwrap()
}

pub(super) fn client(name: &str) -> ClientName {
    ClientName::new(name).unwrap()
}

pub(super) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A sign-on of a user at their own machine, request `n`, with what is fresh derived from it.
pub(super) fn desk(user: UserId, n: u128) -> SignOn {
    sign_on(Caller::Machine(machine_of(user)), user, "network", n)
}

/// A `web` sign-on over REST.
pub(super) fn web(user: UserId, n: u128) -> SignOn {
    SignOn { anchor: Anchor::new(format!("session {n}")).unwrap(), ..sign_on(APP, user, "web", n) }
}

fn sign_on(caller: Caller, user: UserId, name: &str, n: u128) -> SignOn {
    SignOn {
        caller,
        request: request(n),
        body: BodyHash([u8::try_from(n % 251).unwrap(); 32]),
        pool: pool(),
        user,
        client: client(name),
        operation: Operation::new("log-in").unwrap(),
        anchor: Anchor::new("session").unwrap(),
        wait: None,
        fresh_seat: SeatId(uuid::Uuid::from_u128(n)),
        fresh_place: PlaceId(uuid::Uuid::from_u128(n)),
    }
}

/// The same, waiting in line if need be.
pub(super) fn waiting(sign_on: SignOn) -> SignOn {
    SignOn { wait: Some(Accept::Ask), ..sign_on }
}

pub(super) fn check(user: UserId, name: &str, n: u128) -> Check {
    let SignOn { caller, request, body, pool, user, client, operation, .. } =
        sign_on(APP, user, name, n);
    Check { caller, request, body, pool, user, client, operation }
}

impl From<SignOn> for Command {
    fn from(sign_on: SignOn) -> Self {
        Self::SignOn(sign_on)
    }
}

impl From<Check> for Command {
    fn from(check: Check) -> Self {
        Self::Check(check)
    }
}

/// A pool with its clock.
pub(super) struct World {
    pub(super) state: State,
    pub(super) presence: Presence,
    pub(super) now: Mono,
    pub(super) log: Vec<Event>,
    pub(super) model: Model,
    random: u128,
}

impl World {
    /// The finance department: Lucy, Bill, Olaf, and Nina with her own licence, each at an own
    /// machine, all connected, long after the start.
    pub(super) fn office(seats: u32) -> Self {
        Self::with(infor_crm(seats))
    }

    pub(super) fn with(definition: PoolDefinition) -> Self {
        let state = State::default();
        let now = Mono(1_000_000);
        let presence = Presence::new(&state, now);
        let mut world = Self {
            state,
            presence,
            now,
            log: Vec::new(),
            model: Model::default(),
            random: 1 << 64,
        };
        world.does(Command::Initialise { generation: Generation(9) });
        world.does(Command::DefinePool { definition: Box::new(definition) });
        for user in [LUCY, BILL, OLAF, NINA] {
            let kind = if user == NINA { UserKind::Named } else { UserKind::Concurrent };
            world.does(Command::AddUser { user, kind });
            world.does(Command::AddMachine { machine: machine_of(user) });
            world.presence.connect(machine_of(user));
        }
        world.pass(secs(100));
        world
    }

    /// A start from a state, of which the history is not known.
    pub(super) fn begins_with(state: State, now: Mono) -> Self {
        Self {
            presence: Presence::new(&state, now),
            model: Model::of(&state),
            state,
            now,
            log: Vec::new(),
            random: 1 << 65,
        }
    }

    /// Does what must succeed; what follows from it.
    pub(super) fn does(&mut self, command: impl Into<Command>) -> Vec<Event> {
        let command = command.into();
        self.tries(&command).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"))
    }

    /// Decides, applies, and checks that the state is possible after every event.
    pub(super) fn tries(&mut self, command: &Command) -> Result<Vec<Event>, Refusal> {
        let decision = decide(&self.state, &self.presence, command, self.now);
        match &decision {
            Ok(events) => {
                let decided = self.state.clone();
                for event in events {
                    self.happens(&decided, command, event);
                }
                self.presence.after(&self.state, command, events, self.now);
                check_invariants(&self.state)
                    .unwrap_or_else(|broken| panic!("after {command:?}: {broken}"));
            }
            Err(refusal) => self.presence.after_refusal(command, refusal),
        }
        decision
    }

    fn happens(&mut self, decided: &State, command: &Command, event: &Event) {
        let before = self.state.clone();
        let seq = before.seq().next();
        fits(&before, event).unwrap_or_else(|misfit| panic!("{event:?} does not fit: {misfit}"));
        apply(&mut self.state, event, At { seq, time: wall(seq) });
        self.log.push(event.clone());
        self.model.sees(&Scene {
            decided,
            before: &before,
            after: &self.state,
            presence: &self.presence,
            now: self.now,
            command,
            event,
        });
    }

    /// What the caller of a command hears.
    pub(super) fn hears(&mut self, command: impl Into<Command>) -> Result<Answer, Refusal> {
        let command = command.into();
        let decision = self.tries(&command);
        let answer = answer(&self.state, &self.presence, &command, &decision, self.now);
        if let Ok(answer) = &answer {
            self.model.hears(&self.state, &command, answer, self.now);
        }
        answer
    }

    /// What became of a sign-on.
    pub(super) fn became(&mut self, sign_on: SignOn) -> Outcome {
        match self.hears(sign_on) {
            Ok(Answer::Became(outcome)) => outcome,
            other => panic!("not an outcome: {other:?}"),
        }
    }

    pub(super) fn outcome(&self, caller: Caller, n: u128) -> Outcome {
        let key = RequestKey { caller, id: request(n) };
        outcome(&self.state, &self.presence, &key, self.now).expect("the request is known")
    }

    /// The seat that a sign-on gets.
    pub(super) fn seat(&mut self, sign_on: SignOn) -> SeatRef {
        match self.became(sign_on) {
            Outcome::Seat { seat, .. } => seat,
            other => panic!("no seat: {other:?}"),
        }
    }

    /// The refusal that a sign-on or check gets.
    pub(super) fn refused(&mut self, command: impl Into<Command>) -> Refused {
        match self.hears(command) {
            Ok(Answer::Refused(refused) | Answer::Became(Outcome::Refused(refused))) => refused,
            other => panic!("not refused: {other:?}"),
        }
    }

    pub(super) fn facts(&self) -> Facts {
        facts(&self.state, &self.presence, &pool(), self.now)
    }

    /// Everything that the clock asks for now; what follows from it.
    pub(super) fn settle(&mut self) -> Vec<Event> {
        let mut all = Vec::new();
        for round in 0.. {
            assert!(round < 1000, "timers are due for ever");
            let random = &mut self.random;
            let commands = due(&self.state, &self.presence, self.now, || {
                *random += 1;
                *random
            });
            if commands.is_empty() {
                return all;
            }
            for command in commands {
                all.extend(self.does(command));
            }
        }
        all
    }

    /// Time passes while the pool runs.
    pub(super) fn pass(&mut self, duration: Duration) -> Vec<Event> {
        let end = self.now + duration;
        let mut events = self.settle();
        while self.now < end {
            self.now = end.min(self.now + secs(1));
            assert_eq!(self.presence.turn(self.now), None);
            events.extend(self.settle());
        }
        events
    }

    /// Time passes while the pool stands still; then it takes a turn, and nothing is due yet.
    pub(super) fn stands_still(&mut self, duration: Duration) {
        self.now = self.now + duration;
        assert_eq!(self.presence.turn(self.now), Some(duration));
        self.model.paused(duration, self.now);
    }

    /// The pool ends and starts again from its journal.
    pub(super) fn restarts(&mut self) {
        let mut replayed = State::default();
        for event in &self.log {
            let seq = replayed.seq().next();
            apply(&mut replayed, event, At { seq, time: wall(seq) });
        }
        assert_eq!(replayed, self.state, "replay tells another story");
        self.presence = Presence::new(&self.state, self.now);
        self.model.holds = super::held::Holds::default();
    }

    /// A machine renews these seats and places.
    pub(super) fn renews(
        &mut self,
        user: UserId,
        seats: &[SeatRef],
        wait: &[u128],
    ) -> RenewalAnswer {
        let renewal = Renewal {
            seats: seats.to_vec(),
            waiting: wait.iter().copied().map(request).collect(),
            idle: Vec::new(),
        };
        renew(&self.state, &mut self.presence, machine_of(user), &renewal, self.now)
    }

    /// Signs off at the user's own machine.
    pub(super) fn signs_off(&mut self, user: UserId, seat: SeatRef) -> Vec<Event> {
        self.does(Command::SignOff {
            by: Caller::Machine(machine_of(user)),
            seat,
            reason: ReleaseReason::SignedOffByTheUser,
        })
    }

    /// The offer that a place has.
    pub(super) fn offer_of(&self, n: u128) -> OfferId {
        let place = self.state.place(PlaceId(uuid::Uuid::from_u128(n))).expect("there is a place");
        place.offer_id().expect("the place has an offer")
    }

    pub(super) fn accepts(&mut self, user: UserId, n: u128) -> Vec<Event> {
        let offer = self.offer_of(n);
        self.does(Command::AcceptOffer {
            by: Caller::Machine(machine_of(user)),
            offer,
            request: None,
            fresh_seat: SeatId(uuid::Uuid::from_u128(1000 + n)),
        })
    }
}

pub(super) fn wall(seq: Seq) -> WallTime {
    WallTime { unix_ms: i64::try_from(seq.0).unwrap() * 1000 }
}

/// A cancel by a machine whose application is gone.
pub(super) fn cancelled(request: RequestKey) -> Command {
    Command::Cancel { request, reason: ReleaseReason::ApplicationExited }
}

/// The reasons of all releases in a list of events.
pub(super) fn releases(events: &[Event]) -> Vec<(SeatId, ReleaseReason)> {
    let releases = events.iter().filter_map(|event| match event {
        Event::SeatReleased { seat, release } => Some((*seat, release.reason)),
        _ => None,
    });
    releases.collect()
}
