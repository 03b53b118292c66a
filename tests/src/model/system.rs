//! One state of the whole: the pool, the machines, the time, and what may still go wrong; and
//! every step from it to another.

use std::fmt::{self, Debug, Write};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use hotseat_protocol::link::{Accept, FromPool};

use super::breakage::Breakage;
use super::machine::Machine;
use super::office::{self, MACHINES};
use super::pool::Pool;

/// What happens in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// A person asks for a seat.
    SignOn(usize),
    /// A person asks for a seat and would wait for one.
    Wait(usize),
    /// A person gives the seat back.
    SignOff(usize),
    /// A person's program dies.
    Die(usize),
    /// A message of a machine arrives at the pool, in any order; `again`: and will once more.
    Up {
        /// Whose.
        machine: usize,
        /// The how manieth on its way.
        at: usize,
        /// It is duplicated.
        again: bool,
    },
    /// A frame of the pool arrives at a machine, in any order.
    Down {
        /// Whose.
        machine: usize,
        /// The how manieth on its way.
        at: usize,
        /// It is duplicated.
        again: bool,
    },
    /// A link breaks, all on it is lost, and a new one is made.
    Reconnect(usize),
    /// A broker is killed and starts again.
    RestartBroker(usize),
    /// The pool server is killed and starts again; all that was on its way is lost.
    RestartPool,
    /// An administrator takes back the seat of a machine.
    Reclaim(usize),
    /// A third of a lease passes.
    Tick,
}

/// How often each kind of thing may still happen: what bounds the model beside its depth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Budget {
    /// Requests of each machine, from its first on.
    pub(super) requests: u8,
    /// Frames that arrive twice.
    pub(super) duplicates: u8,
    /// Links that break.
    pub(super) reconnects: u8,
    /// Brokers that are killed.
    pub(super) broker_restarts: u8,
    /// Kills of the pool server.
    pub(super) pool_restarts: u8,
    /// Seats that are taken back.
    pub(super) reclaims: u8,
    /// Thirds of a lease.
    pub(super) ticks: u8,
}

/// A part of the state with the print of it, so that only what changed is looked at again.
#[derive(Clone)]
struct Part<T> {
    value: Arc<T>,
    print: u64,
}

impl<T: Debug + Clone> Part<T> {
    fn new(value: T) -> Self {
        let print = print_of(&value);
        Self { value: Arc::new(value), print }
    }

    fn change<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(Arc::make_mut(&mut self.value));
        self.print = print_of(&*self.value);
        result
    }
}

/// One state.
#[derive(Clone)]
pub(super) struct System {
    pool: Part<Pool>,
    machines: [Part<Machine>; MACHINES],
    /// True time, in ms.
    pub(super) now: u64,
    budget: Budget,
    /// The first promise about belief that was broken.
    broken: Option<String>,
}

impl System {
    /// All links are up, nobody wants anything.
    pub(super) fn new(breakage: Option<Breakage>) -> Self {
        let pool = Pool::new(breakage);
        let machine = |number| Part::new(Machine::new(number, &pool.state, breakage));
        let machines = std::array::from_fn(machine);
        Self { pool: Part::new(pool), machines, now: 0, budget: Budget::default(), broken: None }
    }

    /// The same state, with this much to come.
    pub(super) fn with(self, budget: Budget) -> Self {
        Self { budget, ..self }
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool.value
    }

    pub(super) fn machines(&self) -> impl Iterator<Item = &Machine> {
        self.machines.iter().map(|machine| &*machine.value)
    }

    /// The first promise that was broken on the way here.
    pub(super) fn broken(&self) -> Option<&String> {
        self.broken.as_ref().or(self.pool.value.broken.as_ref())
    }

