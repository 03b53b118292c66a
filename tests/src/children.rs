//! The one type that starts processes, and sees to it that none of them outlives it.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::interruption;
use crate::launch::Launch;
use crate::processes;
use crate::waiting::wait_until;

/// The variable by which a process and its descendants are recognised.
const MARK: &str = "OFFICE_PROCESS";
/// The variable by which all processes of one [`Children`] are recognised.
const FAMILY: &str = "OFFICE_FAMILY";

/// Starts processes and kills what is left of them when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Children {
    family: Arc<Family>,
}

#[derive(Debug)]
struct Family {
    mark: String,
    logs: PathBuf,
    started: AtomicU32,
}

/// A started process: its own process group, its own log files; killed with all its descendants when dropped.
#[derive(Debug)]
pub struct Child {
    name: String,
    process: std::process::Child,
    mark: String,
    output: PathBuf,
    log: PathBuf,
    /// Outlives this child, so that a process that escaped it is found in the end.
    _family: Arc<Family>,
}

/// How a program ended that was run to its end.
#[derive(Debug)]
pub struct Finished {
    /// Its exit status.
    pub status: ExitStatus,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Children {
    /// Children whose log files go into `logs`, which is made if it is not there.
    ///
    /// # Errors
    /// If that folder cannot be made.
    pub fn new(logs: &Path) -> Result<Children> {
        static FAMILIES: AtomicU32 = AtomicU32::new(0);
        fs::create_dir_all(logs).with_context(|| format!("cannot make {}", logs.display()))?;
        let number = FAMILIES.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{FAMILY}={}.{number}", std::process::id());
        Ok(Children {
            family: Arc::new(Family { mark, logs: logs.to_path_buf(), started: AtomicU32::new(0) }),
        })
    }

    /// Starts a program.
    ///
    /// # Errors
    /// If it cannot be started or its input cannot be written, or this program was interrupted.
    pub fn start(&self, launch: Launch) -> Result<Child> {
        interruption::check()?;
        let number = self.family.started.fetch_add(1, Ordering::Relaxed);
        let family = self.family.mark.trim_start_matches(FAMILY);
        let mark = format!("{MARK}{family}.{number}");
        let output = self.family.logs.join(format!("{number:02}-{}.out", launch.name));
        let log = output.with_extension("log");
        let mut command = prepare(&launch, &[&self.family.mark, &mark])?;
        command.stdout(writable(&output)?).stderr(writable(&log)?);
        let mut process = command.spawn().with_context(|| {
            format!("cannot start {} ({})", launch.name, launch.program.display())
        })?;
        if let Some(mut stdin) = process.stdin.take() {
            // A program that ends without reading its input closes the pipe: its status tells the rest.
            let _ = stdin.write_all(&launch.input);
        }
        Ok(Child {
            name: launch.name,
            process,
            mark,
            output,
            log,
            _family: Arc::clone(&self.family),
        })
    }

    /// Runs a program to its end, whatever its status.
    ///
    /// # Errors
    /// If it cannot be started or does not end.
    pub fn run(&self, launch: Launch) -> Result<Finished> {
        let mut child = self.start(launch)?;
        let status = child.wait()?;
        Ok(Finished { status, stdout: child.output(), stderr: child.log() })
    }

    /// Kills every process that descends from these children.
    pub fn kill_all(&self) {
        self.family.kill();
    }

    /// The folder of the log files.
    pub fn logs(&self) -> &Path {
        &self.family.logs
    }
}

impl Family {
    fn kill(&self) {
        kill_marked(&self.mark);
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Child {
    /// The process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The name it was started under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it wrote to standard output so far.
    pub fn output(&self) -> String {
        read_lossy(&self.output)
    }

    /// What it wrote to standard error so far.
    pub fn log(&self) -> String {
        read_lossy(&self.log)
    }

    /// Its status if it has ended.
    ///
    /// # Errors
    /// If the kernel does not tell.
    pub fn status(&mut self) -> Result<Option<ExitStatus>> {
        self.process.try_wait().with_context(|| format!("cannot ask after {}", self.name))
    }

    /// Fails, with the end of its log, if it has ended.
    ///
    /// # Errors
    /// If it has ended.
    pub fn expect_running(&mut self) -> Result<()> {
        match self.status()? {
            None => Ok(()),
            Some(status) => {
                bail!("{} ended ({status}) and said:\n{}{}", self.name, self.output(), self.log())
            }
        }
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// If it does not.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        let what = format!("{} ends", self.name);
        match wait_until(&what, || self.status()) {
            Ok(status) => Ok(status),
            Err(error) => Err(error.context(format!("it said:\n{}{}", self.output(), self.log()))),
        }
    }

    /// Waits until its standard output holds a line for which `found` has an answer.
    ///
    /// # Errors
    /// If it ends first or no such line comes.
    pub fn wait_for_output<T>(
        &mut self,
        what: &str,
        found: impl Fn(&str) -> Option<T>,
    ) -> Result<T> {
        wait_until(what, || {
            let text = self.output();
            // The last line may be half written, so it counts only with its end.
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            if let Some(answer) = whole.lines().find_map(&found) {
                return Ok(Some(answer));
            }
            self.expect_running()?;
            Ok(None)
        })
    }

    /// Waits until `probe` finds what it looks for, as long as the process runs.
    ///
    /// # Errors
    /// If it ends first, the probe fails, or the condition does not come.
    pub fn wait_until<T>(
        &mut self,
        what: &str,
        mut probe: impl FnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        wait_until(what, || {
            self.expect_running()?;
            probe()
        })
    }

    /// Sends a signal to the process itself.
    pub fn signal(&self, signal: Signal) {
        processes::signal(self.id(), signal);
    }

    /// Asks it to end (SIGTERM).
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Kills the process itself (SIGKILL) and waits for its end; what it started lives on.
    ///
    /// # Errors
    /// If the kernel does not report its end.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::KILL);
        self.process.wait().with_context(|| format!("cannot wait for {}", self.name))
    }

    /// Stops its clock: it runs no further until [`Child::thaw`].
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it run on after [`Child::freeze`].
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// The process and everything that it started and that still runs.
    pub fn all_processes(&self) -> Vec<u32> {
        processes::marked(&self.mark)
    }

    /// Kills it with everything that it started, at once, as a power cut would.
    pub fn kill_all(&mut self) {
        if let Some(group) = i32::try_from(self.id()).ok().and_then(Pid::from_raw) {
            // Empty if all have ended.
            let _ = kill_process_group(group, Signal::KILL);
        }
        kill_marked(&self.mark);
        // Ours, and killed: it ends at once.
        let _ = self.process.wait();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.process.try_wait().is_ok_and(|status| status.is_some()) {
            // Its group may have been given to others since; the mark stays true.
            kill_marked(&self.mark);
        } else {
            self.kill_all();
        }
    }
}

/// Kills everything that this program has started and that still runs, and what those have started.
pub fn kill_everything() {
    kill_until_none(|| started_by(std::process::id()));
}

/// What a program of ours has started by way of [`Children`], and what those have started.
#[must_use]
pub fn started_by(program: u32) -> Vec<u32> {
    processes::marked_by(|line| line.starts_with(format!("{FAMILY}={program}.").as_bytes()))
}

/// Kills until nobody with the mark is left: a process may have started another meanwhile.
fn kill_marked(mark: &str) {
    kill_until_none(|| processes::marked(mark));
}

fn kill_until_none(left: impl Fn() -> Vec<u32>) {
    loop {
        let left = left();
        if left.is_empty() {
            return;
        }
        for id in left {
            processes::signal(id, Signal::KILL);
        }
        std::thread::yield_now();
    }
}

fn prepare(launch: &Launch, marks: &[&str]) -> Result<Command> {
    let mut command = Command::new(&launch.program);
    command.args(&launch.arguments).env_clear().process_group(0);
    command.env("PATH", search_path()).env("LANG", "C.UTF-8").env("RUST_BACKTRACE", "1");
    command.envs(&launch.environment);
    for mark in marks {
        let (name, value) = mark.split_once('=').context("a mark is NAME=value")?;
        command.env(name, value);
    }
    if let Some(folder) = &launch.folder {
        command.current_dir(folder);
    }
    if let Some((uid, gid)) = launch.user {
        command.uid(uid).gid(gid);
    }
    command.stdin(if launch.input.is_empty() { Stdio::null() } else { Stdio::piped() });
    Ok(command)
}

#[expect(
    clippy::disallowed_methods,
    reason = "started programs look for theirs where the tests do"
)]
fn search_path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

fn writable(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))
}

fn read_lossy(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

#[cfg(test)]
#[path = "children_tests.rs"]
mod tests;
