//! The link to the pool: made, lost, refused, made again.

use std::sync::Arc;
use std::time::Duration;

use hotseat_broker::lifecycle::Lifecycle;
use hotseat_broker::pool_link::{LinkEvent, Pace, PoolLink, Target};
use hotseat_broker::reach::{Proxies, Reach, SystemLookUp};
use hotseat_broker::store::LinkFile;
use hotseat_protocol::bounded_list::LeftSeats;
use hotseat_protocol::ids::Secret;
use hotseat_protocol::ipc::{LinkState, Role};
use hotseat_protocol::link::{FromPool, LinkHello, MachineMessage, ToPool};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_protocol::reason::ReleaseReason;
use hotseat_protocol::version::PROTOCOL_VERSION;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::desktop::{Desktop, machine_id};
use crate::fake_pool::{FakePool, seat};
use crate::programs::{Program, seats};

/// Why the link is down.
async fn cause(program: &mut Program) -> Problem {
    let is_told = |link: &LinkState| matches!(link, LinkState::Down { cause: Some(_), .. });
    let view = program.until("the cause is told", |view| is_told(&view.link)).await;
    match view.link {
        LinkState::Down { cause: Some(cause), .. } => cause,
        other => panic!("expected a cause, not {other:?}"),
    }
}

#[tokio::test]
async fn the_broker_names_the_machine_and_its_boot() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let broker = desktop.start();
    let link = fake.greeted().await;
    match &link.hello {
        ToPool::Hello(LinkHello { version, machine, boot_id, seen, .. }) => {
            assert_eq!(*version, PROTOCOL_VERSION);
            assert_eq!(*machine, machine_id());
            assert_eq!(boot_id, "boot-1");
            assert_eq!(*seen, None);
        }
        other => panic!("expected a greeting, not {other:?}"),
    }
    broker.stop().await;
}

#[tokio::test]
async fn a_lost_link_is_made_again_and_pending_sign_offs_go_first() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let (broker, mut link, program) = desktop.logged_in(&fake, Role::App).await;
    tokio::join!(program.ask(Program::sign_on(1)), link.grant(seat(1)));
    let mut stays = Program::start(&desktop.socket(), Role::App).await;
    tokio::join!(stays.ask(Program::sign_on(2)), link.grant(seat(2)));

    // The sign-off reaches the pool, and the link dies before the answer.
    drop(program);
    let (_, body) = link.next().await;
    assert!(matches!(body, MachineMessage::SignOff { .. }), "{body:?}");
    drop(link);

    let mut link = fake.greeted().await;
    match &link.hello {
        ToPool::Hello(LinkHello { seen, .. }) => {
            assert!(seen.is_some(), "it forgot what it had seen")
        }
        other => panic!("expected a greeting, not {other:?}"),
    }
    link.welcome().await;
    match link.any().await {
        Some((1, MachineMessage::SignOff { seat: off, reason })) => {
            assert_eq!((off, reason), (seat(1), ReleaseReason::ApplicationExited));
        }
        other => panic!("expected the sign-off first, not {other:?}"),
    }
    match link.any().await {
        Some((2, MachineMessage::Renew(renewal))) => {
            let claimed: Vec<_> = renewal.seats.iter().map(|claimed| claimed.seat).collect();
            assert_eq!(claimed, [seat(2)]);
            link.renew(2, &renewal).await;
        }
        other => panic!("expected a renewal of the other seat, not {other:?}"),
    }
    stays
        .until("the other seat is still held", |view| {
            view.link == LinkState::Up && seats(view).iter().any(|seat| seat.confirmed)
        })
        .await;
    broker.kill().await;
}

#[tokio::test]
async fn a_wrong_credential_is_told_with_the_next_step() {
    let fake = FakePool::start().await;
    let desktop = Desktop::new();
    desktop.enrol(&fake, "another machine's");
    let broker = desktop.start();
    let mut stream = fake.raw().await;
    // An answer as from an HTTP server that knows no better.
    let mut asked = vec![0; 4096];
    let length = stream.read(&mut asked).await.unwrap();
    let asked = String::from_utf8_lossy(&asked[..length]).to_lowercase();
    assert!(asked.starts_with("get /api/v1/link "), "{asked}");
    assert!(asked.contains("authorization: bearer another machine's"), "{asked}");
    stream.write_all(b"HTTP/1.1 401 no\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    drop(stream);
    let mut program = Program::start(&desktop.socket(), Role::Cli).await;
    let cause = cause(&mut program).await;
    assert_eq!(cause.code, Code::NotAuthenticated);
    assert!(cause.next.contains("enroll --force"), "{cause}");
    broker.stop().await;
}

#[tokio::test]
async fn a_refusal_of_the_pool_is_told_in_its_own_words() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let broker = desktop.start();
    let mut link = fake.greeted().await;
    let said = Problem::new(Code::MachineRevoked, "This machine was revoked.", "Ask Bill.");
    link.send(&FromPool::Refused { problem: said.clone() }).await;
    let mut program = Program::start(&desktop.socket(), Role::Cli).await;
    assert_eq!(cause(&mut program).await, said);
    broker.stop().await;
}

#[tokio::test]
async fn a_pool_that_is_not_there_is_told_with_its_address() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let url = fake.url();
    drop(fake);
    let broker = desktop.start();
    let mut program = Program::start(&desktop.socket(), Role::Cli).await;
    let cause = cause(&mut program).await;
    assert_eq!(cause.code, Code::PoolUnreachable);
    assert!(cause.detail.contains(&url), "{cause}");
    broker.stop().await;
}

