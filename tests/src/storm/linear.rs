//! Is there one order of all operations in which a counting semaphore with fencing and a line gives
//! these answers? The search of Wing and Gong, with the memory of Lowe: a configuration (which operations
//! are in, which seats have ended by themselves) is looked at once.
//!
//! The semaphore: a new seat needs a free one; a held one signed on to again keeps its place and
//! gets a newer epoch; epochs grow with the order; a renewal finds its seat at its epoch or not at
//! all; a seat that ended is never seen again. A seat that is set aside for somebody in the line is
//! not free; a newcomer gets none while somebody in the line has no offer; only the first who has
//! none is made one; a place becomes a seat by its offer only, and what it gives up is free again
//! (`line.rs`). What nobody asks for is an internal step:
//!
//! * A seat may end by itself, but no sooner than `lives_until` of its grant and of every renewal
//!   that was answered. Steps have times between the operations around them, so the step fits
//!   only while every answered operation that is not in yet returned after that time.
//! * After [`What::MayBeReleased`] it may end at any time that is later than that was asked.
//! * [`What::MayBeGranted`] may take a seat at any time later than it was asked, or never.
//! * While a seat is free, the first in the line who has no offer may be made one.
//! * A place ends by itself no sooner than its offer, and no sooner than it was long not asked for.
//!
//! Seats of which no later answer speaks are alike but for the times before which they cannot
//! end, so the one that may end first does. This keeps the search small; it excludes no order,
//! because in any other the two could change parts.

mod line;
mod moves;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use hotseat_protocol::ids::{PlaceId, SeatId, SeatRef};

use super::history::{History, Micros, What};
use line::{Line, Place};

/// What a search found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Operations that have their place in the order.
    pub ops: usize,
    /// Configurations that were looked at.
    pub looked_at: usize,
}

/// Configurations after which a search is given up.
const LOOKS_MAX: usize = 50_000_000;

/// Looks for an order.
///
/// # Errors
///
/// The operations beyond which no order goes.
pub fn check(history: &History) -> Result<Found, String> {
    Search::new(history).run()
}

/// An answered operation.
#[derive(Debug, Clone, Copy)]
struct Answered {
    invoked: Micros,
    returned: Micros,
    what: What,
}

/// A seat in the order under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    at: SeatRef,
    /// The earliest end by itself.
    lives_until: Micros,
}

/// A choice at one configuration, and what it changed once it was made.
#[derive(Debug, Clone, Copy)]
enum Choice {
    /// An answered operation comes next.
    Op(usize),
    /// A seat ends by itself.
    End(SeatId),
    /// An open sign-on takes a seat.
    Take(usize),
    /// The seat of an open sign-on ends.
    EndUnknown(usize),
    /// The first in the line who has no offer is made one.
    Offer(PlaceId),
    /// A place ends by itself.
    Lapse(PlaceId),
}

/// What a choice changed, so that it can be taken back.
#[derive(Debug, Clone, Copy)]
struct Step {
    choice: Choice,
    /// The seat that it was about, before it.
    before: Option<Held>,
    /// The place that it was about, before it, and where it was in the line.
    place: Option<(usize, Place)>,
    /// The newest epoch, before it.
    newest: u64,
    /// The first operation that was not in, before it.
    first: usize,
}

/// A configuration on the way, and how it was reached.
#[derive(Debug, Default)]
struct Frame {
    choices: Vec<Choice>,
    steps: Vec<Step>,
}

/// Answers that are not in the order yet and speak of a seat.
#[derive(Debug, Clone, Copy, Default)]
struct Spoken {
    /// All of them.
    all: usize,
    /// Those that need it to live.
    alive: usize,
}

struct Search {
    seats: usize,
    /// By the time when they were asked.
    ops: Vec<Answered>,
    /// Open sign-ons: when asked, and the earliest end of what comes of them.
    open: Vec<(Micros, Micros)>,
    /// Since when each seat may be released.
    released_from: BTreeMap<SeatId, Micros>,

    /// Which operations are in.
    done: Vec<bool>,
    done_count: usize,
    /// All before this one are in.
    first: usize,
    /// The returns of those that are not in.
    returns: BTreeSet<(Micros, usize)>,
    /// The grants that are not in, by epoch.
    grants: BTreeSet<(u64, usize)>,
    spoken: BTreeMap<SeatId, Spoken>,
    held: BTreeMap<SeatId, Held>,
    ended: BTreeSet<SeatId>,
    /// Open sign-ons whose seat is taken, and those whose seat has ended.
    taken: Vec<bool>,
    taken_ended: Vec<bool>,
    in_use: usize,
    line: Line,
    newest: u64,
    /// Names the configuration: the sum without carry of a number for each thing that is so.
    print: u64,
    seen: HashSet<u64>,
    furthest: (usize, String),
}

