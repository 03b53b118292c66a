//! People, machines and what they ask.

use hotseat_protocol::ids::{
    Anchor, ClientName, Generation, MachineId, Operation, PlaceId, PoolId, RequestId, SeatId,
    SeatRef, UserId,
};
use hotseat_protocol::reason::ReleaseReason;
use hotseat_rules::presets::infor_crm;
use hotseat_rules::{Accept, BodyHash, Caller, Check, Command, Idle, Renewal, SignOn, UserKind};

use crate::engine::Work;

/// How large the office is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Office {
    pub(super) seats: u32,
    pub(super) people: u128,
}

/// The commands that open an office: each person `n` has machine `n`.
pub(super) fn opening(office: Office) -> Vec<Command> {
    let mut commands = vec![
        Command::Initialise { generation: Generation(7) },
        Command::DefinePool { definition: Box::new(infor_crm(office.seats)) },
    ];
    for n in 1..=office.people {
        commands.push(Command::AddUser { user: user(n), kind: UserKind::Concurrent });
        commands.push(Command::AddMachine { machine: machine(n) });
    }
    commands
}

pub(super) fn user(n: u128) -> UserId {
    UserId::from_random(n)
}

pub(super) fn machine(n: u128) -> MachineId {
    MachineId::from_random(n)
}

pub(super) fn pool() -> PoolId {
    PoolId::new("infor-crm").unwrap()
}

fn operation() -> Operation {
    Operation::new("log-in").unwrap()
}

/// Person `n` signs on at their machine; `request` is unique in a test.
pub(super) fn sign_on(n: u128, request: u128) -> Command {
    Command::SignOn(desk(n, request))
}

/// The same, waiting in line when there is no seat.
pub(super) fn wait(n: u128, request: u128) -> Command {
    Command::SignOn(SignOn { wait: Some(Accept::Ask), ..desk(n, request) })
}

fn desk(n: u128, request: u128) -> SignOn {
    SignOn {
        caller: Caller::Machine(machine(n)),
        request: RequestId::from_random(request),
        body: BodyHash([1; 32]),
        pool: pool(),
        user: user(n),
        client: ClientName::new("network").unwrap(),
        operation: operation(),
        anchor: Anchor::new("session").unwrap(),
        wait: None,
        fresh_seat: SeatId::from_random(request),
        fresh_place: PlaceId::from_random(request),
    }
}

pub(super) fn check(n: u128, request: u128) -> Command {
    Command::Check(Check {
        caller: Caller::Machine(machine(n)),
        request: RequestId::from_random(request),
        body: BodyHash([2; 32]),
        pool: pool(),
        user: user(n),
        client: ClientName::new("outlook").unwrap(),
        operation: operation(),
    })
}

pub(super) fn sign_off(n: u128, seat: SeatRef) -> Command {
    let by = Caller::Machine(machine(n));
    Command::SignOff { by, seat, reason: ReleaseReason::SignedOffByTheUser }
}

/// Machine `n` claims these seats.
pub(super) fn renew(n: u128, seats: &[SeatRef]) -> Work {
    let renewal = Renewal { seats: seats.to_vec(), ..Renewal::default() };
    Work::Renew { machine: machine(n), renewal }
}

/// Machine `n` claims a seat whose holder is idle.
pub(super) fn renew_idle(n: u128, seat: SeatRef, idle: std::time::Duration) -> Work {
    let idle = vec![(seat.id, Idle::For(idle))];
    let renewal = Renewal { seats: vec![seat], idle, ..Renewal::default() };
    Work::Renew { machine: machine(n), renewal }
}
