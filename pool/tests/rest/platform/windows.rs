//! Windows: access lists are inherited, and a process without a console is ended.

use std::path::Path;
use std::process::Child;

/// Access lists are the directory's; there are no modes to look at.
pub(crate) fn is_private(_path: &Path) -> bool {
    true
}

/// Ends a process.
pub(crate) fn terminate(child: &mut Child) {
    child.kill().unwrap();
}
