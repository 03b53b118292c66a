//! The pool's side of links: who is at the door, what they hear, what of the journal they see.

use std::collections::BTreeSet;

use hotseat_pool::engine::{Committed, Failure, Reply, Touch};
use hotseat_pool::links::sealing::Sealing;
use hotseat_protocol::ids::{MachineId, OfferId};
use hotseat_protocol::link::{FromPool, PoolAnswer, Projected};
use hotseat_rules::{Answer, Keeper, Mono, Pick, Place, Refusal, State, UserKind};

use super::pool::{Books, Pool, Said, Wants};
use super::users;
use super::words;

/// One link that is up.
#[derive(Debug)]
pub(super) struct Door {
    /// Whose.
    pub(super) machine: MachineId,
    /// Its number in the registry.
    number: u64,
    /// When it is told a place in the journal.
    sealing: Sealing,
    /// The newest push.
    push: u64,
    /// The newest message that was read.
    pub(super) n: u64,
    /// When the look-ups of all that was read are done, in ms of true time.
    pub(super) ready_at: u64,
}

impl Pool {
    /// The machines whose links are up.
    #[must_use]
    pub(super) fn connected_machines(&self) -> BTreeSet<MachineId> {
        self.doors.values().map(|door| door.machine).collect()
    }

    /// A machine's link counts: a newer one closes the older, unread frames included.
    pub(super) fn open(
        &mut self,
        link: u64,
        machine: MachineId,
        number: u64,
        now: Mono,
    ) -> Vec<Said> {
        let older: Vec<u64> = self.links_of(machine).collect();
        for old in older {
            self.close(old);
        }
        let sealing = Sealing::begun(now);
        self.doors.insert(link, Door { machine, number, sealing, push: 0, n: 0, ready_at: 0 });
        self.connected(machine, true);
        self.snapshot(link)
    }

    /// All that a machine may see, as the next push of its link.
    pub(super) fn snapshot(&mut self, link: u64) -> Vec<Said> {
        let position = self.position();
        let Some(machine) = self.doors.get(&link).map(|door| door.machine) else {
            return Vec::new();
        };
        let items = self.projection(machine);
        self.push(link, |push| FromPool::Snapshot { push, position, page: 1, pages: 1, items })
    }

    /// The next push of a link, and the seal that follows it.
    fn push(&mut self, link: u64, frame: impl FnOnce(u64) -> FromPool) -> Vec<Said> {
        let Some(door) = self.doors.get_mut(&link) else {
            return Vec::new();
        };
        door.push += 1;
        let frame = frame(door.push);
        let sealed = door.sealing.after(&frame, self.turn.now, &self.key);
        std::iter::once(frame).chain(sealed).map(|frame| Said::Frame(link, frame)).collect()
    }

    pub(super) fn links_of(&self, machine: MachineId) -> impl Iterator<Item = u64> {
        let doors = self.doors.iter().filter(move |(_, door)| door.machine == machine);
        doors.map(|(link, _)| *link)
    }

    /// A link is known to be gone.
    pub(super) fn close(&mut self, link: u64) {
        self.guests.remove(&link);
        if let Some(door) = self.doors.remove(&link) {
            self.registry.down(door.machine, door.number);
            self.connected(door.machine, false);
        }
    }

    /// An answer over a link, if that is still up.
    pub(super) fn reply_to_link(
        &mut self,
        (link, n): (u64, u64),
        wants: &Wants,
        reply: Reply,
        said: &mut Vec<Said>,
    ) {
        if !self.doors.contains_key(&link) {
            return;
        }
        let answer = match (wants, reply) {
            (_, Reply::Failed(Failure::TooMuch { .. })) => words::too_many(),
            (_, Reply::Failed(_) | Reply::CallsRenewed(_)) => words::unavailable(),
            (Wants::Renewed(_), Reply::Renewed(answer)) => {
                PoolAnswer::Renewed(words::renewed(answer))
            }
            // Of an offer that is over it matters what became of the request.
            (
                Wants::Outcome(key),
                Reply::Answered(Ok(Answer::Done) | Err(Refusal::OfferOver(_))),
            ) => words::became(self.view().outcome(key)),
            (Wants::Outcome(_) | Wants::Check(..), Reply::Answered(Ok(answer))) => {
                words::answer(answer, true)
            }
            (Wants::Outcome(_) | Wants::Check(..), Reply::Answered(Err(refusal))) => {
                words::refusal(&refusal)
            }
            // What a machine says is so: where the rules change nothing, it is so already.
            (Wants::Done, Reply::Noted(refusals)) => {
                let told = refusals.iter().find(|refusal| refusal.is_told_to_machines());
                told.map_or(PoolAnswer::Done, words::refusal)
            }
            _ => PoolAnswer::Done,
        };
        said.push(Said::Frame(link, FromPool::Answer { n, answer }));
    }

    /// A holder is to be warned; the link notes that.
    pub(super) fn wanted(&mut self, pick: &Pick, said: &mut Vec<Said>) {
        let link = self.links_of(pick.machine).next();
        if let Some(link) = link {
            let (machine, seat) = (pick.machine, pick.seat);
            said.push(Said::Frame(link, FromPool::WarnIdle { seat, waiter: None }));
            self.command(hotseat_rules::Command::NoteWarning { machine, seat });
        }
    }

