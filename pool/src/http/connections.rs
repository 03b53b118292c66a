//! Who has a connection, so that nobody takes them all: a stranger has shown no credentials on it
//! yet. When there is no room, the oldest idle stranger is shed first, of the network that has the
//! most, and in there of the address that has the most; then the oldest idle connection. A link is
//! never shed.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::networks::networks;

/// Connections at once, links included: ten thousand machines, and as many again for their
/// restarts and for REST.
pub(crate) const CONNECTIONS_MAX: usize = 16_384;
/// Connections of strangers at once: each may hold one unread body of
/// [`super::capacity::STRANGER_BODY_BYTES_MAX`], 32 MiB in all.
const STRANGERS_MAX: usize = 2_048;
/// Open files that are not connections: the store, the log, and connections that were shed and are
/// not closed yet.
const FILES_RESERVED: usize = 128;

/// How many connections there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConnectionLimits {
    all: usize,
    strangers: usize,
    strangers_each: usize,
}

impl ConnectionLimits {
    /// What fits into a limit of open files; none: there is no such limit. Strangers have at most
    /// a quarter, one address half of that.
    pub(crate) fn within(files: Option<u64>) -> Self {
        let files = files.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX);
        let room = files.saturating_sub(FILES_RESERVED).max(files / 2);
        let all = room.clamp(4, CONNECTIONS_MAX);
        let strangers = STRANGERS_MAX.min(all / 4).max(2);
        let limits = Self { all, strangers, strangers_each: strangers / 2 };
        if all < CONNECTIONS_MAX {
            tracing::warn!(
                files,
                connections = all,
                "the limit of open files is low: raise it (LimitNOFILE=, ulimit -Hn) for more than \
                 this many connections"
            );
        }
        limits
    }
}

/// All connections. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    limits: ConnectionLimits,
    table: Arc<Mutex<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    last: u64,
    open: BTreeMap<u64, Entry>,
    strangers: BTreeMap<IpAddr, usize>,
    shed: u64,
}

#[derive(Debug)]
struct Entry {
    address: IpAddr,
    standing: Standing,
    /// Requests that the server works on, not those that it still waits for.
    busy: usize,
    cut: CancellationToken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Nobody knows whose it is.
    Stranger,
    /// It showed credentials, or is a trusted proxy's.
    Known,
    /// A broker's link.
    Link,
}

/// One connection's place; it is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    number: u64,
    table: Arc<Mutex<Table>>,
    cut: CancellationToken,
}

/// A request of a connection is worked on, until dropped.
#[derive(Debug)]
pub(crate) struct Busy(Arc<Place>);

impl Connections {
    /// No connection yet.
    pub(crate) fn new(limits: ConnectionLimits) -> Self {
        Self { limits, table: Arc::default() }
    }

    /// Takes a connection in, in place of another one if need be; none when there is no room.
    pub(crate) fn admit(&self, address: IpAddr, is_proxy: bool) -> Option<Place> {
        let mut table = lock(&self.table);
        let standing = if is_proxy { Standing::Known } else { Standing::Stranger };
        if standing == Standing::Stranger {
            let own = table.strangers.get(&address).copied().unwrap_or(0);
            if own >= self.limits.strangers_each {
                table.shed_stranger(Some(address));
            } else if table.strangers.values().sum::<usize>() >= self.limits.strangers {
                table.shed_stranger(None);
            }
        }
        if table.open.len() >= self.limits.all {
            let made = table.shed_stranger(None) || table.shed_idle();
            if !made {
                table.tell_shed("there is no room for another connection");
                return None;
            }
        }
        table.last += 1;
        let (number, cut) = (table.last, CancellationToken::new());
        if standing == Standing::Stranger {
            *table.strangers.entry(address).or_default() += 1;
        }
        table.open.insert(number, Entry { address, standing, busy: 0, cut: cut.clone() });
        drop(table);
        Some(Place { number, table: Arc::clone(&self.table), cut })
    }
}

impl Place {
    /// Returns when the connection must make room.
    pub(crate) async fn shed(&self) {
        self.cut.cancelled().await;
    }

    /// Credentials were shown on it.
    pub(crate) fn is_known(&self) {
        self.becomes(Standing::Known);
    }

    /// It is a broker's link from now on.
    pub(crate) fn is_link(&self) {
        self.becomes(Standing::Link);
    }

    /// Its request is complete, and is worked on.
    pub(crate) fn works(self: Arc<Self>) -> Busy {
        if let Some(entry) = lock(&self.table).open.get_mut(&self.number) {
            entry.busy += 1;
        }
        Busy(self)
    }

    fn becomes(&self, standing: Standing) {
        let mut table = lock(&self.table);
        let Some(entry) = table.open.get_mut(&self.number) else { return };
        let (before, address) = (entry.standing, entry.address);
        entry.standing = standing;
        if before == Standing::Stranger {
            table.one_stranger_less(address);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.table).remove(self.number);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(entry) = lock(&self.0.table).open.get_mut(&self.0.number) {
            entry.busy = entry.busy.saturating_sub(1);
        }
    }
}

impl Table {
    /// Sheds a stranger of an address, or of the one that has the most in the network that has the
    /// most: the oldest one that is idle, or has sent only a part of its request; if there is none,
    /// the oldest.
    fn shed_stranger(&mut self, address: Option<IpAddr>) -> bool {
        let Some(address) = address.or_else(|| self.most_strangers()) else { return false };
        let own = |entry: &Entry| entry.standing == Standing::Stranger && entry.address == address;
        let mut own = self.open.iter().filter(|(_, entry)| own(entry));
        let oldest = own.clone().next();
        let Some((&number, _)) = own.find(|(_, entry)| entry.busy == 0).or(oldest) else {
            return false;
        };
        self.cut(number);
        true
    }

