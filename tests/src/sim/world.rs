//! The world: everything that happens, in the order of true time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use hotseat_broker::core::{Change, Input, WriteId};
use hotseat_pool::rules::Mono;
use hotseat_protocol::ids::{MachineId, SeatRef};
use hotseat_protocol::link::{FromPool, MachineMessage};
use hotseat_protocol::reason::ReleaseReason;

use super::Trace;
use super::audit::Audit;
use super::clock::Clock;
use super::machine::Machine;
use super::network::Link;
use super::pool::{self, Pool};
use super::random::Random;

/// What happens at one moment.
#[derive(Debug, Clone)]
pub(super) enum Happening {
    /// Somebody or something acts.
    Act,
    /// A broker tries to reach the pool.
    Connect { machine: usize, life: u64 },
    /// A greeting arrives.
    Greets { link: u64 },
    /// A message arrives at the pool.
    Up { link: u64, n: u64, body: MachineMessage },
    /// A frame arrives at the broker.
    Down { link: u64, frame: FromPool },
    /// The pool learns that a link is gone.
    PoolLosesLink { link: u64 },
    /// The broker learns that its link is gone.
    BrokerLosesLink { link: u64 },
    /// A write has ended.
    Stored {
        machine: usize,
        life: u64,
        write: WriteId,
        ok: bool,
        /// What is written only now; a crash before that loses it.
        changes: Vec<Change>,
    },
    /// The broker's next deadline.
    Tick { machine: usize, tick: u64 },
    /// The pool's engine takes a step.
    PoolStep { step: u64 },
    /// An append of the pool ends.
    Appended { pool_life: u64 },
    /// The pool server starts.
    StartPool,
    /// A broker starts.
    StartBroker { machine: usize },
    /// A machine gets power.
    Boot { machine: usize },
    /// A machine goes on after it stood still.
    GoesOn { machine: usize },
    /// A program connects, or starts and connects.
    Joins { machine: usize, program: u64 },
    /// The network between a machine and the pool is whole again.
    Rejoined { machine: usize },
}

/// Everything there is.
pub(super) struct World {
    /// True time, in ms.
    pub(super) now: u64,
    /// The only source of chance.
    pub(super) random: Random,
    /// The pool server, while its process runs.
    pub(super) pool: Option<Pool>,
    /// What survives it.
    pub(super) pool_disk: hotseat_pool::journal::memory::MemoryDisk,
    /// Its monotonic clock.
    pub(super) pool_clock: Clock,
    /// Until when its process stands still.
    pub(super) pool_still_until: u64,
    /// Counts its processes.
    pub(super) pool_life: u64,
    /// The machines.
    pub(super) machines: Vec<Machine>,
    /// Every link there ever was.
    pub(super) links: BTreeMap<u64, Link>,
    /// Machines that cannot reach the pool.
    pub(super) apart: Vec<bool>,
    /// Frames take long.
    pub(super) slow: bool,
    /// How many of 100 misfortunes do not come about with this seed.
    pub(super) calm: u64,
    /// The auditor.
    pub(super) audit: Audit,
    /// Sign-offs that were acknowledged, with their reasons.
    pub(super) promised: Vec<(SeatRef, ReleaseReason)>,
    /// Whether actions and faults go on.
    pub(super) troubled: bool,
    /// Set to print what happens.
    pub(super) trace: Option<Trace>,
    /// How many happenings there were.
    pub(super) steps: u64,
    pool_steps: u64,
    queue: BinaryHeap<Reverse<(u64, u64, usize)>>,
    happenings: BTreeMap<usize, Happening>,
    planned: usize,
    next_id: u64,
}

