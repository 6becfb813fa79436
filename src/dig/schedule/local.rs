//! The dates and times, without a zone, that match a pattern: the search for the next and the previous one.
//!
//! Searching is left to the `cron` crate, which is given lists of numbers and never a user's text: its grammar means
//! other things by the same characters. It covers the years 1970 to 2100.

use super::cron::{Fields, LAST_DAY, NumberSet};
use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use std::str::FromStr;

/// The local times of one pattern without bars.
#[derive(Debug, Clone)]
pub(super) struct LocalTimes {
    fields: Fields,
    search: cron::Schedule,
}

impl LocalTimes {
    /// # Errors
    ///
    /// None for fields that were read from text, which are never empty.
    pub(super) fn new(fields: Fields) -> Result<Self, cron::error::Error> {
        let search = cron::Schedule::from_str(&search_text(&fields))?;
        Ok(Self { fields, search })
    }

    /// Whether the hour does not matter.
    pub(super) fn every_hour(&self) -> bool {
        self.fields.every_hour()
    }

    pub(super) fn contain(&self, local: NaiveDateTime) -> bool {
        local.second() == 0
            && self.fields.minutes.contains(local.minute())
            && self.fields.hours.contains(local.hour())
            && self.fields.months.contains(local.month())
            && self.fields.weekdays.contains(local.weekday().num_days_from_sunday())
            && self.contain_day(local.date())
    }

    /// The times after `local`, ascending.
    pub(super) fn after(&self, local: NaiveDateTime) -> impl Iterator<Item = NaiveDateTime> {
        std::iter::successors(self.next(local), |&found| self.next(found))
    }

    /// The times before `local`, descending.
    pub(super) fn before(&self, local: NaiveDateTime) -> impl Iterator<Item = NaiveDateTime> {
        std::iter::successors(self.previous(local), |&found| self.previous(found))
    }

    fn next(&self, mut from: NaiveDateTime) -> Option<NaiveDateTime> {
        loop {
            let found = self.search.after(&from.and_utc()).next()?.naive_utc();
            if self.contain_day(found.date()) {
                return Some(found);
            }
            from = (found.date() + Days::new(1)).and_time(NaiveTime::MIN) - TimeDelta::seconds(1);
        }
    }

    fn previous(&self, mut from: NaiveDateTime) -> Option<NaiveDateTime> {
        loop {
            let found = self.search.after(&from.and_utc()).next_back()?.naive_utc();
            if self.contain_day(found.date()) {
                return Some(found);
            }
            from = found.date().and_time(NaiveTime::MIN);
        }
    }

    fn contain_day(&self, date: NaiveDate) -> bool {
        self.fields.days.contains(date.day())
            || self.fields.days.contains(LAST_DAY) && date.day() == u32::from(date.num_days_in_month())
    }
}

/// Seconds to years as the `cron` crate reads them. Days that may be a month's last one are let through.
fn search_text(fields: &Fields) -> String {
    let last_day = fields.days.contains(LAST_DAY);
    let days = (1..=31).filter(|&day| fields.days.contains(day) || last_day && day >= 28);
    // The crate counts weekdays from 1; Digdag's seventh day, a leftover of its ranges, never comes.
    let weekdays = (0..=6).filter(|&day| fields.weekdays.contains(day)).map(|day| day + 1);
    let numbers = |set: NumberSet| list(set.iter());
    format!(
        "0 {} {} {} {} {} *",
        numbers(fields.minutes),
        numbers(fields.hours),
        list(days),
        numbers(fields.months),
        list(weekdays)
    )
}

fn list(numbers: impl Iterator<Item = u32>) -> String {
    numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dig::schedule::cron::parse;
    use crate::model::time::parse_local;

    fn local_times(pattern: &str) -> LocalTimes {
        LocalTimes::new(parse(pattern).unwrap().remove(0)).unwrap()
    }

    #[test]
    fn the_search_goes_both_ways() {
        for (pattern, from, expected) in [
            ("0 0 13 * 5", "2024-01-01", ["2024-09-13 00:00", "2024-12-13 00:00", "2025-06-13 00:00"]),
            ("0 0 30,L * *", "2024-01-31", ["2024-02-29 00:00", "2024-03-30 00:00", "2024-03-31 00:00"]),
            ("59 23 L 2 *", "2023-03-01", ["2024-02-29 23:59", "2025-02-28 23:59", "2026-02-28 23:59"]),
            (
                "*/30 * L 2 *",
                "2024-02-29 23:00:00",
                ["2024-02-29 23:30", "2025-02-28 00:00", "2025-02-28 00:30"],
            ),
            ("0 0 29 2 *", "2024-03-01", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
            ("0 0 29 2 1", "2024-03-01", ["2044-02-29 00:00", "2072-02-29 00:00", "no more"]),
            (
                "5 22-1 * 12-1 *",
                "2023-12-31 22:30:00",
                ["2023-12-31 23:05", "2024-01-01 00:05", "2024-01-01 01:05"],
            ),
        ] {
            let times = local_times(pattern);
            let found: Vec<_> = times.after(parse_local(from).unwrap()).take(3).collect();
            let shown = |index: usize| {
                found
                    .get(index)
                    .map_or("no more".to_owned(), |time| time.format("%Y-%m-%d %H:%M").to_string())
            };
            assert_eq!([shown(0), shown(1), shown(2)], expected, "{pattern}");
            assert!(found.iter().all(|&time| times.contain(time)), "{pattern}");
            let end = *found.last().unwrap() + TimeDelta::seconds(1);
            let back: Vec<_> = times.before(end).take(found.len()).collect();
            assert!(back.iter().rev().eq(&found), "{pattern}: {back:?}");
        }
    }
}
