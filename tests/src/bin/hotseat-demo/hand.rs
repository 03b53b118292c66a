//! A person at work: real keys on a real display, every second, until the hand rests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Result;
use hotseat_tests::desk::Desk;
use hotseat_tests::input::Input;

/// The X name of a shift key, which by itself writes nothing.
const SHIFT: u32 = 0xffe1;
/// Time between two keys.
const BETWEEN_KEYS: Duration = Duration::from_secs(1);

/// A hand on a keyboard; it rests when dropped.
#[derive(Debug)]
pub(crate) struct Hand {
    rests: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Hand {
    /// Begins to type at a desk, the first key before this returns; `None` where a real person sits.
    ///
    /// # Errors
    /// If the display is gone.
    pub(crate) fn of(desk: &Desk) -> Result<Option<Hand>> {
        desk.input()?.map(Hand::type_on).transpose()
    }

    fn type_on(input: Input) -> Result<Hand> {
        input.press(&[SHIFT])?;
        let rests = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&rests);
        let thread = std::thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                std::thread::park_timeout(BETWEEN_KEYS);
                // A display that is gone ends the work too.
                if told.load(Ordering::Relaxed) || input.press(&[SHIFT]).is_err() {
                    return;
                }
            }
        });
        Ok(Hand { rests, thread: Some(thread) })
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.rests.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It holds nothing that could be lost.
            let _ = thread.join();
        }
    }
}
