//! The times at which cron itself runs an entry, worked out from cron's own rules and from nothing of our calendar, so
//! that the two can be compared.
//!
//! cron looks once a minute. When the clock has been put forward by up to three hours, entries with fixed times that
//! were skipped run at once, one run for each time; entries whose minute or hour begins with a star follow the clock.
//! When it has been put back by up to three hours, only the latter run until the clock is where it was.

use super::pattern::Pattern;
use crate::model::{Time, Zone};
use chrono::{DateTime, NaiveDate, TimeDelta};
use std::collections::VecDeque;

/// Which clock an entry's fields are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// That of the machine, whose changes cron takes care of.
    Machine,
    /// That of `CRON_TZ`, whose changes cron does not see: what it skips is lost, what it repeats runs twice.
    CronTz,
}

/// The runs from a time on, in order; several at the same minute are several runs.
pub struct CronTimes<'a> {
    pattern: &'a Pattern,
    zone: &'a Zone,
    rules: Rules,
    from: Time,
    /// The next minute to be looked at, since 1970 in UTC.
    minute: i64,
    /// The minute on the clock up to which everything has run.
    virtual_minute: i64,
    last: i64,
    pending: VecDeque<Time>,
}

const DAY: i64 = 24 * 60;

/// Up to so many minutes late, cron just makes up for them.
const SMALL: i64 = 5;
const MEDIUM: i64 = SMALL + 1;

/// Beyond so many minutes, cron takes the clock as set anew.
const LARGE: i64 = 3 * 60;
const BACK: i64 = -LARGE;

/// How far to look: 29 February is a given day of the week every 40 years at least.
const HORIZON: i64 = 41 * 366 * DAY;

impl<'a> CronTimes<'a> {
    /// The runs at `from` and later of a cron that has run for a while.
    pub fn new(pattern: &'a Pattern, zone: &'a Zone, rules: Rules, from: Time) -> Self {
        // Changes of the clock count for three hours.
        let minute = from.timestamp().div_euclid(60) - LARGE - 1;
        let virtual_minute = on_clock(zone, minute - 1);
        let last = minute + HORIZON;
        Self { pattern, zone, rules, from, minute, virtual_minute, last, pending: VecDeque::new() }
    }

    /// Looks at a day in which the clock is not changed.
    fn quiet_day(&mut self, first: i64) {
        let end = first + DAY;
        let mut date = date_of(first);
        while let Some(day) = date.filter(|date| minute_of(*date) < end) {
            if self.pattern.matches_date(day) {
                for hour in self.pattern.hour.numbers() {
                    for minute in self.pattern.minute.numbers() {
                        let at = minute_of(day) + i64::from(hour * 60 + minute);
                        if (first..end).contains(&at) {
                            self.pending.extend(instant(self.minute + at - first));
                        }
                    }
                }
            }
            date = day.succ_opt();
        }
        self.virtual_minute = end - 1;
    }

    /// Does what cron does when it wakes up in this minute.
    fn wake(&mut self, minute: i64) {
        let now = on_clock(self.zone, minute);
        let late = now - self.virtual_minute;
        let wild = self.pattern.follows_the_clock();
        let runs = match late {
            _ if self.rules == Rules::CronTz => usize::from(self.matches(now)),
            1..=SMALL => self.matching(now),
            MEDIUM..=LARGE if wild => usize::from(self.matches(now)),
            MEDIUM..=LARGE => self.matching(now),
            // The clock was put back.
            BACK..=0 => {
                let runs = usize::from(wild && self.matches(now));
                self.pending.extend(std::iter::repeat_n(instant(minute), runs).flatten());
                return;
            }
            _ => usize::from(self.matches(now)),
        };
        self.virtual_minute = now;
        self.pending.extend(std::iter::repeat_n(instant(minute), runs).flatten());
    }

    /// How many minutes match of those that have not run yet.
    fn matching(&self, now: i64) -> usize {
        (self.virtual_minute + 1..=now).filter(|minute| self.matches(*minute)).count()
    }

    fn matches(&self, local: i64) -> bool {
        let of_day = local.rem_euclid(DAY) as u32;
        self.pattern.minute.contains(of_day % 60)
            && self.pattern.hour.contains(of_day / 60)
            && date_of(local).is_some_and(|date| self.pattern.matches_date(date))
    }
}

impl Iterator for CronTimes<'_> {
    type Item = Time;

    fn next(&mut self) -> Option<Time> {
        loop {
            if let Some(time) = self.pending.pop_front() {
                if time >= self.from {
                    return Some(time);
                }
                continue;
            }
            if self.minute >= self.last {
                return None;
            }
            let before = on_clock(self.zone, self.minute - 1);
            let is_quiet =
                on_clock(self.zone, self.minute + DAY) == before + DAY + 1 && self.virtual_minute == before;
            if is_quiet {
                self.quiet_day(before + 1);
            } else {
                (self.minute..self.minute + DAY).for_each(|minute| self.wake(minute));
            }
            self.minute += DAY;
        }
    }
}

/// What the zone's clocks show in a minute, as minutes since 1970.
fn on_clock(zone: &Zone, minute: i64) -> i64 {
    instant(minute).map_or(minute, |at| zone.local(at).naive_local().and_utc().timestamp().div_euclid(60))
}

fn instant(minute: i64) -> Option<Time> {
    DateTime::from_timestamp(minute * 60, 0)
}

