//! A private X server without a screen.

use anyhow::Result;

use crate::children::{Child, Children};
use crate::launch::Launch;

/// Size and depth of the screen: room for a panel, the window and a few notes.
const SCREEN: &str = "1280x800x24";

/// A running X server.
#[derive(Debug)]
pub struct XServer {
    /// Its process; killing it is how a display dies.
    pub child: Child,
    display: String,
}

impl XServer {
    /// Starts an X server on a display that it picks itself, and waits until it takes connections.
    ///
    /// # Errors
    /// If Xvfb is missing or ends.
    pub fn start(children: &Children) -> Result<XServer> {
        // Without -noreset it would forget everything when the last window closes.
        let launch = Launch::new("xvfb", "Xvfb").args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            SCREEN,
            "-nolisten",
            "tcp",
            "-noreset",
        ]);
        let mut child = children.start(launch)?;
        let number: u32 =
            child.wait_for_output("the X server has a display", |line| line.parse().ok())?;
        Ok(XServer { child, display: format!(":{number}") })
    }

    /// The value for `DISPLAY`.
    pub fn display(&self) -> &str {
        &self.display
    }
}
