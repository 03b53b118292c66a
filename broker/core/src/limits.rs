//! Every wait of the core by name, in ms on the boot-time clock.

/// How long seats wait for their tray or process after a restart of the broker.
pub const RESTART_GRACE_MS: u64 = 10_000;

/// The same after an announced upgrade.
pub const UPGRADE_GRACE_MS: u64 = 30_000;

/// How long everybody is signed off before the broker stops or the machine sleeps or shuts down;
/// logind allows five seconds.
pub const ENDING_BUDGET_MS: u64 = 3_000;

/// What is left of that budget for the pool's answers once a hook has ended, in ms.
pub const HOOK_ROOM_MS: u64 = 500;

/// After a sleep, people are told what it cost once the pool was asked, or after so long.
pub(super) const AWAKE_WITHIN_MS: u64 = 10_000;

/// A sign-on, a check or a log-in that the pool has not answered by then is given up.
pub const ANSWER_LIMIT_MS: u64 = 15_000;

/// Requests of one connection that may be unanswered at a time: programs ask for one thing after
/// the other, the tray for as many as a person can click.
pub(super) const UNANSWERED_PER_CONNECTION_MAX: usize = 64;

/// The same for all connections of one OS user. Each of them is looked at in every step, so that
/// nobody's flood of sign-ons can keep the broker from everybody else's. Half of what a pool has
/// under way for one link, so that one user's leave room for everybody else's and for renewals.
pub(super) const UNANSWERED_PER_USER_MAX: usize = 128;

/// How long a seat outlives its tray while the pool's own figure is not known.
pub(super) const TRAY_GRACE_MS: u64 = 10_000;

/// Renewals are no closer to each other than this, whatever the pool says of its lease; the
/// shortest that it may have is renewed every 3.3 s.
pub(super) const RENEWAL_LEAST_MS: u64 = 1_000;

/// The first wait before something that was answered by an error is said again; it doubles.
pub(super) const REPEAT_FIRST_MS: u64 = 1_000;

/// The longest such wait.
pub(super) const REPEAT_MAX_MS: u64 = 30_000;

/// The wait before a failed write is tried again, unless somebody asks for one.
pub(super) const WRITE_AGAIN_MS: u64 = 5_000;

/// How far the wall clock may run ahead of the boot-time clock before the machine counts as one
/// that was paused.
pub(super) const LEAP_MS: i64 = 2_000;

/// The time to react to the end of a lease: r of the fencing rule.
pub(super) const REACT_MS: u64 = 1_000;

/// A tray reports at least every 15 s; what is older than three such reports says nothing.
pub(super) const IDLE_STALE_MS: u64 = 45_000;

/// Idle times are whole seconds and travel: a smaller step forward is no activity.
pub(super) const ACTIVITY_MS: u64 = 2_000;

/// People are shown that a clone was seen for so long after the last time: it tries again within
/// seconds for as long as it runs, so an hour later it is switched off or enrolled anew.
pub(super) const CLONE_SHOWN_MS: u64 = 3_600_000;

/// While people work without a seat, for how long is written down this often: a crash loses no more.
pub(super) const OVERDRAFT_NOTED_MS: u64 = 60_000;

/// An outage shorter than this is not worth a notice when it is over.
pub(super) const OUTAGE_MS: u64 = 10_000;
