//! What each attempt may use of the machine, and what must be left of it.

use super::super::values::Values;
use crate::confinement::LimitSettings;
use crate::model::{Settings, parse_size};

pub(super) fn read(values: &Values<'_>, settings: &Settings) -> LimitSettings {
    LimitSettings::from_settings(settings).unwrap_or_else(|wrong| {
        wrong.iter().for_each(|it| values.wrong(&it.key, &it.value, it.expected));
        LimitSettings::default()
    })
}

const DEFAULT_FREE_DISK: u64 = 500 << 20;

/// How many bytes must be free for something new to begin.
pub(super) fn free_disk(values: &Values<'_>) -> u64 {
    let expected = "a size such as 500M or 2G, or 0 for no limit";
    values.read("limits.free_disk", expected, parse_size).unwrap_or(DEFAULT_FREE_DISK)
}
