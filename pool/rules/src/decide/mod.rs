//! Decides what follows from a command. All rules are here; [`apply`](super::apply()) has none.

use alloc::vec::Vec;

mod admin;
mod check;
mod idle;
mod line;
mod recovery;
mod seats;
mod sign_on;
mod timers;

use hotseat_protocol::ids::UserId;
use hotseat_protocol::reason::{PlaceEnd, ReleaseReason};

use super::command::{Caller, Command, Keeper};
use super::event::{Event, Release};
use super::mono::Mono;
use super::presence::Presence;
use super::refusal::Refusal;
use super::salvage;
use super::state::{Place, Seat, State};

/// Decides what follows from a command; nothing may follow.
///
/// A refused sign-on is an event, because the journal keeps it; so is a refused check, at most
/// once a minute. [`answer`](super::answer()) says what the caller hears.
///
/// # Errors
///
/// When the command has no effect and the journal does not hear of it.
pub fn decide(
    state: &State,
    presence: &Presence,
    command: &Command,
    now: Mono,
) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Initialise { generation } => admin::initialise(state, *generation),
        Command::BeginGeneration { generation, why, wait, lost } => {
            recovery::begin_generation(state, *generation, *why, *wait, lost)
        }
        Command::Quarantine { record, others, doubts } => {
            Ok(salvage::quarantine(state, *record, *others, doubts))
        }
        Command::ConfirmMachine { machine } => salvage::confirm_machine(state, *machine),
        Command::NoteSeen { machine, seen } => Ok(recovery::note_seen(state, *machine, *seen)),
        Command::DefinePool { definition } => admin::define_pool(state, definition),
        Command::RemovePool { pool } => admin::remove_pool(state, pool),
        Command::AddUser { user, kind } => admin::add_user(state, *user, *kind),
        Command::SetUser { user, kind, enabled } => admin::set_user(state, *user, *kind, *enabled),
        Command::RemoveUser { user } => admin::remove_user(state, *user),
        Command::AddMachine { machine } => admin::add_machine(state, *machine),
        Command::RevokeMachine { machine } => admin::revoke_machine(state, *machine),
        Command::SignOn(command) => sign_on::sign_on(state, presence, command, now),
        Command::Check(command) => check::check(state, presence, command, now),
        Command::AskRequest { request, fresh_seat } => {
            line::ask_request(state, request, *fresh_seat)
        }
        Command::SignOff { by, seat, reason } => seats::sign_off(state, *by, *seat, *reason),
        Command::ConfirmLeaving { machine, seat } => seats::confirm_leaving(state, *machine, *seat),
        Command::Cancel { request, reason } => seats::cancel(state, request, *reason),
        Command::LeaveLine { by, place } => line::leave(state, *by, *place),
        Command::AcceptOffer { by, offer, request, fresh_seat } => {
            line::accept(state, *by, (*offer, request.as_ref()), *fresh_seat)
        }
        Command::DeclineOffer { by, offer, request } => {
            line::decline(state, *by, *offer, request.as_ref())
        }
        Command::Reclaim { by, seat, why } => seats::reclaim(state, *by, *seat, why.as_deref()),
        Command::NoteWarning { machine, seat } => idle::warning(state, *machine, *seat),
        Command::AnswerWarning { by, seat, answer } => idle::answer(state, *by, *seat, *answer),
        &Command::NoteOverdraft { machine, seat, ref pool, user, from, to, at_least } => {
            let pool = pool.clone();
            let event = Event::Overdraft { machine, seat, pool, user, from, to, at_least };
            idle::overdraft(state, presence, event, now)
        }
        Command::NoteIdleSpell { machine, seat, from, to } => {
            idle::spell(state, *machine, *seat, *from, *to)
        }
        Command::ExpireSeat { seat } => Ok(timers::expire_seat(state, presence, *seat, now)),
        Command::TimeOutSession { seat } => {
            Ok(timers::time_out_session(state, presence, *seat, now))
        }
        Command::LapsePlace { place } => Ok(timers::lapse_place(state, presence, *place, now)),
        Command::LapseOffer { offer } => Ok(timers::lapse_offer(state, presence, *offer, now)),
        Command::OfferNext { pool, fresh_offer } => {
            line::offer_next(state, presence, pool, *fresh_offer, now)
        }
        Command::TallyChecks { pool, user, client } => {
            Ok(check::tally(presence, &(pool.clone(), *user, client.clone()), now))
        }
        Command::AgeRequests => Ok(timers::age_requests(state, presence, now)),
        Command::EndRecovery => Ok(recovery::end_recovery(state, presence, now)),
    }
}

/// Whether a caller may act for what this keeper keeps for this user.
pub(super) fn may_act(by: Caller, keeper: Keeper, user: UserId) -> bool {
    match by {
        Caller::Machine(machine) => keeper == Keeper::Machine(machine),
        Caller::Service(_) => keeper == Keeper::Calls,
        Caller::User(by) => by == user,
        Caller::Admin => true,
    }
}

/// Takes a seat back. One that a machine keeps first leaves, and counts until its machine has
/// confirmed or its lease has ended; of one kept by calls there is nobody to ask.
pub(super) fn take_back(seat: &Seat, release: Release) -> Option<Event> {
    if seat.leaving.is_some() {
        return None;
    }
    Some(match seat.keeper {
        Keeper::Machine(_) => Event::SeatLeaving { seat: seat.id, release },
        Keeper::Calls => Event::SeatReleased { seat: seat.id, release },
    })
}

/// Releases a seat for good. One that is leaving ends for the reason for which it leaves.
fn release(seat: &Seat, otherwise: Release) -> Event {
    let leaving = seat.leaving.as_ref().map(|leaving| leaving.release.clone());
    let release = leaving.unwrap_or(otherwise);
    Event::SeatReleased { seat: seat.id, release }
}

fn take_back_all<'a>(
    seats: impl Iterator<Item = &'a Seat>,
    reason: ReleaseReason,
) -> impl Iterator<Item = Event> {
    seats.filter_map(move |seat| take_back(seat, Release::rule(reason)))
}

pub(super) fn end_place(place: &Place, end: PlaceEnd) -> Event {
    Event::PlaceEnded { place: place.id, end, offer: place.offer_id() }
}
