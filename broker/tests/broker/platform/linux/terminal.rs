//! `hotseat` at a real terminal: keys, jobs, and signals that were ignored before it came.

use std::fs::File;
use std::io::Write as _;
use std::process::Stdio;

use rustix::process::{Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tokio::io::AsyncBufReadExt as _;
use tokio::process::Command;

use super::run::{Machine, Run, reclaim};
use crate::fake_pool::seat;
use crate::soon;

pub(super) const CTRL_C: u8 = 3;
pub(super) const CTRL_Z: u8 = 26;
pub(super) const CTRL_BACKSLASH: u8 = 28;

/// A program that tells of every signal at once, and ends by the last one.
const TELLS: &str = "trap 'echo INT' INT; trap 'echo QUIT' QUIT; trap 'echo TERM' TERM; \
    trap 'echo WINCH' WINCH; trap 'echo CONT' CONT; trap 'kill -9 $!; echo USR1; exit 7' USR1; \
    sleep 1000 & echo ready; while :; do wait $!; done";

/// A terminal: what a person sees and types at, and what programs open.
pub(super) struct Terminal {
    pub(super) screen: File,
    pub(super) keyboard: File,
}

impl Terminal {
    pub(super) fn new() -> Self {
        // Not inherited: the terminal is closed when nobody holds it open.
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let screen = openpt(flags).unwrap();
        grantpt(&screen).unwrap();
        unlockpt(&screen).unwrap();
        let name = ptsname(&screen, Vec::new()).unwrap().into_string().unwrap();
        let keyboard = File::options().read(true).write(true).open(name).unwrap();
        Self { screen: screen.into(), keyboard }
    }

    pub(super) fn press(&mut self, key: u8) {
        self.screen.write_all(&[key]).unwrap();
    }

    /// `hotseat run`, started by a shell's script in a session of its own at this terminal.
    fn run(&self, machine: &Machine, script: &str) -> Command {
        self.run_program(machine, script, TELLS)
    }

    fn run_program(&self, machine: &Machine, script: &str, program: &str) -> Command {
        self.run_job(machine, &[], script, program)
    }

    fn run_job(&self, machine: &Machine, options: &[&str], script: &str, program: &str) -> Command {
        let mut command = Command::new("setsid");
        command.args(["--ctty", "sh", "-mc", script, "sh", env!("CARGO_BIN_EXE_hotseat")]);
        machine.arguments(&mut command, options, program);
        command.stdin(self.keyboard.try_clone().unwrap());
        command
    }
}

impl Run {
    /// The next line of the program.
    async fn line(&mut self) -> String {
        let mut line = String::new();
        soon("a line of the program", self.out.read_line(&mut line)).await.unwrap();
        line.trim().to_owned()
    }

    /// Sees that the program is told of nothing more, and ends.
    async fn is_told_nothing_more(&mut self, hotseat: rustix::process::Pid) {
        kill_process(hotseat, Signal::USR1).unwrap();
        assert_eq!(self.line().await, "USR1");
    }
}

#[tokio::test]
async fn a_key_reaches_the_program_once_whatever_its_input_is() {
    for script in ["exec \"$@\" </dev/null", "exec \"$@\""] {
        let mut machine = Machine::new().await;
        let mut terminal = Terminal::new();
        let command = terminal.run(&machine, script);
        let mut run = machine.start(command).await;
        assert_eq!(run.line().await, "ready");
        terminal.press(CTRL_C);
        assert_eq!(run.line().await, "INT", "{script}");
        terminal.press(CTRL_BACKSLASH);
        assert_eq!(run.line().await, "QUIT", "{script}");
        let hotseat = run.own_pid();
        run.is_told_nothing_more(hotseat).await;
        machine.exited().await;
        assert_eq!(run.code().await, Some(7));
        machine.broker.stop().await;
    }
}

#[tokio::test]
async fn a_signal_from_elsewhere_is_passed_on_though_the_job_is_in_the_foreground() {
    let mut machine = Machine::new().await;
    let terminal = Terminal::new();
    let command = terminal.run(&machine, "exec \"$@\"");
    let mut run = machine.start(command).await;
    assert_eq!(run.line().await, "ready");
    let hotseat = run.own_pid();
    for (signal, told) in [(Signal::INT, "INT"), (Signal::QUIT, "QUIT"), (Signal::TERM, "TERM")] {
        kill_process(hotseat, signal).unwrap();
        assert_eq!(run.line().await, told);
    }
    run.is_told_nothing_more(hotseat).await;
    machine.exited().await;
    assert_eq!(run.code().await, Some(7));
    machine.broker.stop().await;
}

#[tokio::test]
async fn a_job_is_stopped_goes_on_and_hears_of_the_windows_size() {
    let mut machine = Machine::new().await;
    let mut terminal = Terminal::new();
    let script = "\"$@\"; echo stopped; jobs -p; fg >/dev/null; exit $?";
    let command = terminal.run(&machine, script);
    let mut run = machine.start(command).await;
    assert_eq!(run.line().await, "ready");
    terminal.press(CTRL_Z);
    assert_eq!(run.line().await, "stopped");
    // The job's group is named after its first process, which is `hotseat`.
    let hotseat = run.pid().await;
    // The shell gives the terminal back before it lets the job go on.
    assert_eq!(run.line().await, "CONT");
    let size = rustix::termios::Winsize { ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&terminal.screen, size).unwrap();
    assert_eq!(run.line().await, "WINCH");
    terminal.press(CTRL_C);
    assert_eq!(run.line().await, "INT");
    run.is_told_nothing_more(hotseat).await;
    machine.exited().await;
    assert_eq!(run.code().await, Some(7));
    machine.broker.stop().await;
}

/// Plays a shell's script with a program below `hotseat run`, reads these lines, and sees the seat
/// end.
async fn shows(script: &str, program: &str, lines: &[&str]) {
    let mut machine = Machine::new().await;
    let terminal = Terminal::new();
    let command = terminal.run_program(&machine, script, program);
    let mut run = machine.start(command).await;
    for line in lines {
        assert_eq!(run.line().await, *line);
    }
    machine.exited().await;
    machine.broker.stop().await;
}

#[tokio::test]
async fn a_program_that_stops_itself_gives_the_terminal_back() {
    let script = "\"$@\"; echo stopped; fg >/dev/null; echo again; fg >/dev/null; echo $?";
    let program = "echo ready; kill -TSTP $$; echo goes on; kill -TSTP $$; exit 7";
    shows(script, program, &["ready", "stopped", "goes on", "again", "7"]).await;
}

#[tokio::test]
async fn a_pipeline_stops_as_a_whole_when_its_program_stops_itself() {
    let script = "\"$@\" | cat; echo stopped; fg >/dev/null; echo ended";
    let program = "echo ready; kill -TSTP $$; echo goes on";
    shows(script, program, &["ready", "stopped", "goes on", "ended"]).await;
}

#[tokio::test]
async fn a_program_in_the_background_that_stops_itself_is_a_job_that_has_stopped() {
    let script = "\"$@\" & wait; echo stopped; fg >/dev/null; echo $?";
    let program = "kill -TSTP $$; echo goes on; exit 7";
    shows(script, program, &["stopped", "goes on", "7"]).await;
}

#[tokio::test]
async fn a_stream_of_children_does_not_keep_a_program_from_stopping() {
    let script = "\"$@\"; echo stopped; fg >/dev/null; echo $?";
    // Each of the inner ones leaves a child behind, which `hotseat` is told of.
    let children = "while :; do sh -c 'sleep 0.01 &'; done";
    let program = format!("{children} & kill -TSTP $$; echo goes on; kill $!; exit 7");
    shows(script, &program, &["stopped", "goes on", "7"]).await;
}

#[tokio::test]
async fn a_program_that_is_stopped_alone_goes_on_alone() {
    // Longer than it takes to see whether a shell continues both.
    let program = "(sleep 0.5; kill -CONT $$) & kill -STOP $$; wait; exit 7";
    shows("\"$@\"; echo $?", program, &["7"]).await;
}

#[tokio::test]
async fn a_program_that_stops_itself_when_it_is_asked_to_end_is_ended() {
    let mut machine = Machine::new().await;
    let terminal = Terminal::new();
    let script = "\"$@\"; echo \"ended $?\"";
    let program = "trap 'kill -TSTP $$' TERM; echo $$; while :; do sleep 0.1; done";
    let mut command = terminal.run_job(&machine, &["--on-loss", "stop"], script, program);
    command.stderr(Stdio::piped());
    let mut run = machine.start(command).await;
    run.pid().await;
    reclaim(&mut machine.link, seat(1)).await;
    run.says("asked to end").await;
    assert_eq!(run.line().await, "ended 118");
    machine.broker.stop().await;
}

#[tokio::test]
async fn what_was_ignored_when_it_started_stays_ignored_in_the_program_too() {
    let mut machine = Machine::new().await;
    let mut command = Command::new("sh");
    let script = "trap '' HUP INT QUIT TERM; exec \"$@\"";
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_hotseat")]);
    machine.arguments(&mut command, &[], TELLS);
    command.stdin(Stdio::null());
    let mut run = machine.start(command).await;
    assert_eq!(run.line().await, "ready");
    let hotseat = run.own_pid();
    for signal in [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM] {
        kill_process(hotseat, signal).unwrap();
    }
    run.is_told_nothing_more(hotseat).await;
    machine.exited().await;
    assert_eq!(run.code().await, Some(7));
    machine.broker.stop().await;
}
