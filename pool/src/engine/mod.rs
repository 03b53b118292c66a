//! The engine: the one place where the pool decides, and the only one that appends.
//!
//! * [`core`] is all of it that needs no clock, thread or disk.
//! * [`task`] gives it those; [`EngineHandle`] is how everybody else speaks to it.
//! * [`replay`](mod@replay) is a start.

mod batch;
pub mod core;
mod facts;
mod handle;
mod messages;
pub mod replay;
mod shares;
pub mod spending;
pub mod task;
mod touch;
mod waits;
mod writer;

pub use self::batch::{BATCH_RECORDS_MAX, CONFLICTS_MAX};
pub use self::core::{Engine, JOBS_WAITING_MAX, RETRY_AFTER, SNAPSHOT_EVERY, View};
pub use self::handle::{EngineError, EngineHandle, Following};
pub use self::messages::{Committed, Failure, Health, Input, Job, Output, Reply, Turn, Work};
pub use self::replay::replay;
pub use self::task::{EngineTask, Random, StartError, halt, start, start_from};
pub use self::touch::Touch;

#[cfg(test)]
mod tests;
