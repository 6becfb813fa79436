//! How changes in the directories of projects are noticed.

use super::super::values::Values;
use crate::model::parse_duration;
use crate::watch::{Poll, WatchSettings};

pub(super) fn read(values: &Values<'_>, starts_sessions: bool) -> WatchSettings {
    let default = WatchSettings::default();
    WatchSettings {
        poll: values.read("watch.poll", "auto, always or never", Poll::parse).unwrap_or(default.poll),
        poll_interval: values
            .read("watch.poll_interval", "a duration of a second or more, such as 5s", |text| {
                parse_duration(text).filter(|interval| !interval.is_zero())
            })
            .unwrap_or(default.poll_interval),
        starts_sessions,
    }
}