    /// Everything that can happen next.
    pub(super) fn actions(&self, actions: &mut Vec<Action>) {
        for (number, machine) in self.machines().enumerate() {
            if machine.asked < self.budget.requests {
                // One of them would wait.
                let waits = number + 1 == MACHINES;
                actions.push(if waits { Action::Wait(number) } else { Action::SignOn(number) });
                actions.extend(waits.then_some(Action::SignOn(number)));
            }
            if machine.runs() {
                actions.extend([Action::SignOff(number), Action::Die(number)]);
            }
            let twice = self.budget.duplicates > 0;
            for at in 0..machine.up.len() {
                actions.push(Action::Up { machine: number, at, again: false });
                actions.extend(twice.then_some(Action::Up { machine: number, at, again: true }));
            }
            for at in 0..machine.down.len() {
                actions.push(Action::Down { machine: number, at, again: false });
                actions.extend(twice.then_some(Action::Down { machine: number, at, again: true }));
            }
            let under_way = !machine.up.is_empty() || !machine.down.is_empty();
            if self.budget.reconnects > 0 && under_way {
                actions.push(Action::Reconnect(number));
            }
            if self.budget.broker_restarts > 0 {
                actions.push(Action::RestartBroker(number));
            }
            let held = self.pool().state.machine_seats(office::machine(number)).next();
            if self.budget.reclaims > 0 && held.is_some_and(|seat| seat.leaving.is_none()) {
                actions.push(Action::Reclaim(number));
            }
        }
        if self.budget.pool_restarts > 0 {
            actions.push(Action::RestartPool);
        }
        if self.budget.ticks > 0 {
            actions.push(Action::Tick);
        }
    }

    /// The state after one step.
    pub(super) fn after(&self, action: Action) -> Self {
        let mut next = self.clone();
        next.does(action);
        next.look_at_belief();
        next
    }

    fn does(&mut self, action: Action) {
        let now = self.now;
        match action {
            Action::SignOn(number) => self.machines[number].change(|m| m.sign_on(None, now)),
            Action::Wait(number) => {
                self.machines[number].change(|m| m.sign_on(Some(Accept::Auto), now));
            }
            Action::SignOff(number) => self.machines[number].change(|m| m.sign_off(now)),
            Action::Die(number) => self.machines[number].change(|m| m.die(now)),
            Action::Up { machine, at, again } => self.deliver_up(machine, at, again),
            Action::Down { machine, at, again } => {
                self.budget.duplicates -= u8::from(again);
                self.machines[machine].change(|m| {
                    let frame = if again { m.down[at].clone() } else { m.down.remove(at) };
                    m.receive(frame, now);
                });
            }
            Action::Reconnect(number) => {
                self.budget.reconnects -= 1;
                let pool = &self.pool.value.state;
                self.machines[number].change(|m| m.connect(pool, now));
            }
            Action::RestartBroker(number) => {
                self.budget.broker_restarts -= 1;
                let pool = &self.pool.value.state;
                self.machines[number].change(|m| m.restart_broker(pool, now));
            }
            Action::RestartPool => self.restart_pool(),
            Action::Reclaim(number) => {
                self.budget.reclaims -= 1;
                self.pool.change(|pool| {
                    let seats = pool.state.machine_seats(office::machine(number));
                    let seats = seats.filter(|seat| seat.leaving.is_none()).map(|seat| seat.id);
                    for seat in seats.collect::<Vec<_>>() {
                        pool.reclaim(seat, office::pool_clock(now));
                    }
                });
            }
            Action::Tick => self.tick(),
        }
        // What is free is offered at once.
        let now = office::pool_clock(self.now);
        if self.pool.value.is_due(now) {
            self.pool.change(|pool| pool.look(now));
        }
    }

    fn deliver_up(&mut self, number: usize, at: usize, again: bool) {
        self.budget.duplicates -= u8::from(again);
        let now = office::pool_clock(self.now);
        let up = self.machines[number].value.up[at].clone();
        let answer = self.pool.change(|pool| pool.receive(number, &up.body, now));
        self.machines[number].change(|machine| {
            if !again {
                machine.up.remove(at);
            }
            machine.answered(FromPool::Answer { n: up.n, answer });
        });
    }

