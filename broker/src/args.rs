//! What can be typed after `hotseat-broker`.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Args, Command, Parser, Subcommand};
use hotseat_broker::config::Flags;
use hotseat_broker::server_url::ServerUrl;
use hotseat_host::input;

/// Keeps the seats of the people of one computer, and signs them off when they are gone.
///
/// One broker runs on each computer, as a service. Enrol the computer once with
/// `hotseat-broker enroll`, then start the service.
#[derive(Debug, Parser)]
#[command(name = "hotseat-broker", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Serve the programs of this computer, until SIGTERM or Ctrl-C signs everybody off.
    Run(Run),
    /// Make this computer known to a pool server, with an invitation from `hotseat-pool machine
    /// invite`.
    Enroll(Enroll),
}

/// What `run` takes.
#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    places: Places,
    /// The socket at which programs find the broker [usually /run/hotseat/broker.sock].
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
}

/// What `enroll` takes.
#[derive(Debug, Args)]
pub(crate) struct Enroll {
    /// The pool server, for example https://seats.example; http:// only on this computer.
    #[arg(long, value_name = "URL", value_parser = ServerParser)]
    pub(crate) server: ServerUrl,
    /// What people call this computer; its host name when absent.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// A file or pipe with the invitation; standard input when absent. It is never an argument,
    /// because others can read those.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Replace an earlier enrolment. A broker that runs signs everybody off from the pool server of
    /// before; people log in again.
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) places: Places,
}

/// Where things are.
#[derive(Debug, Args)]
pub(crate) struct Places {
    /// The configuration file [usually /etc/hotseat/broker.toml].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The directory of what must survive the broker [usually /var/lib/hotseat].
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

impl From<Places> for Flags {
    fn from(places: Places) -> Self {
        let Places { config, state_dir } = places;
        Self { config, state_dir, socket: None }
    }
}

impl From<Run> for Flags {
    fn from(run: Run) -> Self {
        Self { socket: run.socket, ..run.places.into() }
    }
}

/// Reads `--server`; what is wrong is shown without a password that may stand in it.
#[derive(Debug, Clone)]
struct ServerParser;

impl TypedValueParser for ServerParser {
    type Value = ServerUrl;

    fn parse_ref(
        &self,
        command: &Command,
        _: Option<&Arg>,
        value: &OsStr,
    ) -> Result<ServerUrl, clap::Error> {
        let text = value.to_string_lossy();
        text.parse().map_err(|why| {
            let shown = input::without_credentials(&text);
            let said = format!("invalid value '{shown}' for '--server <URL>': {why}\n");
            clap::Error::raw(ErrorKind::ValueValidation, said).with_cmd(command)
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_server_in_plain_text_elsewhere_is_refused_with_the_reason() {
        let typed = ["hotseat-broker", "enroll", "--server", "http://seats.example"];
        let said = Arguments::try_parse_from(typed).unwrap_err().to_string();
        assert!(said.contains("use https://"), "{said}");
        let typed = ["hotseat-broker", "enroll", "--server", "https://lucy:hunter2@seats.example"];
        let said = Arguments::try_parse_from(typed).unwrap_err().to_string();
        assert!(said.contains("…@seats.example") && !said.contains("hunter2"), "{said}");
    }
}
