//! Requests in a snapshot: one list of all, whatever became of them.

use std::collections::BTreeMap;

use hotseat_rules::{Asked, Became, Ending, RefusedRequest, Request, RequestKey};

use super::{StoredBecame, StoredRequest};

impl From<&Became> for StoredBecame {
    fn from(became: &Became) -> Self {
        match became {
            Became::Waiting(place) => Self::Waiting(*place),
            Became::Granted(seat) => Self::Granted(*seat),
            Became::Ended(Ending::Seat { seat, release, at }) => {
                Self::SeatEnded { seat: *seat, release: release.into(), at: *at }
            }
            Became::Ended(Ending::Place { place, end }) => {
                Self::PlaceEnded { place: *place, end: *end }
            }
            Became::Ended(Ending::Cancelled) => Self::Cancelled,
        }
    }
}

impl StoredRequest {
    pub(super) fn of(key: RequestKey, request: &Request) -> Self {
        Self {
            key: key.into(),
            asked: request.asked.as_ref().map(Into::into),
            became: (&request.became).into(),
            changed: request.changed,
        }
    }

    pub(super) fn refused(key: RequestKey, request: &RefusedRequest) -> Self {
        Self {
            key: key.into(),
            asked: Some((&request.asked(key)).into()),
            became: StoredBecame::Refused(request.code.into()),
            changed: request.changed,
        }
    }
}

pub(super) type Requests = (BTreeMap<RequestKey, Request>, BTreeMap<RequestKey, RefusedRequest>);

/// Requests as the rules keep them: those that were refused apart from the others. Of a refused
/// one without what it asked, which was never written, nothing could be said.
pub(super) fn read_requests(stored: Vec<StoredRequest>) -> Requests {
    let (mut requests, mut refused) = Requests::default();
    for StoredRequest { key, asked, became, changed } in stored {
        let (key, asked) = (RequestKey::from(key), asked.map(Asked::from));
        let became = match became {
            StoredBecame::Refused(code) => {
                if let Some(asked) = asked {
                    let Asked { request: _, body, pool, user, client, operation } = asked;
                    let code = code.into();
                    let request =
                        RefusedRequest { body, pool, user, client, operation, code, changed };
                    refused.insert(key, request);
                }
                continue;
            }
            StoredBecame::Waiting(place) => Became::Waiting(place),
            StoredBecame::Granted(seat) => Became::Granted(seat),
            StoredBecame::SeatEnded { seat, release, at } => {
                Became::Ended(Ending::Seat { seat, release: release.into(), at })
            }
            StoredBecame::PlaceEnded { place, end } => Became::Ended(Ending::Place { place, end }),
            StoredBecame::Cancelled => Became::Ended(Ending::Cancelled),
        };
        requests.insert(key, Request { asked, became, changed });
    }
    (requests, refused)
}
