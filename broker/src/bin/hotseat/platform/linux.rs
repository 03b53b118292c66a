//! Linux: what a program leaves running when it ends becomes our child, so that we can follow it.

use std::io;

use rustix::process::{
    Pid, Signal as RawSignal, WaitId, WaitIdOptions, getpid, kill_process, set_child_subreaper,
    waitid,
};
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

use super::Signal;
use super::unix::was_told;

/// The children of this process other than the program itself.
#[derive(Debug)]
pub(crate) struct Family {
    /// Wakes whenever a child ends; none: nobody is followed.
    deaths: Option<Stream>,
    /// Children that this process had before, through an exec; they are none of our business.
    strangers: Vec<Pid>,
}

impl Family {
    /// From now on orphans of what is started become our children.
    ///
    /// # Errors
    ///
    /// When the system does not let us.
    pub(crate) fn adopting() -> io::Result<Self> {
        let deaths = signal(SignalKind::child())?;
        let Some(strangers) = children() else {
            return Ok(Self::none());
        };
        set_child_subreaper(Some(getpid()))?;
        Ok(Self { deaths: Some(deaths), strangers })
    }

    /// Follows nobody.
    pub(crate) fn none() -> Self {
        Self { deaths: None, strangers: Vec::new() }
    }

    /// Returns when a child has ended; never when nobody is followed.
    pub(crate) async fn changed(&mut self) {
        match &mut self.deaths {
            Some(deaths) => {
                deaths.recv().await;
            }
            None => std::future::pending().await,
        }
    }

    /// Takes note of adopted ones that have ended, so that they are gone; not of the program.
    pub(crate) fn bury(&self, program: Option<u32>) {
        let program = program.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        for child in self.members().into_iter().filter(|child| Some(*child) != program) {
            // It lives on, or somebody else has seen to it: both are fine.
            let _ = waitid(WaitId::Pid(child), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
        }
    }

    /// Whether nobody is left, now that the program has ended.
    pub(crate) fn is_alone(&self) -> bool {
        loop {
            if !self.members().is_empty() {
                return false;
            }
            // The list may miss somebody while another ends; the kernel knows whether there is any.
            let any = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            if !self.strangers.is_empty() || waitid(WaitId::All, any).is_err() {
                return true;
            }
        }
    }

    /// Passes a signal on, unless the terminal has already done so.
    pub(crate) fn pass_on(&self, signal: Signal) {
        let Some(raw) = RawSignal::from_named_raw(signal.number) else {
            return;
        };
        for child in self.members() {
            if !was_told(child, signal) {
                send(child, raw);
            }
        }
    }

    /// Asks all to end.
    pub(crate) fn ask_to_end(&self) {
        self.members().into_iter().for_each(|child| send(child, RawSignal::TERM));
    }

    /// Kills all, and those that become ours by it.
    pub(crate) async fn kill(&mut self) {
        while !self.is_alone() {
            self.members().into_iter().for_each(|child| send(child, RawSignal::KILL));
            self.changed().await;
            self.bury(None);
        }
    }

    fn members(&self) -> Vec<Pid> {
        if self.deaths.is_none() {
            return Vec::new();
        }
        let mine = children().unwrap_or_default();
        mine.into_iter().filter(|child| !self.strangers.contains(child)).collect()
    }
}

fn send(child: Pid, signal: RawSignal) {
    // It may have ended in this moment, which is what was wanted.
    let _ = kill_process(child, signal);
}

/// The children of all threads of this process; none on a kernel that does not list them.
fn children() -> Option<Vec<Pid>> {
    std::fs::metadata("/proc/thread-self/children").ok()?;
    let mut children = Vec::new();
    for thread in std::fs::read_dir("/proc/self/task").ok()?.flatten() {
        // A thread that has just ended has none.
        let list = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        let numbers = list.split_whitespace().filter_map(|id| id.parse().ok());
        children.extend(numbers.filter_map(Pid::from_raw));
    }
    Some(children)
}
