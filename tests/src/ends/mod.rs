//! Every way in which a desktop can end, played on real processes and measured: the sign-off table.
//!
//! [`ROWS`] is the one list. A test plays each row with a short lease, `cargo xtask ends` with the lease that a pool
//! has by default, and the README shows what that measured.

mod broker;
mod machine;
mod pool;
mod program;
mod rows;
mod session;
mod stage;
mod table;
mod tray;

pub use rows::ROWS;
pub use stage::{Setting, Stage};
pub use table::{BEGIN, END, Table, in_readme};

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::future::LocalBoxFuture;
use hotseat_protocol::reason::ReleaseReason;

use crate::journal::Released;
use crate::world::{AT_ONCE, GRACE, TOLERANCE};

/// T, unless a pool says otherwise: a machine that does not renew for so long has lost its seats.
pub const LEASE: Duration = Duration::from_secs(90);

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What ends, in a word or two.
    pub name: &'static str,
    /// How it is caused, and from when the time is taken where that is not obvious.
    pub how: &'static str,
    /// What is promised.
    pub outcome: Outcome,
    /// Whether the machine reaches its pool server through a relay.
    relayed: bool,
    play: Play,
}

/// Causes an end at a desk that holds a seat, and waits for what becomes of the seat.
type Play = for<'a> fn(&'a mut Stage) -> LocalBoxFuture<'a, Result<Seen>>;

/// What is promised of an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The seat comes free within this, for this reason.
    Free(Within, ReleaseReason),
    /// The seat is kept.
    Kept,
    /// There is no client yet that could end so.
    NotYet,
}

/// How long a seat may outlive an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// A second: whoever ended said so.
    AtOnce,
    /// The grace in which a tray may come back, and a second.
    Grace,
    /// T: nobody is there to say anything.
    Lease,
}

/// What became of a seat.
#[derive(Clone, Debug)]
pub enum Seen {
    /// It came free.
    Freed(Released),
    /// It is held, and was renewed after every grace was over.
    Kept,
}

/// A row that was played, or is not playable yet.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Which.
    pub row: Row,
    /// What became of the seat; `None` for a row of which nothing can be seen yet.
    pub seen: Option<Seen>,
}

impl Within {
    /// As a duration, where the lease is this.
    pub fn duration(self, lease: Duration) -> Duration {
        match self {
            Within::AtOnce => AT_ONCE,
            Within::Grace => GRACE,
            Within::Lease => lease,
        }
    }
}

impl Row {
    /// The row with this name.
    ///
    /// # Errors
    /// If there is none.
    pub fn find(name: &str) -> Result<Row> {
        let row = ROWS.iter().find(|row| row.name == name);
        row.copied().with_context(|| format!("no row of the table is called {name:?}"))
    }

    /// Sets up a pool server and a desk, lets somebody sign on there, plays the end, and compares what is seen with
    /// what is promised. A time is only wrong beyond ten times the figure: below that, the machine is busy.
    ///
    /// # Errors
    /// If a program fails, or the seat ends otherwise than promised; with the end of the programs' logs.
    pub async fn measure(self, setting: Setting) -> Result<Measured> {
        if self.outcome == Outcome::NotYet {
            return Ok(Measured { row: self, seen: None });
        }
        let stage = Stage::open(setting, self.relayed).await;
        let mut stage = stage.with_context(|| format!("{}: nothing to play it on", self.name))?;
        let seen = (self.play)(&mut stage).await.and_then(|seen| self.compare(seen, setting));
        match seen {
            Ok(seen) => Ok(Measured { row: self, seen: Some(seen) }),
            Err(error) => Err(error.context(format!("{}\n{}", self.name, stage.logs()))),
        }
    }

    fn compare(&self, seen: Seen, setting: Setting) -> Result<Seen> {
        match (self.outcome, &seen) {
            (Outcome::Kept, Seen::Kept) => Ok(seen),
            (Outcome::Free(within, reason), Seen::Freed(released)) => {
                let word = serde_json::to_value(reason)?;
                if word != released.reason.as_str() {
                    bail!("the seat ended as {}, not as {word}", released.reason);
                }
                let promised = within.duration(setting.lease());
                if released.after > promised * TOLERANCE {
                    bail!("the seat came free only after {:?}", released.after);
                }
                Ok(seen)
            }
            (promised, _) => bail!("{promised:?} is promised, and this was seen: {seen:?}"),
        }
    }
}
