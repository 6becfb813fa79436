//! Times: UTC inside, formatted in a zone at the edges.

use super::Zone;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, SecondsFormat, Utc};

/// An instant.
pub type Time = DateTime<Utc>;

/// The time that identifies a session of a workflow, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionTime(Time);

impl SessionTime {
    /// Cuts off fractions of a second.
    pub fn new(time: Time) -> Self {
        Self(whole_seconds(time))
    }

    pub fn from_unix(seconds: i64) -> Option<Self> {
        DateTime::from_timestamp(seconds, 0).map(Self)
    }

    pub fn time(self) -> Time {
        self.0
    }

    pub fn unix(self) -> i64 {
        self.0.timestamp()
    }

    /// `2016-01-30T00:00:00+09:00`; UTC is `+00:00`.
    pub fn iso(self, zone: &Zone) -> String {
        iso(zone.local(self.0))
    }
}

/// The instant without its fraction of a second.
pub fn whole_seconds(time: Time) -> Time {
    DateTime::from_timestamp(time.timestamp(), 0).unwrap_or(time)
}

/// `2016-01-30T00:00:00+09:00`; UTC is `+00:00`, never `Z`.
pub fn iso(time: DateTime<FixedOffset>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// Reads a time with a zone: `2016-01-30T00:00:00+09:00`, `…Z`, a fraction of a second allowed.
pub fn parse_iso(text: &str) -> Option<Time> {
    let formats = ["%Y-%m-%dT%H:%M:%S%.f%:z", "%Y-%m-%dT%H:%M%:z"];
    let text =
        text.strip_suffix(['Z', 'z']).map_or_else(|| text.to_owned(), |local| format!("{local}+00:00"));
    formats.iter().find_map(|format| DateTime::parse_from_str(&text, format).ok()).map(|time| time.to_utc())
}

/// A time that somebody gave with or without a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalOrInstant {
    Instant(Time),
    /// What the clocks of some zone show, the workflow's as a rule.
    Local(NaiveDateTime),
}

impl LocalOrInstant {
    /// Reads `2016-01-30T00:00`, seconds and their fraction optional, and the same with `Z` or an offset.
    pub fn parse(text: &str) -> Option<Self> {
        let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
        let local = || formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
        parse_iso(text).map(Self::Instant).or_else(|| local().map(Self::Local))
    }

    /// The instant that is meant in a zone.
    pub fn instant(self, zone: &Zone) -> Time {
        match self {
            Self::Instant(time) => time,
            Self::Local(local) => at_local(zone, local),
        }
    }
}

/// Reads `yyyy-MM-dd` or `yyyy-MM-dd HH:mm:ss`, without a zone.
pub fn parse_local(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
        .ok()
        .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))
}

/// The instant at which the zone's clocks show `local`, as java.time resolves it: the earlier one when clocks go
/// back, shifted forward by the gap when they skip it.
pub fn at_local(zone: &Zone, local: NaiveDateTime) -> Time {
    zone.instants(local).earliest().unwrap_or_else(|| {
        let before = local - chrono::Duration::days(1);
        let offset =
            zone.instants(before).latest().map_or(0, |time| zone.local(time).offset().local_minus_utc());
        (local - chrono::Duration::seconds(offset.into())).and_utc()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_times_are_read_and_written() {
        let tokyo = Zone::parse("Asia/Tokyo").unwrap();
        for text in [
            "2016-01-30T00:00:00+09:00",
            "2016-01-29T15:00:00Z",
            "2016-01-29T15:00:00.25Z",
            "2016-01-29T15:00Z",
        ] {
            let time = SessionTime::new(parse_iso(text).unwrap());
            assert_eq!(time.iso(&tokyo), "2016-01-30T00:00:00+09:00");
            assert_eq!(time.iso(&Zone::utc()), "2016-01-29T15:00:00+00:00");
        }
        assert_eq!(parse_iso("2016-01-29T15:00:00"), None);
    }

    #[test]
    fn local_times_in_a_gap_move_forward() {
        let zone = Zone::parse("America/Los_Angeles").unwrap();
        let at = |text| iso(zone.local(at_local(&zone, parse_local(text).unwrap())));
        assert_eq!(at("2024-03-10 02:30:00"), "2024-03-10T03:30:00-07:00");
        assert_eq!(at("2024-11-03 01:30:00"), "2024-11-03T01:30:00-07:00");
        assert_eq!(at("2024-07-01"), "2024-07-01T00:00:00-07:00");
    }

    #[test]
    fn times_without_a_zone_are_local() {
        let tokyo = Zone::parse("Asia/Tokyo").unwrap();
        let read = |text| LocalOrInstant::parse(text).map(|time| iso(tokyo.local(time.instant(&tokyo))));
        for text in [
            "2016-01-30T00:00",
            "2016-01-30T00:00:00",
            "2016-01-30T00:00:00.332297985",
            "2016-01-29T15:00:00.332297985Z",
            "2016-01-30T00:00+09:00",
        ] {
            assert_eq!(read(text).as_deref(), Some("2016-01-30T00:00:00+09:00"), "{text}");
        }
        for text in ["2016-01-30", "2016-01-30 00:00:00", "zz", "", "2016-02-30T00:00"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
