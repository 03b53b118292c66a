//! The link to this computer's broker: connects, subscribes, passes on, connects again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use hotseat_ipc::client::{Client, ClientError, Pushes};
use hotseat_ipc::socket;
use hotseat_protocol::ipc::{FromBroker, Hello, Reply, Request, Role};
use hotseat_protocol::problem::Code;
use hotseat_protocol::version::PROTOCOL_VERSION;
use tokio::sync::{Notify, mpsc, watch};

use crate::clock;
use crate::config::{Options, Session};
use crate::controller::{Call, Event, LinkEvent};
use crate::idle::Reading;

/// The pause after the first failed attempt; it doubles up to [`PAUSE_MAX`]. A broker that was
/// restarted is found well within the grace that it gives a tray.
const PAUSE_MIN: Duration = Duration::from_millis(250);

/// The longest pause between attempts. Connecting to a local socket costs next to nothing.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// So often the broker may take us for another tray after it has served us: with the pauses between
/// the attempts it is longer than the 30 s after which it misses a connection.
const OWN_REFUSALS_MAX: u32 = 20;

/// How long a second tray waits for the first to be asked to show its window.
const ASK_WITHIN: Duration = Duration::from_secs(5);

/// What a [`run`] needs to know.
pub struct LinkOptions {
    places: Vec<PathBuf>,
    hello: Hello,
    idle: Option<IdleReports>,
}

/// Where the tray's idle reports come from.
struct IdleReports {
    readings: watch::Receiver<Reading>,
    /// Rung when the broker has to be told anew.
    ask: Arc<Notify>,
}

impl LinkOptions {
    /// For the tray, which reports idle times.
    pub fn tray(
        options: &Options,
        session: &Session,
        readings: watch::Receiver<Reading>,
        ask: Arc<Notify>,
    ) -> Self {
        let idle = Some(IdleReports { readings, ask });
        Self { places: places(options, session), hello: hello(Role::Tray, session), idle }
    }

    /// For the window, which reports nothing.
    pub fn window(options: &Options, session: &Session) -> Self {
        let hello = hello(Role::Window, session);
        Self { places: places(options, session), hello, idle: None }
    }
}

fn places(options: &Options, session: &Session) -> Vec<PathBuf> {
    match &options.socket {
        Some(named) if !named.as_os_str().is_empty() => vec![named.clone()],
        // A variable that is set to nothing names nothing.
        Some(_) | None => socket::usual_places(session.runtime_dir.as_deref()),
    }
}

fn hello(role: Role, session: &Session) -> Hello {
    Hello {
        version: PROTOCOL_VERSION,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        role,
        display: session.display_name(),
        resume: Vec::new(),
    }
}

/// Keeps the link until nobody listens to its events any more, or another tray is there.
pub async fn run(
    mut options: LinkOptions,
    mut calls: mpsc::Receiver<Call>,
    events: mpsc::Sender<Event>,
) {
    let events = Events { events, told: None };
    let mut link = Link { events, tried: 0, own_refusals: None, pause: PAUSE_MIN };
    loop {
        let attempt = Client::connect(&options.places, options.hello.clone()).await;
        let goes_on = match attempt {
            Ok((client, pushes)) => link.serve(&mut options, client, pushes, &mut calls).await,
            Err(error) => link.failed(&options, error).await,
        };
        if !goes_on || !link.wait(&mut calls).await {
            return;
        }
        link.tried = link.tried.saturating_add(1);
    }
}

struct Link {
    events: Events,
    /// Attempts that have ended.
    tried: u32,
    /// Since this program was served last, how often it was told that another tray is there;
    /// absent when it never was served.
    own_refusals: Option<u32>,
    pause: Duration,
}

