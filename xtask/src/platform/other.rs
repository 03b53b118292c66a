//! Systems on which only building and the portable tests run.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Descendants are watched on Linux only.
pub(crate) fn adopt_descendants() -> Result<()> {
    Ok(())
}

/// Descendants are watched on Linux only.
pub(crate) fn no_descendant_left() -> Result<()> {
    Ok(())
}

/// Nothing is installed on these systems.
pub(crate) fn is_root() -> bool {
    false
}

/// The terminal itself sends Ctrl-C to the child.
pub(crate) fn pass_signals_to(_child: u32) -> Result<()> {
    Ok(())
}

/// Makes `link` stand for `program`.
pub(crate) fn link_program(program: &Path, link: &Path) -> Result<()> {
    fs::copy(program, link).with_context(|| format!("cannot write {}", link.display()))?;
    Ok(())
}

/// Writes a small program.
pub(crate) fn write_program(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
