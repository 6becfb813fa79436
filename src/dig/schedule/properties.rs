//! Any pattern in any zone: the calendar finds exactly the instants that looking at every minute of a few days finds.

use super::calendar::Calendar;
use super::cron::{Fields, LAST_DAY, parse};
use crate::model::time::parse_iso;
use crate::model::{Time, Zone};
use chrono::{Datelike, NaiveDateTime, TimeDelta, Timelike};
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap};

/// Zones with an instant near which their clocks are changed, or any instant for those that have no changes.
const CHANGES: [(&str, &str); 15] = [
    ("America/Los_Angeles", "2024-03-10T10:00:00Z"),
    ("America/Los_Angeles", "2024-11-03T09:00:00Z"),
    ("Europe/Berlin", "2030-03-31T01:00:00Z"),
    ("Europe/Berlin", "2030-10-27T01:00:00Z"),
    ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
    ("America/Sao_Paulo", "2018-02-18T02:00:00Z"),
    ("Australia/Lord_Howe", "2024-10-05T15:30:00Z"),
    ("Australia/Lord_Howe", "2024-04-06T15:00:00Z"),
    ("Asia/Pyongyang", "2018-05-04T15:00:00Z"),
    ("Antarctica/Casey", "2020-10-03T16:01:00Z"),
    ("America/St_Johns", "2006-10-29T02:31:00Z"),
    ("Africa/Casablanca", "2024-03-10T02:00:00Z"),
    ("Europe/Dublin", "2024-10-27T01:00:00Z"),
    ("Asia/Kolkata", "2024-02-29T00:00:00Z"),
    ("UTC", "2024-12-31T23:00:00Z"),
];

fn field(every: u32, min: u32, max: u32) -> impl Strategy<Value = String> {
    let range = (min..=max, min..=max, 1..=9u32).prop_map(|(a, b, step)| format!("{a}-{b}/{step}"));
    let list = proptest::collection::vec(min..=max, 1..4)
        .prop_map(|list| list.iter().map(u32::to_string).collect::<Vec<_>>().join(","));
    let step = (1..=30u32).prop_map(|step| format!("*/{step}"));
    prop_oneof![every => Just("*".to_owned()), 1 => range, 1 => list, 1 => step]
}

pub(super) fn pattern() -> impl Strategy<Value = String> {
    pattern_with(field(1, 0, 59))
}

fn pattern_with(minute: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let day = prop_oneof![3 => field(12, 1, 31), 1 => Just("L".to_owned()), 1 => Just("28-L".to_owned())];
    let part = (minute, field(3, 0, 23), day, field(12, 1, 12), field(12, 0, 7))
        .prop_map(|(minute, hour, day, month, weekday)| format!("{minute} {hour} {day} {month} {weekday}"));
    let possible = part.prop_filter("never matches", |part| parse(part).is_ok());
    proptest::collection::vec(possible, 1..3).prop_map(|parts| parts.join("|"))
}

fn matches(fields: &Fields, local: NaiveDateTime) -> bool {
    let last = local.month() != (local + TimeDelta::days(1)).month();
    fields.minutes.contains(local.minute())
        && fields.hours.contains(local.hour())
        && (fields.days.contains(local.day()) || fields.days.contains(LAST_DAY) && last)
        && fields.months.contains(local.month())
        && fields.weekdays.contains(local.weekday().num_days_from_sunday())
}

