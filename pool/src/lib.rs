//! The pool server.
#![warn(missing_docs)]

pub mod journal;
pub mod presets;
pub mod rules;
pub mod config;
pub mod fresh;
pub mod lifecycle;
pub mod telemetry;
mod platform;
