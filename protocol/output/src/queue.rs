//! Lines that wait for a thread which writes them, bounded in bytes. Own code, because the writer
//! of `tracing-appender` prints to standard output when its queue is full at the end of a program.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Takes lines without waiting.
pub(crate) struct Queue {
    shared: Arc<Shared>,
    bytes_max: usize,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    writing: bool,
}

impl Queue {
    /// Starts the thread that writes; it lives as long as the process.
    pub(crate) fn start(
        bytes_max: usize,
        mut write: impl FnMut(&[u8]) + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        std::thread::Builder::new().name("standard error".to_owned()).spawn(move || {
            loop {
                write(&theirs.take());
                theirs.lock().writing = false;
                theirs.changed.notify_all();
            }
        })?;
        Ok(Self { shared, bytes_max })
    }

    /// Adds a line, or loses it when there is no room.
    pub(crate) fn push(&self, line: Vec<u8>) {
        let mut waiting = self.shared.lock();
        if waiting.bytes.saturating_add(line.len()) <= self.bytes_max {
            waiting.bytes += line.len();
            waiting.lines.push_back(line);
            self.shared.changed.notify_all();
        }
    }

    /// Waits until everything is written, no longer than `within`.
    pub(crate) fn flush(&self, within: Duration) {
        let busy = |waiting: &mut Waiting| waiting.writing || !waiting.lines.is_empty();
        // In time or not, the program ends.
        drop(self.shared.changed.wait_timeout_while(self.shared.lock(), within, busy));
    }
}

impl Shared {
    /// Waits for the next line.
    fn take(&self) -> Vec<u8> {
        let mut waiting = self.lock();
        loop {
            if let Some(line) = waiting.lines.pop_front() {
                waiting.bytes = waiting.bytes.saturating_sub(line.len());
                waiting.writing = true;
                return line;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_reader_who_reads_nothing_costs_lines_and_no_time_and_one_who_reads_again_gets_the_rest() {
        let (go_on, gate) = mpsc::channel::<()>();
        let (written, lines) = mpsc::channel();
        let queue = Queue::start(10, move |line| {
            let _ = gate.recv();
            let _ = written.send(line.to_vec());
        });
        let queue = queue.unwrap();
        queue.push(b"first".to_vec());
        while !queue.shared.lock().writing {
            std::thread::yield_now();
        }
        queue.push(b"12345".to_vec());
        queue.push(b"67890".to_vec());
        queue.push(b"no room".to_vec());
        queue.flush(Duration::ZERO);
        drop(go_on);
        queue.flush(Duration::MAX);
        let got: Vec<Vec<u8>> = lines.try_iter().collect();
        assert_eq!(got, [b"first", b"12345", b"67890"].map(|line| line.to_vec()));
    }
}
