//! The tray and its window: thin programs that show what the broker says and pass on intent.

pub mod tray;
pub mod views;
