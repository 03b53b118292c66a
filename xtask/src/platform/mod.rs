//! What differs between operating systems: processes, permissions, links.
//!
//! Both files offer the same functions.

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "other.rs"]
mod system;

pub(crate) use system::{
    adopt_descendants, is_root, link_program, no_descendant_left, pass_signals_to, write_program,
};
