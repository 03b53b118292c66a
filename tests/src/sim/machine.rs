//! One machine: the real broker core, its disk, its clocks, and programs that come and go.

use std::collections::BTreeMap;

use hotseat_broker::core::{
    Boot, Caller, ConnectionId, Core, Effect, Input, Now, RESTART_GRACE_MS, Saved, SessionKey,
    Settings, step,
};
use hotseat_protocol::ids::{MachineId, SeatRef, WallTime};
use hotseat_protocol::ipc::{Hello, ResumeKey, Role};
use hotseat_protocol::version::PROTOCOL_VERSION;

use super::clock::Clock;
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

/// What was asked and not answered yet.
#[derive(Debug, Clone)]
pub(super) enum Pending {
    /// A sign-on of the program with this number.
    SignOn(u64),
    /// Ends that are promised once they are acknowledged.
    Ends(Vec<SeatRef>, hotseat_protocol::reason::ReleaseReason),
    /// Something else.
    Other,
}

/// One machine.
#[derive(Debug)]
pub(super) struct Machine {
    /// Its id at the pool.
    pub(super) id: MachineId,
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
    /// Only the newest planned tick counts.
    pub(super) tick: u64,
    /// Sleeps for so long once the broker lets it.
    pub(super) falls_asleep_for: Option<u64>,
    next_connection: u64,
}

impl Machine {
    /// A machine that just booted. Nothing runs on it yet.
    #[must_use]
    pub(super) fn new(id: MachineId, now: u64, rate: u64, people: &[u64]) -> Self {
        let mut disk = Saved::default();
        for person in people {
            disk.accounts.insert(users::os_user(*person), users::account(*person));
        }
        Self {
            id,
            clock: Clock::new(now, 1_000, rate),
            wall_ahead: 1_700_000_000_000,
            boot: 1,
            disk_boot: 0,
            core: None,
            life: 0,
            disk,
            disk_works: true,
            powered: true,
            still_until: 0,
            paused_at: None,
            programs: BTreeMap::new(),
            pending: BTreeMap::new(),
            link: None,
            tick: 0,
            falls_asleep_for: None,
            next_connection: 0,
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
            Boot::Same { grace_ms: RESTART_GRACE_MS }
        } else {
            Boot::Another
        };
        self.disk_boot = self.boot;
        self.life += 1;
        let settings = Settings {
            program: "simulation".into(),
            server_url: Some("sim".into()),
            ..Settings::default()
        };
        let (core, effects) = Core::start(settings, self.disk.clone(), boot, self.now(now));
        self.core = Some(core);
        effects
    }

    /// The broker's process is gone, and every connection with it.
    pub(super) fn kill_broker(&mut self) {
        self.core = None;
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
        match &mut self.core {
            Some(core) => step(core, input, readings),
            None => Vec::new(),
        }
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
        let user = users::os_user(program.person);
        let name = format!("uid {user}");
        let input = Input::Opened {
            connection,
            caller: Caller { session: SessionKey { user, name }, watched: false },
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

    /// The seats that its broker says a person holds here, now: judged by the answer's deadline.
    #[must_use]
    pub(super) fn held(&self, person: u64, now: u64) -> Vec<(SeatRef, bool)> {
        let Some(core) = &self.core else {
            return Vec::new();
        };
        let boot_ms = self.clock.at(now);
        let view = core.view(&users::os_user(person));
        let seats = view.pools.into_iter().flat_map(|pool| pool.seats);
        seats
            .filter(|seat| seat.held_at(boot_ms))
            .map(|seat| {
                let (id, epoch) = (seat.id, seat.epoch);
                (SeatRef { id, epoch }, seat.counted)
            })
            .collect()
    }
}
