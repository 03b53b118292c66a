//! The world: everything that happens, in the order of true time.

use std::collections::BTreeMap;
use std::time::Duration;

use hotseat_broker_core::Input;
use hotseat_pool::engine::Turn;
use hotseat_pool::journal::memory::MemoryDisk;
use hotseat_protocol::ids::{MachineId, SeatId, WallTime};
use hotseat_protocol::reason::ReleaseReason;
use hotseat_rules::{Mono, RequestKey};

use super::audit::Audit;
use super::callers::Callers;
use super::clock::Clock;
use super::directory::Directory;
use super::greetings::Place;
use super::happening::Happening;
use super::healing::Promise;
use super::hostile::{self, Hostile};
use super::ledger::Ledger;
use super::machine::Machine;
use super::network::Link;
use super::office;
use super::pool::{Books, Pool, Said};
use super::random::Random;
use super::reckoning::Reckoning;
use super::script::Script;
use super::setup::Setup;
use super::stores::{Backup, History};
use super::users;
use super::{Met, Trace};

/// Everything there is.
pub(super) struct World {
    /// True time, in ms.
    pub(super) now: u64,
    /// The only source of chance.
    pub(super) random: Random,
    /// What does not change.
    pub(super) setup: Setup,
    /// The pool server, while its process runs.
    pub(super) pool: Option<Pool>,
    /// What survives it.
    pub(super) pool_disk: MemoryDisk,
    /// The same, of log-ins.
    pub(super) directory: Directory,
    /// Its monotonic clock.
    pub(super) pool_clock: Clock,
    /// Its wall clock minus true time, in ms.
    pub(super) pool_wall: i64,
    /// Jumps of that do not come about.
    pub(super) pool_wall_stands: bool,
    /// Until when its process stands still.
    pub(super) pool_still_until: u64,
    /// Counts its processes.
    pub(super) pool_life: u64,
    /// The machines.
    pub(super) machines: Vec<Machine>,
    /// The application server.
    pub(super) callers: Callers,
    /// A machine that means harm.
    pub(super) hostile: Option<Hostile>,
    /// Every link there ever was.
    pub(super) links: BTreeMap<u64, Link>,
    /// Machines that cannot reach the pool.
    pub(super) apart: Vec<bool>,
    /// Frames take long.
    pub(super) slow: bool,
    /// The auditor.
    pub(super) audit: Audit,
    /// The account of ends.
    pub(super) reckoning: Reckoning,
    /// What is durable.
    pub(super) ledger: Ledger,
    /// Sign-offs that were acknowledged, with their reasons.
    pub(super) promised: Vec<Promise>,
    /// Sign-ons that were not answered when they ended, and why they did; acknowledged too.
    pub(super) promised_requests: Vec<(RequestKey, ReleaseReason)>,
    /// The newest copy of the store.
    pub(super) backup: Option<Backup>,
    /// What turns of the store have left behind.
    pub(super) history: History,
    /// When each seat of a lost history was lost, in ms of true time.
    pub(super) lost_at: BTreeMap<SeatId, u64>,
    /// Of which turn of the store that was last written down.
    pub(super) lost_noted_at: u64,
    /// The longest lease that was ever in force, or was asked for.
    pub(super) longest_lease: Duration,
    /// Something may live longer than can be waited for.
    pub(super) far: bool,
    /// What clones and turned stores met.
    pub(super) met: Met,
    /// Set to print what happens.
    pub(super) trace: Option<Trace>,
    /// How many happenings there were.
    pub(super) steps: u64,
    pool_steps: u64,
    queue: BTreeMap<(u64, u64), Happening>,
    planned: u64,
    next_id: u64,
}

/// What the wall clock of the pool server's computer shows in the beginning.
const WALL: i64 = 1_700_000_000_000;

