//! How each step of an office is done.

use alloc::{boxed::Box, vec::Vec};

use super::steps::Step;
use super::world::{
    APP, BILL, LUCY, NINA, OLAF, World, check, client, desk, machine_of, pool, secs, user, waiting,
    web,
};
use crate::presets::infor_crm;
use crate::{
    Accept, CallRenewal, Caller, Command, Idle, Keeper, NewGeneration, Renewal, RequestKey,
    UserKind, WarningAnswer, renew, renew_calls,
};
use hotseat_protocol::ids::{Generation, MachineId, RequestId, SeatId, SeatRef, UserId};
use hotseat_protocol::reason::ReleaseReason;

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
                let (why, wait) = (NewGeneration::Recovered, secs(seconds).into());
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
            Step::Check { user, client, machine } => {
                self.next_id += 1;
                let mut check = check(USERS[user], CLIENTS[client + 1], self.next_id);
                if machine {
                    check.caller = Caller::Machine(machine_of(USERS[user]));
                }
                check.into()
            }
            Step::Use { check, elsewhere } => self.use_of(check, elsewhere)?,
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

    fn use_of(&mut self, n: usize, elsewhere: bool) -> Option<Command> {
        let checks = self.commands.iter().filter_map(|command| match command {
            Command::Check(check) => Some(check.user),
            _ => None,
        });
        let user = *pick(&checks.collect::<Vec<_>>(), n)?;
        self.next_id += 1;
        let mut sign_on = web(user, self.next_id);
        sign_on.fresh_seat = self.fresh_seat();
        if elsewhere {
            sign_on.caller = desk(user, self.next_id).caller;
        }
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
