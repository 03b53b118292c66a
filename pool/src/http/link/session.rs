//! One link, from the greeting to its end.

mod nudged;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use hotseat_protocol::ids::{Generation, MachineId, WallTime};
use hotseat_protocol::link::{FromPool, MachineMessage, PoolAnswer};
use hotseat_protocol::version::Spoken;
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::frames::{End, Inbox, Told, WRITE_WITHIN, send};
use super::hello::{Greeted, greet};
use super::idle::Spells;
use super::lease::RenewsBy;
use super::messages::{self, LogIn};
use super::translate::Prepared;
use crate::engine::Following;
use crate::http::app::App;
use crate::links::sealing::Sealing;
use crate::links::{Arrival, Nudge};

/// A peer is told so long why its link is closed.
const FAREWELL_WITHIN: Duration = Duration::from_secs(5);
/// How often a link is tried; must stay below a third of a lease.
const PING_EVERY: Duration = Duration::from_secs(15);
/// Pings without any sign of life after which the link is dead: 30 s.
const PINGS_UNANSWERED: u32 = 2;
/// Messages of one link that wait for their answers; with more, nothing is read.
const UNDER_WAY_MAX: usize = 256;
/// How long a link whose machine was revoked lives on: time to let seats go.
const REVOKED_GRACE: Duration = Duration::from_secs(10);

/// An answer under way; a note for the journal has none.
type Answering = Pin<Box<dyn Future<Output = Option<(u64, PoolAnswer)>> + Send>>;
type Preparing = Pin<Box<dyn Future<Output = (u64, Prepared)> + Send>>;

/// Serves a link to its end.
pub(super) async fn run(app: App, machine: MachineId, mut socket: WebSocket, arrival: Arrival) {
    let greeted = greet(&app, machine, &mut socket).await;
    drop(arrival);
    let end = match greeted {
        Ok(greeted) => {
            tracing::info!(%machine, "link up");
            let (links, number) = (Arc::clone(&app.links), greeted.counted.link);
            let mut link = Link::new(app, machine, socket);
            let end = link.serve(greeted).await;
            links.down(machine, number);
            socket = link.socket;
            tracing::info!(%machine, why = end.why(), "link down");
            end
        }
        Err(end) => {
            tracing::info!(%machine, why = end.why(), "link refused");
            end
        }
    };
    if let End::Close(code, reason) = end {
        let frame = CloseFrame { code, reason: reason.into() };
        let close = Message::Close(Some(frame));
        // A courtesy, bounded: the peer may be gone.
        let _ = timeout(FAREWELL_WITHIN, socket.send(close)).await;
    }
}

/// A link after its greeting.
struct Link {
    app: App,
    machine: MachineId,
    socket: WebSocket,
    inbox: Inbox,
    /// Messages whose tokens and names are still to be looked up, in order.
    waiting: VecDeque<(u64, MachineMessage)>,
    preparing: Option<Preparing>,
    answering: FuturesUnordered<Answering>,
    spells: Spells,
    /// Those who ask whether anybody is there.
    pinged: Vec<oneshot::Sender<()>>,
    sealing: Sealing,
    renews_by: RenewsBy,
    /// The version that both ends speak.
    spoken: Spoken,
}

/// What happens on a link.
enum Happened {
    Push(Option<FromPool>),
    Answer(Option<(u64, PoolAnswer)>),
    Prepared(u64, Prepared),
    Read(Option<Result<Message, axum::Error>>),
    Nudge(Nudge),
    Tick,
    Stop,
}

impl Link {
    fn new(app: App, machine: MachineId, socket: WebSocket) -> Self {
        Self {
            sealing: Sealing::begun(app.clock.mono()),
            app,
            machine,
            socket,
            inbox: Inbox::default(),
            waiting: VecDeque::new(),
            preparing: None,
            answering: FuturesUnordered::new(),
            spells: Spells::default(),
            pinged: Vec::new(),
            renews_by: RenewsBy::Policies,
            spoken: Spoken::newest(),
        }
    }

