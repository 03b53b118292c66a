//! Two real users of one machine: neither sees, keeps or ends the other's seat.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output, Stdio};

use hotseat_protocol::ipc::{Reply, Request, ResumeKey, Role};
use hotseat_protocol::reason::ReleaseReason;
use rustix::process::{Gid, Uid};

use crate::desktop::Desktop;
use crate::fake_pool::{FakePool, pool, seat};
use crate::platform::unix::signals::signal;
use crate::process::{Process, broker};
use crate::programs::{Program, hello, resume_key, seats};

/// A uid that is not ours, and need not be anybody's.
const ANOTHER: u32 = 61_234;

/// The command line as the other user.
fn as_another(desktop: &Desktop, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hotseat"))
        .args(arguments)
        .env_clear()
        .env("HOTSEAT_SOCKET", desktop.socket())
        .stdin(Stdio::null())
        .uid(ANOTHER)
        .gid(ANOTHER)
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    format!("{out}{err}")
}

#[tokio::test(flavor = "multi_thread")]
async fn another_user_sees_and_ends_nothing_of_mine() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can act as a second user");
        return;
    }
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    // The other user's programs must get as far as the socket.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(desktop.dir.path(), open).unwrap();
    let broker = desktop.start();
    let mut link = fake.link().await;
    let mut mine = Program::start(&desktop.socket(), Role::App).await;
    mine.linked().await;
    tokio::join!(mine.ask(Program::log_in()), link.log_in());
    let (reply, ()) = tokio::join!(mine.ask(Program::sign_on(1)), link.grant(seat(1)));
    let key = resume_key(reply);

    let status = as_another(&desktop, &["status", "--json"]);
    assert_eq!(status.status.code(), Some(3), "{}", text(&status));
    let said = text(&status);
    assert!(said.contains("infor-crm"), "the pool itself is no secret: {said}");
    for secret in [seat(1).id.to_string(), seat(1).epoch.to_string(), key.key.expose().to_owned()] {
        assert!(!said.contains(&secret), "{secret} was told to somebody else: {said}");
    }
    assert!(!said.contains("lucy@"), "the account was told to somebody else: {said}");

    // Not logged in, though somebody else is.
    let sign_on = as_another(&desktop, &["run", "infor-crm", "--", "true"]);
    assert_eq!(sign_on.status.code(), Some(116), "{}", text(&sign_on));
    let sign_off = as_another(&desktop, &["sign-off"]);
    assert_eq!(sign_off.status.code(), Some(0), "{}", text(&sign_off));
    let logout = as_another(&desktop, &["logout"]);
    assert!(logout.status.success(), "{}", text(&logout));

    // The same by the protocol itself, with the stolen id and key of the seat.
    let socket = desktop.socket();
    let thread = std::thread::spawn(move || as_another_in_this_process(&socket, key));
    let told = crate::soon("the other user's program", async {
        while !thread.is_finished() {
            tokio::task::yield_now().await;
        }
        thread.join().unwrap()
    });
    assert!(told.await.iter().all(|seats| *seats == 0), "a seat was told to somebody else");

    // Nothing of that touched the seat: the next thing that the pool hears is the owner's own.
    assert_eq!(seats(&mine.view().await).len(), 1);
    let (reply, reason) =
        tokio::join!(mine.ask(Request::SignOff { pool: None }), link.signed_off(seat(1)));
    assert!(matches!(reply, Reply::SignedOff { .. }), "{reply:?}");
    assert_eq!(reason, ReleaseReason::SignedOffByTheUser);
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_another_user_serves_is_not_talked_to() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can act as a second user");
        return;
    }
    let desktop = Desktop::new();
    let owner = (Some(ANOTHER), Some(ANOTHER));
    std::os::unix::fs::chown(desktop.dir.path(), owner.0, owner.1).unwrap();
    let mut command = broker(&desktop);
    command.uid(ANOTHER).gid(ANOTHER);
    let mut theirs = Process::start(command);
    let socket = desktop.socket();
    crate::soon("the other user's broker listens", async {
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            assert!(theirs.child.try_wait().unwrap().is_none(), "it has ended");
            tokio::task::yield_now().await;
        }
    })
    .await;
    for words in [&["status"][..], &["login", "lucy@finance.example"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_hotseat"))
            .args(words)
            .env_clear()
            .env("HOTSEAT_SOCKET", &socket)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = text(&output);
        assert_eq!(output.status.code(), Some(4), "{said}");
        assert!(said.contains(&format!("served by user {ANOTHER}")), "{said}");
        assert!(said.contains("Do not use this socket"), "{said}");
    }
    signal(&theirs, rustix::process::Signal::TERM);
    assert_eq!(theirs.ended().await.0, Some(0));
}

/// Tries everything as another user, and says how many seats that user then saw each time.
///
/// Only this thread becomes the other user: the kernel names the thread that connects.
fn as_another_in_this_process(socket: &std::path::Path, key: ResumeKey) -> Vec<usize> {
    rustix::thread::set_thread_gid(Gid::from_raw(ANOTHER)).unwrap();
    rustix::thread::set_thread_uid(Uid::from_raw(ANOTHER)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut seen = Vec::new();
        for role in [Role::Run, Role::App, Role::Tray, Role::Window, Role::Cli] {
            let mut greeting = hello(role);
            greeting.resume = vec![key.clone()];
            let program = Program::greet(socket, greeting).await;
            for request in [
                Request::Keep { pool: pool() },
                Request::AcknowledgeLoss { pool: pool() },
                Request::SignOff { pool: Some(pool()) },
                Request::LeaveLine { pool: pool() },
                Request::LogOut,
                Request::Goodbye,
            ] {
                program.ask(request).await;
            }
            seen.push(seats(&program.view().await).len());
        }
        seen
    })
}
