//! Given/when/then over the whole core: a desk with a disk, a clock and a pool that the test plays.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for the one variant that it means"
)]

mod belief;
mod deadlines;
mod disk;
mod edges;
mod ends;
mod enrolment;
mod fixtures;
mod gone;
mod hooks;
mod idleness;
mod leases;
mod leftovers;
mod lists;
mod offline;
mod parts;
mod people;
mod questions;
mod same_key;
mod several;
mod shown;
mod sleep;
mod trays;
mod waiting;
mod warnings;

use alloc::boxed::Box;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use hotseat_protocol::bounded_text::{EmailText, TypedPassword};
use hotseat_protocol::ids::{
    ClientName, Epoch, Generation, PoolId, RequestId, SeatId, SeatRef, Secret, Seq, UserId,
    WallTime,
};
use hotseat_protocol::ipc::{FromBroker, Hello, MySeat, Notice, PoolState, Reply, Request, Role};
use hotseat_protocol::link::{
    Accept, AccountUser, FromPool, JournalPosition, MachineMessage, Outcome, PoolAnswer, Projected,
    Renewal, Renewed, SeatEnd, SeatLeft,
};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_protocol::quantity::{
    AgoMs, IdleSeconds, LeaseMs, LeftMs, SignOffAfterMs, TrayGraceMs, WarnAfterMs,
};
use hotseat_protocol::reason::ReleaseReason;
use hotseat_protocol::version::PROTOCOL_VERSION;
use hotseat_protocol::view::{OnSleep, PolicyView, PoolView, Privacy};

use super::*;
use fixtures::*;

pub(super) const T: u64 = 90_000;
pub(super) const TRAY: ConnectionId = ConnectionId(1);
pub(super) const CLI: ConnectionId = ConnectionId(2);
pub(super) const RUN: ConnectionId = ConnectionId(3);
pub(super) const OTHER: ConnectionId = ConnectionId(4);

/// More often than this no core wants to be woken while a test waits once.
const WAKES_MAX: usize = 10_000;

/// A core with everything around it played by the test.
pub(super) struct Desk {
    pub(super) core: Core,
    pub(super) boot_ms: u64,
    pub(super) wall_ms: i64,
    /// What is on the disk.
    pub(super) disk: Saved,
    /// Whether writes succeed; none: they do not end.
    pub(super) disk_works: Option<bool>,
    pub(super) writes: Vec<WriteId>,
    pub(super) replies: Vec<(ConnectionId, u64, Reply)>,
    pub(super) pushes: Vec<(ConnectionId, FromBroker)>,
    pub(super) sent: Vec<(u64, MachineMessage)>,
    pub(super) others: Vec<Effect>,
    pub(super) link: LinkId,
    last_id: u64,
}

fn settings() -> Settings {
    Settings {
        program: "test".into(),
        server_url: Some("http://pool".into()),
        ..Settings::default()
    }
}

impl Desk {
    /// Lucy and Bill are logged in on an enrolled machine; the link is up and the pool is known.
    pub(super) fn new() -> Self {
        let mut desk = Self::without_link();
        desk.link_up();
        desk
    }

    pub(super) fn without_link() -> Self {
        let mut saved = Saved::default();
        saved.accounts.insert(lucy(), account("lucy", 1));
        saved.accounts.insert(bill(), account("bill", 2));
        Self::start(saved, Boot::Another, 100_000_000)
    }

    /// A broker starts on what is on the disk.
    pub(super) fn start(saved: Saved, boot: Boot, boot_ms: u64) -> Self {
        Self::start_with(settings(), saved, boot, boot_ms)
    }

    pub(super) fn start_with(settings: Settings, saved: Saved, boot: Boot, boot_ms: u64) -> Self {
        let wall_ms = 1_700_000_000_000;
        let now = Now { boot_ms, wall: WallTime { unix_ms: wall_ms } };
        let (core, effects) = Core::start(settings, saved.clone(), boot, now);
        let mut desk = Self {
            core,
            boot_ms,
            wall_ms,
            disk: saved,
            disk_works: Some(true),
            writes: vec![],
            replies: vec![],
            pushes: vec![],
            sent: vec![],
            others: vec![],
            link: LinkId(0),
            last_id: 0,
        };
        desk.perform(effects);
        desk
    }

