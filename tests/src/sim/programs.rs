//! What people do with trays, `hotseat run` and the command line.

use hotseat_broker_core::{ConnectionId, Input, OsEvent};
use hotseat_protocol::ids::{RequestId, SeatRef, Secret};
use hotseat_protocol::ipc::{AnchorKind, Request, Role};
use hotseat_protocol::link::Accept;
use hotseat_protocol::reason::ReleaseReason;

use super::acts::Act;
use super::commands::client;
use super::directory::PASSWORD;
use super::happening::Happening;
use super::machine::{Ends, Pending, Program, session_name};
use super::users;
use super::world::World;

/// A tray reports this often, in ms.
const REPORTS_EVERY: u64 = 15_000;

impl World {
    pub(super) fn person_does(&mut self, act: Act, machine: usize) {
        match act {
            Act::StartTray => self.start_tray(machine),
            Act::StartRun => self.start_run(machine),
            Act::CliSignsOn => self.cli_signs_on(machine),
            Act::TraySignsOn => self.tray_signs_on(machine, None),
            Act::TrayWaits => self.tray_signs_on(machine, Some(Accept::Ask)),
            Act::TraySignsOff | Act::TraySaysGoodbye => {
                self.tray_ends(machine, act == Act::TraySaysGoodbye);
            }
            Act::TrayDies => self.dies(machine, Role::Tray),
            Act::RunDies => self.dies(machine, Role::Run),
            Act::AnswerOffer => self.answer_offer(machine),
            Act::LeaveLine => self.tray_asks(machine, Request::LeaveLine { pool: users::pool() }),
            Act::Keep => self.tray_asks(machine, Request::Keep { pool: users::pool() }),
            Act::GoesAway => {
                let (person, now) = (self.person_of(machine), self.now);
                self.machines[machine].away.entry(person).or_insert(now);
                self.report_all(machine);
            }
            Act::ComesBack => {
                let person = self.person_of(machine);
                self.machines[machine].away.remove(&person);
                self.report_all(machine);
            }
            Act::LogIn => self.logs_in(machine),
            Act::LogOut => self.logs_out(machine),
            Act::SessionEnds => self.session_ends(machine),
            _ => {
                if let Some((number, person, connection)) = self.tray_of(machine) {
                    self.checks(machine, connection);
                    self.will_use(person, Some((machine, number)));
                }
            }
        }
    }

    fn checks(&mut self, machine: usize, connection: ConnectionId) {
        let name = self.random.pick(&["sdata", "mobile", "web"]).unwrap_or("web");
        let request = RequestId::from_random(self.random.wide());
        let (pool, client) = (users::pool(), client(name));
        let request = Request::Check { request, pool, client, operation: None };
        self.ask(machine, connection, request, Pending::Other);
    }

    /// A program checks again, or signs on after a check, if it is still there.
    pub(super) fn uses_at(&mut self, machine: usize, number: u64, checks: bool) {
        let computer = &self.machines[machine];
        let there = computer.still_until <= self.now;
        let program = computer.programs.get(&number).filter(|_| there);
        let Some(connection) = program.and_then(|program| program.connection) else {
            return;
        };
        if checks {
            return self.checks(machine, connection);
        }
        let wait = self.random.pick(&[None, Some(Accept::Ask)]).flatten();
        self.sign_on(machine, number, connection, wait);
    }

    fn person_of(&mut self, machine: usize) -> u64 {
        let which = usize::from(self.random.chance(50));
        self.machines[machine].people[which]
    }

    /// One of a machine's programs of a kind, with its number.
    fn one_of(&mut self, machine: usize, role: Role) -> Option<(u64, Program)> {
        let programs = self.machines[machine].programs.iter();
        let some = programs.filter(|(_, program)| program.role == role);
        let some: Vec<u64> = some.map(|(number, _)| *number).collect();
        let number = self.random.pick(&some)?;
        Some((number, self.machines[machine].programs.get(&number)?.clone()))
    }

    fn tray_of(&mut self, machine: usize) -> Option<(u64, u64, ConnectionId)> {
        let (number, program) = self.one_of(machine, Role::Tray)?;
        Some((number, program.person, program.connection?))
    }

