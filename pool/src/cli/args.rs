//! What can be typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use hotseat_protocol::bounded_text::{DisplayName, EmailText};
use hotseat_protocol::ids::{ClientName, PoolId};
use hotseat_protocol::quantity::SeatCount;
use uuid::Uuid;

use super::durations::{Hold, duration, hold, lease};
use crate::config::Flags;

/// Hotseat's pool server: shares a pool of concurrent licences fairly.
///
/// Begin with `hotseat-pool init`, then `hotseat-pool serve`.
#[derive(Debug, Parser)]
#[command(name = "hotseat-pool", version, max_term_width = 100)]
pub(super) struct Args {
    /// The configuration file [default: /etc/hotseat/pool.toml for root, else the user's own]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The directory of the store and of admin.token [default: /var/lib/hotseat-pool for root]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Where the server listens for brokers and applications [default: 127.0.0.1:7480]
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// The socket by which this computer's administrators speak to the server [default: admin.sock
    /// in the service's runtime directory, else in the data directory]
    #[arg(long, global = true, value_name = "FILE")]
    admin_socket: Option<PathBuf>,
    /// For user, pool, machine and service: the server elsewhere that is asked, with the token in
    /// the data directory's admin.token; an https:// address
    #[arg(long, global = true, value_name = "URL")]
    pub(super) server: Option<String>,
    /// What is logged, to standard error: error, warn, info, debug [default: info]
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    #[command(subcommand)]
    pub(super) verb: Verb,
}

