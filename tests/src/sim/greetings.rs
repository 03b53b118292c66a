//! How a link begins: the greeting, a ping where another link is up, the welcome, the secret on its
//! way to the machine's disk, and the first message.

use hotseat_broker::store::Remembered;
use hotseat_broker_core::{Change, Effect, Input, LinkId};
use hotseat_pool::links::secrets;
use hotseat_protocol::ids::{Generation, MachineId, WallTime};
use hotseat_protocol::link::{FromPool, JournalPosition};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_protocol::reason::ReleaseReason;
use hotseat_rules::Mono;

use super::guests::{Hello, Next};
use super::happening::Happening;
use super::network::Way;
use super::world::World;

/// A link that is up answers a ping in less, or is not there: the pool's limit, by its clock.
const PING_WITHIN: u64 = 5_000;
/// A broker that is not welcomed for so long tries again.
const WELCOME_WITHIN: u64 = 10_000;
/// A pool that hears no first message for so long closes the link.
const FIRST_MESSAGE_WITHIN: u64 = 30_000;
/// A position that moves is written down this often.
const WRITTEN_EVERY: u64 = 60_000;

/// What happens before a link counts.
#[derive(Debug, Clone)]
pub(super) enum Greeting {
    /// A greeting arrives at the pool.
    Arrives { link: u64, hello: Hello },
    /// The pool asks at the other end of an older link for the sake of a newer.
    Ping { link: u64, asker: u64 },
    /// Somebody is there.
    Pong { link: u64, asker: u64 },
    /// Nobody was, in time.
    Unanswered { asker: u64, pool_life: u64 },
    /// The broker gives up, unless it was welcomed.
    NoWelcome { link: u64 },
    /// The pool gives up, unless the link counts.
    NoFirstMessage { link: u64 },
    /// The broker's write of what it was welcomed with has ended.
    Remembered(Box<Remembering>),
    /// The pool has written down which secret counts.
    Counted { pool_life: u64, machine: MachineId, generation: Generation, number: u64 },
}

/// A welcome on its way to the machine's disk.
#[derive(Debug, Clone)]
pub(super) struct Remembering {
    pub(super) machine: usize,
    life: u64,
    link: u64,
    ok: bool,
    /// What reaches the disk only now; a crash before that loses it.
    lands: Option<Remembered>,
    lease_ms: u64,
    position: JournalPosition,
    void: bool,
}

impl World {
    pub(super) fn greeting(&mut self, greeting: Greeting) {
        match greeting {
            Greeting::Arrives { link, hello } => self.greets(link, hello),
            Greeting::Ping { link, asker } => self.pinged(link, asker),
            Greeting::Pong { link, asker } => {
                let delivers = self.links[&link].delivers(Way::Up, self.now);
                let waits = self.pool.as_ref().is_some_and(|pool| pool.waits_for_ping(asker));
                if delivers && waits {
                    self.met.refused_by_ping += 1;
                    self.refuses_clone(asker);
                }
            }
            Greeting::Unanswered { asker, pool_life } => {
                if pool_life == self.pool_life
                    && let Some(pool) = &mut self.pool
                {
                    let next = pool.unanswered(asker);
                    self.goes_on_with(asker, next);
                }
            }
            Greeting::NoWelcome { link } => {
                let machine = &self.machines[self.links[&link].machine];
                if machine.link == Some(link) && machine.welcomed != Some(link) {
                    self.break_link(link, false);
                }
            }
            Greeting::NoFirstMessage { link } => {
                let gone = self.pool.as_mut().and_then(|pool| pool.guests.remove(&link));
                if gone.is_some() {
                    self.break_link(link, false);
                }
            }
            Greeting::Remembered(remembering) => self.remembered(*remembering),
            Greeting::Counted { pool_life, machine, generation, number } => {
                if pool_life == self.pool_life {
                    self.directory.count_link_secret(machine, generation, number);
                }
            }
        }
    }

    /// What a machine's greeting shows.
    #[must_use]
    pub(super) fn hello(&self, machine: usize) -> Hello {
        let machine = &self.machines[machine];
        let shown = machine.shown.now().clone();
        let boot_id = format!("boot {}", machine.boot);
        Hello { boot_id, secret: shown.secret, seen: shown.seen }
    }

    /// The pool's clock.
    #[must_use]
    pub(super) fn pool_now(&self) -> Mono {
        Mono(self.pool_clock.at(self.now))
    }

    fn greets(&mut self, link: u64, hello: Hello) {
        let way = &self.links[&link];
        let (machine, delivers) = (self.machines[way.machine].id, way.delivers(Way::Up, self.now));
        let now = self.pool_now();
        match &mut self.pool {
            Some(pool) if delivers => {
                let next = pool.greeted(link, (machine, hello), &self.directory, now);
                self.goes_on_with(link, next);
            }
            _ => self.break_link(link, false),
        }
    }

