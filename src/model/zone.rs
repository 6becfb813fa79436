//! Time zones as workflows name them: IANA regions, fixed offsets, and `UTC`/`GMT` with an offset.

use chrono::{DateTime, FixedOffset, MappedLocalTime, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::{OffsetName, Tz};
use std::fmt;

/// A workflow's time zone, with its id as the workflow wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    id: String,
    rules: Rules,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rules {
    Region(Tz),
    Fixed(FixedOffset),
}

/// The id names no zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Unknown time zone name: {0}")]
pub struct UnknownZone(pub String);

/// Ids of the tz database that stand for a fixed offset and that Digdag refuses.
const REFUSED: [&str; 3] = ["EST", "MST", "HST"];

impl Zone {
    /// The zone of workflows that name none.
    pub fn utc() -> Self {
        Self { id: "UTC".to_owned(), rules: Rules::Region(Tz::UTC) }
    }

    /// Reads an id: a region (`Asia/Tokyo`), `Z`, an offset (`+9`, `+09:00`, `-0330`), or `UTC`, `GMT`, `UT` with an offset.
    ///
    /// # Errors
    ///
    /// Short names such as `JST` or `PST` and everything else that names no zone.
    pub fn parse(id: &str) -> Result<Self, UnknownZone> {
        let unknown = || UnknownZone(id.to_owned());
        let rules = if id == "Z" {
            Rules::Region(Tz::UTC)
        } else if id.starts_with(['+', '-']) {
            Rules::Fixed(parse_offset(id).ok_or_else(unknown)?)
        } else if let Some(offset) = offset_after_prefix(id) {
            Rules::Fixed(parse_offset(offset).ok_or_else(unknown)?)
        } else if REFUSED.contains(&id) {
            return Err(unknown());
        } else {
            Rules::Region(if id == "UT" { Tz::UTC } else { id.parse().map_err(|_| unknown())? })
        };
        Ok(Self { id: id.to_owned(), rules })
    }

    /// The id as it was written.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The instant as this zone's clocks show it.
    pub fn local(&self, instant: DateTime<Utc>) -> DateTime<FixedOffset> {
        match self.rules {
            Rules::Region(tz) => {
                let local = instant.with_timezone(&tz);
                local.with_timezone(&local.offset().fix())
            }
            Rules::Fixed(offset) => instant.with_timezone(&offset),
        }
    }

    /// The instants at which this zone's clocks show a time: one, two when clocks go back, none when they skip it.
    pub fn instants(&self, local: NaiveDateTime) -> MappedLocalTime<DateTime<Utc>> {
        match self.rules {
            Rules::Region(tz) => tz.from_local_datetime(&local).map(|time| time.with_timezone(&Utc)),
            Rules::Fixed(offset) => offset.from_local_datetime(&local).map(|time| time.with_timezone(&Utc)),
        }
    }

    /// The short name in force at an instant: `JST`, `PDT`, `+09:00`.
    pub fn abbreviation(&self, instant: DateTime<Utc>) -> String {
        match self.rules {
            Rules::Region(tz) => {
                let offset = tz.offset_from_utc_datetime(&instant.naive_utc());
                offset.abbreviation().map_or_else(|| offset.fix().to_string(), str::to_owned)
            }
            Rules::Fixed(offset) => offset.to_string(),
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// What follows `UTC`, `GMT` or `UT` when it is an offset.
fn offset_after_prefix(id: &str) -> Option<&str> {
    ["UTC", "GMT", "UT"]
        .iter()
        .find_map(|prefix| id.strip_prefix(prefix).filter(|rest| rest.starts_with(['+', '-'])))
}

/// Reads `+h`, `+hh`, `+hh:mm`, `+hhmm`, `+hh:mm:ss` and `+hhmmss`, up to 18 hours either way.
fn parse_offset(text: &str) -> Option<FixedOffset> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let shape: String = digits.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    if !["9", "99", "99:99", "9999", "99:99:99", "999999"].contains(&shape.as_str()) {
        return None;
    }
    let digits = digits.replace(':', "");
    let part = |from: usize| digits.get(from..from + 2).map_or(Some(0), |two| two.parse::<i32>().ok());
    let hours = if digits.len() == 1 { digits.parse().ok()? } else { part(0)? };
    let (minutes, seconds) = (part(2)?, part(4)?);
    let total = hours * 3600 + minutes * 60 + seconds;
    if minutes > 59 || seconds > 59 || total > 18 * 3600 {
        return None;
    }
    FixedOffset::east_opt(sign * total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_known_by_region_and_offset() {
        let midnight = Utc.with_ymd_and_hms(2016, 1, 29, 15, 0, 0).unwrap();
        let shown = |id: &str| Zone::parse(id).map(|zone| zone.local(midnight).to_rfc3339());
        assert_eq!(shown("Asia/Tokyo").unwrap(), "2016-01-30T00:00:00+09:00");
        for id in ["+09:00", "+9", "+09", "+0900", "UTC+9", "GMT+09:00", "UT+9"] {
            assert_eq!(shown(id).unwrap(), "2016-01-30T00:00:00+09:00", "{id}");
        }
        for id in ["UTC", "Z", "GMT", "UT"] {
            assert_eq!(shown(id).unwrap(), "2016-01-29T15:00:00+00:00", "{id}");
        }
        for id in ["JST", "PST", "EST", "Mars/Phobos", "", "+19", "+9:00", "+09:60", "asia/tokyo"] {
            assert_eq!(shown(id), Err(UnknownZone(id.to_owned())), "{id}");
        }
    }

    #[test]
    fn abbreviations_follow_the_season() {
        let zone = Zone::parse("America/Los_Angeles").unwrap();
        let at = |month| zone.abbreviation(Utc.with_ymd_and_hms(2024, month, 1, 0, 0, 0).unwrap());
        assert_eq!((at(1).as_str(), at(7).as_str()), ("PST", "PDT"));
    }
}
