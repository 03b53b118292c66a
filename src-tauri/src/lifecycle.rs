//! The tasks of this program: the only place that starts any.

use std::future::Future;

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// Starts tasks and knows which are still running.
#[derive(Clone)]
pub struct Tasks {
    handle: Handle,
    tracker: TaskTracker,
}

impl Tasks {
    /// Tasks on the given runtime.
    pub fn new(handle: Handle) -> Self {
        Self { handle, tracker: TaskTracker::new() }
    }

    /// Starts a task. A panic ends that task only.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn_on(task, &self.handle);
    }

    /// Runs something to its end on the calling thread, which must not belong to the runtime.
    pub fn block_on<T>(&self, task: impl Future<Output = T>) -> T {
        self.handle.block_on(task)
    }
}

/// Ends the process from any thread, whatever the others are doing.
pub fn end_process(code: i32) -> ! {
    std::process::exit(code)
}