    fn tray_asks(&mut self, machine: usize, request: Request) {
        if let Some((_, _, connection)) = self.tray_of(machine) {
            self.ask(machine, connection, request, Pending::Other);
        }
    }

    fn add_program(&mut self, machine: usize, person: u64, role: Role) -> u64 {
        let number = self.fresh_id();
        let program = Program { person, role, connection: None, resume: Vec::new() };
        self.machines[machine].programs.insert(number, program);
        number
    }

    fn start_tray(&mut self, machine: usize) {
        let person = self.person_of(machine);
        let computer = &self.machines[machine];
        let tray = |program: &Program| program.role == Role::Tray && program.person == person;
        if !computer.powered || computer.programs.values().any(tray) {
            return;
        }
        let program = self.add_program(machine, person, Role::Tray);
        self.plan(0, Happening::Joins { machine, program });
    }

    /// Starts a program that connects at once.
    fn start(&mut self, machine: usize, role: Role) -> Option<(u64, ConnectionId)> {
        if !self.machines[machine].powered || self.machines[machine].core.is_none() {
            return None;
        }
        let person = self.person_of(machine);
        let number = self.add_program(machine, person, role);
        let fresh = self.random.wide();
        let effects = self.machines[machine].connect(number, fresh, self.now);
        self.perform(machine, effects);
        let program = self.machines[machine].programs.get(&number);
        Some((number, program?.connection?))
    }

    fn start_run(&mut self, machine: usize) {
        if let Some((number, connection)) = self.start(machine, Role::Run) {
            let wait = self.random.chance(60).then_some(Accept::Auto);
            self.sign_on(machine, number, connection, wait);
        }
    }

    /// A command that asks, waits a little for the answer or not, and goes.
    fn cli_signs_on(&mut self, machine: usize) {
        if let Some((number, connection)) = self.start(machine, Role::Cli) {
            let wait = self.random.chance(30).then_some(Accept::Auto);
            self.sign_on(machine, number, connection, wait);
            self.machines[machine].programs.remove(&number);
            self.input(machine, Input::Closed { connection });
        }
    }

    fn sign_on(
        &mut self,
        machine: usize,
        program: u64,
        connection: ConnectionId,
        wait: Option<Accept>,
    ) {
        let id = RequestId::from_random(self.random.wide());
        let client = self.random.chance(15).then(|| client("web"));
        let request = Request::SignOn { request: id, pool: users::pool(), client, wait };
        if self.random.chance(10) {
            // The program asks again, with the same words.
            self.ask(machine, connection, request.clone(), Pending::SignOn(program, id));
        }
        self.ask(machine, connection, request, Pending::SignOn(program, id));
    }

    fn tray_signs_on(&mut self, machine: usize, wait: Option<Accept>) {
        if let Some((number, _, connection)) = self.tray_of(machine) {
            self.sign_on(machine, number, connection, wait);
        }
    }

    /// A tray signs off, or says goodbye. Every seat that its broker counts must then end.
    fn tray_ends(&mut self, machine: usize, goodbye: bool) {
        let Some((number, person, connection)) = self.tray_of(machine) else {
            return;
        };
        let ends = self.promised_by(machine, person, goodbye);
        let (request, reason) = if goodbye {
            (Request::Goodbye, ReleaseReason::TrayClosed)
        } else {
            (Request::SignOff { pool: None }, ReleaseReason::SignedOffByTheUser)
        };
        self.ask(machine, connection, request, Pending::Ends(ends, reason));
        if goodbye {
            if self.random.chance(25) {
                self.machines[machine].programs.remove(&number);
                self.input(machine, Input::Closed { connection });
            } else if let Some(program) = self.machines[machine].programs.get_mut(&number) {
                // It lingers; another tray may come meanwhile.
                program.role = Role::Window;
            }
        }
    }

    fn promised_by(&self, machine: usize, person: u64, session_only: bool) -> Ends {
        let computer = &self.machines[machine];
        let Some(core) = &computer.core else {
            return Ends::default();
        };
        let view = core.view(&users::os_user(person));
        let seats = view.pools.into_iter().flat_map(|pool| pool.seats);
        let seats = seats.filter(|seat| seat.leaving.is_none());
        let seats = seats.filter(|seat| !session_only || seat.anchor == AnchorKind::Session);
        let asks = |pending: &Pending| match pending {
            Pending::SignOn(program, id) => {
                let program = computer.programs.get(program)?;
                let ends = !session_only || program.role == Role::Tray;
                (program.person == person && ends).then_some(*id)
            }
            Pending::Ends(..) | Pending::Other => None,
        };
        Ends {
            seats: seats.map(|seat| SeatRef { id: seat.id, epoch: seat.epoch }).collect(),
            requests: computer.pending.values().filter_map(asks).collect(),
        }
    }

