//! What a pool is, as data: its seats, its clients with their rules and messages, its policy.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use core::time::Duration;

use hotseat_protocol::ids::{ClientName, Operation, PoolId};
use hotseat_protocol::text::is_unseen;

use super::command::Keeper;

mod error;

pub use self::error::DefinitionError;

/// The most seats that a pool may have.
pub const MAX_SEATS: u32 = 100_000;
/// The most clients that a pool may have.
pub const MAX_CLIENTS: usize = 64;
/// The most operations that a client may have: whoever names an unknown one is told all of them.
pub const MAX_OPERATIONS: usize = 64;
/// The longest fixed message, in characters: the longest that is known has 77.
pub const MAX_MESSAGE: usize = 500;
/// The shortest lease: renewals come every third of it, and a link may take seconds to return.
pub const MIN_LEASE: Duration = Duration::from_secs(10);
/// A place kept by calls lapses when its request was not asked for so long.
pub(super) const PLACE_BY_CALLS: Duration = Duration::from_secs(60);
/// The shortest time for which a passed check sets a seat aside: a call and its answer.
pub const HOLD_LEAST: Duration = Duration::from_secs(1);
/// The longest: a person who fills in a form. Meanwhile nobody has the seat.
pub const HOLD_MOST: Duration = Duration::from_secs(60);
/// The usual time where a pool sets seats aside: two calls of an application, with a retry.
pub const HOLD_USUALLY: Duration = Duration::from_secs(5);
/// The longest of any duration in a definition.
pub const MAX_DURATION: Duration = Duration::from_secs(7 * 24 * 3600);

/// One product's set of concurrent licences, with its number and its rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolDefinition {
    /// The pool's name on the wire.
    pub id: PoolId,
    /// The pool's name for people.
    pub name: String,
    /// How many counted seats there are.
    pub seats: u32,
    /// The ways in.
    pub clients: BTreeMap<ClientName, ClientDefinition>,
    /// The client of a desktop's sign-on that names none; its rule is to hold.
    pub desktop_client: ClientName,
    /// What a pool may do otherwise than the source's product.
    pub options: Options,
    /// T: a machine-kept seat or place not renewed for so long is lost.
    pub lease: Duration,
    /// How long a seat kept by calls lives without a renewal, when its client has no session
    /// time-out of its own.
    pub calls_timeout: Duration,
    /// How long a freed seat is set aside for the one it is offered to.
    pub offer: Duration,
    /// How long a broker waits for a lost tray before it signs off.
    pub tray_grace: Duration,
    /// When idle holders are warned and signed off.
    pub idle: IdlePolicy,
    /// What a broker does when its machine goes to sleep.
    pub on_sleep: OnSleep,
    /// What a broker tells applications when the pool is silent for longer than a lease.
    pub offline: Offline,
    /// What people see of each other.
    pub privacy: Privacy,
}

/// One way to come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientDefinition {
    /// What it does to the pool.
    pub rule: Rule,
    /// A held seat without activity for so long is signed off; none: never.
    pub session_timeout: Option<Duration>,
    /// What it may be doing when it asks, each with the fixed message that its application
    /// expects when there is no free seat.
    pub operations: BTreeMap<Operation, Option<String>>,
}

/// What a client does to the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// It takes a seat and keeps it.
    Hold,
    /// It asks whether a seat is free, and consumes nothing.
    Check,
}

/// Options, each off by default: the source's behaviour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// A user has at most one seat; a newer sign-on supersedes the older.
    pub one_seat_per_user: bool,
    /// A check passes for someone who already holds a seat.
    pub holder_passes_check: bool,
    /// How long a passed check sets its seat aside for the sign-on that follows it. None: it says
    /// only that a seat was free at that instant.
    pub provisional_hold: Option<Duration>,
}

/// When idle holders are warned and signed off; both limits count from the last input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdlePolicy {
    /// Idle for so long: the holder is warned.
    pub warn_after: Duration,
    /// Idle for so long: the holder is signed off. The countdown is the difference.
    pub sign_off_after: Duration,
    /// Warn only where somebody waits for the seat; the pool then picks whom.
    pub only_when_wanted: bool,
}

/// What a broker tells applications when the pool is silent for longer than a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offline {
    /// No seat, no work.
    Stop,
    /// Work on without a seat, and report it later.
    Tolerate,
}

/// What a broker does when its machine goes to sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnSleep {
    /// Sign off: a sleeper cannot work.
    SignOff,
    /// Keep the seat as long as its lease lasts.
    Keep,
}

/// What people see of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privacy {
    /// Names for those who are signed in, numbers for others.
    Names,
    /// Initials for everybody who is logged in.
    Initials,
    /// Numbers only; idle spells are not journaled.
    Counts,
}

/// How a waiter takes the seat that it is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accept {
    /// At once, without asking anybody: the command line. Its broker, or its next call that asks
    /// about the request, accepts the offer.
    Auto,
    /// A person is asked: the tray.
    Ask,
}

/// The shortest time in which a person can answer a warning.
const MIN_COUNTDOWN: Duration = Duration::from_secs(1);

