//! Callers over REST, such as an application server's log-in page: each keeps at most one seat,
//! repeats what was not answered under the same request id, and sometimes gives up. Some stand in
//! line when there is no seat for them (`waiters.rs`).

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use hotseat_protocol::ids::{RequestId, SeatRef};
use serde_json::{Value, json};

use super::clock;
use super::history::{Micros, Op, What};
use super::shared::Shared;
use crate::http::{Answer, Client};
use crate::pool_server::POOL;
use crate::sim::random::Random;

/// The way in of all callers; its session time-out is [`super::CALLS_LEASE`].
pub(super) const CLIENT: &str = "web";
/// A caller waits so long for an answer before it repeats.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Of 100 questions without an answer, so many are not repeated.
const GIVES_UP: u64 = 10;
/// The longest pause between two questions, in ms.
const THINKS_MS: u64 = 30;

/// One caller.
pub(super) struct Caller<'a> {
    pub(super) number: usize,
    /// For whom it asks.
    pub(super) user: &'static str,
    /// Whether it stands in line. Only then is it the only one that asks for this user, who has one
    /// place at most.
    pub(super) waits: bool,
    pub(super) client: Client,
    pub(super) random: Random,
    pub(super) shared: &'a Shared,
    /// What it asked and heard.
    pub(super) ops: Vec<Op>,
}

/// The seat that a caller keeps.
#[derive(Debug, Clone)]
pub(super) struct Mine {
    pub(super) seat: SeatRef,
    /// The epoch before, if it signed on again.
    pub(super) older: Option<SeatRef>,
    pub(super) session: String,
}

