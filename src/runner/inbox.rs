//! What is to be told to the dispatcher, and the alarm of the thread that waits for time to pass.

use super::message::Message;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Messages in the order in which they came.
#[derive(Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    ring: Condvar,
}

#[derive(Default)]
struct State {
    messages: Vec<Message>,
    /// When the waiting thread wakes up by itself; none for never.
    alarm: Option<Instant>,
    /// The waiting thread is to wake up now.
    rung: bool,
}

impl Inbox {
    /// Leaves a message for whoever looks next.
    pub(super) fn put(&self, message: Message) {
        self.lock().messages.push(message);
    }

    /// Leaves a message and wakes the waiting thread, which will look.
    pub(super) fn send(&self, message: Message) {
        self.lock().messages.push(message);
        self.wake();
    }

    /// As [`send`](Self::send), with many messages, or none, which wakes nobody.
    pub(super) fn send_all(&self, messages: impl Iterator<Item = Message>) {
        let mut messages = messages.peekable();
        if messages.peek().is_some() {
            self.lock().messages.extend(messages);
            self.wake();
        }
    }

    pub(super) fn take(&self) -> Vec<Message> {
        std::mem::take(&mut self.lock().messages)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().messages.is_empty()
    }

    /// Wakes the waiting thread now.
    pub(super) fn wake(&self) {
        self.lock().rung = true;
        self.ring.notify_one();
    }

    /// Sees to it that the waiting thread wakes up at this time at the latest.
    pub(super) fn wake_by(&self, at: Instant) {
        if self.lock().alarm.is_none_or(|alarm| at < alarm) {
            self.wake();
        }
    }

    /// Waits until it is woken or the time has come.
    pub(super) fn wait(&self, until: Option<Instant>) {
        let mut state = self.lock();
        state.alarm = until;
        while !state.rung {
            let Some(until) = until else {
                state = self.ring.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            (state, _) = self.ring.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
        }
        state.rung = false;
        // Until the thread waits again, whatever comes rings.
        state.alarm = None;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
