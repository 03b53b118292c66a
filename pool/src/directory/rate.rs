//! How often somebody may be refused a seat, and the buckets that count it. What succeeds does not
//! count.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hotseat_protocol::ids::{ServiceId, UserId};

use hotseat_rules::{Caller, Mono};

/// Keys that are remembered in one table; the one that is closest to forgiven makes room.
pub(super) const REMEMBERED_MAX: usize = 10_000;

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

/// A bucket is the time at which all of its failures are forgiven. How long until another fits.
pub(crate) fn wait(forgiven: Option<&Mono>, burst: u32, every: Duration, now: Mono) -> Duration {
    let owed = forgiven.map_or(Duration::ZERO, |forgiven| forgiven.since(now));
    (owed + every).saturating_sub(every * burst)
}

/// Owes one more.
pub(crate) fn add<K: Ord + Clone>(
    buckets: &mut BTreeMap<K, Mono>,
    key: K,
    every: Duration,
    now: Mono,
) {
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