impl World {
    /// The world of a script, before anything has happened.
    #[must_use]
    pub(super) fn new(script: &Script) -> Self {
        let mut random = Random::new(script.seed);
        let setup = Setup::of(&mut random);
        let ids: Vec<MachineId> = setup.machines.iter().map(|(id, ..)| *id).collect();
        let disk = office::disk(&setup, &ids);
        let mut directory = Directory::new(setup.named.clone(), WallTime { unix_ms: WALL });
        let machines = setup.machines.iter().enumerate();
        let mut machines: Vec<Machine> = machines
            .map(|(number, (id, rate, watched))| {
                Machine::new(number, *id, *rate, *watched, setup.hooks)
            })
            .collect();
        for machine in &mut machines {
            for person in machine.people {
                let token = directory.token(person, machine.id);
                let account = users::account(token, person, directory.named(person));
                machine.disk.accounts.insert(users::os_user(person), account);
            }
        }
        let token = directory.token(hostile::PERSON, setup.hostile);
        let hostile = Some(Hostile::new(setup.hostile, token));
        let mut world = Self {
            now: 0,
            hostile,
            pool: None,
            ledger: Ledger::of(&disk),
            pool_disk: disk,
            directory,
            pool_clock: Clock::new(0, 1_000_000, setup.pool_rate),
            pool_wall: WALL,
            pool_wall_stands: false,
            pool_still_until: 0,
            pool_life: 0,
            apart: vec![false; machines.len()],
            machines,
            callers: Callers::default(),
            links: BTreeMap::new(),
            slow: false,
            audit: Audit::default(),
            reckoning: Reckoning::default(),
            promised: Vec::new(),
            promised_requests: Vec::new(),
            backup: None,
            history: History::default(),
            lost_at: BTreeMap::new(),
            lost_noted_at: 0,
            longest_lease: setup.definition.lease,
            far: false,
            met: Met::default(),
            trace: None,
            steps: 0,
            pool_steps: 0,
            queue: BTreeMap::new(),
            planned: 0,
            next_id: 0,
            random,
            setup,
        };
        world.plan(0, Happening::StartPool);
        for machine in 0..world.machines.len() {
            world.plan(1, Happening::StartBroker { machine });
        }
        for action in &script.actions {
            world.plan_at(action.at, Happening::Act(*action));
        }
        world
    }

    /// Something will happen, after so many ms.
    pub(super) fn plan(&mut self, after: u64, happening: Happening) {
        self.plan_at(self.now + after, happening);
    }

    pub(super) fn plan_at(&mut self, at: u64, happening: Happening) {
        self.planned += 1;
        self.queue.insert((at.max(self.now), self.planned), happening);
    }

    /// A number that was not used before.
    pub(super) fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// When the next thing happens.
    #[must_use]
    pub(super) fn next_at(&self) -> Option<u64> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    /// Makes the next thing happen.
    pub(super) fn step(&mut self) {
        let Some(((at, _), happening)) = self.queue.pop_first() else {
            return;
        };
        self.now = at;
        self.steps += 1;
        if let Some(until) = self.must_wait(&happening) {
            self.plan_at(until, happening);
            return;
        }
        if !matches!(happening, Happening::Tick { .. } | Happening::PoolStep { .. }) {
            self.tell(|| format!("{happening:?}"));
        }
        self.happens(happening);
    }