impl Caller<'_> {
    /// Asks until the storm is over.
    ///
    /// # Errors
    /// If an answer comes that nobody could expect.
    pub(super) fn run(mut self) -> Result<Vec<Op>> {
        let mut mine: Option<Mine> = None;
        while !self.shared.is_over() {
            mine = match mine.take() {
                None => self.without_a_seat()?,
                Some(mine) => self.with_a_seat(mine)?,
            };
            self.think();
        }
        if let Some(mine) = mine {
            self.sign_off(mine.seat)?;
        }
        Ok(self.ops)
    }

    fn without_a_seat(&mut self) -> Result<Option<Mine>> {
        if self.random.chance(25) {
            self.check()?;
            return Ok(None);
        }
        let session = format!("{:032x}", self.random.wide());
        if self.waits { self.stand_in_line(session) } else { self.sign_on(session, None) }
    }

    fn with_a_seat(&mut self, mine: Mine) -> Result<Option<Mine>> {
        match self.random.between(1, 100) {
            1..=40 => {
                let lives = self.renew(mine.seat)?;
                Ok(lives.then_some(mine))
            }
            41..=50 => {
                if let Some(older) = mine.older {
                    self.renew(older)?;
                }
                Ok(Some(mine))
            }
            51..=60 => {
                self.check()?;
                Ok(Some(mine))
            }
            61..=70 => self.sign_on(mine.session, Some(mine.seat)),
            // It forgets its seat, which ends by itself.
            71..=75 => Ok(None),
            _ => {
                self.sign_off(mine.seat)?;
                Ok(None)
            }
        }
    }

    /// Signs on; to the seat that it has, if it has one.
    fn sign_on(&mut self, session: String, older: Option<SeatRef>) -> Result<Option<Mine>> {
        let request = RequestId::from_random(self.random.wide());
        let body = json!({
            "request_id": request, "client": CLIENT, "user": self.user, "session": session,
        });
        let asked = clock::micros();
        let lives_until = lives_until(asked);
        for attempt in 1u32.. {
            let answer = self.client.post(&format!("/api/v1/pools/{POOL}/seats"), &body);
            let returned = clock::micros();
            let answer = match answer {
                Ok(answer) if !comes_later(&answer) => answer,
                _ if self.gives_up()? => break,
                _ => continue,
            };
            match answer.status {
                200 | 201 if answer.body["became"] == "seat" => {
                    let seat = seat(&answer.body)?;
                    self.note(asked, Some(returned), What::Granted { seat, lives_until });
                    return Ok(Some(Mine { seat, older, session }));
                }
                // It was granted, and ended before that was heard.
                200 | 201 | 410 => break,
                409 => {
                    // A repeat tells the numbers of later.
                    let first = attempt == 1;
                    let in_use = if first { Some(in_use(&answer.body)?) } else { None };
                    let refused = match answer.body["code"].as_str() {
                        Some("pool_full") => What::Full { in_use },
                        Some("others_wait") => What::OthersWait { in_use },
                        _ => bail!("a sign-on was answered {answer:?}"),
                    };
                    self.note(asked, Some(returned), refused);
                    // The seat that it had before is over: else it would have been returned.
                    return Ok(None);
                }
                _ => bail!("a sign-on was answered {answer:?}"),
            }
        }
        self.note(asked, None, What::MayBeGranted { lives_until });
        Ok(None)
    }

    fn renew(&mut self, seat: SeatRef) -> Result<bool> {
        let body = json!([{ "id": seat.id, "epoch": seat.epoch }]);
        loop {
            let asked = clock::micros();
            let answer = self.client.post("/api/v1/seats/renew", &body);
            let returned = clock::micros();
            let answer = match answer {
                Ok(answer) if !comes_later(&answer) => answer,
                _ if self.gives_up()? => return Ok(true),
                _ => continue,
            };
            if answer.status != 200 {
                bail!("a renewal was answered {answer:?}");
            }
            let lives = answer.body[0]["lease_ms"].is_u64();
            let lives_until = lives_until(asked);
            let what =
                if lives { What::Renewed { seat, lives_until } } else { What::Gone { seat } };
            self.note(asked, Some(returned), what);
            return Ok(lives);
        }
    }

    fn sign_off(&mut self, seat: SeatRef) -> Result<()> {
        let asked = clock::micros();
        loop {
            let path = format!("/api/v1/seats/{}?epoch={}", seat.id, seat.epoch);
            let answer = self.client.delete(&path);
            let returned = clock::micros();
            match answer {
                Ok(answer) if answer.status == 204 => {
                    self.note(asked, Some(returned), What::SignedOff { seat });
                    return Ok(());
                }
                Ok(answer) if !comes_later(&answer) => bail!("a sign-off was answered {answer:?}"),
                _ if self.gives_up()? => break,
                _ => {}
            }
        }
        self.note(asked, None, What::MayBeReleased { seat });
        Ok(())
    }

    fn check(&mut self) -> Result<()> {
        loop {
            let request = RequestId::from_random(self.random.wide());
            let body = json!({ "request_id": request, "client": CLIENT, "user": self.user });
            let asked = clock::micros();
            let answer = self.client.post(&format!("/api/v1/pools/{POOL}/checks"), &body);
            let returned = clock::micros();
            let answer = match answer {
                Ok(answer) if !comes_later(&answer) => answer,
                // What was not answered says nothing, and changed nothing.
                _ if self.gives_up()? => return Ok(()),
                _ => continue,
            };
            let what = match answer.status {
                200 => What::Passed,
                409 if answer.body["code"] == "pool_full" => {
                    What::CheckedFull { in_use: in_use(&answer.body)? }
                }
                409 if answer.body["code"] == "others_wait" => {
                    What::CheckedOthersWait { in_use: in_use(&answer.body)? }
                }
                _ => bail!("a check was answered {answer:?}"),
            };
            self.note(asked, Some(returned), what);
            return Ok(());
        }
    }

    pub(super) fn note(&mut self, invoked: Micros, returned: Option<Micros>, what: What) {
        self.shared.count(&what);
        self.ops.push(Op { client: self.number, invoked, returned, what });
    }

    /// After a question without an answer: whether it is not repeated.
    fn gives_up(&mut self) -> Result<bool> {
        self.pause_before_a_repeat()?;
        Ok(self.random.chance(GIVES_UP) && !self.shared.is_over())
    }

    /// Between a question without an answer and its repeat.
    pub(super) fn pause_before_a_repeat(&mut self) -> Result<()> {
        self.shared.goes_on()?;
        thread::sleep(Duration::from_millis(self.random.between(5, THINKS_MS)));
        Ok(())
    }

    pub(super) fn think(&mut self) {
        thread::sleep(Duration::from_millis(self.random.between(0, THINKS_MS)));
    }
}

/// The server could not answer now.
pub(super) fn comes_later(answer: &Answer) -> bool {
    matches!(answer.status, 429 | 500..)
}

/// The earliest end of a seat by itself after a question was asked.
pub(super) fn lives_until(asked: Micros) -> Micros {
    asked + super::micros(super::CALLS_LEASE) - clock::ROUNDING
}

pub(super) fn seat(body: &Value) -> Result<SeatRef> {
    let part = |name: &str| body[name].as_str().with_context(|| format!("no {name} in {body}"));
    Ok(SeatRef { id: part("id")?.parse()?, epoch: part("epoch")?.parse()? })
}

fn in_use(body: &Value) -> Result<u32> {
    let number = body["in_use"].as_u64().with_context(|| format!("no in_use in {body}"))?;
    Ok(u32::try_from(number)?)
}
