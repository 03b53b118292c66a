//! One machine: the real broker core, its disk, its clocks, and programs that come and go.

use std::collections::{BTreeMap, BTreeSet};

use hotseat_broker::pool_link::Shown;
use hotseat_broker::store::Remembered;
use hotseat_broker_core::{
    Boot, Caller, ConnectionId, Core, Effect, Input, LinkId, Now, RESTART_GRACE_MS, Saved,
    SessionKey, Settings, UPGRADE_GRACE_MS, step,
};
use hotseat_protocol::ids::{MachineId, RequestId, SeatId, SeatRef, WallTime};
use hotseat_protocol::ipc::{Hello, ResumeKey, Role};
use hotseat_protocol::link::JournalPosition;
use hotseat_protocol::version::PROTOCOL_VERSION;

use super::clock::Clock;
use super::fingerprint::Fingerprint;
use super::users;

/// A tray or a `hotseat run`.
#[derive(Debug, Clone)]
pub(super) struct Program {
    /// Whose.
    pub(super) person: u64,
    /// What it is.
    pub(super) role: Role,
    /// Its connection, while there is one.
    pub(super) connection: Option<ConnectionId>,
    /// What lets it come back for its seat.
    pub(super) resume: Vec<ResumeKey>,
}

/// A seat that a broker believes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Belief {
    /// The seat.
    pub(super) seat: SeatRef,
    /// Whether it counts.
    pub(super) counted: bool,
    /// Until when it is held, on the boot-time clock, in ms.
    pub(super) deadline: u64,
}

/// What a computer may believe in when another one was taken for it: what it was answered before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Overtaken {
    /// Until when at the latest, on its boot-time clock, in ms.
    pub(super) until: u64,
    /// The seats that were its machine's when that happened.
    pub(super) seats: BTreeSet<SeatId>,
}

/// What ends with a sign-off: seats, and sign-ons that are not answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Ends {
    pub(super) seats: Vec<SeatRef>,
    pub(super) requests: Vec<RequestId>,
}

/// What was asked and not answered yet.
#[derive(Debug, Clone)]
pub(super) enum Pending {
    /// A sign-on of the program with this number.
    SignOn(u64, RequestId),
    /// Ends that are promised once they are acknowledged.
    Ends(Ends, hotseat_protocol::reason::ReleaseReason),
    /// Something else.
    Other,
}

/// One machine.
#[derive(Debug)]
pub(super) struct Machine {
    /// Its id at the pool.
    pub(super) id: MachineId,
    /// Who works on it.
    pub(super) people: [u64; 2],
    /// The boot-time clock.
    pub(super) clock: Clock,
    /// Wall clock minus boot-time clock.
    pub(super) wall_ahead: i64,
    /// Which boot this is.
    pub(super) boot: u64,
    /// The boot of the broker that wrote the disk last.
    pub(super) disk_boot: u64,
    /// The broker, while its process runs.
    pub(super) core: Option<Core>,
    /// Counts the broker's processes: what was meant for an earlier one is dropped.
    pub(super) life: u64,
    /// Whether the OS tells when a session ends.
    pub(super) watched: bool,
    /// Its owner has given it a hook for the pool's ends.
    pub(super) hooks: bool,
    /// The next start of the broker is one after an upgrade.
    pub(super) upgrading: bool,
    /// Since when each of its people has been away, in ms of true time.
    pub(super) away: BTreeMap<u64, u64>,
    /// Until when nothing gets through to the pool, and from it.
    pub(super) stalled: [u64; 2],
    /// What the broker answers when it is asked who holds a seat: looked up after each of its steps.
    beliefs: Vec<Belief>,
    /// The broker has taken a step since.
    stepped: bool,
    /// Its disk.
    pub(super) disk: Saved,
    /// Whether writes succeed.
    pub(super) disk_works: bool,
    /// Whether it has power.
    pub(super) powered: bool,
    /// Until when nothing on it runs (frozen, asleep, paused).
    pub(super) still_until: u64,
    /// The boot-time clock stands still too: a paused virtual machine.
    pub(super) paused_at: Option<u64>,
    /// Programs by number.
    pub(super) programs: BTreeMap<u64, Program>,
    /// What they asked.
    pub(super) pending: BTreeMap<(ConnectionId, u64), Pending>,
    /// The link that the broker believes in or is making.
    pub(super) link: Option<u64>,
    /// The newest link that was welcomed.
    pub(super) welcomed: Option<u64>,
    /// What the broker's next greeting shows.
    pub(super) shown: Shown,
    /// What of that is on the disk.
    pub(super) link_file: Remembered,
    /// When it was written last, in ms of true time.
    pub(super) shown_at: u64,
    /// The newest write of it failed: it may look like an older copy of itself.
    pub(super) forgot: bool,
    /// Another computer with this enrolment was taken for it: what it may go on to believe in.
    pub(super) overtaken: Option<Overtaken>,
    /// A link of this one counts again since.
    pub(super) back: bool,
    /// The newest push that its mirror has taken, and of which link, while none was missed.
    pub(super) pushed: Option<(LinkId, u64)>,
    /// Of which link the newest push was, taken or not.
    pub(super) pushes_of: Option<LinkId>,
    /// Where in the journal the mirror is.
    pub(super) mirror_at: Option<JournalPosition>,
    /// The newest place in the journal of which a push of that link has told, taken or not.
    pub(super) told_of: Option<JournalPosition>,
    /// Its newest greeting was refused: for a lease after it lost its newest secret, the pool takes
    /// it for a clone of itself.
    pub(super) refused: bool,
    /// It is switched off for good.
    pub(super) retired: bool,
    /// Only the newest planned tick counts.
    pub(super) tick: u64,
    /// Sleeps for so long once the broker lets it.
    pub(super) falls_asleep_for: Option<u64>,
    /// Shuts down once the broker lets it.
    pub(super) shuts_down: bool,
    /// Of all that its brokers have wanted, where that is asked for.
    pub(super) fingerprint: Option<Fingerprint>,
    next_connection: u64,
}

