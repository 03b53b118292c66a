//! A broker core whose disk works, with a pool that the bytes play or that says yes to everything.

use std::collections::BTreeMap;

use hotseat_broker_core::{
    Boot, Caller, ConnectionId, Core, Effect, Input, LinkId, Now, OsUser, Saved, SavedAccount,
    SessionKey, Settings, WriteId, next_deadline, step,
};
use hotseat_protocol::ids::{
    ClientName, Epoch, Generation, PoolId, SeatId, SeatRef, Secret, Seq, UserId, WallTime,
};
use hotseat_protocol::ipc::{FromBroker, Hello, Request};
use hotseat_protocol::link::{
    AccountUser, FromPool, JournalPosition, MachineMessage, Outcome, PoolAnswer, Renewed, SeatLeft,
};
use hotseat_protocol::quantity::LeftMs;

/// The lease that the pool states, in ms.
const LEASE_MS: u64 = 90_000;
/// Wake-ups in a row without a clock that moves: more is a core that spins.
const WAKE_UPS_MAX: u32 = 10_000;

/// The core, its clock and its link.
pub(super) struct Desk {
    core: Core,
    boot_ms: u64,
    link: LinkId,
    last_connection: u64,
    /// What is sent to the pool and not answered yet.
    sent: Vec<(u64, MachineMessage)>,
    /// Requests under way, by connection and id: how many, and how many answers they may get.
    asked: BTreeMap<(ConnectionId, u64), u32>,
}

impl Desk {
    /// One user is logged in, and the link is up.
    pub(super) fn new() -> Self {
        let mut saved = Saved::default();
        let account = SavedAccount {
            token: Secret::new("token".to_owned()),
            user: AccountUser {
                id: UserId::from_random(1),
                name: "Lucy".to_owned(),
                email: "lucy@finance.example".to_owned(),
                named: false,
            },
            expires_at: WallTime { unix_ms: 2_000_000_000_000 },
        };
        saved.accounts.insert(user(), account);
        let settings = Settings {
            program: "hostile".to_owned(),
            server_url: Some("http://pool".to_owned()),
            ..Settings::default()
        };
        let now = Now { boot_ms: 1_000_000, wall: wall(1_000_000) };
        let (core, first) = Core::start(settings, saved, Boot::Another, now);
        let mut desk = Self {
            core,
            boot_ms: now.boot_ms,
            link: LinkId(0),
            last_connection: 0,
            sent: Vec::new(),
            asked: BTreeMap::new(),
        };
        desk.perform(first);
        desk.link_up();
        desk
    }

    pub(super) fn link_up(&mut self) {
        self.link = LinkId(self.link.0 + 1);
        self.sent.clear();
        let position = JournalPosition { generation: 7, seq: Seq(1) };
        self.input(Input::LinkUp { link: self.link, lease_ms: LEASE_MS, position });
    }

    pub(super) fn pool_says(&mut self, frame: FromPool) {
        self.input(Input::FromPool { link: self.link, frame });
    }

    /// A program greets; its connection.
    pub(super) fn open(&mut self, hello: Hello) -> ConnectionId {
        self.last_connection += 1;
        let connection = ConnectionId(self.last_connection);
        let session = SessionKey { user: user(), name: "uid 1000".to_owned() };
        let caller = Caller { session, watched: true };
        let fresh = u128::from(self.last_connection);
        self.input(Input::Opened { connection, caller, hello, fresh });
        connection
    }

    pub(super) fn close(&mut self, connection: ConnectionId) {
        self.input(Input::Closed { connection });
        self.asked.retain(|(of, _), _| *of != connection);
    }

    pub(super) fn ask(&mut self, connection: ConnectionId, id: u64, request: Request) {
        *self.asked.entry((connection, id)).or_default() += 1;
        let fresh = Secret::new(format!("key {id}"));
        self.input(Input::Asked { connection, id, request, fresh });
    }

    pub(super) fn idle(&mut self, connection: ConnectionId, idle_s: Option<u64>, locked: bool) {
        self.input(Input::Idle { connection, idle_s, locked });
    }

