//! Programs on machines: each takes a seat from its broker, looks whether it is held, and gives it
//! back; its broker is killed under it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use hotseat_ipc::client::Client;
use hotseat_protocol::ids::{PoolId, RequestId, SeatRef};
use hotseat_protocol::ipc::{Hello, MySeat, Reply, Request, Role};
use hotseat_protocol::link::Outcome;
use hotseat_protocol::problem::Code;
use hotseat_protocol::version::PROTOCOL_VERSION;

use super::clock;
use super::history::{Micros, Op, What};
use super::shared::Shared;
use crate::pool_server::POOL;
use crate::sim::random::Random;

/// The longest pause between two questions, in ms.
const THINKS_MS: u64 = 40;

/// A broker that has sent a sign-on waits for its answer longer than this, in microseconds; one
/// that says earlier that the pool cannot be reached has not sent it.
const NOT_SENT: Micros = hotseat_broker_core::ANSWER_LIMIT_MS * 1_000 / 2;

/// One program.
pub(super) struct Program<'a> {
    pub(super) number: usize,
    pub(super) socket: PathBuf,
    pub(super) random: Random,
    pub(super) shared: &'a Shared,
    pub(super) ops: Vec<Op>,
    /// Seats whose sign-off the broker acknowledged.
    pub(super) promised: Vec<SeatRef>,
}

/// The connection has ended.
struct Closed;

/// Whether a step could be taken.
type Step<T> = Result<std::result::Result<T, Closed>>;

impl Program<'_> {
    /// Asks until the storm is over.
    ///
    /// # Errors
    /// If an answer comes that nobody could expect.
    pub(super) async fn run(mut self) -> Result<(Vec<Op>, Vec<SeatRef>)> {
        while !self.shared.is_over() {
            let hello = Hello {
                version: PROTOCOL_VERSION,
                program: "storm".into(),
                role: Role::App,
                display: None,
                resume: Vec::new(),
            };
            match Client::connect(std::slice::from_ref(&self.socket), hello).await {
                Ok((client, _pushes)) => {
                    // However it ends: the next connection begins without a seat.
                    let _ = self.work(&client).await?;
                }
                // Its broker was killed and is not back yet.
                Err(_) => self.think().await,
            }
        }
        Ok((self.ops, self.promised))
    }

    /// Takes seats and gives them back, until the connection or the storm ends.
    async fn work(&mut self, client: &Client) -> Step<()> {
        while !self.shared.is_over() {
            let seat = match self.sign_on(client).await? {
                Ok(seat) => seat,
                Err(closed) => return Ok(Err(closed)),
            };
            if let Some(seat) = seat
                && self.use_seat(client, seat).await?.is_err()
            {
                return Ok(Err(Closed));
            }
            self.think().await;
        }
        Ok(Ok(()))
    }

    async fn think(&mut self) {
        tokio::time::sleep(Duration::from_millis(self.random.between(1, THINKS_MS))).await;
    }

    fn note(&mut self, invoked: Micros, returned: Option<Micros>, what: What) {
        self.shared.count(&what);
        self.ops.push(Op { client: self.number, invoked, returned, what });
    }

    async fn sign_on(&mut self, client: &Client) -> Step<Option<SeatRef>> {
        let request = RequestId::from_random(self.random.wide());
        let pool = PoolId::new(POOL)?;
        let asked = clock::micros();
        let question = Request::SignOn { request, pool, client: None, wait: None };
        let reply = client.ask(question).await;
        let returned = clock::micros();
        // Whatever else comes of it is the broker's to give back, at any time from now on.
        let open = What::MayBeGranted { lives_until: asked };
        let Ok(reply) = reply else {
            self.note(asked, None, open);
            return Ok(Err(Closed));
        };
        match reply {
            Reply::Outcome { outcome: Outcome::Seat { seat, .. }, .. } => {
                let lives_until = asked + super::micros(super::LEASE) - clock::ROUNDING;
                self.note(asked, Some(returned), What::Granted { seat, lives_until });
                return Ok(Ok(Some(seat)));
            }
            Reply::Outcome { outcome: Outcome::Refused { problem }, .. } => {
                // Its broker may have repeated the question, and the answer tells of later.
                let refused = if problem.code == Code::PoolFull {
                    What::Full { in_use: None }
                } else if problem.code == Code::OthersWait {
                    What::OthersWait { in_use: None }
                } else {
                    bail!("a program was refused: {problem}");
                };
                self.note(asked, Some(returned), refused);
            }
            Reply::Outcome { .. } => self.note(asked, None, open),
            // Without a link it was never sent; with one the broker waits much longer.
            Reply::Problem { problem }
                if problem.code == Code::PoolUnreachable && returned - asked < NOT_SENT => {}
            Reply::Problem { problem } if is_weather(problem.code) => {
                self.note(asked, None, open);
            }
            other @ (Reply::Done
            | Reply::View { .. }
            | Reply::SignedOff { .. }
            | Reply::LoggedIn { .. }
            | Reply::Health { .. }
            | Reply::Problem { .. }
            | Reply::Unknown) => bail!("a program's sign-on was answered {other:?}"),
        }
        self.think().await;
        Ok(Ok(None))
    }

    /// Uses a seat for a while, then gives it back.
    async fn use_seat(&mut self, client: &Client, seat: SeatRef) -> Step<()> {
        // The connection, and with it the seat, may be over at any time after the last answer.
        let mut last_answer = clock::micros();
        for _ in 0..self.random.between(0, 12) {
            self.think().await;
            let asked = clock::micros();
            let Ok(reply) = client.ask(Request::View).await else {
                self.note(last_answer, None, What::MayBeReleased { seat });
                return Ok(Err(Closed));
            };
            let returned = clock::micros();
            let Reply::View { view } = reply else {
                bail!("a view was answered {reply:?}");
            };
            let seats = view.pools.iter().flat_map(|pool| &pool.seats);
            let mut mine = seats.filter(|found| found.id == seat.id);
            if let Some(mine) = mine.next() {
                last_answer = returned;
                self.note_held(mine, (asked, returned));
            } else {
                self.note(last_answer, None, What::MayBeReleased { seat });
                return Ok(Ok(()));
            }
        }
        self.sign_off(client, seat, last_answer).await
    }

    /// What the broker calls held is a seat that the pool counts, at least until the deadline.
    fn note_held(&mut self, mine: &MySeat, (asked, returned): (Micros, Micros)) {
        if mine.held_at(returned / 1_000 + 1) {
            let seat = SeatRef { id: mine.id, epoch: mine.epoch };
            let lives_until = mine.deadline_boot_ms * 1_000;
            self.note(asked, Some(returned), What::Renewed { seat, lives_until });
        }
    }

    /// The broker acknowledges once the sign-off cannot be lost; the pool hears of it later.
    async fn sign_off(&mut self, client: &Client, seat: SeatRef, last_answer: Micros) -> Step<()> {
        let asked = clock::micros();
        let reply = client.ask(Request::SignOff { pool: None }).await;
        let Ok(reply) = reply else {
            self.note(last_answer, None, What::MayBeReleased { seat });
            return Ok(Err(Closed));
        };
        self.note(asked, None, What::MayBeReleased { seat });
        if !matches!(reply, Reply::SignedOff { .. }) {
            bail!("a program's sign-off was answered {reply:?}");
        }
        self.promised.push(seat);
        Ok(Ok(()))
    }
}

/// What a broker says while it cannot reach the pool, or the pool its journal.
fn is_weather(code: Code) -> bool {
    matches!(code, Code::PoolUnreachable | Code::Unavailable | Code::Internal | Code::TooMany)
}