impl ClientDefinition {
    fn validate(&self, name: &ClientName) -> Result<(), DefinitionError> {
        let operations = self.operations.len();
        if operations == 0 {
            return Err(DefinitionError::NoOperations(name.clone()));
        }
        if operations > MAX_OPERATIONS {
            return Err(DefinitionError::Operations { client: name.clone(), operations });
        }
        if self.rule == Rule::Check && self.session_timeout.is_some() {
            return Err(DefinitionError::TimeoutOnCheck(name.clone()));
        }
        for (operation, message) in &self.operations {
            let Some(message) = message else { continue };
            let length = message.chars().count();
            if !(1..=MAX_MESSAGE).contains(&length) {
                let (client, operation) = (name.clone(), operation.clone());
                return Err(DefinitionError::Message { client, operation, length });
            }
            if message.chars().any(is_unseen) {
                let (client, operation) = (name.clone(), operation.clone());
                return Err(DefinitionError::MessageControls { client, operation });
            }
        }
        Ok(())
    }
}

impl PoolDefinition {
    /// A pool with the defaults of everything that need not be said.
    #[must_use]
    pub fn with_defaults(
        id: PoolId,
        name: impl Into<String>,
        seats: u32,
        clients: BTreeMap<ClientName, ClientDefinition>,
        desktop_client: ClientName,
    ) -> Self {
        Self {
            id,
            name: name.into(),
            seats,
            clients,
            desktop_client,
            options: Options::default(),
            lease: Duration::from_secs(90),
            calls_timeout: Duration::from_secs(20 * 60),
            offer: Duration::from_secs(60),
            tray_grace: Duration::from_secs(10),
            idle: IdlePolicy {
                warn_after: Duration::from_secs(25 * 60),
                sign_off_after: Duration::from_secs(27 * 60),
                only_when_wanted: true,
            },
            on_sleep: OnSleep::SignOff,
            offline: Offline::Stop,
            privacy: Privacy::Names,
        }
    }

    /// The text that an application expects when this client is refused for want of a free seat.
    #[must_use]
    pub fn fixed_message(&self, client: &ClientName, operation: &Operation) -> Option<&str> {
        self.clients.get(client)?.operations.get(operation)?.as_deref()
    }

    /// How long a seat kept by calls lives without a renewal.
    #[must_use]
    pub fn calls_lease(&self, client: &ClientName) -> Duration {
        self.session_timeout(client).unwrap_or(self.calls_timeout)
    }

    /// How long a seat of this keeper and client lives after a renewal.
    #[must_use]
    pub fn seat_lease(&self, keeper: Keeper, client: &ClientName) -> Duration {
        match keeper {
            Keeper::Machine(_) => self.lease,
            Keeper::Calls => self.calls_lease(client),
        }
    }

    /// How long a place of this keeper lives after it was asked for.
    #[must_use]
    pub fn place_lease(&self, keeper: Keeper) -> Duration {
        match keeper {
            Keeper::Machine(_) => self.lease,
            Keeper::Calls => PLACE_BY_CALLS,
        }
    }

    /// The session time-out of a client, if it has one.
    #[must_use]
    pub fn session_timeout(&self, client: &ClientName) -> Option<Duration> {
        self.clients.get(client)?.session_timeout
    }

    /// Whether a client of this name exists and takes seats.
    #[must_use]
    pub fn holds(&self, client: &ClientName) -> bool {
        self.clients.get(client).is_some_and(|found| found.rule == Rule::Hold)
    }

    /// Checks what can be checked without looking at seats.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), DefinitionError> {
        let length = self.name.trim().chars().count();
        if !(1..=100).contains(&length) {
            return Err(DefinitionError::Name(length));
        }
        if self.name.chars().any(is_unseen) {
            return Err(DefinitionError::NameControls);
        }
        if self.seats > MAX_SEATS {
            return Err(DefinitionError::Seats(self.seats));
        }
        if !(1..=MAX_CLIENTS).contains(&self.clients.len()) {
            return Err(DefinitionError::Clients(self.clients.len()));
        }
        if !self.holds(&self.desktop_client) {
            return Err(DefinitionError::DesktopClient(self.desktop_client.clone()));
        }
        for (name, client) in &self.clients {
            client.validate(name)?;
        }
        self.validate_durations()
    }

    fn validate_durations(&self) -> Result<(), DefinitionError> {
        let second = Duration::from_secs(1);
        let mut durations = vec![
            ("lease", self.lease, MIN_LEASE),
            ("calls_timeout", self.calls_timeout, second),
            ("offer", self.offer, second),
            ("tray_grace", self.tray_grace, Duration::ZERO),
            ("warn_after", self.idle.warn_after, second),
            ("sign_off_after", self.idle.sign_off_after, second),
        ];
        let timeouts = self.clients.values().filter_map(|client| client.session_timeout);
        durations.extend(timeouts.map(|given| ("session_timeout", given, second)));
        for (key, given, least) in durations {
            if !(least..=MAX_DURATION).contains(&given) {
                return Err(DefinitionError::Duration { key, given, least });
            }
        }
        if let Some(hold) = self.options.provisional_hold
            && !(HOLD_LEAST..=HOLD_MOST).contains(&hold)
        {
            return Err(DefinitionError::ProvisionalHold(hold));
        }
        if self.idle.sign_off_after.saturating_sub(self.idle.warn_after) < MIN_COUNTDOWN {
            return Err(DefinitionError::Countdown { least: MIN_COUNTDOWN });
        }
        Ok(())
    }
}
