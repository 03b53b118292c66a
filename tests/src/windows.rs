//! Where windows are on a private X server's screen.

use anyhow::{Context, Result};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, MapState, Window};
use x11rb::rust_connection::RustConnection;

/// A part of the screen, in pixels from its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// Columns to the left of it.
    pub x: usize,
    /// Rows above it.
    pub y: usize,
    /// Its columns.
    pub width: usize,
    /// Its rows.
    pub height: usize,
}

/// Where the window with this title is, without the window manager's frame; `None` while it is not shown.
///
/// # Errors
/// If the display is gone.
pub fn area_of(display: &str, title: &str) -> Result<Option<Area>> {
    Ok(areas_of(display, title)?.into_iter().next())
}

/// The same of all windows with this title that are shown.
///
/// # Errors
/// If the display is gone.
pub fn areas_of(display: &str, title: &str) -> Result<Vec<Area>> {
    let (connection, number) = x11rb::connect(Some(display))
        .with_context(|| format!("cannot connect to display {display}"))?;
    let root = connection.setup().roots.get(number).context("the display has no screen")?.root;
    let mut open = vec![root];
    let mut found = Vec::new();
    while let Some(window) = open.pop() {
        // A window may go while it is looked at.
        let Some(children) = children(&connection, window) else { continue };
        for child in children {
            if has_title(&connection, child, title) {
                found.extend(area(&connection, root, child));
            }
            open.push(child);
        }
    }
    Ok(found)
}

fn children(connection: &RustConnection, window: Window) -> Option<Vec<Window>> {
    Some(connection.query_tree(window).ok()?.reply().ok()?.children)
}

fn has_title(connection: &RustConnection, window: Window, title: &str) -> bool {
    let asked = connection.get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 1024);
    let answered = asked.ok().and_then(|cookie| cookie.reply().ok());
    answered.is_some_and(|property| property.value == title.as_bytes())
}

fn area(connection: &RustConnection, root: Window, window: Window) -> Option<Area> {
    let attributes = connection.get_window_attributes(window).ok()?.reply().ok()?;
    let geometry = connection.get_geometry(window).ok()?.reply().ok()?;
    let place = connection.translate_coordinates(window, root, 0, 0).ok()?.reply().ok()?;
    // GTK has hidden windows with the same title, one pixel large.
    let shown = attributes.map_state == MapState::VIEWABLE && geometry.width > 1;
    shown.then_some(Area {
        x: usize::try_from(place.dst_x).ok()?,
        y: usize::try_from(place.dst_y).ok()?,
        width: usize::from(geometry.width),
        height: usize::from(geometry.height),
    })
}
