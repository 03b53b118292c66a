//! The small office of the model: two seats, three machines with one person each, and the clocks.

use std::collections::BTreeMap;
use std::time::Duration;

use hotseat_broker_core::{Now, OsUser, Saved, SavedAccount};
use hotseat_protocol::ids::{
    ClientName, Generation, MachineId, Operation, PoolId, RequestId, SeatId, Secret, UserId,
    WallTime,
};
use hotseat_protocol::link::AccountUser;
use hotseat_rules::{ClientDefinition, Event, Mono, PoolDefinition, Rule, UserKind};

/// Machines, each with one person.
pub(super) const MACHINES: usize = 3;
/// Counted seats: one too few.
const SEATS: u32 = 2;
/// T. A third of it is one tick, so that an expiry is three ticks away.
pub(super) const LEASE: Duration = Duration::from_secs(30);
/// One tick of the model, in ms of true time.
pub(super) const TICK_MS: u64 = 10_000;
/// The pool and the promises look at the clock so often within a tick, in ms of true time. Less
/// than what the pool takes for a pause.
pub(super) const LOOK_MS: u64 = 1_000;
/// How fast each machine's boot-time clock runs, in thousandths: both ends of what is allowed.
const RATES: [u64; MACHINES] = [950, 1_000, 1_050];
/// How fast the pool's clock runs, in thousandths: too fast, so that leases end early.
const POOL_RATE: u64 = 1_050;

/// The one pool.
pub(super) fn pool() -> PoolId {
    PoolId::new("model").expect("a good name")
}

/// The one client.
pub(super) fn client() -> ClientName {
    ClientName::new("network").expect("a good name")
}

/// What it does.
pub(super) fn log_in() -> Operation {
    Operation::new("log-in").expect("a good name")
}

fn definition() -> PoolDefinition {
    let operations = BTreeMap::from([(log_in(), None)]);
    let network = ClientDefinition { rule: Rule::Hold, session_timeout: None, operations };
    let clients = BTreeMap::from([(client(), network)]);
    let defaults = PoolDefinition::with_defaults(pool(), "Model", SEATS, clients, client());
    PoolDefinition { lease: LEASE, offer: LEASE, ..defaults }
}

/// What was there before the model begins.
pub(super) fn founding() -> Vec<Event> {
    let mut events = vec![
        Event::Initialised { generation: Generation(1) },
        Event::PoolDefined { definition: Box::new(definition()) },
    ];
    for number in 0..MACHINES {
        events.push(Event::UserAdded { user: user(number), kind: UserKind::Concurrent });
        events.push(Event::MachineAdded { machine: machine(number) });
    }
    events
}

/// A machine's id.
pub(super) fn machine(number: usize) -> MachineId {
    MachineId::from_random(number as u128 + 1)
}

/// The person at a machine.
pub(super) fn user(number: usize) -> UserId {
    UserId::from_random(number as u128 + 1)
}

/// Their name for the operating system.
pub(super) fn os_user(number: usize) -> OsUser {
    OsUser(format!("{}", 1_000 + number))
}

/// The n-th request of a machine's person.
pub(super) fn request(number: usize, nth: u8) -> RequestId {
    RequestId::from_random((number as u128 + 1) << 8 | u128::from(nth))
}

/// Every request that there can be, with its machine.
pub(super) fn requests() -> impl Iterator<Item = (MachineId, RequestId)> {
    let machines = 0..MACHINES;
    machines.flat_map(|number| (1..=4).map(move |nth| (machine(number), request(number, nth))))
}

/// The id of the seat that a request gets, if it gets one: no counter, so that two orders of the
/// same events are the same state.
pub(super) fn seat_of(request: RequestId) -> SeatId {
    SeatId(request.0)
}

/// Whose token it is.
pub(super) fn of_token(token: &Secret) -> UserId {
    let number = (0..MACHINES).find(|number| token.expose() == number.to_string());
    user(number.expect("a token of the model"))
}

/// A machine's disk on which its person is logged in.
pub(super) fn disk(number: usize) -> Saved {
    let account = SavedAccount {
        token: Secret::new(number.to_string()),
        user: AccountUser {
            id: user(number),
            name: format!("person {number}"),
            email: format!("{number}@model.example"),
            named: false,
        },
        expires_at: WallTime { unix_ms: 0 },
    };
    Saved { accounts: BTreeMap::from([(os_user(number), account)]), ..Saved::default() }
}

/// What must be left of a lease so that belief in it lasts so much longer.
pub(super) fn before_the_fence(ms: u64) -> u64 {
    ms * 21 / 19
}

/// The pool's clock at a true time.
pub(super) fn pool_clock(true_ms: u64) -> Mono {
    Mono(1_000_000 + true_ms * POOL_RATE / 1_000)
}

/// A machine's clocks at a true time.
pub(super) fn machine_clock(number: usize, true_ms: u64) -> Now {
    let boot_ms = 1_000 + true_ms * RATES[number] / 1_000;
    let unix_ms = i64::try_from(boot_ms).expect("a short model");
    Now { boot_ms, wall: WallTime { unix_ms } }
}
