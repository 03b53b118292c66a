//! Who may use what is there: one judgement for seats, places and offers, made whenever one of them
//! is used. Requests are looked up under their caller's name, so nobody finds another's.

use hotseat_protocol::ids::{ClientName, OfferId, PlaceId, PoolId, SeatId, UserId};
use hotseat_rules::{Keeper, Refusal, RequestKey, State};

use super::app::App;
use super::auth::Authenticated;
use super::error::ApiError;
use crate::directory::Principal;

/// What somebody wants to use, by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Used {
    /// A seat, also for a day after its end.
    Seat(SeatId),
    /// A place in a line.
    Place(PlaceId),
    /// An offer, also for a day after its end.
    Offer(OfferId),
}

/// Whose it is.
struct Owned {
    pool: PoolId,
    user: UserId,
    client: ClientName,
    keeper: Keeper,
}

impl Used {
    /// Whose it is; none when it is not known, or forgotten after a day. Then the rules have
    /// nothing to tell of it either.
    fn owned(self, state: &State) -> Option<Owned> {
        match self {
            Self::Seat(id) => of_request(state, state.granted_to(id)?),
            Self::Offer(id) => of_request(state, state.contents().offers.get(&id)?),
            Self::Place(id) => of_request(state, &state.place(id)?.asked.request),
        }
    }
}

/// Everything is asked for by a request, whose caller keeps it.
fn of_request(state: &State, key: &RequestKey) -> Option<Owned> {
    let asked = state.request(key)?.asked.clone()?;
    let keeper = key.caller.keeper();
    Some(Owned { pool: asked.pool, user: asked.user, client: asked.client, keeper })
}

impl Authenticated {
    /// Whether this caller may use something: its user at any keeper, a service what calls keep in
    /// its pools and by its clients if it may act for users, an administrator everything.
    ///
    /// # Errors
    ///
    /// When it may not.
    pub(crate) fn expect_use(&self, state: &State, used: Used) -> Result<(), ApiError> {
        let owned = used.owned(state);
        match &self.principal {
            Principal::Admin => Ok(()),
            Principal::User(user) => match owned {
                Some(owned) if owned.user != *user => Err(Refusal::NotYours.into()),
                Some(_) | None => Ok(()),
            },
            Principal::Service(service) => {
                service.expect_acting_for()?;
                match owned {
                    Some(owned) if owned.keeper != Keeper::Calls => Err(Refusal::NotYours.into()),
                    Some(owned) => service.expect_scope(&owned.pool, &owned.client),
                    None => Ok(()),
                }
            }
        }
    }
}

impl App {
    /// Fails when this caller may not use something.
    pub(crate) async fn expect_use(
        &self,
        caller: &Authenticated,
        used: Used,
    ) -> Result<(), ApiError> {
        let caller = caller.clone();
        self.read(move |view| caller.expect_use(view.state, used)).await?
    }
}