    fn goes_on_with(&mut self, link: u64, next: Next) {
        match next {
            Next::Wait => self.plan_pool_step(self.now),
            Next::Say(welcome) => {
                self.send_down(link, welcome);
                let late = Greeting::NoFirstMessage { link };
                self.plan(FIRST_MESSAGE_WITHIN, Happening::Greeting(late));
            }
            Next::Ping(older) => {
                self.aside(older, Way::Down, Greeting::Ping { link: older, asker: link });
                let pool_life = self.pool_life;
                let until = self.pool_now().0 + PING_WITHIN;
                if let Some(at) = self.pool_clock.when(until) {
                    let unanswered = Greeting::Unanswered { asker: link, pool_life };
                    self.plan_at(at, Happening::Greeting(unanswered));
                }
            }
            Next::Refuse => self.refuses_clone(link),
        }
    }

    /// What a machine has seen was written down, or could not be.
    pub(super) fn noted(&mut self, link: u64, ok: bool) {
        let now = self.pool_now();
        match &mut self.pool {
            Some(pool) if ok => {
                let next = pool.judged(link, &self.directory, now);
                self.goes_on_with(link, next);
            }
            _ => self.break_link(link, false),
        }
    }

    /// A frame of the WebSocket itself, which is no message.
    fn aside(&mut self, link: u64, way: Way, greeting: Greeting) {
        let weather = self.weather(self.links[&link].machine);
        let (now, random) = (self.now, &mut self.random);
        let at = self.links.get_mut(&link).and_then(|link| link.send(way, now, weather, random));
        if let Some(at) = at {
            self.plan_at(at, Happening::Greeting(greeting));
        }
    }

    /// A ping has arrived at a broker: whoever serves that link answers.
    fn pinged(&mut self, link: u64, asker: u64) {
        let way = &self.links[&link];
        let machine = &self.machines[way.machine];
        let served = machine.core.is_some() && machine.life == way.life;
        if served && machine.link == Some(link) && way.delivers(Way::Down, self.now) {
            self.aside(link, Way::Up, Greeting::Pong { link, asker });
        }
    }

    /// Two computers use one enrolment, and the other is at work.
    fn refuses_clone(&mut self, link: u64) {
        let machine = self.links[&link].machine;
        let id = self.machines[machine].id;
        let now = self.pool_now();
        let at = WallTime { unix_ms: 0 };
        self.met.refused += 1;
        self.invariant_only_clones_are_refused(machine);
        let Some(pool) = &mut self.pool else {
            return;
        };
        pool.guests.remove(&link);
        let noted = pool.registry.clone_refused(id, now, at);
        let up = pool.links_of(id).next();
        if noted {
            self.directory.note_clone(id, at);
            if let Some(up) = up {
                self.send_down(up, FromPool::CloneSeen { at });
            }
        }
        let problem = Problem::new(Code::MachineCloned, "another computer is at work", "");
        self.send_down(link, FromPool::Refused { problem });
    }

    /// A machine that is no clone and has none, and whose disk took all that it was told, is never
    /// taken for one. A store that was rolled back may not know the generation of its secret.
    fn invariant_only_clones_are_refused(&mut self, machine: usize) {
        let computer = &self.machines[machine];
        let reason = self.is_shared(computer.id) || computer.forgot || !self.is_known(machine);
        self.audit.must(reason, || {
            format!("clones: machine {machine} is refused, and nobody else has its enrolment")
        });
    }

    /// Whether the secret that a machine shows is of a generation of which the store knows.
    fn is_known(&self, machine: usize) -> bool {
        let (id, shown) = (self.machines[machine].id, self.machines[machine].shown.now());
        let Some(pool) = &self.pool else {
            return false;
        };
        let (state, secret) = (pool.state(), shown.secret.as_ref());
        let past = state.contents().past.iter().copied();
        let number = |of| secrets::number(&pool.key, id, of, secret?);
        secret.is_none() || past.chain([state.generation()]).any(|of| number(of).is_some())
    }

    /// The first message of a guest has arrived; says whether its link counts.
    pub(super) fn begins_to_count(&mut self, link: u64) -> bool {
        let now = self.pool_now();
        let machine = self.links[&link].machine;
        let id = self.machines[machine].id;
        let Some(pool) = &mut self.pool else {
            return false;
        };
        let Some(counted) = pool.counts(link, now) else {
            return false;
        };
        let older: Vec<u64> = pool.links_of(id).collect();
        let mut said = pool.open(link, id, counted.counts.link, now);
        if let Some(at) = counted.counts.clone_seen {
            said.insert(0, super::pool::Said::Frame(link, FromPool::CloneSeen { at }));
        }
        let written = Greeting::Counted {
            pool_life: self.pool_life,
            machine: id,
            generation: counted.generation,
            number: counted.secret,
        };
        self.plan(5, Happening::Greeting(written));
        self.invariant_whoever_is_there_was_asked(machine, &older, counted.asked);
        self.takes_over(machine, counted.void);
        // A machine knows by itself that it has a newer link; another computer is told.
        for older in older {
            if self.links[&older].machine != machine {
                self.break_link(older, false);
            }
        }
        self.says(said);
        true
    }

