//! After the last act the office stays open to be played with.

use anyhow::Result;
use hotseat_tests::paths;
use hotseat_tests::pool_server::{POOL, expect_success};
use hotseat_tests::waiting::Stopwatch;

use crate::scene::{Mine, Scene};
use crate::steps::Play;

/// Gives Olaf's machine its power back and says how to play.
///
/// # Errors
/// If his machine does not come up, or the pool does not take its usual limits back.
pub(crate) async fn open(play: &mut Play) -> Result<()> {
    let narrator = play.narrator;
    play.office.olaf.power_on().await?;
    play.office.olaf_has_power = true;
    let usual = ["pool", "set", POOL, "--warn-after", "25min", "--sign-off-after", "27min"];
    expect_success(&play.office.pool.command(&usual, "")?, "hotseat-pool pool set")?;
    narrator.title("The office stays open");
    narrator.says("Olaf's machine is on again and the idle limits are the usual ones.");
    let scene = Scene::new(&[], &[]).with("Bill", Mine::Lost);
    scene.agreed(&play.office, narrator, Stopwatch::start()).await?;
    narrator.says("Be one of them, in another terminal:");
    for desk in play.office.desks() {
        let name = desk.person.name;
        narrator.fact(name, &format!("on {}", desk.screen.name()));
        narrator.answered(&format!("export HOTSEAT_SOCKET={}", desk.host.socket().display()));
    }
    narrator.says("Then:");
    narrator.verbatim(&format!("cd {}", paths::programs_dir()?.display()));
    for verb in ["status", "sign-on infor-crm --wait", "who infor-crm", "sign-off", "doctor"] {
        narrator.verbatim(&format!("./hotseat {verb}"));
    }
    narrator.says("Ctrl-C signs everybody off and ends every program.");
    Ok(())
}
