//! What can be typed.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use hotseat_protocol::ids::{ClientName, Operation, PoolId};

/// Take a seat of a shared licence pool, and give it back when you are done.
///
/// The seats are kept by Hotseat's service on this computer. Log in once with `hotseat login`,
/// then take a seat with `hotseat sign-on POOL`, or hold one while a program runs with
/// `hotseat run POOL -- PROGRAM`.
#[derive(Debug, Parser)]
#[command(name = "hotseat", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
    /// What every verb takes.
    #[command(flatten)]
    pub common: Common,
}

const EXIT_CODES: &str = "Exit codes: 0 done or held · 1 failed · 2 wrong usage · 3 refused or not held · \
4 Hotseat's service is not reachable · 5 the pool is not reachable · 6 not logged in · \
7 no desktop session. `run` gives the program's own code, 128 plus the signal's number when a signal ended it, \
127 when there is no such program, 126 when it cannot be run, 110 plus these for its own failures, \
118 when the seat was lost and the program was stopped. \
141 when whoever read the output closed it.";

/// What every verb takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Print JSON, for programs.
    #[arg(long, global = true)]
    pub json: bool,
    /// The socket of Hotseat's service, when it is not in its usual place. The environment variable
    /// HOTSEAT_SOCKET says the same.
    #[arg(long, global = true, value_name = "PATH")]
    pub socket: Option<PathBuf>,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Show what I hold, in every pool. Exit 0 when I hold a seat, 3 when not.
    Status,
    /// Log in on this computer. Asks for the password, or reads it from standard input.
    ///
    /// Who is logged in as somebody else is logged out first, and signed off everywhere: at a
    /// terminal you are asked, elsewhere `--yes` says so.
    Login {
        /// The e-mail address of the account; asked for when absent.
        email: Option<String>,
        /// Log out whoever is logged in as somebody else, without a question.
        #[arg(long)]
        yes: bool,
    },
    /// Sign off everywhere and log out on this computer.
    Logout,
    /// Take a seat.
    SignOn {
        /// The pool, for example infor-crm.
        pool: PoolId,
        /// The client; the pool's desktop client when absent.
        #[arg(long)]
        client: Option<ClientName>,
        /// Stand in line when no seat is free. Ctrl-C leaves the line.
        #[arg(long)]
        wait: bool,
    },
    /// Give the seat back, or all seats when no pool is named.
    SignOff {
        /// The pool.
        pool: Option<PoolId>,
    },
    /// Hold a seat while a program runs.
    ///
    /// On Linux the seat also follows what the program leaves running when it ends, such as a
    /// daemon that it became; `--follow cmd` ends it with the program alone, as elsewhere.
    /// Signals to `hotseat` are passed on. If `hotseat` itself is killed, the seat ends at once
    /// and the program goes on without. A job that is stopped (Ctrl-Z) keeps its seat for half a
    /// minute.
    Run(Run),
    /// Test whether a seat is free. Takes none. Exit 0 pass, 3 refused.
    Check {
        /// The pool.
        pool: PoolId,
        /// The client, for example mobile.
        #[arg(long)]
        client: ClientName,
        /// What the client is doing: log-in, synchronise or send-to-crm.
        #[arg(long)]
        operation: Option<Operation>,
    },
    /// Show who holds seats and who waits.
    Who {
        /// The pool.
        pool: PoolId,
    },
    /// Leave a pool's line.
    Leave {
        /// The pool.
        pool: PoolId,
    },
    /// Show changes as they happen, one a line, until Ctrl-C.
    Watch,
    /// Say what is wrong between tray, service and pool.
    Doctor,
    /// Print completions for a shell, to be sourced from its start-up file.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// What `run` takes.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The pool.
    pub pool: PoolId,
    /// The client; the pool's desktop client when absent.
    #[arg(long)]
    pub client: Option<ClientName>,
    /// Stand in line when no seat is free.
    #[arg(long)]
    pub wait: bool,
    /// What to do when the seat is lost while the program runs.
    #[arg(long, value_enum, default_value_t = OnLoss::Warn)]
    pub on_loss: OnLoss,
    /// What the seat follows.
    #[arg(long, value_enum, default_value_t = Follow::All)]
    pub follow: Follow,
    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "CMD")]
    pub command: Vec<OsString>,
}

/// What `run` does when the seat is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnLoss {
    /// Say so and let the program go on: unsaved work is never killed unasked.
    Warn,
    /// Ask the program to end, and kill it after 10 s.
    Stop,
}

/// What the seat of `run` follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Follow {
    /// The program, and on Linux whatever it leaves running when it ends.
    All,
    /// The program alone.
    Cmd,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn run_takes_everything_after_the_dashes() {
        let line = ["hotseat", "run", "infor-crm", "--wait", "--", "crm", "--wait", "-x"];
        let Verb::Run(run) = Arguments::try_parse_from(line).unwrap().verb else {
            panic!("not run")
        };
        assert!(run.wait);
        assert_eq!(run.command, ["crm", "--wait", "-x"].map(OsString::from));
    }

    #[test]
    fn no_password_can_be_an_argument() {
        assert!(
            Arguments::try_parse_from(["hotseat", "login", "lucy@finance.example", "pw"]).is_err()
        );
    }
}
