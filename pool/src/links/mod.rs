//! Which machine a link is: greetings, secrets, and the links that are up.
//!
//! [`greeting`] judges a greeting by what [`registry`] and [`secrets`] know, [`sealing`] says when a
//! machine is told a place in the journal, and `arrivals` counts links that do not count yet.
//! `shell` is the registry as the running server shares it. The WebSocket itself is
//! `http::link`'s.
//!
//! What is public is pure, and the simulation plays with it.

mod arrivals;
pub mod greeting;
pub mod registry;
pub mod sealing;
pub mod secrets;
mod shell;

pub(crate) use arrivals::Arrival;
pub(crate) use shell::{Counted, Links, Nudge};
