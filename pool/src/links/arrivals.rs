//! Links of a machine that do not count yet. They cost a connection, a task and lines in the log, and
//! anybody with the machine's credential opens as many as they like: so they are few, and come one
//! after the other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hotseat_protocol::ids::MachineId;
use hotseat_rules::Mono;

use crate::directory::rate;

/// Links of one machine between their opening and their first message: that of a broker, of one that
/// was restarted meanwhile, and of a clone.
pub(super) const AT_ONCE_MAX: usize = 4;
/// Links that a machine may open in a row: a network that comes and goes for an hour.
const BURST: u32 = 240;
/// One more, so that a machine in a loop writes a few megabytes of log a day.
const EVERY: Duration = Duration::from_secs(5);

/// Who has such links, and who had many.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arrivals {
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    at_once: BTreeMap<MachineId, usize>,
    opened: BTreeMap<MachineId, Mono>,
}

/// A link that does not count yet, until dropped.
#[derive(Debug)]
pub(crate) struct Arrival {
    machine: MachineId,
    of: Arrivals,
}

impl Arrivals {
    /// Lets a machine open a link.
    ///
    /// # Errors
    ///
    /// How long to wait, when it has opened too many.
    pub(crate) fn open(&self, machine: MachineId, now: Mono) -> Result<Arrival, Duration> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = rate::wait(known.opened.get(&machine), BURST, EVERY, now);
        if !wait.is_zero() {
            return Err(wait);
        }
        let at_once = known.at_once.entry(machine).or_default();
        if *at_once >= AT_ONCE_MAX {
            return Err(EVERY);
        }
        *at_once += 1;
        rate::add(&mut known.opened, machine, EVERY, now);
        Ok(Arrival { machine, of: self.clone() })
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        let mut known = self.of.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at_once) = known.at_once.get_mut(&self.machine) {
            *at_once -= 1;
            if *at_once == 0 {
                known.at_once.remove(&self.machine);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_few_links_that_do_not_count_and_others_have_theirs() {
        let arrivals = Arrivals::default();
        let (one, other) = (MachineId::from_random(1), MachineId::from_random(2));
        let mut open: Vec<Arrival> =
            (0..AT_ONCE_MAX).map(|_| arrivals.open(one, Mono(0)).unwrap()).collect();
        assert!(arrivals.open(one, Mono(0)).is_err());
        assert!(arrivals.open(other, Mono(0)).is_ok());
        open.pop();
        assert!(arrivals.open(one, Mono(0)).is_ok());
        drop(open);
        assert!(arrivals.known.lock().unwrap().at_once.is_empty());
    }

    #[test]
    fn a_machine_that_opens_links_in_a_loop_waits_between_them() {
        let arrivals = Arrivals::default();
        let machine = MachineId::from_random(1);
        let opened = (0..10 * BURST).filter(|_| arrivals.open(machine, Mono(0)).is_ok()).count();
        assert_eq!(opened, usize::try_from(BURST).unwrap());
        assert_eq!(arrivals.open(machine, Mono(0)).unwrap_err(), EVERY);
        assert!(arrivals.open(machine, Mono(5_000)).is_ok());
        assert!(arrivals.open(machine, Mono(5_000)).is_err());
    }
}
