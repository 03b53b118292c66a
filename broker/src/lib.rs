//! The broker of one machine: keeps the seats of its people, and signs them off however their
//! desktops end.
//!
//! The way through it, from the top: [`run`] wires the parts; the `hub` is the one owner of the
//! pure core ([`hotseat_broker_core`]) and performs its effects; `sessions` are the programs of this machine,
//! [`pool_link`] is the pool, [`store`] what survives the broker, `platform` what differs between
//! operating systems.
//! Listener, clock and the orders to end come from outside.
#![warn(missing_docs)]

pub mod clock;
pub mod config;
pub mod enroll;
mod fresh;
mod hooks;
mod hub;
mod identity;
pub mod lifecycle;
mod platform;
pub mod pool_link;
pub mod reach;
pub mod server_url;
pub mod sessions;
pub mod store;
pub mod telemetry;

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::mpsc;

use clock::Clock;
use config::Config;
use hooks::{HOOKS_AT_ONCE_MAX, Hooks};
use hotseat_broker_core::{Core, Settings};
use hub::{Hands, Hub, Inbox};
use identity::{ENROLMENTS_MAX, Identity};
use lifecycle::{Ending, Lifecycle};
use platform::OsSessions;
use pool_link::{Pace, PoolLink};
use reach::Reach;
use server_url::ServerUrlError;
use sessions::{Limits, Listening};
use store::{Left, Store, StoreError, Writer};

pub use hub::Ended;

/// The broker's version, for people.
pub const PROGRAM: &str = concat!("hotseat-broker ", env!("CARGO_PKG_VERSION"));

/// Events of the link that may wait for the hub; then the link waits.
const LINK_EVENTS_MAX: usize = 256;

/// Reports of writes and of the operating system that may wait for the hub.
const OTHER_EVENTS_MAX: usize = 64;

/// After the last effect, connections get this long to be told, and the link to be closed.
const FAREWELL_WITHIN: Duration = Duration::from_secs(1);

/// A write under way when the broker ends is waited for this long.
const LAST_WRITE_WITHIN: Duration = Duration::from_secs(2);

/// Why the broker cannot run.
#[derive(Debug, Error)]
pub enum RunError {
    /// The state directory cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address in the machine's file is not one.
    #[error("the pool server's address {address:?} of this machine is not valid: {cause}")]
    ServerUrl {
        /// What is there.
        address: String,
        /// Why not.
        cause: ServerUrlError,
    },
}

/// What the broker is given from outside.
pub struct Parts {
    /// Where programs connect.
    pub listening: Listening,
    /// What survives the broker.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What programs may do.
    pub limits: Limits,
    /// How the pool server is reached.
    pub reach: Reach,
    /// How long things on the link may take.
    pub pace: Pace,
    /// Orders to end.
    pub endings: mpsc::Receiver<Ending>,
}

/// Runs the broker until it is told to end.
///
/// # Errors
///
/// Before it takes the first connection: when what an earlier broker left behind cannot be read.
pub async fn run(config: &Config, parts: Parts) -> Result<Ended, RunError> {
    let Parts { listening, store, clock, limits, reach, pace, endings } = parts;
    let limits = limits.within(platform::raise_file_limit());
    let lifecycle = Lifecycle::default();
    let boot_id = platform::boot_id(config.boot_id_file.as_deref());
    let identity = Identity::new(config, boot_id.as_deref());
    let (machine, target) = identity.read()?.unzip();
    let Left { saved, boot } = store.left(boot_id.as_deref())?;
    let (hooks_to, hooks_ended) = mpsc::channel(HOOKS_AT_ONCE_MAX);
    let hooks = Hooks::new(config.hooks.clone(), &lifecycle, hooks_to);
    let settings = Settings {
        program: PROGRAM.to_owned(),
        server_url: target.as_ref().map(|target| target.server.to_string()),
        hooks: hooks.timeouts(),
    };
    if target.is_none() {
        tracing::warn!(
            "this machine is not enrolled: `hotseat-broker enroll --server URL` does it, also now"
        );
    }

    let (stored_to, stored) = mpsc::channel(OTHER_EVENTS_MAX);
    let (os_to, os_events) = mpsc::channel(OTHER_EVENTS_MAX);
    let (doors, sessions) = sessions::intake();
    let (link_to, link) = mpsc::channel(LINK_EVENTS_MAX);
    let (enrolled_to, enrolled) = mpsc::channel(ENROLMENTS_MAX);
    let os = OsSessions::start(&lifecycle, os_to);
    let hands = Hands {
        store: Writer::start(&store, saved.clone(), boot_id.clone(), stored_to)?,
        link: PoolLink::start(&lifecycle, target, reach, pace, link_to),
        os: os.clone(),
        hooks,
        clock: clock.clone(),
    };
    let (core, first) = Core::start(settings, saved, boot, clock.now());
    let accepting = sessions::accept_all(listening, limits, os, doors, lifecycle.clone());
    lifecycle.spawn(accepting);
    lifecycle.spawn(identity.watch(machine, enrolled_to, lifecycle.clone()));
    platform::notify_ready();
    let hooks = hooks_ended;
    let inbox = Inbox { sessions, link, stored, os: os_events, hooks, enrolled, endings };
    let (ended, writer) = Hub::new(core, first, hands).run(inbox).await;
    platform::notify_stopping();
    let farewell = match ended {
        Ended::SignedOff | Ended::ForUpgrade => FAREWELL_WITHIN,
        Ended::AtOnce => Duration::ZERO,
    };
    if !lifecycle.finish(farewell).await {
        tracing::warn!("some connections did not end in time");
    }
    finish_writing(writer).await;
    if ended == Ended::ForUpgrade
        && let Some(boot_id) = &boot_id
    {
        store.mark_upgrade(boot_id)?;
    }
    tracing::info!(?ended, "the broker has ended");
    Ok(ended)
}

/// Waits for the write under way, on a thread of its own: a disk may hang.
async fn finish_writing(writer: Writer) {
    let finishing = tokio::task::spawn_blocking(move || writer.finish());
    if tokio::time::timeout(LAST_WRITE_WITHIN, finishing).await.is_err() {
        tracing::error!("the disk does not answer; the last write may be lost");
    }
}
