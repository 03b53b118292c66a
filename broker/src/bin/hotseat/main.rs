//! hotseat.
fn main() {}
