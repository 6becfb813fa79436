//! How much history is kept.

use super::super::values::Values;
use crate::actions::prune::RetentionLimits;

/// None when nothing is removed.
pub(super) fn read(values: &Values<'_>) -> Option<RetentionLimits> {
    let mut limits = RetentionLimits::default();
    for key in [RetentionLimits::MAX_AGE, RetentionLimits::MAX_ATTEMPTS, RetentionLimits::MAX_SIZE] {
        if let Some(text) = values.text(key)
            && let Err(error) = limits.set(key, text)
        {
            values.wrong(error.key, &error.value, error.expected);
        }
    }
    values.flag(RetentionLimits::ENABLED, true).then_some(limits)
}
