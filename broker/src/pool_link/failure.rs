//! Why there is no link, in words for people.

use std::time::Duration;

use hotseat_protocol::problem::{Code, Problem};
use rustls::CertificateError;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::http::{Response, header};

use crate::reach::ReachError;
use crate::server_url::ServerUrl;

/// Why a link ended or was never made.
#[derive(Debug)]
pub(super) enum Failure {
    /// There is no connection to the pool server.
    Unreached(Box<ReachError>),
    /// The WebSocket failed.
    Socket(Box<Error>),
    /// Something did not come in time; says what.
    Silent(&'static str),
    /// The pool said no.
    Refused(Box<Problem>),
    /// The pool sent something that is not the protocol; says what.
    Strange(String),
    /// The pool closed the link.
    Closed,
    /// Messages were lost because the pool did not read.
    Behind,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if matches!(error, Error::ConnectionClosed | Error::AlreadyClosed) {
            return Self::Closed;
        }
        Self::Socket(Box::new(error))
    }
}

impl From<ReachError> for Failure {
    fn from(error: ReachError) -> Self {
        Self::Unreached(Box::new(error))
    }
}

impl Failure {
    /// How long the pool server asks to wait.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let Self::Socket(error) = self else {
            return None;
        };
        let Error::Http(response) = &**error else {
            return None;
        };
        let seconds = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
        seconds.trim().parse().ok().map(Duration::from_secs)
    }

    /// The failure for people.
    pub(super) fn problem(&self, server: &ServerUrl) -> Problem {
        let unreachable = |what: String| {
            Problem::new(
                Code::PoolUnreachable,
                format!("The pool server {server} {what}."),
                "The broker keeps trying; ask an administrator whether the pool server runs.",
            )
        };
        match self {
            Self::Unreached(error) => match error.tls_failure().and_then(tls_advice) {
                Some((what, next)) => {
                    let detail = format!("The pool server {server} {what}: {error}.");
                    Problem::new(Code::PoolUnreachable, detail, next)
                }
                None => unreachable(format!("cannot be reached: {error}")),
            },
            Self::Refused(problem) => (**problem).clone(),
            Self::Silent(what) => unreachable(format!("did not {what} in time")),
            Self::Strange(what) => unreachable(format!("does not speak our protocol: {what}")),
            Self::Closed => unreachable("closed the link".to_owned()),
            Self::Behind => unreachable("did not read what it was sent".to_owned()),
            Self::Socket(error) => {
                if let Error::Http(response) = &**error {
                    return answered(server, response);
                }
                if let Some((what, next)) = tls_advice(&**error) {
                    let detail = format!("The pool server {server} {what}: {error}.");
                    return Problem::new(Code::PoolUnreachable, detail, next);
                }
                if let Error::Io(error) = &**error {
                    return unreachable(format!("cannot be reached: {error}"));
                }
                unreachable(format!("cannot be talked to: {error}"))
            }
        }
    }
}

/// What is wrong and what helps, where the two ends cannot agree on TLS: that the server runs is
/// certain then.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what the TLS library tells beside has one advice"
)]
pub(crate) fn tls_advice(
    error: &(dyn std::error::Error + 'static),
) -> Option<(&'static str, &'static str)> {
    let (what, next) = match rustls_error(error)? {
        rustls::Error::InvalidCertificate(why) => match why {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => (
                "shows a certificate that is not valid today",
                "Check this computer's date; if it is right, the server needs a new certificate.",
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                (
                    "shows a certificate for another name",
                    "Use the name in the certificate as the server's address.",
                )
            }
            _ => (
                "shows a certificate that this computer does not trust",
                "Install the certificate authority that signed it on this computer, or name its \
                 file in SSL_CERT_FILE.",
            ),
        },
        rustls::Error::InvalidMessage(_) => (
            "does not speak TLS",
            "Check the address and its port; https:// needs a server, or a proxy before it, with \
             a certificate.",
        ),
        _ => (
            "cannot agree with this computer on TLS",
            "Check what stands between this computer and the pool server, and update the older end.",
        ),
    };
    Some((what, next))
}

/// The error of the TLS library that another one wraps.
fn rustls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(error);
    }
    // An I/O error's source is the source of what it wraps, not that itself.
    if let Some(wrapped) = error.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref()) {
        return rustls_error(wrapped);
    }
    rustls_error(error.source()?)
}

