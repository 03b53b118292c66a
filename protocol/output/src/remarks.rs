//! Remarks and complaints, on standard error. What cannot be written is lost, and nothing else.

use std::io;
use std::panic::{self, PanicHookInfo};
use std::sync::OnceLock;
use std::time::Duration;

use crate::platform;
use crate::queue::Queue;

/// Bytes that wait for a reader of standard error; further lines are lost. Some thousand lines of
/// log, which is what a server says in the seconds that a busy reader may take.
const WAITING_BYTES_MAX: usize = 1024 * 1024;

/// How long the end of a program waits for a reader of standard error.
const FLUSH_WITHIN: Duration = Duration::from_secs(1);

static QUEUE: OnceLock<Queue> = OnceLock::new();

/// From here on whoever reads standard error too slowly, or not at all, no longer holds this
/// program up: what it writes there, the words of a panic included, waits in a queue with room for
/// 1 MiB, and is lost when there is none.
///
/// # Errors
///
/// When the operating system gives no thread.
pub fn never_wait() -> io::Result<()> {
    if QUEUE.get().is_some() {
        return Ok(());
    }
    let queue = Queue::start(WAITING_BYTES_MAX, |bytes| {
        // There is nowhere to say that it failed.
        let _ = platform::write_stderr(bytes);
    })?;
    if QUEUE.set(queue).is_ok() {
        panic::set_hook(Box::new(panicked));
    }
    Ok(())
}

/// Writes a line for people.
pub fn remark(text: &str) {
    write(format!("{text}\n").into_bytes());
}

/// Asks something on the line on which it is answered.
pub fn question(text: &str) {
    write(format!("{text} ").into_bytes());
}

/// Waits until what was said is written, no longer than a second.
pub fn flush() {
    if let Some(queue) = QUEUE.get() {
        queue.flush(FLUSH_WITHIN);
    }
}

pub(crate) fn write(bytes: Vec<u8>) {
    match QUEUE.get() {
        Some(queue) => queue.push(bytes),
        None => {
            // There is nowhere to say that it failed.
            let _ = platform::write_stderr(&bytes);
        }
    }
}

/// Says what the standard library's own hook says, without waiting for a reader.
fn panicked(panic: &PanicHookInfo<'_>) {
    let backtrace = std::backtrace::Backtrace::capture();
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("without a name");
    remark(&format!("thread {name:?} {panic}\n{backtrace}"));
    flush();
}
