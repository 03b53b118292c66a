//! What one caller may have written down and remembered, even where all that it asks for succeeds.
//!
//! Each act that leaves a record and a remembered request is paid from the budgets of whoever asks;
//! a budget fills again by time. What ends something is paid with what began it, so that a sign-off,
//! a reclaim or the end of an account never fails for want of a budget; renewals and repeats leave
//! nothing and cost nothing. Volatile: after a start every budget is full.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hotseat_protocol::ids::UserId;
use hotseat_rules::{Caller, Command, Event, Mono};

/// A budget: how much in a row, and how long until there is one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Acts in a row.
    pub burst: u32,
    /// The time that brings one more.
    pub every: Duration,
}

impl Budget {
    /// What can be spent within a time that begins with a full budget.
    #[must_use]
    pub fn within(self, time: Duration) -> u128 {
        u128::from(self.burst).saturating_add(time.as_nanos() / self.every.as_nanos().max(1))
    }
}

/// Acts of one caller for one person. Measured: a sign-on with its sign-off costs about 3 KB of
/// memory for a day and 3.5 KB of store, so that a loop costs at most 60 MB of memory and 70 MB of
/// store a day. The busiest person signs on some hundred times a day.
pub const PERSON: Budget = Budget { burst: 5_000, every: Duration::from_secs(6) };

/// Acts of one service for all its people: those of ten thousand people who sign on thirty times a
/// day each.
pub const SERVICE: Budget = Budget { burst: 60_000, every: Duration::from_millis(300) };

/// Of those, acts for people of whom nobody but services has spoken since the start: no log-in of
/// their own, no machine. A service that makes its people's requests up costs at most 200 MB of
/// store a day by it; it is enough for ten thousand people who sign on five times a day each.
pub const UNSEEN: Budget = Budget { burst: 18_000, every: Duration::from_millis(2_200) };

/// Acts of one machine for all its people: a terminal server with a thousand, a hundred times a day
/// each.
pub const MACHINE: Budget = Budget { burst: 20_000, every: Duration::from_secs(1) };

/// Acts of all administrators: an import of a hundred thousand people with their machines, and then
/// four acts a second.
pub const ADMINISTRATORS: Budget = Budget { burst: 250_000, every: Duration::from_millis(250) };

/// How often it is said again that a budget is used up.
const TOLD_EVERY: Duration = Duration::from_mins(10);

/// How many budgets are remembered before those that are full again are forgotten.
const LOOKED_THROUGH_FROM: usize = 1_024;

/// Whose budget it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Payer {
    /// A caller for one person, or for what names nobody: cancels of requests that never came.
    For(Caller, Option<UserId>),
    /// A caller for all.
    All(Caller),
    /// A service for people who were not seen elsewhere.
    Unseen(Caller),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Spent {
    /// When the budget is full again.
    full_at: Mono,
    /// When it was last said that it is used up.
    told_at: Option<Mono>,
}

/// What has been spent of the budgets that are not full.
#[derive(Debug, Default)]
pub(super) struct Spending {
    spent: BTreeMap<Payer, Spent>,
    /// People who have asked by themselves or at a machine: as many as there are, at most.
    seen: BTreeSet<UserId>,
    /// What was paid for what is not written yet.
    unwritten: Vec<(Payer, Duration)>,
    look_through_at: usize,
}

