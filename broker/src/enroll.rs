//! Enrolment: a machine trades an invitation, good for one use, for a credential of its own.

use std::path::Path;
use std::time::Duration;

use hotseat_protocol::api::{Enroll, Enrolled};
use hotseat_protocol::ids::{MachineId, Secret};
use hotseat_protocol::problem::Problem;
use thiserror::Error;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::platform;
use crate::pool_link::tls_advice;
use crate::server_url::ServerUrl;
use crate::store::{LinkFile, Machine, StoreError};

const PATH: &str = "/api/v1/machines/enroll";

/// The server hashes a credential and writes a record: ten times what a busy one needs.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// An answer has two short texts; more is not one.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

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
        what = tls_advice(&**cause).map_or("cannot be reached", |(what, _)| what),
        next = tls_advice(&**cause).map_or("Check the address and that it runs", |(_, next)| next)
    )]
    Unreachable {
        /// Which.
        server: ServerUrl,
        /// Why.
        cause: Box<ureq::Error>,
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

/// Enrols this machine and writes down who it is. Blocks.
///
/// The invitation is used up when this succeeds. Whether the result can be written is tried
/// first, so that an invitation is not lost to a full disk.
///
/// # Errors
///
/// See [`EnrolError`]; nothing is written then.
pub fn enroll(dir: &Path, enrolment: Enrolment) -> Result<MachineId, EnrolError> {
    let Enrolment { server, invitation, name, force } = enrolment;
    let invitation = Secret::new(invitation.expose().trim());
    if invitation.expose().is_empty() {
        return Err(EnrolError::NoInvitation);
    }
    Machine::may_write(dir, force)?;
    let name = name.unwrap_or_else(platform::host_name);
    let answer = ask(&server, &Enroll { invitation, name })?;
    let machine = Machine {
        id: answer.machine,
        credential: answer.credential,
        server_url: server.to_string(),
    };
    LinkFile::clear_damaged(dir, machine.id)?;
    machine.write(dir)?;
    Ok(machine.id)
}

fn ask(server: &ServerUrl, enroll: &Enroll) -> Result<Enrolled, EnrolError> {
    let unreachable =
        |cause| EnrolError::Unreachable { server: server.clone(), cause: Box::new(cause) };
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(ANSWER_WITHIN))
        .http_status_as_error(false)
        // An invitation is shown to the server that was named, and to no other.
        .max_redirects(0)
        .tls_config(TlsConfig::builder().root_certs(trusted()).build())
        .build()
        .into();
    let request = agent.post(server.at(PATH));
    let mut response = request.send_json(enroll).map_err(unreachable)?;
    let status = response.status();
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
    let text = body.read_to_string().map_err(unreachable)?;
    let strange = || EnrolError::Strange { server: server.clone(), status: status.as_u16() };
    if status.is_success() {
        return serde_json::from_str(&text).map_err(|_| strange());
    }
    match serde_json::from_str(&text) {
        Ok(problem) => Err(EnrolError::Refused { server: server.clone(), problem }),
        Err(_) => Err(strange()),
    }
}

/// Whom the link trusts: what this computer trusts, the company's own authority included, or what
/// `SSL_CERT_FILE` and `SSL_CERT_DIR` name; where there is nothing of the kind, the public
/// authorities.
fn trusted() -> RootCerts {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "some of this computer's trusted certificates cannot be read");
    }
    if found.certs.is_empty() {
        return RootCerts::WebPki;
    }
    found.certs.iter().map(|cert| Certificate::from_der(cert).to_owned()).into()
}
