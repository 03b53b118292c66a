//! What each verb does, down to the library.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use hotseat_broker::clock::SystemClock;
use hotseat_broker::enroll::Enrolment;
use hotseat_broker::pool_link::Pace;
use hotseat_broker::reach::{Reach, SystemLookUp};
use hotseat_broker::sessions::{Limits, Listening};
use hotseat_broker::store::{Machine, Store};
use hotseat_broker::{Ended, Parts, config, lifecycle, telemetry};
use hotseat_host::input;
use hotseat_protocol::ids::Secret;

use crate::args::{Enroll, Run};
use crate::{FAILED, output};

/// The exit code of success.
const DONE: u8 = 0;

/// An invitation is some dozen characters.
const INVITATION_BYTES_MAX: usize = 4 * 1024;

/// Threads beside the store's: the hub is one task, connections are light.
const THREADS: usize = 2;

/// What hangs in the operating system when everything else has ended is left to it.
const LEFTOVERS_WITHIN: Duration = Duration::from_millis(200);

/// Serves until a signal.
pub(crate) fn run(run: Run) -> Result<u8> {
    let config = config::load(&run.into())?;
    telemetry::start(&config).context("the operating system gives no thread")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .context("the operating system gives no threads")?;
    let ended = runtime.block_on(async {
        let endings = lifecycle::endings_by_signal().context("cannot listen to signals")?;
        let parts = Parts {
            store: Store::open(&config.state_dir)?,
            listening: Listening::bind(&config.socket)?,
            clock: Arc::new(SystemClock),
            limits: Limits::default(),
            reach: reach(),
            pace: Pace::default(),
            endings,
        };
        anyhow::Ok(hotseat_broker::run(&config, parts).await?)
    });
    runtime.shutdown_timeout(LEFTOVERS_WITHIN);
    Ok(match ended? {
        Ended::SignedOff | Ended::ForUpgrade => DONE,
        Ended::AtOnce => FAILED,
    })
}

/// The way to the pool server, the same for the link and for an enrolment.
fn reach() -> Reach {
    Reach::new(Arc::new(SystemLookUp), config::proxies())
}

/// Trades an invitation for a credential.
pub(crate) fn enroll(enroll: Enroll) -> Result<u8> {
    telemetry::warnings();
    let state_dir = config::load_state_dir(&enroll.places.into())?;
    // Before anybody is asked for an invitation in vain.
    Machine::may_write(&state_dir, enroll.force)?;
    let invitation = match &enroll.token_file {
        Some(file) => input::named(file, INVITATION_BYTES_MAX)
            .with_context(|| format!("cannot read the invitation in {}", file.display()))?,
        None if io::stdin().is_terminal() => {
            input::password("Invitation: ").context("cannot ask for the invitation")?
        }
        None => input::text(io::stdin().lock(), INVITATION_BYTES_MAX)
            .context("cannot read the invitation from standard input")?,
    };
    let reach = reach();
    let enrolment = Enrolment {
        server: enroll.server.clone(),
        invitation: Secret::new(invitation.as_str()),
        name: enroll.name,
        force: enroll.force,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the operating system gives no threads")?;
    let enrolling = hotseat_broker::enroll::enroll(&state_dir, enrolment, &reach);
    let enrolled = runtime.block_on(enrolling);
    // A look-up of a name that still hangs is left to the operating system.
    runtime.shutdown_background();
    let machine = enrolled?;
    let next = if Store::is_in_use(&state_dir) {
        "The broker that runs takes it up within seconds; `hotseat doctor` shows whether it works."
            .to_owned()
    } else {
        format!(
            "No broker runs on the state directory {}. Start it, for example with \
             `systemctl start hotseat-broker`.",
            state_dir.display()
        )
    };
    output::done(&format!(
        "This computer is enrolled with {} as machine {machine}.\n{next}",
        enroll.server
    ));
    Ok(DONE)
}
