//! The samples: Lucy and Bill hold, Olaf waits.
//! What both conversations speak of stands here, each conversation in a file of its own.

pub(crate) mod ipc;
pub(crate) mod link;

use hotseat_protocol::ids::{
    ClientName, Epoch, Generation, MachineId, OfferId, PlaceId, PoolId, RequestId, SeatId, SeatRef,
    Seq, UserId, WallTime,
};
use hotseat_protocol::link::{AccountUser, JournalPosition, OfferState, SeatEnd};
use hotseat_protocol::problem::{Code, HolderFact, Problem, RefusalFacts};
use hotseat_protocol::quantity::{
    IdleSeconds, LeaseMs, LeftMs, SignOffAfterMs, TrayGraceMs, WarnAfterMs,
};
use hotseat_protocol::reason::ReleaseReason;
use hotseat_protocol::view::{
    ClientView, HolderView, OnSleep, PolicyView, PoolView, Privacy, Rule, WaiterView,
};

pub(crate) fn at(second: i64) -> WallTime {
    WallTime { unix_ms: 1_795_000_000_000 + second * 1000 }
}

pub(crate) fn seat_id() -> SeatId {
    SeatId::from_random(1)
}

pub(crate) fn epoch() -> Epoch {
    Epoch { generation: Generation(0x1f0a_77c2), seq: Seq(4711) }
}

pub(crate) fn seat() -> SeatRef {
    SeatRef { id: seat_id(), epoch: epoch() }
}

pub(crate) fn request_id() -> RequestId {
    RequestId::from_random(2)
}

pub(crate) fn place_id() -> PlaceId {
    PlaceId::from_random(3)
}

pub(crate) fn offer_id() -> OfferId {
    OfferId::from_random(4)
}

pub(crate) fn user_id() -> UserId {
    UserId::from_random(5)
}

pub(crate) fn machine() -> MachineId {
    MachineId::from_random(6)
}

pub(crate) fn pool_id() -> PoolId {
    PoolId::new("infor-crm").unwrap()
}

pub(crate) fn client(name: &str) -> ClientName {
    ClientName::new(name).unwrap()
}

pub(crate) fn position() -> JournalPosition {
    JournalPosition::new(epoch().generation, Seq(4712))
}

pub(crate) fn offer() -> OfferState {
    OfferState { id: offer_id(), left_ms: LeftMs::clamped(59_000) }
}

pub(crate) fn end() -> SeatEnd {
    SeatEnd {
        reason: ReleaseReason::Reclaimed,
        by: Some("Lucy".to_owned()),
        note: Some("month-end closing".to_owned()),
        at: at(60),
    }
}

pub(crate) fn user() -> AccountUser {
    AccountUser {
        id: user_id(),
        name: "Olaf".to_owned(),
        email: "olaf@finance.example".to_owned(),
        named: false,
    }
}

pub(crate) fn plain_problem() -> Problem {
    Problem::new(Code::PoolUnreachable, "The pool does not answer.", "Try again in a minute.")
}

pub(crate) fn refusal() -> Problem {
    let mut problem = Problem::new(
        Code::PoolFull,
        "All seats are in use: Lucy (idle 14 min) and Bill. You would be next.",
        "Wait for a seat.",
    );
    problem.facts = Some(Box::new(RefusalFacts {
        legacy_message: Some("there are no concurrent licenses available for use".to_owned()),
        seats: 2,
        in_use: 2,
        waiting: 0,
        usually_waits_s: Some([600, 900]),
        holders: vec![HolderFact {
            user: Some("Lucy".to_owned()),
            client: client("network"),
            since: at(0),
            idle_s: IdleSeconds::new(840),
        }],
    }));
    problem
}

pub(crate) fn pool_view_with_lease() -> PoolView {
    let policy = PolicyView { lease_ms: LeaseMs::new(90_000), ..pool_view().policy };
    PoolView { policy, ..pool_view() }
}

pub(crate) fn pool_view_with_a_seat_set_aside() -> PoolView {
    PoolView { seats: 3, set_aside: 1, ..pool_view_with_lease() }
}

pub(crate) fn pool_view() -> PoolView {
    PoolView {
        id: pool_id(),
        name: "Infor CRM".to_owned(),
        seats: 2,
        in_use: 2,
        offered: 0,
        set_aside: 0,
        waiting: 1,
        clients: vec![
            ClientView { name: client("network"), rule: Rule::Hold },
            ClientView { name: client("mobile"), rule: Rule::Check },
        ],
        desktop_client: client("network"),
        policy: PolicyView {
            warn_after_ms: WarnAfterMs::clamped(1_500_000),
            sign_off_after_ms: SignOffAfterMs::clamped(1_620_000),
            only_when_wanted: true,
            on_sleep: OnSleep::SignOff,
            tray_grace_ms: TrayGraceMs::clamped(10_000),
            offline: hotseat_protocol::view::Offline::Stop,
            lease_ms: None,
        },
        privacy: Privacy::Names,
        holders: vec![HolderView {
            user: Some("Lucy".to_owned()),
            client: client("network"),
            since: at(0),
            idle_s: IdleSeconds::new(840),
            leaving: false,
            counted: true,
            seat: Some(seat_id()),
            mine: false,
        }],
        more_holders: 1,
        line: vec![WaiterView {
            user: Some("Olaf".to_owned()),
            since: at(10),
            offered: false,
            request: None,
            mine: true,
        }],
        usually_waits_s: None,
    }
}
