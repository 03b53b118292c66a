//! How many connections there are, so that nobody takes them all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use hotseat_ipc::socket::OsUser;
use hotseat_protocol::problem::{Code, Problem};

use super::Limits;

/// Counts the connections.
#[derive(Debug, Clone)]
pub(super) struct Admission {
    limits: Limits,
    counts: Arc<Mutex<Counts>>,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    per_user: BTreeMap<OsUser, usize>,
}

/// One connection's place among all; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Admitted {
    user: OsUser,
    counts: Arc<Mutex<Counts>>,
}

impl Admission {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, counts: Arc::default() }
    }

    /// Lets one more connection of a user in.
    ///
    /// # Errors
    ///
    /// What to tell it when there are too many already.
    pub(super) fn admit(&self, user: &OsUser) -> Result<Admitted, Problem> {
        let mut counts = lock(&self.counts);
        let own = counts.per_user.get(user).copied().unwrap_or(0);
        if own >= self.limits.per_user {
            return Err(too_many(&format!("You have {own} connections to the broker")));
        }
        if counts.all >= self.limits.all {
            return Err(too_many(&format!("The broker has {} connections", counts.all)));
        }
        counts.all += 1;
        counts.per_user.insert(user.clone(), own + 1);
        Ok(Admitted { user: user.clone(), counts: self.counts.clone() })
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        counts.all -= 1;
        if let Some(own) = counts.per_user.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                counts.per_user.remove(&self.user);
            }
        }
    }
}

fn lock(counts: &Mutex<Counts>) -> std::sync::MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

fn too_many(what: &str) -> Problem {
    let detail = format!("{what}, which is the limit.");
    Problem::new(Code::TooMany, detail, "Close programs that use Hotseat and try again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_cannot_take_the_places_of_another() {
        let admission = Admission::new(Limits { per_user: 2, all: 3, ..Limits::default() });
        let (lucy, bill) = (OsUser::from_uid(1), OsUser::from_uid(2));
        let first = admission.admit(&lucy).unwrap();
        let _second = admission.admit(&lucy).unwrap();
        assert_eq!(admission.admit(&lucy).unwrap_err().code, Code::TooMany);
        let _bills = admission.admit(&bill).unwrap();
        assert!(admission.admit(&bill).is_err(), "four of three were let in");
        drop(first);
        assert!(admission.admit(&bill).is_ok());
        assert!(admission.admit(&lucy).is_ok(), "a place was not given back");
    }
}
