//! Act 5: the table of ends, and pictures of the window and of every tray state.

use std::path::Path;

use anyhow::{Context, Result, bail};
use hotseat_protocol::version::OLDEST_VERSION;
use hotseat_tests::children::Children;
use hotseat_tests::desktop::Desktop;
use hotseat_tests::input::Input;
use hotseat_tests::launch::Launch;
use hotseat_tests::paths;
use hotseat_tests::stand_in_broker::StandInBroker;
use hotseat_tests::tray_states::{every_state, free, view};
use hotseat_tests::waiting::wait_for;
use hotseat_tray::tray::icon::Icon;

use super::Play;
use crate::output::names;
use crate::pictures::{Cause, Pictures};
use hotseat_tests::desk::Screen;

/// X names of keys.
const ALT: u32 = 0xffe9;
const F4: u32 = 0xffc1;

/// Plays the act.
pub(super) async fn perform(play: &mut Play) -> Result<()> {
    let narrator = play.narrator;
    narrator.act(5, "How it ended, and how it looked");
    play.ends.tell(narrator);

    let folder = play.office.folder().join("stand-in");
    of_what_did_not_happen(&mut play.pictures, &folder).await?;
    if !play.pictures.missing().is_empty() || !play.pictures.has_window() {
        bail!("there is no picture of {:?}", play.pictures.missing());
    }
    narrator.says(&format!(
        "Pictures, each checked to show our icon: {}",
        play.pictures.folder().display()
    ));
    narrator.fact("Bill's", "window.png and desktop.png, while Olaf waited");
    let real = play.pictures.caused_by(Cause::Real);
    narrator.fact("as it was", &format!("tray-….png: {}", names(&real)));
    let told = play.pictures.caused_by(Cause::StandIn);
    let why = match &play.office.lucy.screen {
        Screen::Private(_) => "because nothing here can cause them",
        Screen::This(_) => {
            "because nothing here can cause them, or they were seen on your own desktop, which is not photographed"
        }
    };
    narrator
        .fact("stand-in", &format!("{}: told by a broker that plays a part, {why}", names(&told)));
    Ok(())
}

/// Opens Bill's window, takes its picture, and closes it as a person would.
pub(super) async fn of_bills_window(play: &mut Play) -> Result<()> {
    let bill = &play.office.bill;
    let Screen::Private(private) = &bill.screen else {
        return Ok(());
    };
    bill.choose("Open Hotseat").await?;
    play.pictures.of_window(&private.desktop, Icon::Holding).await?;
    let input: Input = private.desktop.input()?;
    wait_for("Bill's window is closed", async || {
        input.press(&[ALT, F4])?;
        Ok(private.desktop.window_area("Hotseat")?.is_none().then_some(()))
    })
    .await
}

/// Pictures of the states that nothing in the office could cause, from a stand-in broker.
async fn of_what_did_not_happen(pictures: &mut Pictures, folder: &Path) -> Result<()> {
    if pictures.missing().is_empty() {
        return Ok(());
    }
    let children = Children::new(&folder.join("logs"))?;
    let desktop = Desktop::start(&children, folder)?;
    let _panel = desktop.start_panel().await?;
    let socket = folder.join("broker.sock");
    let launch =
        Launch::new("tray", paths::program("hotseat-tray")?).env("HOTSEAT_SOCKET", &socket);
    let _tray = desktop.start_program(launch)?;
    for icon in pictures.missing() {
        let _broker = stand_in(icon, &socket)?;
        pictures.of_panel(&desktop, icon, Cause::StandIn).await?;
    }
    Ok(())
}

/// A broker that puts a tray into this state; none where that is the state.
fn stand_in(icon: Icon, socket: &Path) -> Result<Option<StandInBroker>> {
    if icon == Icon::NoBroker {
        return Ok(None);
    }
    if icon == Icon::AnotherVersion {
        let old = OLDEST_VERSION - 1;
        return Ok(Some(StandInBroker::start_with_version(socket, view(vec![free()]), old)?));
    }
    let state = every_state().into_iter().find(|state| state.drawing == icon.name());
    let state = state.with_context(|| format!("no view causes {}", icon.name()))?;
    Ok(Some(StandInBroker::start(socket, state.view)?))
}
