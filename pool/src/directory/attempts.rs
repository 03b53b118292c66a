//! How often somebody may fail to log in: counted for account and source together, so that nobody
//! can lock a person out from somewhere else. What succeeds does not count.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hotseat_protocol::ids::MachineId;
use hotseat_rules::Mono;
use sha2::{Digest as _, Sha256};

use super::rate::{REMEMBERED_MAX, add, wait};
use super::source::Source;

/// Failures in a row for one account from one source; then one more every [`ACCOUNT_EVERY`].
const ACCOUNT_BURST: u32 = 10;
/// Fast enough for somebody who mistypes, too slow for somebody who guesses.
const ACCOUNT_EVERY: Duration = Duration::from_secs(6);
/// Failures in a row from one source over all accounts: one address may be an office.
const SOURCE_BURST: u32 = 100;
/// One more from a source.
const SOURCE_EVERY: Duration = Duration::from_secs(1);
/// Failures in a row of one machine over all its OS users: ten of them at their own limit.
const MACHINE_BURST: u32 = 1_000;
/// One more from a machine: ten hashes a second are a third of a core.
const MACHINE_EVERY: Duration = Duration::from_millis(100);
/// Failures in a row for one account from all OS users of one machine to whom it is unfamiliar: ten
/// of them at their own limit. The machine alone says who its OS users are, so they may be made up.
const MACHINE_ACCOUNT_BURST: u32 = 100;
/// One more for an account from one machine: as many guesses a day as from all addresses, and so
/// fast that it takes six OS users at their own limit to be in the way of another one.
const MACHINE_ACCOUNT_EVERY: Duration = Duration::from_secs(1);
/// Failures in a row for one account from all unfamiliar addresses: a hundred at their own limit.
const ANYWHERE_BURST: u32 = 1_000;
/// One more for an account from unfamiliar addresses: 86,400 guesses a day in all.
const ANYWHERE_EVERY: Duration = Duration::from_secs(1);

/// What stands for an account: of fixed size, whatever somebody sends.
type Account = [u8; 32];

/// The failures that are not forgiven yet.
#[derive(Debug, Default)]
pub struct Attempts {
    buckets: Mutex<Buckets>,
}

#[derive(Debug, Default)]
struct Buckets {
    accounts: BTreeMap<(Account, Source), Mono>,
    sources: BTreeMap<Source, Mono>,
    machines: BTreeMap<MachineId, Mono>,
    machine_accounts: BTreeMap<(Account, MachineId), Mono>,
    anywhere: BTreeMap<Account, Mono>,
    /// Where an account logged in before, and when: what others get wrong does not count there.
    familiar: BTreeMap<(Account, Source), Mono>,
}

impl Attempts {
    /// Takes an attempt into account as if it failed.
    ///
    /// # Errors
    ///
    /// How long to wait, when there were too many.
    pub fn begin(&self, email: &str, source: Source, now: Mono) -> Result<(), Duration> {
        let account = account(email);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let longest = buckets.wait(account, source, now);
        if longest > Duration::ZERO {
            return Err(longest);
        }
        add(&mut buckets.accounts, (account, source), ACCOUNT_EVERY, now);
        if buckets.familiar.contains_key(&(account, source)) {
            return Ok(());
        }
        add(&mut buckets.sources, source, SOURCE_EVERY, now);
        match source {
            Source::Machine(machine, _) => {
                add(&mut buckets.machines, machine, MACHINE_EVERY, now);
                let key = (account, machine);
                add(&mut buckets.machine_accounts, key, MACHINE_ACCOUNT_EVERY, now);
            }
            Source::Address(_) | Source::Administrator => {
                add(&mut buckets.anywhere, account, ANYWHERE_EVERY, now);
            }
        }
        Ok(())
    }

