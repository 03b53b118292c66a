//! What happens on the machines: brokers and programs start, act and end.

use hotseat_broker_core::{ConnectionId, Effect, Inhibitor, Input, LinkId, OsEvent, next_deadline};
use hotseat_protocol::ids::Secret;
use hotseat_protocol::ipc::{Reply, Request, Role};
use hotseat_protocol::link::Outcome;
use hotseat_rules::{Caller, RequestKey};

use super::clock::Clock;
use super::happening::Happening;
use super::healing::Promise;
use super::machine::Pending;
use super::world::World;

impl World {
    pub(super) fn start_broker(&mut self, machine: usize) {
        let broker = &self.machines[machine];
        if broker.core.is_some() || !broker.powered {
            return;
        }
        let effects = self.machines[machine].start_broker(self.now);
        self.perform(machine, effects);
        let life = self.machines[machine].life;
        let wait = self.random.between(10, 500);
        self.plan(wait, Happening::Connect { machine, life });
        for program in self.machines[machine].programs.keys().copied().collect::<Vec<_>>() {
            let wait = self.random.between(10, 14_000);
            self.plan(wait, Happening::Joins { machine, program });
        }
    }

    pub(super) fn boot(&mut self, machine: usize) {
        let computer = &self.machines[machine];
        if computer.powered || computer.retired {
            return;
        }
        let boot = self.fresh_boot();
        let computer = &mut self.machines[machine];
        computer.powered = true;
        computer.boot = boot;
        computer.still_until = 0;
        computer.paused_at = None;
        computer.falls_asleep_for = None;
        computer.away.clear();
        computer.clock = Clock::new(self.now, 1_000, self.random.between(950, 1_050));
        let wait = self.random.between(10, 2_000);
        self.plan(wait, Happening::StartBroker { machine });
    }

    pub(super) fn goes_on(&mut self, machine: usize) {
        let now = self.now;
        let computer = &mut self.machines[machine];
        if let Some(paused_at) = computer.paused_at.take() {
            computer.clock.run(now);
            computer.wall_ahead += i64::try_from(now - paused_at).expect("a short pause");
            self.input(machine, Input::Tick);
        } else if computer.falls_asleep_for.take().is_some() {
            self.input(machine, Input::Os(OsEvent::SleepEnded));
        }
    }

    pub(super) fn joins(&mut self, machine: usize, number: u64) {
        let fresh = self.random.wide();
        let computer = &mut self.machines[machine];
        let connected =
            computer.programs.get(&number).is_none_or(|program| program.connection.is_some());
        if connected || computer.core.is_none() {
            return;
        }
        let effects = computer.connect(number, fresh, self.now);
        self.perform(machine, effects);
        if let Some(program) = self.machines[machine].programs.get(&number)
            && let Some(connection) = program.connection
        {
            let tray = program.role == Role::Tray;
            self.ask(machine, connection, Request::Subscribe, Pending::Other);
            if tray && self.setup.reports {
                self.plan(0, Happening::Reports { machine, program: number });
            }
        }
    }

    /// A program asks its broker.
    pub(super) fn ask(
        &mut self,
        machine: usize,
        connection: ConnectionId,
        request: Request,
        pending: Pending,
    ) {
        let id = self.fresh_id();
        let fresh = Secret::new(format!("{:032x}", self.random.wide()));
        self.machines[machine].pending.insert((connection, id), pending);
        let input = Input::Asked { connection, id, request, fresh };
        self.input(machine, input);
    }

    /// One input for a broker, and what follows from it.
    pub(super) fn input(&mut self, machine: usize, input: Input) {
        let notices = self.machines[machine].notices_of_a_push(&input);
        let effects = self.machines[machine].input(input, self.now);
        self.perform(machine, effects);
        self.invariant_a_notice_ends_belief(machine, &notices);
    }

    pub(super) fn perform(&mut self, machine: usize, effects: Vec<Effect>) {
        for effect in effects {
            self.performs(machine, effect);
        }
        let computer = &mut self.machines[machine];
        let Some(core) = &computer.core else {
            return;
        };
        let at = next_deadline(core).and_then(|local| computer.clock.when(local));
        computer.tick += 1;
        let tick = computer.tick;
        if let Some(at) = at {
            self.plan_at(at, Happening::Tick { machine, tick });
        }
    }

