//! The only reader of wall time. Tests give it a time with `DIBBLE_NOW`; such a clock stands still and is moved on only
//! when there is nothing left to do but wait.

use crate::model::Time;
use chrono::Utc;
use std::sync::{Arc, Mutex, PoisonError};

/// Tells the time.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    stepped: Option<Arc<Mutex<Time>>>,
}

impl Clock {
    /// The clock of the machine.
    pub fn system() -> Self {
        Self { stepped: None }
    }

    /// A clock that stands at a time until it is stepped.
    pub fn stepped(start: Time) -> Self {
        Self { stepped: Some(Arc::new(Mutex::new(start))) }
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that may read the clock of the machine")]
    pub fn now(&self) -> Time {
        match &self.stepped {
            Some(time) => *time.lock().unwrap_or_else(PoisonError::into_inner),
            None => Utc::now(),
        }
    }

    /// Whether it stands still until it is stepped.
    pub fn is_stepped(&self) -> bool {
        self.stepped.is_some()
    }

    /// Moves a stepped clock on to a later time. Returns false, and does nothing, on the clock of the machine.
    pub fn step_to(&self, time: Time) -> bool {
        let Some(now) = &self.stepped else { return false };
        let mut now = now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = time.max(*now);
        true
    }

    /// Lets a stepped clock show any time, as the clock of a machine that somebody sets.
    #[cfg(test)]
    pub(crate) fn set_to(&self, time: Time) {
        if let Some(now) = &self.stepped {
            *now.lock().unwrap_or_else(PoisonError::into_inner) = time;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn a_stepped_clock_only_goes_forward() {
        let clock = Clock::stepped(Time::UNIX_EPOCH);
        let second = TimeDelta::seconds(1);
        assert!(clock.step_to(Time::UNIX_EPOCH + second));
        assert!(clock.step_to(Time::UNIX_EPOCH));
        assert_eq!(clock.now(), Time::UNIX_EPOCH + second);
        assert!(!Clock::system().step_to(Time::MAX_UTC));
    }
}
