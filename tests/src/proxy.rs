//! A network between a broker and its pool server that can be cut, slowed, cut one way, or left half open.
//!
//! It relays TCP on loopback. A broker is enrolled through it ([`Proxy::url`]) and never learns of it. What a cut
//! lane holds is not lost: it arrives late, once the lane is open again, as TCP itself would repeat it.
//! It needs no runtime: its threads end with it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::waiting::Stopwatch;

/// Most bytes that are passed on at once.
const CHUNK_BYTES: usize = 16 * 1024;
/// Chunks that a lane holds; then whoever sends has to wait.
const CHUNKS_HELD_MAX: usize = 64;

/// What one direction does with what is sent through it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lane {
    /// Passes everything on at once.
    #[default]
    Open,
    /// Passes everything on, each chunk so long after it was sent.
    Slow(Duration),
    /// Passes nothing on, the end of a connection included; it arrives when the lane is open again.
    Cut,
}

/// What the network is like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// From brokers to the pool server.
    pub up: Lane,
    /// From the pool server to brokers.
    pub down: Lane,
    /// New connections are closed as soon as they are there.
    pub refuses: bool,
}

impl Weather {
    /// Everything passes.
    pub const FINE: Weather = Weather { up: Lane::Open, down: Lane::Open, refuses: false };
    /// Nothing passes in either direction, and nobody is told.
    pub const CUT: Weather = Weather { up: Lane::Cut, down: Lane::Cut, refuses: false };
    /// The pool server hears brokers, and they do not hear it.
    pub const DEAF: Weather = Weather { up: Lane::Open, down: Lane::Cut, refuses: false };
    /// Brokers hear the pool server, and it does not hear them.
    pub const MUTE: Weather = Weather { up: Lane::Cut, down: Lane::Open, refuses: false };

    /// Everything passes, so long after it was sent.
    pub fn slow(by: Duration) -> Weather {
        Weather { up: Lane::Slow(by), down: Lane::Slow(by), refuses: false }
    }
}

/// A running relay; all its connections end when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    to: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    weather: Weather,
    connections: BTreeMap<u64, Connection>,
    last: u64,
    over: bool,
}

#[derive(Debug)]
struct Connection {
    broker: TcpStream,
    pool: TcpStream,
    /// The broker's side is closed, and the pool server was not told.
    half_open: bool,
}

/// A direction.
#[derive(Clone, Copy, Debug)]
enum Way {
    Up,
    Down,
}

/// Something that was sent, with the time since.
type Sent = (Stopwatch, Vec<u8>);

impl Proxy {
    /// A relay to a server, in fine weather.
    ///
    /// # Errors
    /// If no port is free.
    pub fn start(to: SocketAddr) -> Result<Proxy> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port for a relay")?;
        let address = listener.local_addr().context("a relay without an address")?;
        let shared = Arc::new(Shared { to, state: Mutex::default(), changed: Condvar::new() });
        let server = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &server));
        Ok(Proxy { address, shared })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as brokers are told.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Changes the weather, for what is on its way too.
    pub fn set(&self, weather: Weather) {
        self.shared.lock().weather = weather;
        self.shared.changed.notify_all();
    }

    /// Closes every connection on both sides; new ones are made as the weather allows.
    pub fn drop_connections(&self) {
        let connections = std::mem::take(&mut self.shared.lock().connections);
        connections.values().for_each(Connection::close);
    }

    /// Closes every connection on the broker's side only: the pool server hears no more on it, and no end.
    pub fn leave_half_open(&self) {
        for connection in self.shared.lock().connections.values_mut() {
            connection.half_open = true;
            // It may have ended by itself.
            let _ = connection.broker.shutdown(Shutdown::Both);
        }
    }

    /// How many connections it relays.
    pub fn connections(&self) -> usize {
        self.shared.lock().connections.values().filter(|one| !one.half_open).count()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.changed.notify_all();
        self.drop_connections();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something may pass; false if nothing will any more.
    fn may_pass(&self, way: Way, sent: Stopwatch) -> bool {
        let mut state = self.lock();
        loop {
            if state.over {
                return false;
            }
            let lane = match way {
                Way::Up => state.weather.up,
                Way::Down => state.weather.down,
            };
            let rest = match lane {
                Lane::Open => return true,
                Lane::Slow(by) => by.saturating_sub(sent.elapsed()),
                Lane::Cut => Duration::MAX,
            };
            if rest.is_zero() {
                return true;
            }
            let waited = self.changed.wait_timeout(state, rest);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// One direction is at its end: so is the connection, unless the pool server is to think that it lives.
    fn close(&self, number: u64) {
        let mut state = self.lock();
        if state.connections.get(&number).is_some_and(|one| !one.half_open)
            && let Some(connection) = state.connections.remove(&number)
        {
            connection.close();
        }
    }
}

impl Connection {
    fn close(&self) {
        for side in [&self.broker, &self.pool] {
            // It may have ended by itself.
            let _ = side.shutdown(Shutdown::Both);
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for broker in listener.incoming() {
        if shared.lock().over {
            return;
        }
        let Ok(broker) = broker else { continue };
        if shared.lock().weather.refuses {
            continue;
        }
        // A server that is down is seen by the broker as a connection that ends at once.
        let Ok(pool) = TcpStream::connect(shared.to) else { continue };
        // Without threads or descriptors the connection just ends.
        let _ = relay(shared, broker, pool);
    }
}

fn relay(shared: &Arc<Shared>, broker: TcpStream, pool: TcpStream) -> Result<()> {
    broker.set_nodelay(true)?;
    pool.set_nodelay(true)?;
    let ways = [
        (Way::Up, broker.try_clone()?, pool.try_clone()?),
        (Way::Down, pool.try_clone()?, broker.try_clone()?),
    ];
    let mut state = shared.lock();
    state.last += 1;
    let number = state.last;
    state.connections.insert(number, Connection { broker, pool, half_open: false });
    drop(state);
    for (way, from, to) in ways {
        let (sender, receiver) = sync_channel(CHUNKS_HELD_MAX);
        thread::spawn(move || receive(from, &sender));
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            pass_on(&shared, way, &receiver, to);
            shared.close(number);
        });
    }
    Ok(())
}

/// Takes what is sent; an empty chunk is the end.
fn receive(mut from: TcpStream, queue: &SyncSender<Sent>) {
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let length = from.read(&mut buffer).unwrap_or(0);
        let chunk = buffer.get(..length).unwrap_or_default().to_vec();
        if queue.send((Stopwatch::start(), chunk)).is_err() || length == 0 {
            return;
        }
    }
}

fn pass_on(shared: &Shared, way: Way, queue: &Receiver<Sent>, mut to: TcpStream) {
    for (sent, chunk) in queue {
        if !shared.may_pass(way, sent) || chunk.is_empty() || to.write_all(&chunk).is_err() {
            return;
        }
    }
}

#[cfg(test)]
#[path = "proxy_tests.rs"]
mod tests;
