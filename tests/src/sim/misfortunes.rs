//! What goes wrong with brokers, machines and the network.

use hotseat_broker_core::{Input, OsEvent};

use super::acts::Act;
use super::happening::Happening;
use super::network::DEAD_AFTER;
use super::world::World;

/// The most that a wall clock is set by, in ms: sixty years, which is past either end of what a
/// computer's clock is set to by a flat battery or a typing error.
const YEARS_MAX: u64 = 60 * 365 * 24 * 3_600_000;

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
                let upgrade = act == Act::BrokerUpgrades;
                self.machines[machine].upgrading = upgrade;
                let wait = if upgrade {
                    self.random.between(100, 20_000)
                } else {
                    self.random.between(100, 120_000)
                };
                self.plan(wait, Happening::StartBroker { machine });
            }
            _ => {}
        }
    }

    pub(super) fn machine_suffers(&mut self, act: Act, machine: usize) {
        let length = self.random.between(500, 150_000);
        match act {
            Act::PowerCut => self.power_cut(machine),
            Act::Sleep if self.machines[machine].core.is_some() => {
                self.machines[machine].falls_asleep_for = Some(length);
                self.input(machine, Input::Os(OsEvent::SleepBegins));
            }
            Act::ShutDown if self.machines[machine].core.is_some() => {
                self.machines[machine].shuts_down = true;
                self.input(machine, Input::Os(OsEvent::ShutDownBegins));
                if self.random.chance(20) {
                    self.machines[machine].shuts_down = false;
                    self.input(machine, Input::Os(OsEvent::ShutDownCancelled));
                }
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
            Act::WallClockJumps => self.wall_clock_jumps(machine),
            _ => {}
        }
    }

    /// Everything on a machine is gone.
    pub(super) fn power_cut(&mut self, machine: usize) {
        if !self.machines[machine].powered {
            return;
        }
        if let Some(link) = self.machines[machine].link {
            self.break_link(link, true);
        }
        self.kill_broker(machine);
        self.machines[machine].programs.clear();
        self.machines[machine].powered = false;
        let length = self.random.between(500, 150_000);
        self.plan(length, Happening::Boot { machine });
    }

    /// Forwards, backwards, by much or little.
    fn wall_clock_jumps(&mut self, machine: usize) {
        // What is due by now has nothing to do with the jump.
        self.input(machine, Input::Tick);
        let by = self.wall_jump(10_000_000);
        let by = if self.random.chance(30) { by / 5_000 } else { by };
        self.machines[machine].wall_ahead += by;
        let effects = self.machines[machine].input(Input::Tick, self.now);
        self.invariant_a_wall_clock_changes_nothing(machine, &effects);
        self.perform(machine, effects);
    }

    /// Somebody sets a wall clock: by at most this much, in ms, or by years; ahead or back.
    pub(super) fn wall_jump(&mut self, usual: u64) -> i64 {
        let most = if self.random.chance(25) { YEARS_MAX } else { usual };
        let by = i64::try_from(self.random.between(0, most)).expect("a century of ms fits");
        if self.random.chance(50) { by } else { -by }
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
            Act::OneWayPartition => {
                // What was sent arrives late, unless one side has given the link up before.
                let length = self.random.between(1_000, 100_000);
                let way = usize::from(self.random.chance(50));
                self.machines[machine].stalled[way] = self.now + length;
                if let Some(link) = self.machines[machine].link
                    && length > DEAD_AFTER
                {
                    self.plan(DEAD_AFTER, Happening::LinkDies { link });
                }
            }
            _ => {
                if let Some(link) = self.machines[machine].link {
                    let silently = self.random.chance(30);
                    self.break_link(link, silently);
                }
            }
        }
    }
}