    pub(super) fn performs(&mut self, machine: usize, effect: Effect) {
        if !matches!(effect, Effect::Push { .. }) {
            self.tell(|| format!("  machine {machine}: {effect:?}"));
        }
        match effect {
            Effect::Store { write, changes } => {
                let later = self.random.chance(50);
                let wait = self.random.between(0, 30);
                let computer = &mut self.machines[machine];
                let (life, ok) = (computer.life, computer.disk_works);
                let (at_once, later) = match (ok, later) {
                    (false, _) => (Vec::new(), Vec::new()),
                    (true, false) => (changes, Vec::new()),
                    (true, true) => (Vec::new(), changes),
                };
                at_once.iter().for_each(|change| computer.disk.apply(change));
                let changes = later;
                self.plan(wait, Happening::Stored { machine, life, write, ok, changes });
            }
            Effect::Reply { connection, id, reply } => self.replied(machine, connection, id, reply),
            Effect::SendToPool { link: LinkId(link), n, body } => {
                self.audit.says(self.machines[machine].id, &body);
                self.send_up(link, n, body);
            }
            Effect::Disconnect { connection, .. } => {
                for program in self.machines[machine].programs.values_mut() {
                    if program.connection == Some(connection) {
                        program.connection = None;
                    }
                }
            }
            Effect::RunHook { hook, within_ms, .. } => {
                let wait = self.random.between(0, within_ms);
                let life = self.machines[machine].life;
                self.plan(wait, Happening::HookEnds { machine, life, hook });
            }
            Effect::Push { .. } | Effect::SkipHook { .. } | Effect::TakeUpEnrolment => {}
            Effect::ReleaseInhibitor(Inhibitor::Sleep) => self.falls_asleep(machine),
            Effect::ReleaseInhibitor(Inhibitor::ShutDown) => {
                if std::mem::take(&mut self.machines[machine].shuts_down) {
                    self.plan(0, Happening::PowerCut { machine });
                }
            }
            Effect::Stop => {
                self.machines[machine].save_shown();
                self.kill_broker(machine);
                let wait = self.random.between(100, 20_000);
                self.plan(wait, Happening::StartBroker { machine });
            }
        }
    }

    pub(super) fn falls_asleep(&mut self, machine: usize) {
        let Some(length) = self.machines[machine].falls_asleep_for else {
            return;
        };
        self.machines[machine].still_until = self.now + length;
        if let Some(link) = self.machines[machine].link {
            self.break_link(link, true);
        }
        self.plan(length, Happening::GoesOn { machine });
    }

    /// A broker's process ends.
    pub(super) fn kill_broker(&mut self, machine: usize) {
        if let Some(link) = self.machines[machine].link {
            self.break_link(link, false);
        }
        self.machines[machine].kill_broker();
    }

    pub(super) fn replied(
        &mut self,
        machine: usize,
        connection: ConnectionId,
        id: u64,
        reply: Reply,
    ) {
        let pending = self.machines[machine].pending.remove(&(connection, id));
        match (pending, reply) {
            (Some(Pending::Ends(ends, reason)), Reply::Done | Reply::SignedOff { .. }) => {
                self.invariant_acknowledged_ends_are_durable(machine, &ends);
                let by = self.machines[machine].id;
                let seats = ends.seats.into_iter();
                self.promised.extend(seats.map(|seat| Promise { seat, reason, by, turned: false }));
                let caller = Caller::Machine(by);
                let keys = ends.requests.into_iter().map(|id| RequestKey { caller, id });
                self.promised_requests.extend(keys.map(|key| (key, reason)));
            }
            (Some(Pending::SignOn(program, _)), Reply::Outcome { outcome, resume, .. }) => {
                let programs = &mut self.machines[machine].programs;
                if let Some(program) = programs.get_mut(&program)
                    && matches!(outcome, Outcome::Seat { .. })
                {
                    program.resume.extend(resume);
                }
            }
            _ => {}
        }
    }
}
