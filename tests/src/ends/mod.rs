//! Every way in which a desktop can end, played on real processes and measured: the sign-off table.
//!
//! [`ROWS`] is the one list. A test plays each row with a short lease, `cargo xtask ends` with the lease that a pool
//! has by default, and the README shows what that measured.

mod bound;
mod broker;
mod judge;
mod machine;
mod pool;
mod program;
mod rows;
mod session;
mod stage;
mod table;
mod tray;
mod yardstick;

pub use bound::Within;
pub use rows::ROWS;
pub use stage::{Setting, Stage};
pub use table::{BEGIN, END, Table, in_readme};
pub use yardstick::Busy;

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use futures_util::future::LocalBoxFuture;
use hotseat_protocol::reason::ReleaseReason;

use crate::journal::Released;

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

/// What became of a seat.
#[derive(Clone, Debug)]
pub enum Seen {
    /// It came free, on a machine that was so busy meanwhile.
    Freed(Released, Busy),
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

impl Measured {
    /// How many times as long as on a machine at ease it was allowed to take, if it did take longer than that.
    pub fn stretched(&self, lease: Duration) -> Option<f64> {
        match (self.row.outcome, &self.seen) {
            (Outcome::Free(within, _), Some(Seen::Freed(released, busy))) => {
                let late = released.after > within.latest(lease, Busy::NOT_AT_ALL);
                late.then(|| busy.times())
            }
            (Outcome::Free(..) | Outcome::Kept | Outcome::NotYet, _) => None,
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
    /// what is promised.
    ///
    /// # Errors
    /// If a program fails, or the seat ends otherwise than promised; with the end of the programs' logs.
    pub async fn measure(self, setting: Setting) -> Result<Measured> {
        if self.outcome == Outcome::NotYet {
            return Ok(Measured { row: self, seen: None });
        }
        let stage = Stage::open(setting, self.outcome, self.relayed).await;
        let mut stage = stage.context("there is nothing to play it on")?;
        let seen = (self.play)(&mut stage).await;
        let seen = seen.and_then(|seen| judge::judge(self.outcome, seen, setting.lease()));
        match seen {
            Ok(seen) => Ok(Measured { row: self, seen: Some(seen) }),
            // What went wrong first, then what the programs said.
            Err(error) => Err(anyhow!("{error:#}\n{}", stage.logs())),
        }
    }
}
