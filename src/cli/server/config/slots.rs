//! How many tasks of a kind run at a time.

use super::super::values::Values;
use crate::model::Settings;
use crate::runner::SlotSettings;

pub(super) fn read(values: &Values<'_>, settings: &Settings) -> SlotSettings {
    SlotSettings::from_settings(settings).unwrap_or_else(|wrong| {
        wrong.iter().for_each(|it| values.wrong(&it.key, &it.value, it.expected));
        SlotSettings::default()
    })
}