    async fn serve(&mut self, greeted: Greeted) -> End {
        let Greeted { spoken, mut following, mut counted, generation, secret, renews_by, first } =
            greeted;
        (self.spoken, self.renews_by) = (spoken, renews_by);
        self.begin(generation, secret);
        if let Err(end) = self.take_first(first, counted.clone_seen, &following).await {
            return end;
        }
        self.prepare_next();
        let shutdown = self.app.shutdown.clone();
        let mut ticks = interval(PING_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.reset();
        let mut silent = 0;
        let revoked = messages::revoked(self.app.clone(), self.machine, REVOKED_GRACE);
        tokio::pin!(revoked);
        loop {
            let happened = tokio::select! {
                biased;
                () = shutdown.requested() => Happened::Stop,
                // Before anything is read: when a newer link took over, nothing is.
                push = following.next() => Happened::Push(push),
                Some(answer) = self.answering.next() => Happened::Answer(answer),
                Some((n, prepared)) = prepared(&mut self.preparing) => {
                    Happened::Prepared(n, prepared)
                }
                () = &mut revoked => {
                    return End::Close(close_code::POLICY, "the credential was revoked");
                }
                Some(nudge) = counted.nudges.recv() => Happened::Nudge(nudge),
                read = self.socket.recv(), if self.has_room() => Happened::Read(read),
                _ = ticks.tick() => Happened::Tick,
            };
            let result = match happened {
                Happened::Stop => {
                    return End::Close(close_code::AWAY, "the pool server is stopping");
                }
                Happened::Push(None) => {
                    return End::Close(close_code::POLICY, "a newer link of this machine came");
                }
                Happened::Push(Some(frame)) => self.push(frame).await,
                Happened::Answer(Some((n, answer))) => self.say(n, answer).await,
                Happened::Answer(None) => Ok(()),
                Happened::Prepared(n, prepared) => {
                    self.preparing = None;
                    self.answer(n, prepared);
                    Ok(())
                }
                Happened::Nudge(nudge) => self.nudged(nudge).await,
                Happened::Read(read) => {
                    silent = 0;
                    self.show_life(&read);
                    self.read(read, &following).await
                }
                Happened::Tick if silent >= PINGS_UNANSWERED => return End::Gone,
                Happened::Tick => {
                    silent += 1;
                    self.ping().await
                }
            };
            if let Err(end) = result {
                return end;
            }
            self.prepare_next();
        }
    }

    /// Tells of a clone, where one was seen, and takes the message that made this link count.
    async fn take_first(
        &mut self,
        first: Message,
        clone_seen: Option<WallTime>,
        following: &Following,
    ) -> Result<(), End> {
        if let Some(at) = clone_seen {
            self.send(&FromPool::CloneSeen { at }).await?;
        }
        self.tell_log_ins().await?;
        self.read(Some(Ok(first)), following).await
    }

    fn has_room(&self) -> bool {
        self.answering.len() + self.waiting.len() < UNDER_WAY_MAX && self.inbox.has_room()
    }

    async fn push(&mut self, frame: FromPool) -> Result<(), End> {
        if self.renews_by.is_outdated_by(&frame) {
            return Err(End::Close(close_code::AGAIN, "the lease is shorter now: greet again"));
        }
        if let FromPool::WarnIdle { seat, .. } = &frame {
            let note = messages::note_warning(self.app.clone(), self.machine, *seat);
            self.answering.push(Box::pin(async move {
                note.await;
                None
            }));
        }
        self.send(&frame).await?;
        match self.sealing.after(&frame, self.app.clock.mono(), self.app.directory.position_key()) {
            Some(sealed) => self.send(&sealed).await,
            None => Ok(()),
        }
    }

    /// Writes down that the link's secret counts; nothing waits for it, because a secret that is
    /// newer than what was written down is believed as well.
    fn begin(&mut self, generation: Generation, secret: u64) {
        let (directory, machine) = (self.app.directory.clone(), self.machine);
        self.answering.push(Box::pin(async move {
            let counted = directory.count_link_secret(machine, generation, secret).await;
            if let Err(error) = counted {
                tracing::error!(%machine, %error, "which link secret counts could not be written down");
            }
            None
        }));
    }

    /// Whatever is read shows that somebody is there; an end or an error does not.
    fn show_life(&mut self, read: &Option<Result<Message, axum::Error>>) {
        if matches!(read, Some(Ok(message)) if !matches!(message, Message::Close(_))) {
            for asker in self.pinged.drain(..) {
                // Whoever asked may have stopped waiting.
                let _ = asker.send(());
            }
        }
    }

    async fn ping(&mut self) -> Result<(), End> {
        let ping = self.socket.send(Message::Ping(Vec::new().into()));
        match timeout(WRITE_WITHIN, ping).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }

    async fn read(
        &mut self,
        read: Option<Result<Message, axum::Error>>,
        following: &Following,
    ) -> Result<(), End> {
        let text = match read {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
            Some(Ok(Message::Binary(_))) => {
                return Err(End::Close(close_code::UNSUPPORTED, "frames are text"));
            }
            Some(Err(_)) => {
                return Err(End::Close(
                    close_code::PROTOCOL,
                    "a frame cannot be read, or is too long",
                ));
            }
            Some(Ok(Message::Close(_))) | None => return Err(End::Gone),
        };
        let at_work = || self.app.links.heard(self.machine, self.app.clock.mono());
        match self.inbox.take(&text, self.spoken, at_work)? {
            Told::Message(n, MachineMessage::Resync) => self.resync(n, following).await,
            Told::Message(n, body) => {
                self.take(n, body);
                Ok(())
            }
            Told::Unclear(n, problem) => self.say(n, PoolAnswer::Problem { problem }).await,
            Told::Odd(n, problem) => {
                let answer = PoolAnswer::Problem { problem };
                self.send(&FromPool::AnswerToOdd { n, answer }).await
            }
            Told::Nothing => Ok(()),
        }
    }

    async fn resync(&mut self, n: u64, following: &Following) -> Result<(), End> {
        if following.resync().await.is_err() {
            return Err(End::Close(close_code::AGAIN, "try again"));
        }
        self.say(n, PoolAnswer::Done).await
    }

    async fn say(&mut self, n: u64, answer: PoolAnswer) -> Result<(), End> {
        self.inbox.answered(n);
        self.send(&FromPool::Answer { n, answer }).await
    }

    async fn send(&mut self, frame: &FromPool) -> Result<(), End> {
        send(&mut self.socket, frame, self.spoken).await
    }

    /// Takes a message on its way. A renewal waits for no look-up and overtakes those that do; a
    /// log-in takes as long as a hash, and what comes after it does not depend on it. All others
    /// reach the engine in the order in which they came.
    fn take(&mut self, n: u64, body: MachineMessage) {
        let (app, machine) = (self.app.clone(), self.machine);
        match body {
            MachineMessage::Renew(renewal) => {
                let spells = self.spells.heard(&renewal, app.clock.wall());
                if !spells.is_empty() {
                    let note = messages::note_spells(app.clone(), machine, spells);
                    self.answering.push(Box::pin(async move {
                        note.await;
                        None
                    }));
                }
                let answer = messages::renew(app, machine, renewal);
                self.answering.push(Box::pin(async move { Some((n, answer.await)) }));
            }
            MachineMessage::LogIn { email, password, os_user } => {
                let log_in = LogIn { email, password, os_user };
                let answer = messages::log_in(app, machine, log_in);
                self.answering.push(Box::pin(async move { Some((n, answer.await)) }));
            }
            body @ (MachineMessage::SignOn(_)
            | MachineMessage::Check { .. }
            | MachineMessage::SignOff { .. }
            | MachineMessage::Cancel { .. }
            | MachineMessage::LeaveLine { .. }
            | MachineMessage::AcceptOffer { .. }
            | MachineMessage::DeclineOffer { .. }
            | MachineMessage::LeavingDone { .. }
            | MachineMessage::WarningEnded { .. }
            | MachineMessage::Overdraft(_)
            | MachineMessage::LogOut { .. }
            | MachineMessage::Resync
            | MachineMessage::Unknown) => self.waiting.push_back((n, body)),
        }
    }

    fn prepare_next(&mut self) {
        if self.preparing.is_some() {
            return;
        }
        if let Some((n, body)) = self.waiting.pop_front() {
            let prepare = messages::prepare(self.app.clone(), self.machine, body);
            self.preparing = Some(Box::pin(async move { (n, prepare.await) }));
        }
    }

    fn answer(&mut self, n: u64, prepared: Prepared) {
        let answer = messages::perform(self.app.clone(), self.machine, prepared);
        self.answering.push(Box::pin(async move { Some((n, answer.await)) }));
    }
}

/// What is being prepared; pending forever if nothing is.
async fn prepared(preparing: &mut Option<Preparing>) -> Option<(u64, Prepared)> {
    match preparing {
        Some(preparing) => Some(preparing.await),
        None => None,
    }
}
