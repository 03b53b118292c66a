//! Real input on a private X server: keys, motion and clicks as hardware would send them (XTest).

use anyhow::{Context, Result};
use x11rb::connection::Connection;
use x11rb::protocol::screensaver::ConnectionExt as _;
use x11rb::protocol::xproto::{
    AtomEnum, BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConnectionExt as _, KEY_PRESS_EVENT,
    KEY_RELEASE_EVENT, MOTION_NOTIFY_EVENT, Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// The left button of a pointer.
pub const LEFT: u8 = 1;

/// A hand on the keyboard and the pointer of one display.
#[derive(Debug)]
pub struct Input {
    connection: RustConnection,
    root: Window,
}

impl Input {
    /// Connects to a display.
    ///
    /// # Errors
    /// If it is gone.
    pub fn connect(display: &str) -> Result<Input> {
        let (connection, screen) = x11rb::connect(Some(display))
            .with_context(|| format!("cannot connect to display {display}"))?;
        let root = connection.setup().roots.get(screen).context("the display has no screen")?.root;
        Ok(Input { connection, root })
    }

    /// Moves the pointer.
    ///
    /// # Errors
    /// If the display is gone.
    pub fn move_to(&self, x: i16, y: i16) -> Result<()> {
        self.send(MOTION_NOTIFY_EVENT, 0, x, y)
    }

    /// Presses and releases a button where the pointer is.
    ///
    /// # Errors
    /// If the display is gone.
    pub fn click(&self, button: u8) -> Result<()> {
        self.send(BUTTON_PRESS_EVENT, button, 0, 0)?;
        self.send(BUTTON_RELEASE_EVENT, button, 0, 0)
    }

    /// Presses keys in order and releases them in the opposite order; X names of keys, such as 0xff1b for Escape.
    ///
    /// # Errors
    /// If the display is gone or the keyboard has no such key.
    pub fn press(&self, keys: &[u32]) -> Result<()> {
        let codes: Vec<u8> = keys.iter().map(|key| self.keycode(*key)).collect::<Result<_>>()?;
        for code in &codes {
            self.send(KEY_PRESS_EVENT, *code, 0, 0)?;
        }
        for code in codes.iter().rev() {
            self.send(KEY_RELEASE_EVENT, *code, 0, 0)?;
        }
        Ok(())
    }

    /// Milliseconds since the last input, as the X server counts them.
    ///
    /// # Errors
    /// If the display is gone.
    pub fn idle_ms(&self) -> Result<u32> {
        Ok(self.connection.screensaver_query_info(self.root)?.reply()?.ms_since_user_input)
    }

    /// Whether a window manager looks after the display.
    ///
    /// # Errors
    /// If the display is gone.
    pub fn window_manager(&self) -> Result<bool> {
        let name = self.connection.intern_atom(false, b"_NET_SUPPORTING_WM_CHECK")?.reply()?.atom;
        let found = self
            .connection
            .get_property(false, self.root, name, AtomEnum::WINDOW, 0, 1)?
            .reply()?;
        Ok(found.value_len > 0)
    }

    fn keycode(&self, key: u32) -> Result<u8> {
        let setup = self.connection.setup();
        let first = setup.min_keycode;
        let table =
            self.connection.get_keyboard_mapping(first, setup.max_keycode - first + 1)?.reply()?;
        let per_code = usize::from(table.keysyms_per_keycode);
        let place = table.keysyms.iter().position(|found| *found == key);
        let place = place.with_context(|| format!("the keyboard has no key {key:#x}"))?;
        Ok(first + u8::try_from(place / per_code)?)
    }

    fn send(&self, event: u8, detail: u8, x: i16, y: i16) -> Result<()> {
        // Zero device: the core keyboard or pointer. Zero time: now.
        self.connection.xtest_fake_input(event, detail, 0, self.root, x, y, 0)?.check()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::children::Children;
    use crate::waiting::wait_until;
    use crate::x_server::XServer;

    const ESCAPE: u32 = 0xff1b;

    #[test]
    fn input_ends_idleness() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let children = Children::new(folder.path()).expect("children");
        let server = XServer::start(&children).expect("an X server");
        let input = Input::connect(server.display()).expect("a hand");
        for act in [&|| input.move_to(5, 5), &|| input.click(LEFT), &|| input.press(&[ESCAPE])]
            as [&dyn Fn() -> _; 3]
        {
            let idle = wait_until("the display is idle", || {
                let idle = input.idle_ms()?;
                Ok((idle > 100).then_some(idle))
            });
            let before = idle.expect("it becomes idle");
            act().expect("the input arrives");
            let fell =
                wait_until("the idle time fell", || Ok((input.idle_ms()? < before).then_some(())));
            fell.expect("it falls");
        }
    }
}
