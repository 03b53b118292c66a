//! The world: everything that happens, in the order of true time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use hotseat_broker::core::{
    Change, ConnectionId, Effect, Input, LinkId, OsEvent, WriteId, next_deadline,
};
use hotseat_pool::rules::Mono;
use hotseat_protocol::ids::{MachineId, SeatRef, Secret};
use hotseat_protocol::ipc::{FromBroker, Reply, Request};
use hotseat_protocol::link::{FromPool, MachineMessage, Outcome};
use hotseat_protocol::reason::ReleaseReason;

use super::audit::Audit;
use super::clock::Clock;
use super::machine::{Machine, Pending};
use super::network::{Link, Way};
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
    pub(super) trace: bool,
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
            trace: false,
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

    fn plan_at(&mut self, at: u64, happening: Happening) {
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
        if self.trace && !quiet {
            println!("{:>9} {}", self.now, shorten(&happening));
        }
        self.happens(happening);
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

    fn pool_step(&mut self) {
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

    fn send_down(&mut self, link: u64, frame: FromPool) {
        let Some(way) = self.links.get_mut(&link) else {
            return;
        };
        let Some(at) = way.send(Way::Down, self.now, self.slow, &mut self.random) else {
            return;
        };
        if self.random.chance(3) {
            let frame = frame.clone();
            self.plan_at(at, Happening::Down { link, frame });
        }
        self.plan_at(at, Happening::Down { link, frame });
    }

    fn connect(&mut self, machine: usize, life: u64) {
        let broker = &self.machines[machine];
        if broker.life != life || broker.core.is_none() || broker.link.is_some() {
            return;
        }
        if self.apart[machine] || self.pool.is_none() {
            self.input(machine, Input::LinkDown { cause: None });
            let wait = self.random.between(250, 10_000);
            self.plan(wait, Happening::Connect { machine, life });
            return;
        }
        let link = self.fresh_id();
        self.machines[machine].link = Some(link);
        let mut way = Link::new(machine, life);
        let at = way.send(Way::Up, self.now, self.slow, &mut self.random);
        self.links.insert(link, way);
        if let Some(at) = at {
            self.plan_at(at, Happening::Greets { link });
        }
    }

    fn greets(&mut self, link: u64) {
        let Some(way) = self.links.get(&link) else {
            return;
        };
        let machine = self.machines[way.machine].id;
        let delivers = way.delivers(Way::Up, self.now);
        let now = Mono(self.pool_clock.at(self.now));
        match &mut self.pool {
            Some(pool) if delivers => {
                let frames = pool.open(link, machine, now);
                for frame in frames {
                    self.send_down(link, frame);
                }
                self.plan_pool_step(self.now);
            }
            _ => self.break_link(link, false),
        }
    }

    fn up(&mut self, link: u64, n: u64, body: &MachineMessage) {
        let delivers = self.links.get(&link).is_some_and(|way| way.delivers(Way::Up, self.now));
        if !delivers {
            return;
        }
        if let Some(pool) = &mut self.pool {
            let frames = pool.receive(link, n, body, &mut self.random);
            for (link, frame) in frames {
                self.send_down(link, frame);
            }
            self.pool_step();
        }
    }

    fn down(&mut self, link: u64, frame: FromPool) {
        let Some(way) = self.links.get(&link) else {
            return;
        };
        let (machine, life) = (way.machine, way.life);
        if !way.delivers(Way::Down, self.now) || self.machines[machine].life != life {
            return;
        }
        let input = match frame {
            FromPool::Welcome { lease_ms, position, .. } => {
                if self.machines[machine].link != Some(link) {
                    return;
                }
                Input::LinkUp { link: LinkId(link), lease_ms, position }
            }
            frame => Input::FromPool { link: LinkId(link), frame },
        };
        self.input(machine, input);
    }

    /// A link breaks; each side learns of it in its own time.
    pub(super) fn break_link(&mut self, link: u64, silently: bool) {
        let Some(way) = self.links.get_mut(&link) else {
            return;
        };
        if let Some([pool, broker]) = way.break_now(self.now, silently, &mut self.random) {
            self.plan_at(pool, Happening::PoolLosesLink { link });
            self.plan_at(broker, Happening::BrokerLosesLink { link });
        }
    }

    fn broker_loses_link(&mut self, link: u64) {
        let Some(way) = self.links.get(&link) else {
            return;
        };
        let (machine, life) = (way.machine, way.life);
        if self.machines[machine].life != life || self.machines[machine].link != Some(link) {
            return;
        }
        self.machines[machine].link = None;
        self.input(machine, Input::LinkDown { cause: None });
        let wait = self.random.between(250, 3_000);
        self.plan(wait, Happening::Connect { machine, life });
    }

    fn start_broker(&mut self, machine: usize) {
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

    fn boot(&mut self, machine: usize) {
        let computer = &mut self.machines[machine];
        if computer.powered {
            return;
        }
        computer.powered = true;
        computer.boot += 1;
        computer.still_until = 0;
        computer.clock = Clock::new(self.now, 1_000, self.random.between(950, 1_050));
        let wait = self.random.between(10, 2_000);
        self.plan(wait, Happening::StartBroker { machine });
    }

    fn goes_on(&mut self, machine: usize) {
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

    fn joins(&mut self, machine: usize, program: u64) {
        let fresh = self.random.wide();
        let computer = &mut self.machines[machine];
        let connected =
            computer.programs.get(&program).is_none_or(|program| program.connection.is_some());
        if connected || computer.core.is_none() {
            return;
        }
        let effects = computer.connect(program, fresh, self.now);
        self.perform(machine, effects);
        if let Some(program) = self.machines[machine].programs.get(&program)
            && let Some(connection) = program.connection
        {
            self.ask(machine, connection, Request::Subscribe, Pending::Other);
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
        let effects = self.machines[machine].input(input, self.now);
        self.perform(machine, effects);
    }

    pub(super) fn perform(&mut self, machine: usize, effects: Vec<Effect>) {
        for effect in effects {
            self.performs(machine, effect);
        }
        let computer = &mut self.machines[machine];
        let Some(core) = &computer.core else {
            return;
        };
        computer.tick += 1;
        let tick = computer.tick;
        if let Some(local) = next_deadline(core)
            && let Some(at) = computer.clock.when(local)
        {
            self.plan_at(at, Happening::Tick { machine, tick });
        }
    }

    fn performs(&mut self, machine: usize, effect: Effect) {
        if self.trace {
            trace_effect(self.now, machine, &effect);
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
            Effect::SendToPool { link, n, body } => {
                let LinkId(link) = link;
                let Some(way) = self.links.get_mut(&link) else {
                    return;
                };
                if let Some(at) = way.send(Way::Up, self.now, self.slow, &mut self.random) {
                    self.plan_at(at, Happening::Up { link, n, body });
                }
            }
            Effect::Disconnect { connection, .. } => {
                for program in self.machines[machine].programs.values_mut() {
                    if program.connection == Some(connection) {
                        program.connection = None;
                    }
                }
            }
            Effect::Push { frame: FromBroker::Stopping, .. } | Effect::Push { .. } => {}
            Effect::ReleaseInhibitor(_) => self.falls_asleep(machine),
            Effect::Stop => {
                self.kill_broker(machine);
                let wait = self.random.between(100, 20_000);
                self.plan(wait, Happening::StartBroker { machine });
            }
        }
    }

    fn falls_asleep(&mut self, machine: usize) {
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

    fn replied(&mut self, machine: usize, connection: ConnectionId, id: u64, reply: Reply) {
        let pending = self.machines[machine].pending.remove(&(connection, id));
        match (pending, reply) {
            (Some(Pending::Ends(seats, reason)), Reply::Done | Reply::SignedOff { .. }) => {
                let promised = seats.into_iter().map(|seat| (seat, reason));
                self.promised.extend(promised);
            }
            (Some(Pending::SignOn(program)), Reply::Outcome { outcome, resume, .. }) => {
                let programs = &mut self.machines[machine].programs;
                if let Some(program) = programs.get_mut(&program) {
                    if matches!(outcome, Outcome::Seat { .. }) {
                        program.resume.extend(resume);
                    }
                }
            }
            _ => {}
        }
    }
}

fn shorten(happening: &Happening) -> String {
    let text = format!("{happening:?}");
    text.chars().take(400).collect()
}

fn trace_effect(now: u64, machine: usize, effect: &Effect) {
    let text = match effect {
        Effect::Push { .. } => return,
        other => format!("{other:?}"),
    };
    let text: String = text.chars().take(300).collect();
    println!("{now:>9}   machine {machine}: {text}");
}
