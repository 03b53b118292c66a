//! Idle spells, told from what renewals report: a spell ends when the idle time falls.

use std::collections::BTreeMap;

use hotseat_protocol::ids::{SeatId, SeatRef, WallTime};
use hotseat_protocol::link::Renewal;
use hotseat_protocol::quantity::IdleSeconds;

/// The shortest spell that is worth a record, in seconds.
const LEAST_SPELL_S: u64 = 5 * 60;

/// A spell that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spell {
    /// Whose.
    pub(super) seat: SeatRef,
    /// From when.
    pub(super) from: WallTime,
    /// Until when.
    pub(super) to: WallTime,
}

/// What was last reported about each seat of a machine.
#[derive(Debug, Default)]
pub(super) struct Spells {
    heard: BTreeMap<SeatId, (IdleSeconds, WallTime)>,
}

impl Spells {
    /// Takes a renewal in and returns the spells that have ended.
    pub(super) fn heard(&mut self, renewal: &Renewal, now: WallTime) -> Vec<Spell> {
        let mut ended = Vec::new();
        let mut heard = BTreeMap::new();
        for claim in renewal.seats.iter().filter(|claim| !claim.idle_exempt) {
            let Some(idle) = claim.idle_s else { continue };
            let before = self.heard.get(&claim.seat.id);
            if let Some((idle_before, at)) =
                before.filter(|(before, _)| before.get() >= LEAST_SPELL_S)
                && idle < *idle_before
            {
                ended.push(Spell {
                    seat: claim.seat,
                    from: earlier(*at, *idle_before),
                    to: earlier(now, idle),
                });
            }
            heard.insert(claim.seat.id, (idle, now));
        }
        self.heard = heard;
        ended
    }
}

fn earlier(time: WallTime, idle: IdleSeconds) -> WallTime {
    time.earlier_by_ms(idle.get().saturating_mul(1000))
}

#[cfg(test)]
mod tests {
    use hotseat_protocol::ids::{Epoch, Generation, Seq};
    use hotseat_protocol::link::ClaimedSeat;

    use super::*;

    fn renewal(idle_s: Option<u64>, idle_exempt: bool) -> Renewal {
        let epoch = Epoch { generation: Generation(1), seq: Seq(1) };
        let seat = SeatRef { id: SeatId::from_random(1), epoch };
        let idle_s = idle_s.and_then(IdleSeconds::new);
        let claim = ClaimedSeat { seat, idle_s, idle_exempt };
        Renewal { seats: claim.into(), ..Renewal::default() }
    }

    fn at(seconds: i64) -> WallTime {
        WallTime { unix_ms: seconds * 1000 }
    }

    #[test]
    fn a_long_spell_is_told_once_when_it_ends() {
        let mut spells = Spells::default();
        assert_eq!(spells.heard(&renewal(Some(290), false), at(1000)), []);
        assert_eq!(spells.heard(&renewal(Some(320), false), at(1030)), []);
        let ended = spells.heard(&renewal(Some(10), false), at(1060));
        assert_eq!(ended.len(), 1);
        assert_eq!((ended[0].from, ended[0].to), (at(710), at(1050)));
        assert_eq!(spells.heard(&renewal(Some(40), false), at(1090)), []);
    }

    #[test]
    fn short_unknown_and_exempt_ones_are_nobodys_business() {
        let mut spells = Spells::default();
        for report in [Some(299), Some(0), Some(900), None, Some(3)] {
            assert_eq!(spells.heard(&renewal(report, false), at(1000)), [], "{report:?}");
        }
        for report in [Some(900), Some(0)] {
            assert_eq!(spells.heard(&renewal(report, true), at(1000)), [], "{report:?}");
        }
    }
}
