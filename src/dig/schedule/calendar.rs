//! The instants at which a pattern's local times come true in a zone, also where clocks are changed.
//!
//! Where clocks go forward, the first local time that they skip happens later by the length of the gap; the others of
//! that gap do not happen, nor does one that would move to another date, both as in Digdag. Where clocks go back, a
//! pattern for every hour happens in both of the repeated hours, unlike in Digdag, which loses runs there; a pattern
//! with fixed hours happens once, the second time, as in Digdag.

use super::ScheduleError;
use super::cron;
use super::local::LocalTimes;
use crate::model::time::at_local;
use crate::model::{Time, Zone};
use chrono::{DateTime, MappedLocalTime, NaiveDateTime, TimeDelta};

/// The instants of a cron pattern in a zone, from 1970 to 2100.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    zone: Zone,
    /// Joined by bars in the pattern.
    alternatives: Vec<LocalTimes>,
}

impl Calendar {
    /// # Errors
    ///
    /// Text that is no pattern or that matches no date.
    pub(super) fn parse(pattern: &str, zone: &Zone) -> Result<Self, ScheduleError> {
        let alternatives =
            cron::parse(pattern)?.into_iter().map(LocalTimes::new).collect::<Result<_, _>>()?;
        Ok(Self { zone: zone.clone(), alternatives })
    }

    /// The first instant after `time`.
    pub(super) fn next(&self, time: Time) -> Option<Time> {
        self.alternatives.iter().filter_map(|times| self.next_of(times, time)).min()
    }

    /// The last instant before `time`.
    pub(super) fn previous(&self, time: Time) -> Option<Time> {
        self.alternatives.iter().filter_map(|times| self.previous_of(times, time)).max()
    }

    /// The local time that the pattern means by one of its instants: what clocks show, or what they skip.
    pub(super) fn local_time(&self, instant: Time) -> NaiveDateTime {
        let shown = self.zone.local(instant).naive_local();
        // Before clocks go forward they are the least ahead.
        let without_change = instant.naive_utc() + self.offsets_around(instant).0;
        let matches = |local| self.alternatives.iter().any(|times| times.contain(local));
        let is_moved = !matches(shown) && self.is_skipped(without_change) && matches(without_change);
        if is_moved { without_change } else { shown }
    }

    /// Walks the local times from the earliest that can still come, and goes on until no later one can come sooner.
    fn next_of(&self, times: &LocalTimes, time: Time) -> Option<Time> {
        let time = Some(time.max(FIRST)).filter(|&time| time < LAST)?;
        let (least, _) = self.offsets_around(time);
        let mut best: Option<(Time, TimeDelta)> = None;
        for local in times.after(time.naive_utc() + least) {
            let found = self.instants(times, local).into_iter().flatten().filter(|&at| at > time).min();
            if let Some(at) = found.filter(|&at| best.is_none_or(|(sooner, _)| at < sooner)) {
                best = Some((at, self.offsets_around(at).1));
            }
            if best.is_some_and(|(at, greatest)| local - greatest >= at.naive_utc()) {
                break;
            }
        }
        best.map(|(at, _)| at)
    }

    /// The mirror image of `next_of`.
    fn previous_of(&self, times: &LocalTimes, time: Time) -> Option<Time> {
        let time = Some(time.min(LAST)).filter(|&time| time > FIRST)?;
        let (_, greatest) = self.offsets_around(time);
        let mut best: Option<(Time, TimeDelta)> = None;
        for local in times.before(time.naive_utc() + greatest) {
            let found = self.instants(times, local).into_iter().flatten().filter(|&at| at < time).max();
            if let Some(at) = found.filter(|&at| best.is_none_or(|(later, _)| at > later)) {
                best = Some((at, self.offsets_around(at).0));
            }
            if best.is_some_and(|(at, least)| local - least <= at.naive_utc()) {
                break;
            }
        }
        best.map(|(at, _)| at)
    }

