//! What is done: from a script's actions to what they set off.

use super::acts::Act;
use super::random::Random;
use super::script::Action;
use super::world::World;

impl World {
    /// Something is done. From here on chance is the action's own, so that leaving out another
    /// action changes as little as can be.
    pub(super) fn act(&mut self, action: Action) {
        self.random = Random::new(action.chance);
        let machine = usize::try_from(action.machine).expect("a small number");
        let machine = machine % self.machines.len();
        if self.machines[machine].still_until <= self.now {
            self.does(action.act, machine);
        }
    }

    fn does(&mut self, act: Act, machine: usize) {
        match act {
            Act::StartTray
            | Act::TraySignsOn
            | Act::TrayWaits
            | Act::TraySignsOff
            | Act::TraySaysGoodbye
            | Act::TrayDies
            | Act::StartRun
            | Act::RunDies
            | Act::CliSignsOn
            | Act::AnswerOffer
            | Act::LeaveLine
            | Act::Keep
            | Act::GoesAway
            | Act::ComesBack
            | Act::LogIn
            | Act::LogOut
            | Act::SessionEnds
            | Act::Check => self.person_does(act, machine),
            Act::CallsSignOn => self.visitor_comes(),
            Act::CallsSignOff => self.visitor_goes(),
            Act::CallsCheck => self.calls_check(),
            Act::CallsForget => self.callers_forget(),
            Act::BrokerDies | Act::BrokerStops | Act::BrokerUpgrades | Act::BrokerFreezes => {
                self.broker_suffers(act, machine);
            }
            Act::PowerCut
            | Act::ShutDown
            | Act::Sleep
            | Act::VirtualMachinePause
            | Act::WallClockJumps
            | Act::Drift => self.machine_suffers(act, machine),
            Act::LinkBreaks | Act::Partition | Act::OneWayPartition | Act::SlowNetwork => {
                self.network_suffers(act, machine);
            }
            Act::PoolDies
            | Act::PoolPauses
            | Act::PoolWallClockJumps
            | Act::PoolDiskFails
            | Act::PoolDiskHeals
            | Act::SavesSnapshot => self.pool_suffers(act),
            Act::Clone => self.clone_machine(machine),
            Act::TakesBackup | Act::RestoresBackup | Act::RollsBack => self.store_suffers(act),
            Act::HostileSpeaks => self.hostile_speaks(),
            Act::DiskFails => self.machines[machine].disk_works = false,
            Act::DiskHeals => self.machines[machine].disk_works = true,
            Act::Reclaim
            | Act::ChangeSeats
            | Act::ChangePolicy
            | Act::ChangeSetting
            | Act::SwitchUser
            | Act::RevokeMachine => self.administer(act, machine),
        }
    }
}
