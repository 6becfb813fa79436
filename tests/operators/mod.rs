//! The operators, one file each.

mod call;
mod echo;
mod embulk;
mod fail;
mod for_each;
mod for_range;
mod if_;
mod loop_;
mod masking;
mod param;
mod py;
mod rb;
mod require;
mod secrets;
mod sh;
mod unknown;
mod wait;
