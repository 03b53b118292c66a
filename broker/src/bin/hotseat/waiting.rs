//! A sign-on, and the wait in line that may follow it.

use hotseat_ipc::client::{Client, ClientError, Pushes};
use hotseat_protocol::ids::{ClientName, PoolId, RequestId};
use hotseat_protocol::ipc::{FromBroker, Reply, Request, ResumeKey};
use hotseat_protocol::link::{Accept, Outcome};
use hotseat_protocol::problem::{Code, Problem};

use crate::failure::{Failure, exit};
use crate::fresh;
use crate::output::Output;
use crate::platform::Signals;
use crate::session;

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

/// Asks for a seat and waits in line for it if that is wanted. The connection must be subscribed:
/// each push is a reason to ask what became of the request.
pub(crate) async fn seat(
    client: &Client,
    pushes: &mut Pushes,
    signals: &mut Signals,
    output: Output,
    wanted: &Wanted,
) -> Result<Ended, Failure> {
    let mut told = None;
    loop {
        match session::ask(client, wanted.frame()).await? {
            Reply::Outcome { outcome: Outcome::Waiting { rank, .. }, .. } if wanted.wait => {
                if told != Some(rank) {
                    output.say(&format!("Place {rank} in line. Ctrl-C leaves it."));
                    told = Some(rank);
                }
            }
            Reply::Outcome {
                outcome: outcome @ Outcome::Seat { .. },
                deadline_boot_ms,
                resume,
            } => {
                return Ok(Ended::Got(Got { outcome, deadline_boot_ms, resume }));
            }
            Reply::Outcome { outcome, .. } => return Err(not_seated(outcome, wanted.wait)),
            _ => return Err(Failure::unexpected()),
        }
        tokio::select! {
            pushed = news(pushes) => pushed?,
            signal = signals.next() => {
                return leave(client, wanted).await.map(|()| Ended::Interrupted(signal.exit_code()));
            }
        }
    }
}

/// Waits until something has changed, and takes everything that has arrived by then.
async fn news(pushes: &mut Pushes) -> Result<(), Failure> {
    loop {
        match pushes.next().await {
            Some(FromBroker::Snapshot { .. } | FromBroker::Changed { .. }) => return Ok(()),
            Some(_) => {}
            None => return Err(ClientError::Closed.into()),
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
