//! The broker.

pub mod core;