impl Spending {
    /// Pays for what follows from a command: from all budgets that it is for, or from none.
    ///
    /// # Errors
    ///
    /// The time to wait, when one of them does not suffice; nothing of what follows may then
    /// happen.
    pub(super) fn pay(
        &mut self,
        command: &Command,
        events: &[Event],
        now: Mono,
    ) -> Result<(), Duration> {
        let cost = events.iter().map(cost).fold(0, u32::saturating_add);
        let Some((caller, person)) = payer(command) else { return Ok(()) };
        self.note_seen(command, caller, person);
        if cost == 0 {
            return Ok(());
        }
        let budgets = self.budgets(caller, person);
        let budgets = || budgets.iter().flatten().copied();
        let waits = budgets().map(|(payer, budget)| self.wait(payer, budget, cost, now));
        let wait = waits.max().unwrap_or_default();
        if wait > Duration::ZERO {
            for (payer, budget) in budgets() {
                self.tell(payer, budget, cost, now);
            }
            return Err(wait);
        }
        for (payer, budget) in budgets() {
            self.look_through(now);
            let spent = self.spent.entry(payer).or_default();
            let price = budget.every.saturating_mul(cost);
            spent.full_at = spent.full_at.max(now) + price;
            self.unwritten.push((payer, price));
        }
        Ok(())
    }

    /// Notes who asks without a service: whoever is removed is forgotten.
    fn note_seen(&mut self, command: &Command, caller: Caller, person: Option<UserId>) {
        match (caller, person) {
            (Caller::User(user), _) | (Caller::Machine(_), Some(user)) => {
                self.seen.insert(user);
            }
            (Caller::Machine(_) | Caller::Service(_) | Caller::Admin, _) => {}
        }
        if let Command::RemoveUser { user } = command {
            self.seen.remove(user);
        }
    }

    /// The budgets from which an act is paid.
    fn budgets(&self, caller: Caller, person: Option<UserId>) -> [Option<(Payer, Budget)>; 3] {
        let all = match caller {
            Caller::Service(_) => Some(SERVICE),
            Caller::Machine(_) => Some(MACHINE),
            Caller::Admin => Some(ADMINISTRATORS),
            Caller::User(_) => None,
        };
        let each = (caller != Caller::Admin).then_some((Payer::For(caller, person), PERSON));
        let is_seen = person.is_some_and(|person| self.seen.contains(&person));
        let unseen = matches!(caller, Caller::Service(_)) && !is_seen;
        [
            each,
            all.map(|budget| (Payer::All(caller), budget)),
            unseen.then_some((Payer::Unseen(caller), UNSEEN)),
        ]
    }

    /// What was paid for is written.
    pub(super) fn written(&mut self) {
        self.unwritten.clear();
    }

    /// What was paid for never happened: it is paid back.
    pub(super) fn pay_back(&mut self) {
        for (payer, price) in self.unwritten.drain(..) {
            if let Some(spent) = self.spent.get_mut(&payer) {
                let price = u64::try_from(price.as_millis()).unwrap_or(u64::MAX);
                spent.full_at = Mono(spent.full_at.0.saturating_sub(price));
            }
        }
    }

    fn wait(&self, payer: Payer, budget: Budget, cost: u32, now: Mono) -> Duration {
        let spent = self.spent.get(&payer).map_or(Duration::ZERO, |spent| spent.full_at.since(now));
        let with_this = spent.saturating_add(budget.every.saturating_mul(cost));
        with_this.saturating_sub(budget.every.saturating_mul(budget.burst.max(cost)))
    }

    /// Says whose budget is used up, once in a while.
    fn tell(&mut self, payer: Payer, budget: Budget, cost: u32, now: Mono) {
        let wait = self.wait(payer, budget, cost, now);
        let Some(spent) = self.spent.get_mut(&payer).filter(|_| wait > Duration::ZERO) else {
            return;
        };
        if spent.told_at.is_some_and(|told| now < told + TOLD_EVERY) {
            return;
        }
        spent.told_at = Some(now);
        let (burst, every) = (budget.burst, budget.every);
        tracing::warn!(
            ?payer,
            burst,
            ?every,
            "a caller asks for more than is written down for one; it is told to wait"
        );
    }

    /// Forgets budgets that are full again, whenever there are twice as many as were left.
    fn look_through(&mut self, now: Mono) {
        if self.spent.len() < self.look_through_at.max(LOOKED_THROUGH_FROM) {
            return;
        }
        self.spent.retain(|_, spent| spent.full_at > now);
        self.look_through_at = self.spent.len().saturating_mul(2);
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.spent.len()
    }
}

