//! What the programs share of the computer that they run on: what is typed at its terminal, the
//! signals that they inherit, the directories that they trust, the files that configure them. It
//! knows nothing of seats.

pub mod columns;
pub mod configuration;
pub mod in_the_way;
pub mod input;
mod platform;
pub mod secrets;

pub use platform::{
    Endings, FileIdentity, hide_memory, is_ignored, lock_file, open_private, prepare_signals,
    trusted_directory, unix_only,
};
