//! The conversation with the broker that every verb has.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hotseat_ipc::client::{Client, Pushes};
use hotseat_ipc::socket;
use hotseat_protocol::ids::PoolId;
use hotseat_protocol::ipc::{Hello, LinkState, PoolState, Reply, Request, ResumeKey, Role, View};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_protocol::version::PROTOCOL_VERSION;

use crate::args::Common;
use crate::failure::Failure;
use crate::output::Output;
use crate::words;

/// The program's version, for people.
pub(crate) const PROGRAM: &str = concat!("hotseat ", env!("CARGO_PKG_VERSION"));

/// Between attempts to reach a broker that restarts: its grace is 10 s, which leaves room for many attempts.
pub(crate) const RECONNECT_EVERY: Duration = Duration::from_millis(250);

/// Where the broker is looked for, and what is told about the session.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    paths: Vec<PathBuf>,
    display: Option<String>,
}

impl Place {
    /// From the command line and the environment.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where this program reads the environment"
    )]
    pub(crate) fn new(common: &Common) -> Self {
        // An empty variable is an unset one.
        let path = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let text = |name| path(name).and_then(|value| value.into_string().ok());
        let socket = common.socket.clone().or_else(|| path("HOTSEAT_SOCKET").map(PathBuf::from));
        let paths = match socket {
            Some(socket) => vec![socket],
            None => socket::usual_places(path("XDG_RUNTIME_DIR").as_deref().map(Path::new)),
        };
        Self { paths, display: text("WAYLAND_DISPLAY").or_else(|| text("DISPLAY")) }
    }

    /// Connects in a role.
    pub(crate) async fn connect(
        &self,
        role: Role,
        resume: Vec<ResumeKey>,
    ) -> Result<(Client, Pushes), Failure> {
        let hello = Hello {
            version: PROTOCOL_VERSION,
            program: PROGRAM.to_owned(),
            role,
            display: self.display.clone(),
            resume,
        };
        Ok(Client::connect(&self.paths, hello).await?)
    }
}

/// Asks; a problem is a failure.
pub(crate) async fn ask(client: &Client, request: Request) -> Result<Reply, Failure> {
    let acts = changes_something(&request);
    match client.ask(request).await? {
        Reply::Problem { problem } => Err(problem.into()),
        reply => {
            if acts {
                Output::acted();
            }
            Ok(reply)
        }
    }
}

/// Whether what was answered well stays so when this program ends.
fn changes_something(request: &Request) -> bool {
    match request {
        Request::LogIn { .. }
        | Request::LogOut
        | Request::SignOn { .. }
        | Request::SignOff { .. }
        | Request::LeaveLine { .. }
        | Request::AcceptOffer { .. }
        | Request::DeclineOffer { .. }
        | Request::Keep { .. } => true,
        Request::View
        | Request::Subscribe
        | Request::Check { .. }
        | Request::AcknowledgeLoss { .. }
        | Request::Doctor
        | Request::Goodbye
        | Request::OpenWindow
        | Request::Unknown => false,
    }
}

/// Asks for something that is simply done.
pub(crate) async fn done(client: &Client, request: Request) -> Result<(), Failure> {
    match ask(client, request).await? {
        Reply::Done => Ok(()),
        _ => Err(Failure::unexpected()),
    }
}

/// The whole view.
pub(crate) async fn view(client: &Client) -> Result<View, Failure> {
    match ask(client, Request::View).await? {
        Reply::View { view } => Ok(view),
        _ => Err(Failure::unexpected()),
    }
}

/// Sees that a name was not mistyped, as far as that can be told: what is to be given back is given
/// back also while the pool is silent and this computer knows of no pool.
pub(crate) fn check_name(view: &View, id: &PoolId) -> Result<(), Failure> {
    if view.link == LinkState::Up { pool(view, id).map(|_| ()) } else { Ok(()) }
}

/// One pool of a view.
pub(crate) fn pool<'a>(view: &'a View, id: &PoolId) -> Result<&'a PoolState, Failure> {
    let found = view.pools.iter().find(|state| state.pool.id == *id);
    found.ok_or_else(|| {
        let known: Vec<&str> = view.pools.iter().map(|state| state.pool.id.as_str()).collect();
        let next = match known.as_slice() {
            // Whether there is such a pool, nobody can tell here.
            [] if view.link != LinkState::Up => {
                let said = words::link(&view.link).unwrap_or_default();
                let next = "`hotseat doctor` says what is wrong.";
                return Problem::new(Code::PoolUnreachable, said, next).into();
            }
            [] => "This computer is shown no pool: ask your administrator.".to_owned(),
            known => format!("This computer knows: {}.", known.join(", ")),
        };
        Problem::new(Code::NotFound, format!("There is no pool {id}."), next).into()
    })
}