impl Machine {
    /// A machine that just booted. Nothing runs on it yet.
    #[must_use]
    pub(super) fn new(number: usize, id: MachineId, rate: u64, watched: bool, hooks: bool) -> Self {
        Self {
            id,
            people: users::of_machine(number),
            clock: Clock::new(0, 1_000, rate),
            watched,
            hooks,
            upgrading: false,
            away: BTreeMap::new(),
            stalled: [0, 0],
            beliefs: Vec::new(),
            stepped: true,
            shuts_down: false,
            wall_ahead: 1_700_000_000_000,
            boot: 1,
            disk_boot: 0,
            core: None,
            life: 0,
            disk: Saved::default(),
            disk_works: true,
            powered: true,
            still_until: 0,
            paused_at: None,
            programs: BTreeMap::new(),
            pending: BTreeMap::new(),
            link: None,
            welcomed: None,
            shown: Shown::new(Remembered::default()),
            link_file: Remembered::default(),
            shown_at: 0,
            forgot: false,
            overtaken: None,
            back: false,
            pushed: None,
            pushes_of: None,
            mirror_at: None,
            told_of: None,
            refused: false,
            retired: false,
            tick: 0,
            falls_asleep_for: None,
            fingerprint: None,
            next_connection: 0,
        }
    }

    /// A computer that is off, with a copy of all that is on another one's disk.
    #[must_use]
    pub(super) fn copy(of: &Self) -> Self {
        let mut copy = Self::new(0, of.id, 1_000, of.watched, of.hooks);
        copy.people = of.people;
        copy.clock = of.clock;
        copy.wall_ahead = of.wall_ahead;
        (copy.boot, copy.disk_boot) = (of.boot, of.disk_boot);
        copy.disk = of.disk.clone();
        copy.link_file = of.link_file.clone();
        copy.forgot = of.forgot;
        copy.powered = false;
        copy.fingerprint = of.fingerprint.as_ref().map(|_| Fingerprint::default());
        copy
    }

    /// Writes down what is shown, if the disk takes it.
    pub(super) fn save_shown(&mut self) {
        if let Some(written) = self.shown.begin_write() {
            self.forgot = !self.disk_works;
            if self.disk_works {
                self.link_file = written;
            }
            self.shown.write_ended(self.disk_works);
        }
    }

    /// Its clocks' readings at a true time.
    #[must_use]
    pub(super) fn now(&self, now: u64) -> Now {
        let boot_ms = self.clock.at(now);
        let unix_ms = i64::try_from(boot_ms).expect("a short simulation") + self.wall_ahead;
        Now { boot_ms, wall: WallTime { unix_ms } }
    }

