//! How fast housekeeping goes: after every step it leaves the file to others for longer than the step took.

use crate::store::StoreError;
use std::time::{Duration, Instant};

/// A pause is so many times as long as the step before it.
const PAUSE: u32 = 3;
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// Lets steps follow one another.
pub struct Pace<'a> {
    /// Waits, and tells whether to go on.
    pause: Box<dyn FnMut(Duration) -> bool + 'a>,
}

impl<'a> Pace<'a> {
    /// `pause` waits so long, and tells whether to go on.
    pub fn new(pause: impl FnMut(Duration) -> bool + 'a) -> Self {
        Self { pause: Box::new(pause) }
    }

    /// Goes on at once: for those who have the file to themselves.
    pub fn without_pauses() -> Self {
        Self::new(|_| true)
    }

    /// Does steps until one says that it was the last.
    ///
    /// # Errors
    ///
    /// Those of the steps.
    pub fn repeat(&mut self, mut step: impl FnMut() -> Result<bool, StoreError>) -> Result<(), StoreError> {
        while self.take(&mut step)? {}
        Ok(())
    }

    /// Does a step, then pauses. Tells whether another one is to follow.
    fn take(&mut self, step: impl FnOnce() -> Result<bool, StoreError>) -> Result<bool, StoreError> {
        let begun = Instant::now();
        let is_more = step()?;
        let pause = (begun.elapsed() * PAUSE).min(LONGEST_PAUSE);
        Ok(is_more && (self.pause)(pause))
    }
}
