//! What `run` knows of its seat: it watches the broker's pushes, judges the deadline itself, and
//! reconnects when the broker restarts.

use std::time::Duration;

use hotseat_ipc::boot_clock;
use hotseat_ipc::client::{Client, Pushes};
use hotseat_protocol::ids::{PoolId, SeatId};
use hotseat_protocol::ipc::{Change, FromBroker, MySeat, PoolState, Request, ResumeKey, Role};
use hotseat_protocol::view::Offline;

use crate::resync::ResyncSchedule;
use crate::session::{self, Place, RECONNECT_EVERY};

/// The deadline is looked at no more rarely than this, because timers stand still while the
/// computer sleeps and the deadline does not.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The seat that is kept.
#[derive(Debug)]
pub(crate) struct Seat {
    /// The seat.
    pub id: SeatId,
    /// Held only while it is earlier than this on the boot-time clock.
    pub deadline_boot_ms: u64,
    /// Shown to a restarted broker.
    pub resume: Option<ResumeKey>,
}

/// What became of the seat.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// It is no longer held, and why.
    Lost(String),
    /// It is not held, and the pool tolerates that the work goes on.
    WithoutSeat,
    /// It is held again.
    Back,
}

/// The seat and the connection that it hangs on.
#[derive(Debug)]
pub(crate) struct Keeping {
    place: Place,
    connection: Option<(Client, Pushes)>,
    pool: PoolId,
    seat: Seat,
    lost: bool,
    // Whether the pool tolerates work without a seat while it is silent.
    tolerated: bool,
    // Whether it was said that the work goes on without one.
    without_seat: bool,
    // Whether a push has shown the seat: those that were on their way before the grant do not.
    seen: bool,
    // Whether this connection has shown the pool: a broker that was just started knows of none.
    pool_shown: bool,
    // Why the broker says that the seat is gone, once it is.
    gone: Option<String>,
    // Whether this connection has told of something that cannot be read.
    resync: ResyncSchedule,
}

impl Keeping {
    /// Keeps a seat that was just granted on this connection.
    pub(crate) fn new(
        place: Place,
        client: Client,
        pushes: Pushes,
        pool: &PoolId,
        seat: Seat,
    ) -> Self {
        let connection = Some((client, pushes));
        Self {
            place,
            connection,
            pool: pool.clone(),
            seat,
            lost: false,
            tolerated: false,
            without_seat: false,
            seen: false,
            pool_shown: false,
            gone: None,
            resync: ResyncSchedule::new(),
        }
    }

    /// Waits until the seat is lost, or is back.
    pub(crate) async fn next(&mut self) -> News {
        loop {
            if let Some(news) = self.judge(boot_clock::now_ms()) {
                return news;
            }
            self.wait().await;
        }
    }

    /// Says goodbye, so that the seat is given back before the connection ends.
    pub(crate) async fn goodbye(&mut self) {
        if let Some((client, _)) = &self.connection {
            // Without an answer the end of the connection does the same.
            let _ = client.ask(Request::Goodbye).await;
        }
    }

    /// Compares what is believed with what was last told.
    fn judge(&mut self, now: u64) -> Option<News> {
        let in_time = now < self.seat.deadline_boot_ms;
        let overdrawn = self.gone.is_none() && !in_time && self.tolerated;
        if overdrawn != self.without_seat && !self.lost {
            self.without_seat = overdrawn;
            if overdrawn {
                return Some(News::WithoutSeat);
            }
            if self.gone.is_none() {
                return Some(News::Back);
            }
        }
        let held = self.gone.is_none() && (in_time || overdrawn);
        if held != self.lost {
            return None;
        }
        self.lost = !held;
        Some(if held {
            News::Back
        } else {
            let silent = "the pool did not confirm it in time".to_owned();
            News::Lost(self.gone.clone().unwrap_or(silent))
        })
    }

    /// Waits for a push, a reconnection, or the time to look at the deadline again.
    async fn wait(&mut self) {
        let left = self.seat.deadline_boot_ms.saturating_sub(boot_clock::now_ms());
        let look = if self.lost || self.without_seat {
            LOOK_EVERY
        } else {
            LOOK_EVERY.min(Duration::from_millis(left))
        };
        match &mut self.connection {
            Some((client, pushes)) => {
                let look = self.resync.left().map_or(look, |left| look.min(left));
                match tokio::time::timeout(look, pushes.next()).await {
                    Ok(Some(push)) => self.take(&push),
                    Ok(None) => {
                        self.connection = None;
                        // The next broker's first push is the whole view.
                        self.resync = ResyncSchedule::new();
                    }
                    Err(_) => self.resync.ask(client),
                }
            }
            None => {
                tokio::time::sleep(RECONNECT_EVERY.min(look)).await;
                self.reconnect().await;
            }
        }
    }

