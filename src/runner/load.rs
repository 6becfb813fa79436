//! How busy the runner is, for those who watch it from outside.

use super::slots::SlotUse;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counters that are written by the runner's threads and read at any time.
#[derive(Debug, Default)]
pub struct Load {
    queued: AtomicUsize,
    running: AtomicUsize,
    succeeded: AtomicU64,
    failed: AtomicU64,
    canceled: AtomicU64,
    slots: Mutex<Vec<SlotUse>>,
}

impl Load {
    /// Tasks that wait for a thread or a slot.
    pub fn queued_tasks(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    /// Tasks that run.
    pub fn running_tasks(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Attempts that have succeeded since the start of the process.
    pub fn succeeded_attempts(&self) -> u64 {
        self.succeeded.load(Ordering::Relaxed)
    }

    /// Attempts that have failed by themselves since the start of the process.
    pub fn failed_attempts(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Attempts that were killed, or took too long, since the start of the process.
    pub fn canceled_attempts(&self) -> u64 {
        self.canceled.load(Ordering::Relaxed)
    }

    /// How slots are used, by name.
    pub fn slots(&self) -> Vec<SlotUse> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn use_slots(&self, slots: Vec<SlotUse>) {
        *self.slots.lock().unwrap_or_else(PoisonError::into_inner) = slots;
    }

    pub(super) fn queued(&self) {
        self.queued.fetch_add(1, Ordering::Relaxed);
    }

    /// A task waits no more, and does not run either.
    pub(super) fn withdrawn(&self) {
        self.queued.fetch_sub(1, Ordering::Relaxed);
    }

    /// Counts a task as running until the guard is dropped.
    pub(super) fn begins(&self) -> Running<'_> {
        self.queued.fetch_sub(1, Ordering::Relaxed);
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(self)
    }

    pub(super) fn ended(&self, success: bool, is_canceled: bool) {
        let counter = match (success, is_canceled) {
            (true, _) => &self.succeeded,
            (false, true) => &self.canceled,
            (false, false) => &self.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

pub(super) struct Running<'a>(&'a Load);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}
