//! From a program through the broker to the pool and back.

use hotseat_ipc::boot_clock;
use hotseat_protocol::ids::Secret;
use hotseat_protocol::ipc::{AnchorKind, Reply, Request, Role};
use hotseat_protocol::link::{MachineMessage, Outcome, PoolAnswer};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_protocol::reason::ReleaseReason;

use crate::desktop::Desktop;
use crate::fake_pool::{FakePool, LEASE_MS, PASSWORD, TOKEN, lucy, pool, seat};
use crate::platform::assert_private;
use crate::programs::{Program, problem, resume_key, seats};

#[tokio::test]
async fn a_seat_is_taken_seen_and_given_back() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let broker = desktop.start();
    let mut link = fake.link().await;
    let mut program = Program::start(&desktop.socket(), Role::App).await;
    program.linked().await;

    let (reply, ()) = tokio::join!(program.ask(Program::log_in()), link.log_in());
    assert_eq!(reply, Reply::LoggedIn { user: lucy() });

    let before = boot_clock::now_ms();
    let (reply, ()) = tokio::join!(program.ask(Program::sign_on(1)), link.grant(seat(1)));
    match reply {
        Reply::Outcome { outcome: Outcome::Seat { seat: got, .. }, deadline_boot_ms, .. } => {
            assert_eq!(got, seat(1));
            let deadline = deadline_boot_ms.unwrap();
            assert!(deadline > before && deadline < boot_clock::now_ms() + LEASE_MS);
        }
        other => panic!("expected a seat, not {other:?}"),
    }
    let mine = seats(&program.view().await);
    assert_eq!(mine.len(), 1);
    assert!(mine[0].held_at(boot_clock::now_ms()), "{mine:?}");
    assert_eq!(mine[0].anchor, AnchorKind::Connection);

    let (reply, reason) =
        tokio::join!(program.ask(Request::SignOff { pool: None }), link.signed_off(seat(1)),);
    assert_eq!(reply, Reply::SignedOff { pools: vec![pool()] });
    assert_eq!(reason, ReleaseReason::SignedOffByTheUser);
    assert!(seats(&program.view().await).is_empty());
    broker.stop().await;
}

#[tokio::test]
async fn a_refusal_reaches_the_program_with_all_it_says() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let (broker, mut link, program) = desktop.logged_in(&fake, Role::App).await;

    let said = Problem::new(Code::PoolFull, "All 2 seats are in use.", "Wait for a seat.");
    let refuse = async {
        let (n, body) = link.next().await;
        assert!(matches!(body, MachineMessage::SignOn(_)), "{body:?}");
        let outcome = Outcome::Refused { problem: said.clone() };
        link.answer(n, PoolAnswer::Outcome { outcome }).await;
    };
    let (reply, ()) = tokio::join!(program.ask(Program::sign_on(1)), refuse);
    match reply {
        Reply::Outcome { outcome: Outcome::Refused { problem }, .. } => assert_eq!(problem, said),
        Reply::Problem { problem } => assert_eq!(problem, said),
        other => panic!("expected a refusal, not {other:?}"),
    }
    broker.stop().await;
}

#[tokio::test]
async fn a_program_that_ends_gives_its_seat_back() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let (broker, mut link, program) = desktop.logged_in(&fake, Role::Run).await;
    let (reply, ()) = tokio::join!(program.ask(Program::sign_on(1)), link.grant(seat(1)));
    resume_key(reply);
    drop(program);
    assert_eq!(link.signed_off(seat(1)).await, ReleaseReason::ApplicationExited);
    broker.stop().await;
}

#[tokio::test]
async fn stopping_signs_everybody_off_first() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let (broker, mut link, program) = desktop.logged_in(&fake, Role::App).await;
    tokio::join!(program.ask(Program::sign_on(1)), link.grant(seat(1)));
    let (_, reason) = tokio::join!(broker.stop(), link.signed_off(seat(1)));
    assert_eq!(reason, ReleaseReason::BrokerStopped);
    link.ended().await;
}

#[tokio::test]
async fn secrets_stay_where_they_belong() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let (broker, mut link, program) = desktop.logged_in(&fake, Role::App).await;
    let (reply, ()) = tokio::join!(program.ask(Program::sign_on(1)), link.grant(seat(1)));
    let key: Secret = resume_key(reply).key;

    let mut files = 0;
    for entry in std::fs::read_dir(desktop.state_dir()).unwrap() {
        let path = entry.unwrap().path();
        assert_private(&path);
        // Empty, and on some systems nobody else reads a locked file.
        if path.ends_with("lock") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(PASSWORD), "the password is in {}", path.display());
        assert!(!text.contains(key.expose()), "a resume key is in {}", path.display());
        files += usize::from(text.contains(TOKEN));
    }
    assert_eq!(files, 1, "the token is kept in exactly one file");
    let told = format!("{:?}", program.view().await);
    assert!(!told.contains(TOKEN), "the token was told: {told}");
    broker.kill().await;
}

#[tokio::test]
async fn a_state_directory_that_cannot_be_written_refuses_a_sign_on() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let (broker, _link, program) = desktop.logged_in(&fake, Role::App).await;
    // Not even root can write to a directory as if it were a file.
    std::fs::create_dir(desktop.state_dir().join("state.json.new")).unwrap();
    let refused = problem(program.ask(Program::sign_on(1)).await);
    assert_eq!(refused.code, Code::StateUnwritable, "{refused}");
    broker.stop().await;
}