impl Search {
    fn new(history: &History) -> Self {
        let mut ops = Vec::new();
        let mut open = Vec::new();
        let mut released_from: BTreeMap<SeatId, Micros> = BTreeMap::new();
        for op in &history.ops {
            match (op.what, op.returned) {
                (What::MayBeGranted { lives_until }, _) => open.push((op.invoked, lives_until)),
                (What::MayBeReleased { seat }, _) => {
                    let from = released_from.entry(seat.id).or_insert(op.invoked);
                    *from = (*from).min(op.invoked);
                }
                (what, Some(returned)) => {
                    ops.push(Answered { invoked: op.invoked, returned, what });
                }
                (_, None) => {}
            }
        }
        ops.sort_by_key(|op| op.invoked);
        let mut search = Self {
            seats: history.seats as usize,
            done: vec![false; ops.len()],
            done_count: 0,
            first: 0,
            returns: ops.iter().enumerate().map(|(number, op)| (op.returned, number)).collect(),
            grants: BTreeSet::new(),
            spoken: BTreeMap::new(),
            held: BTreeMap::new(),
            ended: BTreeSet::new(),
            taken: vec![false; open.len()],
            taken_ended: vec![false; open.len()],
            in_use: 0,
            line: Line::default(),
            newest: 0,
            print: 0,
            seen: HashSet::new(),
            furthest: (0, String::new()),
            ops,
            open,
            released_from,
        };
        for number in 0..search.ops.len() {
            search.announce(number, true);
        }
        search
    }

    fn run(mut self) -> Result<Found, String> {
        let mut way = vec![Frame::default()];
        let mut entered = self.enter(None);
        loop {
            if self.done_count == self.ops.len() {
                return Ok(Found { ops: self.ops.len(), looked_at: self.seen.len() });
            }
            if self.seen.len() > LOOKS_MAX {
                return Err(format!(
                    "no order in {LOOKS_MAX} looks; furthest: {}",
                    self.furthest.1
                ));
            }
            way.push(entered);
            let choice = loop {
                let Some(frame) = way.last_mut() else {
                    let (done, at) = self.furthest;
                    let all = self.ops.len();
                    return Err(format!("after {done} of {all} operations nothing fits: {at}"));
                };
                if let Some(choice) = frame.choices.pop() {
                    break choice;
                }
                let steps = std::mem::take(&mut frame.steps);
                way.pop();
                steps.into_iter().rev().for_each(|step| self.take_back(step));
            };
            entered = self.enter(Some(choice));
        }
    }

    /// Makes a choice, then puts in every operation that fits and changes nothing: to do that as
    /// early as possible excludes nothing.
    fn enter(&mut self, choice: Option<Choice>) -> Frame {
        let mut steps: Vec<Step> = choice.into_iter().map(|choice| self.make(choice)).collect();
        loop {
            let read = self.candidates().find(|number| self.only_reads(*number));
            let Some(number) = read else {
                break;
            };
            steps.push(self.make(Choice::Op(number)));
        }
        if self.done_count >= self.furthest.0 {
            let next = self.returns.first().map(|(_, number)| self.ops[*number]);
            let (in_use, seats) = (self.in_use, self.seats);
            let line = &self.line;
            let with = format!("with {in_use} of {seats} in use, {line}");
            self.furthest = (self.done_count, format!("{next:?} {with}"));
        }
        let choices = if self.seen.insert(self.print) { self.choices() } else { Vec::new() };
        Frame { choices, steps }
    }

    /// The time before which every step must come: somebody has his answer then.
    fn limit(&self) -> Micros {
        self.returns.first().map_or(Micros::MAX, |(returned, _)| *returned)
    }

    /// Operations that may come next, as far as their times go.
    fn candidates(&self) -> impl Iterator<Item = usize> {
        let limit = self.limit();
        let asked = (self.first..self.ops.len()).take_while(move |n| self.ops[*n].invoked <= limit);
        asked.filter(|number| !self.done[*number])
    }

    fn only_reads(&self, number: usize) -> bool {
        let is_read = match self.ops[number].what {
            What::Granted { .. }
            | What::Waits { .. }
            | What::Seated { .. }
            | What::Declined { .. } => false,
            What::SignedOff { seat } => self.ended.contains(&seat.id),
            What::Left { place } => self.line.is_over(place),
            What::Renewed { .. }
            | What::Gone { .. }
            | What::Full { .. }
            | What::OthersWait { .. }
            | What::Passed
            | What::CheckedFull { .. }
            | What::CheckedOthersWait { .. }
            | What::InLine { .. }
            | What::Offered { .. }
            | What::Lapsed { .. }
            | What::MayBeGranted { .. }
            | What::MayBeReleased { .. } => true,
        };
        is_read && self.fits(number)
    }

