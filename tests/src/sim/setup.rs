//! What a world is made of: drawn from the seed before anything happens.

use std::time::Duration;

use hotseat_protocol::ids::{ClientName, MachineId};
use hotseat_rules::{HOLD_LEAST, HOLD_MOST, HOLD_USUALLY, IdlePolicy, OnSleep, PoolDefinition};

use super::random::Random;
use super::users;

/// How long a seat kept by calls lives here without a renewal.
const CALLS_TIMEOUT: Duration = Duration::from_secs(120);

/// What does not change while a world is played.
#[derive(Debug, Clone)]
pub(super) struct Setup {
    /// The pool as it begins.
    pub(super) definition: PoolDefinition,
    /// Each machine: its id, the rate of its clock, whether the OS tells when its sessions end.
    pub(super) machines: Vec<(MachineId, u64, bool)>,
    /// The rate of the pool's clock.
    pub(super) pool_rate: u64,
    /// The machine that means harm, where there is one.
    pub(super) hostile: MachineId,
    /// Who has an own licence.
    pub(super) named: Vec<bool>,
    /// Frames overtake each other, which no TCP connection does: the rules must bear it.
    pub(super) unordered: bool,
    /// Trays report all the time how long their person has been away.
    pub(super) reports: bool,
    /// Brokers run a hook before they sign off.
    pub(super) hooks: bool,
    /// Settings are changed to the far ends of their ranges, too: days.
    pub(super) far: bool,
}

impl Setup {
    /// The setup of a seed.
    #[must_use]
    pub(super) fn of(random: &mut Random) -> Self {
        let seats = u32::try_from(random.between(1, 3)).expect("a small number");
        let machines = random.between(2, 3);
        let machines: Vec<_> = (0..machines)
            .map(|_| {
                let id = MachineId::from_random(random.wide());
                (id, random.between(950, 1_050), random.chance(30))
            })
            .collect();
        let named = (0..machines.len() * 2).map(|_| random.chance(12)).collect();
        let definition = definition(seats, random);
        Self {
            definition,
            machines,
            pool_rate: random.between(950, 1_050),
            named,
            unordered: random.chance(20),
            reports: random.chance(60),
            hooks: random.chance(30),
            far: random.chance(10),
            hostile: MachineId::from_random(random.wide()),
        }
    }
}

fn definition(seats: u32, random: &mut Random) -> PoolDefinition {
    let mut definition = hotseat_rules::presets::infor_crm(seats);
    definition.id = users::pool();
    definition.calls_timeout = CALLS_TIMEOUT;
    let web = ClientName::new("web").expect("a good name");
    if let Some(web) = definition.clients.get_mut(&web) {
        web.session_timeout = Some(CALLS_TIMEOUT);
    }
    let desktop = definition.desktop_client.clone();
    if random.chance(10)
        && let Some(desktop) = definition.clients.get_mut(&desktop)
    {
        desktop.session_timeout = Some(Duration::from_secs(180));
    }
    if random.chance(20) {
        definition.lease = Duration::from_secs(30);
    }
    change_policy(&mut definition, random);
    if random.chance(60) {
        let holds = [HOLD_LEAST, HOLD_USUALLY, HOLD_USUALLY, HOLD_MOST];
        definition.options.provisional_hold = random.pick(&holds);
    }
    definition
}

/// Draws what an administrator may change at any time.
pub(super) fn change_policy(definition: &mut PoolDefinition, random: &mut Random) {
    definition.on_sleep = if random.chance(30) { OnSleep::Keep } else { OnSleep::SignOff };
    definition.options.one_seat_per_user = random.chance(15);
    definition.options.holder_passes_check = random.chance(30);
    let (warn_after, sign_off_after) =
        random.pick(&[(25 * 60, 27 * 60), (60, 100), (40, 60)]).unwrap_or((60, 100));
    definition.idle = IdlePolicy {
        warn_after: Duration::from_secs(warn_after),
        sign_off_after: Duration::from_secs(sign_off_after),
        only_when_wanted: random.chance(60),
    };
}
