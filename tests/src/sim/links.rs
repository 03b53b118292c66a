//! Links between brokers and the pool: how they are made, what travels, how they break.

use hotseat_broker_core::{Input, LinkId};
use hotseat_pool::engine::Work;
use hotseat_protocol::link::{FromPool, MachineMessage, PoolAnswer};
use hotseat_rules::{Command, RequestKey};

use super::commands::{Prepared, claims, prepare};
use super::happening::Happening;
use super::network::{Link, Way, Weather};
use super::pool::{Pool, Said, To, Wants};
use super::statements::notices;
use super::world::World;

impl World {
    pub(super) fn weather(&self, machine: usize) -> Weather {
        let stalled = self.machines[machine].stalled;
        Weather { slow: self.slow, unordered: self.setup.unordered, stalled }
    }

    pub(super) fn connect(&mut self, machine: usize, life: u64) {
        let broker = &self.machines[machine];
        if broker.life != life || broker.core.is_none() || broker.link.is_some() {
            return;
        }
        let revoked = self.pool.as_ref().is_some_and(|pool| {
            pool.state().machine(broker.id).is_none_or(|machine| machine.revoked)
        });
        if self.apart[machine] || self.pool.is_none() || revoked {
            self.input(machine, Input::LinkDown { cause: None });
            let wait = self.random.between(250, 10_000);
            self.plan(wait, Happening::Connect { machine, life });
            return;
        }
        let link = self.fresh_id();
        self.machines[machine].link = Some(link);
        self.links.insert(link, Link::new(machine, life));
        self.greet(machine, link);
    }

    /// A message arrives. A renewal waits for no look-up and overtakes those that do; a log-in
    /// takes as long as a hash; all others reach the engine in the order in which they came.
    pub(super) fn up(&mut self, link: u64, n: u64, body: MachineMessage) {
        let delivers = self.links.get(&link).is_some_and(|way| way.delivers(Way::Up, self.now));
        let greeted = |pool: &Pool| pool.guests.contains_key(&link);
        if delivers && self.pool.as_ref().is_some_and(greeted) && !self.begins_to_count(link) {
            return self.break_link(link, false);
        }
        let now = self.pool_now();
        let door = self.pool.as_mut().and_then(|pool| pool.doors.get_mut(&link));
        let Some(door) = door.filter(|_| delivers) else {
            return;
        };
        if n != door.n + 1 && !self.setup.unordered {
            if let Some(pool) = &mut self.pool {
                pool.close(link);
            }
            return self.break_link(link, false);
        }
        door.n = n;
        let machine = door.machine;
        let at = match &body {
            MachineMessage::Renew(_) => self.now,
            MachineMessage::LogIn { .. } => self.now + self.random.between(80, 600),
            _ => {
                let takes = if self.random.chance(80) { 0 } else { self.random.between(1, 60) };
                door.ready_at = door.ready_at.max(self.now + takes);
                door.ready_at
            }
        };
        if let Some(pool) = &mut self.pool {
            pool.registry.heard(machine, now);
        }
        if at == self.now {
            self.looked_up(link, n, &body);
        } else {
            self.plan_at(at, Happening::LookedUp { link, n, body });
        }
    }

    /// What a message names was looked up: it is to be decided, and sometimes twice.
    pub(super) fn looked_up(&mut self, link: u64, n: u64, body: &MachineMessage) {
        let now = self.pool_clock.at(self.now);
        let Some(pool) = &mut self.pool else {
            return;
        };
        let Some(door) = pool.doors.get(&link) else {
            return;
        };
        let machine = door.machine;
        let to = |wants| Some(To::Link { machine, link, n, read: now, wants });
        if let MachineMessage::Renew(renewal) = body {
            self.reckoning.read(&pool.shadow, machine, renewal, now);
            let renewal = claims(renewal);
            let wants = Wants::Renewed(renewal.seats.clone());
            pool.ask(to(wants), Work::Renew { machine, renewal });
        } else if *body == MachineMessage::Resync {
            let answer = PoolAnswer::Done;
            let mut said = pool.snapshot(link);
            said.push(Said::Frame(link, FromPool::Answer { n, answer }));
            return self.says(said);
        } else {
            match prepare(&pool.shadow, &mut self.directory, machine, body, &mut self.random) {
                Prepared::Answered(answer) => {
                    let frame = FromPool::Answer { n, answer };
                    return self.says(vec![Said::Frame(link, frame)]);
                }
                Prepared::Outcome(command, key) => {
                    pool.ask(to(Wants::Outcome(key)), Work::Command(command));
                }
                Prepared::Check(check) => {
                    let key = RequestKey { caller: check.caller, id: check.request };
                    pool.ask(
                        to(Wants::Check(check.user, key)),
                        Work::Command(Command::Check(*check)),
                    );
                }
                Prepared::Done(facts) if facts.is_empty() => {
                    let answer = PoolAnswer::Done;
                    let frame = FromPool::Answer { n, answer };
                    return self.says(vec![Said::Frame(link, frame)]);
                }
                Prepared::Done(facts) => pool.ask(to(Wants::Done), Work::Facts(facts)),
            }
        }
        if self.random.chance(2) {
            let wait = self.random.between(1, 5_000);
            let body = body.clone();
            self.plan(wait, Happening::LookedUp { link, n, body });
        }
        self.pool_step();
    }

    pub(super) fn down(&mut self, link: u64, frame: FromPool) {
        let Some(way) = self.links.get(&link) else {
            return;
        };
        let (machine, life) = (way.machine, way.life);
        if !way.delivers(Way::Down, self.now) || self.machines[machine].life != life {
            return;
        }
        // Only the first answer to a message is heard.
        let again = match &frame {
            FromPool::Answer { n, .. } => {
                self.links.get_mut(&link).is_some_and(|way| !way.answered.insert(*n))
            }
            _ => false,
        };
        let notices = if again { Vec::new() } else { notices(&frame) };
        let input = match frame {
            FromPool::Welcome { .. } => return self.welcomed(link, frame),
            FromPool::Refused { .. } => return self.refused(link),
            FromPool::Sealed { position, seal } => return self.sealed(link, position, seal),
            frame => Input::FromPool { link: LinkId(link), frame },
        };
        let current = self.machines[machine].link == Some(link);
        self.input(machine, input);
        if current {
            self.invariant_a_notice_ends_belief(machine, &notices);
        }
    }

    pub(super) fn send_up(&mut self, link: u64, n: u64, body: MachineMessage) {
        let Some(machine) = self.links.get(&link).map(|way| way.machine) else {
            return;
        };
        let weather = self.weather(machine);
        let (now, random) = (self.now, &mut self.random);
        let at = self.links.get_mut(&link).and_then(|way| way.send(Way::Up, now, weather, random));
        if let Some(at) = at {
            self.plan_at(at, Happening::Up { link, n, body });
        }
    }

    pub(super) fn send_down(&mut self, link: u64, frame: FromPool) {
        let Some(machine) = self.links.get(&link).map(|way| way.machine) else {
            return;
        };
        let weather = self.weather(machine);
        let (now, random) = (self.now, &mut self.random);
        let way = self.links.get_mut(&link);
        let Some(at) = way.and_then(|way| way.send(Way::Down, now, weather, random)) else {
            return;
        };
        if self.random.chance(3) {
            let frame = frame.clone();
            let later = at + self.random.between(0, 3_000);
            self.plan_at(later, Happening::Down { link, frame });
        }
        self.plan_at(at, Happening::Down { link, frame });
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

    pub(super) fn broker_loses_link(&mut self, link: u64) {
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
}
