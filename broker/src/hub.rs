//! The one owner of the core: hands every event to it with the time, and does what it says.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hotseat_broker_core::{ConnectionId, Core, ENDING_BUDGET_MS, Effect, HookId, Input, OsEvent};
use hotseat_protocol::ipc::FromBroker;
use tokio::sync::mpsc;
use tokio::time::Sleep;

use crate::clock::Clock;
use crate::hooks::{Hooks, Run};
use crate::lifecycle::Ending;
use crate::platform::{OsSessions, Watchdog};
use crate::pool_link::{LinkEvent, PoolLink, Target};
use crate::sessions::{Intake, Outbox, SessionEvent};
use crate::store::{Stored, Writer};

/// The longest sleep between two looks at the clock. A timer of the operating system stands still
/// while the machine sleeps, and deadlines do not.
const LOOK_AT_CLOCK: Duration = Duration::from_secs(5);

/// What the core may take longer than its own budget before the hub ends without it.
const STOP_SLACK: Duration = Duration::from_millis(500);

/// How the hub ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everybody was signed off, or the budget for it was used up.
    SignedOff,
    /// Seats are kept for the next version.
    ForUpgrade,
    /// It was asked twice: nothing was waited for.
    AtOnce,
}

/// What comes in.
pub(crate) struct Inbox {
    pub(crate) sessions: Intake,
    pub(crate) link: mpsc::Receiver<LinkEvent>,
    pub(crate) stored: mpsc::Receiver<Stored>,
    pub(crate) os: mpsc::Receiver<OsEvent>,
    pub(crate) hooks: mpsc::Receiver<HookId>,
    pub(crate) enrolled: mpsc::Receiver<Target>,
    pub(crate) endings: mpsc::Receiver<Ending>,
}

/// Where effects go.
pub(crate) struct Hands {
    pub(crate) store: Writer,
    pub(crate) link: PoolLink,
    pub(crate) os: OsSessions,
    pub(crate) hooks: Hooks,
    pub(crate) clock: Arc<dyn Clock>,
}

/// A program that greeted.
struct Program {
    outbox: Outbox,
    /// Its session, if the operating system tells of its end.
    watched: Option<String>,
}

/// The owner.
pub(crate) struct Hub {
    core: Core,
    hands: Hands,
    programs: BTreeMap<ConnectionId, Program>,
    /// Reports of writes that could not even begin.
    unwritten: Vec<Input>,
    /// A new enrolment, until the core says that nothing more is due to the one before.
    enrolment: Option<Target>,
    /// Runs once the broker stops: the budget for it.
    stop: Option<Pin<Box<Sleep>>>,
    stopped: bool,
    watchdog: Watchdog,
}

/// What happened.
enum Event {
    Input(Input),
    Opened(Box<(Input, Program)>),
    Ending(Ending),
    StopOverdue,
}

impl Hub {
    /// The core has started with these effects.
    pub(crate) fn new(core: Core, first: Vec<Effect>, hands: Hands) -> Self {
        let mut hub = Self {
            core,
            hands,
            programs: BTreeMap::new(),
            unwritten: Vec::new(),
            enrolment: None,
            stop: None,
            stopped: false,
            watchdog: Watchdog::new(),
        };
        hub.perform(first);
        hub
    }

    /// Runs until the broker shall end, and hands the store's writer back.
    pub(crate) async fn run(mut self, mut inbox: Inbox) -> (Ended, Writer) {
        while !self.stopped {
            // From here and nowhere else: a hub that hangs must not look alive.
            self.watchdog.alive(self.hands.clock.now().boot_ms);
            let event = match self.unwritten.pop() {
                Some(input) => Event::Input(input),
                None => self.next(&mut inbox).await,
            };
            match event {
                Event::Input(input) => self.step(input),
                Event::Opened(opened) => self.opened(*opened),
                Event::Ending(ending) => match (ending, &self.stop) {
                    (_, Some(_)) => return (Ended::AtOnce, self.hands.store),
                    (Ending::Upgrade, None) => return (Ended::ForUpgrade, self.hands.store),
                    (Ending::SignOff, None) => self.begin_to_stop(),
                },
                Event::StopOverdue => {
                    tracing::error!("the sign-offs took longer than their budget");
                    break;
                }
            }
        }
        (Ended::SignedOff, self.hands.store)
    }

    fn begin_to_stop(&mut self) {
        tracing::info!("signing everybody off");
        let budget = Duration::from_millis(ENDING_BUDGET_MS) + STOP_SLACK;
        self.stop = Some(Box::pin(tokio::time::sleep(budget)));
        self.step(Input::Stop);
    }

