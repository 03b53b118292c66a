//! Everything that crosses a process boundary in Hotseat, and nothing else.
//!
//! Three conversations are described here: programs on a desktop talk to their machine's broker
//! ([`ipc`]), the broker talks to the pool ([`link`]), and application servers, administrators and
//! scripts talk REST to the pool ([`api`]).
//! The first two share one version integer ([`version`]).
//!
//! Rules of this crate:
//!
//! * Removing or re-typing a field bumps [`version::PROTOCOL_VERSION`] and adds a golden file.
//! * A reader tolerates fields and variants that it does not know: enums that may grow have an
//!   `Unknown` variant.
//! * No type here is used as another crate's internal state; each converts at its border.
#![warn(missing_docs)]

pub mod version;

pub mod ids;

pub mod quantity;

pub mod reason;

pub mod text;

pub mod bounded_text;

pub mod bounded_list;

pub mod stated;

pub mod problem;

pub mod view;

pub mod ipc;

pub mod link;

pub mod api;
