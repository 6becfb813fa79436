//! `cargo +nightly fuzz run dig`
#![no_main]

#[path = "../inputs/dig.rs"]
mod dig;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dig::check(bytes));
