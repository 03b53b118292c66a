//! Ten thousand connections, a program that never reads and frames of 4 GiB, all at once: the
//! limits hold, and everybody else is served. How fast is printed beside the usual value; nothing
//! here fails because a machine is slow.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hotseat_broker::sessions::Limits;
use hotseat_protocol::ipc::{FromBroker, Request, Role, ToBroker};
use hotseat_protocol::problem::Code;
use rustix::process::{Gid, Resource, Rlimit, Signal, Uid, getrlimit, setrlimit};
use tokio::process::Command;

use super::answers;
use crate::desktop::Desktop;
use crate::platform::unix::signals::signal;
use crate::process::{Process, broker};
use crate::programs::{Program, Raw};
use crate::soon;

/// Connections of one user, one after another, as many as possible open at once.
const CONNECTIONS: usize = 10_000;

/// A uid that is not ours, and need not be anybody's.
const ANOTHER: u32 = 61_235;

/// The broker asks for as many.
const FILES: u64 = 8_192;

/// How long each of a program's questions took.
async fn latencies(program: &Program, stop: &AtomicBool, least: usize) -> Vec<Duration> {
    let mut all = Vec::new();
    while all.len() < least || !stop.load(Ordering::Relaxed) {
        #[expect(clippy::disallowed_methods, reason = "a measurement, on which nothing depends")]
        let before = Instant::now();
        program.view().await;
        all.push(before.elapsed());
        // As people do, and below the number of frames that a second may have.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    all.sort_unstable();
    all
}

#[expect(clippy::print_stderr, reason = "a figure for people")]
fn shown(what: &str, all: &[Duration]) {
    let at = |share: usize| all[(all.len() - 1) * share / 100];
    eprintln!("{what}: median {:?}, 99 % {:?}, of {}", at(50), at(99), all.len());
}

/// Another user of the machine, on a thread that alone is that user.
fn as_another(socket: &Path, stop: &AtomicBool) -> Vec<Duration> {
    rustix::thread::set_thread_gid(Gid::from_raw(ANOTHER)).unwrap();
    rustix::thread::set_thread_uid(Uid::from_raw(ANOTHER)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let program = Program::start(socket, Role::Cli).await;
        latencies(&program, stop, 20).await
    })
}

/// Connects ten thousand times; says how many were let in at first, and how many refused.
async fn crowd(socket: &Path) -> (Vec<Raw>, usize) {
    let mut open = Vec::new();
    let mut refused = 0;
    for _ in 0..CONNECTIONS {
        let mut raw = Raw::connect(socket).await;
        match raw.next().await {
            Some(FromBroker::Hello { .. }) => {
                raw.send(&ToBroker::Hello(crate::programs::hello(Role::Cli))).await;
                open.push(raw);
            }
            Some(FromBroker::Refused { problem }) if problem.code == Code::TooMany => refused += 1,
            other => panic!("expected a greeting or a refusal, not {other:?}"),
        }
    }
    (open, refused)
}

/// Asks without ever reading an answer, until it is cut off.
async fn never_reads(mut raw: Raw) {
    let view = serde_json::to_string(&ToBroker::Request { id: 1, request: Request::View }).unwrap();
    let mut frame = u32::try_from(view.len()).unwrap().to_be_bytes().to_vec();
    frame.extend_from_slice(view.as_bytes());
    while raw.try_bytes(&frame).await.is_ok() {}
}

/// Announces 4 GiB, sends what goes through, and comes again until the crowd leaves no room.
async fn announces_too_much(socket: &Path, first: Raw) {
    let mut next = Some(first);
    for _ in 0..50 {
        let Some(mut raw) = next else { return };
        raw.bytes(&u32::MAX.to_be_bytes()).await;
        raw.bytes(&[b' '; 64 * 1024]).await;
        while raw.next().await.is_some() {}
        next = Raw::let_in(socket, Role::Cli).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_else_is_served_in_a_crowd_of_hostile_programs() {
    let limit = getrlimit(Resource::Nofile);
    let raised = limit.maximum.unwrap_or(u64::MAX).min(FILES);
    setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum }).unwrap();
    let desktop = Desktop::new();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(desktop.dir.path(), open).unwrap();
    let process = Process::start(broker(&desktop));
    let bystander = started(&desktop.socket()).await;
    let stop = Arc::new(AtomicBool::new(true));
    shown("usually", &latencies(&bystander, &stop, 50).await);

    stop.store(false, Ordering::Relaxed);
    let socket = desktop.socket();
    let hostile = async {
        let slow = Raw::greeted(&socket, Role::Cli).await;
        let loud = Raw::greeted(&socket, Role::Cli).await;
        let slow = soon("it is cut off", never_reads(slow));
        let ((crowd, refused), (), ()) =
            tokio::join!(crowd(&socket), slow, announces_too_much(&socket, loud));
        let limits = Limits::default();
        assert!(refused >= CONNECTIONS - limits.per_user, "only {refused} were refused");
        assert!(refused < CONNECTIONS, "nobody was let in");
        // While this user has all that a user may have, another one comes, and is let in.
        let root = rustix::process::geteuid().is_root();
        let another = root.then(|| {
            let (socket, stop) = (socket.clone(), stop.clone());
            std::thread::spawn(move || as_another(&socket, &stop))
        });
        stop.store(true, Ordering::Relaxed);
        if let Some(another) = another {
            let done = soon("the other user is served", async {
                while !another.is_finished() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                another.join().unwrap()
            });
            shown("another user, beside a full one", &done.await);
        }
        drop(crowd);
    };
    let ((), served) = tokio::join!(hostile, latencies(&bystander, &stop, 20));
    shown("in the crowd", &served);
    signal(&process, Signal::TERM);
    assert_eq!(process.ended().await.0, Some(0));
}

/// A program, once the broker listens.
async fn started(socket: &Path) -> Program {
    answers(socket).await;
    Program::start(socket, Role::Cli).await
}

#[tokio::test]
async fn the_broker_takes_as_many_files_as_it_needs_and_may() {
    for (soft, hard, expected) in [(256, FILES, FILES), (256, 700, 700), (FILES, FILES, FILES)] {
        let desktop = Desktop::new();
        let plain = broker(&desktop);
        let plain = plain.as_std();
        // Through a shell that lowers its own limits first.
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("ulimit -Sn {soft}; ulimit -Hn {hard}; exec \"$0\" \"$@\"")])
            .arg(plain.get_program())
            .args(plain.get_args())
            .env_clear()
            .env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
            .env("HOTSEAT_BROKER_BOOT_ID_FILE", desktop.boot_id_file())
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::piped())
            .kill_on_drop(true);
        let process = Process::start(command);
        started(&desktop.socket()).await;
        let pid = process.child.id().unwrap();
        let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
        let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
        let numbers: Vec<u64> =
            files.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        assert_eq!(numbers[0], expected, "{files}");
        signal(&process, Signal::TERM);
        assert_eq!(process.ended().await.0, Some(0));
    }
}
