//! The store as it begins, and the pool's administrator.

use hotseat_pool::journal::Record;
use hotseat_pool::journal::memory::{FaultRates, MemoryDisk};
use hotseat_protocol::ids::{Generation, MachineId, Seq, WallTime};
use hotseat_rules::{Caller, Command, Event, UserKind};

use super::acts::Act;
use super::hostile;
use super::settings::{Reach, change_setting, is_far};
use super::setup::{Setup, change_policy};
use super::users;
use super::world::World;

/// A disk with a new store on it.
#[must_use]
pub(super) fn disk(setup: &Setup, machines: &[MachineId]) -> MemoryDisk {
    let generation = Generation(7);
    let definition = Box::new(setup.definition.clone());
    let mut events = vec![Event::Initialised { generation }, Event::PoolDefined { definition }];
    events.extend(setup.named.iter().zip(0..).map(|(named, person)| Event::UserAdded {
        user: users::id(person),
        kind: users::kind(*named),
    }));
    events.push(Event::UserAdded { user: hostile::person(), kind: UserKind::Concurrent });
    let machines = machines.iter().chain([&setup.hostile]);
    events.extend(machines.map(|machine| Event::MachineAdded { machine: *machine }));
    let records = events.into_iter().zip(1..).map(|(event, seq)| {
        let record =
            Record { seq: Seq(seq), at: WallTime { unix_ms: 0 }, generation, event, actor: None };
        record.store()
    });
    let disk = MemoryDisk::new();
    disk.append_behind(records.collect::<Vec<_>>());
    disk
}

impl World {
    pub(super) fn pool_suffers(&mut self, act: Act) {
        match act {
            Act::PoolDies => {
                self.kill_pool();
                let wait = self.random.between(100, 120_000);
                self.plan(wait, super::happening::Happening::StartPool);
            }
            Act::PoolPauses => {
                self.pool_still_until = self.now + self.random.between(500, 200_000);
            }
            Act::PoolWallClockJumps => {
                let by = self.wall_jump(100_000_000);
                if !self.pool_wall_stands {
                    self.pool_wall += by;
                }
            }
            Act::PoolDiskFails if self.random.chance(30) => self.pool_disk.break_down(),
            Act::PoolDiskFails => {
                let rates = FaultRates {
                    fail: 150,
                    unknown_lost: 100,
                    unknown_landed: 100,
                    torn: 50,
                    torn_snapshot: 300,
                    failed_reopen: 200,
                    ..FaultRates::default()
                };
                self.pool_disk.draw(rates, self.random.bits());
            }
            Act::SavesSnapshot => {
                if let Some(pool) = &mut self.pool {
                    pool.save_snapshot();
                }
            }
            _ => self.pool_disk.heal(),
        }
    }

    /// What the wall clock of the pool server's computer shows.
    #[must_use]
    pub(super) fn wall(&self) -> WallTime {
        let true_now = i64::try_from(self.now).expect("a short simulation");
        WallTime { unix_ms: self.pool_wall + true_now }
    }

    /// What lasts by the server's own time is judged when a server starts, and at each of its steps.
    pub(super) fn directory_starts(&mut self) {
        let wrong = self.directory.starts(self.pool_now(), self.wall());
        self.audit.must(wrong.is_none(), || wrong.unwrap_or_default());
    }

    pub(super) fn directory_goes_on(&mut self) {
        if self.pool.is_some() {
            let (wrong, lapsed) = self.directory.passes(self.pool_now(), self.wall());
            self.met.lapsed += lapsed;
            self.audit.must(wrong.is_none(), || wrong.unwrap_or_default());
        }
    }

    /// The pool's process is gone, and every link with it.
    pub(super) fn kill_pool(&mut self) {
        if self.pool.take().is_some() {
            let wall = self.wall();
            self.directory.stops(wall);
        }
        self.pool_still_until = 0;
        let links: Vec<u64> = self.links.keys().copied().collect();
        for link in links {
            self.break_link(link, false);
        }
    }

    pub(super) fn administer(&mut self, act: Act, machine: usize) {
        if let Some(command) = self.wish(act, machine)
            && let Some(pool) = &mut self.pool
        {
            if let Command::DefinePool { definition } = &command {
                self.reckoning.asked(pool.state(), definition);
            }
            pool.command(command);
            self.plan_pool_step(self.now);
        }
    }

    fn wish(&mut self, act: Act, machine: usize) -> Option<Command> {
        let state = self.pool.as_ref()?.state();
        Some(match act {
            Act::Reclaim => {
                let seats: Vec<_> = state.seats().map(|seat| seat.id).collect();
                let seat = self.random.pick(&seats)?;
                Command::Reclaim { by: Caller::Admin, seat, why: None }
            }
            Act::RevokeMachine => Command::RevokeMachine { machine: self.machines[machine].id },
            Act::SwitchUser => {
                let people = self.people();
                let user = users::id(self.random.between(0, people - 1));
                let now = state.user(user)?.clone();
                // Nobody is disabled for long.
                let (kind, enabled) = match (now.kind, self.random.chance(70)) {
                    (kind, true) => (kind, !now.enabled),
                    (UserKind::Named, false) => (UserKind::Concurrent, true),
                    (UserKind::Concurrent, false) => (UserKind::Named, true),
                };
                Command::SetUser { user, kind, enabled }
            }
            _ => {
                let mut definition = Box::new(state.pool(&users::pool())?.definition.clone());
                match act {
                    Act::ChangePolicy => change_policy(&mut definition, &mut self.random),
                    Act::ChangeSetting => {
                        let may = self.setup.far && self.random.chance(30);
                        let reach = if may { Reach::Far } else { Reach::Near };
                        change_setting(&mut definition, reach, &mut self.random);
                        let held = state.seats().next().is_some();
                        self.met.settings += u64::from(held && definition.validate().is_ok());
                    }
                    _ => {
                        definition.seats = u32::try_from(self.random.between(1, 3)).expect("small");
                    }
                }
                self.longest_lease = self.longest_lease.max(definition.lease);
                self.far |= is_far(&definition);
                Command::DefinePool { definition }
            }
        })
    }
}
