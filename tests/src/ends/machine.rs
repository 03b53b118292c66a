//! The machine is gone: without power, or without a network.

use anyhow::{Context, Result};

use super::{Seen, Stage};
use crate::proxy::Weather;
use crate::waiting::Stopwatch;

/// Everything is killed, and nothing is started again.
pub(super) async fn power_cut(stage: &mut Stage) -> Result<Seen> {
    let mark = stage.sign_on()?;
    let watch = Stopwatch::start();
    stage.desk.cut_power();
    stage.freed((mark, watch)).await
}

/// Everything is killed, and the machine boots: the time begins with its broker.
pub(super) async fn power_cut_then_boot(stage: &mut Stage) -> Result<Seen> {
    let mark = stage.sign_on()?;
    stage.desk.cut_power();
    stage.desk.boot().await?;
    let watch = Stopwatch::start();
    stage.desk.host.restart()?;
    stage.freed((mark, watch)).await
}

/// Nothing passes between the machine and the pool server any more, and nobody is told. The broker stops calling
/// the seat held before the pool gives it to others.
pub(super) async fn network_cut(stage: &mut Stage) -> Result<Seen> {
    let mark = stage.sign_on()?;
    let network = stage.network.as_ref().context("a network that cannot be cut")?;
    let watch = Stopwatch::start();
    network.set(Weather::CUT);
    let seen = stage.freed((mark, watch)).await?;
    stage.expect_not_held()?;
    Ok(seen)
}
