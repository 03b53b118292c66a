//! A sign-on, and the wait in line that may follow it.

use std::time::Duration;

use hotseat_ipc::client::{Client, ClientError, Pushes};
use hotseat_protocol::ids::{ClientName, PoolId, RequestId};
use hotseat_protocol::ipc::{FromBroker, Reply, Request, ResumeKey, Role};
use hotseat_protocol::link::{Accept, Outcome};
use hotseat_protocol::problem::{Code, Problem};

use crate::failure::{Failure, exit};
use crate::fresh;
use crate::output::Output;
use crate::platform::Signals;
use crate::session::{self, Place, RECONNECT_EVERY};

/// How long a broker may take to come back before its waiters give up: an upgrade takes seconds,
/// and much later the pool has given the place to the next in line.
const RESTART_WITHIN: Duration = Duration::from_secs(60);

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// The intent: the same for every repeat.
    pub request: RequestId,
    /// The pool.
    pub pool: PoolId,
    /// The client.
    pub client: Option<ClientName>,
    /// Stand in line.
    pub wait: bool,
}

impl Wanted {
    /// A new intent.
    pub(crate) fn new(pool: PoolId, client: Option<ClientName>, wait: bool) -> Self {
        Self { request: fresh::request(), pool, client, wait }
    }

    fn frame(&self) -> Request {
        Request::SignOn {
            request: self.request,
            pool: self.pool.clone(),
            client: self.client.clone(),
            wait: self.wait.then_some(Accept::Auto),
        }
    }
}

/// The seat that was got.
#[derive(Debug)]
pub(crate) struct Got {
    /// How it was granted.
    pub outcome: Outcome,
    /// Until when it is held without a further renewal, on the boot-time clock.
    pub deadline_boot_ms: Option<u64>,
    /// Keeps it over a broker restart.
    pub resume: Option<ResumeKey>,
}

/// How asking ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// With a seat.
    Got(Got),
    /// By Ctrl-C or another signal, and the line was left.
    Interrupted(u8),
}

/// The conversation in which a seat is asked for. It outlives a restart of the broker: the same
/// request is then asked about again, and keeps its place in the line.
#[derive(Debug)]
pub(crate) struct Asking {
    place: Place,
    role: Role,
    client: Client,
    pushes: Pushes,
}

impl Asking {
    /// Connects, and subscribes: each push is a reason to ask what became of the request.
    pub(crate) async fn start(place: &Place, role: Role) -> Result<Self, Failure> {
        let (client, pushes) = subscribed(place, role).await?;
        Ok(Self { place: place.clone(), role, client, pushes })
    }

    /// The connection, on which the seat of a program hangs from now on.
    pub(crate) fn into_connection(self) -> (Client, Pushes) {
        (self.client, self.pushes)
    }

    /// Asks for a seat and waits in line for it if that is wanted.
    pub(crate) async fn seat(
        &mut self,
        signals: &mut Signals,
        output: Output,
        wanted: &Wanted,
    ) -> Result<Ended, Failure> {
        let mut told = None;
        loop {
            match self.client.ask(wanted.frame()).await {
                Ok(Reply::Outcome { outcome: Outcome::Waiting { rank, .. }, .. })
                    if wanted.wait =>
                {
                    if told != Some(rank) {
                        output.say(&format!("Place {rank} in line. Ctrl-C leaves it."));
                        told = Some(rank);
                    }
                }
                Ok(Reply::Outcome {
                    outcome: outcome @ Outcome::Seat { .. },
                    deadline_boot_ms,
                    resume,
                }) => return Ok(Ended::Got(Got { outcome, deadline_boot_ms, resume })),
                Ok(Reply::Outcome { outcome, .. }) => {
                    return Err(not_seated(outcome, wanted.wait));
                }
                // A broker that was just started has no link yet; the place is kept meanwhile.
                Ok(Reply::Problem { problem })
                    if told.is_some() && problem.code == Code::PoolUnreachable => {}
                Ok(Reply::Problem { problem }) => return Err(problem.into()),
                Ok(_) => return Err(Failure::unexpected()),
                Err(ClientError::Closed) => {
                    output.say("Hotseat's service is restarted; what you asked for is kept.");
                    if let Some(signal) = self.come_back(signals).await? {
                        return Ok(Ended::Interrupted(signal));
                    }
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            tokio::select! {
                // The end of the connection is noticed by the next question.
                () = news(&mut self.pushes) => {}
                signal = signals.next() => {
                    let left = leave(&self.client, wanted).await;
                    return left.map(|()| Ended::Interrupted(signal.exit_code()));
                }
            }
        }
    }

    /// Waits until the broker is back; the code of a signal that came before.
    async fn come_back(&mut self, signals: &mut Signals) -> Result<Option<u8>, Failure> {
        let back = tokio::time::timeout(RESTART_WITHIN, async {
            loop {
                match subscribed(&self.place, self.role).await {
                    Ok(connection) => return connection,
                    Err(_) => tokio::time::sleep(RECONNECT_EVERY).await,
                }
            }
        });
        tokio::select! {
            back = back => {
                (self.client, self.pushes) = match back {
                    Ok(connection) => connection,
                    // Why not, the last attempt says.
                    Err(_) => subscribed(&self.place, self.role).await?,
                };
                Ok(None)
            }
            signal = signals.next() => Ok(Some(signal.exit_code())),
        }
    }
}

async fn subscribed(place: &Place, role: Role) -> Result<(Client, Pushes), Failure> {
    let (client, pushes) = place.connect(role, vec![]).await?;
    session::done(&client, Request::Subscribe).await?;
    Ok((client, pushes))
}

/// Waits until something has changed, or the connection has ended.
async fn news(pushes: &mut Pushes) {
    loop {
        match pushes.next().await {
            Some(FromBroker::Snapshot { .. } | FromBroker::Changed { .. }) | None => return,
            Some(_) => {}
        }
    }
}

async fn leave(client: &Client, wanted: &Wanted) -> Result<(), Failure> {
    session::done(client, Request::LeaveLine { pool: wanted.pool.clone() }).await?;
    // The grant and the signal may have crossed: nobody waits for this seat any more.
    if let Reply::Outcome { outcome: Outcome::Seat { .. }, .. } =
        session::ask(client, wanted.frame()).await?
    {
        session::ask(client, Request::SignOff { pool: Some(wanted.pool.clone()) }).await?;
    }
    Ok(())
}

fn not_seated(outcome: Outcome, waits: bool) -> Failure {
    let refused = |detail: String, next: &str| Failure {
        code: exit::REFUSED,
        problem: Problem::new(Code::Ended, detail, next),
    };
    match outcome {
        Outcome::Refused { mut problem } => {
            if !waits && matches!(problem.code, Code::PoolFull | Code::OthersWait) {
                problem.next =
                    "Stand in line with --wait, or try again when somebody has signed off."
                        .to_owned();
            }
            problem.into()
        }
        Outcome::Waiting { .. } | Outcome::Passed | Outcome::Unknown | Outcome::Seat { .. } => {
            Failure::unexpected()
        }
        Outcome::PlaceEnded { end } => {
            refused(format!("Your place in line has ended: {end}."), "Try again with --wait.")
        }
        Outcome::Ended { end, .. } => {
            refused(format!("The seat has already ended: {}.", end.reason), "Try again.")
        }
        Outcome::Cancelled => refused("You left the line, or signed off elsewhere.".to_owned(), ""),
    }
}
