//! `hotseat_tests::hostile::link_frames`, with bytes that a fuzzer makes up.
#![no_main]

#[path = "../../src/hostile/mod.rs"]
#[expect(dead_code, unreachable_pub, reason = "one target of five")]
mod hostile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hostile::link_frames(bytes));
