//! `hotseat_tests::hostile::configuration`, with bytes that a fuzzer makes up.
#![no_main]

#[path = "../../src/hostile/mod.rs"]
#[expect(dead_code, unreachable_pub, reason = "one target of five")]
mod hostile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hostile::configuration(bytes));