    /// Starts the broker.
    pub(super) fn start_broker(&mut self, now: u64) -> Vec<Effect> {
        let boot = if self.disk_boot == self.boot {
            let upgrade = std::mem::take(&mut self.upgrading);
            Boot::Same { grace_ms: if upgrade { UPGRADE_GRACE_MS } else { RESTART_GRACE_MS } }
        } else {
            Boot::Another
        };
        self.disk_boot = self.boot;
        self.shown = Shown::new(self.link_file.clone());
        self.welcomed = None;
        self.life += 1;
        let within_ms = 2_000;
        let hooks =
            if self.hooks { BTreeMap::from([(users::pool(), within_ms)]) } else { BTreeMap::new() };
        let settings =
            Settings { program: "simulation".into(), server_url: Some("sim".into()), hooks };
        let (core, effects) = Core::start(settings, self.disk.clone(), boot, self.now(now));
        if let Some(fingerprint) = &mut self.fingerprint {
            fingerprint.note(&effects, &core);
        }
        self.core = Some(core);
        self.stepped = true;
        effects
    }

    /// The broker's process is gone, and every connection with it.
    pub(super) fn kill_broker(&mut self) {
        self.core = None;
        self.stepped = true;
        self.life += 1;
        self.pending.clear();
        self.link = None;
        self.falls_asleep_for = None;
        for program in self.programs.values_mut() {
            program.connection = None;
        }
    }

    /// One input for the broker, if it runs.
    pub(super) fn input(&mut self, input: Input, now: u64) -> Vec<Effect> {
        let readings = self.now(now);
        self.stepped = true;
        let Some(core) = &mut self.core else {
            return Vec::new();
        };
        let effects = step(core, input, readings);
        if let Some(fingerprint) = &mut self.fingerprint {
            fingerprint.note(&effects, core);
        }
        effects
    }

    /// A program connects.
    pub(super) fn connect(&mut self, number: u64, fresh: u128, now: u64) -> Vec<Effect> {
        if self.core.is_none() {
            return Vec::new();
        }
        self.next_connection += 1;
        let connection = ConnectionId(self.next_connection + self.life * 1_000_000);
        let Some(program) = self.programs.get_mut(&number) else {
            return Vec::new();
        };
        program.connection = Some(connection);
        let (user, watched) = (users::os_user(program.person), self.watched);
        let name = session_name(program.person);
        let input = Input::Opened {
            connection,
            caller: Caller { session: SessionKey { user, name }, watched },
            hello: Hello {
                version: PROTOCOL_VERSION,
                program: "simulation".into(),
                role: program.role,
                display: None,
                resume: program.resume.clone(),
            },
            fresh,
        };
        self.input(input, now)
    }

    /// Looks up what the broker believes, if it may have changed; says whether it may have.
    pub(super) fn look(&mut self) -> bool {
        if !std::mem::take(&mut self.stepped) {
            return false;
        }
        self.beliefs = self.believed();
        true
    }

    /// What the broker calls held, until when.
    #[must_use]
    pub(super) fn believed(&self) -> Vec<Belief> {
        let mut beliefs = Vec::new();
        let Some(core) = &self.core else {
            return beliefs;
        };
        for person in self.people {
            let view = core.view(&users::os_user(person));
            let seats = view.pools.into_iter().flat_map(|pool| pool.seats);
            let held = seats.filter(|seat| seat.held_at(0));
            beliefs.extend(held.map(|seat| {
                let (id, epoch, counted) = (seat.id, seat.epoch, seat.counted);
                let deadline = seat.deadline_boot_ms;
                Belief { seat: SeatRef { id, epoch }, counted, deadline }
            }));
        }
        beliefs
    }

    /// Whether the pool answers for a belief: not for one from before another computer was taken
    /// for this one.
    #[must_use]
    pub(super) fn is_answered_for(&self, belief: &Belief) -> bool {
        self.overtaken.as_ref().is_none_or(|before| {
            belief.deadline > before.until || !before.seats.contains(&belief.seat.id)
        })
    }

    /// The seats that are held here now: judged by the deadline that the broker told.
    pub(super) fn held(&self, now: u64) -> impl Iterator<Item = &Belief> {
        // Nobody can ask anything on a machine that stands still; it is told first.
        let asked = self.paused_at.is_none();
        let boot_ms = self.clock.at(now);
        self.beliefs.iter().filter(move |belief| asked && boot_ms < belief.deadline)
    }
}

/// What the OS calls a person's session.
#[must_use]
pub(super) fn session_name(person: u64) -> String {
    format!("session of {person}")
}