    async fn reconnect(&mut self) {
        let resume = self.seat.resume.clone().into_iter().collect();
        let Ok((client, pushes)) = self.place.connect(Role::Run, resume).await else {
            return;
        };
        if session::done(&client, Request::Subscribe).await.is_ok() {
            self.connection = Some((client, pushes));
            self.pool_shown = false;
        }
    }

    fn take(&mut self, push: &FromBroker) {
        self.resync.note_push(push);
        match push {
            FromBroker::Snapshot { view, .. } => {
                let state = view.pools.iter().find(|state| state.pool.id == self.pool);
                self.look(state);
            }
            FromBroker::Changed { changes, .. } => {
                for change in changes {
                    match change {
                        Change::Pool { pool } if pool.pool.id == self.pool => self.look(Some(pool)),
                        Change::PoolRemoved { pool } if *pool == self.pool => self.look(None),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn look(&mut self, state: Option<&PoolState>) {
        if let Some(state) = state {
            self.tolerated = state.pool.policy.offline == Offline::Tolerate;
            self.pool_shown = true;
        }
        let mine = state.and_then(|state| state.seats.iter().find(|seat| seat.id == self.seat.id));
        match (mine, state) {
            (Some(MySeat { leaving: Some(end), .. }), _) => {
                self.gone = Some(end.reason.to_string());
            }
            (Some(seat), _) => {
                self.seen = true;
                self.gone = None;
                // An unconfirmed seat is being asked about; until the answer, what was last
                // confirmed holds, and its deadline bounds the doubt.
                if seat.confirmed {
                    self.seat.deadline_boot_ms = seat.deadline_boot_ms;
                }
            }
            (None, _) if !self.seen => {}
            // A broker that was restarted while the pool is silent has no pools to show yet: what
            // was last confirmed holds until its deadline.
            (None, None) if !self.pool_shown => {}
            (None, state) => {
                let lost = state.and_then(|state| state.lost.as_ref());
                let why = lost.map(|lost| lost.end.reason.to_string());
                self.gone =
                    Some(why.unwrap_or_else(|| "the service no longer keeps it".to_owned()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use hotseat_protocol::ipc::{LinkState, View};

    use super::*;

    fn keeping() -> Keeping {
        let nowhere = crate::args::Common { json: false, socket: Some("/nonexistent".into()) };
        let seat = Seat { id: SeatId::from_random(1), deadline_boot_ms: 5_000, resume: None };
        Keeping {
            place: Place::new(&nowhere),
            connection: None,
            pool: PoolId::new("infor-crm").unwrap(),
            seat,
            lost: false,
            tolerated: false,
            without_seat: false,
            seen: true,
            pool_shown: false,
            gone: None,
            resync: ResyncSchedule::new(),
        }
    }

    #[test]
    fn a_broker_that_was_restarted_and_knows_no_pool_yet_takes_no_seat_away() {
        let mut keeping = keeping();
        let link = LinkState::Down { since: None, cause: None };
        let view = View { link, trouble: None, account: None, pools: vec![] };
        keeping.take(&FromBroker::Snapshot { seq: 1, view });
        assert_eq!(keeping.judge(4_999), None);
        assert!(matches!(keeping.judge(5_000), Some(News::Lost(_))), "its deadline does");
    }

    #[test]
    fn a_pool_that_goes_takes_its_seats_along() {
        let mut keeping = keeping();
        keeping.pool_shown = true;
        let pool = keeping.pool.clone();
        keeping.take(&FromBroker::Changed { seq: 2, changes: vec![Change::PoolRemoved { pool }] });
        assert!(matches!(keeping.judge(1), Some(News::Lost(_))));
    }

    #[test]
    fn a_change_that_cannot_be_read_makes_it_ask_for_everything() {
        let mut keeping = keeping();
        keeping.take(&FromBroker::Changed { seq: 2, changes: vec![] });
        assert_eq!(keeping.resync.left(), None);
        keeping.take(&FromBroker::Changed { seq: 3, changes: vec![Change::Unknown] });
        assert_eq!(keeping.resync.left(), Some(Duration::ZERO));
    }
}
