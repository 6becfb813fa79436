//! `cargo +nightly fuzz run archive`
#![no_main]

#[path = "../inputs/archive.rs"]
mod archive;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| archive::check(bytes));
