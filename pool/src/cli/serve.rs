//! `hotseat-pool serve`

use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;

use crate::clock::SystemClock;
use crate::config::Config;
use crate::lifecycle::{Shutdown, request_on_signals};
use crate::{run, telemetry};

pub(super) fn serve(config: &Config) -> anyhow::Result<()> {
    telemetry::start(config).context("the operating system gives no thread")?;
    for name in &config.unknown_variables {
        tracing::warn!(name, "this environment variable is no setting of the pool server");
    }
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(async {
        let shutdown = Shutdown::default();
        request_on_signals(shutdown.clone()).context("cannot listen to signals")?;
        let listener = TcpListener::bind(config.listen).await.with_context(|| {
            format!(
                "cannot listen on {}; another server may run there, or give another --listen",
                config.listen
            )
        })?;
        tracing::info!(listen = %config.listen, data_dir = %config.data_dir.display(), "starting");
        run(config, listener, Arc::new(SystemClock::new()), shutdown).await?;
        Ok(())
    })
}