    /// Forgives the account at this source, and knows it there from now on: the password was right.
    pub fn succeeded(&self, email: &str, source: Source, now: Mono) {
        let account = account(email);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.accounts.remove(&(account, source));
        if !buckets.familiar.contains_key(&(account, source)) {
            // What this attempt was counted for, and nothing that others got wrong elsewhere.
            forgive(buckets.sources.get_mut(&source), SOURCE_EVERY);
            match source {
                Source::Machine(machine, _) => {
                    forgive(buckets.machines.get_mut(&machine), MACHINE_EVERY);
                    let of_account = buckets.machine_accounts.get_mut(&(account, machine));
                    forgive(of_account, MACHINE_ACCOUNT_EVERY);
                }
                Source::Address(_) | Source::Administrator => {
                    forgive(buckets.anywhere.get_mut(&account), ANYWHERE_EVERY);
                }
            }
        }
        let familiar = &mut buckets.familiar;
        if familiar.len() >= REMEMBERED_MAX
            && let Some((&oldest, _)) = familiar.iter().min_by_key(|(_, last)| **last)
        {
            familiar.remove(&oldest);
        }
        familiar.insert((account, source), now);
    }
}

impl Buckets {
    fn wait(&self, account: Account, source: Source, now: Mono) -> Duration {
        let here = self.accounts.get(&(account, source));
        let here = wait(here, ACCOUNT_BURST, ACCOUNT_EVERY, now);
        if self.familiar.contains_key(&(account, source)) {
            return here;
        }
        let of_source = wait(self.sources.get(&source), SOURCE_BURST, SOURCE_EVERY, now);
        let wider = match source {
            Source::Machine(machine, _) => {
                let of_account = self.machine_accounts.get(&(account, machine));
                let of_account =
                    wait(of_account, MACHINE_ACCOUNT_BURST, MACHINE_ACCOUNT_EVERY, now);
                let of_all = self.machines.get(&machine);
                wait(of_all, MACHINE_BURST, MACHINE_EVERY, now).max(of_account)
            }
            Source::Address(_) | Source::Administrator => {
                wait(self.anywhere.get(&account), ANYWHERE_BURST, ANYWHERE_EVERY, now)
            }
        };
        here.max(of_source).max(wider)
    }
}

/// What cannot be an address is one account: nobody has it.
fn account(email: &str) -> Account {
    let email =
        super::Email::parse(email).map_or_else(|_| String::new(), |email| email.to_string());
    Sha256::digest(email).into()
}

