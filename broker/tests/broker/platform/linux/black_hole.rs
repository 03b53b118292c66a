//! A server with several addresses, one of which swallows packets: `::1` on a machine whose
//! firewall drops IPv6, for example.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hotseat_broker::enroll::{Enrolment, enroll};
use hotseat_broker::reach::{LookUp, Looked, Proxies, Reach, race};
use hotseat_protocol::ids::Secret;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::desktop::Desktop;
use crate::enrolment::{MACHINE, answering};
use crate::fake_pool::{CREDENTIAL, FakePool};
use crate::soon;

const HOLE: &str = "127.0.0.2";

/// Listens, but its queue is full: Linux then drops whatever else arrives.
struct BlackHole {
    _listener: TcpListener,
    _in_queue: TcpStream,
}

impl BlackHole {
    async fn at(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(address).unwrap();
        let listener = socket.listen(0).unwrap();
        let in_queue = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        Self { _listener: listener, _in_queue: in_queue }
    }
}

/// Finds the black hole first, and then the server.
#[derive(Debug)]
struct HoleFirst;

impl LookUp for HoleFirst {
    fn addresses<'a>(&'a self, name: &'a str) -> Looked<'a> {
        assert_eq!(name, "localhost");
        let found: Vec<IpAddr> = vec![HOLE.parse().unwrap(), "127.0.0.1".parse().unwrap()];
        Box::pin(std::future::ready(Ok(found)))
    }
}

fn reach() -> Reach {
    Reach::new(Arc::new(HoleFirst), Proxies::none())
}

fn hole_beside(server: SocketAddr) -> SocketAddr {
    SocketAddr::new(HOLE.parse().unwrap(), server.port())
}

#[tokio::test]
async fn whichever_address_answers_is_connected_to() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = server.local_addr().unwrap();
    let hole = hole_beside(here);
    let _swallows = BlackHole::at(hole).await;
    let stream = soon("a connection", race(&[hole, here])).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), here);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_never_answers_is_given_up_by_name() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hole = hole_beside(server.local_addr().unwrap());
    let _swallows = BlackHole::at(hole).await;
    let said = race(&[hole]).await.unwrap_err().to_string();
    assert_eq!(said, format!("{hole}: no answer in time"));
}

#[tokio::test(start_paused = true)]
async fn what_no_time_was_left_for_is_said_to_be_untried() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    let (mut holes, mut addresses) = (Vec::new(), Vec::new());
    for n in 1..=60 {
        let hole = SocketAddr::from(([127, 0, 2, n], port));
        holes.push(BlackHole::at(hole).await);
        addresses.push(hole);
    }
    let said = race(&addresses).await.unwrap_err().to_string();
    let (_, rest) = said.split_once(", and 52 more, ").expect(&said);
    let untried: u32 = rest.strip_suffix(" of them not tried").expect(&said).parse().unwrap();
    // One begins every 250 ms for 8 s, and one more when one was given up.
    assert!((1..=28).contains(&untried), "{said}");
}

#[tokio::test]
async fn a_machine_links_past_an_address_that_swallows_packets() {
    let fake = FakePool::start().await;
    let _swallows = BlackHole::at(hole_beside(fake.address)).await;
    let mut desktop = Desktop::new();
    desktop.enrol_at(format!("http://localhost:{}", fake.address.port()), CREDENTIAL);
    desktop.reach = reach();
    let broker = desktop.start();
    let _link = fake.link().await;
    broker.stop().await;
}

#[tokio::test]
async fn a_machine_is_enrolled_past_an_address_that_swallows_packets() {
    let dir = tempfile::tempdir().unwrap();
    let body = format!(r#"{{"machine":"{MACHINE}","credential":"c"}}"#);
    let (address, _asked) = answering("201 Created", &body);
    let _swallows = BlackHole::at(hole_beside(address)).await;
    let enrolment = Enrolment {
        server: format!("http://localhost:{}", address.port()).parse().unwrap(),
        invitation: Secret::new("an invitation"),
        name: None,
        force: false,
    };
    let (dir, reach) = (dir.path().join("state"), reach());
    let machine = soon("an answer", enroll(&dir, enrolment, &reach)).await.unwrap();
    assert_eq!(machine.to_string(), MACHINE);
}
