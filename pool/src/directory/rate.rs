//! How often somebody may fail to log in or be refused a seat. What succeeds does not count.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hotseat_protocol::ids::{MachineId, ServiceId, UserId};

use crate::rules::{Caller, Mono};

/// Who tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// A caller over REST.
    Address(IpAddr),
    /// A machine, over its link.
    Machine(MachineId),
}

/// Failures in a row for one account; then one more every [`ACCOUNT_EVERY`].
const ACCOUNT_BURST: u32 = 10;
/// Fast enough for somebody who mistypes, too slow for somebody who guesses.
const ACCOUNT_EVERY: Duration = Duration::from_secs(6);
/// Failures in a row from one peer, who may be a terminal server or a proxy.
const PEER_BURST: u32 = 100;
/// One more from a peer.
const PEER_EVERY: Duration = Duration::from_secs(1);
/// Accounts and peers that are remembered each; the one that is closest to forgiven makes room.
const REMEMBERED_MAX: usize = 10_000;

/// The failures that are not forgiven yet.
#[derive(Debug, Default)]
pub struct Attempts {
    buckets: Mutex<Buckets>,
}

#[derive(Debug, Default)]
struct Buckets {
    accounts: BTreeMap<String, Mono>,
    peers: BTreeMap<Peer, Mono>,
}

impl Attempts {
    /// Takes an attempt into account as if it failed.
    ///
    /// # Errors
    ///
    /// How long to wait, when there were too many.
    pub fn begin(&self, email: &str, peer: Peer, now: Mono) -> Result<(), Duration> {
        let account = account(email);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let account_wait = wait(buckets.accounts.get(&account), ACCOUNT_BURST, ACCOUNT_EVERY, now);
        let peer_wait = wait(buckets.peers.get(&peer), PEER_BURST, PEER_EVERY, now);
        let longest = account_wait.max(peer_wait);
        if longest > Duration::ZERO {
            return Err(longest);
        }
        add(&mut buckets.accounts, account, ACCOUNT_EVERY, now);
        add(&mut buckets.peers, peer, PEER_EVERY, now);
        Ok(())
    }

    /// Forgives the account and takes this attempt back from the peer: the password was right.
    pub fn succeeded(&self, email: &str, peer: Peer) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.accounts.remove(&account(email));
        if let Some(forgiven) = buckets.peers.get_mut(&peer) {
            let every = u64::try_from(PEER_EVERY.as_millis()).unwrap_or(u64::MAX);
            *forgiven = Mono(forgiven.0.saturating_sub(every));
        }
    }
}

/// Refusals in a row for one person by one caller: somebody who clicks again and again, or an
/// application that opens hundreds of sessions for one account at once, never meets it.
const PERSON_BURST: u32 = 1_000;
/// One more for a person: ten a second, a fiftieth of what a loop asks.
const PERSON_EVERY: Duration = Duration::from_millis(100);
/// Refusals in a row for one service: a morning on which thousands come to a full pool at once.
const SERVICE_BURST: u32 = 5_000;
/// One more for a service: fifty a second, which a pool answers without noticing.
const SERVICE_EVERY: Duration = Duration::from_millis(20);

/// The refusals that were too many, by whom and for whom.
#[derive(Debug, Default)]
pub struct Refusals {
    buckets: Mutex<RefusalBuckets>,
}

#[derive(Debug, Default)]
struct RefusalBuckets {
    people: BTreeMap<(Caller, UserId), Mono>,
    services: BTreeMap<ServiceId, Mono>,
}

impl Refusals {
    /// Whether a caller may ask for a person now.
    ///
    /// # Errors
    ///
    /// How long to wait, when too much was refused.
    pub fn may_ask(&self, caller: Caller, user: UserId, now: Mono) -> Result<(), Duration> {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let person = buckets.people.get(&(caller, user));
        let person = wait(person, PERSON_BURST, PERSON_EVERY, now);
        let service = service(caller).and_then(|id| buckets.services.get(&id));
        let longest = person.max(wait(service, SERVICE_BURST, SERVICE_EVERY, now));
        if longest > Duration::ZERO { Err(longest) } else { Ok(()) }
    }

    /// A sign-on or a check was refused.
    pub fn refused(&self, caller: Caller, user: UserId, now: Mono) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        add(&mut buckets.people, (caller, user), PERSON_EVERY, now);
        if let Some(id) = service(caller) {
            add(&mut buckets.services, id, SERVICE_EVERY, now);
        }
    }
}

fn service(caller: Caller) -> Option<ServiceId> {
    if let Caller::Service(id) = caller { Some(id) } else { None }
}

/// What cannot be an address is one account: nobody has it.
fn account(email: &str) -> String {
    super::Email::parse(email).map_or_else(|_| String::new(), |email| email.to_string())
}

