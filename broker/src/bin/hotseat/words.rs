//! Sentences about views, for people.

use hotseat_ipc::wall_clock;
use hotseat_protocol::ids::{PoolId, WallTime};
use hotseat_protocol::ipc::{LinkState, Lost, PoolState};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_protocol::quantity::IdleSeconds;
use hotseat_protocol::view::HolderView;

/// A wall-clock time as people read it, in their own time zone, with the day when it is not today.
pub(crate) fn clock(time: WallTime) -> String {
    clock_at(time, &now())
}

fn now() -> jiff::ZonedDateTime {
    let now = jiff::Timestamp::from_millisecond(wall_clock::now().unix_ms);
    now.unwrap_or_default().to_zoned_datetime(jiff::tz::TimeZone::system())
}

fn clock_at(time: WallTime, now: &jiff::ZonedDateTime) -> String {
    let Ok(time) = jiff::Timestamp::from_millisecond(time.unix_ms) else {
        return time.to_string();
    };
    let time = time.to_zoned_datetime(now.time_zone().clone());
    let form = if time.date() == now.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    time.strftime(form).to_string()
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
        idle(holder.idle_s.map(IdleSeconds::get))
    )
}

/// What the reader has in one pool, in one line. Over a link that is known to be down nobody signs
/// on, so nobody is told to.
pub(crate) fn pool(state: &PoolState, link: Option<&LinkState>, boot_ms: u64) -> String {
    let pool = &state.pool;
    let in_use = format!("{} of {} in use", pool.in_use, pool.seats);
    let mine = if state.seats.iter().any(|seat| seat.held_at(boot_ms)) {
        "you hold a seat".to_owned()
    } else if state.works_without_seat(boot_ms) {
        "you work on without a seat until the pool answers; it will be told".to_owned()
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
        let down = link.is_some_and(|link| *link != LinkState::Up);
        if down { format!("seat {}", lost_at(lost)) } else { lost_seat(state, lost) }
    } else {
        "no seat".to_owned()
    };
    format!("{}: {mine}, {in_use}", pool.name)
}

/// What became of a seat that was lost, and what to do about it.
fn lost_seat(state: &PoolState, lost: &Lost) -> String {
    let pool = &state.pool;
    let since = |holder: &&HolderView| !holder.mine && holder.since > lost.end.at;
    let takers = pool.holders.iter().filter(since);
    let takers: Vec<String> = takers.filter_map(|holder| holder.user.clone()).collect();
    let free = pool.seats.saturating_sub(pool.in_use + pool.offered);
    let next = if free > 0 { None } else { Some(pool.waiting + 1) };
    let id = &pool.id;
    format!("seat {}", lost_words(lost, id, &takers, next))
}

/// The same in words: who has taken a seat since, and the place that waiting gets when none is
/// free.
fn lost_words(lost: &Lost, pool: &PoolId, takers: &[String], rank: Option<u32>) -> String {
    let mut words = lost_at(lost);
    match takers {
        [] => {}
        [one] => words += &format!(", {one} has it now"),
        many => words += &format!(", {} have seats now", many.join(" and ")),
    }
    words += &match rank {
        None => format!(", one is free: hotseat sign-on {pool}"),
        Some(rank) => format!(", waiting gets place {rank}: hotseat sign-on {pool} --wait"),
    };
    words
}

fn lost_at(lost: &Lost) -> String {
    let slept = if lost.slept { ", the computer slept" } else { "" };
    format!("lost at {} ({}{slept})", clock(lost.end.at), lost.end.reason)
}

/// What is said once when the computer woke up without its seat.
pub(crate) fn awake(
    pool: &PoolId,
    lost: &Lost,
    takers: &[String],
    free: Option<u32>,
    rank: Option<u32>,
) -> String {
    match free {
        None => format!(
            "{pool}: your seat was lost at {} ({}); the pool does not answer yet",
            clock(lost.end.at),
            lost.end.reason
        ),
        Some(free) => {
            let rank = rank.filter(|_| free == 0);
            format!("{pool}: your seat was {}", lost_words(lost, pool, takers, rank))
        }
    }
}

/// What is wrong with this computer, and the next step.
pub(crate) fn trouble(problem: &Problem) -> String {
    problem.to_string()
}

/// The link, when it is not simply up.
pub(crate) fn link(link: &LinkState) -> Option<String> {
    match link {
        LinkState::Up => None,
        LinkState::NotEnrolled => Some(
            "This computer is not enrolled yet. An administrator runs: \
             hotseat-broker enroll --server URL."
                .to_owned(),
        ),
        // It does answer: it says no.
        LinkState::Down { cause: Some(cause), .. } if cause.code != Code::PoolUnreachable => {
            Some(format!("The pool server does not let this computer in. {}", trouble(cause)))
        }
        LinkState::Down { since: Some(since), .. } => {
            Some(format!("The pool does not answer; this is as of {}.", clock(*since)))
        }
        LinkState::Down { since: None, cause: None } => {
            Some("There is no contact with the pool yet.".to_owned())
        }
        LinkState::Down { since: None, .. } => Some("The pool does not answer.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use hotseat_protocol::link::SeatEnd;
    use hotseat_protocol::reason::ReleaseReason;

    use super::*;

    #[test]
    fn a_lost_seat_is_told_with_who_has_it_and_what_to_do() {
        let pool = PoolId::new("infor-crm").unwrap();
        let at = WallTime { unix_ms: 0 };
        let end = SeatEnd { reason: ReleaseReason::LeaseExpired, by: None, note: None, at };
        let lost = Lost { end, silent_s: None, slept: true, seat: None };
        let said = awake(&pool, &lost, &["Bill".to_owned()], Some(0), Some(1));
        assert!(
            said.ends_with(
                " (lease expired, the computer slept), Bill has it now, \
             waiting gets place 1: hotseat sign-on infor-crm --wait"
            ),
            "{said}"
        );
        let said = awake(&pool, &lost, &[], Some(1), Some(1));
        assert!(said.ends_with(", one is free: hotseat sign-on infor-crm"), "{said}");
        let said = awake(&pool, &lost, &[], None, None);
        assert!(said.ends_with("the pool does not answer yet"), "{said}");
    }

    #[test]
    fn a_time_of_another_day_is_told_with_its_day_in_the_readers_time_zone() {
        let berlin = jiff::tz::TimeZone::fixed(jiff::tz::offset(1));
        let now: jiff::Timestamp = "2026-11-30T08:00:00Z".parse().unwrap();
        let now = now.to_zoned_datetime(berlin);
        for (time, told) in [
            ("2026-11-30T02:24:46Z", "03:24:46"),
            ("2026-11-29T23:30:00Z", "00:30:00"),
            ("2026-11-29T22:59:59Z", "2026-11-29 23:59:59"),
            ("2026-11-27T01:24:46Z", "2026-11-27 02:24:46"),
            ("2026-12-01T00:00:00Z", "2026-12-01 01:00:00"),
            ("2026-10-30T02:24:46Z", "2026-10-30 03:24:46"),
            ("2025-11-30T02:24:46Z", "2025-11-30 03:24:46"),
        ] {
            let time: jiff::Timestamp = time.parse().unwrap();
            let time = WallTime { unix_ms: time.as_millisecond() };
            assert_eq!(clock_at(time, &now), told);
        }
    }

    #[test]
    fn nobody_is_called_idle_when_nothing_is_known() {
        assert_eq!(idle(None), "not known");
        assert_eq!(idle(Some(59)), "active");
        assert_eq!(idle(Some(25 * 60 + 59)), "idle 25 min");
    }
}
