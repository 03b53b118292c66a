//! Several addresses of one server, tried side by side (RFC 8305): one that swallows packets must
//! not keep a machine from another one that answers.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// The next address is tried when the ones before it have been silent for this long: RFC 8305,
/// section 5.
pub const STAGGER: Duration = Duration::from_millis(250);

/// One address gets this long: enough for two lost packets, which are sent again after 1 and 3 s.
pub const ADDRESS_WITHIN: Duration = Duration::from_secs(5);

/// All addresses together get this long; the link's own limit for a step is 10 s, and TLS comes
/// after it.
pub const ALL_WITHIN: Duration = Duration::from_secs(8);

/// Addresses that are tried at most. Those that refuse cost no time, and of those that are silent
/// [`ALL_WITHIN`] leaves time for 32.
const ADDRESSES_MAX: usize = 256;

/// Addresses that a message names.
const NAMED_MAX: usize = 8;

/// What became of each address.
#[derive(Debug, Error)]
pub struct NotReached {
    tried: Vec<(SocketAddr, io::Error)>,
    /// There was no time left for them, or they are too many.
    untried: Vec<SocketAddr>,
}

impl fmt::Display for NotReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tried = self.tried.iter().map(|(address, error)| format!("{address}: {error}"));
        let untried = self.untried.iter().map(|address| format!("{address}: not tried"));
        let named: Vec<String> = tried.chain(untried).take(NAMED_MAX).collect();
        if named.is_empty() {
            return f.write_str("its name has no address");
        }
        f.write_str(&named.join(", "))?;
        let more = (self.tried.len() + self.untried.len()).saturating_sub(NAMED_MAX);
        match (more, more.min(self.untried.len())) {
            (0, _) => Ok(()),
            (more, 0) => write!(f, ", and {more} more"),
            (more, untried) => write!(f, ", and {more} more, {untried} of them not tried"),
        }
    }
}

/// Connects to whichever of the addresses answers first, in their order, the families in turn.
///
/// # Errors
///
/// When none answers in time; says what became of each.
pub async fn race(addresses: &[SocketAddr]) -> Result<TcpStream, NotReached> {
    let mut waiting: VecDeque<_> = in_turn(addresses).into();
    let untried = waiting.split_off(waiting.len().min(ADDRESSES_MAX));
    let (mut open, mut tried) = (Vec::new(), Vec::new());
    let first = first_of(&mut waiting, &mut open, &mut tried);
    if let Ok(Some(won)) = timeout(ALL_WITHIN, first).await {
        return Ok(won);
    }
    open.retain(|address| tried.iter().all(|(known, _)| known != address));
    tried.extend(open.into_iter().map(silent));
    Err(NotReached { tried, untried: waiting.into_iter().chain(untried).collect() })
}

/// Takes each address out of those that wait when it is tried.
async fn first_of(
    waiting: &mut VecDeque<SocketAddr>,
    open: &mut Vec<SocketAddr>,
    tried: &mut Vec<(SocketAddr, io::Error)>,
) -> Option<TcpStream> {
    let mut running = FuturesUnordered::new();
    loop {
        if let Some(address) = waiting.pop_front() {
            open.push(address);
            running.push(attempt(address));
        }
        let next_one = async {
            match waiting.is_empty() {
                false => sleep(STAGGER).await,
                true => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = running.next() => match ended? {
                Ok(stream) => return Some(stream),
                // The next one begins at once.
                Err(why) => tried.push(why),
            },
            () = next_one => {}
        }
    }
}

async fn attempt(address: SocketAddr) -> Result<TcpStream, (SocketAddr, io::Error)> {
    let connected = timeout(ADDRESS_WITHIN, TcpStream::connect(address)).await;
    let stream = connected.map_err(|_| silent(address))?.map_err(|error| (address, error))?;
    // Frames are small, and each is waited for.
    stream.set_nodelay(true).map_err(|error| (address, error))?;
    Ok(stream)
}

fn silent(address: SocketAddr) -> (SocketAddr, io::Error) {
    (address, io::Error::new(io::ErrorKind::TimedOut, "no answer in time"))
}

/// The addresses in their order, but IPv6 and IPv4 in turn, the family of the best one first.
fn in_turn(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let mut seen = Vec::new();
    for address in addresses {
        if !seen.contains(address) {
            seen.push(*address);
        }
    }
    let Some(best) = seen.first().map(SocketAddr::is_ipv4) else {
        return seen;
    };
    let (first, second): (Vec<_>, Vec<_>) =
        seen.into_iter().partition(|address| address.is_ipv4() == best);
    let mut in_turn = Vec::new();
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            return in_turn;
        }
        in_turn.extend(pair.into_iter().flatten());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_families_take_turns_and_the_best_address_stays_first() {
        let found = all(&["[::1]:1", "[::2]:1", "[::3]:1", "10.0.0.1:1", "[::1]:1", "10.0.0.2:1"]);
        let turns = all(&["[::1]:1", "10.0.0.1:1", "[::2]:1", "10.0.0.2:1", "[::3]:1"]);
        assert_eq!(in_turn(&found), turns);
        assert_eq!(in_turn(&all(&["10.0.0.1:1", "[::1]:1"])), all(&["10.0.0.1:1", "[::1]:1"]));
        assert_eq!(in_turn(&[]), []);
    }

    #[test]
    fn what_was_never_tried_is_not_said_to_be_silent() {
        let address = |n| SocketAddr::from(([10, 0, 0, n], 1));
        let said = |tried, all| {
            let untried = (tried..all).map(address).collect();
            NotReached { tried: (0..tried).map(address).map(silent).collect(), untried }.to_string()
        };
        assert_eq!(said(1, 2), "10.0.0.0:1: no answer in time, 10.0.0.1:1: not tried");
        assert!(said(8, 8).ends_with("10.0.0.7:1: no answer in time"));
        assert!(said(9, 9).ends_with("10.0.0.7:1: no answer in time, and 1 more"));
        assert!(said(7, 10).ends_with("10.0.0.7:1: not tried, and 2 more, 2 of them not tried"));
        assert!(said(10, 13).ends_with(", and 5 more, 3 of them not tried"));
    }

    /// Loopback addresses at which nobody listens.
    fn elsewhere(n: u8) -> SocketAddr {
        SocketAddr::from(([127, 9, 9, n], 1))
    }

    #[tokio::test]
    async fn an_address_that_refuses_costs_nothing_and_all_are_named_when_none_answers() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let nobody = closed.local_addr().unwrap();
        drop(closed);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let here = listener.local_addr().unwrap();
        let stream = race(&[nobody, here]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), here);
        let none = race(&[nobody]).await.unwrap_err().to_string();
        assert!(none.contains(&nobody.to_string()), "{none}");
        let many = [vec![nobody; 1], (1..=20).map(elsewhere).collect(), vec![here]].concat();
        assert!(race(&many).await.is_ok(), "refusals keep nobody from the last");
        let none = race(&many[..21]).await.unwrap_err().to_string();
        assert!(none.ends_with(", and 13 more"), "{none}");
        assert_eq!(race(&[]).await.unwrap_err().to_string(), "its name has no address");
    }
}
