//! Enrolment: a machine trades an invitation, good for one use, for a credential of its own.

use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use hotseat_protocol::api::{Enroll, Enrolled};
use hotseat_protocol::bounded_text::{DisplayName, InvitationText, TextError};
use hotseat_protocol::ids::{MachineId, Secret};
use hotseat_protocol::problem::Problem;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use thiserror::Error;

use crate::platform;
use crate::pool_link::tls_advice;
use crate::reach::{Reach, ReachError, Wire};
use crate::server_url::ServerUrl;
use crate::store::{LinkFile, Machine, StoreError};

const PATH: &str = "/api/v1/machines/enroll";

/// The server hashes a credential and writes a record: ten times what a busy one needs.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// An answer has two short texts; more is not one.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// What is traded with whom.
#[derive(Debug)]
pub struct Enrolment {
    /// The pool server.
    pub server: ServerUrl,
    /// The invitation.
    pub invitation: Secret,
    /// What people call this machine; its own name when none.
    pub name: Option<String>,
    /// Whether an earlier enrolment is replaced.
    pub force: bool,
}

/// Why the machine is not enrolled.
#[derive(Debug, Error)]
pub enum EnrolError {
    /// The state directory cannot be used, or the machine is enrolled already.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There was no invitation.
    #[error(
        "there is no invitation. Make one with `hotseat-pool machine invite` on the pool server \
         and give it to standard input or in a file with --token-file"
    )]
    NoInvitation,
    /// The invitation or the name cannot be one.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The pool server said no.
    #[error("the pool server {server} did not enrol this machine: {problem}")]
    Refused {
        /// Which.
        server: ServerUrl,
        /// Why.
        problem: Problem,
    },
    /// The pool server cannot be reached.
    #[error(
        "the pool server {server} {what}: {cause}. {next}",
        what = cause.tls_failure().and_then(tls_advice).map_or("cannot be reached", |(what, _)| what),
        next = cause.tls_failure().and_then(tls_advice).map_or("Check the address and that it runs", |(_, next)| next)
    )]
    Unreachable {
        /// Which.
        server: ServerUrl,
        /// Why.
        cause: ReachError,
    },
    /// The pool server was reached and did not answer.
    #[error("the pool server {server} did not answer: {why}. Check the address and that it runs")]
    Unanswered {
        /// Which.
        server: ServerUrl,
        /// Why.
        why: String,
    },
    /// Something else answered.
    #[error(
        "{server} answered with status {status}, not as a pool server does. \
         Check the address"
    )]
    Strange {
        /// Which.
        server: ServerUrl,
        /// The HTTP status.
        status: u16,
    },
}

/// Enrols this machine and writes down who it is. Blocks while it writes.
///
/// The invitation is used up when this succeeds. Whether what is there can be replaced, and the
/// result written, is tried first, so that an invitation is not lost to a full disk.
///
/// # Errors
///
/// See [`EnrolError`]; nothing is written then.
pub async fn enroll(
    dir: &Path,
    enrolment: Enrolment,
    reach: &Reach,
) -> Result<MachineId, EnrolError> {
    let Enrolment { server, invitation, name, force } = enrolment;
    let invitation = Secret::new(invitation.expose().trim());
    if invitation.expose().is_empty() {
        return Err(EnrolError::NoInvitation);
    }
    let invitation = InvitationText::new(invitation)?;
    let name = match name {
        Some(name) => DisplayName::new(&name)?,
        // Whatever the operating system calls it.
        None => DisplayName::clamped(&platform::host_name()),
    };
    Machine::may_write(dir, force)?;
    LinkFile::may_clear_damaged(dir)?;
    let answer = ask(&server, &Enroll { invitation, name }, reach).await?;
    let machine = Machine {
        id: answer.machine,
        credential: answer.credential,
        server_url: server.to_string(),
    };
    LinkFile::clear_damaged(dir)?;
    machine.write(dir)?;
    Ok(machine.id)
}

async fn ask(server: &ServerUrl, enroll: &Enroll, reach: &Reach) -> Result<Enrolled, EnrolError> {
    let unanswered = |why: String| EnrolError::Unanswered { server: server.clone(), why };
    let asking = async {
        let opened = reach.open(server).await;
        let wire =
            opened.map_err(|cause| EnrolError::Unreachable { server: server.clone(), cause })?;
        exchange(wire, server, enroll).await.map_err(unanswered)
    };
    let asked = tokio::time::timeout(ANSWER_WITHIN, asking).await;
    let late = |_| unanswered(format!("nothing came within {} s", ANSWER_WITHIN.as_secs()));
    let (status, body) = asked.map_err(late)??;
    let strange = || EnrolError::Strange { server: server.clone(), status: status.as_u16() };
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(|_| strange());
    }
    match serde_json::from_slice(&body) {
        Ok(problem) => Err(EnrolError::Refused { server: server.clone(), problem }),
        Err(_) => Err(strange()),
    }
}

/// One request and its answer. A redirection is an answer like any other: an invitation is shown
/// to the server that was named, and to no other.
async fn exchange(
    wire: Wire,
    server: &ServerUrl,
    enroll: &Enroll,
) -> Result<(StatusCode, Bytes), String> {
    let body = serde_json::to_vec(enroll).map_err(|error| error.to_string())?;
    let request = Request::post(server.path_of(PATH))
        .header(HOST, server.authority())
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| error.to_string())?;
    let handshake = http1::handshake(TokioIo::new(wire)).await;
    let (mut sender, connection) = handshake.map_err(|error| error.to_string())?;
    let asking = async {
        let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        Ok((status, body.map_err(|error| error.to_string())?.to_bytes()))
    };
    let (mut asking, mut connection) = (pin!(asking), pin!(connection));
    tokio::select! {
        biased;
        answer = &mut asking => answer,
        // What had come before it ended is still there to be read.
        _ = &mut connection => asking.await,
    }
}
