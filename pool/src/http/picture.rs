//! A pool as somebody may see it.

use hotseat_protocol::ids::{PoolId, UserId};
use hotseat_protocol::view::{HOLDERS_MAX, HolderView, LINE_MAX, PoolView, Privacy, WaiterView};

use super::words::idle_s;
use crate::directory::Names;
use crate::engine::View;
use crate::feed::{self, pool_view};
use crate::rules::{self, Seat};

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Eyes {
    /// An administrator sees names and the ids of seats, whatever the pool's privacy setting says.
    Admin,
    /// Somebody who is logged in, or a service.
    Caller,
}

/// A pool as it is now; none when there is none.
pub(crate) fn pool(view: View<'_>, names: &Names, id: &PoolId, eyes: Eyes) -> Option<PoolView> {
    let seen = pool_view(view, names, id)?;
    if eyes == Eyes::Caller {
        return Some(seen);
    }
    let pool = view.state.pool(id)?;
    let mut seats: Vec<&Seat> = pool.seats.values().collect();
    seats.sort_unstable_by_key(|seat| (seat.since, seat.id));
    let more_holders = seats.len().saturating_sub(HOLDERS_MAX);
    let holders = seats.into_iter().take(HOLDERS_MAX).map(|seat| holder(view, seat, names));
    let line = pool.line.values().take(LINE_MAX).map(|place| WaiterView {
        user: feed::Names::user(names, place.asked.user),
        since: place.since,
        offered: place.offer.is_some(),
        request: None,
        mine: false,
    });
    Some(PoolView {
        holders: holders.collect(),
        more_holders: u32::try_from(more_holders).unwrap_or(u32::MAX),
        line: line.collect(),
        ..seen
    })
}

/// A holder as an administrator sees them.
pub(crate) fn holder(view: View<'_>, seat: &Seat, names: &Names) -> HolderView {
    HolderView {
        user: feed::Names::user(names, seat.asked.user),
        client: seat.asked.client.clone(),
        since: seat.since,
        idle_s: idle_s(view.presence.idle(seat.id, view.now)),
        leaving: seat.leaving.is_some(),
        counted: seat.counted,
        seat: Some(seat.id),
        mine: false,
    }
}

/// What is shown of a name.
pub(crate) fn shown_name(user: UserId, privacy: rules::Privacy, names: &Names) -> Option<String> {
    match privacy {
        rules::Privacy::Names => Some(names.user(user)),
        rules::Privacy::Counts => None,
    }
}

pub(crate) fn privacy(privacy: rules::Privacy) -> Privacy {
    match privacy {
        rules::Privacy::Names => Privacy::Names,
        rules::Privacy::Counts => Privacy::Counts,
    }
}
