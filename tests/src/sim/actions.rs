//! What people, programs, administrators and misfortune do, drawn by weight.

use hotseat_broker::core::Input;
use hotseat_protocol::ids::{RequestId, SeatRef};
use hotseat_protocol::ipc::{Request, Role};
use hotseat_protocol::link::Accept;
use hotseat_protocol::reason::ReleaseReason;

use super::acts::{Act, WEIGHTS};
use super::machine::{Pending, Program};
use super::users;
use super::world::{Happening, World};

impl World {
    /// Something is done, and the next thing is planned.
    pub(super) fn act(&mut self) {
        if !self.troubled {
            return;
        }
        let act = self.random.weighted(WEIGHTS);
        let last = self.machines.len() as u64 - 1;
        let machine = usize::try_from(self.random.between(0, last)).expect("a small number");
        self.tell(|| format!("ACT {act:?} at machine {machine}"));
        let spared = act.is_misfortune() && self.random.chance(self.calm);
        let still = spared || self.machines[machine].still_until > self.now;
        if !still {
            self.does(act, machine);
        }
        let wait = if self.random.chance(90) {
            self.random.between(1, 4_000)
        } else {
            self.random.between(4_000, 60_000)
        };
        self.plan(wait, Happening::Act);
    }

    fn does(&mut self, act: Act, machine: usize) {
        match act {
            Act::StartTray => self.start_program(machine, Role::Tray),
            Act::StartRun => self.start_run(machine),
            Act::TraySignsOn => self.tray_signs_on(machine, None),
            Act::TrayWaits => self.tray_signs_on(machine, Some(Accept::Ask)),
            Act::TraySignsOff => self.tray_ends(machine, false),
            Act::TraySaysGoodbye => self.tray_ends(machine, true),
            Act::TrayDies => self.dies(machine, Role::Tray),
            Act::RunDies => self.dies(machine, Role::Run),
            Act::AnswerOffer => self.answer_offer(machine),
            Act::LeaveLine => {
                if let Some((_, program)) = self.one_of(machine, Role::Tray)
                    && let Some(connection) = program.connection
                {
                    let pool = users::pool();
                    let request = Request::LeaveLine { pool };
                    self.ask(machine, connection, request, Pending::Other);
                }
            }
            Act::ReportIdle => self.report_idle(machine),
            Act::BrokerDies | Act::BrokerStops | Act::BrokerFreezes => {
                self.broker_suffers(act, machine);
            }
            Act::PowerCut | Act::Sleep | Act::VirtualMachinePause | Act::Drift => {
                self.machine_suffers(act, machine);
            }
            Act::LinkBreaks | Act::Partition | Act::SlowNetwork => {
                self.network_suffers(act, machine);
            }
            Act::PoolDies | Act::PoolPauses | Act::PoolDiskFails | Act::PoolDiskHeals => {
                self.pool_suffers(act);
            }
            Act::DiskFails => self.machines[machine].disk_works = false,
            Act::DiskHeals => self.machines[machine].disk_works = true,
            Act::Reclaim | Act::ChangeSeats => self.administer(act),
        }
    }

    fn person_of(&mut self, machine: usize) -> u64 {
        machine as u64 * 2 + self.random.between(0, 1)
    }

    /// One of a machine's programs of a kind, with its number.
    fn one_of(&mut self, machine: usize, role: Role) -> Option<(u64, Program)> {
        let programs = self.machines[machine].programs.iter();
        let some = programs.filter(|(_, program)| program.role == role);
        let some: Vec<(u64, Program)> = some.map(|(n, p)| (*n, p.clone())).collect();
        self.random.pick(&some)
    }

    fn start_program(&mut self, machine: usize, role: Role) {
        let person = self.person_of(machine);
        let computer = &self.machines[machine];
        let tray = |program: &Program| program.role == role && program.person == person;
        if !computer.powered || computer.programs.values().any(tray) {
            return;
        }
        let number = self.fresh_id();
        let program = Program { person, role, connection: None, resume: Vec::new() };
        self.machines[machine].programs.insert(number, program);
        self.plan(0, Happening::Joins { machine, program: number });
    }

