//! Pictures of panels and of the window, taken from the X server and checked before they count.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use hotseat_tests::desktop::Desktop;
use hotseat_tests::paths;
use hotseat_tests::screen::Picture;
use hotseat_tests::waiting::wait_for;
use hotseat_tray::tray::icon::{Icon, Ink, paint};

use hotseat_tests::desk::{Desk, Screen};

/// The icon's side on our panels.
const ICON: u32 = 22;
/// Rows and columns of panel around the icon.
const AROUND: usize = 5;
/// The panel is at the top and this high.
const PANEL_HEIGHT: usize = 32;
/// The window's accent, in which what is mine and the next step are drawn, light and dark.
const ACCENTS: [[u8; 3]; 2] = [[0x0b, 0x64, 0x70], [0x74, 0xcb, 0xd3]];
/// Pixels of accent that a drawn window has at least: a chair and the line under it.
const ACCENT_PIXELS_MIN: usize = 60;

/// Where a picture's state came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It happened in the office.
    Real,
    /// A stand-in broker said so.
    StandIn,
}

/// The pictures taken so far.
#[derive(Debug)]
pub(crate) struct Pictures {
    folder: PathBuf,
    taken: BTreeMap<Icon, Cause>,
    window: bool,
}

impl Pictures {
    /// An empty album; pictures of an earlier run are thrown away.
    ///
    /// # Errors
    /// If its folder cannot be made.
    pub(crate) fn new() -> Result<Pictures> {
        let folder = paths::target_dir()?.join("demo");
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Pictures { folder, taken: BTreeMap::new(), window: false })
    }

    /// The folder of the pictures.
    pub(crate) fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// Takes a picture of the panel on a desk, unless there is one of this state; never of the desktop that the
    /// demo was started on.
    ///
    /// # Errors
    /// If the icon does not come to be seen on the panel.
    pub(crate) async fn of_desk(&mut self, desk: &Desk, icon: Icon) -> Result<()> {
        if let Screen::Private(private) = &desk.screen {
            self.of_panel(&private.desktop, icon, Cause::Real).await?;
        }
        Ok(())
    }

    /// Takes a picture of a panel, unless there is one of this state.
    ///
    /// # Errors
    /// If the icon does not come to be seen on the panel.
    pub(crate) async fn of_panel(
        &mut self,
        desktop: &Desktop,
        icon: Icon,
        cause: Cause,
    ) -> Result<()> {
        if self.taken.contains_key(&icon) {
            return Ok(());
        }
        let side = usize::try_from(ICON)?;
        let picture = wait_for(&format!("the panel shows {:?}", icon.name()), async || {
            let screen = desktop.picture()?;
            Ok(place_of(icon, &screen)?.map(|(x, _)| {
                let left = x.saturating_sub(AROUND);
                screen.crop(left, 0, side + 2 * AROUND, PANEL_HEIGHT)
            }))
        })
        .await?;
        picture.save(&self.folder.join(format!("tray-{}.png", icon.name())))?;
        self.taken.insert(icon, cause);
        Ok(())
    }

    /// Takes pictures of the window and of the desktop that it stands on, once it is drawn and holds still and the
    /// panel shows this icon.
    ///
    /// # Errors
    /// If there is none or it is not drawn.
    pub(crate) async fn of_window(&mut self, desktop: &Desktop, icon: Icon) -> Result<()> {
        let mut before = None;
        let (window, screen) = wait_for("the window is drawn", async || {
            let Some(area) = desktop.window_area("Hotseat")? else {
                return Ok(None);
            };
            let screen = desktop.picture()?;
            let window = screen.crop(area.x, area.y, area.width, area.height);
            let accent: usize = ACCENTS.iter().map(|accent| window.count(*accent)).sum();
            let still = before.replace(window.clone()) == Some(window.clone());
            let drawn = accent >= ACCENT_PIXELS_MIN && place_of(icon, &screen)?.is_some();
            Ok((still && drawn).then_some((window, screen)))
        })
        .await?;
        window.save(&self.folder.join("window.png"))?;
        screen.save(&self.folder.join("desktop.png"))?;
        self.window = true;
        Ok(())
    }

    /// Whether the window was taken.
    pub(crate) fn has_window(&self) -> bool {
        self.window
    }

    /// The states that there is no picture of yet.
    pub(crate) fn missing(&self) -> Vec<Icon> {
        Icon::ALL.into_iter().filter(|icon| !self.taken.contains_key(icon)).collect()
    }

    /// The names of the states that came about in this way.
    pub(crate) fn caused_by(&self, cause: Cause) -> Vec<&'static str> {
        let of_cause = Icon::ALL.into_iter().filter(|icon| self.taken.get(icon) == Some(&cause));
        of_cause.map(Icon::name).collect()
    }
}

/// Where a screen's panel shows an icon, if it does.
fn place_of(icon: Icon, screen: &Picture) -> Result<Option<(usize, usize)>> {
    let panel = screen.crop(0, 0, screen.width, PANEL_HEIGHT);
    // Far from every icon the panel is empty.
    let empty = panel.at(panel.width.saturating_sub(1), PANEL_HEIGHT / 2);
    let empty = empty.context("the screen has no panel")?;
    Ok(panel.find(&drawing(icon, empty), usize::try_from(ICON)?))
}

/// The icon's pixels on an empty panel, but for those where both show.
fn drawing(icon: Icon, panel: [u8; 3]) -> Vec<Option<[u8; 3]>> {
    let painted = paint(icon, ICON, Ink::Halo);
    let shown = |pixel: &[u8]| match pixel[3] {
        u8::MAX => Some([pixel[0], pixel[1], pixel[2]]),
        0 => Some(panel),
        _ => None,
    };
    painted.pixels.chunks_exact(4).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_drawing_is_mistaken_for_another() {
        let panel = [0xf6, 0xf5, 0xf4];
        for one in Icon::ALL {
            for other in Icon::ALL.into_iter().filter(|other| *other != one) {
                let pairs = drawing(one, panel).into_iter().zip(drawing(other, panel));
                let differ = pairs.filter(|(a, b)| a.is_some() && b.is_some() && a != b).count();
                assert!(differ > 20, "{} and {}: {differ}", one.name(), other.name());
            }
        }
    }
}
