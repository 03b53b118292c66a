//! Further ways in which a desktop can end, each measured.

use std::time::Duration;

use anyhow::{Result, bail};
use hotseat_protocol::reason::ReleaseReason;
use hotseat_tests::pool_server::{POOL, expect_success};
use hotseat_tests::waiting::{Stopwatch, wait_for};
use hotseat_tests::world::{AT_ONCE, GRACE};
use hotseat_tray::tray::icon::Icon;
use rustix::process::Signal;

use super::Play;
use super::idle::{still_reads, tell_note};
use crate::scene::{Mine, Scene};
use hotseat_tests::journal::Bookmark;

/// Ends that need only the one seat that Olaf's dark machine leaves.
pub(super) async fn while_olaf_is_dark(play: &mut Play) -> Result<()> {
    quit(play).await?;
    tray_told_to_end(play).await?;
    program_ends(play, false).await?;
    program_ends(play, true).await?;
    broker_told_to_end(play).await?;
    broker_killed(play).await
}

/// Ends that need the pool to be empty.
pub(super) async fn when_all_have_left(play: &mut Play) -> Result<()> {
    pool_killed(play).await?;
    reclaimed(play).await
}

/// Somebody takes the free seat, without many words.
fn sign_on(play: &Play, bill: bool) -> Result<Bookmark> {
    let desk = if bill { &play.office.bill } else { &play.office.lucy };
    expect_success(&desk.hotseat(&["sign-on", POOL])?, "hotseat sign-on")?;
    play.office.journal.bookmark()
}

/// Waits for a release, tells and notes it.
async fn released(
    play: &mut Play,
    (name, how): (&'static str, &'static str),
    (mark, watch): (Bookmark, Stopwatch),
    (within, reason): (Duration, ReleaseReason),
) -> Result<()> {
    let released =
        play.office.journal.wait_for_release(mark, name, watch, within.max(GRACE) * 10).await?;
    let text = format!("{name}, {how}: {}", reason.words());
    play.narrator.seen(released.after, &text);
    play.ends.note(how, &released, within, reason)
}

async fn quit(play: &mut Play) -> Result<()> {
    let mark = sign_on(play, false)?;
    let watch = Stopwatch::start();
    play.office.lucy.quit().await?;
    let end = (AT_ONCE, ReleaseReason::TrayClosed);
    released(play, ("Lucy", "tray Quit"), (mark, watch), end).await?;
    let tray = play.office.lucy.tray()?;
    let status = wait_for("Lucy's tray ends", async || tray.status()).await?;
    if !status.success() {
        bail!("Lucy's tray ended with {status}");
    }
    play.office.lucy.clear_tray();
    play.office.lucy.start_tray().await
}

async fn tray_told_to_end(play: &mut Play) -> Result<()> {
    let mark = sign_on(play, true)?;
    let watch = Stopwatch::start();
    play.office.bill.tray()?.signal(Signal::TERM);
    let end = (AT_ONCE, ReleaseReason::TrayClosed);
    released(play, ("Bill", "tray SIGTERM"), (mark, watch), end).await?;
    play.office.bill.clear_tray();
    play.office.bill.start_tray().await
}

/// A program under `hotseat run` ends, or is killed together with it.
async fn program_ends(play: &mut Play, killed: bool) -> Result<()> {
    let mark = play.office.journal.bookmark()?;
    let mut run = play.office.lucy.run_program(POOL, &["sleep", "600"])?;
    let taken = play.office.journal.wait_for(mark, "seat_granted", "Lucy", GRACE * 10).await?;
    let mark = Bookmark::at(&taken);
    let program = wait_for("the program runs", async || {
        run.expect_running()?;
        let started = hotseat_tests::processes::descendants(run.id());
        let name = |id: &u32| hotseat_tests::processes::name(*id);
        Ok(started.into_iter().find(|id| name(id).as_deref() == Some("sleep")))
    })
    .await?;
    let watch = Stopwatch::start();
    let how = if killed {
        run.signal(Signal::KILL);
        "`hotseat run` SIGKILL"
    } else {
        hotseat_tests::processes::signal(program, Signal::TERM);
        "program ends under `hotseat run`"
    };
    let end = (AT_ONCE, ReleaseReason::ApplicationExited);
    released(play, ("Lucy", how), (mark, watch), end).await
}

