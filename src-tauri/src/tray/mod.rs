//! What the tray shows: drawings, and the menu as a value.

pub mod icon;
pub mod menu;
