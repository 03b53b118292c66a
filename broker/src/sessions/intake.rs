//! The way from connections to the hub: a queue for each OS user, taken from round-robin, so that
//! nobody's flood keeps anybody else's event waiting for more than one event of each other user.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream, SelectAll};
use hotseat_ipc::socket::OsUser;
use tokio::sync::mpsc;

use super::SessionEvent;

/// Events of one OS user that may wait for the hub, as many as one connection may have unanswered
/// requests; a program whose event has no room waits.
const EVENTS_PER_USER_MAX: usize = 64;

/// Users whose first connection the hub has not heard of yet; then accepting waits.
const NEW_USERS_MAX: usize = 64;

/// The hub's end.
pub(crate) struct Intake {
    new: mpsc::Receiver<mpsc::Receiver<SessionEvent>>,
    users: SelectAll<BoxStream<'static, SessionEvent>>,
}

/// The connections' end.
#[derive(Debug)]
pub(crate) struct Doors {
    new: mpsc::Sender<mpsc::Receiver<SessionEvent>>,
    users: BTreeMap<OsUser, mpsc::WeakSender<SessionEvent>>,
}

/// Both ends.
pub(crate) fn intake() -> (Doors, Intake) {
    let (to_new, new) = mpsc::channel(NEW_USERS_MAX);
    (Doors { new: to_new, users: BTreeMap::new() }, Intake { new, users: SelectAll::new() })
}

impl Doors {
    /// The way in for a connection of this user; none when the hub has ended.
    pub(super) async fn of(&mut self, user: &OsUser) -> Option<mpsc::Sender<SessionEvent>> {
        if let Some(door) = self.users.get(user).and_then(mpsc::WeakSender::upgrade) {
            return Some(door);
        }
        // A user without connections has no queue.
        self.users.retain(|_, door| door.strong_count() > 0);
        let (door, events) = mpsc::channel(EVENTS_PER_USER_MAX);
        self.new.send(events).await.ok()?;
        self.users.insert(user.clone(), door.downgrade());
        Some(door)
    }
}

impl Intake {
    /// The next event; each user in turn. None: nobody will send any more.
    pub(crate) async fn next(&mut self) -> Option<SessionEvent> {
        loop {
            tokio::select! {
                biased;
                Some(mut events) = self.new.recv() => {
                    let events = stream::poll_fn(move |context| events.poll_recv(context));
                    self.users.push(events.boxed());
                }
                Some(event) = self.users.next() => return Some(event),
                else => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotseat_broker_core::ConnectionId;

    fn event(connection: u64) -> SessionEvent {
        SessionEvent::Closed { connection: ConnectionId(connection) }
    }

    async fn connection(intake: &mut Intake) -> u64 {
        match intake.next().await {
            Some(SessionEvent::Closed { connection }) => connection.0,
            other => panic!("no event: {other:?}"),
        }
    }

    #[tokio::test]
    async fn a_flood_of_one_user_keeps_another_waiting_for_one_event_at_most() {
        let (mut doors, mut intake) = intake();
        let (flooding, other) = (OsUser::from_uid(1), OsUser::from_uid(2));
        let mut floods = tokio::task::JoinSet::new();
        for _ in 0..300 {
            let door = doors.of(&flooding).await.unwrap();
            floods.spawn(async move { while door.send(event(1)).await.is_ok() {} });
        }
        for _ in 0..1_000 {
            assert_eq!(connection(&mut intake).await, 1);
        }
        let door = doors.of(&other).await.unwrap();
        for round in 0..100 {
            // Not by waiting: a flood that fills somebody else's queue would be waited for.
            door.try_send(event(2)).unwrap_or_else(|_| panic!("in round {round}, no room is left"));
            let mut before = 0;
            while connection(&mut intake).await == 1 {
                before += 1;
            }
            assert!(before <= 1, "in round {round}, {before} events of the flood came first");
        }
    }

    #[tokio::test]
    async fn events_of_one_user_keep_their_order_and_nothing_is_lost() {
        let (mut doors, mut intake) = intake();
        let user = OsUser::from_uid(1);
        for first in [1, 3] {
            // All connections of the user have ended in between.
            let door = doors.of(&user).await.unwrap();
            door.send(event(first)).await.unwrap();
            door.send(event(first + 1)).await.unwrap();
        }
        drop(doors);
        let mut seen = Vec::new();
        while let Some(SessionEvent::Closed { connection }) = intake.next().await {
            seen.push(connection.0);
        }
        seen.sort_unstable();
        assert_eq!(seen, [1, 2, 3, 4]);
    }
}
