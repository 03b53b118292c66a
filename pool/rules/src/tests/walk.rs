//! Random steps of an office, and how each is done.

use alloc::{boxed::Box, vec, vec::Vec};

use hotseat_protocol::ids::{Generation, MachineId, RequestId, SeatId, SeatRef, UserId};
use hotseat_protocol::reason::ReleaseReason;
use proptest::prelude::*;

use super::world::{
    APP, BILL, LUCY, NINA, OLAF, World, check, client, desk, machine_of, pool, secs, user, waiting,
    web,
};
use crate::presets::infor_crm;
use crate::{
    Accept, CallRenewal, Caller, Command, Idle, Keeper, NewGeneration, Renewal, RequestKey,
    UserKind, WarningAnswer, renew, renew_calls,
};

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
    },
    /// The user of a check that was asked takes the seat that it may have set aside.
    Use {
        check: usize,
        named: bool,
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
    /// A machine shows what it has seen: so many records more than there are.
    Shows(u64),
    /// A new generation begins, and waits so long.
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
        3 => (0..4_usize, 0..6_usize).prop_map(|(user, client)| Step::Check { user, client }),
        3 => (n.clone(), any::<bool>()).prop_map(|(check, named)| Step::Use { check, named }),
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

const USERS: [UserId; 4] = [LUCY, BILL, OLAF, NINA];
const CLIENTS: [&str; 7] = ["network", "network", "web", "web", "mobile", "outlook", "sdata"];

/// An office in which steps are done.
pub(super) struct Walk {
    pub(super) world: World,
    commands: Vec<Command>,
    next_id: u128,
}

impl Walk {
    pub(super) fn new() -> Self {
        Self { world: World::office(2), commands: Vec::new(), next_id: 100 }
    }

    pub(super) fn step(&mut self, step: &Step) {
        match *step {
            Step::Pass(seconds) => {
                self.world.pass(secs(seconds));
            }
            Step::StandStill(seconds) => self.world.stands_still(secs(seconds)),
            Step::Restart => self.world.restarts(),
            Step::Shows(more) => {
                let mut seen = self.world.state.newest();
                seen.seq.0 += more;
                self.world.does(Command::NoteSeen { machine: machine_of(LUCY), seen });
            }
            Step::NewGeneration(seconds) => {
                let generation = Generation(self.world.state.generation().0 + 1);
                let (why, wait) = (NewGeneration::Recovered, secs(seconds));
                self.world.does(Command::BeginGeneration {
                    generation,
                    why,
                    wait,
                    lost: Vec::new(),
                });
                self.world.settle();
            }
            Step::Link { machine, up: true } => self.world.presence.connect(machine_at(machine)),
            Step::Link { machine, up: false } => {
                self.world.presence.disconnect(machine_at(machine));
            }
            Step::Renew { machine, skip, idle } => self.renew(machine, skip, idle),
            Step::RenewCalls => self.renew_calls(),
            _ => {
                if let Some(command) = self.command(step) {
                    self.commands.push(command.clone());
                    self.submit(&command);
                }
            }
        }
    }

    /// Does a command, and finds that doing it again changes nothing.
    fn submit(&mut self, command: &Command) {
        let first = self.world.hears(command.clone());
        let state = self.world.state.clone();
        if let Ok(answer) = &first {
            let again = self.world.hears(command.clone());
            // What was removed is unknown the next time.
            let removed = matches!(command, Command::RemovePool { .. });
            assert!(removed || again.as_ref() == Ok(answer), "not {answer:?} but {again:?}");
        }
        assert_eq!(self.world.state, state, "a repeat of {command:?} changed something");
        self.world.settle();
    }

    fn command(&mut self, step: &Step) -> Option<Command> {
        Some(match *step {
            Step::SignOn { .. } => self.sign_on(step)?,
            Step::SignOnAgain { seat } => self.sign_on_again(seat)?,
            Step::Check { user, client } => {
                self.next_id += 1;
                check(USERS[user], CLIENTS[client + 1], self.next_id).into()
            }
            Step::Use { check, named } => self.use_of(check, named)?,
            Step::Repeat(n) => pick(&self.commands, n)?.clone(),
            Step::SignOff { seat, by_user, stale } => self.sign_off(seat, by_user, stale)?,
            Step::Confirm { seat } => {
                let (seat, keeper, _) = self.seat(seat)?;
                let Keeper::Machine(machine) = keeper else { return None };
                Command::ConfirmLeaving { machine, seat }
            }
            Step::Cancel { request } => Command::Cancel {
                request: self.request(request),
                reason: ReleaseReason::NobodyTookIt,
            },
            Step::Leave { place } => {
                let places: Vec<_> = self.world.state.places().map(|place| place.id).collect();
                Command::LeaveLine { by: Caller::Admin, place: *pick(&places, place)? }
            }
            Step::Offer { place, accept } => self.offer(place, accept)?,
            Step::Ask { request } => {
                let request = self.request(request);
                Command::AskRequest { request, fresh_seat: self.fresh_seat() }
            }
            Step::Reclaim { seat } => {
                Command::Reclaim { by: Caller::Admin, seat: self.seat(seat)?.0.id, why: None }
            }
            Step::Warn { seat, kept } => {
                let (seat, keeper, _) = self.seat(seat)?;
                let Keeper::Machine(machine) = keeper else { return None };
                let (by, answer) = (Caller::Machine(machine), WarningAnswer::Kept);
                if kept {
                    Command::AnswerWarning { by, seat, answer }
                } else {
                    Command::NoteWarning { machine, seat }
                }
            }
            Step::Define { seats, one_each, hold } => {
                let mut definition = infor_crm(seats);
                definition.options.one_seat_per_user = one_each;
                definition.options.provisional_hold = hold.map(secs);
                Command::DefinePool { definition: Box::new(definition) }
            }
            Step::RemovePool => Command::RemovePool { pool: pool() },
            Step::SetUser { user, named, enabled } => {
                let kind = if named { UserKind::Named } else { UserKind::Concurrent };
                Command::SetUser { user: USERS[user], kind, enabled }
            }
            Step::Revoke { machine } => {
                Command::RevokeMachine { machine: machine_of(*USERS.get(machine)?) }
            }
            Step::Pass(_)
            | Step::StandStill(_)
            | Step::Restart
            | Step::Shows(_)
            | Step::NewGeneration(_)
            | Step::Link { .. }
            | Step::Renew { .. }
            | Step::RenewCalls => return None,
        })
    }

    fn sign_on(&mut self, step: &Step) -> Option<Command> {
        let Step::SignOn { user, machine, client: name, anchor, wait } = *step else {
            return None;
        };
        self.next_id += 1;
        let mut sign_on = match machine {
            Some(machine) => desk(USERS[machine], self.next_id),
            None => web(USERS[user], self.next_id),
        };
        sign_on.user = USERS[user];
        sign_on.client = client(CLIENTS[name]);
        sign_on.fresh_seat = self.fresh_seat();
        if anchor > 0 {
            sign_on.anchor = web(LUCY, u128::from(anchor)).anchor;
        }
        if wait > 0 {
            sign_on = waiting(sign_on);
            sign_on.wait = Some(if wait == 1 { Accept::Auto } else { Accept::Ask });
        }
        Some(sign_on.into())
    }

    fn use_of(&mut self, n: usize, named: bool) -> Option<Command> {
        let checks = self.commands.iter().filter_map(|command| match command {
            Command::Check(check) => Some((check.user, check.request)),
            _ => None,
        });
        let (user, check) = *pick(&checks.collect::<Vec<_>>(), n)?;
        self.next_id += 1;
        let mut sign_on = web(user, self.next_id);
        sign_on.fresh_seat = self.fresh_seat();
        sign_on.after_check = named.then_some(check);
        Some(sign_on.into())
    }

    fn sign_on_again(&mut self, n: usize) -> Option<Command> {
        let (seat, ..) = self.seat(n)?;
        let seat = self.world.state.seat(seat.id)?.clone();
        self.next_id += 1;
        let mut sign_on = match seat.keeper {
            Keeper::Machine(machine) => desk(UserId(machine.0), self.next_id),
            Keeper::Calls => web(seat.asked.user, self.next_id),
        };
        sign_on.user = seat.asked.user;
        sign_on.client = seat.asked.client;
        sign_on.anchor = seat.anchor;
        sign_on.fresh_seat = self.fresh_seat();
        Some(sign_on.into())
    }

    fn sign_off(&self, n: usize, by_user: bool, stale: bool) -> Option<Command> {
        let (mut seat, keeper, user) = self.seat(n)?;
        if stale {
            seat.epoch.seq.0 -= 1;
        }
        let by = match keeper {
            _ if by_user => Caller::User(user),
            Keeper::Machine(machine) => Caller::Machine(machine),
            Keeper::Calls => APP,
        };
        Some(Command::SignOff { by, seat, reason: ReleaseReason::TrayClosed })
    }

    fn offer(&mut self, n: usize, accept: bool) -> Option<Command> {
        let places = self.world.state.places();
        let offers: Vec<_> =
            places.filter_map(|place| Some((place.offer_id()?, place.asked.request))).collect();
        let (offer, request) = *pick(&offers, n)?;
        let request = n.is_multiple_of(2).then_some(request);
        let by = Caller::Admin;
        let fresh_seat = self.fresh_seat();
        Some(if accept {
            Command::AcceptOffer { by, offer, request, fresh_seat }
        } else {
            Command::DeclineOffer { by, offer, request }
        })
    }

    fn fresh_seat(&mut self) -> SeatId {
        self.next_id += 1;
        // Real ids are random: a later one must not always sort behind the earlier ones.
        SeatId(user(self.next_id.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)).0)
    }

    fn seat(&self, n: usize) -> Option<(SeatRef, Keeper, UserId)> {
        let seats = self.world.state.seats();
        let seats: Vec<_> =
            seats.map(|seat| (seat.seat_ref(), seat.keeper, seat.asked.user)).collect();
        pick(&seats, n).copied()
    }

    /// One that is known, or one that is not.
    fn request(&self, n: usize) -> RequestKey {
        let contents = self.world.state.contents();
        let known: Vec<_> =
            contents.requests.keys().chain(contents.refused.keys()).copied().collect();
        let unknown = RequestKey { caller: APP, id: RequestId(user(90).0) };
        if n.is_multiple_of(8) { unknown } else { pick(&known, n).copied().unwrap_or(unknown) }
    }

    /// A machine claims all of its seats and places but one.
    fn renew(&mut self, machine: usize, skip: usize, idle: Option<u64>) {
        let machine = machine_at(machine);
        let world = &mut self.world;
        let mut seats: Vec<_> =
            world.state.machine_seats(machine).map(|seat| seat.seat_ref()).collect();
        if skip < seats.len() {
            seats.remove(skip);
        }
        let places = world.state.places().filter(|place| place.keeper == Keeper::Machine(machine));
        let waiting = places.map(|place| place.asked.request.id).collect();
        let idle = idle.map(|idle| Idle::For(secs(idle))).unwrap_or(Idle::Unknown);
        let idle = seats.iter().map(|seat| (seat.id, idle)).collect();
        let renewal = Renewal { seats, waiting, idle };
        let answer = renew(&world.state, &mut world.presence, machine, &renewal, world.now);
        for renewed in answer.renewed {
            world.model.told(renewed.seat.id, renewed.left, world.now);
        }
    }

    fn renew_calls(&mut self) {
        let world = &mut self.world;
        let seats: Vec<_> = world.state.seats().map(|seat| seat.seat_ref()).collect();
        for (seat, answer) in renew_calls(&world.state, &mut world.presence, APP, &seats, world.now)
        {
            if let CallRenewal::Left(left) = answer {
                world.model.told(seat.id, left, world.now);
            }
        }
    }
}

fn machine_at(n: usize) -> MachineId {
    machine_of(USERS[n])
}

fn pick<T>(items: &[T], n: usize) -> Option<&T> {
    if items.is_empty() { None } else { items.get(n % items.len()) }
}
