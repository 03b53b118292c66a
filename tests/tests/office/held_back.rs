//! A machine that shuts down or falls asleep is held back until the pool server has the sign-off, and not only until it
//! was sent: on a slow network that is gone the moment the machine is let go, the seat comes free all the same.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use hotseat_protocol::reason::ReleaseReason;
use hotseat_tests::logind::Held;
use hotseat_tests::people::LUCY;
use hotseat_tests::proxy::{Proxy, Weather};
use hotseat_tests::waiting::Stopwatch;
use hotseat_tests::world::{GRACE, World, sign_on};

/// What is sent arrives so much later: far longer than it takes to be let go too early.
const LATENCY: Duration = Duration::from_millis(200);

async fn is_held_back(held: Held, reason: ReleaseReason) -> Result<()> {
    let world = World::new()?;
    let network = Arc::new(Proxy::start(world.pool.address())?);
    let desk = world.desk_at(LUCY, &network.url()).await?;
    let logind = &desk.private()?.logind;
    logind.wait_until_held(held).await?;
    let mark = sign_on(&world, &desk)?;
    network.set(Weather::slow(LATENCY));
    let gone = Arc::clone(&network);
    logind.once_released(held, move || gone.set(Weather::CUT));
    let watch = Stopwatch::start();
    match held {
        Held::Sleep => logind.prepare_for_sleep(true).await?,
        Held::ShutDown => logind.prepare_for_shutdown(true).await?,
    }
    world.ends((mark, watch), &LUCY, GRACE, reason).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn from_shutting_down() {
    is_held_back(Held::ShutDown, ReleaseReason::ShutDown).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn from_falling_asleep() {
    is_held_back(Held::Sleep, ReleaseReason::Suspended).await.unwrap();
}