impl Args {
    /// The part that is configuration. Administration is silent unless something is wrong.
    pub(super) fn flags(&self) -> Flags {
        Flags {
            config: self.config.clone(),
            data_dir: self.data_dir.clone(),
            listen: self.listen.clone(),
            admin_socket: self.admin_socket.clone(),
            log: self.log.clone(),
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Serve until Ctrl-C or SIGTERM; ending releases no seat
    Serve(Serve),
    /// Make a store with a first pool and the administrator's token
    Init(Init),
    /// People with a log-in
    User {
        #[command(subcommand)]
        verb: UserVerb,
    },
    /// Pools: how they stand, and their rules
    Pool {
        #[command(subcommand)]
        verb: PoolVerb,
    },
    /// Computers with a broker
    Machine {
        #[command(subcommand)]
        verb: MachineVerb,
    },
    /// Tokens of application servers and scripts
    Service {
        #[command(subcommand)]
        verb: ServiceVerb,
    },
    /// Read the whole store, also while the server runs, and say what is wrong; exit code 3 if
    /// something is
    Verify(Json),
    /// Copy the store to a new file, also while the server runs, and verify the copy
    Backup {
        /// The new file; nothing is overwritten
        file: PathBuf,
        #[command(flatten)]
        json: Json,
    },
    /// Put a backup in the store's place, as a new generation; the server must be stopped
    Restore {
        /// The backup
        file: PathBuf,
        /// Move the store that is there aside; it is kept
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        wait: Wait,
        #[command(flatten)]
        json: Json,
    },
    /// Begin a new generation of a store that was rolled back, or without a record or rows that
    /// cannot be used; the server must be stopped
    Recover {
        /// Do it, even if no computer has shown that the store was rolled back; with --quarantine
        /// or --rows, instead of only saying what would follow
        #[arg(long, visible_alias = "apply")]
        yes: bool,
        /// Set the record of this number aside, with those that no longer apply without it
        #[arg(long, value_name = "RECORD")]
        quarantine: Option<u64>,
        /// Set rows beside the journal aside that cannot be used
        #[arg(long, conflicts_with = "quarantine")]
        rows: bool,
        /// List everything that goes, however much it is
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        wait: Wait,
        #[command(flatten)]
        json: Json,
    },
}

impl Verb {
    /// Whether it asks a server, wherever that is.
    pub(super) fn asks_a_server(&self) -> bool {
        match self {
            Self::User { .. } | Self::Pool { .. } | Self::Machine { .. } | Self::Service { .. } => {
                true
            }
            Self::Serve(_)
            | Self::Init(_)
            | Self::Verify(_)
            | Self::Backup { .. }
            | Self::Restore { .. }
            | Self::Recover { .. } => false,
        }
    }
}

/// Serve.
#[derive(Debug, clap::Args)]
pub(super) struct Serve {}

/// Make a store.
#[derive(Debug, clap::Args)]
pub(super) struct Init {
    /// The first pool's rules: infor-crm
    #[arg(long, value_name = "PRESET")]
    pub(super) preset: Option<String>,
    /// How many people may be in at once: the number of your concurrent licences
    #[arg(long, value_name = "N")]
    pub(super) seats: Option<u32>,
    /// Assume yes
    #[arg(long)]
    pub(super) yes: bool,
}

/// About people.
#[derive(Debug, Subcommand)]
pub(super) enum UserVerb {
    /// Give somebody a log-in; the password comes from a prompt or from standard input
    Add {
        /// What they log in with
        email: EmailText,
        /// What colleagues call them
        #[arg(long)]
        name: DisplayName,
        /// They have a licence of their own and are never counted
        #[arg(long)]
        named: bool,
    },
    /// Everybody with a log-in
    List(Json),
    /// Reclaim somebody's seats and refuse new ones
    Disable {
        /// Their log-in
        email: String,
    },
    /// Let somebody in again
    Enable {
        /// Their log-in
        email: String,
    },
    /// Say that somebody was not disabled, after records were set aside
    Confirm {
        /// Their log-in
        #[arg(required_unless_present = "all")]
        email: Option<String>,
        /// Everybody who is to be confirmed
        #[arg(long, conflicts_with = "email")]
        all: bool,
    },
    /// Set a new password, from a prompt or from standard input; ends all log-ins
    Password {
        /// Their log-in
        email: String,
    },
    /// Forget somebody: seats, log-ins, name and address; the journal keeps an id only
    Remove {
        /// Their log-in
        email: String,
    },
}

/// About pools.
#[derive(Debug, Subcommand)]
pub(super) enum PoolVerb {
    /// Every pool with its numbers
    List(Json),
    /// One pool: who holds seats, who waits, and its rules
    Show {
        /// Its id, for example infor-crm
        pool: PoolId,
        #[command(flatten)]
        json: Json,
    },
    /// Change a pool, also while seats are held: lowering the number evicts no one
    Set(Box<PoolSet>),
    /// Remove a pool; its seats are reclaimed
    Remove {
        /// Its id
        pool: PoolId,
    },
}

/// Change a pool. Durations are like 90s, 20min, 1h30m.
#[derive(Debug, clap::Args)]
pub(super) struct PoolSet {
    /// Its id; with --preset it is made when it is not there
    pub(super) pool: PoolId,
    /// How many people may be in at once
    #[arg(long, value_name = "N")]
    pub(super) seats: Option<SeatCount>,
    /// Its name for people
    #[arg(long)]
    pub(super) name: Option<DisplayName>,
    /// Make it from this preset when it is not there; needs --seats
    #[arg(long, value_name = "PRESET", requires = "seats")]
    pub(super) preset: Option<String>,
    /// Warn the holder after this idle time
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) warn_after: Option<Duration>,
    /// Sign the holder off after this idle time; must be longer than --warn-after
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) sign_off_after: Option<Duration>,
    /// Whether idle holders are warned only when somebody waits
    #[arg(long, value_name = "true|false")]
    pub(super) only_when_wanted: Option<bool>,
    /// A client's session time-out: a held seat without activity for this long is signed off;
    /// "none" takes it away
    #[arg(long, value_name = "CLIENT=DURATION", value_parser = client_duration)]
    pub(super) session_timeout: Vec<(ClientName, Option<Duration>)>,
    /// How long a seat on a machine lives without a renewal
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) lease: Option<Duration>,
    /// How long a seat kept by calls lives without a renewal, when its client has no session
    /// time-out
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) calls_timeout: Option<Duration>,
    /// How long a freed seat is set aside for the one it is offered to
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) offer: Option<Duration>,
    /// How long a seat outlives its tray
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) tray_grace: Option<Duration>,
    /// What sleep does: sign-off or keep
    #[arg(long, value_name = "WHAT", value_parser = ["sign-off", "keep"])]
    pub(super) on_sleep: Option<String>,
    /// What applications are told when the pool server is silent for longer than a lease: stop, or
    /// tolerate (work on without a seat, reported later)
    #[arg(long, value_name = "WHAT", value_parser = ["stop", "tolerate"])]
    pub(super) offline: Option<String>,
    /// What people see of each other: names, initials or counts
    #[arg(long, value_name = "WHAT", value_parser = ["names", "initials", "counts"])]
    pub(super) privacy: Option<String>,
    /// Whether a user has at most one seat; a newer sign-on supersedes the older
    #[arg(long, value_name = "true|false")]
    pub(super) one_seat_per_user: Option<bool>,
    /// Whether a check passes for somebody who already holds a seat
    #[arg(long, value_name = "true|false")]
    pub(super) holder_passes_check: Option<bool>,
    /// How long a passed check sets its seat aside for the sign-on that follows it: "on" (5s),
    /// "off", or 1s to 60s
    #[arg(long, value_name = "on|off|DURATION", value_parser = hold)]
    pub(super) provisional_hold: Option<Hold>,
    #[command(flatten)]
    pub(super) json: Json,
}

