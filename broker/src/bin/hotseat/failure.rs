//! Why a verb did not do what it was asked: what to print, and the exit code.

use std::io::ErrorKind;

use hotseat_ipc::client::ClientError;
use hotseat_ipc::socket::ConnectError;
use hotseat_protocol::problem::{Code, Problem};

/// Exit codes; see the command's help.
pub(crate) mod exit {
    /// Done, or held.
    pub(crate) const DONE: u8 = 0;
    /// Any other failure.
    pub(crate) const FAILED: u8 = 1;
    /// Refused, or not held.
    pub(crate) const REFUSED: u8 = 3;
    /// The broker cannot be reached.
    pub(crate) const NO_BROKER: u8 = 4;
    /// The pool cannot be reached.
    pub(crate) const NO_POOL: u8 = 5;
    /// Nobody is logged in.
    pub(crate) const NOT_LOGGED_IN: u8 = 6;
    /// There is no desktop session for the seat to hang on.
    pub(crate) const NO_SESSION: u8 = 7;
    /// Added to the codes above by `run` for its own failures.
    pub(crate) const RUN_BASE: u8 = 110;
    /// `run`: the seat was lost and the program stopped.
    pub(crate) const LOST: u8 = 118;
    /// `run`: the program cannot be run, as shells say it.
    pub(crate) const NOT_RUN: u8 = 126;
    /// `run`: there is no such program, as shells say it.
    pub(crate) const NO_PROGRAM: u8 = 127;
    /// Ctrl-C while waiting.
    pub(crate) const INTERRUPTED: u8 = 130;
}

/// A verb that did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub code: u8,
    /// What to say.
    pub problem: Problem,
}

impl Failure {
    /// A failure without a code of its own.
    pub(crate) fn other(detail: impl Into<String>, next: impl Into<String>) -> Self {
        Self { code: exit::FAILED, problem: Problem::new(Code::Internal, detail, next) }
    }

    /// The broker answered with something that this version does not know.
    pub(crate) fn unexpected() -> Self {
        let detail = "Hotseat's service answered in a way that this command does not understand.";
        let next = "Update both to the same version, and restart the service.";
        Self { code: exit::FAILED, problem: Problem::new(Code::AnotherVersion, detail, next) }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let code = match problem.code {
            code if code.is_refusal() => exit::REFUSED,
            Code::PoolUnreachable | Code::NotEnrolled => exit::NO_POOL,
            Code::NotLoggedIn => exit::NOT_LOGGED_IN,
            Code::NoSession => exit::NO_SESSION,
            _ => exit::FAILED,
        };
        // What the pool server tells programs about its documents helps nobody who types.
        let next = match problem.code {
            Code::Invalid => "`hotseat help` shows what can be typed.".to_owned(),
            _ => problem.next,
        };
        Self { code, problem: Problem { next, ..problem } }
    }
}

/// What helps when a socket is there, or should be, and cannot be connected to.
#[expect(clippy::wildcard_enum_match_arm, reason = "for the other errors one advice is enough")]
fn socket_advice(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::PermissionDenied => {
            "You may not open this socket: it is another user's, or its directory is."
        }
        ErrorKind::InvalidInput | ErrorKind::InvalidFilename => {
            "The path of a socket has at most 107 bytes: check --socket and HOTSEAT_SOCKET."
        }
        ErrorKind::NotADirectory => {
            "A part of this path is not a directory: check --socket and HOTSEAT_SOCKET."
        }
        ErrorKind::WouldBlock | ErrorKind::ConnectionReset => {
            "The service has too much to do or was just restarted: try again in a moment."
        }
        _ => "Check --socket and HOTSEAT_SOCKET: they name the service's socket.",
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let (detail, next) = match &error {
            ClientError::Connect(ConnectError::NoBroker(paths)) if matches!(paths.as_slice(), [path] if path.is_dir()) => {
                (
                    format!("Cannot connect: {error}, which is a directory."),
                    "Name the socket in it: check --socket and HOTSEAT_SOCKET.",
                )
            }
            ClientError::Connect(ConnectError::NoBroker(_)) => (
                format!("Hotseat's service is not running: {error}."),
                "Start it (systemctl start hotseat-broker), or name its socket with --socket.",
            ),
            ClientError::Connect(ConnectError::Untrusted { .. }) => (
                format!("{error}."),
                "Do not use this socket. Ask the administrator of this computer who made it.",
            ),
            ClientError::Connect(ConnectError::Failed { source, .. }) => {
                (format!("{error}: {source}."), socket_advice(source.kind()))
            }
            ClientError::AnotherVersion { .. } => {
                (format!("{error}."), "Update both to the same version, and restart the service.")
            }
            ClientError::Refused(problem) => {
                return Self { code: exit::NO_BROKER, problem: problem.clone() };
            }
            ClientError::Closed | ClientError::Silent | ClientError::Frame(_) => {
                (format!("{error}."), "Try again; if it stays so, look into the service's log.")
            }
        };
        Self { code: exit::NO_BROKER, problem: Problem::new(Code::Unavailable, detail, next) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_no_socket_can_have_is_told_with_what_helps() {
        let failed = |kind: ErrorKind| {
            let path = "/long".into();
            Failure::from(ClientError::Connect(ConnectError::Failed { path, source: kind.into() }))
        };
        for (kind, help) in [
            (ErrorKind::InvalidInput, "107 bytes"),
            (ErrorKind::NotADirectory, "not a directory"),
            (ErrorKind::PermissionDenied, "may not open"),
        ] {
            let failure = failed(kind);
            assert_eq!(failure.code, exit::NO_BROKER);
            assert!(failure.problem.next.contains(help), "{}", failure.problem);
        }
    }

    #[test]
    fn a_directory_in_place_of_a_socket_is_no_service_to_start() {
        let directory = tempfile::tempdir().unwrap();
        let paths = vec![directory.path().to_owned()];
        let failure = Failure::from(ClientError::Connect(ConnectError::NoBroker(paths)));
        assert_eq!(failure.code, exit::NO_BROKER);
        assert!(failure.problem.detail.contains("is a directory"), "{}", failure.problem);
        assert!(!failure.problem.next.contains("systemctl"), "{}", failure.problem);
    }
}