/// Who asks, and for whom; none: the clock, or what happens once in the life of a store.
pub(super) fn payer(command: &Command) -> Option<(Caller, Option<UserId>)> {
    match command {
        Command::SignOn(sign_on) => Some((sign_on.caller, Some(sign_on.user))),
        Command::Check(check) => Some((check.caller, Some(check.user))),
        Command::AskRequest { request, .. } | Command::Cancel { request, .. } => {
            Some((request.caller, None))
        }
        Command::SignOff { by, .. }
        | Command::LeaveLine { by, .. }
        | Command::AcceptOffer { by, .. }
        | Command::DeclineOffer { by, .. }
        | Command::Reclaim { by, .. }
        | Command::AnswerWarning { by, .. } => Some((*by, None)),
        Command::NoteOverdraft { machine, user, .. } => {
            Some((Caller::Machine(*machine), Some(*user)))
        }
        Command::ConfirmLeaving { machine, .. }
        | Command::NoteWarning { machine, .. }
        | Command::NoteIdleSpell { machine, .. } => Some((Caller::Machine(*machine), None)),
        Command::DefinePool { .. }
        | Command::RemovePool { .. }
        | Command::AddUser { .. }
        | Command::SetUser { .. }
        | Command::RemoveUser { .. }
        | Command::AddMachine { .. }
        | Command::RevokeMachine { .. }
        | Command::ConfirmMachine { .. } => Some((Caller::Admin, None)),
        Command::Initialise { .. }
        | Command::BeginGeneration { .. }
        | Command::Quarantine { .. }
        | Command::NoteSeen { .. }
        | Command::ExpireSeat { .. }
        | Command::TimeOutSession { .. }
        | Command::LapsePlace { .. }
        | Command::LapseOffer { .. }
        | Command::OfferNext { .. }
        | Command::TallyChecks { .. }
        | Command::AgeRequests
        | Command::EndRecovery => None,
    }
}

/// What an event costs whoever asked for it.
fn cost(event: &Event) -> u32 {
    match event {
        // One that was offered was paid with its place.
        Event::SeatGranted { offer, .. } => u32::from(offer.is_none()),
        Event::PlaceTaken { .. } => 2,
        Event::SignOnRefused { .. }
        | Event::SeatReacquired { .. }
        | Event::PlaceMoved { .. }
        | Event::RequestCancelled { .. }
        | Event::SeatWarned { .. }
        | Event::Overdraft { .. }
        | Event::IdleSpell { .. }
        | Event::UserAdded { .. }
        | Event::MachineAdded { .. }
        | Event::MachineConfirmed { .. } => 1,
        Event::UserChanged { enabled, .. } => u32::from(*enabled),
        // As long as its operations and their messages.
        Event::PoolDefined { definition } => {
            let operations = definition.clients.values().map(|client| client.operations.len());
            u32::try_from(operations.sum::<usize>()).unwrap_or(u32::MAX).saturating_add(1)
        }
        // They end what was paid for.
        Event::SeatLeaving { .. }
        | Event::SeatReleased { .. }
        | Event::PlaceEnded { .. }
        | Event::OfferWithdrawn { .. }
        | Event::WarningAnswered { .. }
        | Event::PoolRemoved { .. }
        | Event::UserRemoved { .. }
        | Event::MachineRevoked { .. } => 0,
        // The clock's, the store's, or at most one a minute.
        Event::Initialised { .. }
        | Event::Offered { .. }
        | Event::ChecksRefused { .. }
        | Event::RequestsAged
        | Event::FoundBehind { .. }
        | Event::GenerationBegan { .. }
        | Event::RecordSetAside { .. }
        | Event::Quarantined { .. }
        | Event::RecoveryEnded => 0,
    }
}