    /// A line of the trace, if there is one.
    pub(super) fn tell(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            let line: String = line().chars().take(400).collect();
            trace(format!("{:>9} {line}", self.now));
        }
    }

    /// What stands still lets things wait.
    fn must_wait(&self, happening: &Happening) -> Option<u64> {
        let machine = match happening {
            Happening::Connect { machine, .. }
            | Happening::Stored { machine, .. }
            | Happening::HookEnds { machine, .. }
            | Happening::Tick { machine, .. }
            | Happening::StartBroker { machine }
            | Happening::Reports { machine, .. }
            | Happening::Joins { machine, .. } => Some(*machine),
            Happening::Down { link, .. } | Happening::BrokerLosesLink { link } => {
                self.links.get(link).map(|link| link.machine)
            }
            Happening::Greeting(greeting) => match greeting.place() {
                Place::Link(link) => self.links.get(&link).map(|link| link.machine),
                Place::Machine(machine) => Some(machine),
                Place::Pool => {
                    let still = self.pool_still_until;
                    return (still > self.now).then_some(still);
                }
            },
            Happening::Up { .. }
            | Happening::LookedUp { .. }
            | Happening::PoolLosesLink { .. }
            | Happening::PoolStep { .. }
            | Happening::CallArrives { .. }
            | Happening::Appended { .. } => {
                let still = self.pool_still_until;
                return (still > self.now).then_some(still);
            }
            _ => None,
        };
        let still = self.machines.get(machine?)?.still_until;
        (still > self.now).then_some(still)
    }

    fn happens(&mut self, happening: Happening) {
        match happening {
            Happening::Act(action) => self.act(action),
            Happening::Connect { machine, life } => self.connect(machine, life),
            Happening::Greeting(greeting) => self.greeting(greeting),
            Happening::CloneStarts { machine, same_boot } => self.clone_starts(machine, same_boot),
            Happening::Retires { machine } => self.retire(machine),
            Happening::Recovers => self.recovers(),
            Happening::Up { link, n, body } => self.up(link, n, body),
            Happening::LookedUp { link, n, body } => self.looked_up(link, n, &body),
            Happening::Down { link, frame } => self.down(link, frame),
            Happening::PoolLosesLink { link } => {
                if let Some(pool) = &mut self.pool {
                    pool.close(link);
                    self.plan_pool_step(self.now);
                }
            }
            Happening::BrokerLosesLink { link } => self.broker_loses_link(link),
            Happening::LinkDies { link } => self.break_link(link, true),
            Happening::Stored { machine, life, write, ok, changes } => {
                let computer = &mut self.machines[machine];
                if computer.life == life {
                    changes.iter().for_each(|change| computer.disk.apply(change));
                    self.input(machine, Input::Stored { write, ok });
                }
            }
            Happening::HookEnds { machine, life, hook } => {
                if self.machines[machine].life == life {
                    self.input(machine, Input::HookEnded { hook });
                }
            }
            Happening::Tick { machine, tick } => {
                if self.machines[machine].tick == tick {
                    self.input(machine, Input::Tick);
                }
            }
            Happening::PoolStep { step } => {
                if step == self.pool_steps {
                    self.pool_step();
                }
            }
            Happening::Appended { pool_life } => {
                if pool_life == self.pool_life
                    && let Some(pool) = &mut self.pool
                {
                    pool.append_ends();
                    self.pool_step();
                }
            }
            Happening::StartPool => self.start_pool(),
            Happening::StartBroker { machine } => self.start_broker(machine),
            Happening::Boot { machine } => self.boot(machine),
            Happening::PowerCut { machine } => self.power_cut(machine),
            Happening::GoesOn { machine } => self.goes_on(machine),
            Happening::Joins { machine, program } => self.joins(machine, program),
            Happening::Reports { machine, program } => self.reports(machine, program),
            Happening::Rejoined { machine } => self.apart[machine] = false,
            Happening::Calls { call } => self.calls(call),
            Happening::CallArrives { call } => self.call_arrives(call),
            Happening::CallAnswered { call, heard } => self.call_answered(call, &heard),
            Happening::Uses { person, program, checks } => self.uses(person, program, checks),
            Happening::VisitGoesOn { visit } => self.visit_goes_on(visit),
        }
    }

    /// The books, and everything that is no book.
    fn books(&mut self) -> (&mut Option<Pool>, &mut Random, Books<'_>) {
        let books = Books {
            audit: &mut self.audit,
            reckoning: &mut self.reckoning,
            ledger: &mut self.ledger,
        };
        (&mut self.pool, &mut self.random, books)
    }

    fn start_pool(&mut self) {
        if self.pool.is_some() {
            return;
        }
        self.pool_life += 1;
        let rate = self.random.between(950, 1_050);
        self.pool_clock = Clock::new(self.now, 1_000_000, rate);
        let now = self.pool_clock.at(self.now);
        let disk = self.pool_disk.clone();
        let (pool, _, mut books) = self.books();
        *pool = Some(Pool::start(&disk, now, &mut books));
        self.directory_starts();
        self.plan_pool_step(self.now);
    }

    /// Only the newest planned step of the pool counts.
    pub(super) fn plan_pool_step(&mut self, at: u64) {
        self.pool_steps += 1;
        let step = self.pool_steps;
        self.plan_at(at, Happening::PoolStep { step });
    }

    pub(super) fn pool_step(&mut self) {
        let now = Mono(self.pool_clock.at(self.now));
        let turn = Turn { now, wall: self.wall(), heard_until: now };
        self.directory_goes_on();
        let (pool, random, mut books) = self.books();
        let Some(pool) = pool else {
            return;
        };
        let appending = pool.appending();
        let said = pool.step(turn, random, &mut books);
        let (begins, deadline) = (!appending && pool.appending(), pool.deadline());
        if begins {
            let wait = if self.random.chance(10) {
                self.random.between(1, 3_000)
            } else {
                self.random.between(0, 10)
            };
            let pool_life = self.pool_life;
            self.plan(wait, Happening::Appended { pool_life });
        }
        if let Some(at) = self.pool_clock.when(deadline) {
            self.plan_pool_step(at);
        }
        self.says(said);
    }

    /// What the pool says goes on its way.
    pub(super) fn says(&mut self, said: Vec<Said>) {
        for said in said {
            match said {
                Said::Frame(link, frame) => self.send_down(link, frame),
                Said::Answer(call, reply) => self.answers(call, &reply),
                Said::Noted(link, ok) => self.noted(link, ok),
            }
        }
    }
}
