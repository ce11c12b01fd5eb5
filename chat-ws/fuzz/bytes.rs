#![no_main]

#[path = "targets/bytes.rs"]
mod bytes;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bytes::run(bytes));
