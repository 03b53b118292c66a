//! hotseat-broker.
fn main() {}