impl Link {
    /// Says why there is no broker; false when this program is not needed.
    async fn failed(&mut self, options: &LinkOptions, error: ClientError) -> bool {
        let event = match error {
            ClientError::AnotherVersion { program, .. } => {
                LinkEvent::AnotherVersion { theirs: program }
            }
            ClientError::Refused(problem)
                if problem.code == Code::AlreadyRunning && self.another_is_there() =>
            {
                if self.tried == 0 {
                    show_the_other(options).await;
                }
                self.events.send(LinkEvent::AlreadyRunning).await;
                return false;
            }
            error @ (ClientError::Connect(_)
            | ClientError::Refused(_)
            | ClientError::Closed
            | ClientError::Silent
            | ClientError::Frame(_)) => LinkEvent::NoBroker { why: chain(&error) },
        };
        self.events.send_once(event).await
    }

    /// Whether it is really another tray that serves this session, and not our own earlier
    /// connection, which the broker has not missed yet.
    fn another_is_there(&mut self) -> bool {
        let Some(refusals) = &mut self.own_refusals else { return true };
        *refusals += 1;
        *refusals > OWN_REFUSALS_MAX
    }

    /// Passes on in both directions until the connection ends; false when the program ends.
    async fn serve(
        &mut self,
        options: &mut LinkOptions,
        client: Client,
        mut pushes: Pushes,
        calls: &mut mpsc::Receiver<Call>,
    ) -> bool {
        tracing::info!(
            broker = client.about().program,
            session = client.about().session,
            "connected"
        );
        self.pause = PAUSE_MIN;
        self.own_refusals = Some(0);
        self.events.told = None;
        let mut asked = Asked::new();
        let mut reports = options.idle.as_mut();
        if let Some(reports) = &mut reports {
            reports.readings.mark_unchanged();
            reports.ask.notify_one();
        }
        if !self.events.send(LinkEvent::Connected).await {
            return false;
        }
        let subscribe = client.clone();
        asked.push(Box::pin(async move {
            let answer = subscribe.ask(Request::Subscribe).await;
            (None, answer.map_err(|error| chain(&error)))
        }));
        let goes_on = loop {
            let delivered = tokio::select! {
                push = pushes.next() => match push {
                    Some(push) => self.pushed(push).await,
                    None => break true,
                },
                Some((id, reply)) = asked.next() => self.answered(id, reply).await,
                call = calls.recv() => match call {
                    Some(Call { id, request }) => {
                        let client = client.clone();
                        asked.push(Box::pin(async move {
                            let reply = client.ask(request).await;
                            (Some(id), reply.map_err(|error| chain(&error)))
                        }));
                        true
                    }
                    None => break false,
                },
                reading = next_reading(&mut reports) => {
                    let idle_s = reading.idle_s(clock::now().boot_ms);
                    // An error is the end of the connection, which the pushes tell.
                    let _ = client.report_idle(idle_s, reading.locked).await;
                    true
                }
            };
            if !delivered {
                break false;
            }
        };
        if !goes_on {
            return false;
        }
        // The connection has ended, so each of them ends too.
        while let Some((id, reply)) = asked.next().await {
            self.answered(id, reply).await;
        }
        let why = "the connection to Hotseat's service ended".to_owned();
        self.events.send(LinkEvent::NoBroker { why }).await
    }

    async fn answered(&self, id: Option<u64>, reply: Result<Reply, String>) -> bool {
        match (id, reply) {
            (Some(id), reply) => {
                self.events.send(LinkEvent::Answered { id, reply: reply.map(Box::new) }).await
            }
            (None, Ok(Reply::Problem { problem })) => {
                tracing::error!(%problem, "the broker refuses to say what changes");
                true
            }
            (None, _) => true,
        }
    }