/// About machines.
#[derive(Debug, Subcommand)]
pub(super) enum MachineVerb {
    /// Print an invitation that enrols one computer, once, within an hour
    Invite(Json),
    /// Every computer that was enrolled
    List(Json),
    /// End a computer's credential; its seats are reclaimed
    Revoke {
        /// Its name, or its id
        machine: String,
    },
    /// Say that a computer was not revoked, after records were set aside
    Confirm {
        /// Its name, or its id
        #[arg(required_unless_present = "all")]
        machine: Option<String>,
        /// Every computer that is to be confirmed
        #[arg(long, conflicts_with = "machine")]
        all: bool,
    },
}

/// About services.
#[derive(Debug, Subcommand)]
pub(super) enum ServiceVerb {
    /// Print a token for an application server or a script, once
    Add {
        /// What it is called
        name: DisplayName,
        /// It may sign on and check for users
        #[arg(long)]
        act_for: bool,
        /// It may use this pool only; may be given several times
        #[arg(long = "pool", value_name = "POOL")]
        pools: Vec<PoolId>,
        /// It may come in by this client only; may be given several times
        #[arg(long = "client", value_name = "CLIENT")]
        clients: Vec<ClientName>,
        #[command(flatten)]
        json: Json,
    },
    /// Every service, without its token
    List(Json),
    /// End a service's token
    Revoke {
        /// Its name, or its id
        service: String,
    },
}

/// How long nothing is granted.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Wait {
    /// Longest lease any pool ever had, 10s to 168h. Replaces the 7 days assumed where leases cannot
    /// be read; never shortens below what definitions state. `recover --yes` takes it in place of
    /// what was said or assumed before, too
    #[arg(long, value_name = "DURATION", value_parser = lease)]
    pub(super) longest_lease: Option<Duration>,
}

/// For programs.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Json {
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

fn client_duration(text: &str) -> Result<(ClientName, Option<Duration>), String> {
    let (client, time) =
        text.split_once('=').ok_or("expected CLIENT=DURATION, for example web=20min")?;
    let client = ClientName::new(client).map_err(|error| error.to_string())?;
    let time = if time == "none" { None } else { Some(duration(time)?) };
    Ok((client, time))
}

/// Whether a text is an id rather than a name.
pub(super) fn as_id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_client_and_its_time_are_read() {
        let web = ClientName::new("web").unwrap();
        assert_eq!(client_duration("web=none"), Ok((web.clone(), None)));
        assert_eq!(client_duration("web=20min"), Ok((web, Some(Duration::from_secs(1200)))));
        for bad in ["web", "We b=1s", "web=soon"] {
            assert!(client_duration(bad).is_err(), "{bad}");
        }
    }
}
