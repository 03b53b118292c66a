//! The one version number of the broker's two conversations, with its history.

/// The version that this build speaks on IPC and on the link.
///
/// History:
///
/// * 1 (2026-11-24): first version.
pub const PROTOCOL_VERSION: u32 = 1;

/// The oldest version that this build still accepts: the last two are spoken.
pub const OLDEST_VERSION: u32 = if PROTOCOL_VERSION > 1 { PROTOCOL_VERSION - 1 } else { 1 };

/// Whether a peer that speaks `theirs` can be talked to.
///
/// A newer peer is accepted too: it is the newer side's duty to speak the older side's version,
/// and it refuses if it cannot.
#[must_use]
pub fn accepts(theirs: u32) -> bool {
    theirs >= OLDEST_VERSION
}

/// The version to speak with a peer that offers `theirs`, or `None` when there is none.
#[must_use]
pub fn negotiate(theirs: u32) -> Option<u32> {
    accepts(theirs).then(|| theirs.min(PROTOCOL_VERSION))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_of_the_two_is_spoken() {
        assert_eq!(negotiate(PROTOCOL_VERSION + 1), Some(PROTOCOL_VERSION));
        assert_eq!(negotiate(PROTOCOL_VERSION), Some(PROTOCOL_VERSION));
        assert_eq!(negotiate(0), None);
    }
}
