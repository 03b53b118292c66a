//! hotseat-tray.
fn main() {}
