//! Samples of IPC.

use hotseat_protocol::ids::{Operation, Secret};
use hotseat_protocol::ipc::{
    AnchorKind, Change, EndedSeat, FromBroker, Health, Hello, LinkState, Lost, MyOffer, MyPlace,
    MySeat, Notice, PoolState, Reply, Request, ResumeKey, Role, ToBroker, View, Warning,
};
use hotseat_protocol::link::{Accept, Outcome, SeatEnd};
use hotseat_protocol::reason::{PlaceEnd, ReleaseReason};

use hotseat_protocol::version::PROTOCOL_VERSION;

use super::*;

fn warning() -> Warning {
    Warning {
        ends_boot_ms: 720_000,
        ends_at: at(120),
        idle_s: 1500,
        waiter: Some("Olaf".to_owned()),
        wanted: true,
    }
}

fn my_offer() -> MyOffer {
    MyOffer { id: offer_id(), ends_boot_ms: 660_000, ends_at: at(60) }
}

fn lost() -> Lost {
    Lost {
        end: SeatEnd { reason: ReleaseReason::LeaseExpired, by: None, note: None, at: at(90) },
        silent_s: Some(80),
        slept: false,
        seat: None,
    }
}

fn ended_seat() -> EndedSeat {
    EndedSeat { id: seat_id(), deadline_boot_ms: 680_400, newest: epoch() }
}

fn pool_state() -> PoolState {
    PoolState {
        pool: pool_view(),
        seats: vec![MySeat {
            id: seat_id(),
            epoch: epoch(),
            client: client("network"),
            since: at(0),
            counted: true,
            deadline_boot_ms: 680_400,
            deadline_at: at(80),
            confirmed: true,
            leaving: None,
            anchor: AnchorKind::Session,
        }],
        place: Some(MyPlace {
            id: place_id(),
            request: request_id(),
            rank: 1,
            since: at(10),
            offer: Some(my_offer()),
        }),
        warning: Some(warning()),
        lost: Some(lost()),
    }
}

fn link_down() -> LinkState {
    LinkState::Down { since: Some(at(30)), cause: Some(plain_problem()) }
}

fn trouble() -> Problem {
    Problem::new(
        Code::MachineCloned,
        "Another computer uses this computer's identity.",
        "Enrol one.",
    )
}

fn view() -> View {
    View {
        link: LinkState::Up,
        trouble: Some(trouble()),
        account: Some(user()),
        pools: vec![pool_state()],
    }
}

fn resume() -> ResumeKey {
    ResumeKey { seat: seat_id(), key: Secret::new("c2VjcmV0") }
}

pub(crate) fn to_broker() -> Vec<ToBroker> {
    let hello = Hello {
        version: PROTOCOL_VERSION,
        program: "hotseat-tray 0.1.0".to_owned(),
        role: Role::Tray,
        display: Some(":0".to_owned()),
        resume: vec![resume()],
    };
    vec![
        ToBroker::Hello(hello),
        ToBroker::Request { id: 7, request: Request::View },
        ToBroker::Idle { idle_s: IdleSeconds::new(840), locked: false },
        ToBroker::Idle { idle_s: None, locked: true },
        ToBroker::Pong { n: 3 },
    ]
}

pub(crate) fn requests() -> Vec<Request> {
    vec![
        Request::View,
        Request::Subscribe,
        Request::log_in(&user().email, Secret::new("correct horse")).unwrap(),
        Request::LogOut,
        Request::SignOn {
            request: request_id(),
            pool: pool_id(),
            client: Some(client("network")),
            wait: Some(Accept::Ask),
        },
        Request::SignOff { pool: None },
        Request::Check {
            request: request_id(),
            pool: pool_id(),
            client: client("outlook"),
            operation: Some(Operation::new("send-to-crm").unwrap()),
        },
        Request::LeaveLine { pool: pool_id() },
        Request::AcceptOffer { offer: offer_id() },
        Request::DeclineOffer { offer: offer_id() },
        Request::Keep { pool: pool_id() },
        Request::AcknowledgeLoss { pool: pool_id() },
        Request::Doctor,
        Request::Goodbye,
        Request::OpenWindow,
    ]
}