    /// A broker is welcomed. What it was told must be on its disk before it says anything.
    pub(super) fn welcomed(&mut self, link: u64, welcome: FromPool) {
        let FromPool::Welcome { lease_ms, position, seal, secret, void, .. } = welcome else {
            return;
        };
        let machine = self.links[&link].machine;
        let (wait, later) = (self.random.between(0, 30), self.random.chance(50));
        let computer = &mut self.machines[machine];
        if computer.link != Some(link) || computer.welcomed == Some(link) {
            return;
        }
        (computer.welcomed, computer.refused) = (Some(link), false);
        computer.shown.welcomed(position, seal, secret);
        let (life, ok) = (computer.life, computer.disk_works);
        let mut lands = computer.shown.begin_write().filter(|_| ok);
        if !later && let Some(written) = lands.take() {
            computer.link_file = written;
        }
        let lease_ms = lease_ms.get();
        let remembering = Remembering { machine, life, link, ok, lands, lease_ms, position, void };
        let remembered = Greeting::Remembered(Box::new(remembering));
        self.plan(wait, Happening::Greeting(remembered));
    }

    fn remembered(&mut self, remembering: Remembering) {
        let Remembering { machine, life, link, ok, lands, lease_ms, position, void } = remembering;
        let computer = &mut self.machines[machine];
        if computer.life != life {
            return;
        }
        if let Some(written) = lands {
            computer.link_file = written;
        }
        computer.shown.write_ended(ok);
        computer.shown_at = self.now;
        computer.forgot = !ok;
        if computer.link != Some(link) {
            return;
        }
        if void {
            self.met.void += 1;
            let effects = self.machines[machine].input(Input::LeftoversVoid, self.now);
            self.invariant_void_leftovers_keep_sign_offs(machine, &effects);
            self.perform(machine, effects);
        }
        self.input(machine, Input::LinkUp { link: LinkId(link), lease_ms, position });
    }

    /// Promise 4, of an older copy: what it was left is void, but no sign-off that was accepted.
    fn invariant_void_leftovers_keep_sign_offs(&mut self, machine: usize, effects: &[Effect]) {
        let saved = &self.machines[machine].disk;
        let accepted = |reason: &ReleaseReason| {
            let derived = [ReleaseReason::MachineRestarted, ReleaseReason::BrokerRestarted];
            !derived.contains(reason)
        };
        let lost = |change: &Change| match change {
            Change::DropSignOff(seat) => {
                saved.sign_offs.get(seat).is_some_and(|off| accepted(&off.reason))
            }
            Change::DropCancel(request) => saved.cancels.get(request).is_some_and(accepted),
            _ => false,
        };
        let changes = effects.iter().filter_map(|effect| match effect {
            Effect::Store { changes, .. } => Some(changes),
            _ => None,
        });
        let dropped = changes.flatten().find(|change| lost(change)).cloned();
        self.audit.must(dropped.is_none(), || {
            format!("promise 4: machine {machine} forgets an accepted sign-off: {dropped:?}")
        });
    }

    /// A newer place in the journal under the pool's seal.
    pub(super) fn sealed(&mut self, link: u64, position: JournalPosition, seal: String) {
        let now = self.now;
        let computer = &mut self.machines[self.links[&link].machine];
        if computer.link != Some(link) {
            return;
        }
        computer.shown.sealed(position, seal);
        if now >= computer.shown_at + WRITTEN_EVERY {
            computer.shown_at = now;
            computer.save_shown();
        }
    }

    /// A broker begins to greet.
    pub(super) fn greet(&mut self, machine: usize, link: u64) {
        let hello = self.hello(machine);
        self.aside(link, Way::Up, Greeting::Arrives { link, hello });
        self.plan(WELCOME_WITHIN, Happening::Greeting(Greeting::NoWelcome { link }));
    }

    /// A broker was refused; it tries again.
    pub(super) fn refused(&mut self, link: u64) {
        let machine = self.links[&link].machine;
        if self.machines[machine].link == Some(link) {
            self.machines[machine].refused = true;
            self.break_link(link, false);
        }
    }
}

impl Greeting {
    /// Where it happens: on this machine, or at the pool.
    #[must_use]
    pub(super) fn place(&self) -> Place {
        match self {
            Self::Ping { link, .. } | Self::NoWelcome { link } => Place::Link(*link),
            Self::Remembered(remembering) => Place::Machine(remembering.machine),
            Self::Arrives { .. }
            | Self::Pong { .. }
            | Self::Unanswered { .. }
            | Self::NoFirstMessage { .. }
            | Self::Counted { .. } => Place::Pool,
        }
    }
}

/// Where something happens.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// At the machine's end of a link.
    Link(u64),
    /// On a machine.
    Machine(usize),
    /// At the pool.
    Pool,
}
