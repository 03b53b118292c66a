//! The tray ends: told to, killed, or with its display; and its window, which is another matter.

use anyhow::{Context, Result};
use rustix::process::Signal;

use super::{Seen, Stage};
use crate::desk::Screen;
use crate::tray_item;
use crate::waiting::{Stopwatch, wait_for};
use crate::world::GRACE;

/// X names of keys.
const ALT: u32 = 0xffe9;
const F4: u32 = 0xffc1;
/// The window's title.
const TITLE: &str = "Hotseat";

/// Its Quit is chosen.
pub(super) async fn quit(stage: &mut Stage) -> Result<Seen> {
    let mark = stage.sign_on()?;
    let item = stage.desk.item()?;
    item.wait_for_item(tray_item::QUIT).await?;
    let watch = Stopwatch::start();
    item.quit().await?;
    stage.freed((mark, watch)).await
}

/// It gets a signal.
pub(super) async fn signal(stage: &mut Stage, signal: Signal) -> Result<Seen> {
    let mark = stage.sign_on()?;
    let watch = Stopwatch::start();
    stage.desk.tray()?.signal(signal);
    stage.freed((mark, watch)).await
}

/// Its display server is killed.
pub(super) async fn display(stage: &mut Stage) -> Result<Seen> {
    let mark = stage.sign_on()?;
    let watch = Stopwatch::start();
    if let Screen::Private(private) = &mut stage.desk.screen {
        private.desktop.x.child.kill()?;
    }
    stage.freed((mark, watch)).await
}

/// Its window is opened, and closed as a person closes it.
pub(super) async fn window(stage: &mut Stage) -> Result<Seen> {
    let mark = stage.sign_on()?;
    stage.desk.choose("Open Hotseat").await?;
    let private = stage.desk.private()?;
    wait_for("the window is shown", async || private.desktop.window_area(TITLE)).await?;
    let input = private.desktop.input()?;
    wait_for("the window is closed", async || {
        if private.desktop.window_area(TITLE)?.is_none() {
            return Ok(Some(()));
        }
        // The window has the keyboard once it is drawn; before that the keys go nowhere.
        input.press(&[ALT, F4])?;
        Ok(None)
    })
    .await?;
    let tray = stage.desk.tray()?;
    let alone = wait_for("only the tray is left", async || {
        tray.expect_running()?;
        Ok((tray.all_processes() == [tray.id()]).then_some(()))
    });
    alone.await.context("the tray is to outlive its window, and nothing else of it")?;
    stage.kept(mark, GRACE).await
}
