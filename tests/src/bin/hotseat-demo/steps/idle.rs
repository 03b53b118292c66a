//! Act 3: Olaf waits; Lucy goes idle, is warned, does not answer, is signed off; Olaf takes the seat.

use std::time::Duration;

use anyhow::{Result, bail};
use hotseat_protocol::reason::ReleaseReason;
use hotseat_tests::desk::Desk;
use hotseat_tests::pool_server::{POOL, expect_success};
use hotseat_tests::waiting::{PATIENCE, Stopwatch};
use hotseat_tray::tray::icon::Icon;

use super::Play;
use super::pictures;
use crate::hand::Hand;
use crate::output::{Narrator, spoken};
use crate::scene::{Mine, Scene};
use hotseat_tests::journal::Bookmark;

/// Idle limits of this act; the defaults are 25 and 27 minutes.
const WARN_AFTER: Duration = Duration::from_secs(20);
const SIGN_OFF_AFTER: Duration = Duration::from_secs(35);

/// Plays the act.
pub(super) async fn perform(play: &mut Play) -> Result<()> {
    let narrator = play.narrator;
    narrator.act(3, "Lucy goes idle while Olaf waits");
    shorten_limits(play)?;

    let _bills_hand = Hand::of(&play.office.bill)?;
    let lucys_hand = Hand::of(&play.office.lucy)?;
    narrator.says("Lucy and Bill type, a key every second. Olaf chooses \"Wait for a seat\".");
    let watch = Stopwatch::start();
    play.office.olaf.choose("Wait for a seat").await?;
    let scene = Scene::new(&["Lucy", "Bill"], &["Olaf"]);
    scene.agreed(&play.office, narrator, watch).await?;
    play.pictures.of_desk(&play.office.olaf, Icon::Waiting).await?;
    pictures::of_bills_window(play).await?;

    if lucys_hand.is_some() {
        narrator.says("Lucy's hands leave the keyboard; Bill types on.");
    } else {
        narrator.says("Lucy is you: please leave mouse and keyboard alone; Bill types on.");
    }
    let mark = play.office.journal.bookmark()?;
    drop(lucys_hand);
    let idle = Stopwatch::start();
    let warned = is_warned(play, idle).await?;
    is_signed_off(play, mark, warned).await?;
    takes_the_seat(play).await
}

/// Makes idleness short enough to watch, and says so.
fn shorten_limits(play: &Play) -> Result<()> {
    let seconds = |limit: Duration| format!("{}s", limit.as_secs());
    let (warn, sign_off) = (seconds(WARN_AFTER), seconds(SIGN_OFF_AFTER));
    let arguments = ["pool", "set", POOL, "--warn-after", &warn, "--sign-off-after", &sign_off];
    expect_success(&play.office.pool.command(&arguments, "")?, "hotseat-pool pool set")?;
    let pool = play.office.journal.pool()?.pool;
    let in_force = [pool.policy.warn_after_ms.get(), pool.policy.sign_off_after_ms.get()];
    let wanted = [WARN_AFTER, SIGN_OFF_AFTER].map(|limit| u64::try_from(limit.as_millis()));
    if in_force.map(Ok) != wanted {
        bail!("the idle limits are {in_force:?} ms, not those that were set");
    }
    play.narrator.typed(&format!("$ hotseat-pool {}", arguments.join(" ")));
    play.narrator.answered(
        "Shortened for this act only: the defaults are 25 min and 27 min. Nobody is warned unless somebody waits.",
    );
    Ok(())
}

/// Waits for the warning; the watch it returns was started when the warning was seen.
async fn is_warned(play: &mut Play, idle: Stopwatch) -> Result<Stopwatch> {
    let narrator = play.narrator;
    let office = &play.office;
    let scene = Scene::new(&["Lucy", "Bill"], &["Olaf"]).with("Lucy", Mine::Warned);
    scene.seen_by(&office.lucy).await?;
    let warned = Stopwatch::start();
    let told = &format!(
        "Lucy is warned. The limit is {} s; her machine tells the pool how idle she is with every renewal, each 30 s.",
        WARN_AFTER.as_secs()
    );
    narrator.seen(idle.elapsed(), told);
    tell_note(narrator, &office.lucy, "Still there, Lucy?").await?;
    let words = office.lucy.item()?.words().await?;
    for action in ["Keep my seat", "Sign off now"] {
        if !words.iter().any(|word| word == action) {
            bail!("Lucy's menu has no {action:?}: {words:?}");
        }
    }
    narrator.fact("menu", "\"Keep my seat\" and \"Sign off now\" stand in it too.");
    play.pictures.of_desk(&office.lucy, Icon::IdleWarning).await?;
    scene.agreed(office, narrator, idle).await?;
    Ok(warned)
}

/// Lucy does not answer.
async fn is_signed_off(play: &mut Play, mark: Bookmark, warned: Stopwatch) -> Result<()> {
    let narrator = play.narrator;
    let office = &play.office;
    narrator.says("Lucy does not answer.");
    let released = office.journal.wait_for_release(mark, "Lucy", warned, PATIENCE).await?;
    let countdown = SIGN_OFF_AFTER - WARN_AFTER;
    play.ends.note("idle, warned, no answer", &released, countdown, ReleaseReason::Idle)?;
    narrator.seen(
        released.after,
        &format!("after the warning she is signed off; the countdown was {}.", spoken(countdown)),
    );
    let watch = Stopwatch::start();
    let offered = Scene::new(&["Bill"], &["Olaf"]).with("Olaf", Mine::Turn);
    offered.agreed(office, narrator, watch).await?;
    play.pictures.of_desk(&office.olaf, Icon::YourTurn).await?;
    tell_note(narrator, &office.lucy, "You were signed off.").await?;
    tell_note(narrator, &office.olaf, "A seat for you: Infor CRM").await
}

/// Tells what a notification says, word by word.
pub(super) async fn tell_note(narrator: Narrator, desk: &Desk, title: &str) -> Result<()> {
    let Some(note) = desk.notification(title).await? else {
        return Ok(());
    };
    let buttons: Vec<_> = note.labels().iter().map(|label| format!("[{label}]")).collect();
    narrator.fact(&format!("{} reads", desk.person.name), &note.summary);
    narrator.answered(&note.body);
    narrator.answered(&buttons.join(" "));
    Ok(())
}

async fn takes_the_seat(play: &Play) -> Result<()> {
    play.narrator.says("Olaf chooses \"Take the seat\".");
    let watch = Stopwatch::start();
    play.office.olaf.choose("Take the seat").await?;
    Scene::new(&["Bill", "Olaf"], &[]).agreed(&play.office, play.narrator, watch).await?;
    still_reads(&play.office.lucy, "You were signed off.")
}

/// What a person must know stays on the screen while colleagues come and go.
pub(super) fn still_reads(desk: &Desk, title: &str) -> Result<()> {
    let name = desk.person.name;
    match desk.notes_on_screen() {
        Some(open) if !open.iter().any(|known| known == title) => {
            bail!("{name} can no longer read {title:?}, only {open:?}")
        }
        Some(_) | None => Ok(()),
    }
}
