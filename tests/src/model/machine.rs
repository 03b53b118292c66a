//! A machine of the model: the real broker core, its disk, one program of one person, and the
//! frames between it and the pool.
//!
//! What the core asks to be stored is durable at once. The program is one that keeps its seat by
//! its connection, as `hotseat run` does.

use std::collections::BTreeMap;
use std::fmt;

use hotseat_broker_core::{
    Boot, Caller, ConnectionId, Core, Effect, Input, LinkId, RESTART_GRACE_MS, Saved, SessionKey,
    Settings, next_deadline, step,
};
use hotseat_protocol::ids::{SeatRef, Secret, Seq};
use hotseat_protocol::ipc::{Hello, MySeat, Reply, Request, ResumeKey, Role};
use hotseat_protocol::link::{Accept, FromPool, JournalPosition, MachineMessage, Projected};
use hotseat_protocol::version::PROTOCOL_VERSION;
use hotseat_rules::State;

use super::breakage::{self, Breakage};
use super::office;
use crate::sim::words;

/// Frames that one direction holds; what is sent when it is full pushes out the oldest, which is
/// lost.
const FLIGHT_MAX: usize = 3;

/// A numbered message on its way to the pool.
#[derive(Debug, Clone)]
pub(super) struct Up {
    pub(super) n: u64,
    pub(super) body: MachineMessage,
}

/// A machine.
#[derive(Clone)]
pub(super) struct Machine {
    number: usize,
    breakage: Option<Breakage>,
    core: Core,
    /// What the broker shows its person: which seats, and until when.
    pub(super) seats: Vec<MySeat>,
    /// What is durable.
    pub(super) disk: Saved,
    /// The link that is up.
    link: LinkId,
    /// The program's connection, while it runs.
    connection: Option<ConnectionId>,
    /// What lets it come back after the broker was killed.
    resume: Vec<ResumeKey>,
    last_connection: u64,
    /// Requests made so far.
    pub(super) asked: u8,
    /// When each message of this link was sent, in ms of true time.
    asked_at: BTreeMap<u64, u64>,
    /// On their way, in the order of sending; delivered in any.
    pub(super) up: Vec<Up>,
    /// On their way, in the order of sending; delivered in any.
    pub(super) down: Vec<FromPool>,
    /// Seats whose sign-off was acknowledged.
    pub(super) promised: Vec<SeatRef>,
    /// The seats of a sign-off that was asked and not acknowledged, by the question's number.
    asks_sign_off: Option<(u64, Vec<SeatRef>)>,
}

impl Machine {
    /// A machine whose broker just started; its link is up.
    pub(super) fn new(number: usize, pool: &State, breakage: Option<Breakage>) -> Self {
        let disk = office::disk(number);
        let (core, _) = start(number, disk.clone(), Boot::Another, 0);
        let mut machine = Self {
            number,
            breakage,
            core,
            seats: Vec::new(),
            disk,
            link: LinkId(0),
            connection: None,
            resume: Vec::new(),
            last_connection: 0,
            asked: 0,
            asked_at: BTreeMap::new(),
            up: Vec::new(),
            down: Vec::new(),
            promised: Vec::new(),
            asks_sign_off: None,
        };
        machine.connect(pool, 0);
        machine
    }

    /// The link breaks and a new one is made: a newer one closes the older, unread frames included.
    pub(super) fn connect(&mut self, pool: &State, now: u64) {
        self.asked_at.clear();
        self.up.clear();
        self.down.clear();
        let link = LinkId(self.link.0 + 1);
        self.link = link;
        self.input(Input::LinkDown { cause: None }, now);
        let position = JournalPosition::new(pool.generation(), Seq(0));
        let lease_ms = words::ms(office::LEASE);
        self.input(Input::LinkUp { link, lease_ms, position }, now);
        let items = pool.pools().map(|pool| {
            let pool = Box::new(words::pool_view(&pool.definition, 0, 0));
            Projected::Pool { pool }
        });
        let items = items.collect();
        let snapshot = FromPool::Snapshot { push: 1, position, page: 1, pages: 1, items };
        self.input(Input::FromPool { link, frame: snapshot }, now);
    }

    /// The broker is killed and starts again in the same boot; the program comes back at once.
    pub(super) fn restart_broker(&mut self, pool: &State, now: u64) {
        let boot = Boot::Same { grace_ms: RESTART_GRACE_MS };
        let (core, effects) = start(self.number, self.disk.clone(), boot, now);
        self.core = core;
        self.asks_sign_off = None;
        self.perform(effects, now);
        self.connect(pool, now);
        if self.connection.take().is_some() {
            self.join(now);
        }
    }

    /// The person asks for a seat.
    pub(super) fn sign_on(&mut self, wait: Option<Accept>, now: u64) {
        if self.connection.is_none() {
            self.join(now);
        }
        self.asked += 1;
        let request = office::request(self.number, self.asked);
        let pool = office::pool();
        self.ask(Request::SignOn { request, pool, client: None, wait }, now);
    }

    /// The person gives the seat back, or leaves the line.
    pub(super) fn sign_off(&mut self, now: u64) {
        let seats = self.seats.iter().filter(|seat| seat.leaving.is_none());
        let seats = seats.map(|seat| SeatRef { id: seat.id, epoch: seat.epoch }).collect();
        self.asks_sign_off = Some((self.last_connection, seats));
        self.ask(Request::SignOff { pool: None }, now);
    }

