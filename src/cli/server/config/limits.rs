//! What each attempt may use of the machine.

use super::super::values::Values;
use crate::confinement::LimitSettings;
use crate::model::Settings;

pub(super) fn read(values: &Values<'_>, settings: &Settings) -> LimitSettings {
    LimitSettings::from_settings(settings).unwrap_or_else(|wrong| {
        wrong.iter().for_each(|it| values.wrong(&it.key, &it.value, it.expected));
        LimitSettings::default()
    })
}