    fn restart_pool(&mut self) {
        self.budget.pool_restarts -= 1;
        let now = self.now;
        self.pool.change(|pool| pool.restart(office::pool_clock(now)));
        for number in 0..MACHINES {
            self.pool.change(|pool| pool.presence.connect(office::machine(number)));
            let pool = &self.pool.value.state;
            self.machines[number].change(|machine| machine.connect(pool, now));
        }
    }

    /// A third of a lease passes. The pool does what is due as early as its fast clock allows;
    /// belief is looked at all the time; brokers look at their clocks at the end.
    fn tick(&mut self) {
        self.budget.ticks = self.budget.ticks.saturating_sub(1);
        let end = self.now + office::TICK_MS;
        let mut pool = Pool::clone(&self.pool.value);
        while self.now < end {
            self.now += office::LOOK_MS;
            pool.look(office::pool_clock(self.now));
            self.look_at_belief_with(&pool);
        }
        self.pool = Part::new(pool);
        let now = self.now;
        for machine in self.machines.iter_mut().filter(|machine| machine.value.is_due(now)) {
            machine.change(|machine| machine.tick(now));
        }
    }

    /// Promise 2 in its strongest form: what a broker calls held is a seat that the pool counts.
    /// Then brokers together never hold more than there are, by promise 1.
    fn look_at_belief(&mut self) {
        let pool = Arc::clone(&self.pool.value);
        self.look_at_belief_with(&pool);
    }

    fn look_at_belief_with(&mut self, pool: &Pool) {
        if self.broken.is_some() {
            return;
        }
        for machine in &self.machines {
            for seat in machine.value.held(self.now) {
                if pool.state.seat(seat.id).is_none() {
                    self.broken = Some(format!("promise 2: {seat} is held, and was released"));
                }
            }
            for seat in &machine.value.promised {
                let there = pool.state.seat(seat.id);
                let same = there.is_some_and(|there| there.epoch == seat.epoch);
                if same && !machine.value.disk.sign_offs.contains_key(&seat.id) {
                    self.broken = Some(format!("promise 4: the sign-off of {seat} was lost"));
                }
            }
        }
    }

    /// Delivers whatever is under way, first come first served, until nothing is: but what
    /// `deaf` does not hear, and what `mute` says.
    pub(super) fn quiet(mut self, deaf: Option<usize>, mute: Option<usize>) -> Self {
        loop {
            let machines = self.machines().enumerate();
            let mut some = machines.filter_map(|(machine, m)| {
                let says = mute != Some(machine) && !m.up.is_empty();
                let up = says.then_some(Action::Up { machine, at: 0, again: false });
                let hears = deaf != Some(machine) && !m.down.is_empty();
                let down = hears.then_some(Action::Down { machine, at: 0, again: false });
                up.or(down)
            });
            let Some(action) = some.next() else {
                break;
            };
            drop(some);
            self = self.after(action);
        }
        self
    }

    fn print(&self) -> [u64; MACHINES + 1] {
        let [one, two, three] = &self.machines;
        [self.pool.print, one.print, two.print, three.print]
    }
}

impl Hash for System {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.print(), self.now, self.budget, self.broken.is_some()).hash(state);
    }
}

impl PartialEq for System {
    fn eq(&self, other: &Self) -> bool {
        (self.print(), self.now, self.budget) == (other.print(), other.now, other.budget)
    }
}

impl Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {} ms, broken: {:?}", self.now, self.broken())
    }
}

/// Hashes what `Debug` shows: that is all there is in these types but secrets, which are constant
/// here.
fn print_of(value: &impl Debug) -> u64 {
    struct Print(DefaultHasher);
    impl Write for Print {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }
    let mut print = Print(DefaultHasher::new());
    write!(print, "{value:?}").expect("a hasher takes everything");
    print.0.finish()
}
