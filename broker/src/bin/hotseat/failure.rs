//! Why a verb did not do what it was asked: what to print, and the exit code.

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

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let (detail, next) = match &error {
            ClientError::Connect(ConnectError::NoBroker(_)) => (
                format!("Hotseat's service is not running: {error}."),
                "Start it (systemctl start hotseat-broker), or name its socket with --socket.",
            ),
            ClientError::Connect(ConnectError::Untrusted { .. }) => (
                format!("{error}."),
                "Do not use this socket. Ask the administrator of this computer who made it.",
            ),
            ClientError::Connect(ConnectError::Failed { source, .. }) => (
                format!("{error}: {source}."),
                if source.kind() == std::io::ErrorKind::PermissionDenied {
                    "You may not open this socket: it is another user's, or its directory is."
                } else {
                    "Name the service's socket with --socket."
                },
            ),
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
