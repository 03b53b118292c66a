//! hotseat-pool.
fn main() {}