    fn most_strangers(&self) -> Option<IpAddr> {
        let network = |address: IpAddr| {
            let [wide, ..] = networks(address);
            wide
        };
        let mut of_network = BTreeMap::<IpAddr, usize>::new();
        for (address, own) in &self.strangers {
            *of_network.entry(network(*address)).or_default() += own;
        }
        let (fullest, _) = of_network.into_iter().max_by_key(|(_, count)| *count)?;
        let its = self.strangers.iter().filter(|(address, _)| network(**address) == fullest);
        its.max_by_key(|(_, own)| **own).map(|(address, _)| *address)
    }

    fn shed_idle(&mut self) -> bool {
        let idle = |entry: &Entry| entry.standing == Standing::Known && entry.busy == 0;
        let found = self.open.iter().find(|(_, entry)| idle(entry)).map(|(number, _)| *number);
        found.is_some_and(|number| {
            self.cut(number);
            true
        })
    }

    fn cut(&mut self, number: u64) {
        if let Some(entry) = self.remove(number) {
            entry.cut.cancel();
            self.tell_shed("a connection was closed to make room for another one");
        }
    }

    /// Told at the first, second, fourth, eighth … time: a flood must not fill the log.
    fn tell_shed(&mut self, what: &str) {
        self.shed += 1;
        if self.shed.is_power_of_two() {
            tracing::warn!(times = self.shed, open = self.open.len(), "{what}");
        }
    }

    fn remove(&mut self, number: u64) -> Option<Entry> {
        let entry = self.open.remove(&number)?;
        if entry.standing == Standing::Stranger {
            self.one_stranger_less(entry.address);
        }
        Some(entry)
    }

    fn one_stranger_less(&mut self, address: IpAddr) {
        if let Some(own) = self.strangers.get_mut(&address) {
            *own -= 1;
            if *own == 0 {
                self.strangers.remove(&address);
            }
        }
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ConnectionLimits = ConnectionLimits { all: 8, strangers: 4, strangers_each: 2 };

    fn ip(n: u32) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::from_bits(n))
    }

    fn shed(places: &[Place]) -> Vec<bool> {
        places.iter().map(|place| place.cut.is_cancelled()).collect()
    }

    #[test]
    fn the_oldest_idle_stranger_of_the_same_address_makes_room() {
        let connections = Connections::new(LIMITS);
        let working = Arc::new(connections.admit(ip(1), false).unwrap());
        let _busy = Arc::clone(&working).works();
        let _other = connections.admit(ip(2), false).unwrap();
        let more: Vec<Place> = (0..3).map(|_| connections.admit(ip(1), false).unwrap()).collect();
        assert_eq!(shed(&more), [true, true, false]);
        assert!(!working.cut.is_cancelled() && !_other.cut.is_cancelled());
    }

    #[test]
    fn strangers_of_many_addresses_leave_the_others_alone() {
        let connections = Connections::new(LIMITS);
        let known = connections.admit(ip(1), false).unwrap();
        known.is_known();
        let link = connections.admit(ip(1), false).unwrap();
        link.is_link();
        let strangers: Vec<Place> =
            (10..100).map(|n| connections.admit(ip(n), false).unwrap()).collect();
        assert!(!known.cut.is_cancelled() && !link.cut.is_cancelled());
        let kept = strangers.iter().filter(|place| !place.cut.is_cancelled()).count();
        assert_eq!(kept, LIMITS.strangers);
    }

    #[test]
    fn addresses_of_one_network_make_room_for_each_other() {
        let connections = Connections::new(LIMITS);
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let other = connections.admit(address("192.0.2.1"), false).unwrap();
        let flood: Vec<Place> = (0..100)
            .map(|n| connections.admit(address(&format!("127.0.{n}.1")), false).unwrap())
            .collect();
        assert!(!other.cut.is_cancelled());
        let kept = flood.iter().filter(|place| !place.cut.is_cancelled()).count();
        assert_eq!(kept, LIMITS.strangers - 1);
    }

    #[test]
    fn an_idle_caller_makes_room_and_a_link_never() {
        let connections = Connections::new(LIMITS);
        let idle = connections.admit(ip(1), true).unwrap();
        let links: Vec<Place> = (1..8).map(|_| connections.admit(ip(1), true).unwrap()).collect();
        links.iter().for_each(Place::is_link);
        let last = connections.admit(ip(2), false).unwrap();
        assert!(idle.cut.is_cancelled());
        last.is_link();
        assert!(connections.admit(ip(3), false).is_none());
        assert!(shed(&links).iter().all(|shed| !shed));
        drop(last);
        assert!(connections.admit(ip(3), false).is_some());
    }

    #[test]
    fn what_ends_leaves_nothing_behind() {
        let connections = Connections::new(LIMITS);
        for n in 0..100 {
            let place = Arc::new(connections.admit(ip(n), n % 2 == 0).unwrap());
            drop(Arc::clone(&place).works());
            place.is_known();
        }
        let table = lock(&connections.table);
        assert!(table.open.is_empty() && table.strangers.is_empty());
    }

    #[test]
    fn a_low_limit_of_files_leaves_a_reserve() {
        let limits = ConnectionLimits::within(Some(1024));
        assert_eq!(limits, ConnectionLimits { all: 896, strangers: 224, strangers_each: 112 });
        assert_eq!(ConnectionLimits::within(None).all, CONNECTIONS_MAX);
        assert!(ConnectionLimits::within(Some(64)).all <= 32);
    }
}
