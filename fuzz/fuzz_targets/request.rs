//! `cargo +nightly fuzz run request`
#![no_main]

#[path = "../inputs/request.rs"]
mod request;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| request::check(bytes));