/// There is no link yet with the pool server of a new enrolment.
pub(super) fn enrolled_anew(server: &ServerUrl) -> Problem {
    Problem::new(
        Code::PoolUnreachable,
        format!("This computer has just been enrolled with {server}."),
        "The broker links to it in a moment.",
    )
}

/// The pool server answered, but not with a WebSocket.
fn answered(server: &ServerUrl, response: &Response<Option<Vec<u8>>>) -> Problem {
    let body = response.body().as_deref().unwrap_or_default();
    if let Ok(problem) = serde_json::from_slice::<Problem>(body) {
        return problem;
    }
    let status = response.status();
    let (code, next) = match status.as_u16() {
        401 | 403 => (
            Code::NotAuthenticated,
            "Enrol this machine again, with a new invitation: \
             `hotseat-broker enroll --force --server URL`.",
        ),
        _ => (
            Code::PoolUnreachable,
            "Ask an administrator whether this is the pool server's address.",
        ),
    };
    Problem::new(code, format!("{server} answered {status}."), next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(status: u16, body: &str) -> Failure {
        let response = Response::builder()
            .status(status)
            .header(header::RETRY_AFTER, "7")
            .body(Some(body.as_bytes().to_vec()))
            .unwrap();
        Failure::Socket(Box::new(Error::Http(Box::new(response))))
    }

    fn server() -> ServerUrl {
        "https://seats.example".parse().unwrap()
    }

    #[test]
    fn the_pool_servers_own_words_come_first() {
        let said = Problem::new(Code::MachineRevoked, "Revoked.", "Ask.");
        let body = serde_json::to_string(&said).unwrap();
        assert_eq!(http(401, &body).problem(&server()), said);
    }

    #[test]
    fn an_answer_without_words_is_named_with_the_next_step() {
        let problem = http(401, "<html>").problem(&server());
        assert_eq!(problem.code, Code::NotAuthenticated);
        assert!(problem.next.contains("enroll"), "{problem}");
        let problem = http(404, "").problem(&server());
        assert_eq!(problem.code, Code::PoolUnreachable);
        assert!(problem.detail.contains("404"), "{problem}");
    }

    #[test]
    fn an_error_of_tls_is_told_with_what_helps() {
        use rustls::{CertificateError, Error as Tls, InvalidMessage};

        let named = |tls: Tls| {
            let io = std::io::Error::new(std::io::ErrorKind::InvalidData, tls);
            Failure::Socket(Box::new(Error::Io(io))).problem(&server())
        };
        for (tls, help) in [
            (Tls::InvalidCertificate(CertificateError::UnknownIssuer), "SSL_CERT_FILE"),
            (Tls::InvalidCertificate(CertificateError::Expired), "date"),
            (Tls::InvalidCertificate(CertificateError::NotValidForName), "name in the cert"),
            (Tls::InvalidMessage(InvalidMessage::InvalidContentType), "port"),
            (Tls::PeerIncompatible(rustls::PeerIncompatible::NoCipherSuitesInCommon), "older"),
        ] {
            let problem = named(tls);
            assert_eq!(problem.code, Code::PoolUnreachable);
            assert!(problem.next.contains(help), "{problem}");
        }
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let problem = Failure::Socket(Box::new(Error::Io(refused))).problem(&server());
        assert!(problem.next.contains("whether the pool server runs"), "{problem}");
    }

    #[test]
    fn patience_is_read_from_the_answer() {
        assert_eq!(http(503, "").retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(Failure::Closed.retry_after(), None);
    }
}
