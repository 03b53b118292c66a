//! `hotseat run` with real processes: the seat follows the right one, and never outlives it.

use std::process::Stdio;
use std::time::Duration;

use hotseat_protocol::ids::{SeatRef, WallTime};
use hotseat_protocol::ipc::Role;
use hotseat_protocol::link::{MachineMessage, PoolAnswer, Renewed, SeatClaimEnd, SeatEnd};
use hotseat_protocol::reason::ReleaseReason;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::desktop::{Desktop, Running};
use crate::fake_pool::{FakePool, Link, seat};
use crate::programs::{Program, seats};
use crate::soon;

/// A machine on which somebody is logged in.
pub(super) struct Machine {
    pub(super) desktop: Desktop,
    pub(super) broker: Running,
    pub(super) link: Link,
    pub(super) cli: Program,
}

/// A `hotseat run` that holds a seat.
pub(super) struct Run {
    pub(super) child: Child,
    pub(super) out: BufReader<ChildStdout>,
    pub(super) err: BufReader<ChildStderr>,
}

impl Machine {
    pub(super) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut Desktop)) -> Self {
        let fake = FakePool::start().await;
        let mut desktop = Desktop::enrolled(&fake);
        change(&mut desktop);
        let broker = desktop.start();
        let mut link = fake.link().await;
        let mut cli = Program::start(&desktop.socket(), Role::Cli).await;
        cli.linked().await;
        tokio::join!(cli.ask(Program::log_in()), link.log_in());
        Self { desktop, broker, link, cli }
    }

    pub(super) fn command(&self, options: &[&str], script: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hotseat"));
        self.arguments(&mut command, options, script);
        command
    }

    pub(super) fn arguments(&self, command: &mut Command, options: &[&str], script: &str) {
        command
            .args(["run", "infor-crm"])
            .args(options)
            .args(["--", "sh", "-c", script])
            .env("HOTSEAT_SOCKET", self.desktop.socket())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
    }

    /// Runs a shell's script under a seat.
    pub(super) async fn run(&mut self, options: &[&str], script: &str) -> Run {
        let command = self.command(options, script);
        self.start(command).await
    }

    pub(super) async fn start(&mut self, mut command: Command) -> Run {
        let mut child = command.spawn().unwrap();
        self.link.grant(seat(1)).await;
        let out = BufReader::new(child.stdout.take().unwrap());
        let err = BufReader::new(child.stderr.take().unwrap());
        Run { child, out, err }
    }

    /// The seat has ended as that of an application that did.
    pub(super) async fn exited(&mut self) {
        let reason = soon("the seat ends", self.link.signed_off(seat(1))).await;
        assert_eq!(reason, ReleaseReason::ApplicationExited);
    }

    /// The seat is held, and nothing has been said against it.
    pub(super) async fn held(&self) -> bool {
        seats(&self.cli.view().await).len() == 1
    }
}

impl Run {
    /// The next line of the script: a process id.
    pub(super) async fn pid(&mut self) -> Pid {
        let mut line = String::new();
        soon("a line of the script", self.out.read_line(&mut line)).await.unwrap();
        Pid::from_raw(line.trim().parse().expect(&line)).unwrap()
    }

    pub(super) fn own_pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id().unwrap()).unwrap()).unwrap()
    }

    pub(super) async fn says(&mut self, words: &str) {
        loop {
            let mut line = String::new();
            let read = soon(words, self.err.read_line(&mut line)).await.unwrap();
            assert!(read > 0, "{words:?} was never said");
            if line.contains(words) {
                return;
            }
        }
    }

    pub(super) async fn code(mut self) -> Option<i32> {
        soon("hotseat run ends", self.child.wait()).await.unwrap().code()
    }
}