    /// The pool says yes to whatever it was asked.
    pub(super) fn pool_agrees(&mut self) {
        for (n, message) in std::mem::take(&mut self.sent) {
            let answer = if let MachineMessage::SignOn(_) = message {
                PoolAnswer::Outcome { outcome: granted(n) }
            } else if let MachineMessage::Renew(renewal) = message {
                let left = renewal.seats.iter();
                let left = left
                    .map(|claim| SeatLeft { seat: claim.seat, left_ms: LeftMs::clamped(LEASE_MS) });
                PoolAnswer::Renewed(Renewed { seats: left.collect(), ..Renewed::default() })
            } else {
                PoolAnswer::Done
            };
            self.pool_says(FromPool::Answer { n, answer });
        }
    }

    /// A pool that the broker knows, if any.
    pub(super) fn some_pool(&self) -> Option<PoolId> {
        self.core.view(&user()).pools.first().map(|state| state.pool.id.clone())
    }

    /// Time passes, and the core is woken whenever it wants to be.
    pub(super) fn pass(&mut self, ms: u64) {
        let until = self.boot_ms.saturating_add(ms);
        for _ in 0..WAKE_UPS_MAX {
            let Some(next) = next_deadline(&self.core).filter(|next| *next <= until) else {
                self.boot_ms = until;
                self.input(Input::Tick);
                return;
            };
            self.boot_ms = self.boot_ms.max(next);
            self.input(Input::Tick);
        }
        panic!("the core wants to be woken for nothing, again and again");
    }

    /// What everybody is shown can be said on the wire.
    pub(super) fn look(&self) {
        serde_json::to_string(&self.core.view(&user())).expect("a view can be said");
    }

    /// Nobody is believed to hold a seat for longer than the lease that this pool states.
    pub(super) fn nobody_believes_too_long(&self) {
        let view = self.core.view(&user());
        for seat in view.pools.iter().flat_map(|pool| &pool.seats) {
            let ends = self.boot_ms.saturating_add(LEASE_MS);
            assert!(!seat.held_at(ends), "held for longer than a lease: {seat:?}");
        }
    }

    fn input(&mut self, input: Input) {
        let now = Now { boot_ms: self.boot_ms, wall: wall(self.boot_ms) };
        let effects = step(&mut self.core, input, now);
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        let mut written: Vec<WriteId> = Vec::new();
        for effect in effects {
            match effect {
                Effect::Store { write, .. } => written.push(write),
                Effect::Reply { connection, id, reply } => {
                    serde_json::to_string(&reply).expect("a reply can be said");
                    let owed = self.asked.get_mut(&(connection, id));
                    let owed = owed.filter(|owed| **owed > 0);
                    let owed = owed.expect("an answer to something that nobody asks");
                    *owed -= 1;
                }
                Effect::Push { frame, .. } => said(&frame),
                Effect::SendToPool { link, n, body } => {
                    assert_eq!(link, self.link, "a message for another link");
                    serde_json::to_string(&body).expect("a message can be said");
                    self.sent.push((n, body));
                }
                Effect::Disconnect { .. }
                | Effect::ReleaseInhibitor(_)
                | Effect::RunHook { .. }
                | Effect::SkipHook { .. }
                | Effect::TakeUpEnrolment => {}
                Effect::Stop => panic!("no frame may stop the broker"),
            }
        }
        for write in written {
            self.input(Input::Stored { write, ok: true });
        }
    }
}

fn said(frame: &FromBroker) {
    serde_json::to_string(frame).expect("a push can be said");
}

fn user() -> OsUser {
    OsUser("1000".to_owned())
}

/// The wall clock goes with the other one.
fn wall(boot_ms: u64) -> WallTime {
    WallTime { unix_ms: 1_700_000_000_000 + i64::try_from(boot_ms).unwrap_or(i64::MAX / 2) }
}

fn granted(n: u64) -> Outcome {
    Outcome::Seat {
        seat: SeatRef {
            id: SeatId::from_random(u128::from(n) + 1),
            epoch: Epoch { generation: Generation(7), seq: Seq(n) },
        },
        client: ClientName::new("network").expect("a client may be named so"),
        since: WallTime { unix_ms: 1_700_000_000_000 },
        counted: true,
        left_ms: LeftMs::clamped(LEASE_MS),
    }
}
