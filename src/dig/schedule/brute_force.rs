//! Every firing of three years in twelve zones, against a search that looks at each minute of them.
//!
//! The search shares nothing with the calendar: it reads patterns itself and asks the tz database only for the offset
//! of an instant. Where it differs from Digdag, so does the calendar (see there). Random patterns and instants come
//! from a fixed seed.

use super::calendar::Calendar;
use super::properties::pattern;
use crate::model::{Time, Zone};
use chrono::{DateTime, Datelike, NaiveDate, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{TestError, TestRng, TestRunner};
use std::collections::BTreeSet;

/// Patterns for which clock changes matter, or did once.
const PATTERNS: [&str; 12] = [
    "* * * * *",
    "0 * * * *",
    "*/30 * * * *",
    "59 0-23 * * *",
    "0 0 * * *",
    "1 0 * * *",
    "30 1 * * *",
    "30 2 * * 0",
    "*/20 2,3 * * *",
    "45 23 L * *|0 1-23/2 * * *",
    "10-50/20 22-3 28-L 10-4 *",
    "0 0 13 * 5",
];

/// Of patterns that fire more often than this, only so many firings are followed, and as many near changes of the clocks.
const FOLLOWED: usize = 300;

macro_rules! zones {
    ($($name:ident: $zone:literal, $year:literal;)*) => {
        $(#[test]
        fn $name() {
            check($zone, $year);
        })*
    };
}

// The years are those with the zone's oddest changes.
zones! {
    changes_by_an_hour: "America/Los_Angeles", 2024;
    changes_at_one_o_clock_utc: "Europe/Berlin", 2024;
    winter_time_as_the_exception: "Europe/Dublin", 2024;
    changes_at_midnight: "America/Sao_Paulo", 2016;
    changes_at_a_minute_past_midnight: "America/St_Johns", 2005;
    changes_by_half_an_hour: "Australia/Lord_Howe", 2024;
    changes_by_two_hours: "Antarctica/Troll", 2024;
    a_day_that_never_was: "Pacific/Apia", 2010;
    changes_for_ramadan: "Africa/Casablanca", 2024;
    half_an_hour_for_good: "Asia/Pyongyang", 2016;
    summer_in_the_south: "Pacific/Auckland", 2024;
    no_changes: "Asia/Kolkata", 2024;
}

fn check(zone: &str, year: i32) {
    let clock = Clock::new(zone, year);
    for pattern in PATTERNS {
        clock.compare(pattern, &[]).unwrap_or_else(|error| panic!("{error}"));
    }
    let instants = proptest::collection::vec(any::<Index>(), 50);
    let config = ProptestConfig { cases: 5, max_shrink_iters: 200, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(
        ProptestConfig { failure_persistence: None, ..config },
        TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    match runner.run(&(pattern(), instants), |(pattern, instants)| clock.compare(&pattern, &instants)) {
        Ok(()) => {}
        Err(TestError::Fail(reason, (pattern, _))) => panic!("{pattern:?}: {reason}"),
        Err(error) => panic!("{error}"),
    }
}

/// What the clocks of a zone show, minute by minute.
struct Clock {
    zone: Zone,
    /// The minute, counted from 1970, at which the tables begin.
    first: i64,
    /// The local time of each minute, in minutes from 1970.
    local: Vec<i64>,
    /// The same times taken apart, because asking for that is what takes long.
    minutes: Vec<Minute>,
    /// Whether a local time is shown once more later.
    again: Vec<bool>,
    /// The indexes of the minutes before which the clocks were changed.
    changes: Vec<usize>,
}

/// The part of a table that is compared begins and ends so many minutes within, more than clocks were ever put back.
const MARGIN: usize = 4 * 60;

impl Clock {
    fn new(zone: &str, year: i32) -> Self {
        let tz: Tz = zone.parse().unwrap();
        let midnight =
            |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap().and_utc();
        let first = midnight(year).timestamp() / 60;
        let count = midnight(year + 3).timestamp() / 60 - first;
        let offset = |minute: i64| {
            let at = DateTime::from_timestamp(minute * 60, 0).unwrap();
            i64::from(tz.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()) / 60
        };
        let mut local = vec![];
        for hour in (first..first + count).step_by(60) {
            // The tz database is slow to ask; within an hour at whose ends it says the same there is no change.
            let same = Some(offset(hour)).filter(|&same| same == offset(hour + 60));
            local.extend((hour..hour + 60).map(|minute| minute + same.unwrap_or_else(|| offset(minute))));
        }
        let changes: Vec<usize> = (1..local.len()).filter(|&i| local[i] != local[i - 1] + 1).collect();
        let mut again = vec![false; local.len()];
        for &change in &changes {
            for before in (0..change).rev().take_while(|&before| local[before] >= local[change]) {
                again[before] = true;
            }
        }
        let minutes = local.iter().map(|&local| Minute::new(local)).collect();
        Self { zone: Zone::parse(zone).unwrap(), first, local, minutes, again, changes }
    }

    /// Compares what follows each firing, each change of the clocks and some other instants.
    fn compare(&self, pattern: &str, elsewhere: &[Index]) -> Result<(), TestCaseError> {
        let calendar = Calendar::parse(pattern, &self.zone).unwrap();
        let firings = self.firings(pattern);
        let near_changes =
            self.changes.iter().flat_map(|&change| (change.saturating_sub(200)..change + 200).step_by(17));
        let anywhere = elsewhere.iter().map(|index| index.index(self.local.len()));
        let mut froms: BTreeSet<usize> = near_changes.chain(anywhere).collect();
        let near: Vec<usize> = firings.iter().copied().filter(|&at| self.is_near_a_change(at)).collect();
        froms.extend(near.iter().step_by(near.len() / FOLLOWED + 1));
        froms.extend(firings.iter().step_by(firings.len() / FOLLOWED + 1));
        for from in froms.into_iter().filter(|from| (MARGIN..self.local.len() - MARGIN).contains(from)) {
            // Instants on the minute and within it.
            let next = firings.range(from + 1..).next().filter(|&&next| next + MARGIN < self.local.len());
            for seconds in [0, i64::try_from(from).unwrap() % 59 + 1] {
                // After the tables the search knows nothing.
                let Some(next) = next else { continue };
                let time = self.instant(from) + TimeDelta::seconds(seconds);
                let found = calendar.next(time);
                prop_assert!(found.is_none_or(|found| found > time));
                prop_assert_eq!(
                    found.map(|found| self.shown(found)),
                    Some(self.shown(self.instant(*next))),
                    "{} in {}: next after {}",
                    pattern,
                    self.zone.id(),
                    self.shown(time)
                );
            }
            let previous = firings.range(..from).next_back().filter(|&&previous| previous > MARGIN);
            if let Some(previous) = previous {
                prop_assert_eq!(
                    calendar.previous(self.instant(from)).map(|found| self.shown(found)),
                    Some(self.shown(self.instant(*previous))),
                    "{} in {}: previous before {}",
                    pattern,
                    self.zone.id(),
                    self.shown(self.instant(from))
                );
            }
        }
        Ok(())
    }

    /// The indexes of all minutes at which a pattern fires.
    fn firings(&self, pattern: &str) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        for part in pattern.split('|') {
            let fields = Fields::read(part, &self.local);
            let every_hour = fields.hours.iter().all(|&hour| hour);
            for (index, &minute) in self.minutes.iter().enumerate() {
                if fields.allow(minute) && (every_hour || !self.again[index]) {
                    found.insert(index);
                }
            }
            for &change in &self.changes {
                let before = self.local[change - 1];
                let skipped =
                    (before + 1..self.local[change]).find(|&skipped| fields.allow(Minute::new(skipped)));
                let Some(skipped) = skipped else { continue };
                // As late as if the clocks had not been changed, unless that is on another date.
                let later = change - 1 + usize::try_from(skipped - before).unwrap();
                if self.local.get(later).is_some_and(|local| local.div_euclid(DAY) == skipped.div_euclid(DAY))
                {
                    found.insert(later);
                }
            }
        }
        found
    }

    fn is_near_a_change(&self, index: usize) -> bool {
        self.changes.iter().any(|change| change.abs_diff(index) < 130)
    }

    fn instant(&self, index: usize) -> Time {
        DateTime::from_timestamp((self.first + i64::try_from(index).unwrap()) * 60, 0).unwrap()
    }

    fn shown(&self, time: Time) -> String {
        self.zone.local(time).to_rfc3339()
    }
}

const DAY: i64 = 24 * 60;

/// A local time. The day is counted from 1970.
#[derive(Clone, Copy)]
struct Minute {
    day: u16,
    hour: u8,
    minute: u8,
}

impl Minute {
    fn new(local: i64) -> Self {
        let hour = u8::try_from(local.rem_euclid(DAY) / 60).unwrap();
        let minute = u8::try_from(local.rem_euclid(60)).unwrap();
        Self { day: u16::try_from(local.div_euclid(DAY)).unwrap(), hour, minute }
    }
}

/// A pattern without bars as tables: allowed minutes, hours, and days counted from the first.
struct Fields {
    minutes: Vec<bool>,
    hours: Vec<bool>,
    first_day: u16,
    days: Vec<bool>,
}

impl Fields {
    fn read(pattern: &str, local: &[i64]) -> Self {
        let [minute, hour, day, month, weekday] = pattern.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{pattern}");
        };
        let [days, months, weekdays] = [(day, 1, 31), (month, 1, 12), (weekday, 0, 7)]
            .map(|(field, least, greatest)| numbers(field, least, greatest));
        let table = |allowed: Vec<u32>, size| (0..size).map(|number| allowed.contains(&number)).collect();
        let (first_day, last_day) =
            (Minute::new(local[0]).day - 1, Minute::new(local[local.len() - 1]).day + 1);
        let allowed = |day: u16| {
            let date = DateTime::from_timestamp(i64::from(day) * DAY * 60, 0).unwrap().date_naive();
            let is_last = date.succ_opt().unwrap().day() == 1;
            (days.contains(&date.day()) || is_last && days.contains(&LAST))
                && months.contains(&date.month())
                && weekdays.contains(&date.weekday().num_days_from_sunday())
        };
        Self {
            minutes: table(numbers(minute, 0, 59), 60),
            hours: table(numbers(hour, 0, 23), 24),
            first_day,
            days: (first_day..=last_day).map(allowed).collect(),
        }
    }

    fn allow(&self, time: Minute) -> bool {
        self.minutes[usize::from(time.minute)]
            && self.hours[usize::from(time.hour)]
            && self.days[usize::from(time.day - self.first_day)]
    }
}

/// `L` among the days of a month.
const LAST: u32 = 32;

/// The numbers that a field allows.
fn numbers(field: &str, least: u32, greatest: u32) -> Vec<u32> {
    let value = |text: &str| match text {
        "L" => LAST,
        "7" if greatest == 7 => 0,
        number => number.parse().unwrap(),
    };
    let element = |element: &str| -> Vec<u32> {
        let (range, step) = element.split_once('/').unwrap_or((element, "1"));
        let (first, last) = match range.split_once('-') {
            Some((first, last)) => (value(first), value(last)),
            None if range == "*" => (least, greatest),
            None => (value(range), value(range)),
        };
        let all: Vec<u32> = if first <= last {
            (first..=last).collect()
        } else {
            (first..=greatest).chain(least..=last).collect()
        };
        all.into_iter().step_by(step.parse().unwrap()).collect()
    };
    field.split(',').flat_map(element).collect()
}
