//! The views that put a tray into each of its states, with the words that it then says.

use hotseat_ipc::boot_clock::now_ms;
use hotseat_protocol::ids::{
    Epoch, Generation, OfferId, PlaceId, PoolId, RequestId, SeatId, Seq, UserId, WallTime,
};
use hotseat_protocol::ipc::{
    AnchorKind, EndedSeat, LinkState, Lost, MyOffer, MyPlace, MySeat, PoolState, View, Warning,
};
use hotseat_protocol::link::{AccountUser, SeatEnd};
use hotseat_protocol::quantity::{IdleSeconds, SignOffAfterMs, TrayGraceMs, WarnAfterMs};
use hotseat_protocol::reason::ReleaseReason;
use hotseat_protocol::view::{HolderView, OnSleep, PolicyView, PoolView, Privacy, WaiterView};
use rustix::time::{ClockId, clock_gettime};

/// Ten minutes, in ms: longer than any test or screenshot takes.
const LONG_MS: u64 = 600_000;

/// The time of day, for people.
pub fn wall() -> WallTime {
    let time = clock_gettime(ClockId::Realtime);
    WallTime { unix_ms: time.tv_sec.saturating_mul(1000) }
}

fn ago(ms: u64) -> WallTime {
    shifted(-i64::try_from(ms).unwrap_or(i64::MAX))
}

fn ahead(ms: u64) -> WallTime {
    shifted(i64::try_from(ms).unwrap_or(i64::MAX))
}

fn shifted(ms: i64) -> WallTime {
    WallTime { unix_ms: wall().unix_ms.saturating_add(ms) }
}

/// The pool of every test.
pub fn pool_id() -> PoolId {
    "infor-crm".parse().expect("a valid name")
}

/// Lucy is logged in, the pool answers; these are her pools.
pub fn view(pools: Vec<PoolState>) -> View {
    let account = AccountUser {
        id: UserId::from_random(1),
        name: "Lucy".to_owned(),
        email: "lucy@finance.example".to_owned(),
        named: false,
    };
    View { link: LinkState::Up, trouble: None, account: Some(account), pools }
}

/// The pool does not answer.
pub fn unreachable(mut view: View) -> View {
    view.link = LinkState::Down { since: Some(wall()), cause: None };
    view
}

/// Nobody is logged in.
pub fn logged_out(mut view: View) -> View {
    view.account = None;
    view
}

/// Nothing is known of any pool.
pub fn not_enrolled() -> View {
    View { link: LinkState::NotEnrolled, trouble: None, account: None, pools: Vec::new() }
}

/// Infor CRM: Bill holds one of two seats.
pub fn free() -> PoolState {
    let client = || "network".parse().expect("a valid name");
    let policy = PolicyView {
        warn_after_ms: WarnAfterMs::clamped(25 * 60_000),
        sign_off_after_ms: SignOffAfterMs::clamped(27 * 60_000),
        only_when_wanted: true,
        on_sleep: OnSleep::SignOff,
        tray_grace_ms: TrayGraceMs::clamped(10_000),
        offline: hotseat_protocol::view::Offline::Stop,
        lease_ms: None,
    };
    let pool = PoolView {
        id: pool_id(),
        name: "Infor CRM".to_owned(),
        seats: 2,
        in_use: 1,
        offered: 0,
        set_aside: 0,
        waiting: 0,
        clients: Vec::new(),
        desktop_client: client(),
        policy,
        privacy: Privacy::Names,
        holders: vec![holder("Bill", false)],
        more_holders: 0,
        line: Vec::new(),
        usually_waits_s: Some([600, 900]),
    };
    PoolState { pool, seats: Vec::new(), place: None, warning: None, lost: None }
}

fn holder(name: &str, mine: bool) -> HolderView {
    HolderView {
        user: Some(name.to_owned()),
        client: "network".parse().expect("a valid name"),
        since: ago(4_000_000),
        idle_s: IdleSeconds::new(5),
        leaving: false,
        counted: true,
        seat: None,
        mine,
    }
}

/// Olaf holds the other seat.
pub fn full() -> PoolState {
    let mut pool = free();
    pool.pool.in_use = 2;
    pool.pool.holders.push(holder("Olaf", false));
    pool
}

/// Lucy holds the other seat.
pub fn holding() -> PoolState {
    let mut pool = free();
    pool.pool.in_use = 2;
    pool.pool.holders.insert(0, holder("Lucy", true));
    pool.seats.push(MySeat {
        id: SeatId::from_random(2),
        epoch: Epoch { generation: Generation(1), seq: Seq(7) },
        client: "network".parse().expect("a valid name"),
        since: ago(4_500_000),
        counted: true,
        deadline_boot_ms: now_ms() + LONG_MS,
        deadline_at: ahead(LONG_MS),
        confirmed: true,
        leaving: None,
        anchor: AnchorKind::Session,
    });
    pool
}

