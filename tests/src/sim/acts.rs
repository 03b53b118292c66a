//! All that can be done, and how often it is.

/// One kind of thing that is done.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    StartTray,
    TraySignsOn,
    TrayWaits,
    TraySignsOff,
    TraySaysGoodbye,
    TrayDies,
    StartRun,
    RunDies,
    AnswerOffer,
    LeaveLine,
    ReportIdle,
    BrokerDies,
    BrokerStops,
    BrokerFreezes,
    PowerCut,
    Sleep,
    VirtualMachinePause,
    LinkBreaks,
    Partition,
    SlowNetwork,
    PoolDies,
    PoolPauses,
    PoolDiskFails,
    PoolDiskHeals,
    DiskFails,
    DiskHeals,
    Reclaim,
    ChangeSeats,
    Drift,
}

impl Act {
    /// Whether it makes things go wrong; a calm seed spares most of these.
    pub(super) fn is_misfortune(self) -> bool {
        match self {
            Self::BrokerDies
            | Self::BrokerStops
            | Self::BrokerFreezes
            | Self::PowerCut
            | Self::Sleep
            | Self::VirtualMachinePause
            | Self::LinkBreaks
            | Self::Partition
            | Self::SlowNetwork
            | Self::PoolDies
            | Self::PoolPauses
            | Self::PoolDiskFails
            | Self::DiskFails => true,
            Self::StartTray
            | Self::TraySignsOn
            | Self::TrayWaits
            | Self::TraySignsOff
            | Self::TraySaysGoodbye
            | Self::TrayDies
            | Self::StartRun
            | Self::RunDies
            | Self::AnswerOffer
            | Self::LeaveLine
            | Self::ReportIdle
            | Self::PoolDiskHeals
            | Self::DiskHeals
            | Self::Reclaim
            | Self::ChangeSeats
            | Self::Drift => false,
        }
    }
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
    (14, Act::AnswerOffer),
    (4, Act::LeaveLine),
    (6, Act::ReportIdle),
    (4, Act::BrokerDies),
    (2, Act::BrokerStops),
    (2, Act::BrokerFreezes),
    (2, Act::PowerCut),
    (2, Act::Sleep),
    (2, Act::VirtualMachinePause),
    (8, Act::LinkBreaks),
    (4, Act::Partition),
    (3, Act::SlowNetwork),
    (2, Act::PoolDies),
    (2, Act::PoolPauses),
    (2, Act::PoolDiskFails),
    (4, Act::PoolDiskHeals),
    (1, Act::DiskFails),
    (3, Act::DiskHeals),
    (3, Act::Reclaim),
    (2, Act::ChangeSeats),
    (2, Act::Drift),
];
