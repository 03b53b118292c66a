//! Samples of the link.

use hotseat_protocol::bounded_text::TypedPassword;
use hotseat_protocol::ids::{Anchor, Secret};
use hotseat_protocol::link::{
    Accept, ClaimedSeat, FromPool, LinkHello, MachineMessage, MachinePlace, MachineSeat, Outcome,
    Overdraft, PlaceClaimEnd, PlaceLeft, PoolAnswer, Projected, Renewal, Renewed, SeatClaimEnd,
    SeatLeft, SignOn, ToPool, UnclaimedSeat, WarningOutcome,
};
use hotseat_protocol::quantity::{AgoMs, IdleSeconds, LeaseMs, LeftMs, OverdraftMs};
use hotseat_protocol::reason::{PlaceEnd, ReleaseReason};

use hotseat_protocol::version::PROTOCOL_VERSION;

use super::*;

pub(crate) fn to_pool() -> Vec<ToPool> {
    vec![
        ToPool::Hello(LinkHello {
            version: PROTOCOL_VERSION,
            program: "hotseat-broker 0.1.0".to_owned(),
            machine: machine(),
            boot_id: "8f4d2c1e".to_owned(),
            seen: Some(position()),
            seal: Some("5ea1".to_owned()),
            secret: Some(Secret::new("hsl_7")),
            follows_lease: false,
        }),
        ToPool::Hello(LinkHello {
            version: PROTOCOL_VERSION,
            program: "hotseat-broker 0.1.0".to_owned(),
            machine: machine(),
            boot_id: "8f4d2c1e".to_owned(),
            seen: None,
            seal: None,
            secret: None,
            follows_lease: true,
        }),
        ToPool::Message { n: 1, body: MachineMessage::Resync },
    ]
}

pub(crate) fn machine_messages() -> Vec<MachineMessage> {
    let renewal = Renewal {
        seats: ClaimedSeat { seat: seat(), idle_s: IdleSeconds::new(840), idle_exempt: false }
            .into(),
        places: request_id().into(),
    };
    let token = || Secret::new("dG9rZW4");
    vec![
        MachineMessage::Renew(renewal),
        MachineMessage::SignOn(SignOn {
            request: request_id(),
            token: token(),
            pool: pool_id(),
            client: None,
            anchor: Anchor::new("session c2").unwrap(),
            wait: Some(Accept::Auto),
        }),
        MachineMessage::Check {
            request: request_id(),
            token: token(),
            pool: pool_id(),
            client: client("mobile"),
            operation: None,
        },
        MachineMessage::SignOff { seat: seat(), reason: ReleaseReason::TrayClosed },
        MachineMessage::Cancel { request: request_id(), reason: ReleaseReason::ApplicationExited },
        MachineMessage::LeaveLine { request: request_id() },
        MachineMessage::AcceptOffer { offer: offer_id(), request: request_id() },
        MachineMessage::DeclineOffer { offer: offer_id(), request: request_id() },
        MachineMessage::LeavingDone { seats: seat().into() },
        MachineMessage::WarningEnded {
            seat: seat(),
            outcome: WarningOutcome::Kept,
            idle_s: IdleSeconds::clamped(1500),
        },
        MachineMessage::WarningEnded {
            seat: seat(),
            outcome: WarningOutcome::Unanswered,
            idle_s: IdleSeconds::clamped(1500),
        },
        MachineMessage::Overdraft(Overdraft {
            seat: seat(),
            pool: pool_id(),
            user: user().id,
            from: at(90),
            lasted_ms: OverdraftMs::clamped(600_000),
            at_least: true,
        }),
        MachineMessage::LogIn {
            email: user().email.parse().unwrap(),
            password: TypedPassword::new(Secret::new("correct horse")).unwrap(),
            os_user: None,
        },
        MachineMessage::LogIn {
            email: user().email.parse().unwrap(),
            password: TypedPassword::new(Secret::new("correct horse")).unwrap(),
            os_user: Some("1000".parse().unwrap()),
        },
        MachineMessage::LogOut { token: token() },
        MachineMessage::Resync,
    ]
}