    /// The least and the greatest distance from UTC near `time`: local times there may be out of order by as much as
    /// they differ. Clocks do not jump twice within two days.
    fn offsets_around(&self, time: Time) -> (TimeDelta, TimeDelta) {
        let widest = self.offsets_within(time, LONGEST_JUMP);
        // Most jumps are by an hour or less: only the last hour before them and the first after them matter.
        let jump = widest.1 - widest.0;
        if jump.is_zero() { widest } else { self.offsets_within(time, jump) }
    }

    fn offsets_within(&self, time: Time, reach: TimeDelta) -> (TimeDelta, TimeDelta) {
        let offset = |at: Time| TimeDelta::seconds(self.zone.local(at).offset().local_minus_utc().into());
        let [before, now, after] = [time - reach, time, time + reach].map(offset);
        (before.min(now).min(after), before.max(now).max(after))
    }

    fn instants(&self, times: &LocalTimes, local: NaiveDateTime) -> [Option<Time>; 2] {
        match self.zone.instants(local) {
            MappedLocalTime::Single(at) => [Some(at), None],
            MappedLocalTime::Ambiguous(first, second) if times.every_hour() => [Some(first), Some(second)],
            MappedLocalTime::Ambiguous(_, second) => [Some(second), None],
            MappedLocalTime::None => [self.shifted(times, local), None],
        }
    }

    /// When a local time that clocks skip happens instead.
    fn shifted(&self, times: &LocalTimes, local: NaiveDateTime) -> Option<Time> {
        let in_same_gap = |other| self.is_skipped(other) && local - other < LONGEST_JUMP;
        if times.before(local).next().is_some_and(in_same_gap) {
            return None;
        }
        let at = at_local(&self.zone, local);
        (self.zone.local(at).date_naive() == local.date()).then_some(at)
    }

    fn is_skipped(&self, local: NaiveDateTime) -> bool {
        matches!(self.zone.instants(local), MappedLocalTime::None)
    }
}

/// A bit more than the whole day, 2011-12-30, that Samoa skipped when it crossed the date line.
const LONGEST_JUMP: TimeDelta = TimeDelta::hours(25);

