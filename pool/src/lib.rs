//! The pool server: grants seats by each client's rule over an append-only journal.
//!
//! * [`rules`] decide; they are pure. [`presets`] are pools as data.
//! * [`engine`] is the single writer that has them decide, over the [`journal`].
//! * [`feed`] is what each machine is told; [`directory`] knows names and secrets.
//! * [`http`] is the way in: REST for servers, administrators and scripts, a link for each broker.
//! * `upkeep` checks, copies, restores and recovers a store as a whole.
//! * `turns` shares out what is scarce.
//! * [`config`], [`clock`], [`fresh`], [`lifecycle`], [`telemetry`] and `platform` are the world.
#![warn(missing_docs)]

pub mod cli;
pub mod clock;
pub mod config;
pub mod directory;
pub mod engine;
pub mod feed;
pub mod fresh;
pub mod http;
pub mod journal;
pub mod lifecycle;
mod output;
mod parts;
mod platform;
pub mod presets;
pub mod rules;
pub mod telemetry;
mod turns;
mod upkeep;

use std::sync::Arc;

use tokio::net::TcpListener;

use self::clock::Clock;
use self::config::Config;
use self::journal::store::Open;
use self::lifecycle::{HARD_STOP, SOFT_STOP, Shutdown};
use self::parts::Parts;
pub use self::parts::{RunError, init};

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
    run_then(config, listener, clock, shutdown, || {}).await
}

/// Serves, and says when requests are answered.
pub(crate) async fn run_then(
    config: &Config,
    listener: TcpListener,
    clock: Arc<dyn Clock>,
    shutdown: Shutdown,
    serving: impl FnOnce(),
) -> Result<(), RunError> {
    let parts = Parts::start(config, Open::Existing, clock, shutdown.clone()).await?;
    parts.replace_lost_token(config).await;
    let tasks = parts.app.tasks.clone();
    let hosts = http::Hosts::of(config.listen.ip(), &config.hosts);
    let router = http::router(parts.app.clone(), hosts);
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
    serving();
    tracing::info!("serving");

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
