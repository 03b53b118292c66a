//! What goes wrong with brokers, machines, the network and the pool; and its administrator.

use hotseat_broker::core::{Input, OsEvent};
use hotseat_pool::journal::memory::FaultRates;
use hotseat_pool::rules::{Caller, Command};

use super::acts::Act;
use super::users;
use super::world::{Happening, World};

impl World {
    pub(super) fn broker_suffers(&mut self, act: Act, machine: usize) {
        match act {
            Act::BrokerStops => self.input(machine, Input::Stop),
            Act::BrokerFreezes => {
                let length = self.random.between(1_000, 120_000);
                self.machines[machine].still_until = self.now + length;
            }
            _ if self.machines[machine].core.is_some() => {
                self.kill_broker(machine);
                let wait = self.random.between(100, 120_000);
                self.plan(wait, Happening::StartBroker { machine });
            }
            _ => {}
        }
    }

    pub(super) fn machine_suffers(&mut self, act: Act, machine: usize) {
        let length = self.random.between(500, 150_000);
        match act {
            Act::PowerCut => {
                if let Some(link) = self.machines[machine].link {
                    self.break_link(link, true);
                }
                self.kill_broker(machine);
                self.machines[machine].programs.clear();
                self.machines[machine].powered = false;
                self.plan(length, Happening::Boot { machine });
            }
            Act::Sleep if self.machines[machine].core.is_some() => {
                self.machines[machine].falls_asleep_for = Some(length);
                self.input(machine, Input::Os(OsEvent::SleepBegins));
            }
            Act::VirtualMachinePause => {
                let now = self.now;
                let computer = &mut self.machines[machine];
                computer.clock.stop(now);
                computer.paused_at = Some(now);
                computer.still_until = now + length;
                self.plan(length, Happening::GoesOn { machine });
            }
            Act::Drift => {
                let rate = self.random.between(950, 1_050);
                let now = self.now;
                self.machines[machine].clock.drift(now, rate);
            }
            _ => {}
        }
    }

    pub(super) fn network_suffers(&mut self, act: Act, machine: usize) {
        match act {
            Act::SlowNetwork => self.slow = !self.slow,
            Act::Partition => {
                self.apart[machine] = true;
                if let Some(link) = self.machines[machine].link {
                    self.break_link(link, true);
                }
                let length = self.random.between(1_000, 150_000);
                self.plan(length, Happening::Rejoined { machine });
            }
            _ => {
                if let Some(link) = self.machines[machine].link {
                    let silently = self.random.chance(30);
                    self.break_link(link, silently);
                }
            }
        }
    }

    pub(super) fn pool_suffers(&mut self, act: Act) {
        match act {
            Act::PoolDies => {
                self.kill_pool();
                let wait = self.random.between(100, 120_000);
                self.plan(wait, Happening::StartPool);
            }
            Act::PoolPauses => {
                self.pool_still_until = self.now + self.random.between(500, 200_000);
            }
            Act::PoolDiskFails => {
                let rates = FaultRates {
                    fail: 150,
                    unknown_lost: 100,
                    unknown_landed: 100,
                    torn: 50,
                    failed_reopen: 200,
                    ..FaultRates::default()
                };
                self.pool_disk.draw(rates, self.random.bits());
            }
            _ => self.pool_disk.heal(),
        }
    }

    /// The pool's process is gone, and every link with it.
    pub(super) fn kill_pool(&mut self) {
        self.pool = None;
        self.pool_still_until = 0;
        let links: Vec<u64> = self.links.keys().copied().collect();
        for link in links {
            self.break_link(link, false);
        }
    }

    pub(super) fn administer(&mut self, act: Act) {
        let Some(pool) = &mut self.pool else {
            return;
        };
        let command = match act {
            Act::Reclaim => {
                let seats: Vec<_> = pool.state().seats().map(|seat| seat.id).collect();
                let Some(seat) = self.random.pick(&seats) else {
                    return;
                };
                Command::Reclaim { by: Caller::Admin, seat, why: None }
            }
            _ => {
                let Some(found) = pool.state().pool(&users::pool()) else {
                    return;
                };
                let mut definition = Box::new(found.definition.clone());
                definition.seats = u32::try_from(self.random.between(1, 3)).expect("small");
                Command::DefinePool { definition }
            }
        };
        pool.command(command);
        self.plan_pool_step(self.now);
    }
}
