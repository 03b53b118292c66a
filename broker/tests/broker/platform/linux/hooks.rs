//! Hooks: real programs, run as real users, by the real binary.

use std::fs::{self, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use hotseat_protocol::ipc::Role;
use hotseat_protocol::reason::ReleaseReason;
use rustix::process::Signal;

use crate::desktop::Desktop;
use crate::fake_pool::{EMAIL, FakePool, Link, PASSWORD, seat};
use crate::platform::unix::signals::signal;
use crate::process::{Process, broker};
use crate::programs::Program;

/// Two users that every Linux knows, `nobody` and `daemon`.
const NOBODY: u32 = 65_534;
const DAEMON: u32 = 1;

/// A machine with a hook.
struct Machine {
    desktop: Desktop,
    fake: FakePool,
}

impl Machine {
    /// None where we may not act as other users.
    #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
    async fn new(hook: &str, timeout: &str) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: only root can act as a second user");
            return None;
        }
        let fake = FakePool::start().await;
        let machine = Self { desktop: Desktop::enrolled(&fake), fake };
        // Everybody's programs must get as far as the socket, and write what they saw.
        fs::set_permissions(machine.desktop.dir.path(), Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(machine.seen("")).unwrap();
        fs::set_permissions(machine.seen(""), Permissions::from_mode(0o1777)).unwrap();
        fs::write(machine.hook(), format!("#!/bin/sh\n{hook}\n")).unwrap();
        fs::set_permissions(machine.hook(), Permissions::from_mode(0o755)).unwrap();
        machine.configure(&format!(
            "[pool.infor-crm]\nsign_off_hook = [{:?}, {:?}]\nhook_timeout = {timeout:?}\n",
            machine.hook(),
            machine.seen(""),
        ));
        Some(machine)
    }

    fn configure(&self, text: &str) {
        fs::write(self.file(), text).unwrap();
        fs::set_permissions(self.file(), Permissions::from_mode(0o644)).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.desktop.dir.path().join("broker.toml")
    }

    fn hook(&self) -> PathBuf {
        self.desktop.dir.path().join("hook")
    }

    /// What hooks leave behind.
    fn seen(&self, name: &str) -> PathBuf {
        self.desktop.dir.path().join("seen").join(name)
    }

    fn broker(&self) -> Process {
        let mut command = broker(&self.desktop);
        command.arg("--config").arg(self.file());
        Process::start(command)
    }

    async fn start(&self) -> (Process, Link) {
        let process = self.broker();
        let link = self.fake.link().await;
        // The link is up for programs once the broker has read the pool's welcome.
        Program::start(&self.desktop.socket(), Role::Cli).await.linked().await;
        (process, link)
    }

    fn hotseat(&self, uid: u32, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hotseat"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOTSEAT_SOCKET", self.desktop.socket())
            .stdin(Stdio::null())
            .uid(uid)
            .gid(uid);
        command
    }

    async fn log_in(&self, link: &mut Link, uid: u32) {
        let mut login = self.hotseat(uid, &["login", EMAIL]);
        let mut login = login.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        writeln!(login.stdin.take().unwrap(), "{PASSWORD}").unwrap();
        link.log_in().await;
        assert!(login.wait().unwrap().success());
    }

    /// A user who is logged in holds a seat with `hotseat run`.
    async fn holds(&self, link: &mut Link, uid: u32, number: u128) -> Child {
        let command = ["run", "infor-crm", "--", "sh", "-c", "echo began; exec sleep 1000"];
        let mut run = self.hotseat(uid, &command).stdout(Stdio::piped()).spawn().unwrap();
        link.grant(seat(number)).await;
        let mut began = [0; 6];
        run.stdout.as_mut().unwrap().read_exact(&mut began).unwrap();
        run
    }
}