/// Waits until a process is gone, or only its parent has not noticed yet.
pub(super) async fn gone(pid: Pid) {
    let stat = format!("/proc/{}/stat", pid.as_raw_nonzero());
    let waiting = soon("a process is gone", async {
        while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waiting.await;
}

#[tokio::test]
async fn a_program_that_is_killed_ends_the_seat_and_its_signal_is_told() {
    let mut machine = Machine::new().await;
    let mut run = machine.run(&[], "echo $$; exec sleep 1000").await;
    let pid = run.pid().await;
    kill_process(pid, Signal::KILL).unwrap();
    machine.exited().await;
    assert_eq!(run.code().await, Some(128 + 9));
    machine.broker.stop().await;
}

#[tokio::test]
async fn hotseat_killed_ends_the_seat_though_the_program_lives_on() {
    let mut machine = Machine::new().await;
    let mut run = machine.run(&[], "echo $$; exec sleep 1000").await;
    let pid = run.pid().await;
    kill_process(run.own_pid(), Signal::KILL).unwrap();
    machine.exited().await;
    test_kill_process(pid).expect("unsaved work is not killed unasked");
    kill_process(pid, Signal::KILL).unwrap();
    gone(pid).await;
    machine.broker.stop().await;
}

#[tokio::test]
async fn signals_are_passed_on() {
    let mut machine = Machine::new().await;
    let script = "trap 'exit 42' TERM; echo $$; while :; do sleep 0.1; done";
    let mut run = machine.run(&[], script).await;
    run.pid().await;
    kill_process(run.own_pid(), Signal::TERM).unwrap();
    machine.exited().await;
    assert_eq!(run.code().await, Some(42));
    machine.broker.stop().await;
}

#[tokio::test]
async fn a_terminal_that_is_closed_ends_the_program_and_the_seat() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    let mut machine = Machine::new().await;
    // Not inherited: the terminal is closed when nobody holds it open.
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let screen = openpt(flags).unwrap();
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    let name = ptsname(&screen, Vec::new()).unwrap().into_string().unwrap();
    let keyboard = std::fs::File::options().read(true).write(true).open(name).unwrap();
    // A session of its own, with this terminal, as a shell's window has it.
    let mut command = Command::new("setsid");
    command.args(["--ctty", env!("CARGO_BIN_EXE_hotseat")]);
    machine.arguments(&mut command, &[], "echo $$; exec sleep 1000");
    command.stdin(keyboard);
    let mut run = machine.start(command).await;
    let pid = run.pid().await;
    drop(screen);
    machine.exited().await;
    gone(pid).await;
    run.code().await;
    machine.broker.stop().await;
}

#[tokio::test]
async fn a_program_that_becomes_a_daemon_keeps_the_seat_until_it_ends() {
    let mut machine = Machine::new().await;
    // Twice forked, in a session of its own, its parent gone: what daemons do.
    let script = "(setsid sh -c 'echo $$; exec sleep 1000 >&2' &); exit 7";
    let mut run = machine.run(&[], script).await;
    let daemon = run.pid().await;
    run.says("left others running").await;
    assert!(machine.held().await);
    kill_process(daemon, Signal::KILL).unwrap();
    machine.exited().await;
    assert_eq!(run.code().await, Some(7), "the program's own code");
    machine.broker.stop().await;
}

#[tokio::test]
async fn a_signal_reaches_the_daemon_that_the_program_has_become() {
    let mut machine = Machine::new().await;
    let script = "(setsid sh -c 'echo $$; exec sleep 1000 >&2' &); exit 0";
    let mut run = machine.run(&[], script).await;
    let daemon = run.pid().await;
    run.says("left others running").await;
    kill_process(run.own_pid(), Signal::TERM).unwrap();
    machine.exited().await;
    gone(daemon).await;
    assert_eq!(run.code().await, Some(0));
    machine.broker.stop().await;
}

#[tokio::test]
async fn who_wants_it_has_the_seat_end_with_the_program_alone() {
    let mut machine = Machine::new().await;
    let script = "(setsid sh -c 'echo $$; exec sleep 1000 >&2' &); exit 7";
    let mut run = machine.run(&["--follow", "cmd"], script).await;
    let daemon = run.pid().await;
    machine.exited().await;
    assert_eq!(run.code().await, Some(7));
    test_kill_process(daemon).expect("it lives on");
    kill_process(daemon, Signal::KILL).unwrap();
    machine.broker.stop().await;
}

#[tokio::test]
async fn children_that_come_and_go_are_buried_meanwhile() {
    let mut machine = Machine::new().await;
    // The orphan ends while the program lives, which must not leave a zombie behind.
    let script = "(sh -c 'echo $$; exec true' &); exec sleep 1000";
    let mut run = machine.run(&[], script).await;
    let orphan = run.pid().await;
    let stat = format!("/proc/{}", orphan.as_raw_nonzero());
    let buried = soon("the orphan is buried", async {
        while std::path::Path::new(&stat).exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    buried.await;
    assert!(machine.held().await);
    kill_process(run.own_pid(), Signal::TERM).unwrap();
    machine.exited().await;
    run.code().await;
    machine.broker.stop().await;
}

#[tokio::test]
async fn a_stopped_job_loses_its_seat_like_anything_frozen_and_hears_of_it_when_it_goes_on() {
    let mut machine = Machine::with(|desktop| {
        desktop.limits.ping_every = Duration::from_secs(1);
        desktop.limits.dead_after = Duration::from_secs(10);
    })
    .await;
    let mut run = machine.run(&[], "echo $$; exec sleep 1000").await;
    let pid = run.pid().await;
    let job = [run.own_pid(), pid];
    job.iter().for_each(|pid| kill_process(*pid, Signal::STOP).unwrap());
    machine.exited().await;
    job.iter().for_each(|pid| kill_process(*pid, Signal::CONT).unwrap());
    run.says("your seat is lost").await;
    test_kill_process(pid).expect("the program goes on, told");
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(run.code().await, Some(128 + 15));
    machine.broker.stop().await;
}

#[tokio::test]
async fn a_lost_seat_stops_the_daemon_too_if_so_asked() {
    let mut machine = Machine::new().await;
    let script = "(setsid sh -c 'echo $$; exec sleep 1000 >&2' &); exit 0";
    let mut run = machine.run(&["--on-loss", "stop"], script).await;
    let daemon = run.pid().await;
    run.says("left others running").await;
    reclaim(&mut machine.link, seat(1)).await;
    run.says("asked to end").await;
    gone(daemon).await;
    let mut rest = String::new();
    run.err.read_to_string(&mut rest).await.unwrap();
    assert_eq!(run.code().await, Some(118));
}

#[tokio::test]
async fn a_lost_seat_stops_the_program_though_nobody_can_be_told() {
    for telling in ["a closed pipe", "a full disk", "a pipe that nobody reads"] {
        let mut machine = Machine::new().await;
        let mut command = machine.command(&["--on-loss", "stop"], "echo $$; exec sleep 1000");
        let (reader, writer) = std::io::pipe().unwrap();
        let mut unread = None;
        match telling {
            "a closed pipe" => {
                drop(reader);
                command.stderr(writer);
            }
            "a full disk" => {
                command.stderr(std::fs::File::options().write(true).open("/dev/full").unwrap());
            }
            _ => {
                fill(&writer);
                command.stderr(writer);
                unread = Some(reader);
            }
        }
        let mut child = command.spawn().unwrap();
        machine.link.grant(seat(1)).await;
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        soon("the program starts", out.read_line(&mut line)).await.unwrap();
        let pid = Pid::from_raw(line.trim().parse().expect(&line)).unwrap();
        reclaim(&mut machine.link, seat(1)).await;
        gone(pid).await;
        let code = soon("hotseat run ends", child.wait()).await.unwrap().code();
        assert_eq!(code, Some(118), "{telling}");
        drop(unread);
    }
}

/// Fills a pipe to the last byte, and leaves it waiting for a reader as pipes do.
fn fill(pipe: &std::io::PipeWriter) {
    rustix::io::ioctl_fionbio(pipe, true).unwrap();
    for size in [4096, 1] {
        while rustix::io::write(pipe, &vec![b'.'; size]).is_ok() {}
    }
    rustix::io::ioctl_fionbio(pipe, false).unwrap();
}

/// The pool takes a seat back, as an administrator would have it.
pub(super) async fn reclaim(link: &mut Link, seat: SeatRef) {
    let at = WallTime { unix_ms: 1_700_000_000_000 };
    let end = SeatEnd { reason: ReleaseReason::Reclaimed, by: None, note: None, at };
    loop {
        let (n, body) = link.any().await.expect("the link lives");
        if let MachineMessage::Renew(_) = body {
            let leaving = vec![SeatClaimEnd { seat, end: Some(end) }];
            link.answer(n, PoolAnswer::Renewed(Renewed { leaving, ..Renewed::default() })).await;
            return;
        }
    }
}