/// Takes one failure back.
fn forgive(forgiven: Option<&mut Mono>, every: Duration) {
    if let Some(forgiven) = forgiven {
        let every = u64::try_from(every.as_millis()).unwrap_or(u64::MAX);
        *forgiven = Mono(forgiven.0.saturating_sub(every));
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    const HERE: Source = Source::Address(IpAddr::V4(Ipv4Addr::LOCALHOST));
    const LUCY: &str = "lucy@finance.example";

    fn address(n: u32) -> Source {
        Source::address(IpAddr::V4(Ipv4Addr::from_bits(n)))
    }

    fn desk(uid: &str) -> Source {
        Source::machine(MachineId::from_random(1), Some(uid))
    }

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
    fn what_others_type_wrong_elsewhere_never_locks_anybody_out_at_their_machine() {
        let attempts = Attempts::default();
        // From a thousand addresses, and by everybody else at her own machine.
        for n in 0..10_000 {
            let _ = attempts.begin(LUCY, address(n), Mono(0));
        }
        for uid in 0..9 {
            for _ in 0..1_000 {
                let _ = attempts.begin(LUCY, desk(&uid.to_string()), Mono(0));
            }
        }
        for _ in 0..ACCOUNT_BURST {
            assert_eq!(attempts.begin(LUCY, desk("lucy"), Mono(0)), Ok(()));
        }
    }

    #[test]
    fn guesses_from_many_addresses_are_bounded_where_the_account_is_not_familiar() {
        let attempts = Attempts::default();
        attempts.succeeded(LUCY, HERE, Mono(0));
        let passed = (0..10_000).filter(|n| attempts.begin(LUCY, address(*n), Mono(0)).is_ok());
        assert_eq!(passed.count(), usize::try_from(ANYWHERE_BURST).unwrap());
        assert_eq!(attempts.begin(LUCY, HERE, Mono(0)), Ok(()));
    }

    #[test]
    fn what_succeeds_at_a_machine_forgives_nothing_that_failed_elsewhere() {
        let attempts = Attempts::default();
        for n in 0..10_000 {
            let _ = attempts.begin(LUCY, address(n), Mono(0));
        }
        for uid in 0..50 {
            let desk = desk(&uid.to_string());
            assert_eq!(attempts.begin(LUCY, desk, Mono(0)), Ok(()));
            attempts.succeeded(LUCY, desk, Mono(0));
        }
        assert!(attempts.begin(LUCY, address(20_000), Mono(0)).is_err());
    }

    #[test]
    fn the_right_password_forgives() {
        let attempts = Attempts::default();
        for _ in 0..1000 {
            assert_eq!(attempts.begin(LUCY, HERE, Mono(0)), Ok(()));
            attempts.succeeded(LUCY, HERE, Mono(0));
        }
    }

    #[test]
    fn a_source_is_slowed_down_over_all_accounts_but_not_for_who_is_familiar_there() {
        let attempts = Attempts::default();
        attempts.succeeded(LUCY, HERE, Mono(0));
        for n in 0..SOURCE_BURST {
            assert_eq!(attempts.begin(&format!("{n}@x"), HERE, Mono(0)), Ok(()));
        }
        assert_eq!(attempts.begin("another@x", HERE, Mono(0)), Err(SOURCE_EVERY));
        assert_eq!(attempts.begin(LUCY, HERE, Mono(0)), Ok(()));
        assert_eq!(attempts.begin("another@x", desk("1"), Mono(0)), Ok(()));
    }

    #[test]
    fn a_machine_gets_no_more_guesses_at_an_account_by_making_up_users() {
        let attempts = Attempts::default();
        attempts.succeeded(LUCY, desk("lucy"), Mono(0));
        let guess =
            |uid: u32, now| attempts.begin(LUCY, desk(&format!("made up {uid}")), now).is_ok();
        let judged = (0..400).filter(|uid| guess(*uid, Mono(0))).count();
        assert_eq!(judged, usize::try_from(MACHINE_ACCOUNT_BURST).unwrap());
        let judged = (400..800).filter(|uid| guess(*uid, Mono(1_000))).count();
        assert_eq!(judged, 1);
        // Whoever logged in there before, other accounts and other machines are not concerned.
        assert_eq!(attempts.begin(LUCY, desk("lucy"), Mono(1_000)), Ok(()));
        assert_eq!(attempts.begin("bill@x", desk("bill"), Mono(1_000)), Ok(()));
        let other = Source::machine(MachineId::from_random(2), Some("lucy"));
        assert_eq!(attempts.begin(LUCY, other, Mono(1_000)), Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let attempts = Attempts::default();
        for n in 0..REMEMBERED_MAX as u64 + 50 {
            let machine = MachineId::from_random(u128::from(n));
            let email = format!("{n}@x");
            let _ = attempts.begin(&email, Source::machine(machine, None), Mono(n));
            let _ = attempts.begin(&email, address(u32::try_from(n).unwrap()), Mono(n));
            attempts.succeeded(&email, Source::machine(machine, Some("1")), Mono(n));
        }
        let buckets = attempts.buckets.lock().unwrap();
        let Buckets { accounts, sources, machines, machine_accounts, anywhere, familiar } =
            &*buckets;
        let lengths = [accounts.len(), sources.len(), machines.len(), machine_accounts.len()];
        for length in lengths.into_iter().chain([anywhere.len()]) {
            assert!(length <= REMEMBERED_MAX);
        }
        assert!(familiar.len() <= REMEMBERED_MAX);
    }
}
