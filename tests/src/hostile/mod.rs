//! Bytes from outside, whatever they are: what must be true of every one of them.
//!
//! Each function takes any bytes and panics when they get further than they may. The fuzz targets
//! in `tests/fuzz` call them with bytes that a fuzzer makes up, and the test `hostile` with the
//! ones that were found worth keeping.

mod calls;
pub(crate) mod choices;
mod configuration;
mod desk;
mod ipc;
mod journal;
mod link;
mod machine;
pub(crate) mod machine_talk;
mod rest;
mod server;
mod stage;

pub use calls::{after_service_conversations, service_conversations};
pub use configuration::configuration;
pub use ipc::ipc_frames;
pub use journal::journal_records;
pub use link::link_frames;
pub use machine::machine_conversations;
pub use rest::rest_bodies;

/// What takes bytes.
pub type Target = fn(&[u8]);

/// Every target, by the name of its fuzz target and of its corpus.
pub const TARGETS: [(&str, Target); 7] = [
    ("ipc_frames", ipc_frames),
    ("link_frames", link_frames),
    ("rest_bodies", rest_bodies),
    ("journal_records", journal_records),
    ("configuration", configuration),
    ("machine_conversations", machine_conversations),
    ("service_conversations", service_conversations),
];
