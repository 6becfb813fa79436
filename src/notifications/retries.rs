//! When a notification that nobody took is sent again.

use crate::model::{ConfigError, Settings};
use std::time::Duration;

/// How often and when to try again: each wait is three times as long as the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retries {
    limit: u64,
    first_wait: u64,
    longest_wait: u64,
}

impl Retries {
    pub(super) fn read(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            limit: settings.number("notification.retries")?.unwrap_or(10),
            first_wait: settings.number("notification.min_retry_wait")?.unwrap_or(1_000),
            longest_wait: settings.number("notification.max_retry_wait")?.unwrap_or(30_000),
        })
    }

    /// How often to try again after the first time.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// The wait before the retry with this number, the first one being 0; none when there is no such retry.
    pub fn wait(&self, retry: u64) -> Option<Duration> {
        let factor = u32::try_from(retry).ok().and_then(|retry| 3_u64.checked_pow(retry)).unwrap_or(u64::MAX);
        let wait = self.first_wait.saturating_mul(factor).min(self.longest_wait);
        (retry < self.limit).then_some(Duration::from_millis(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_limit() {
        let waits = |retries: &Retries| -> Vec<Option<u128>> {
            let numbers = [0, 1, 2, 3, 4, 9, 10, u64::MAX];
            numbers.iter().map(|retry| retries.wait(*retry).map(|wait| wait.as_millis())).collect()
        };
        let default = Retries::read(&Settings::default()).unwrap();
        assert_eq!(default.limit(), 10);
        let expected = [1_000, 3_000, 9_000, 27_000, 30_000, 30_000].map(Some);
        assert_eq!(waits(&default), [&expected[..], &[None, None]].concat());
        let none = Retries { limit: u64::MAX, first_wait: 0, longest_wait: 5 };
        assert_eq!(none.wait(u64::MAX - 1), Some(Duration::ZERO));
        assert_eq!(none.wait(u64::MAX), None);
    }
}
