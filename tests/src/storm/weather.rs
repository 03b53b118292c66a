//! What goes wrong: processes are killed and started again, the network is cut, slowed and broken.

use std::time::Duration;

use anyhow::Result;

use super::Storm;
use super::shared::Shared;
use crate::broker_host::BrokerHost;
use crate::pool_server::PoolServer;
use crate::proxy::{Proxy, Weather};
use crate::sim::random::Random;
use crate::waiting::{Stopwatch, wait_until};

/// Operations that are noted between two kills of the pool server, so that each comes under load.
const BETWEEN_KILLS: u64 = 40;
/// How many of them are acknowledged grants and sign-offs.
const ACKNOWLEDGED: u64 = 8;

/// Everything that can be hit.
pub(super) struct Office {
    pub(super) pool: PoolServer,
    /// Between callers and the pool server.
    pub(super) relays: Vec<Proxy>,
    /// Machines with what is between them and the pool server, and their numbers.
    pub(super) hosts: Vec<(BrokerHost, Proxy, usize)>,
}

impl Office {
    /// Storms, then the sun shines. Says how often the pool server and brokers were killed.
    pub(super) fn storm(
        &mut self,
        storm: &Storm,
        random: &mut Random,
        shared: &Shared,
    ) -> Result<(u32, u32)> {
        let watch = Stopwatch::start();
        let (mut kills, mut broker_kills) = (0, 0);
        while kills < storm.kills || watch.elapsed() < storm.at_least {
            let before = (shared.asked(), shared.acknowledged());
            self.change_weather(random);
            if random.chance(20) {
                let last = self.hosts.len() as u64 - 1;
                let hit = usize::try_from(random.between(0, last))?;
                let host = &mut self.hosts[hit].0;
                host.child.kill()?;
                pause(random, 300);
                host.restart()?;
                broker_kills += 1;
            }
            wait_until("the clients ask on", || {
                let asked = shared.asked() >= before.0 + BETWEEN_KILLS;
                let acknowledged = shared.acknowledged() >= before.1 + ACKNOWLEDGED;
                Ok((asked && acknowledged).then_some(()))
            })?;
            if kills < storm.kills {
                // In the middle of whatever is under way.
                pause(random, 30);
                self.pool.child.kill()?;
                kills += 1;
                pause(random, 200);
                self.pool.restart()?;
            }
        }
        for relay in self.all_relays() {
            relay.set(Weather::FINE);
        }
        Ok((kills, broker_kills))
    }

    fn all_relays(&self) -> impl Iterator<Item = &Proxy> {
        self.relays.iter().chain(self.hosts.iter().map(|(_, relay, _)| relay))
    }

    fn change_weather(&self, random: &mut Random) {
        // One of the two between callers and pool is always fine, so that the storm goes on.
        let spared = usize::from(random.chance(50));
        for (number, relay) in self.all_relays().enumerate() {
            let weather = match random.between(1, 100) {
                _ if number == spared => Weather::FINE,
                1..=50 => Weather::FINE,
                51..=75 => Weather::slow(Duration::from_millis(random.between(1, 60))),
                76..=85 => Weather::CUT,
                86..=92 => Weather::DEAF,
                _ => Weather::MUTE,
            };
            relay.set(weather);
            if random.chance(20) {
                relay.drop_connections();
            }
        }
    }
}

fn pause(random: &mut Random, longest_ms: u64) {
    std::thread::sleep(Duration::from_millis(random.between(0, longest_ms)));
}
