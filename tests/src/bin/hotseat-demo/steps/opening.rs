//! Before the first act: three new machines are enrolled, three people log in.

use anyhow::Result;
use hotseat_protocol::quantity::LeaseMs;
use hotseat_protocol::view::PolicyView;
use hotseat_tests::people::COLLEAGUES;
use hotseat_tests::pool_server::POOL;
use hotseat_tests::waiting::Stopwatch;
use hotseat_tray::tray::icon::Icon;

use super::Play;
use crate::scene::{Mine, Scene};
use hotseat_tests::desk::Desk;

/// Sets the scene.
pub(super) async fn perform(play: &mut Play) -> Result<()> {
    let narrator = play.narrator;
    let office = &mut play.office;
    let detail = office.journal.pool()?;
    let pool = &detail.pool;
    narrator.title("Hotseat: an office with three people and two seats");
    narrator.says("Nothing here is staged: every word in a tray, every time and every reason is read from the running programs.");
    narrator.fact(
        "pool",
        &format!("{} ({POOL}), {} seats, {}", pool.name, pool.seats, office.pool.url()),
    );
    for desk in office.desks() {
        narrator.fact(desk.person.name, &desk_told(desk));
    }
    narrator.fact(
        "limits",
        &limits(
            &pool.policy,
            detail.definition.as_deref().and_then(|definition| definition.lease_ms),
        ),
    );

    for desk in [&office.lucy, &office.bill, &office.olaf] {
        desk.item()?.wait_for_line("This computer is not enrolled yet").await?;
        play.pictures.of_desk(desk, Icon::NotEnrolled).await?;
    }
    for desk in [&mut office.lucy, &mut office.bill, &mut office.olaf] {
        desk.enroll(&office.pool)?;
    }
    narrator.says("Each machine is enrolled with an invitation that is good for one use.");
    let watch = Stopwatch::start();
    let logged_out = COLLEAGUES
        .iter()
        .fold(Scene::new(&[], &[]), |scene, person| scene.with(person.name, Mine::LoggedOut));
    logged_out.agreed(office, narrator, watch).await?;
    play.pictures.of_desk(&office.bill, Icon::SignedOut).await?;

    let watch = Stopwatch::start();
    for desk in office.desks() {
        desk.host.log_in(&desk.person)?;
    }
    narrator.typed("$ hotseat login lucy@finance.example     (and Bill, and Olaf)");
    Scene::new(&[], &[]).agreed(office, narrator, watch).await?;
    play.pictures.of_desk(&office.bill, Icon::NoSeat).await
}

fn desk_told(desk: &Desk) -> String {
    format!("{}: a bus, a panel, a broker, a tray", desk.screen.name())
}

/// The limits in force, as the pool tells them.
fn limits(policy: &PolicyView, lease_ms: Option<LeaseMs>) -> String {
    let lease = lease_ms.map_or_else(String::new, |ms| format!("lease {} s, ", ms.get() / 1_000));
    format!(
        "{lease}tray grace {} s, idle {} min, signed off at {} min: the defaults",
        policy.tray_grace_ms.get() / 1_000,
        policy.warn_after_ms.get() / 60_000,
        policy.sign_off_after_ms.get() / 60_000
    )
}