impl World {
    /// A world of some machines and one pool with some seats.
    #[must_use]
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let calm = random.pick(&[0, 60, 90]).unwrap_or(0);
        let seats = u32::try_from(random.between(1, 3)).expect("a small number");
        let machines = usize::try_from(random.between(2, 3)).expect("a small number");
        let machines: Vec<Machine> = (0..machines)
            .map(|number| {
                let id = MachineId::from_random(random.wide());
                let rate = random.between(950, 1_050);
                let number = number as u64;
                Machine::new(id, 0, rate, &[number * 2, number * 2 + 1])
            })
            .collect();
        let ids: Vec<MachineId> = machines.iter().map(|machine| machine.id).collect();
        let disk = pool::disk(seats, &ids);
        let pool_rate = random.between(950, 1_050);
        let mut world = Self {
            now: 0,
            pool: None,
            pool_disk: disk,
            pool_clock: Clock::new(0, 1_000_000, pool_rate),
            pool_still_until: 0,
            pool_life: 0,
            apart: vec![false; machines.len()],
            machines,
            links: BTreeMap::new(),
            slow: false,
            calm,
            audit: Audit::default(),
            promised: Vec::new(),
            troubled: true,
            trace: None,
            steps: 0,
            pool_steps: 0,
            queue: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            planned: 0,
            next_id: 0,
            random,
        };
        world.plan(0, Happening::StartPool);
        for machine in 0..world.machines.len() {
            world.plan(1, Happening::StartBroker { machine });
        }
        world.plan(500, Happening::Act);
        world
    }

    /// Something will happen, after so many ms.
    pub(super) fn plan(&mut self, after: u64, happening: Happening) {
        self.plan_at(self.now + after, happening);
    }

    pub(super) fn plan_at(&mut self, at: u64, happening: Happening) {
        self.planned += 1;
        let at = at.max(self.now);
        self.queue.push(Reverse((at, self.planned as u64, self.planned)));
        self.happenings.insert(self.planned, happening);
    }

    /// A number that was not used before.
    pub(super) fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// When the next thing happens.
    #[must_use]
    pub(super) fn next_at(&self) -> Option<u64> {
        self.queue.peek().map(|Reverse((at, _, _))| *at)
    }

    /// Makes the next thing happen.
    pub(super) fn step(&mut self) {
        let Some(Reverse((at, _, key))) = self.queue.pop() else {
            return;
        };
        self.now = at;
        self.steps += 1;
        let happening = self.happenings.remove(&key).expect("what was planned");
        if let Some(until) = self.must_wait(&happening) {
            self.plan_at(until, happening);
            return;
        }
        let quiet = matches!(
            happening,
            Happening::Tick { .. } | Happening::PoolStep { .. } | Happening::Act
        );
        if !quiet {
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
            | Happening::Tick { machine, .. }
            | Happening::StartBroker { machine }
            | Happening::Joins { machine, .. } => Some(*machine),
            Happening::Down { link, .. } | Happening::BrokerLosesLink { link } => {
                self.links.get(link).map(|link| link.machine)
            }
            Happening::Greets { .. }
            | Happening::Up { .. }
            | Happening::PoolLosesLink { .. }
            | Happening::PoolStep { .. }
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
            Happening::Act => self.act(),
            Happening::Connect { machine, life } => self.connect(machine, life),
            Happening::Greets { link } => self.greets(link),
            Happening::Up { link, n, body } => self.up(link, n, &body),
            Happening::Down { link, frame } => self.down(link, frame),
            Happening::PoolLosesLink { link } => {
                if let Some(pool) = &mut self.pool {
                    pool.close(link);
                    self.plan_pool_step(self.now);
                }
            }
            Happening::BrokerLosesLink { link } => self.broker_loses_link(link),
            Happening::Stored { machine, life, write, ok, changes } => {
                let computer = &mut self.machines[machine];
                if computer.life == life {
                    changes.iter().for_each(|change| computer.disk.apply(change));
                    self.input(machine, Input::Stored { write, ok });
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
            Happening::GoesOn { machine } => self.goes_on(machine),
            Happening::Joins { machine, program } => self.joins(machine, program),
            Happening::Rejoined { machine } => self.apart[machine] = false,
        }
    }

    fn start_pool(&mut self) {
        if self.pool.is_some() {
            return;
        }
        self.pool_life += 1;
        let rate = self.random.between(950, 1_050);
        self.pool_clock = Clock::new(self.now, 1_000_000, rate);
        let now = Mono(self.pool_clock.at(self.now));
        self.pool = Some(Pool::start(self.pool_disk.clone(), now));
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
        let Some(pool) = &mut self.pool else {
            return;
        };
        let appending = pool.appending();
        let frames = pool.step(now, &mut self.random, &mut self.audit);
        if !appending && pool.appending() {
            let wait = if self.random.chance(10) {
                self.random.between(1, 3_000)
            } else {
                self.random.between(0, 10)
            };
            let pool_life = self.pool_life;
            self.plan(wait, Happening::Appended { pool_life });
        }
        if let Some(pool) = &self.pool
            && let Some(at) = self.pool_clock.when(pool.deadline().0)
        {
            self.plan_pool_step(at);
        }
        for (link, frame) in frames {
            self.send_down(link, frame);
        }
    }
}