fn date_of(local: i64) -> Option<NaiveDate> {
    DateTime::UNIX_EPOCH.date_naive().checked_add_signed(TimeDelta::days(local.div_euclid(DAY)))
}

fn minute_of(date: NaiveDate) -> i64 {
    (date - DateTime::UNIX_EPOCH.date_naive()).num_days() * DAY
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;
    use crate::model::time::{iso, parse_iso};

    fn times(rules: Rules, pattern: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let words: Vec<&str> = pattern.split(' ').collect();
        let pattern = Pattern::parse(words.try_into().unwrap(), &mut Random::new(0)).unwrap();
        let zone = Zone::parse(zone).unwrap();
        let times = CronTimes::new(&pattern, &zone, rules, parse_iso(from).unwrap());
        times.take(count).map(|time| iso(zone.local(time))).collect()
    }

    fn check(pattern: &str, zone: &str, from: &str, expected: &[&str]) {
        assert_eq!(times(Rules::Machine, pattern, zone, from, expected.len()), expected, "{pattern} {zone}");
    }

    const LOS_ANGELES: &str = "America/Los_Angeles";

    #[test]
    fn ordinary_days() {
        check("0 3 * * *", "UTC", "2026-01-01T03:00:00Z", &["2026-01-01T03:00:00+00:00"]);
        check("0 3 * * *", "UTC", "2026-01-01T03:00:01Z", &["2026-01-02T03:00:00+00:00"]);
        check(
            "*/20 22-23 1,15 * 5",
            "Asia/Tokyo",
            "2026-01-01T22:50:00+09:00",
            &[
                "2026-01-01T23:00:00+09:00",
                "2026-01-01T23:20:00+09:00",
                "2026-01-01T23:40:00+09:00",
                "2026-01-02T22:00:00+09:00",
            ],
        );
        check(
            "0 0 29 2 */7",
            "UTC",
            "2026-01-01T00:00:00Z",
            &["2032-02-29T00:00:00+00:00", "2060-02-29T00:00:00+00:00"],
        );
        assert!(times(Rules::Machine, "0 0 31 2 *", "UTC", "2026-01-01T00:00:00Z", 1).is_empty());
    }

    #[test]
    fn fixed_times_that_clocks_skip_run_at_once() {
        check(
            "30 2 * * *",
            LOS_ANGELES,
            "2024-03-09T12:00:00-08:00",
            &["2024-03-10T03:00:00-07:00", "2024-03-11T02:30:00-07:00"],
        );
        check(
            "0,30 2,3 * * *",
            LOS_ANGELES,
            "2024-03-10T00:00:00-08:00",
            &[
                "2024-03-10T03:00:00-07:00",
                "2024-03-10T03:00:00-07:00",
                "2024-03-10T03:00:00-07:00",
                "2024-03-10T03:30:00-07:00",
            ],
        );
        check(
            "10 2 * * *",
            "Australia/Lord_Howe",
            "2024-10-05T12:00:00+10:30",
            &["2024-10-06T02:30:00+11:00", "2024-10-07T02:10:00+11:00"],
        );
    }

    #[test]
    fn stars_follow_a_clock_that_goes_forward() {
        check("*/30 2 * * *", LOS_ANGELES, "2024-03-10T00:00:00-08:00", &["2024-03-11T02:00:00-07:00"]);
        check(
            "30 * * * *",
            LOS_ANGELES,
            "2024-03-10T01:00:00-08:00",
            &["2024-03-10T01:30:00-08:00", "2024-03-10T03:30:00-07:00"],
        );
    }

    #[test]
    fn fixed_times_run_once_when_clocks_go_back() {
        check(
            "30 1 * * *",
            LOS_ANGELES,
            "2024-11-03T00:00:00-07:00",
            &["2024-11-03T01:30:00-07:00", "2024-11-04T01:30:00-08:00"],
        );
        check(
            "*/30 1 * * *",
            LOS_ANGELES,
            "2024-11-03T01:00:00-07:00",
            &[
                "2024-11-03T01:00:00-07:00",
                "2024-11-03T01:30:00-07:00",
                "2024-11-03T01:00:00-08:00",
                "2024-11-03T01:30:00-08:00",
            ],
        );
        // In the repeated hour the first one is not forgotten.
        check("30 1 * * *", LOS_ANGELES, "2024-11-03T01:10:00-08:00", &["2024-11-04T01:30:00-08:00"]);
        // Midnight comes twice.
        check(
            "30 23 * * *",
            "America/Sao_Paulo",
            "2018-02-17T12:00:00-02:00",
            &["2018-02-17T23:30:00-02:00", "2018-02-18T23:30:00-03:00"],
        );
    }

    #[test]
    fn a_jump_of_a_day_is_a_clock_set_anew() {
        check(
            "0 7 * * *",
            "Pacific/Apia",
            "2011-12-29T00:00:00-10:00",
            &["2011-12-29T07:00:00-10:00", "2011-12-31T07:00:00+14:00"],
        );
    }

    #[test]
    fn changes_of_another_zone_are_not_seen() {
        let lost = times(Rules::CronTz, "30 2 * * *", LOS_ANGELES, "2024-03-09T12:00:00-08:00", 1);
        assert_eq!(lost, ["2024-03-11T02:30:00-07:00"]);
        let twice = times(Rules::CronTz, "30 1 * * *", LOS_ANGELES, "2024-11-03T00:00:00-07:00", 2);
        assert_eq!(twice, ["2024-11-03T01:30:00-07:00", "2024-11-03T01:30:00-08:00"]);
    }
}
