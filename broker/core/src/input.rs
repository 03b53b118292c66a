//! What reaches the core: frames, events and clock readings, all as data.

use alloc::string::String;

use hotseat_protocol::ids::{Secret, WallTime};
use hotseat_protocol::ipc::{Hello, Request};
use hotseat_protocol::link::{FromPool, JournalPosition};
use hotseat_protocol::problem::Problem;

use super::saved::{OsUser, SessionKey};

/// The clocks, read before the input was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of a clock that runs on during suspend (`CLOCK_BOOTTIME`).
    pub boot_ms: u64,
    /// The wall clock: shown to people, and compared with the other one to notice a machine that
    /// was paused. Nothing else is decided by it.
    pub wall: WallTime,
}

/// One connection on IPC, numbered by the shell, never reused while the broker runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// One link to the pool, numbered by the shell, never reused while the broker runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// One durable write; answered by [`Input::Stored`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId(pub u64);

/// One run of a hook; answered by [`Input::HookEnded`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HookId(pub u64);

/// Who is at the other end of a connection, as the kernel says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The OS user and the OS session that were found for the peer.
    pub session: SessionKey,
    /// Whether the OS tells when that session ends.
    pub watched: bool,
}

impl Caller {
    /// The OS user.
    #[must_use]
    pub fn user(&self) -> &OsUser {
        &self.session.user
    }
}

/// An event of the operating system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OsEvent {
    /// The machine is about to sleep; it waits for [`Effect::ReleaseInhibitor`].
    ///
    /// [`Effect::ReleaseInhibitor`]: super::Effect::ReleaseInhibitor
    SleepBegins,
    /// The machine woke up, or did not sleep after all.
    SleepEnded,
    /// The machine shuts down; it waits for [`Effect::ReleaseInhibitor`].
    ///
    /// [`Effect::ReleaseInhibitor`]: super::Effect::ReleaseInhibitor
    ShutDownBegins,
    /// The shut-down was called off.
    ShutDownCancelled,
    /// An OS session ended, whoever's it was.
    SessionEnded {
        /// Its name, as in [`SessionKey::name`].
        name: String,
    },
    /// A session's screen was locked or unlocked.
    Locked {
        /// Its name, as in [`SessionKey::name`].
        name: String,
        /// Whether it is locked now.
        locked: bool,
    },
}

/// One input of [`step`](super::step).
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A program greeted. Answered by a push of `Welcome`, or by
    /// [`Effect::Disconnect`](super::Effect::Disconnect).
    Opened {
        /// Its connection.
        connection: ConnectionId,
        /// Who it is.
        caller: Caller,
        /// What it said.
        hello: Hello,
        /// Fresh random bits: they name the connection to the pool.
        fresh: u128,
    },
    /// A connection ended, for whatever reason; also one that the core disconnected.
    Closed {
        /// Which.
        connection: ConnectionId,
    },
    /// A program asked for something; answered by exactly one
    /// [`Effect::Reply`](super::Effect::Reply), unless the connection ends first.
    Asked {
        /// Its connection.
        connection: ConnectionId,
        /// The request's id on that connection.
        id: u64,
        /// What it asks.
        request: Request,
        /// A fresh random secret: the resume key, should a seat hang on this connection.
        fresh: Secret,
    },
    /// A tray reported on the person in front of its session.
    Idle {
        /// The tray's connection; reports of others are ignored.
        connection: ConnectionId,
        /// Seconds since the last input; none when nothing can tell.
        idle_s: Option<u64>,
        /// Whether the screen is locked.
        locked: bool,
    },
    /// The pool accepted the greeting of a new link.
    LinkUp {
        /// The link.
        link: LinkId,
        /// The lease of machine-kept seats, in ms.
        lease_ms: u64,
        /// Where the pool's journal is.
        position: JournalPosition,
    },
    /// The pool says that this machine's state is an older copy: what an earlier broker left is
    /// void, except sign-offs that were accepted. Comes before [`Input::LinkUp`].
    LeftoversVoid,
    /// The link ended, or an attempt to make one failed.
    LinkDown {
        /// What went wrong.
        cause: Option<Problem>,
    },
    /// A frame of the pool, after its welcome.
    FromPool {
        /// The link that it came over; frames of an older one are ignored.
        link: LinkId,
        /// It.
        frame: FromPool,
    },
    /// A durable write has ended.
    Stored {
        /// Which.
        write: WriteId,
        /// Whether everything in it will survive a power cut. If not, nothing of it was written.
        ok: bool,
    },
    /// A hook has ended, or could not be run.
    HookEnded {
        /// Which.
        hook: HookId,
    },
    /// The machine was enrolled, for the first time or anew. What is due to the enrolment of before
    /// is said within a budget, then comes
    /// [`Effect::TakeUpEnrolment`](super::Effect::TakeUpEnrolment).
    Enrolled {
        /// The pool's address, without credentials.
        server_url: String,
    },
    /// The operating system says something.
    Os(OsEvent),
    /// The time of [`next_deadline`](super::next_deadline) has come.
    Tick,
    /// The broker shall stop: everybody is signed off first, within a budget.
    Stop,
}
