//! The pool server.
#![warn(missing_docs)]

pub mod presets;
pub mod rules;