/// What happens after `from` and before `until`, found by looking at every minute and at nothing else.
fn every_minute(pattern: &str, zone: &Zone, from: Time, until: Time) -> Vec<Time> {
    // No clock was ever put back by more than three hours; what moves further changes its date.
    let margin = TimeDelta::hours(4);
    let minutes = (until - from + margin * 2).num_minutes();
    let clock: Vec<(Time, NaiveDateTime)> = (0..minutes)
        .map(|minute| from - margin + TimeDelta::minutes(minute))
        .map(|at| (at, zone.local(at).naive_local()))
        .collect();
    let last: HashMap<NaiveDateTime, Time> = clock.iter().map(|&(at, local)| (local, at)).collect();
    let mut found = BTreeSet::new();
    for fields in parse(pattern).unwrap() {
        let shown = clock.iter().filter(|&&(at, local)| {
            matches(&fields, local) && (fields.hours.iter().count() == 24 || last[&local] == at)
        });
        found.extend(shown.map(|&(at, _)| at));
        for pair in clock.windows(2) {
            let &[(at, local), (_, following)] = pair else { continue };
            let skipped =
                (1..(following - local).num_minutes()).map(|minute| local + TimeDelta::minutes(minute));
            let first = skipped.clone().find(|&skipped| matches(&fields, skipped));
            let shifted = first.map(|skipped| (skipped, at + (skipped - local)));
            found.extend(
                shifted
                    .filter(|(skipped, at)| zone.local(*at).date_naive() == skipped.date())
                    .map(|pair| pair.1),
            );
        }
    }
    found.into_iter().filter(|&at| from < at && at < until).collect()
}

fn check(pattern: &str, zone: &str, from: Time) -> Result<(), TestCaseError> {
    let zone = Zone::parse(zone).unwrap();
    let calendar = Calendar::parse(pattern, &zone).unwrap();
    let until = from + TimeDelta::hours(20);
    let expected = every_minute(pattern, &zone, from, until);
    let next = std::iter::successors(calendar.next(from), |&at| calendar.next(at));
    prop_assert_eq!(&next.take_while(|&at| at < until).collect::<Vec<_>>(), &expected);
    let previous = std::iter::successors(calendar.previous(until), |&at| calendar.previous(at));
    let mut backwards: Vec<_> = previous.take_while(|&at| at > from).collect();
    backwards.reverse();
    prop_assert_eq!(&backwards, &expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_skipped_or_made_up_near_clock_changes(
        pattern in pattern(),
        (zone, change) in proptest::sample::select(CHANGES.to_vec()),
        before in 0..40 * 60_i64,
    ) {
        check(&pattern, zone, parse_iso(change).unwrap() - TimeDelta::minutes(before))?;
    }

    /// Samoa crossed the date line. With a whole day to look across, patterns for every minute are slow to check.
    #[test]
    fn nothing_is_skipped_or_made_up_near_a_day_that_never_was(
        pattern in pattern_with((0..60u32).prop_map(|minute| minute.to_string())),
        before in -30 * 60..40 * 60_i64,
    ) {
        check(&pattern, "Pacific/Apia", parse_iso("2011-12-30T10:00:00Z").unwrap() - TimeDelta::minutes(before))?;
    }

    #[test]
    fn nothing_is_skipped_or_made_up_on_any_day(
        pattern in pattern(),
        (zone, _) in proptest::sample::select(CHANGES.to_vec()),
        minute in 0..120 * 365 * 24 * 60_i64,
    ) {
        check(&pattern, zone, Time::UNIX_EPOCH + TimeDelta::days(365) + TimeDelta::minutes(minute))?;
    }

    #[test]
    fn the_previous_of_the_next_is_where_it_began(
        pattern in pattern(),
        (zone, _) in proptest::sample::select(CHANGES.to_vec()),
        second in 0..60 * 365 * 24 * 3600_i64,
    ) {
        let calendar = Calendar::parse(&pattern, &Zone::parse(zone).unwrap()).unwrap();
        let from = Time::UNIX_EPOCH + TimeDelta::days(365) + TimeDelta::seconds(second);
        let (first, second) = calendar.next(from).and_then(|first| Some((first, calendar.next(first)?))).unwrap();
        prop_assert!(from < first && first < second);
        prop_assert_eq!(calendar.previous(second), Some(first));
        prop_assert!(calendar.previous(first).is_none_or(|previous| previous <= from));
    }
}
