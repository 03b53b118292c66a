//! Act 1: Lucy and Bill sign on; Olaf is refused with the fixed message and the truth.

use anyhow::{Context, Result, bail};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_tests::people::OLAF;
use hotseat_tests::pool_server::{POOL, expect_success};
use hotseat_tests::waiting::{PATIENCE, Stopwatch};
use hotseat_tray::tray::icon::Icon;

use super::Play;
use crate::clients::{NETWORK_MESSAGE, WAYS_IN};
use crate::scene::Scene;

/// Plays the act.
pub(super) async fn perform(play: &mut Play) -> Result<()> {
    let (office, narrator) = (&play.office, play.narrator);
    narrator.act(1, "Two take a seat, the third finds the pool full");

    narrator.says("Lucy chooses \"Take a seat\" in her tray's menu.");
    let watch = Stopwatch::start();
    office.lucy.choose("Take a seat").await?;
    Scene::new(&["Lucy"], &[]).agreed(office, narrator, watch).await?;

    let watch = Stopwatch::start();
    let finished = office.bill.hotseat(&["sign-on", POOL])?;
    narrator.typed(&format!("bill$ hotseat sign-on {POOL}"));
    expect_success(&finished, "hotseat sign-on")?;
    narrator.answered(finished.stdout.trim());
    Scene::new(&["Lucy", "Bill"], &[]).agreed(office, narrator, watch).await?;
    play.pictures.of_desk(&office.bill, Icon::Holding).await?;

    let mark = office.journal.bookmark()?;
    let watch = Stopwatch::start();
    let finished = office.olaf.hotseat(&["sign-on", POOL])?;
    narrator.typed(&format!("olaf$ hotseat sign-on {POOL}"));
    narrator.answered(finished.stderr.trim());
    if finished.status.code() != Some(3) || !finished.stderr.contains(NETWORK_MESSAGE) {
        bail!("Olaf was not refused: {finished:?}");
    }
    narrator.seen(watch.elapsed(), "exit code 3: refused");
    over_rest(play)?;
    let (office, narrator) = (&play.office, play.narrator);
    let words = office.olaf.item()?.words().await?;
    if !words.iter().any(|word| word == "Wait for a seat") {
        bail!("Olaf's tray does not offer to wait: {words:?}");
    }
    narrator.fact("tray", "Olaf's menu has \"Wait for a seat\" where \"Take a seat\" was.");
    let record = office.journal.wait_for(mark, "sign_on_refused", "Olaf", PATIENCE).await?;
    let reason = record.reason.as_deref().unwrap_or_default();
    narrator.fact("journal", &format!("sign_on_refused, Olaf, {reason}"));
    Scene::new(&["Lucy", "Bill"], &[]).agreed(office, narrator, watch).await
}

/// The same refusal as an application server gets it.
fn over_rest(play: &Play) -> Result<()> {
    let answer = play.office.crm.come_in(&WAYS_IN[0], &OLAF)?;
    let problem: Problem = serde_json::from_value(answer.body.clone())
        .with_context(|| format!("no refusal: {answer:?}"))?;
    let fixed = problem.facts.as_ref().and_then(|facts| facts.legacy_message.as_deref());
    if answer.status != 409 || problem.code != Code::PoolFull || fixed != Some(NETWORK_MESSAGE) {
        bail!("Olaf was not refused over REST: {answer:?}");
    }
    play.narrator.fact("REST", &format!("409 pool_full: {}", problem.detail));
    Ok(())
}
