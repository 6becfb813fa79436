//! Limits that keep the machine alive: how much runs at a time, and what it may use.

mod free_disk;
mod resources;
mod slots;
mod threads;
