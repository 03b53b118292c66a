//! The drawings as they stand in `icons/tray`, built into the program.

use super::Icon;

/// One of the two sets of drawings; its number is the side of the grid in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Master {
    /// For 16 and 18 pixels: fewer, heavier details.
    Grid16,
    /// For 20 pixels and more.
    Grid22,
}

impl Master {
    /// The side of the grid, in user units of the SVG.
    pub(super) const fn grid(self) -> u32 {
        match self {
            Self::Grid16 => 16,
            Self::Grid22 => 22,
        }
    }

    /// The set drawn for an icon of this side.
    pub(super) const fn for_size(size: u32) -> Self {
        if size < 20 { Self::Grid16 } else { Self::Grid22 }
    }
}

/// Both masters of one drawing: the 16 grid, then the 22 grid.
macro_rules! masters {
    ($name:literal) => {
        (
            include_str!(concat!("../../../icons/tray/16/", $name, ".svg")),
            include_str!(concat!("../../../icons/tray/22/", $name, ".svg")),
        )
    };
}

/// The SVG text of a drawing.
pub(super) const fn svg(icon: Icon, master: Master) -> &'static str {
    let (small, large) = match icon {
        Icon::NoBroker => masters!("no-broker"),
        Icon::AnotherVersion => masters!("another-version"),
        Icon::NotEnrolled => masters!("not-enrolled"),
        Icon::PoolUnreachable => masters!("pool-unreachable"),
        Icon::Unconfirmed => masters!("unconfirmed"),
        Icon::SignedOut => masters!("signed-out"),
        Icon::NoSeat => masters!("no-seat"),
        Icon::Waiting => masters!("waiting"),
        Icon::YourTurn => masters!("your-turn"),
        Icon::Holding => masters!("holding"),
        Icon::IdleWarning => masters!("idle-warning"),
        Icon::Lost => masters!("lost"),
    };
    match master {
        Master::Grid16 => small,
        Master::Grid22 => large,
    }
}
