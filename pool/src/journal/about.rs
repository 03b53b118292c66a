//! Whom an event is about.

use hotseat_protocol::ids::{PlaceId, SeatId, UserId};
use hotseat_rules::{Caller, Event, State};

/// The person whom an event is about, in the state before it; none: nobody, or it is not known any
/// more.
pub(crate) fn person_in(state: &State, event: &Event) -> Option<UserId> {
    person(event).or_else(|| match belonging(event)? {
        Belonging::Seat(seat) => Some(state.seat(seat)?.asked.user),
        Belonging::Place(place) => Some(state.place(place)?.asked.user),
    })
}

/// The person whom an event is about, when it says so itself.
pub(crate) fn person(event: &Event) -> Option<UserId> {
    match event {
        Event::UserAdded { user, .. }
        | Event::UserChanged { user, .. }
        | Event::UserRemoved { user }
        | Event::ChecksRefused { user, .. }
        | Event::Overdraft { user, .. } => Some(*user),
        Event::SignOnRefused { asked, .. }
        | Event::SeatGranted { asked, .. }
        | Event::PlaceTaken { asked, .. }
        | Event::PlaceMoved { asked, .. } => Some(asked.user),
        Event::RequestCancelled { request } => match request.caller {
            Caller::User(user) => Some(user),
            Caller::Machine(_) | Caller::Service(_) | Caller::Admin => None,
        },
        // A seat's and a place's belong to whom the record that brought them names.
        Event::SeatReacquired { .. }
        | Event::SeatWarned { .. }
        | Event::SeatLeaving { .. }
        | Event::SeatReleased { .. }
        | Event::PlaceEnded { .. }
        | Event::Offered { .. }
        | Event::OfferWithdrawn { .. }
        | Event::WarningAnswered { .. }
        | Event::IdleSpell { .. } => None,
        Event::Initialised { .. }
        | Event::PoolDefined { .. }
        | Event::PoolRemoved { .. }
        | Event::MachineAdded { .. }
        | Event::MachineRevoked { .. }
        | Event::RequestsAged
        | Event::RecoveryEnded
        | Event::FoundBehind { .. }
        | Event::GenerationBegan { .. }
        | Event::RecordSetAside { .. }
        | Event::Quarantined { .. }
        | Event::MachineConfirmed { .. } => None,
    }
}

/// What an event is about, where the record that brought it says whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Belonging {
    /// A seat.
    Seat(SeatId),
    /// A place.
    Place(PlaceId),
}

/// The seat or the place of an event that does not name its person.
pub(crate) fn belonging(event: &Event) -> Option<Belonging> {
    if let Event::SeatReacquired { seat, .. }
    | Event::SeatLeaving { seat, .. }
    | Event::SeatReleased { seat, .. }
    | Event::SeatWarned { seat }
    | Event::WarningAnswered { seat, .. }
    | Event::IdleSpell { seat, .. } = event
    {
        return Some(Belonging::Seat(*seat));
    }
    if let Event::PlaceEnded { place, .. }
    | Event::Offered { place, .. }
    | Event::OfferWithdrawn { place, .. } = event
    {
        return Some(Belonging::Place(*place));
    }
    None
}
