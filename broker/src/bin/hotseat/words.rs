//! Sentences about views, for people.

use hotseat_protocol::ids::WallTime;
use hotseat_protocol::ipc::{LinkState, PoolState};
use hotseat_protocol::view::HolderView;

/// A wall-clock time of today as people read it, in their own time zone.
pub(crate) fn clock(time: WallTime) -> String {
    match jiff::Timestamp::from_millisecond(time.unix_ms) {
        Ok(time) => {
            time.to_zoned_datetime(jiff::tz::TimeZone::system()).strftime("%H:%M:%S").to_string()
        }
        Err(_) => time.to_string(),
    }
}

/// How long somebody has been idle.
pub(crate) fn idle(idle_s: Option<u64>) -> String {
    match idle_s {
        None => "not known".to_owned(),
        Some(0..60) => "active".to_owned(),
        Some(seconds) => format!("idle {} min", seconds / 60),
    }
}

/// One holder or the reader himself.
pub(crate) fn holder(holder: &HolderView) -> String {
    let name = match (&holder.user, holder.mine) {
        (Some(name), true) => format!("{name} (you)"),
        (Some(name), false) => name.clone(),
        (None, true) => "you".to_owned(),
        (None, false) => "a colleague".to_owned(),
    };
    let leaving = if holder.leaving { ", leaving" } else { "" };
    let named = if holder.counted { "" } else { ", own licence" };
    format!(
        "{name} · {} · since {} · {}{named}{leaving}",
        holder.client,
        clock(holder.since),
        idle(holder.idle_s)
    )
}

/// What the reader has in one pool, in one line.
pub(crate) fn pool(state: &PoolState, boot_ms: u64) -> String {
    let pool = &state.pool;
    let in_use = format!("{} of {} in use", pool.in_use, pool.seats);
    let mine = if state.seats.iter().any(|seat| seat.held_at(boot_ms)) {
        "you hold a seat".to_owned()
    } else if let Some(seat) = state.seats.first() {
        if seat.confirmed && seat.leaving.is_none() {
            format!("no contact, your seat was safe until {}", clock(seat.deadline_at))
        } else {
            "checking your seat".to_owned()
        }
    } else if let Some(place) = &state.place {
        match &place.offer {
            Some(offer) => format!("your turn, until {}", clock(offer.ends_at)),
            None => format!("place {} in line", place.rank),
        }
    } else if let Some(lost) = &state.lost {
        format!("seat lost at {} ({})", clock(lost.end.at), lost.end.reason)
    } else {
        "no seat".to_owned()
    };
    format!("{}: {mine}, {in_use}", pool.name)
}

/// The link, when it is not simply up.
pub(crate) fn link(link: &LinkState) -> Option<String> {
    match link {
        LinkState::Up => None,
        LinkState::NotEnrolled => Some("This computer is not enrolled yet.".to_owned()),
        LinkState::Down { since: Some(since), .. } => {
            Some(format!("The pool does not answer; this is as of {}.", clock(*since)))
        }
        LinkState::Down { since: None, .. } => Some("The pool does not answer.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_called_idle_when_nothing_is_known() {
        assert_eq!(idle(None), "not known");
        assert_eq!(idle(Some(59)), "active");
        assert_eq!(idle(Some(25 * 60 + 59)), "idle 25 min");
    }
}