/// The search covers the years in between in every zone.
const FIRST: Time = DateTime::from_timestamp(-172_800, 0).unwrap(); // 1969-12-30
const LAST: Time = DateTime::from_timestamp(4_133_894_400, 0).unwrap(); // 2100-12-31

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{iso, parse_iso};

    const LOS_ANGELES: &str = "America/Los_Angeles";
    const LORD_HOWE: &str = "Australia/Lord_Howe";

    fn calendar(pattern: &str, zone: &str) -> Calendar {
        Calendar::parse(pattern, &Zone::parse(zone).unwrap()).unwrap()
    }

    /// The instants that follow `from`, as many as expected, and back again.
    fn check(pattern: &str, zone: &str, from: &str, expected: &[&str]) {
        let calendar = calendar(pattern, zone);
        let from = parse_iso(from).unwrap();
        let next = std::iter::successors(calendar.next(from), |&at| calendar.next(at));
        let found: Vec<Time> = next.take(expected.len()).collect();
        let shown: Vec<_> = found.iter().map(|&at| iso(calendar.zone.local(at))).collect();
        assert_eq!(shown, expected, "{pattern} {zone} {from}");
        for pair in found.windows(2) {
            assert_eq!(calendar.previous(pair[1]), Some(pair[0]), "{pattern} {zone}");
        }
    }

    fn days(pattern: &str, zone: &str, from: &str, expected: &[&str]) {
        let midnights: Vec<_> = expected.iter().map(|day| format!("{day}T00:00:00+00:00")).collect();
        check(pattern, zone, from, &midnights.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn patterns_match_as_in_cron4j() {
        days("0 0 13 * 5", "UTC", "2024-01-01T00:00:00Z", &["2024-09-13", "2024-12-13", "2025-06-13"]);
        days(
            "0 0 30,L * *",
            "UTC",
            "2024-01-15T00:00:00Z",
            &["2024-01-30", "2024-01-31", "2024-02-29", "2024-03-30", "2024-03-31"],
        );
        days("0 0 31 * *", "UTC", "2024-01-15T00:00:00Z", &["2024-01-31", "2024-03-31", "2024-05-31"]);
        days(
            "0 0 * * 5-7",
            "UTC",
            "2024-01-15T00:00:00Z",
            &["2024-01-19", "2024-01-20", "2024-01-21", "2024-01-26"],
        );
        days("0 0 * * 1-5/2", "UTC", "2024-01-15T00:50:00Z", &["2024-01-17", "2024-01-19", "2024-01-22"]);
        days("0 0 * * 5-7/2", "UTC", "2024-01-01T00:00:00Z", &["2024-01-05", "2024-01-12", "2024-01-19"]);
        days("0 0 29 2 *", "UTC", "2024-03-01T00:00:00Z", &["2028-02-29", "2032-02-29"]);
        let times = |pattern, from, expected: &[&str]| {
            let expected: Vec<_> = expected.iter().map(|time| format!("2024-01-{time}:00+00:00")).collect();
            check(pattern, "UTC", from, &expected.iter().map(String::as_str).collect::<Vec<_>>());
        };
        times(
            "0 22-3 * * *",
            "2024-01-15T00:00:00Z",
            &["15T01:00", "15T02:00", "15T03:00", "15T22:00", "15T23:00", "16T00:00"],
        );
        times("3/5 * * * *", "2024-01-15T00:00:00Z", &["15T00:03", "15T01:03", "15T02:03"]);
        times("*/7 * * * *", "2024-01-15T00:50:00Z", &["15T00:56", "15T01:00", "15T01:07"]);
        times("50-10/7 * * * *", "2024-01-15T00:40:00Z", &["15T00:50", "15T00:57", "15T01:04", "15T01:50"]);
        times("0 0 * * *|30 12 * * *", "2024-01-15T00:50:00Z", &["15T12:30", "16T00:00", "16T12:30"]);
    }

    #[test]
    fn skipped_times_are_later_by_the_gap() {
        check(
            "30 2 * * *",
            LOS_ANGELES,
            "2024-03-09T00:00:00-08:00",
            &["2024-03-09T02:30:00-08:00", "2024-03-10T03:30:00-07:00", "2024-03-11T02:30:00-07:00"],
        );
        check(
            "*/30 * * * *",
            LOS_ANGELES,
            "2024-03-10T01:00:00-08:00",
            &[
                "2024-03-10T01:30:00-08:00",
                "2024-03-10T03:00:00-07:00",
                "2024-03-10T03:30:00-07:00",
                "2024-03-10T04:00:00-07:00",
            ],
        );
        check(
            "0 0 * * *",
            "America/Sao_Paulo",
            "2018-11-03T00:00:00-03:00",
            &["2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"],
        );
        // One run for the gap, not one for each time in it.
        check(
            "*/15 2 * * *",
            LOS_ANGELES,
            "2024-03-10T00:00:00-08:00",
            &["2024-03-10T03:00:00-07:00", "2024-03-11T02:00:00-07:00"],
        );
        check(
            "*/20 * * * *",
            LORD_HOWE,
            "2024-10-06T01:35:00+10:30",
            &[
                "2024-10-06T01:40:00+10:30",
                "2024-10-06T02:30:00+11:00",
                "2024-10-06T02:40:00+11:00",
                "2024-10-06T03:00:00+11:00",
            ],
        );
        // Two runs that Digdag loses: it has walked past the local times 02:30 once it is at 03:00 here, and at 02:40
        // below.
        check(
            "30 2 * * *|0 3 * * *",
            LOS_ANGELES,
            "2024-03-10T00:00:00-08:00",
            &["2024-03-10T03:00:00-07:00", "2024-03-10T03:30:00-07:00", "2024-03-11T02:30:00-07:00"],
        );
        check(
            "10,30 2 * * *",
            LORD_HOWE,
            "2024-10-06T01:35:00+10:30",
            &["2024-10-06T02:30:00+11:00", "2024-10-06T02:40:00+11:00", "2024-10-07T02:10:00+11:00"],
        );
    }

    #[test]
    fn skipped_times_stay_on_their_date() {
        check(
            "0 7 30 12 *",
            "Pacific/Apia",
            "2011-12-28T00:00:00-10:00",
            &["2012-12-30T07:00:00+14:00", "2013-12-30T07:00:00+14:00"],
        );
        check(
            "0 7 * * *",
            "Pacific/Apia",
            "2011-12-28T12:00:00-10:00",
            &["2011-12-29T07:00:00-10:00", "2011-12-31T07:00:00+14:00", "2012-01-01T07:00:00+14:00"],
        );
        check(
            "45 23 * * *",
            "Asia/Pyongyang",
            "2018-05-03T01:35:00+08:30",
            &["2018-05-03T23:45:00+08:30", "2018-05-05T23:45:00+09:00"],
        );
    }

    #[test]
    fn repeated_times_with_fixed_hours_are_the_second_ones() {
        check(
            "30 1 * * *",
            LOS_ANGELES,
            "2024-11-02T00:00:00-07:00",
            &["2024-11-02T01:30:00-07:00", "2024-11-03T01:30:00-08:00", "2024-11-04T01:30:00-08:00"],
        );
        check(
            "0 */1 3 11 *|30 */2,1 * * *",
            LOS_ANGELES,
            "2024-11-03T00:30:00-07:00",
            &[
                "2024-11-03T01:00:00-07:00",
                "2024-11-03T01:00:00-08:00",
                "2024-11-03T01:30:00-08:00",
                "2024-11-03T02:00:00-08:00",
            ],
        );
        check(
            "30 23 * * *",
            "America/Sao_Paulo",
            "2018-02-17T00:00:00-02:00",
            &["2018-02-17T23:30:00-03:00", "2018-02-18T23:30:00-03:00"],
        );
    }

    /// Digdag goes from 00:00-07 to 01:00-08 and so leaves out an hour, in the first and third row; given a time within
    /// the first of the repeated hours, it leaves out the rest of the second, in the last row. Only from 00:59:00 on
    /// the minute does it see 01:00-07, in the second row.
    #[test]
    fn repeated_times_of_every_hour_happen_twice() {
        check(
            "0 * * * *",
            LOS_ANGELES,
            "2024-11-02T23:30:00-07:00",
            &[
                "2024-11-03T00:00:00-07:00",
                "2024-11-03T01:00:00-07:00",
                "2024-11-03T01:00:00-08:00",
                "2024-11-03T02:00:00-08:00",
                "2024-11-03T03:00:00-08:00",
            ],
        );
        check("0 * * * *", LOS_ANGELES, "2024-11-03T00:59:00-07:00", &["2024-11-03T01:00:00-07:00"]);
        check(
            "*/30 * * * *",
            LOS_ANGELES,
            "2024-11-03T00:30:00-07:00",
            &[
                "2024-11-03T01:00:00-07:00",
                "2024-11-03T01:30:00-07:00",
                "2024-11-03T01:00:00-08:00",
                "2024-11-03T01:30:00-08:00",
                "2024-11-03T02:00:00-08:00",
            ],
        );
        check(
            "45 0-23 * * *",
            LORD_HOWE,
            "2024-04-07T01:00:00+11:00",
            &["2024-04-07T01:45:00+11:00", "2024-04-07T01:45:00+10:30", "2024-04-07T02:45:00+10:30"],
        );
        check("0 * * * *", LOS_ANGELES, "2024-11-03T01:10:00-07:00", &["2024-11-03T01:00:00-08:00"]);
    }
}