    /// Whether no seat is free: all are in use or set aside.
    fn full(&self) -> bool {
        self.in_use + self.line.offered() >= self.seats
    }

    /// Whether a seat is free that a newcomer may have.
    fn open_to_newcomers(&self) -> bool {
        !self.full() && self.line.first_without_offer().is_none()
    }

    /// Whether the semaphore would give this answer now.
    fn fits(&self, number: usize) -> bool {
        let held = |seat: SeatRef| self.held.get(&seat.id).map(|held| held.at.epoch);
        let says = |in_use: Option<u32>| in_use.is_none_or(|told| told as usize == self.in_use);
        // For a time after a start the pool lets nobody pass who has an offer either.
        let others_wait = !self.full() && !self.line.is_empty();
        let is_next = |seat: SeatRef| {
            let next = self.grants.first().is_some_and(|(_, first)| *first == number);
            next && seat.epoch.seq.0 > self.newest
        };
        let is_new = |seat: SeatRef| held(seat).is_none() && !self.ended.contains(&seat.id);
        match self.ops[number].what {
            What::Granted { seat, .. } => {
                let room = held(seat).is_some() || (self.open_to_newcomers() && is_new(seat));
                is_next(seat) && room
            }
            What::Seated { place, seat, .. } => {
                is_next(seat) && is_new(seat) && self.line.has_offer(place)
            }
            What::Waits { place, .. } => (self.full() || others_wait) && self.line.is_new(place),
            What::Full { in_use } => self.full() && says(in_use),
            What::CheckedFull { in_use } => self.full() && says(Some(in_use)),
            What::OthersWait { in_use } => others_wait && says(in_use),
            What::CheckedOthersWait { in_use } => others_wait && says(Some(in_use)),
            What::Passed => self.open_to_newcomers(),
            What::Renewed { seat, .. } => held(seat) == Some(seat.epoch),
            What::Gone { seat } => held(seat) != Some(seat.epoch),
            What::SignedOff { seat } => match held(seat) {
                Some(epoch) => epoch == seat.epoch && self.spoken[&seat.id].alive == 0,
                None => true,
            },
            What::InLine { place, rank, .. } => self.line.waits_at(place, rank),
            What::Offered { place, .. } | What::Declined { place } => self.line.has_offer(place),
            What::Left { place } => !self.line.is_new(place),
            What::Lapsed { place } => self.line.is_over(place),
            What::MayBeGranted { .. } | What::MayBeReleased { .. } => false,
        }
    }

    /// The choices at this configuration, the most promising last.
    fn choices(&self) -> Vec<Choice> {
        let limit = self.limit();
        let mut choices = Vec::new();
        if self.open_to_newcomers() {
            let open = self.open.iter().enumerate();
            let open = open.filter(|(n, (asked, _))| !self.taken[*n] && *asked <= limit);
            let first = open.min_by_key(|(_, (_, until))| *until);
            choices.extend(first.map(|(number, _)| Choice::Take(number)));
        }
        choices.extend(self.ends(limit));
        choices.extend(self.line.lapse_by(limit).map(Choice::Lapse));
        let mut ops: Vec<usize> = self.candidates().filter(|number| self.fits(*number)).collect();
        ops.sort_by_key(|number| {
            let grant = self.ops[*number].what.granted().is_some();
            (grant, Reverse(self.ops[*number].returned))
        });
        choices.extend(ops.into_iter().map(Choice::Op));
        // The pool makes it at once.
        let next = self.line.first_without_offer().filter(|_| !self.full());
        choices.extend(next.map(Choice::Offer));
        choices
    }

    /// Seats that may end by themselves now.
    fn ends(&self, limit: Micros) -> Vec<Choice> {
        let mut alike: Option<(Micros, Choice)> = None;
        let mut spoken_of = Vec::new();
        let mut one_of_many = |until: Micros, choice: Choice| {
            if until <= limit && alike.is_none_or(|(first, _)| until < first) {
                alike = Some((until, choice));
            }
        };
        for (id, held) in &self.held {
            let released = self.released_from.get(id).copied().unwrap_or(Micros::MAX);
            let until = held.lives_until.min(released);
            let spoken = self.spoken.get(id).copied().unwrap_or_default();
            if spoken.all == 0 {
                one_of_many(until, Choice::End(*id));
            } else if spoken.alive == 0 && until <= limit {
                spoken_of.push(Choice::End(*id));
            }
        }
        for (number, (_, until)) in self.open.iter().enumerate() {
            if self.taken[number] && !self.taken_ended[number] {
                one_of_many(*until, Choice::EndUnknown(number));
            }
        }
        alike.map(|(_, choice)| choice).into_iter().chain(spoken_of).collect()
    }
}

#[cfg(test)]
#[path = "linear_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "linear_line_tests.rs"]
mod line_tests;
