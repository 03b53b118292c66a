//! The session ends, the machine shuts down or sleeps; logind says so.

use anyhow::Result;
use rustix::process::Signal;

use super::{Seen, Stage};
use crate::logind::Held;
use crate::processes;
use crate::unit_file;
use crate::waiting::{Stopwatch, wait_for};

/// The person logs out: logind calls the session closing.
pub(super) async fn log_out(stage: &mut Stage) -> Result<Seen> {
    let mark = stage.sign_on()?;
    let watch = Stopwatch::start();
    stage.logind()?.log_out().await?;
    let seen = stage.freed((mark, watch)).await?;
    stage.logind()?.remove_session().await?;
    Ok(seen)
}

/// The machine shuts down: it waits until the seat is signed off, and no longer.
pub(super) async fn shut_down(stage: &mut Stage) -> Result<Seen> {
    let mark = stage.sign_on()?;
    let broker = stage.desk.host.child.id();
    let down = move || processes::signal(broker, Signal::KILL);
    stage.logind()?.once_released(Held::ShutDown, down);
    let watch = Stopwatch::start();
    stage.logind()?.prepare_for_shutdown(true).await?;
    let seen = stage.freed((mark, watch)).await?;
    stage.logind()?.wait_until_released(Held::ShutDown).await?;
    Ok(seen)
}

/// Root reboots at once: services are stopped, and nothing was said on the bus. The network goes after them.
pub(super) async fn reboot(stage: &mut Stage) -> Result<Seen> {
    let mark = stage.sign_on()?;
    let watch = Stopwatch::start();
    stage.desk.host.child.signal(unit_file::stop_signal()?);
    let seen = stage.freed((mark, watch)).await?;
    let broker = &mut stage.desk.host.child;
    wait_for("the broker ends", async || broker.status()).await?;
    stage.desk.cut_power();
    Ok(seen)
}

/// The machine sleeps, and wakes without a seat.
pub(super) async fn sleep(stage: &mut Stage) -> Result<Seen> {
    let mark = stage.sign_on()?;
    let awake = [stage.desk.host.child.id(), stage.desk.tray()?.id()];
    let asleep = move || awake.into_iter().for_each(|id| processes::signal(id, Signal::STOP));
    stage.logind()?.once_released(Held::Sleep, asleep);
    let watch = Stopwatch::start();
    stage.logind()?.prepare_for_sleep(true).await?;
    let seen = stage.freed((mark, watch)).await?;
    stage.logind()?.wait_until_released(Held::Sleep).await?;
    thaw(stage)?;
    wake(stage).await?;
    stage.expect_not_held()?;
    Ok(seen)
}

/// The machine sleeps with its seat, as the pool allows, and for longer than the lease. It wakes without one, and
/// says so; at no moment after it woke it says otherwise.
pub(super) async fn long_sleep(stage: &mut Stage) -> Result<Seen> {
    stage.keep_seats_in_sleep().await?;
    let mark = stage.sign_on()?;
    stage.logind()?.prepare_for_sleep(true).await?;
    stage.logind()?.wait_until_released(Held::Sleep).await?;
    let watch = Stopwatch::start();
    freeze(stage)?;
    let seen = stage.freed((mark, watch)).await?;
    thaw(stage)?;
    stage.expect_not_held()?;
    wake(stage).await?;
    let item = stage.desk.item()?;
    wait_for("the tray says that the seat is lost", async || {
        Ok(item.tooltip().await?.starts_with("Infor CRM: seat lost at ").then_some(()))
    })
    .await?;
    stage.expect_not_held()?;
    Ok(seen)
}

/// Tray and broker stand still, and the clock runs on.
fn freeze(stage: &mut Stage) -> Result<()> {
    stage.desk.tray()?.freeze();
    stage.desk.host.child.freeze();
    Ok(())
}

fn thaw(stage: &mut Stage) -> Result<()> {
    stage.desk.host.child.thaw();
    stage.desk.tray()?.thaw();
    Ok(())
}

/// logind says that the machine woke, and the broker holds the next sleep back.
async fn wake(stage: &Stage) -> Result<()> {
    stage.logind()?.prepare_for_sleep(false).await?;
    stage.logind()?.wait_until_held(Held::Sleep).await
}
