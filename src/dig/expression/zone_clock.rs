//! The workflow's time zone as JavaScript sees it: three functions over milliseconds since 1970.
//!
//! Where clocks skip or repeat a local time, ECMAScript's rule holds: the offset before the change counts.

use crate::model::time::at_local;
use crate::model::{Time, Zone};
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime};
use rquickjs::{Ctx, Function, Object};

/// Makes the object through which the JavaScript parts know `now` and the zone.
pub fn host<'js>(ctx: &Ctx<'js>, zone: &Zone, now: Time) -> rquickjs::Result<Object<'js>> {
    let host = Object::new(ctx.clone())?;
    host.set("now", now.timestamp_millis() as f64)?;
    let of = zone.clone();
    host.set("offset", Function::new(ctx.clone(), move |utc: f64| offset(&of, utc))?)?;
    let of = zone.clone();
    host.set("utc", Function::new(ctx.clone(), move |local: f64| utc(&of, local))?)?;
    let of = zone.clone();
    host.set("abbreviation", Function::new(ctx.clone(), move |utc: f64| abbreviation(&of, utc))?)?;
    Ok(host)
}

/// How far local time is ahead of UTC at an instant; all in milliseconds.
fn offset(zone: &Zone, utc: f64) -> f64 {
    if utc.is_nan() {
        return utc;
    }
    let (instant, _) = within_rules(utc);
    f64::from(zone.local(instant).offset().local_minus_utc()) * 1000.0
}

/// The instant of a local time; both in milliseconds, the local one as if it were UTC.
fn utc(zone: &Zone, local: f64) -> f64 {
    let (near, moved) = within_rules(local);
    at_local(zone, near.naive_utc()).timestamp_millis() as f64 + moved
}

fn abbreviation(zone: &Zone, utc: f64) -> String {
    zone.abbreviation(within_rules(utc).0)
}

/// The years whose rules stand for all later ones, because the zone tables end soon after. A cycle of 28 years holds
/// every combination of leap years and weekdays.
const LAST_YEARS: std::ops::Range<i32> = 2070..2098;

/// An instant at which the zone's rules are the same, and by how many milliseconds the given one lies after it.
///
/// Later years are taken for one of the last listed years with the same calendar, times before year 1 for its begin.
fn within_rules(millis: f64) -> (Time, f64) {
    let first = begin_of(1);
    let cycle = begin_of(2400) - begin_of(2000);
    if millis < begin_of(LAST_YEARS.end) {
        let near = millis.max(first);
        return (at(near), millis - near);
    }
    let folded = begin_of(2000) + (millis - begin_of(2000)).rem_euclid(cycle);
    let year = at(folded).year();
    let alike = LAST_YEARS.into_iter().find(|&candidate| same_calendar(candidate, year)).unwrap_or(year);
    let near = folded - begin_of(year) + begin_of(alike);
    (at(near), millis - near)
}

fn same_calendar(one: i32, other: i32) -> bool {
    let shape = |year| NaiveDate::from_ymd_opt(year, 1, 1).map(|day| (day.weekday(), day.leap_year()));
    shape(one) == shape(other)
}

fn begin_of(year: i32) -> f64 {
    let midnight = NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default().and_time(NaiveTime::MIN);
    midnight.and_utc().timestamp_millis() as f64
}

/// The instant in whole milliseconds; what is no number is taken for 0.
fn at(millis: f64) -> Time {
    DateTime::from_timestamp_millis(millis.floor() as i64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> f64 {
        crate::model::time::parse_iso(text).unwrap().timestamp_millis() as f64
    }

    #[test]
    fn offsets_follow_the_zone_at_all_times() {
        let zone = Zone::parse("America/Los_Angeles").unwrap();
        for (text, hours) in [
            ("2024-01-01T00:00:00Z", -8.0),
            ("2024-07-01T00:00:00Z", -7.0),
            ("2097-07-01T00:00:00Z", -7.0),
            ("2150-01-01T00:00:00Z", -8.0),
            ("2150-07-01T00:00:00Z", -7.0),
            ("2405-07-01T00:00:00Z", -7.0),
            ("9999-07-01T00:00:00Z", -7.0),
        ] {
            let at = millis(text);
            assert_eq!(offset(&zone, at), hours * 3_600_000.0, "{text}");
            assert_eq!(utc(&zone, at + offset(&zone, at)), at, "{text}");
        }
        assert_eq!(offset(&zone, 8.64e15), -25_200_000.0);
        assert_eq!(offset(&zone, -8.64e15), -28_378_000.0);
        assert_eq!(utc(&zone, 8.64e15), 8.64e15 + 25_200_000.0);
        assert!(utc(&zone, f64::NAN).is_nan());
    }

    #[test]
    fn skipped_times_move_forward_and_repeated_ones_are_the_first() {
        let zone = Zone::parse("America/Los_Angeles").unwrap();
        for (local, expected) in [
            ("2024-03-10T02:30:00.250Z", "2024-03-10T10:30:00.250Z"),
            ("2024-11-03T01:30:00Z", "2024-11-03T08:30:00Z"),
        ] {
            assert_eq!(utc(&zone, millis(local)), millis(expected), "{local}");
        }
    }
}