    /// What was committed: the books hear of it, and every link.
    pub(super) fn tell(
        &mut self,
        committed: &[Committed],
        books: &mut Books<'_>,
        said: &mut Vec<Said>,
    ) {
        let mut facts: Vec<(MachineId, Projected)> = Vec::new();
        self.invariant_passes_were_justified(books, true);
        books.audit.held.will_tell(&self.shadow, committed, books.reckoning.decided_at());
        for Committed { record, touches } in committed {
            let free = self.shadow.free(&users::pool());
            books.audit.will_apply(&self.shadow, &record.event, &self.decided_with);
            hotseat_rules::apply(&mut self.shadow, &record.event, record.at());
            books.audit.applied(&record.event, &self.shadow);
            let (held, after) = (&mut books.audit.held, &self.shadow);
            held.invariant_what_is_set_aside_is_left(free, &record.event, after);
            books.reckoning.committed(&self.shadow, &record.event);
            self.invariant_passes_were_justified(books, true);
            facts.extend(touches.iter().filter_map(|touch| fact(touch, &self.shadow)));
        }
        self.invariant_committed_is_durable(books);
        let position = self.position();
        let links: Vec<(u64, MachineId)> =
            self.doors.iter().map(|(link, door)| (*link, door.machine)).collect();
        for (link, machine) in links {
            let own = facts.iter().filter(|(of, _)| *of == machine);
            let mut items: Vec<Projected> = own.map(|(_, fact)| fact.clone()).collect();
            items.extend(self.view_items(machine));
            said.extend(self.push(link, |push| {
                let previous = push - 1;
                FromPool::Changed { push, previous, position, items }
            }));
        }
    }

    /// Promise 1, of checks: one passes only where a seat was free at some moment of the batch
    /// that it was decided with. While more of its states follow, it may yet be justified.
    pub(super) fn invariant_passes_were_justified(&mut self, books: &mut Books<'_>, more: bool) {
        if self.passes.is_empty() {
            return;
        }
        let (pool, state) = (users::pool(), &self.shadow);
        let options = state.pool(&pool).map(|pool| pool.definition.options).unwrap_or_default();
        let free = state.free(&pool) > 0 && state.recovery().is_none();
        let named = |user| state.user(user).is_some_and(|user| user.kind == UserKind::Named);
        let holds = |user| options.holder_passes_check && state.user_seats(user).next().is_some();
        self.passes.retain(|user| !free && !named(*user) && !holds(*user));
        if !more {
            let wrong = std::mem::take(&mut self.passes);
            books.audit.must(wrong.is_empty(), || {
                format!("promise 1: a check of {wrong:?} passed, and no seat was free")
            });
        }
    }

    /// Promises 7 and 9: what is told as a fact is on the disk.
    fn invariant_committed_is_durable(&self, books: &mut Books<'_>) {
        books.ledger.catch_up();
        let (told, durable) = (self.shadow.seq(), books.ledger.seq());
        books.audit.must(told <= durable, || {
            format!("promise 9: record {told} is told, the disk has {durable}")
        });
    }

    fn projection(&self, machine: MachineId) -> Vec<Projected> {
        let seats = self.shadow.machine_seats(machine);
        let seats = seats.map(|seat| Projected::Seat { seat: words::machine_seat(seat) });
        seats.chain(self.view_items(machine)).collect()
    }

    /// Pools, and the machine's places.
    fn view_items(&self, machine: MachineId) -> Vec<Projected> {
        let view = self.view();
        let mut items = Vec::new();
        for pool in self.shadow.pools() {
            let in_use = self.shadow.counts(&pool.definition.id).in_use;
            let waiting = u32::try_from(pool.line.len()).expect("a short line");
            let pool = Box::new(words::pool_view(&pool.definition, in_use, waiting));
            items.push(Projected::Pool { pool });
        }
        let mine = |place: &&Place| place.keeper == Keeper::Machine(machine);
        for place in self.shadow.places().filter(mine) {
            let rank = self.shadow.position(place.id).unwrap_or(1);
            let offer = place.offer_id().unwrap_or(OfferId::from_random(0));
            let left = view.presence.offer_left(offer, view.now);
            let place = words::machine_place(place, rank, left);
            items.push(Projected::Place { place });
        }
        items
    }
}

/// What a machine is told of a fact at once.
fn fact(touch: &Touch, after: &State) -> Option<(MachineId, Projected)> {
    match touch {
        Touch::Seat { machine, seat } => {
            let seat = words::machine_seat(after.seat(*seat)?);
            Some((*machine, Projected::Seat { seat }))
        }
        Touch::SeatEnded { machine, seat, release } => {
            let (seat, end) = (*seat, words::seat_end(release));
            Some((*machine, Projected::SeatEnded { seat, end }))
        }
        Touch::PlaceEnded { machine, request, end } => {
            let (request, end) = (*request, *end);
            Some((*machine, Projected::PlaceEnded { request, end }))
        }
        Touch::Line(_) | Touch::Pool(_) | Touch::PoolRemoved(_) => None,
    }
}