    fn dies(&mut self, machine: usize, role: Role) {
        if let Some((number, program)) = self.one_of(machine, role) {
            self.machines[machine].programs.remove(&number);
            if let Some(connection) = program.connection {
                self.input(machine, Input::Closed { connection });
            }
        }
    }

    fn answer_offer(&mut self, machine: usize) {
        let Some((_, person, connection)) = self.tray_of(machine) else {
            return;
        };
        let Some(core) = &self.machines[machine].core else {
            return;
        };
        let view = core.view(&users::os_user(person));
        let offers = view.pools.into_iter().filter_map(|pool| pool.place?.offer);
        for offer in offers.map(|offer| offer.id).collect::<Vec<_>>() {
            let request = if self.random.chance(80) {
                Request::AcceptOffer { offer }
            } else {
                Request::DeclineOffer { offer }
            };
            self.ask(machine, connection, request, Pending::Other);
        }
    }

    /// Logs in, with a wrong password sometimes, and as somebody else sometimes.
    fn logs_in(&mut self, machine: usize) {
        let Some((_, own, connection)) = self.tray_of(machine) else {
            return;
        };
        let last = self.people() - 1;
        let person = if self.random.chance(70) { own } else { self.random.between(0, last) };
        let password = if self.random.chance(80) { PASSWORD } else { "wrong" };
        let email = format!("{person}@finance.example");
        let request = Request::log_in(&email, Secret::new(password)).expect("a short address");
        self.ask(machine, connection, request, Pending::Other);
    }

    fn logs_out(&mut self, machine: usize) {
        if let Some((_, person, connection)) = self.tray_of(machine) {
            let ends = self.promised_by(machine, person, false);
            let reason = ReleaseReason::SignedOffByTheUser;
            self.ask(machine, connection, Request::LogOut, Pending::Ends(ends, reason));
        }
    }

    /// The person logs out of the OS: everything in the session ends, in any order.
    fn session_ends(&mut self, machine: usize) {
        let person = self.person_of(machine);
        let name = session_name(person);
        let told_first = self.random.chance(50);
        let watched = self.machines[machine].watched;
        if watched && told_first {
            self.input(machine, Input::Os(OsEvent::SessionEnded { name: name.clone() }));
        }
        let programs = self.machines[machine].programs.iter();
        let programs = programs.filter(|(_, program)| program.person == person);
        for number in programs.map(|(number, _)| *number).collect::<Vec<_>>() {
            let program = self.machines[machine].programs.remove(&number);
            if let Some(connection) = program.and_then(|program| program.connection) {
                self.input(machine, Input::Closed { connection });
            }
        }
        if watched && !told_first {
            self.input(machine, Input::Os(OsEvent::SessionEnded { name }));
        }
    }

    /// A tray reports, and will again.
    pub(super) fn reports(&mut self, machine: usize, number: u64) {
        if self.report(machine, number) {
            self.plan(REPORTS_EVERY, Happening::Reports { machine, program: number });
        }
    }

    fn report_all(&mut self, machine: usize) {
        for number in self.machines[machine].programs.keys().copied().collect::<Vec<_>>() {
            self.report(machine, number);
        }
    }

    fn report(&mut self, machine: usize, number: u64) -> bool {
        let Some(program) = self.machines[machine].programs.get(&number) else {
            return false;
        };
        let (Some(connection), Role::Tray) = (program.connection, program.role) else {
            return false;
        };
        let away = self.machines[machine].away.get(&program.person).copied();
        // Nothing can tell, sometimes.
        let unknown = self.random.chance(3);
        let idle_s = (!unknown).then(|| away.map_or(0, |since| (self.now - since) / 1_000));
        let locked = away.is_some_and(|since| since % 3 == 0);
        self.input(machine, Input::Idle { connection, idle_s, locked });
        true
    }
}
