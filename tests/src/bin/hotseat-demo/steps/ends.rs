//! Act 4: Bill's tray is killed, Olaf's machine loses power; meanwhile desktops end in other ways too.

use std::time::Duration;

use anyhow::Result;
use hotseat_protocol::reason::ReleaseReason;
use hotseat_tests::ends::LEASE;
use hotseat_tests::waiting::Stopwatch;
use hotseat_tests::world::GRACE;

use super::{Play, more_ends};
use crate::output::spoken;
use crate::scene::Scene;
use hotseat_tests::journal::Journal;

/// A lease, and what a busy machine may take on top before we stop waiting for it.
const LEASE_PATIENCE: Duration = Duration::from_secs(180);

/// Plays the act.
pub(super) async fn perform(play: &mut Play) -> Result<()> {
    let narrator = play.narrator;
    narrator.act(4, "A tray is killed, a machine loses power");
    kill_bills_tray(play).await?;

    narrator.says("Olaf's machine loses power: X server, buses, panel, tray and broker are killed at once, and nothing is started again.");
    let mark = play.office.journal.bookmark()?;
    play.office.olaf.cut_power();
    play.office.olaf_has_power = false;
    let dark = Stopwatch::start();
    Scene::new(&["Olaf"], &[]).agreed(&play.office, narrator, dark).await?;
    narrator.says("Nobody signs Olaf off now; his seat ends with its lease. Until then, Lucy and Bill share the other seat and leave it in other ways.");

    // Olaf's end is watched from a thread of its own, so that its time is not that of the others.
    let journal: Journal = play.office.journal.clone();
    let runtime = tokio::runtime::Handle::current();
    let mut watching = tokio::task::JoinSet::new();
    watching.spawn_blocking(move || {
        runtime.block_on(journal.wait_for_release(mark, "Olaf", dark, LEASE_PATIENCE))
    });
    more_ends::while_olaf_is_dark(play).await?;
    narrator.says("And Olaf's seat?");
    let released = match watching.join_next().await {
        Some(joined) => joined??,
        None => anyhow::bail!("nobody watched Olaf's seat"),
    };
    narrator.seen(
        released.after,
        &format!(
            "after the power cut his seat came free: {}. It was last renewed up to 30 s before.",
            crate::ends_table::words(&released.reason)
        ),
    );
    play.ends.note("power cut, not restarted", &released, LEASE, ReleaseReason::LeaseExpired)?;
    Scene::new(&[], &[]).agreed(&play.office, narrator, Stopwatch::start()).await?;
    more_ends::when_all_have_left(play).await
}

/// Bill's tray dies, and stays dead.
async fn kill_bills_tray(play: &mut Play) -> Result<()> {
    let narrator = play.narrator;
    narrator.says("Bill's tray is killed with SIGKILL. His broker gives it 10 s to come back.");
    let mark = play.office.journal.bookmark()?;
    let watch = Stopwatch::start();
    play.office.bill.tray()?.kill()?;
    let released = play.office.journal.wait_for_release(mark, "Bill", watch, GRACE * 10).await?;
    narrator.seen(
        released.after,
        &format!("his seat came free: {}.", crate::ends_table::words(&released.reason)),
    );
    play.ends.note("tray SIGKILL", &released, GRACE, ReleaseReason::TrayLost)?;
    play.office.bill.clear_tray();
    play.office.bill.start_tray().await?;
    narrator.says(&format!(
        "He starts it again; the grace was {}.",
        spoken(GRACE - Duration::from_secs(1))
    ));
    Scene::new(&["Olaf"], &[]).agreed(&play.office, narrator, Stopwatch::start()).await
}