/// Lucy holds a seat that she took after that of [`holding`] had ended.
pub fn holding_again() -> PoolState {
    let mut pool = holding();
    for seat in &mut pool.seats {
        seat.id = SeatId::from_random(8);
        seat.epoch.seq = Seq(8);
    }
    pool
}

/// Lucy's seat of such a state, as a notice of its end names it.
pub fn ended_seat(pool: &PoolState) -> EndedSeat {
    let seat = pool.seats.first().expect("the state has a seat of Lucy's");
    EndedSeat { id: seat.id, deadline_boot_ms: seat.deadline_boot_ms, newest: seat.epoch }
}

/// Lucy's seat is being checked.
pub fn unconfirmed() -> PoolState {
    let mut pool = holding();
    for seat in &mut pool.seats {
        seat.confirmed = false;
    }
    pool
}

/// Lucy is warned, because Olaf waits.
pub fn warned() -> PoolState {
    let mut pool = holding();
    pool.pool.waiting = 1;
    pool.pool.line.push(waiter("Olaf", false));
    pool.warning = Some(Warning {
        ends_boot_ms: now_ms() + LONG_MS,
        ends_at: ahead(LONG_MS),
        idle_s: 25 * 60,
        waiter: Some("Olaf".to_owned()),
        wanted: true,
    });
    pool
}

fn waiter(name: &str, mine: bool) -> WaiterView {
    WaiterView {
        user: Some(name.to_owned()),
        since: ago(300_000),
        offered: false,
        request: None,
        mine,
    }
}

/// Lucy is next in line.
pub fn waiting() -> PoolState {
    let mut pool = full();
    pool.pool.waiting = 1;
    pool.pool.line.push(waiter("Lucy", true));
    pool.place = Some(MyPlace {
        id: PlaceId::from_random(3),
        request: RequestId::from_random(4),
        rank: 1,
        since: ago(300_000),
        offer: None,
    });
    pool
}

/// Lucy is offered a seat.
pub fn offered() -> PoolState {
    let mut pool = waiting();
    pool.pool.in_use = 1;
    pool.pool.offered = 1;
    pool.pool.holders.truncate(1);
    if let Some(place) = &mut pool.place {
        place.offer = Some(MyOffer {
            id: OfferId::from_random(5),
            ends_boot_ms: now_ms() + LONG_MS,
            ends_at: ahead(LONG_MS),
        });
    }
    pool
}

/// Lucy's seat is lost.
pub fn lost() -> PoolState {
    let mut pool = full();
    let end = SeatEnd { reason: ReleaseReason::LeaseExpired, by: None, note: None, at: wall() };
    pool.lost = Some(Lost { end, silent_s: Some(80), slept: false, seat: None });
    pool
}

/// A tray state that a broker can cause, with the drawing's name, and how its line begins.
#[derive(Clone, Debug)]
pub struct TrayState {
    /// The drawing, by the name of its file.
    pub drawing: &'static str,
    /// The view that causes it.
    pub view: View,
    /// How tooltip and first menu line begin.
    pub line: &'static str,
}

/// Ten of the twelve states; the other two are no broker at all and one of another version.
pub fn every_state() -> Vec<TrayState> {
    let state = |drawing, view, line| TrayState { drawing, view, line };
    vec![
        state("not-enrolled", not_enrolled(), "This computer is not enrolled yet"),
        state(
            "pool-unreachable",
            unreachable(view(vec![holding()])),
            "Infor CRM: no contact, safe until ",
        ),
        state("unconfirmed", view(vec![unconfirmed()]), "Infor CRM: checking your seat"),
        state("signed-out", logged_out(view(vec![free()])), "Infor CRM: log in first"),
        state("no-seat", view(vec![free()]), "Infor CRM: no seat, 1 of 2 in use"),
        state("waiting", view(vec![waiting()]), "Infor CRM: place 1 in line, 2 of 2 in use"),
        state("your-turn", view(vec![offered()]), "Infor CRM: your turn, until "),
        state("holding", view(vec![holding()]), "Infor CRM: you hold a seat, 2 of 2 in use"),
        state("idle-warning", view(vec![warned()]), "Infor CRM: still there? Signed off at "),
        state("lost", view(vec![lost()]), "Infor CRM: seat lost at "),
    ]
}