    /// The program dies, and its connection with it.
    pub(super) fn die(&mut self, now: u64) {
        if let Some(connection) = self.connection.take() {
            self.resume.clear();
            self.input(Input::Closed { connection }, now);
        }
    }

    /// Whether its program runs.
    pub(super) fn runs(&self) -> bool {
        self.connection.is_some()
    }

    fn join(&mut self, now: u64) {
        self.last_connection += 1;
        let connection = ConnectionId(self.last_connection);
        self.connection = Some(connection);
        let user = office::os_user(self.number);
        let name = format!("uid {user}");
        let hello = Hello {
            version: PROTOCOL_VERSION,
            program: "model".into(),
            role: Role::Run,
            display: None,
            resume: self.resume.clone(),
        };
        let caller = Caller { session: SessionKey { user, name }, watched: false };
        let fresh = u128::from(self.last_connection);
        self.input(Input::Opened { connection, caller, hello, fresh }, now);
    }

    fn ask(&mut self, request: Request, now: u64) {
        let Some(connection) = self.connection else {
            return;
        };
        let fresh = Secret::new(format!("{:032x}", self.last_connection));
        let id = self.last_connection;
        self.input(Input::Asked { connection, id, request, fresh }, now);
    }

    /// A frame of the pool arrives.
    pub(super) fn receive(&mut self, frame: FromPool, now: u64) {
        let link = self.link;
        let asked = if let FromPool::Answer { n, .. } = &frame {
            self.asked_at.get(n).copied()
        } else {
            None
        };
        let frame = breakage::heard(self.breakage, frame, now - asked.unwrap_or(now));
        self.input(Input::FromPool { link, frame }, now);
    }

    /// Whether it is time for the broker to look at its clock.
    pub(super) fn is_due(&self, now: u64) -> bool {
        let boot_ms = office::machine_clock(self.number, now).boot_ms;
        next_deadline(&self.core).is_some_and(|at| at <= boot_ms)
    }

    /// The broker looks at its clock.
    pub(super) fn tick(&mut self, now: u64) {
        self.input(Input::Tick, now);
    }

    /// The seats that the broker answers for with "held" at a true time.
    pub(super) fn held(&self, now: u64) -> impl Iterator<Item = SeatRef> {
        let boot_ms = office::machine_clock(self.number, now).boot_ms;
        let held = self.seats.iter().filter(move |seat| seat.held_at(boot_ms));
        held.map(|seat| SeatRef { id: seat.id, epoch: seat.epoch })
    }

    fn input(&mut self, input: Input, now: u64) {
        let readings = office::machine_clock(self.number, now);
        let effects = step(&mut self.core, input, readings);
        let view = self.core.view(&office::os_user(self.number));
        self.seats = view.pools.into_iter().flat_map(|pool| pool.seats).collect();
        self.perform(effects, now);
    }

    fn perform(&mut self, effects: Vec<Effect>, now: u64) {
        for effect in effects {
            match effect {
                Effect::Store { write, changes } => {
                    changes.iter().for_each(|change| self.disk.apply(change));
                    self.input(Input::Stored { write, ok: true }, now);
                }
                Effect::SendToPool { link, n, body } if link == self.link => {
                    if self.up.len() == FLIGHT_MAX {
                        self.up.remove(0);
                    }
                    self.asked_at.insert(n, now);
                    self.up.push(Up { n, body });
                }
                Effect::Reply { reply, .. } => self.replied(reply),
                Effect::SendToPool { .. }
                | Effect::Push { .. }
                | Effect::Disconnect { .. }
                | Effect::ReleaseInhibitor(_)
                | Effect::RunHook { .. }
                | Effect::SkipHook { .. }
                | Effect::TakeUpEnrolment
                | Effect::Stop => {}
            }
        }
    }

    fn replied(&mut self, reply: Reply) {
        match reply {
            Reply::SignedOff { .. } => {
                let seats = self.asks_sign_off.take().map(|(_, seats)| seats);
                self.promised.extend(seats.into_iter().flatten());
            }
            Reply::Outcome { resume, .. } => self.resume.extend(resume),
            Reply::Done
            | Reply::View { .. }
            | Reply::LoggedIn { .. }
            | Reply::Health { .. }
            | Reply::Problem { .. }
            | Reply::Unknown => {}
        }
    }

    /// An answer of the pool is on its way.
    pub(super) fn answered(&mut self, frame: FromPool) {
        if self.down.len() == FLIGHT_MAX {
            self.down.remove(0);
        }
        self.down.push(frame);
    }
}

/// What tells one state of a machine from another. What is durable and what is shown follow from
/// the core: everything that it wants to be stored is stored at once.
impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { core, link, connection, asked, up, down, promised, asks_sign_off, .. } = self;
        write!(
            f,
            "{core:?}{link:?}{connection:?}{asked}{up:?}{down:?}{promised:?}{asks_sign_off:?}"
        )
    }
}

fn start(number: usize, disk: Saved, boot: Boot, now: u64) -> (Core, Vec<Effect>) {
    let settings = Settings {
        program: "model".into(),
        server_url: Some("model".into()),
        ..Settings::default()
    };
    Core::start(settings, disk, boot, office::machine_clock(number, now))
}
