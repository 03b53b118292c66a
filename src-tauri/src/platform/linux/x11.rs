//! Idle times of an X server, by its screen saver extension.

use std::sync::Arc;

use x11rb::connection::{Connection, RequestConnection};
use x11rb::protocol::screensaver::{self, ConnectionExt};
use x11rb::protocol::xproto::Window;
use x11rb::rust_connection::RustConnection;

use crate::idle::{Gone, IdleSource, Soon};

/// An X server.
pub(super) struct X11 {
    connection: Arc<RustConnection>,
    root: Window,
}

/// Connects to the display of the environment; nothing if it cannot tell idle times.
pub(super) async fn open() -> Option<X11> {
    let opened = tokio::task::spawn_blocking(connect).await;
    match opened {
        Ok(Ok(source)) => Some(source),
        Ok(Err(error)) => {
            tracing::debug!(error, "the X server cannot tell idle times");
            None
        }
        Err(error) => {
            tracing::error!(%error, "asking the X server failed");
            None
        }
    }
}

/// Why the display of the environment cannot be used; nothing when it can.
pub(super) fn cannot_connect() -> Option<String> {
    x11rb::connect(None).err().map(|error| error.to_string())
}

/// What a density of 1 is, in dots per inch.
const DPI_OF_1: f64 = 96.0;

/// How much larger than usual this display's text is: desktops that do not scale their X screens
/// as a whole (KDE, Xfce with a larger font) say it in the resource `Xft.dpi`.
pub fn text_scale() -> Option<f64> {
    let (connection, _) = x11rb::connect(None).ok()?;
    let resources = x11rb::resource_manager::new_from_default(&connection).ok()?;
    scale_of(resources.get_string("Xft.dpi", "Xft.Dpi")?)
}

fn scale_of(dpi: &str) -> Option<f64> {
    dpi.trim().parse::<f64>().ok().map(|dpi| dpi / DPI_OF_1)
}

fn connect() -> Result<X11, String> {
    let (connection, screen) = x11rb::connect(None).map_err(|error| error.to_string())?;
    let known = connection.extension_information(screensaver::X11_EXTENSION_NAME);
    if known.map_err(|error| error.to_string())?.is_none() {
        return Err("it has no MIT-SCREEN-SAVER extension".to_owned());
    }
    let root = connection.setup().roots[screen].root;
    let source = X11 { connection: Arc::new(connection), root };
    ask(&source.connection, source.root)?;
    Ok(source)
}

fn ask(connection: &RustConnection, root: Window) -> Result<u64, String> {
    let asked = connection.screensaver_query_info(root).map_err(|error| error.to_string())?;
    let info = asked.reply().map_err(|error| error.to_string())?;
    Ok(u64::from(info.ms_since_user_input))
}

impl IdleSource for X11 {
    fn name(&self) -> &'static str {
        "X11 screen saver extension"
    }

    fn idle_ms(&mut self) -> Soon<'_, Result<u64, Gone>> {
        let connection = Arc::clone(&self.connection);
        let root = self.root;
        Box::pin(async move {
            let asked = tokio::task::spawn_blocking(move || ask(&connection, root)).await;
            asked.unwrap_or_else(|error| Err(error.to_string())).map_err(Gone::Failed)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::scale_of;

    #[test]
    fn a_density_is_a_scale() {
        assert_eq!(scale_of("96"), Some(1.0));
        assert_eq!(scale_of(" 192.0 "), Some(2.0));
        assert_eq!(scale_of("large"), None);
    }
}