/// Ends a `hotseat run` and what it runs.
fn end(mut run: Child) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(run.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    run.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_runs_as_each_seats_user_before_the_release() {
    let script = "exec > \"$1/as-$(id -u)\"; id -u; id -g; id -G; pwd; \
                  ls /proc/self/fd | xargs; echo \"$HOTSEAT_POOL $HOTSEAT_REASON $HOME $USER\"; env";
    let Some(machine) = Machine::new(script, "10s").await else { return };
    let (process, mut link) = machine.start().await;
    machine.log_in(&mut link, NOBODY).await;
    machine.log_in(&mut link, DAEMON).await;
    let nobody = machine.holds(&mut link, NOBODY, 1).await;
    let daemon = machine.holds(&mut link, DAEMON, 2).await;

    end(nobody);
    assert_eq!(link.signed_off(seat(1)).await, ReleaseReason::ApplicationExited);
    let said = fs::read_to_string(machine.seen("as-65534")).expect("it ran before the release");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[..4], ["65534", "65534", "65534", "/"], "{said}");
    // 3 is the directory that `ls` reads.
    assert_eq!(lines[4], "0 1 2 3", "a descriptor was inherited: {said}");
    assert!(lines[5].starts_with("infor-crm application_exited "), "{said}");
    assert!(lines[5].ends_with(" nobody"), "{said}");
    assert!(!said.contains("HOTSEAT_BROKER_"), "{said}");
    assert!(!machine.seen("as-1").exists(), "the other user's session was touched");

    end(daemon);
    assert_eq!(link.signed_off(seat(2)).await, ReleaseReason::ApplicationExited);
    let said = fs::read_to_string(machine.seen("as-1")).unwrap();
    assert!(said.starts_with("1\n1\n1\n"), "{said}");
    signal(&process, Signal::TERM);
    let (code, log) = process.ended().await;
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(log.matches("the sign-off hook has run").count(), 2, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_is_killed_with_all_that_it_started() {
    let script = "exec > \"$1/pipe\"; echo began; sleep 1000 & sleep 1000";
    let Some(machine) = Machine::new(script, "5s").await else { return };
    let pipe = machine.seen("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o666),
        0,
    )
    .unwrap();
    fs::set_permissions(&pipe, Permissions::from_mode(0o666)).unwrap();
    // The pipe ends once nobody holds it open any more.
    let reading = std::thread::spawn(move || {
        let mut said = String::new();
        fs::File::open(pipe).unwrap().read_to_string(&mut said).unwrap();
        said
    });
    let (mut process, mut link) = machine.start().await;
    machine.log_in(&mut link, NOBODY).await;
    let run = machine.holds(&mut link, NOBODY, 1).await;
    end(run);
    assert_eq!(link.signed_off(seat(1)).await, ReleaseReason::ApplicationExited);
    process.logs("the sign-off hook was killed at its time-out").await;
    let ended = crate::soon("every process of the hook is gone", async {
        while !reading.is_finished() {
            tokio::task::yield_now().await;
        }
        reading.join().unwrap()
    });
    assert_eq!(ended.await, "began\n");
    signal(&process, Signal::TERM);
    assert_eq!(process.ended().await.0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_a_kill_of_the_broker_interrupted_is_run_again_before_the_release() {
    let script = "if [ -e \"$1/pid\" ]; then echo again > \"$1/again\"; exit; fi; \
                  echo $$ > \"$1/new\"; mv \"$1/new\" \"$1/pid\"; exec sleep 1000";
    let Some(machine) = Machine::new(script, "10s").await else { return };
    let (process, mut link) = machine.start().await;
    machine.log_in(&mut link, NOBODY).await;
    end(machine.holds(&mut link, NOBODY, 1).await);
    let first = crate::soon("the hook runs", async {
        loop {
            match fs::read_to_string(machine.seen("pid")) {
                Ok(pid) => return pid.trim().parse().unwrap(),
                Err(_) => tokio::task::yield_now().await,
            }
        }
    });
    let first = rustix::process::Pid::from_raw(first.await).unwrap();
    signal(&process, Signal::KILL);
    process.ended().await;

    let (process, mut link) = machine.start().await;
    assert_eq!(link.signed_off(seat(1)).await, ReleaseReason::ApplicationExited);
    assert!(machine.seen("again").exists(), "the pool heard of it before the hook had run");
    rustix::process::kill_process(first, Signal::KILL).unwrap();
    signal(&process, Signal::TERM);
    assert_eq!(process.ended().await.0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_is_missing_or_was_changed_keeps_nobody_signed_on() {
    let Some(machine) = Machine::new("exit 7", "10s").await else { return };
    let (mut process, mut link) = machine.start().await;
    machine.log_in(&mut link, NOBODY).await;
    let run = machine.holds(&mut link, NOBODY, 1).await;
    end(run);
    assert_eq!(link.signed_off(seat(1)).await, ReleaseReason::ApplicationExited);
    process.logs("the sign-off hook has failed").await;
    assert!(process.lines.contains("exit status: 7"), "{}", process.lines);

    let run = machine.holds(&mut link, NOBODY, 2).await;
    fs::set_permissions(machine.hook(), Permissions::from_mode(0o757)).unwrap();
    end(run);
    assert_eq!(link.signed_off(seat(2)).await, ReleaseReason::ApplicationExited);
    process.logs("the sign-off hook cannot be run").await;
    assert!(process.lines.contains("chmod go-w"), "{}", process.lines);

    let run = machine.holds(&mut link, NOBODY, 3).await;
    fs::remove_file(machine.hook()).unwrap();
    end(run);
    assert_eq!(link.signed_off(seat(3)).await, ReleaseReason::ApplicationExited);
    process.logs("the sign-off hook cannot be run").await;
    signal(&process, Signal::TERM);
    assert_eq!(process.ended().await.0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_has_no_time_for_one_that_may_take_longer() {
    let Some(machine) = Machine::new("touch \"$1/ran\"", "10s").await else { return };
    let (process, mut link) = machine.start().await;
    machine.log_in(&mut link, NOBODY).await;
    let run = machine.holds(&mut link, NOBODY, 1).await;
    signal(&process, Signal::TERM);
    assert_eq!(link.signed_off(seat(1)).await, ReleaseReason::BrokerStopped);
    let (code, log) = process.ended().await;
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("the sign-off hook is skipped"), "{log}");
    assert!(!machine.seen("ran").exists());
    end(run);
}

#[tokio::test]
async fn a_file_or_a_program_that_others_can_change_is_refused() {
    let Some(machine) = Machine::new("true", "1s").await else { return };
    for path in [machine.file(), machine.hook()] {
        for (mode, uid) in [(0o777, 0), (0o755, NOBODY)] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            chown(&path, Some(uid), None).unwrap();
            let (code, log) = machine.broker().ended().await;
            assert_eq!(code, Some(1), "{log}");
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(log.contains("[pool.infor-crm]") && log.contains(name), "{log}");
            assert!(log.contains("root only"), "{log}");
            fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
            chown(&path, Some(0), None).unwrap();
        }
    }
    let process = machine.broker();
    drop(machine.fake.link().await);
    signal(&process, Signal::TERM);
    assert_eq!(process.ended().await.0, Some(0));
}
