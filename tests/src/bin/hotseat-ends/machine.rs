//! What the table was measured on: nothing that would tell whose machine it is.

use std::fs;
use std::thread;

/// Processors, their kind and the kernel, as far as the system tells.
pub(crate) fn described() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let kind = processor.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == "model name").then(|| value.trim().to_owned())
    });
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let kernel = kernel.split(['-', '\n']).next().unwrap_or_default();
    let kind = kind.map_or_else(String::new, |kind| format!(" ({kind})"));
    let plural = if cores == 1 { "" } else { "s" };
    format!("{cores} processor{plural}{kind}, Linux {kernel}")
}