#[tokio::test]
async fn strange_frames_end_the_link_and_newer_ones_do_not() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let broker = desktop.start();
    for strange in ["{", "[]"] {
        let mut link = fake.link().await;
        link.say(r#"{"type":"from_the_future","n":1}"#).await;
        // Of this one only its number can be read, and nobody asked with that.
        link.say(r#"{"type":"answer","n":-1}"#).await;
        let (n, body) = link.any().await.unwrap();
        assert!(matches!(body, MachineMessage::Renew(_)) && n == 1, "{body:?}");
        link.say(strange).await;
        link.ended().await;
    }
    broker.stop().await;
}

#[tokio::test]
async fn a_pool_that_falls_silent_is_given_up() {
    let fake = FakePool::start().await;
    let mut desktop = Desktop::enrolled(&fake);
    desktop.pace.ping_every = Duration::from_millis(50);
    let broker = desktop.start();
    // Whoever does not read does not answer pings either.
    let silent = fake.link().await;
    let mut link = fake.link().await;
    drop(silent);
    let (n, _) = link.any().await.unwrap();
    assert_eq!(n, 1, "messages are counted anew on each link");
    broker.stop().await;
}

#[tokio::test]
async fn a_pool_that_never_greets_is_given_up() {
    let fake = FakePool::start().await;
    let mut desktop = Desktop::enrolled(&fake);
    desktop.pace.step_within = Duration::from_millis(200);
    let broker = desktop.start();
    let mut silent = fake.greeted().await;
    silent.ended().await;
    let mute = fake.raw().await;
    let mut program = Program::start(&desktop.socket(), Role::Cli).await;
    let cause = cause(&mut program).await;
    assert!(cause.detail.contains("in time"), "{cause}");
    drop(mute);
    broker.stop().await;
}

#[tokio::test]
async fn https_is_spoken_and_no_credential_goes_to_a_server_that_cannot_prove_itself() {
    let fake = FakePool::start().await;
    let desktop = Desktop::new();
    desktop.enrol_at(format!("https://{}", fake.address), "not for everybody");
    let broker = desktop.start();
    let mut stream = fake.raw().await;
    let mut said = vec![0; 4096];
    let length = stream.read(&mut said).await.unwrap();
    // A TLS handshake record, and nothing to read in it.
    assert_eq!(said[..2], [22, 3]);
    assert!(!String::from_utf8_lossy(&said[..length]).contains("not for everybody"));
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    drop(stream);
    let mut program = Program::start(&desktop.socket(), Role::Cli).await;
    assert_eq!(cause(&mut program).await.code, Code::PoolUnreachable);
    broker.stop().await;
}

#[tokio::test]
async fn the_secret_of_a_welcome_is_durable_before_the_first_message_and_shown_next_time() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let broker = desktop.start();
    let mut link = fake.link().await;
    assert!(
        matches!(&link.hello, ToPool::Hello(LinkHello { secret: None, .. })),
        "{:?}",
        link.hello
    );
    link.any().await.expect("a first message");
    let file = desktop.state_dir().join("link.json");
    assert!(std::fs::read_to_string(&file).unwrap().contains("secret 1"));
    crate::platform::assert_private(&file);
    broker.kill().await;
    drop(link);

    // The next broker shows it, with the newest position that the pool has sealed.
    let broker = desktop.start();
    let link = fake.greeted().await;
    match &link.hello {
        ToPool::Hello(LinkHello {
            secret: Some(secret), seen: Some(_), seal: Some(seal), ..
        }) => {
            assert_eq!((secret.expose(), seal.as_str()), ("secret 1", "sealed"));
        }
        other => panic!("expected what the pool had told, not {other:?}"),
    }
    broker.stop().await;
}

#[tokio::test]
async fn a_message_for_an_older_link_is_dropped() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let _store = hotseat_broker::store::Store::open(&desktop.state_dir()).unwrap();
    let target = Target {
        server: fake.url().parse().unwrap(),
        machine: machine_id(),
        credential: Secret::new(crate::fake_pool::CREDENTIAL),
        boot_id: "boot-1".to_owned(),
        program: "a test".to_owned(),
        shown: LinkFile::open(&desktop.state_dir(), machine_id()).unwrap(),
    };
    let lifecycle = Lifecycle::default();
    let (events, mut happens) = tokio::sync::mpsc::channel(16);
    let reach = Reach::new(Arc::new(SystemLookUp), Proxies::none());
    let pool = PoolLink::start(&lifecycle, Some(target), reach, Pace::default(), events);
    let mut up = async || loop {
        if let Some(LinkEvent::Up { link, .. }) = crate::soon("a link", happens.recv()).await {
            return link;
        }
    };
    let first = fake.link().await;
    let older = up().await;
    drop(first);
    let mut second = fake.link().await;
    let newer = up().await;
    let answered = MachineMessage::LeavingDone { seats: LeftSeats::default() };
    pool.send(older, 1, MachineMessage::Resync);
    pool.send(newer, 1, answered.clone());
    assert_eq!(second.any().await, Some((1, answered)));
    lifecycle.finish(Duration::from_secs(30)).await;
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the wait itself is what is tested")]
async fn a_pool_that_asks_for_patience_gets_it() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let broker = desktop.start();
    let mut stream = fake.raw().await;
    let mut asked = vec![0; 4096];
    assert!(stream.read(&mut asked).await.unwrap() > 0);
    let busy = b"HTTP/1.1 503 busy\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n";
    let answered = tokio::time::Instant::now();
    stream.write_all(busy).await.unwrap();
    drop(stream);
    // Without it, the first wait is a quarter of a second at most.
    drop(fake.raw().await);
    assert!(answered.elapsed() >= Duration::from_secs(2), "{:?}", answered.elapsed());
    broker.stop().await;
}
