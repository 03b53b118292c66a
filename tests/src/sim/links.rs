//! Links between brokers and the pool: how they are made, what travels, how they break.

use hotseat_broker::core::{Input, LinkId};
use hotseat_pool::rules::Mono;
use hotseat_protocol::link::{FromPool, MachineMessage};

use super::network::{Link, Way};
use super::world::{Happening, World};

impl World {
    pub(super) fn connect(&mut self, machine: usize, life: u64) {
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

    pub(super) fn greets(&mut self, link: u64) {
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

    pub(super) fn up(&mut self, link: u64, n: u64, body: &MachineMessage) {
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

    pub(super) fn down(&mut self, link: u64, frame: FromPool) {
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

    pub(super) fn send_down(&mut self, link: u64, frame: FromPool) {
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