pub(crate) fn from_broker() -> Vec<FromBroker> {
    vec![
        FromBroker::Hello { version: PROTOCOL_VERSION, program: "hotseat-broker 0.1.0".to_owned() },
        FromBroker::Welcome { session: "uid 1000".to_owned() },
        FromBroker::Refused { problem: plain_problem() },
        FromBroker::Reply { id: 7, reply: Reply::Done },
        FromBroker::Snapshot { seq: 1, view: view() },
        FromBroker::Changed { seq: 2, changes: vec![Change::Link { link: LinkState::Up }] },
        FromBroker::Notice { notice: Notice::PoolReachable { pool: pool_id() } },
        FromBroker::OpenWindow,
        FromBroker::Ping { n: 3 },
        FromBroker::Stopping,
    ]
}

pub(crate) fn replies() -> Vec<Reply> {
    let health = Health {
        program: "hotseat-broker 0.1.0".to_owned(),
        server_url: Some("http://127.0.0.1:7480".to_owned()),
        link: link_down(),
        round_trip_ms: Some(2),
        heard_s: Some(4),
        state_writable: true,
        account: Some(user()),
        session: "c2".to_owned(),
        tray: true,
        idle_s: Some(3),
        clone_seen_at: Some(at(60)),
        pending_sign_offs: 0,
    };
    vec![
        Reply::Done,
        Reply::View { view: view() },
        Reply::Outcome {
            outcome: Outcome::Passed,
            deadline_boot_ms: Some(680_400),
            resume: Some(resume()),
        },
        Reply::SignedOff { pools: vec![pool_id()] },
        Reply::LoggedIn { user: user() },
        Reply::Health { health },
        Reply::Problem { problem: plain_problem() },
    ]
}

pub(crate) fn changes() -> Vec<Change> {
    vec![
        Change::Link { link: link_down() },
        Change::Link { link: LinkState::NotEnrolled },
        Change::Account { account: None },
        Change::Pool { pool: Box::new(pool_state()) },
        Change::PoolRemoved { pool: pool_id() },
        Change::Trouble { trouble: Some(trouble()) },
        Change::Trouble { trouble: None },
    ]
}

pub(crate) fn notices() -> Vec<Notice> {
    vec![
        Notice::IdleWarning { pool: pool_id(), warning: warning() },
        Notice::WarningOver { pool: pool_id() },
        Notice::SignedOffIdle {
            pool: pool_id(),
            idle_since: at(0),
            next: Some("Olaf".to_owned()),
            seat: None,
        },
        Notice::SignedOffIdle {
            pool: pool_id(),
            idle_since: at(0),
            next: None,
            seat: Some(ended_seat()),
        },
        Notice::YourTurn { pool: pool_id(), offer: my_offer() },
        Notice::PlaceEnded {
            pool: pool_id(),
            end: PlaceEnd::OfferLapsed,
            place: None,
            newest: None,
        },
        Notice::PlaceEnded {
            pool: pool_id(),
            end: PlaceEnd::OfferLapsed,
            place: Some(place_id()),
            newest: Some(epoch()),
        },
        Notice::Reclaimed { pool: pool_id(), end: end(), seat: None },
        Notice::Reclaimed { pool: pool_id(), end: end(), seat: Some(ended_seat()) },
        Notice::Lost { pool: pool_id(), lost: lost() },
        Notice::Lost { pool: pool_id(), lost: Lost { seat: Some(ended_seat()), ..lost() } },
        Notice::ResumeReport {
            pool: pool_id(),
            lost: Lost { slept: true, ..lost() },
            taken_by: vec!["Bill".to_owned()],
            free: Some(0),
            rank: Some(1),
        },
        Notice::PoolReachable { pool: pool_id() },
    ]
}
