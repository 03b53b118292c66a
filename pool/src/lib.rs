//! The pool server.
#![warn(missing_docs)]

pub mod clock;
pub mod config;
pub mod directory;
pub mod engine;
pub mod feed;
pub mod fresh;
pub mod journal;
pub mod lifecycle;
mod platform;
pub mod presets;
pub mod rules;
pub mod telemetry;
