//! What schedules start, and what becomes of sessions that were missed.

use super::super::values::Values;
use crate::model::Settings;
use crate::scheduler::{CatchUp, CatchUpSettings, SchedulerSettings};

/// None when schedules start nothing.
pub(super) fn read(values: &Values<'_>, settings: &Settings) -> Option<SchedulerSettings> {
    let prefix = "schedule.catch_up";
    let of_workflows = settings.below("schedule.catch_up.").map(|(name, _)| format!("{prefix}.{name}"));
    for key in [prefix.to_owned()].into_iter().chain(of_workflows) {
        values.read(&key, "all, last or none", CatchUp::parse);
    }
    values.number("schedule.catch_up_limit", 1..=u32::MAX);
    let late_after = values.read(
        "schedule.late_after",
        "a duration such as 5m, or none",
        SchedulerSettings::parse_late_after,
    );
    // What could be wrong with them has been told by now.
    values.flag("schedule.enabled", true).then(|| SchedulerSettings {
        catch_up: CatchUpSettings::from_settings(settings).unwrap_or_default(),
        late_after: late_after.unwrap_or(SchedulerSettings::default().late_after),
    })
}