    async fn next(&mut self, inbox: &mut Inbox) -> Event {
        let tick = self.until_tick();
        tokio::select! {
            Some(event) = inbox.sessions.next() => of_session(event),
            Some(event) = inbox.link.recv() => Event::Input(of_link(event)),
            Some(stored) = inbox.stored.recv() => Event::Input(of_store(stored)),
            Some(event) = inbox.os.recv() => {
                if event == OsEvent::SleepEnded {
                    self.hands.link.look();
                }
                Event::Input(Input::Os(event))
            }
            Some(hook) = inbox.hooks.recv() => Event::Input(Input::HookEnded { hook }),
            Some(target) = inbox.enrolled.recv() => {
                let server_url = target.server.to_string();
                self.enrolment = Some(target);
                Event::Input(Input::Enrolled { server_url })
            }
            Some(ending) = inbox.endings.recv() => Event::Ending(ending),
            () = overdue(&mut self.stop) => Event::StopOverdue,
            () = tokio::time::sleep(tick) => Event::Input(Input::Tick),
        }
    }

    /// How long to wait for the core's next deadline.
    fn until_tick(&self) -> Duration {
        let longest = LOOK_AT_CLOCK.min(self.watchdog.every());
        let Some(deadline) = hotseat_broker_core::next_deadline(&self.core) else {
            return longest;
        };
        let left = deadline.saturating_sub(self.hands.clock.now().boot_ms);
        Duration::from_millis(left).min(longest)
    }

    fn opened(&mut self, (input, program): (Input, Program)) {
        if let Input::Opened { connection, .. } = &input {
            self.programs.insert(*connection, program);
        }
        self.step(input);
    }

    fn step(&mut self, input: Input) {
        let closed = if let Input::Closed { connection } = &input {
            self.programs.remove(connection)
        } else {
            None
        };
        let effects = hotseat_broker_core::step(&mut self.core, input, self.hands.clock.now());
        self.perform(effects);
        // A log-out ends programs first; asking at once gives the seat its true reason.
        if let Some(session) = closed.and_then(|program| program.watched) {
            self.hands.os.look_at(&session);
        }
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Store { write, changes } => {
                    if !self.hands.store.begin(write, changes) {
                        self.unwritten.push(Input::Stored { write, ok: false });
                    }
                }
                Effect::Reply { connection, id, reply } => {
                    self.send(connection, FromBroker::Reply { id, reply })
                }
                Effect::Push { connection, frame } => self.send(connection, frame),
                Effect::Disconnect { connection, problem } => {
                    self.send(connection, FromBroker::Refused { problem });
                    // Its outbox goes, so the connection ends once this was sent.
                    self.programs.remove(&connection);
                }
                Effect::SendToPool { link, n, body } => self.hands.link.send(link, n, body),
                Effect::TakeUpEnrolment => {
                    if let Some(target) = self.enrolment.take() {
                        self.hands.link.aim(target);
                    }
                }
                Effect::RunHook { hook, owner, pool, seat, reason, within_ms } => {
                    let within = Duration::from_millis(within_ms);
                    self.hands.hooks.run(Run { hook, owner, pool, seat, reason, within });
                }
                Effect::SkipHook { owner, pool, within_ms } => tracing::warn!(
                    %pool, user = %owner, within_ms,
                    "the sign-off hook is skipped: there is less time left than its time-out"
                ),
                Effect::ReleaseInhibitor(inhibitor) => self.hands.os.release(inhibitor),
                Effect::Stop => self.stopped = true,
            }
        }
    }

    fn send(&self, connection: ConnectionId, frame: FromBroker) {
        if let Some(program) = self.programs.get(&connection) {
            program.outbox.send(frame);
        }
    }
}

/// Returns when the budget for stopping is used up; never when nothing stops.
async fn overdue(stop: &mut Option<Pin<Box<Sleep>>>) {
    match stop {
        Some(sleep) => sleep.await,
        None => std::future::pending().await,
    }
}

fn of_session(event: SessionEvent) -> Event {
    let input = match event {
        SessionEvent::Opened { connection, caller, hello, outbox, fresh } => {
            let watched = caller.watched.then(|| caller.session.name.clone());
            let input = Input::Opened { connection, caller, hello, fresh };
            return Event::Opened(Box::new((input, Program { outbox, watched })));
        }
        SessionEvent::Asked { connection, id, request, fresh } => {
            Input::Asked { connection, id, request, fresh }
        }
        SessionEvent::Idle { connection, idle_s, locked } => {
            Input::Idle { connection, idle_s, locked }
        }
        SessionEvent::Closed { connection } => Input::Closed { connection },
    };
    Event::Input(input)
}

fn of_link(event: LinkEvent) -> Input {
    match event {
        LinkEvent::Up { link, lease_ms, position } => Input::LinkUp { link, lease_ms, position },
        LinkEvent::Void => Input::LeftoversVoid,
        LinkEvent::Frame { link, frame } => Input::FromPool { link, frame },
        LinkEvent::Down { cause } => Input::LinkDown { cause: Some(cause) },
    }
}

fn of_store(stored: Stored) -> Input {
    let Stored { write, result } = stored;
    if let Err(error) = &result {
        tracing::error!(%error, "the broker's state could not be written");
    }
    Input::Stored { write, ok: result.is_ok() }
}