async fn broker_told_to_end(play: &mut Play) -> Result<()> {
    let mark = sign_on(play, true)?;
    let watch = Stopwatch::start();
    play.office.bill.host.child.signal(Signal::TERM);
    let end = (AT_ONCE, ReleaseReason::BrokerStopped);
    released(play, ("Bill", "broker SIGTERM"), (mark, watch), end).await?;
    let bill = &play.office.bill;
    bill.item()?.wait_for_line("Hotseat's service is not running").await?;
    play.pictures.of_desk(bill, Icon::NoBroker).await?;
    play.office.bill.host.restart()
}

/// The broker dies and comes back while its tray lives on: nothing is lost.
async fn broker_killed(play: &mut Play) -> Result<()> {
    let settled = Scene::new(&["Olaf"], &[]);
    settled.seen_by(&play.office.bill).await?;
    let mark = sign_on(play, true)?;
    let watch = Stopwatch::start();
    play.office.bill.host.child.kill()?;
    play.office.bill.host.restart()?;
    Scene::new(&["Olaf", "Bill"], &[]).seen_by(&play.office.bill).await?;
    play.office.journal.expect_kept(mark, "Bill")?;
    play.narrator.seen(watch.elapsed(), "Bill, broker SIGKILL and restart: the seat is kept");
    play.ends.kept("broker SIGKILL, restart, tray back");
    expect_success(&play.office.bill.hotseat(&["sign-off", POOL])?, "hotseat sign-off")
}

/// The pool server dies and comes back: the seats outlive it, and the trays tell until when.
async fn pool_killed(play: &mut Play) -> Result<()> {
    let narrator = play.narrator;
    narrator.says("Bill takes a seat, and the pool server is killed with SIGKILL.");
    let mark = sign_on(play, true)?;
    Scene::new(&["Bill"], &[]).seen_by(&play.office.bill).await?;
    let watch = Stopwatch::start();
    play.office.pool.child.kill()?;
    let item = play.office.bill.item()?;
    let line = wait_for("Bill's tray says until when his seat is safe", async || {
        let line = item.tooltip().await?;
        Ok(line.starts_with("Infor CRM: no contact, safe until ").then_some(line))
    })
    .await?;
    narrator.seen(watch.elapsed(), &format!("Bill's tray: {line}"));
    play.pictures.of_desk(&play.office.bill, Icon::PoolUnreachable).await?;
    play.office.pool.restart()?;
    Scene::new(&["Bill"], &[]).agreed(&play.office, narrator, watch).await?;
    play.office.journal.expect_kept(mark, "Bill")?;
    play.ends.kept("pool SIGKILL, restart");
    Ok(())
}

/// An administrator takes a seat back, and the person is told so.
async fn reclaimed(play: &mut Play) -> Result<()> {
    let narrator = play.narrator;
    let mark = play.office.journal.bookmark()?;
    let watch = Stopwatch::start();
    play.office.journal.reclaim("Bill", "month-end closing")?;
    narrator.says("An administrator takes Bill's seat back: \"month-end closing\".");
    let end = (AT_ONCE, ReleaseReason::Reclaimed);
    released(play, ("Bill", "reclaimed by an administrator"), (mark, watch), end).await?;
    let scene = Scene::new(&[], &[]).with("Bill", Mine::Lost);
    scene.agreed(&play.office, narrator, watch).await?;
    let title = "An administrator took your seat back.";
    tell_note(narrator, &play.office.bill, title).await?;
    play.pictures.of_desk(&play.office.bill, Icon::Lost).await?;
    still_reads(&play.office.bill, title)
}