pub(crate) fn from_pool() -> Vec<FromPool> {
    vec![
        FromPool::Welcome {
            version: PROTOCOL_VERSION,
            program: "hotseat-pool 0.1.0".to_owned(),
            position: position(),
            lease_ms: LeaseMs::clamped(90_000),
            seal: Some("5ea1".to_owned()),
            secret: Some(Secret::new("hsl_8")),
            void: false,
        },
        FromPool::Refused { problem: plain_problem() },
        FromPool::Answer { n: 1, answer: PoolAnswer::Done },
        FromPool::Snapshot {
            push: 1,
            position: position(),
            page: 1,
            pages: 1,
            items: vec![Projected::PoolRemoved { pool: pool_id() }],
        },
        FromPool::Changed {
            push: 2,
            previous: 1,
            position: position(),
            items: vec![Projected::PlaceEnded { request: request_id(), end: PlaceEnd::Left }],
        },
        FromPool::Sealed { position: position(), seal: "5ea1".to_owned() },
        FromPool::CloneSeen { at: at(60) },
        FromPool::WarnIdle { seat: seat(), waiter: Some("Olaf".to_owned()) },
        FromPool::Kept { seat: seat(), ago_ms: AgoMs::clamped(1_500) },
        FromPool::LogIns { users: vec![user().id] },
    ]
}

pub(crate) fn pool_answers() -> Vec<PoolAnswer> {
    let renewed = Renewed {
        seats: vec![SeatLeft { seat: seat(), left_ms: LeftMs::clamped(90_000) }],
        ended: vec![SeatClaimEnd { seat: seat(), end: None }],
        leaving: vec![SeatClaimEnd { seat: seat(), end: Some(end()) }],
        unclaimed: vec![UnclaimedSeat { seat: seat(), request: request_id() }],
        places: vec![PlaceLeft { request: request_id(), rank: 1, offer: Some(offer()) }],
        places_ended: vec![PlaceClaimEnd { request: request_id(), end: Some(PlaceEnd::Lapsed) }],
    };
    vec![
        PoolAnswer::Renewed(renewed),
        PoolAnswer::Outcome { outcome: Outcome::Passed },
        PoolAnswer::Done,
        PoolAnswer::LoggedIn {
            token: Secret::new("dG9rZW4"),
            user: user(),
            expires_at: at(2_592_000),
        },
        PoolAnswer::Problem { problem: refusal() },
    ]
}

pub(crate) fn projected() -> Vec<Projected> {
    vec![
        Projected::Pool { pool: Box::new(pool_view()) },
        Projected::Pool { pool: Box::new(pool_view_with_lease()) },
        Projected::Pool { pool: Box::new(pool_view_with_a_seat_set_aside()) },
        Projected::PoolRemoved { pool: pool_id() },
        Projected::Seat {
            seat: MachineSeat {
                seat: seat(),
                pool: pool_id(),
                user: user_id(),
                client: client("network"),
                anchor: Anchor::new("session c2").unwrap(),
                request: request_id(),
                since: at(0),
                counted: true,
                leaving: Some(end()),
            },
        },
        Projected::SeatEnded { seat: seat(), end: end() },
        Projected::Place {
            place: MachinePlace {
                id: place_id(),
                request: request_id(),
                pool: pool_id(),
                user: user_id(),
                anchor: Anchor::new("session c2").unwrap(),
                rank: 1,
                since: at(10),
                offer: Some(offer()),
            },
        },
        Projected::PlaceEnded { request: request_id(), end: PlaceEnd::Left },
    ]
}

pub(crate) fn outcomes() -> Vec<Outcome> {
    vec![
        Outcome::Seat {
            seat: seat(),
            client: client("network"),
            since: at(0),
            counted: true,
            left_ms: LeftMs::clamped(90_000),
        },
        Outcome::Waiting { place: place_id(), rank: 1, offer: Some(offer()) },
        Outcome::Refused { problem: refusal() },
        Outcome::Passed,
        Outcome::Ended { seat: seat_id(), epoch: epoch(), end: end() },
        Outcome::PlaceEnded { end: PlaceEnd::Declined },
        Outcome::Cancelled,
    ]
}
