//! What passes the relay, what waits, and what each side learns of an end.

use super::*;
use crate::waiting::wait_until;

/// Longer than anything takes on loopback, for what must not arrive.
const A_WHILE: Duration = Duration::from_millis(300);

/// A relay with one connection through it: the broker's end and the server's end.
fn connected() -> (Proxy, TcpStream, TcpStream) {
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let proxy = Proxy::start(server.local_addr().expect("an address")).expect("a relay");
    let broker = TcpStream::connect(proxy.address()).expect("the relay listens");
    let (pool, _) = server.accept().expect("the relay connects");
    wait_until("the relay has the connection", || Ok((proxy.connections() == 1).then_some(())))
        .expect("it does");
    (proxy, broker, pool)
}

fn say(to: &mut TcpStream, word: &[u8]) {
    to.write_all(word).expect("the connection lives");
}

fn hears(from: &mut TcpStream, word: &[u8]) {
    from.set_read_timeout(Some(crate::waiting::PATIENCE)).expect("a time-out");
    let mut heard = vec![0; word.len()];
    from.read_exact(&mut heard).expect("something arrives");
    assert_eq!(heard, word);
}

fn ends(from: &mut TcpStream) {
    from.set_read_timeout(Some(crate::waiting::PATIENCE)).expect("a time-out");
    assert_eq!(from.read(&mut [0; 1]).expect("the end"), 0);
}

fn hears_nothing(from: &mut TcpStream) {
    from.set_read_timeout(Some(A_WHILE)).expect("a time-out");
    let heard = from.read(&mut [0; 1]);
    assert!(heard.is_err(), "{heard:?} arrived, the end or a byte");
}

#[test]
fn what_a_cut_lane_holds_arrives_once_it_is_open() {
    let (proxy, mut broker, mut pool) = connected();
    say(&mut broker, b"up");
    hears(&mut pool, b"up");
    proxy.set(Weather::DEAF);
    say(&mut pool, b"down");
    say(&mut broker, b"again");
    hears(&mut pool, b"again");
    hears_nothing(&mut broker);
    proxy.set(Weather::MUTE);
    hears(&mut broker, b"down");
    say(&mut broker, b"late");
    hears_nothing(&mut pool);
    proxy.set(Weather::FINE);
    hears(&mut pool, b"late");
}

#[test]
fn a_slow_lane_keeps_order_and_time() {
    let (proxy, mut broker, mut pool) = connected();
    proxy.set(Weather::slow(A_WHILE));
    let watch = Stopwatch::start();
    say(&mut broker, b"one ");
    say(&mut broker, b"two");
    hears(&mut pool, b"one two");
    assert!(watch.elapsed() >= A_WHILE, "{:?}", watch.elapsed());
}

#[test]
fn a_half_open_connection_ends_for_the_broker_only() {
    let (proxy, mut broker, mut pool) = connected();
    proxy.leave_half_open();
    ends(&mut broker);
    hears_nothing(&mut pool);
    assert_eq!(proxy.connections(), 0);
    drop(proxy);
    ends(&mut pool);
}

#[test]
fn an_end_is_passed_on_and_a_refusing_relay_ends_what_is_new() {
    let (proxy, broker, mut pool) = connected();
    drop(broker);
    ends(&mut pool);
    wait_until("the relay has forgotten it", || Ok((proxy.connections() == 0).then_some(())))
        .expect("it does");
    proxy.set(Weather { refuses: true, ..Weather::FINE });
    let mut next = TcpStream::connect(proxy.address()).expect("the relay listens");
    ends(&mut next);
}

#[test]
fn dropped_connections_end_on_both_sides() {
    let (proxy, mut broker, mut pool) = connected();
    proxy.drop_connections();
    ends(&mut broker);
    ends(&mut pool);
}
