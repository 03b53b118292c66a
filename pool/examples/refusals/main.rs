//! What a refusal costs, and what a sign-on with its sign-off does: memory for each one that is
//! kept, bytes of journal, and time where thousands hold seats.
//!
//! `cargo run --release -p hotseat-pool --example refusals` prints; nothing fails by a number.

mod output;

use std::time::Duration;

use hotseat_pool::clock::{Clock as _, SystemClock};
use hotseat_pool::engine::spending::PERSON;
use hotseat_pool::journal::{Record, StoredSnapshot};
use hotseat_protocol::ids::{
    Anchor, ClientName, Generation, Operation, PlaceId, PoolId, RequestId, SeatId, Seq, ServiceId,
    UserId, WallTime,
};
use hotseat_protocol::reason::ReleaseReason;
use hotseat_rules::presets::infor_crm;
use hotseat_rules::{
    At, BodyHash, Caller, Command, Event, Mono, Presence, SignOn, State, UserKind, answer, apply,
    decide,
};

use output::say;

/// A morning's worth of an application that asks in a loop.
const REFUSALS: u64 = 246_000;
/// Rounds of one person, more than a budget brings in a day.
const ROUNDS: u64 = 50_000;
/// The largest pool that the project speaks of.
const SEATS: u32 = 10_000;

/// A pool server without a disk: the committed state, and the working one ahead of it.
struct Server {
    working: State,
    committed: State,
    presence: Presence,
}

impl Server {
    fn new(seats: u32) -> Self {
        let state = State::default();
        let presence = Presence::new(&state, Mono(0));
        let mut server = Self { working: state.clone(), committed: state, presence };
        server.does(&Command::Initialise { generation: Generation(1) });
        server.does(&Command::DefinePool { definition: Box::new(infor_crm(seats)) });
        server
    }

    fn does(&mut self, command: &Command) -> Vec<Event> {
        let decision = decide(&self.working, &self.presence, command, Mono(0));
        for event in decision.iter().flatten() {
            let time = WallTime { unix_ms: i64::try_from(self.working.seq().0).unwrap_or(0) };
            let at = At { seq: self.working.seq().next(), time };
            apply(&mut self.working, event, at);
            apply(&mut self.committed, event, at);
        }
        let events = decision.clone().unwrap_or_default();
        self.presence.after(&self.working, command, &events, Mono(0));
        let _ = answer(&self.working, &self.presence, command, &decision, Mono(0));
        events
    }

    /// A user signs on through an application server; names are new texts, as from the wire.
    fn signs_on(&mut self, n: u64) {
        let (n, user) = (u128::from(n), UserId::from_random(u128::from(n)));
        self.does(&Command::AddUser { user, kind: UserKind::Concurrent });
        self.asks(n, user);
    }

    fn asks(&mut self, n: u128, user: UserId) -> Vec<Event> {
        let named = "a constant name is a name";
        self.does(&Command::SignOn(SignOn {
            caller: Caller::Service(ServiceId::from_random(1)),
            request: RequestId::from_random(n),
            body: BodyHash([7; 32]),
            pool: PoolId::new("infor-crm").expect(named),
            user,
            client: ClientName::new("web").expect(named),
            operation: Operation::new("log-in").expect(named),
            anchor: Anchor::new(format!("session {n}")).expect(named),
            wait: None,
            fresh_seat: SeatId::from_random(n),
            fresh_place: PlaceId::from_random(n),
        }))
    }
}

/// Resident memory in KiB, where the system says it in `/proc`.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// What a person's loop of sign-on and sign-off costs for each round, and what its budget for a day
/// comes to.
fn rounds() {
    let mut server = Server::new(10);
    let user = UserId::from_random(1);
    server.does(&Command::AddUser { user, kind: UserKind::Concurrent });
    let (before, mut journal) = (resident_kib(), 0);
    for n in 0..ROUNDS {
        let events = server.asks(u128::from(n), user);
        let seat = server.working.user_seats(user).map(|seat| seat.seat_ref()).next();
        let seat = seat.expect("a seat is free");
        let by = Caller::Service(ServiceId::from_random(1));
        let reason = ReleaseReason::SignedOffByTheUser;
        let off = server.does(&Command::SignOff { by, seat, reason });
        journal += events.into_iter().chain(off).map(bytes).sum::<usize>();
    }
    let rounds = usize::try_from(ROUNDS).unwrap_or(usize::MAX);
    let day = PERSON.within(Duration::from_hours(24));
    say(&format!("{ROUNDS} rounds of sign-on and sign-off of one person"));
    say(&format!("  journal: {} bytes each, indexes and log not counted", journal / rounds));
    if let Some((before, after)) = before.zip(resident_kib()) {
        let each = after.saturating_sub(before) * 1024 / ROUNDS;
        say(&format!("  memory: {each} bytes each"));
        let day_mib = u128::from(each) * day / (1024 * 1024);
        say(&format!("  a day's budget: {day} rounds, {day_mib} MiB of memory"));
    }
}

fn bytes(event: Event) -> usize {
    let (seq, at) = (Seq(u64::MAX), WallTime { unix_ms: 0 });
    let record = Record { seq, at, generation: Generation(1), event, actor: None };
    record.store().payload.len()
}

fn main() {
    let clock = SystemClock::new();
    let mut server = Server::new(0);
    let user = UserId::from_random(1);
    server.does(&Command::AddUser { user, kind: UserKind::Concurrent });
    let before = resident_kib();
    for n in 0..REFUSALS {
        server.asks(u128::from(n), user);
    }
    let snapshot = StoredSnapshot::of(server.committed.contents());
    say(&format!("{REFUSALS} refusals of one caller"));
    match before.zip(resident_kib()) {
        Some((before, after)) => {
            say(&format!("  memory: {} KiB more", after.saturating_sub(before)));
        }
        None => say("  memory: this system does not say"),
    }
    say(&format!("  snapshot: {} KiB", snapshot.payload.len() / 1024));

    rounds();

    let mut server = Server::new(SEATS);
    for n in 0..u64::from(SEATS) {
        server.signs_on(n);
    }
    let began = clock.mono();
    let asked = 2_000_u32;
    for n in 0..asked {
        server.asks(u128::from(n) + 1_000_000, UserId::from_random(1));
    }
    let took = clock.mono().since(began);
    say(&format!("{asked} refusals of a pool with {SEATS} seats held"));
    say(&format!("  time: {} µs each", took.as_micros() / u128::from(asked)));
}