    fn start_run(&mut self, machine: usize) {
        if !self.machines[machine].powered || self.machines[machine].core.is_none() {
            return;
        }
        let person = self.person_of(machine);
        let number = self.fresh_id();
        let request = RequestId::from_random(self.random.wide());
        let program = Program { person, role: Role::Run, connection: None, resume: Vec::new() };
        self.machines[machine].programs.insert(number, program);
        let fresh = self.random.wide();
        let effects = self.machines[machine].connect(number, fresh, self.now);
        self.perform(machine, effects);
        let wait = self.random.chance(60).then_some(Accept::Auto);
        let program = self.machines[machine].programs.get(&number);
        if let Some(connection) = program.and_then(|program| program.connection) {
            self.sign_on(machine, number, connection, request, wait);
        }
    }

    fn sign_on(
        &mut self,
        machine: usize,
        program: u64,
        connection: hotseat_broker::core::ConnectionId,
        request: RequestId,
        wait: Option<Accept>,
    ) {
        let request = Request::SignOn { request, pool: users::pool(), client: None, wait };
        self.ask(machine, connection, request, Pending::SignOn(program));
    }

    fn tray_signs_on(&mut self, machine: usize, wait: Option<Accept>) {
        if let Some((number, program)) = self.one_of(machine, Role::Tray)
            && let Some(connection) = program.connection
        {
            let request = RequestId::from_random(self.random.wide());
            self.sign_on(machine, number, connection, request, wait);
        }
    }

    /// A tray signs off, or says goodbye. Every seat that its broker counts must then end.
    fn tray_ends(&mut self, machine: usize, goodbye: bool) {
        let Some((number, program)) = self.one_of(machine, Role::Tray) else {
            return;
        };
        let Some(connection) = program.connection else {
            return;
        };
        let seats = self.promised_by(machine, program.person, goodbye);
        let (request, reason) = if goodbye {
            (Request::Goodbye, ReleaseReason::TrayClosed)
        } else {
            let pool = None;
            (Request::SignOff { pool }, ReleaseReason::SignedOffByTheUser)
        };
        self.ask(machine, connection, request, Pending::Ends(seats, reason));
        if goodbye {
            let wait = self.random.between(0, 2_000);
            if wait < 500 {
                self.machines[machine].programs.remove(&number);
                self.input(machine, Input::Closed { connection });
            } else if let Some(program) = self.machines[machine].programs.get_mut(&number) {
                // It lingers; another tray may come meanwhile.
                program.role = Role::Window;
            }
        }
    }

    fn promised_by(&self, machine: usize, person: u64, session_only: bool) -> Vec<SeatRef> {
        let Some(core) = &self.machines[machine].core else {
            return Vec::new();
        };
        let view = core.view(&users::os_user(person));
        let seats = view.pools.into_iter().flat_map(|pool| pool.seats);
        seats
            .filter(|seat| seat.leaving.is_none())
            .filter(|seat| {
                !session_only || seat.anchor == hotseat_protocol::ipc::AnchorKind::Session
            })
            .map(|seat| {
                let (id, epoch) = (seat.id, seat.epoch);
                SeatRef { id, epoch }
            })
            .collect()
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
        let Some((_, program)) = self.one_of(machine, Role::Tray) else {
            return;
        };
        let (Some(connection), Some(core)) = (program.connection, &self.machines[machine].core)
        else {
            return;
        };
        let view = core.view(&users::os_user(program.person));
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

    fn report_idle(&mut self, machine: usize) {
        if let Some((_, program)) = self.one_of(machine, Role::Tray)
            && let Some(connection) = program.connection
        {
            let long = self.random.chance(50);
            let idle_s = Some(if long { 1_600 } else { 2 });
            let input = Input::Idle { connection, idle_s, locked: false };
            self.input(machine, input);
        }
    }
}
