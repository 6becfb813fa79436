//! Times on the terminal and in the log: in the machine's zone, `yyyy-MM-dd HH:mm:ss Z`.

use crate::model::{Time, Zone};
use chrono::{DateTime, FixedOffset, Local, TimeDelta};

/// The zone in which the machine shows times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineZone(Rules);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rules {
    Named(Zone),
    System,
}

impl MachineZone {
    /// The zone that `TZ` names, otherwise that of the system (`/etc/localtime`).
    ///
    /// A region is looked up in the program's own tables, because small machines and containers have none.
    pub fn new(tz: Option<&str>) -> Self {
        let name = tz.map(|tz| tz.strip_prefix(':').unwrap_or(tz));
        let zone = match name {
            Some("" | "UTC") => Some(Zone::utc()),
            Some(region) if region.contains('/') => Zone::parse(region).ok(),
            _ => None,
        };
        Self(zone.map_or(Rules::System, Rules::Named))
    }

    pub fn utc() -> Self {
        Self(Rules::Named(Zone::utc()))
    }

    /// The zone's id, as far as the machine tells it.
    pub fn name(&self) -> String {
        match &self.0 {
            Rules::Named(zone) => zone.id().to_owned(),
            Rules::System => std::fs::read_link("/etc/localtime")
                .ok()
                .and_then(|path| {
                    path.to_string_lossy().split_once("/zoneinfo/").map(|(_, name)| name.to_owned())
                })
                .unwrap_or_else(|| "UTC".to_owned()),
        }
    }

    /// The instant as the machine's clock shows it.
    pub fn local(&self, instant: Time) -> DateTime<FixedOffset> {
        match &self.0 {
            Rules::Named(zone) => zone.local(instant),
            Rules::System => instant.with_timezone(&Local).fixed_offset(),
        }
    }

    /// `2026-11-22 03:10:39 +0000`
    pub fn show(&self, instant: Time) -> String {
        show(self.local(instant))
    }

    /// `2026-11-22 03:10:39 +0000 (in 18h 42m 30s)`
    pub fn show_with_distance(&self, instant: Time, now: Time) -> String {
        format!("{} ({})", self.show(instant), distance(instant, now))
    }
}

/// `2026-11-22 03:10:39 +0000`
pub fn show(time: DateTime<FixedOffset>) -> String {
    time.format("%Y-%m-%d %H:%M:%S %z").to_string()
}

/// `in 18h 42m 30s` or `48s ago`
pub fn distance(instant: Time, now: Time) -> String {
    let ahead = instant - now;
    if ahead <= TimeDelta::zero() { format!("{} ago", span(-ahead)) } else { format!("in {}", span(ahead)) }
}

/// `18h 42m 30s`, without leading zeros: hours have no limit, fractions are cut off.
pub fn span(span: TimeDelta) -> String {
    let seconds = span.num_seconds();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m {seconds}s"),
        _ => format!("{hours}h {minutes}m {seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_iso;

    fn at(text: &str) -> Time {
        parse_iso(text).unwrap()
    }

    #[test]
    fn times_are_shown_in_the_zone_of_the_machine() {
        let instant = at("2026-11-22T03:10:39.9Z");
        let shown = |tz| MachineZone::new(Some(tz)).show(instant);
        assert_eq!(shown("Asia/Tokyo"), "2026-11-22 12:10:39 +0900");
        assert_eq!(shown(":America/St_Johns"), "2026-11-21 23:40:39 -0330");
        assert_eq!(shown(""), "2026-11-22 03:10:39 +0000");
    }

    #[test]
    fn distances_have_hours_without_limit() {
        let now = at("2026-11-22T03:10:39Z");
        for (instant, expected) in [
            ("2026-11-22T21:53:09Z", "in 18h 42m 30s"),
            ("2026-11-22T03:09:51Z", "48s ago"),
            ("2026-11-22T03:12:39Z", "in 2m 0s"),
            ("2026-11-26T03:10:39Z", "in 96h 0m 0s"),
            ("2026-11-22T03:10:39Z", "0s ago"),
        ] {
            assert_eq!(distance(at(instant), now), expected);
        }
        assert_eq!(
            MachineZone::utc().show_with_distance(now, at("2026-11-22T03:10:40Z")),
            "2026-11-22 03:10:39 +0000 (1s ago)"
        );
    }
}
