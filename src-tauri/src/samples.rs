//! Views to test with: Lucy at her desk, the pool Infor CRM with two seats.

use hotseat_protocol::ids::{Epoch, Generation, OfferId, PlaceId, RequestId, Seq, WallTime};
use hotseat_protocol::ids::{SeatId, UserId};
use hotseat_protocol::ipc::{
    AnchorKind, LinkState, Lost, MyOffer, MyPlace, MySeat, PoolState, View, Warning,
};
use hotseat_protocol::link::{AccountUser, SeatEnd};
use hotseat_protocol::quantity::{SignOffAfterMs, TrayGraceMs, WarnAfterMs};
use hotseat_protocol::reason::ReleaseReason;
use hotseat_protocol::view::{HolderView, OnSleep, PolicyView, PoolView, Privacy};
use jiff::tz::TimeZone;

use crate::clock::Now;
use crate::texts::Texts;

/// 10:07:42 on the wall, 1,000 s after the boot.
pub(crate) const NOW: Now = Now { boot_ms: 1_000_000, wall: at(10, 7, 42) };

/// A time on the day of the tests.
pub(crate) const fn at(hour: i64, minute: i64, second: i64) -> WallTime {
    const MIDNIGHT_S: i64 = 1_700_006_400;
    WallTime { unix_ms: (MIDNIGHT_S + hour * 3600 + minute * 60 + second) * 1000 }
}

/// The same moment, `ms` later.
pub(crate) fn later(ms: u64) -> Now {
    let passed = i64::try_from(ms).unwrap();
    Now { boot_ms: NOW.boot_ms + ms, wall: WallTime { unix_ms: NOW.wall.unix_ms + passed } }
}

/// English texts, times as they are written here.
pub(crate) fn english() -> Texts {
    Texts::english(TimeZone::UTC)
}

/// Lucy is logged in, the pool answers.
pub(crate) fn view(pools: Vec<PoolState>) -> View {
    let account = AccountUser {
        id: UserId::from_random(1),
        name: "Lucy".to_owned(),
        email: "lucy@finance.example".to_owned(),
        named: false,
    };
    View { link: LinkState::Up, trouble: None, account: Some(account), pools }
}

/// The pool does not answer since 10:07:42.
pub(crate) fn down() -> LinkState {
    LinkState::Down { since: Some(NOW.wall), cause: None }
}

/// Infor CRM, nothing in use.
pub(crate) fn infor() -> PoolState {
    pool("infor-crm", "Infor CRM")
}

/// A pool of two seats.
pub(crate) fn pool(id: &str, name: &str) -> PoolState {
    let pool = PoolView {
        id: id.parse().unwrap(),
        name: name.to_owned(),
        seats: 2,
        in_use: 0,
        offered: 0,
        set_aside: 0,
        waiting: 0,
        clients: Vec::new(),
        desktop_client: "network".parse().unwrap(),
        policy: PolicyView {
            warn_after_ms: WarnAfterMs::clamped(25 * 60_000),
            sign_off_after_ms: SignOffAfterMs::clamped(27 * 60_000),
            only_when_wanted: true,
            on_sleep: OnSleep::SignOff,
            tray_grace_ms: TrayGraceMs::clamped(10_000),
            offline: hotseat_protocol::view::Offline::Stop,
            lease_ms: None,
        },
        privacy: Privacy::Names,
        holders: Vec::new(),
        more_holders: 0,
        line: Vec::new(),
        usually_waits_s: None,
    };
    PoolState { pool, seats: Vec::new(), place: None, warning: None, lost: None }
}

/// A colleague in a seat since 9:00.
pub(crate) fn holder(name: &str) -> HolderView {
    HolderView {
        user: Some(name.to_owned()),
        client: "network".parse().unwrap(),
        since: at(9, 0, 0),
        idle_s: None,
        leaving: false,
        counted: true,
        seat: None,
        mine: false,
    }
}

impl Sample for PoolState {}

/// Steps from a free pool to every state.
pub(crate) trait Sample: Sized + Into<PoolState> {
    /// So many seats in use.
    fn in_use(self, in_use: u32) -> PoolState {
        let mut pool: PoolState = self.into();
        pool.pool.in_use = in_use;
        pool
    }

    /// Lucy holds a seat for 74 s more.
    fn held(self) -> PoolState {
        let mut pool: PoolState = self.into();
        pool.seats.push(seat());
        pool
    }

    /// Lucy stands in line.
    fn in_line(self, rank: u32) -> PoolState {
        let mut pool: PoolState = self.into();
        pool.pool.waiting = rank;
        pool.place = Some(MyPlace {
            id: PlaceId::from_random(3),
            request: RequestId::from_random(4),
            rank,
            since: at(10, 0, 0),
            offer: None,
        });
        pool
    }

    /// Lucy is offered a seat until 10:08:42.
    fn offered(self) -> PoolState {
        let mut pool = self.in_line(1);
        let offer = MyOffer {
            id: OfferId::from_random(5),
            ends_boot_ms: NOW.boot_ms + 60_000,
            ends_at: at(10, 8, 42),
        };
        if let Some(place) = &mut pool.place {
            place.offer = Some(offer);
        }
        pool
    }

    /// Lucy is warned; Olaf waits; the sign-off is at 10:09:42.
    fn warned(self) -> PoolState {
        let mut pool: PoolState = self.into();
        pool.warning = Some(Warning {
            ends_boot_ms: NOW.boot_ms + 120_000,
            ends_at: at(10, 9, 42),
            idle_s: 25 * 60,
            waiter: Some("Olaf".to_owned()),
            wanted: true,
        });
        pool
    }

    /// Lucy's seat was lost at 10:08:56.
    fn lost(self) -> PoolState {
        let mut pool: PoolState = self.into();
        pool.lost = Some(lost());
        pool
    }
}

/// A loss.
pub(crate) fn lost() -> Lost {
    let end =
        SeatEnd { reason: ReleaseReason::LeaseExpired, by: None, note: None, at: at(10, 8, 56) };
    Lost { end, silent_s: Some(80), slept: false, seat: None }
}

/// A seat that hangs on the session and is held for 74 s more.
pub(crate) fn seat() -> MySeat {
    MySeat {
        id: SeatId::from_random(2),
        epoch: Epoch { generation: Generation(1), seq: Seq(7) },
        client: "network".parse().unwrap(),
        since: at(9, 0, 0),
        counted: true,
        deadline_boot_ms: NOW.boot_ms + 74_000,
        deadline_at: at(10, 8, 56),
        confirmed: true,
        leaving: None,
        anchor: AnchorKind::Session,
    }
}