/// A bucket is the time at which all of its failures are forgiven. How long until another fits.
fn wait(forgiven: Option<&Mono>, burst: u32, every: Duration, now: Mono) -> Duration {
    let owed = forgiven.map_or(Duration::ZERO, |forgiven| forgiven.since(now));
    (owed + every).saturating_sub(every * burst)
}

fn add<K: Ord + Clone>(buckets: &mut BTreeMap<K, Mono>, key: K, every: Duration, now: Mono) {
    if buckets.len() >= REMEMBERED_MAX {
        buckets.retain(|_, forgiven| *forgiven > now);
        let first = buckets.iter().min_by_key(|(_, forgiven)| **forgiven);
        if buckets.len() >= REMEMBERED_MAX
            && let Some(key) = first.map(|(key, _)| key.clone())
        {
            buckets.remove(&key);
        }
    }
    let forgiven = buckets.entry(key).or_insert(now);
    *forgiven = (*forgiven).max(now) + every;
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Peer = Peer::Address(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));
    const LUCY: &str = "lucy@finance.example";

    #[test]
    fn an_account_is_slowed_down_after_a_burst_and_forgiven_by_time() {
        let attempts = Attempts::default();
        for _ in 0..ACCOUNT_BURST {
            assert_eq!(attempts.begin(LUCY, HERE, Mono(0)), Ok(()));
        }
        assert_eq!(attempts.begin("LUCY@finance.example ", HERE, Mono(0)), Err(ACCOUNT_EVERY));
        assert_eq!(attempts.begin("bill@finance.example", HERE, Mono(0)), Ok(()));
        assert_eq!(attempts.begin(LUCY, HERE, Mono(6_000)), Ok(()));
        assert_eq!(attempts.begin(LUCY, HERE, Mono(6_001)), Err(Duration::from_millis(5_999)));
    }

    #[test]
    fn the_right_password_forgives() {
        let attempts = Attempts::default();
        for _ in 0..1000 {
            assert_eq!(attempts.begin(LUCY, HERE, Mono(0)), Ok(()));
            attempts.succeeded(LUCY, HERE);
        }
    }

    #[test]
    fn a_peer_is_slowed_down_over_all_accounts() {
        let attempts = Attempts::default();
        for n in 0..PEER_BURST {
            assert_eq!(attempts.begin(&format!("{n}@x"), HERE, Mono(0)), Ok(()));
        }
        assert_eq!(attempts.begin("another@x", HERE, Mono(0)), Err(PEER_EVERY));
        let other = Peer::Machine(MachineId::from_random(1));
        assert_eq!(attempts.begin("another@x", other, Mono(0)), Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let attempts = Attempts::default();
        for n in 0..REMEMBERED_MAX as u64 + 50 {
            let peer = Peer::Machine(MachineId::from_random(u128::from(n)));
            let _ = attempts.begin(&format!("{n}@x"), peer, Mono(0));
        }
        let buckets = attempts.buckets.lock().unwrap();
        assert!(buckets.accounts.len() <= REMEMBERED_MAX && buckets.peers.len() <= REMEMBERED_MAX);
    }

    const APP: Caller = Caller::Service(ServiceId(uuid::Uuid::from_u128(1)));

    fn user(n: u32) -> UserId {
        UserId::from_random(u128::from(n))
    }

    #[test]
    fn whoever_is_refused_in_a_loop_is_slowed_down_and_nobody_else() {
        let refusals = Refusals::default();
        for _ in 0..PERSON_BURST {
            assert_eq!(refusals.may_ask(APP, user(1), Mono(0)), Ok(()));
            refusals.refused(APP, user(1), Mono(0));
        }
        assert_eq!(refusals.may_ask(APP, user(1), Mono(0)), Err(PERSON_EVERY));
        assert_eq!(refusals.may_ask(APP, user(2), Mono(0)), Ok(()));
        assert_eq!(refusals.may_ask(Caller::User(user(1)), user(1), Mono(0)), Ok(()));
        assert_eq!(refusals.may_ask(APP, user(1), Mono(100)), Ok(()));
    }

    #[test]
    fn a_service_may_be_refused_for_thousands_of_people_at_once() {
        let refusals = Refusals::default();
        for n in 0..SERVICE_BURST {
            assert_eq!(refusals.may_ask(APP, user(n), Mono(0)), Ok(()));
            refusals.refused(APP, user(n), Mono(0));
        }
        let more = user(SERVICE_BURST);
        assert_eq!(refusals.may_ask(APP, more, Mono(0)), Err(SERVICE_EVERY));
        assert_eq!(refusals.may_ask(APP, more, Mono(20)), Ok(()));
        assert_eq!(refusals.may_ask(Caller::Admin, more, Mono(0)), Ok(()));
    }
}
