//! The pool server: grants seats by each client's rule over an append-only journal.
//!
//! * [`hotseat_rules`] decide; they are pure, and a crate of their own.
//! * [`engine`] is the single writer that has them decide, over the [`journal`].
//! * [`feed`] is what each machine is told; [`directory`] knows names and secrets.
//! * [`http`] is the way in: REST for servers, administrators and scripts, a link for each broker.
//! * [`admin_socket`] is how this computer's administrators come in.
//! * `upkeep` checks, copies, restores and recovers a store as a whole.
//! * `turns` shares out what is scarce; `networks` tells which addresses count as one.
//! * [`config`], [`clock`], [`fresh`], [`lifecycle`], [`telemetry`] and `platform` are the world.
#![warn(missing_docs)]

pub mod admin_socket;
pub mod cli;
pub mod clock;
pub mod config;
pub mod directory;
mod durations;
pub mod engine;
pub mod feed;
pub mod fresh;
mod history;
pub mod http;
pub mod journal;
pub mod lifecycle;
pub mod links;
mod networks;
mod output;
mod parts;
mod platform;
mod secrets;
mod stated;
pub mod telemetry;
mod turns;
mod upkeep;

use std::sync::Arc;

use tokio::net::TcpListener;

use self::admin_socket::AdminSocketError;
use self::clock::Clock;
use self::config::Config;
use self::directory::{Directory, WRITTEN_EVERY};
use self::journal::store::Open;
use self::lifecycle::{HARD_STOP, SOFT_STOP, Shutdown};
use self::parts::Parts;
pub use self::parts::{RunError, init};
use self::platform::AdminListener;

/// Serves until the end is requested, then ends in two steps, each bounded.
///
/// Ending releases no seat: whoever renews within the lease of the next start keeps theirs.
///
/// # Errors
///
/// When the store cannot be opened, or the engine ended by itself.
pub async fn run(
    config: &Config,
    listener: TcpListener,
    clock: Arc<dyn Clock>,
    shutdown: Shutdown,
) -> Result<(), RunError> {
    let parts = Parts::start(config, Open::Existing, clock, shutdown.clone()).await?;
    let hosts = http::Hosts::of(config.listen.ip(), &config.hosts);
    let (tasks, router) = (parts.app.tasks.clone(), http::router(parts.app.clone(), hosts));
    let admin = match bind_admin(config) {
        Ok(admin) => admin,
        Err(error) => {
            drop(router);
            parts.stop().await;
            return Err(error.into());
        }
    };
    parts.replace_lost_token(config).await;
    if !parts.only_reads() {
        tasks.spawn(keep_own_time(parts.app.directory.clone(), shutdown.clone()));
    }
    let listen = listener.local_addr().unwrap_or(config.listen);
    if let Some(admin) = admin {
        tracing::info!(%listen, admin_socket = %admin.path().display(), "serving");
        let serving =
            http::local::serve(admin, listen, router.clone(), tasks.clone(), shutdown.clone());
        tasks.spawn(serving);
    } else {
        tracing::info!(%listen, "serving");
    }
    if let Ok(Some(recovering)) = parts.app.read(|view| view.recovering()).await {
        let (why, next) = http::recovering(Some(recovering));
        tracing::warn!(%why, %next, "the pool grants no seat yet");
    }
    let limits = http::ConnectionLimits::within(platform::raise_file_limit());
    let with = http::serve::Serving {
        router,
        forwarded: http::Forwarded::by(&config.trusted_proxies),
        connections: http::Connections::new(limits),
        tasks: tasks.clone(),
        shutdown: shutdown.clone(),
    };
    tasks.spawn(http::serve::serve(listener, with));
    platform::notify_ready();

    let by_itself = tokio::select! {
        () = shutdown.requested() => false,
        () = parts.app.engine.stopped() => true,
    };
    platform::notify_stopping();
    tracing::info!(
        "stopping: requests under way are answered, links are closed, no seat is released"
    );
    shutdown.begin();
    let ended = tokio::select! {
        ended = tasks.finish(SOFT_STOP) => ended,
        () = shutdown.forced() => false,
    };
    if !ended {
        tracing::warn!("connections under way are dropped");
        shutdown.force();
        tasks.finish(HARD_STOP).await;
    }
    parts.stop().await;
    if by_itself { Err(RunError::EngineEnded) } else { Ok(()) }
}

/// Makes the administration socket where the system has such a thing.
fn bind_admin(config: &Config) -> Result<Option<AdminListener>, AdminSocketError> {
    let Some(path) = config.admin_sockets.first() else { return Ok(None) };
    let listener = AdminListener::bind(path)?;
    if listener.is_none() {
        tracing::warn!(
            "there is no administration socket on this system yet: hotseat-pool's verbs send the \
             administrator's token to whatever listens at the server's address; use them only \
             while nobody else can listen there"
        );
    }
    Ok(listener)
}

/// Writes down how far the server's own time has come, the last time when the end begins.
async fn keep_own_time(directory: Directory, shutdown: Shutdown) {
    loop {
        let ending = tokio::select! {
            () = tokio::time::sleep(WRITTEN_EVERY) => false,
            () = shutdown.requested() => true,
        };
        if let Err(error) = directory.write_own_time().await {
            tracing::warn!(%error, "how long log-ins have lasted could not be written down");
        }
        if ending {
            return;
        }
    }
}
