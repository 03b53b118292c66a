//! The six clients as the source describes them, and an application server that comes in as each of them.

use anyhow::{Context, Result, bail};
use hotseat_protocol::api::{CheckRequest, NewService, RequestView, SeatRequest};
use hotseat_protocol::bounded_text::UserKey;
use hotseat_protocol::ids::{ClientName, Operation};
use hotseat_tests::http::{Answer, Client};
use hotseat_tests::people::{Person, fresh_request};
use hotseat_tests::pool_server::{POOL, PoolServer};
use serde_json::json;

/// What a client does to the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Takes a seat.
    Hold,
    /// Only looks whether there is one.
    Check,
}

/// One way in, with what it is told when the pool is full.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WayIn {
    /// The client.
    pub(crate) client: &'static str,
    /// Its rule.
    pub(crate) rule: Rule,
    /// What it is doing.
    pub(crate) operation: &'static str,
    /// The fixed message, to the letter.
    pub(crate) message: Option<&'static str>,
}

const fn way(
    client: &'static str,
    rule: Rule,
    operation: &'static str,
    message: Option<&'static str>,
) -> WayIn {
    WayIn { client, rule, operation, message }
}

/// The fixed message of the desktop's client.
pub(crate) const NETWORK_MESSAGE: &str = "there are no concurrent licenses available for use";
const SEND_MESSAGE: &str =
    "could not process ‘Send To CRM’ message: The username or password is incorrect";

/// Every client with every operation.
pub(crate) const WAYS_IN: [WayIn; 8] = [
    way("network", Rule::Hold, "log-in", Some(NETWORK_MESSAGE)),
    way("web", Rule::Hold, "log-in", Some("no Valid Concurrent User license available")),
    way("mobile", Rule::Check, "log-in", Some("the user name or password is invalid")),
    way("xbar", Rule::Check, "log-in", Some("one or more errors occurred")),
    way("outlook", Rule::Check, "log-in", None),
    way("outlook", Rule::Check, "synchronise", None),
    way("outlook", Rule::Check, "send-to-crm", Some(SEND_MESSAGE)),
    way("sdata", Rule::Check, "log-in", None),
];

/// An application server: it may act for people in the pool.
#[derive(Clone, Debug)]
pub(crate) struct ApplicationServer {
    client: Client,
}

impl ApplicationServer {
    /// An application server with a service token of its own.
    ///
    /// # Errors
    /// If the pool server gives it none.
    pub(crate) fn hired(pool: &PoolServer) -> Result<ApplicationServer> {
        let body = json!({"name": "crm", "act_for": true, "pools": [POOL]});
        let answer = pool.admin()?.post("/api/v1/services", &body)?;
        let made: NewService = serde_json::from_value(answer.body.clone())
            .with_context(|| format!("no service token: {answer:?}"))?;
        Ok(ApplicationServer { client: pool.client().with_token(made.token.expose()) })
    }

    /// Comes in for somebody: signs on where the client holds, checks where it only checks.
    ///
    /// # Errors
    /// If no answer comes.
    pub(crate) fn come_in(&self, way: &WayIn, person: &Person) -> Result<Answer> {
        let (path, body) = match way.rule {
            Rule::Hold => ("seats", serde_json::to_value(seat_request(way, person)?)?),
            Rule::Check => ("checks", serde_json::to_value(check_request(way, person)?)?),
        };
        self.client.post(&format!("/api/v1/pools/{POOL}/{path}"), &body)
    }

    /// Gives back a seat that an answer granted.
    ///
    /// # Errors
    /// If the answer grants none or it is not taken back.
    pub(crate) fn give_back(&self, granted: &Answer) -> Result<()> {
        let seat: RequestView = serde_json::from_value(granted.body.clone())?;
        let (Some(id), Some(epoch)) = (seat.id, seat.epoch) else {
            bail!("no seat in {granted:?}");
        };
        let answer = self.client.delete(&format!("/api/v1/seats/{id}?epoch={epoch}"))?;
        if answer.status != 204 {
            bail!("the seat was not given back: {answer:?}");
        }
        Ok(())
    }
}

fn seat_request(way: &WayIn, person: &Person) -> Result<SeatRequest> {
    Ok(SeatRequest {
        request_id: fresh_request(),
        client: ClientName::new(way.client)?,
        operation: Some(Operation::new(way.operation)?),
        user: Some(UserKey::new(person.email)?),
        session: None,
        after_check: None,
        wait: None,
    })
}

fn check_request(way: &WayIn, person: &Person) -> Result<CheckRequest> {
    Ok(CheckRequest {
        request_id: fresh_request(),
        client: ClientName::new(way.client)?,
        operation: Some(Operation::new(way.operation)?),
        user: Some(UserKey::new(person.email)?),
    })
}