    /// The broker's process dies and is started again in the same boot.
    pub(super) fn restart(self, boot: Boot) -> Self {
        Self::start(self.disk, boot, self.boot_ms + 1_000)
    }

    pub(super) fn input(&mut self, input: Input) {
        let now = Now { boot_ms: self.boot_ms, wall: WallTime { unix_ms: self.wall_ms } };
        let effects = step(&mut self.core, input, now);
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Store { write, changes } => match self.disk_works {
                    Some(ok) => {
                        if ok {
                            changes.iter().for_each(|change| self.disk.apply(change));
                        }
                        self.input(Input::Stored { write, ok });
                    }
                    None => self.writes.push(write),
                },
                Effect::Reply { connection, id, reply } => {
                    self.replies.push((connection, id, reply))
                }
                Effect::Push { connection, frame } => self.pushes.push((connection, frame)),
                Effect::SendToPool { link, n, body } => {
                    assert_eq!(link, self.link);
                    self.sent.push((n, body));
                }
                other => self.others.push(other),
            }
        }
    }

    /// Time passes; the core is woken whenever it wants to be.
    pub(super) fn pass(&mut self, ms: u64) {
        let until = self.boot_ms + ms;
        let mut wakes = 0;
        while let Some(next) = next_deadline(&self.core).filter(|next| *next <= until) {
            let next = next.max(self.boot_ms);
            self.wall_ms += i64::try_from(next - self.boot_ms).unwrap();
            self.boot_ms = next;
            let before = self.sent.len();
            self.input(Input::Tick);
            let again = next_deadline(&self.core).is_some_and(|again| again <= next);
            wakes += 1;
            assert!(
                (!again || self.sent.len() > before) && wakes < WAKES_MAX,
                "the core wants to be woken for nothing, again and again"
            );
        }
        self.wall_ms += i64::try_from(until - self.boot_ms).unwrap();
        self.boot_ms = until;
        self.input(Input::Tick);
    }

    pub(super) fn link_up(&mut self) {
        self.link = LinkId(self.link.0 + 1);
        self.sent.clear();
        self.input(Input::LinkUp {
            link: self.link,
            lease_ms: T,
            position: JournalPosition { generation: 7, seq: Seq(1) },
        });
        let view = pool_view();
        self.show(view);
    }

    /// The pool's whole projection is one pool.
    pub(super) fn show(&mut self, view: PoolView) {
        let pool = Box::new(view);
        self.snapshot(vec![Projected::Pool { pool }]);
    }

    pub(super) fn snapshot(&mut self, items: Vec<Projected>) {
        self.frame(FromPool::Snapshot {
            push: 1,
            position: JournalPosition { generation: 7, seq: Seq(1) },
            page: 1,
            pages: 1,
            items,
        });
    }

    pub(super) fn link_down(&mut self) {
        self.input(Input::LinkDown { cause: None });
    }

    pub(super) fn frame(&mut self, frame: FromPool) {
        let link = self.link;
        self.input(Input::FromPool { link, frame });
    }

    pub(super) fn answer(&mut self, n: u64, answer: PoolAnswer) {
        self.frame(FromPool::Answer { n, answer });
    }

    pub(super) fn open(&mut self, connection: ConnectionId, role: Role, user: OsUser) {
        self.open_with(connection, role, user, Vec::new());
    }

    pub(super) fn open_with(
        &mut self,
        connection: ConnectionId,
        role: Role,
        user: OsUser,
        resume: Vec<hotseat_protocol::ipc::ResumeKey>,
    ) {
        let name = format!("uid {user}");
        self.input(Input::Opened {
            connection,
            caller: Caller { session: SessionKey { user, name }, watched: false },
            hello: Hello {
                version: PROTOCOL_VERSION,
                program: "test".into(),
                role,
                display: None,
                resume,
            },
            fresh: u128::from(connection.0),
        });
    }

    pub(super) fn close(&mut self, connection: ConnectionId) {
        self.input(Input::Closed { connection });
    }

    pub(super) fn ask(&mut self, connection: ConnectionId, request: Request) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        self.input(Input::Asked {
            connection,
            id,
            request,
            fresh: Secret::new(format!("key {id}")),
        });
        id
    }

    pub(super) fn sign_on(&mut self, connection: ConnectionId, id: u128) -> u64 {
        self.sign_on_waiting(connection, id, None)
    }

    pub(super) fn sign_on_waiting(
        &mut self,
        connection: ConnectionId,
        id: u128,
        wait: Option<Accept>,
    ) -> u64 {
        self.ask(
            connection,
            Request::SignOn { request: request(id), pool: pool(), client: None, wait },
        )
    }

    /// Lucy's tray is open and holds `seat`.
    pub(super) fn with_tray_holding(seat: SeatRef) -> Self {
        let mut desk = Self::new();
        desk.open(TRAY, Role::Tray, lucy());
        desk.ask(TRAY, Request::Subscribe);
        desk.sign_on(TRAY, 1);
        let n = desk.number_of(is_sign_on);
        desk.answer(n, granted(seat, T));
        desk.renewal_answered(&[(seat, T)]);
        desk
    }

    /// The number of the newest message of a kind.
    pub(super) fn number_of(&self, kind: impl Fn(&MachineMessage) -> bool) -> u64 {
        let message = self.sent.iter().rev().find(|(_, body)| kind(body));
        message.expect("such a message was sent").0
    }

    pub(super) fn messages(&self, kind: impl Fn(&MachineMessage) -> bool) -> usize {
        self.sent.iter().filter(|(_, body)| kind(body)).count()
    }

    pub(super) fn last_renewal(&self) -> Renewal {
        let renewal = self.sent.iter().rev().find_map(|(_, body)| match body {
            MachineMessage::Renew(renewal) => Some(renewal.clone()),
            _ => None,
        });
        renewal.expect("a renewal was sent")
    }

    /// The newest renewal is answered with what is left of these seats.
    pub(super) fn renewal_answered(&mut self, left: &[(SeatRef, u64)]) {
        let seats = left.iter().copied();
        let seats =
            seats.map(|(seat, left_ms)| SeatLeft { seat, left_ms: LeftMs::clamped(left_ms) });
        self.renewed(Renewed { seats: seats.collect(), ..Renewed::default() });
    }

    pub(super) fn renewed(&mut self, renewed: Renewed) {
        let n = self.number_of(is_renewal);
        self.answer(n, PoolAnswer::Renewed(renewed));
    }

    pub(super) fn state(&self, user: &OsUser) -> PoolState {
        self.core.view(user).pools.remove(0)
    }

    pub(super) fn seats_of(&self, user: &OsUser) -> Vec<MySeat> {
        self.state(user).seats
    }

    /// Whether the broker says that Lucy holds a seat now.
    pub(super) fn held(&self) -> bool {
        let seats = self.seats_of(&lucy());
        seats.iter().any(|seat| seat.held_at(self.boot_ms))
    }

    pub(super) fn reply(&self, id: u64) -> Option<&Reply> {
        let reply = self.replies.iter().find(|(_, of, _)| *of == id);
        reply.map(|(_, _, reply)| reply)
    }

    pub(super) fn problem(&self, id: u64) -> Option<Code> {
        match self.reply(id) {
            Some(Reply::Problem { problem }) => Some(problem.code),
            _ => None,
        }
    }

    pub(super) fn notices(&self) -> Vec<&Notice> {
        self.pushes
            .iter()
            .filter_map(|(_, frame)| match frame {
                FromBroker::Notice { notice } => Some(notice),
                _ => None,
            })
            .collect()
    }

    /// The sign-offs that were sent, with their reasons.
    pub(super) fn sign_offs(&self) -> Vec<(SeatRef, ReleaseReason)> {
        self.sent
            .iter()
            .filter_map(|(_, body)| match body {
                MachineMessage::SignOff { seat, reason } => Some((*seat, *reason)),
                _ => None,
            })
            .collect()
    }
}