    async fn pushed(&self, push: FromBroker) -> bool {
        let event = match push {
            FromBroker::Snapshot { view, .. } => LinkEvent::Snapshot(Box::new(view)),
            FromBroker::Changed { changes, .. } => LinkEvent::Changed(changes),
            FromBroker::Notice { notice } => LinkEvent::Notice(Box::new(notice)),
            FromBroker::OpenWindow => LinkEvent::OpenWindow,
            FromBroker::Stopping => {
                tracing::info!("the broker stops");
                return true;
            }
            // The client keeps greetings, answers and pings to itself.
            FromBroker::Hello { .. }
            | FromBroker::Welcome { .. }
            | FromBroker::Refused { .. }
            | FromBroker::Reply { .. }
            | FromBroker::ReplyToOdd { .. }
            | FromBroker::Ping { .. }
            | FromBroker::Unknown => return true,
        };
        self.events.send(event).await
    }

    /// Waits until the next attempt is due; what is asked meanwhile fails at once.
    async fn wait(&mut self, calls: &mut mpsc::Receiver<Call>) -> bool {
        let due = tokio::time::sleep(self.pause);
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        tokio::pin!(due);
        loop {
            tokio::select! {
                () = &mut due => return true,
                call = calls.recv() => {
                    let Some(call) = call else { return false };
                    let reply = Err("Hotseat's service is not running".to_owned());
                    if !self.events.send(LinkEvent::Answered { id: call.id, reply }).await {
                        return false;
                    }
                }
            }
        }
    }
}

/// Answers on their way: the call, or nothing for the subscription.
type Asked = FuturesUnordered<BoxFuture<'static, (Option<u64>, Result<Reply, String>)>>;

async fn next_reading(reports: &mut Option<&mut IdleReports>) -> Reading {
    match reports {
        Some(reports) => match reports.readings.changed().await {
            Ok(()) => *reports.readings.borrow_and_update(),
            Err(_) => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}

struct Events {
    events: mpsc::Sender<Event>,
    /// Why there is no broker, as it was told last.
    told: Option<String>,
}

impl Events {
    /// False when nobody listens any more.
    async fn send(&self, event: LinkEvent) -> bool {
        self.events.send(Event::Broker(event)).await.is_ok()
    }

    /// Leaves out what was said before: attempts go on for as long as there is no broker.
    async fn send_once(&mut self, event: LinkEvent) -> bool {
        let text = format!("{event:?}");
        if self.told.as_ref() == Some(&text) {
            return true;
        }
        tracing::info!(event = text, "no broker");
        self.told = Some(text);
        self.send(event).await
    }
}

/// Asks the tray that is already there to show its window, as somebody who started a second one
/// wants to see Hotseat.
async fn show_the_other(options: &LinkOptions) {
    let hello = Hello { role: Role::Cli, ..options.hello.clone() };
    let asked = tokio::time::timeout(ASK_WITHIN, async {
        let (client, _pushes) = Client::connect(&options.places, hello).await?;
        client.ask(Request::OpenWindow).await
    });
    match asked.await {
        Ok(Ok(Reply::Done)) => tracing::info!("Hotseat runs already and shows its window"),
        Ok(Ok(reply)) => tracing::warn!(?reply, "Hotseat runs already, without its window"),
        Ok(Err(error)) => tracing::warn!(%error, "Hotseat runs already, without its window"),
        Err(_) => tracing::warn!("Hotseat runs already and does not answer"),
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Link {
        let (events, _) = mpsc::channel(1);
        let events = Events { events, told: None };
        Link { events, tried: 0, own_refusals: None, pause: PAUSE_MIN }
    }

    #[test]
    fn a_tray_that_was_never_served_is_not_the_one_that_is_there() {
        let mut link = link();
        // Also when there was no broker at first, and another tray found it sooner.
        link.tried = 7;
        assert!(link.another_is_there());
    }

    #[test]
    fn a_tray_that_was_served_gives_its_own_connection_time_to_be_missed() {
        let mut link = link();
        link.own_refusals = Some(0);
        let patient = (0..OWN_REFUSALS_MAX).all(|_| !link.another_is_there());
        assert!(patient && link.another_is_there());
        let pauses = PAUSE_MAX * (OWN_REFUSALS_MAX - 4);
        assert!(pauses > Duration::from_secs(30), "longer than the broker needs: {pauses:?}");
    }
}
