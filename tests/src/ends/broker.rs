//! The broker ends: stopped, killed, or replaced by a newer one.

use std::time::Duration;

use anyhow::{Result, bail};

use super::{Seen, Stage};
use crate::unit_file;
use crate::waiting::{Stopwatch, wait_for};
use crate::world::GRACE;

/// How long an upgraded broker waits for its trays, plus a second.
const UPGRADE_GRACE: Duration = Duration::from_secs(31);

/// It is stopped as `systemctl stop` does it.
pub(super) async fn stop(stage: &mut Stage) -> Result<Seen> {
    let mark = stage.sign_on()?;
    let watch = Stopwatch::start();
    stage.desk.host.child.signal(unit_file::stop_signal()?);
    let seen = stage.freed((mark, watch)).await?;
    ends_well(stage).await?;
    Ok(seen)
}

/// It is killed and started again; its tray connects again.
pub(super) async fn kill(stage: &mut Stage) -> Result<Seen> {
    let mark = stage.sign_on()?;
    stage.desk.host.child.kill()?;
    stage.desk.host.restart()?;
    stage.kept(mark, GRACE).await
}

/// It is stopped and started again as `systemctl restart` does it; its tray connects again.
pub(super) async fn upgrade(stage: &mut Stage) -> Result<Seen> {
    let mark = stage.sign_on()?;
    stage.desk.host.child.signal(unit_file::restart_signal()?);
    ends_well(stage).await?;
    stage.desk.host.restart()?;
    stage.kept(mark, UPGRADE_GRACE).await
}

async fn ends_well(stage: &mut Stage) -> Result<()> {
    let broker = &mut stage.desk.host.child;
    let status = wait_for("the broker ends", async || broker.status()).await?;
    if !status.success() {
        bail!("the broker ended with {status}");
    }
    Ok(())
}
