//! `hotseat_tests::hostile::service_conversations`, with bytes that a fuzzer makes up.
#![no_main]

#[path = "../../src/hostile/mod.rs"]
#[expect(dead_code, unreachable_pub, reason = "one target of several")]
mod hostile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hostile::service_conversations(bytes));
