//! All that can be done, and how often it is.

use serde::{Deserialize, Serialize};

/// One kind of thing that is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Act {
    StartTray,
    TraySignsOn,
    TrayWaits,
    TraySignsOff,
    TraySaysGoodbye,
    TrayDies,
    StartRun,
    RunDies,
    CliSignsOn,
    AnswerOffer,
    LeaveLine,
    Keep,
    GoesAway,
    ComesBack,
    LogIn,
    LogOut,
    SessionEnds,
    Check,
    CallsSignOn,
    CallsSignOff,
    CallsCheck,
    CallsForget,
    BrokerDies,
    BrokerStops,
    BrokerUpgrades,
    BrokerFreezes,
    PowerCut,
    ShutDown,
    Sleep,
    VirtualMachinePause,
    WallClockJumps,
    LinkBreaks,
    Partition,
    OneWayPartition,
    SlowNetwork,
    PoolDies,
    PoolPauses,
    PoolWallClockJumps,
    PoolDiskFails,
    PoolDiskHeals,
    SavesSnapshot,
    DiskFails,
    DiskHeals,
    Reclaim,
    ChangeSeats,
    ChangePolicy,
    ChangeSetting,
    HostileSpeaks,
    SwitchUser,
    RevokeMachine,
    Drift,
    Clone,
    TakesBackup,
    RestoresBackup,
    RollsBack,
}

impl Act {
    /// Whether it makes things go wrong; a calm seed spares most of these.
    pub(super) fn is_misfortune(self) -> bool {
        matches!(
            self,
            Self::CallsForget
                | Self::BrokerDies
                | Self::BrokerStops
                | Self::BrokerUpgrades
                | Self::BrokerFreezes
                | Self::PowerCut
                | Self::ShutDown
                | Self::Sleep
                | Self::VirtualMachinePause
                | Self::WallClockJumps
                | Self::LinkBreaks
                | Self::Partition
                | Self::OneWayPartition
                | Self::SlowNetwork
                | Self::PoolDies
                | Self::PoolPauses
                | Self::PoolDiskFails
                | Self::DiskFails
                | Self::RevokeMachine
                | Self::Clone
                | Self::RestoresBackup
                | Self::RollsBack
        )
    }

    /// Whether it is done in this kind of play at all: where stores are turned back, the pool
    /// grants nothing for long, and clones leave little of what a machine had.
    pub(super) fn is_of(self, kind: Kind) -> bool {
        match self {
            Self::Clone => kind.clones,
            Self::TakesBackup | Self::RestoresBackup | Self::RollsBack => kind.stores,
            Self::HostileSpeaks => kind.hostile,
            _ => true,
        }
    }
}

/// What kind of play it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// Machines are cloned in it.
    pub(super) clones: bool,
    /// Stores are turned back in it.
    pub(super) stores: bool,
    /// A machine in it means harm.
    pub(super) hostile: bool,
}

/// How often each is done.
pub(super) const WEIGHTS: &[(u64, Act)] = &[
    (14, Act::StartTray),
    (22, Act::TraySignsOn),
    (14, Act::TrayWaits),
    (10, Act::TraySignsOff),
    (4, Act::TraySaysGoodbye),
    (5, Act::TrayDies),
    (14, Act::StartRun),
    (7, Act::RunDies),
    (4, Act::CliSignsOn),
    (14, Act::AnswerOffer),
    (4, Act::LeaveLine),
    (2, Act::Keep),
    (6, Act::GoesAway),
    (5, Act::ComesBack),
    (3, Act::LogIn),
    (2, Act::LogOut),
    (2, Act::SessionEnds),
    (8, Act::Check),
    (8, Act::CallsSignOn),
    (3, Act::CallsSignOff),
    (8, Act::CallsCheck),
    (2, Act::CallsForget),
    (4, Act::BrokerDies),
    (2, Act::BrokerStops),
    (1, Act::BrokerUpgrades),
    (2, Act::BrokerFreezes),
    (2, Act::PowerCut),
    (1, Act::ShutDown),
    (3, Act::Sleep),
    (2, Act::VirtualMachinePause),
    (2, Act::WallClockJumps),
    (8, Act::LinkBreaks),
    (4, Act::Partition),
    (2, Act::OneWayPartition),
    (3, Act::SlowNetwork),
    (2, Act::PoolDies),
    (2, Act::PoolPauses),
    (1, Act::PoolWallClockJumps),
    (2, Act::PoolDiskFails),
    (4, Act::PoolDiskHeals),
    (1, Act::SavesSnapshot),
    (1, Act::DiskFails),
    (3, Act::DiskHeals),
    (3, Act::Reclaim),
    (2, Act::ChangeSeats),
    (1, Act::ChangePolicy),
    (5, Act::ChangeSetting),
    (8, Act::HostileSpeaks),
    (2, Act::SwitchUser),
    (1, Act::RevokeMachine),
    (2, Act::Drift),
    (4, Act::Clone),
    (4, Act::TakesBackup),
    (2, Act::RestoresBackup),
    (2, Act::RollsBack),
];
