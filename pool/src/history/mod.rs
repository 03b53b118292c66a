//! The history that people read: the journal's records beside the engine, in words.

mod describe;
mod reader;

pub(crate) use reader::{Reader, Search, Since};
