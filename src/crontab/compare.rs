//! The times of cron beside those of the workflow. They differ only where clocks are changed.

use super::pattern::Pattern;
use super::times::{CronTimes, Rules};
use crate::dig::schedule::Schedule;
use crate::model::{Time, Zone};
use chrono::TimeDelta;
use std::cmp::Ordering;
use std::iter::Peekable;

/// A run of cron, a run of the workflow, or one of each that stand for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub cron: Option<Time>,
    pub dibble: Option<Time>,
    /// What the clocks do nearby, where the two differ.
    pub change: Option<Change>,
}

/// What clocks do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Forward,
    Back,
}

impl Row {
    /// Whether both run at the same time.
    pub fn is_same(&self) -> bool {
        self.cron == self.dibble
    }

    /// The earlier of its times.
    pub fn time(&self) -> Option<Time> {
        self.cron.into_iter().chain(self.dibble).min()
    }

    /// Why the two differ; none if they do not.
    pub fn reason(&self) -> Option<&'static str> {
        Some(match (self.cron, self.dibble, self.change) {
            (cron, dibble, _) if cron == dibble => return None,
            (Some(_), Some(_), Some(Change::Forward)) => {
                "the clocks skip its time: cron runs it at once, Dibble as much later as they go forward"
            }
            (Some(_), None, Some(Change::Forward)) => {
                "the clocks skip several of its times: cron runs each of them, Dibble one"
            }
            (None, Some(_), Some(Change::Forward)) => {
                "the clocks skip its time: cron leaves it out, Dibble runs it later"
            }
            (Some(_), Some(_), Some(Change::Back)) => {
                "its time comes twice: cron takes the first, Dibble the second"
            }
            (Some(_), None, Some(Change::Back)) => "its time comes twice: cron runs it twice, Dibble once",
            (None, Some(_), Some(Change::Back)) => "its time comes twice: cron runs it once, Dibble twice",
            _ => "the two count differently",
        })
    }
}

/// An entry and its workflow.
pub struct Compared<'a> {
    pub pattern: &'a Pattern,
    pub schedule: &'a Schedule,
    pub zone: &'a Zone,
    pub rules: Rules,
}

impl Compared<'_> {
    /// The first `count` rows from a time on.
    pub fn rows(&self, from: Time, count: usize) -> Vec<Row> {
        self.merged(from).take(count).collect()
    }

    /// The rows that differ in the year that follows.
    pub fn differences(&self, from: Time) -> Vec<Row> {
        let around = TimeDelta::hours(12);
        let mut differences = Vec::new();
        for day in 0..366 {
            let begin = from + TimeDelta::days(day);
            let end = begin + TimeDelta::days(1);
            if self.offset(begin) != self.offset(end) {
                let rows = self.merged((begin - around).max(from));
                let rows = rows.take_while(|row| row.time().is_some_and(|time| time < end + around));
                differences.extend(rows.filter(|row| !row.is_same()));
            }
        }
        differences
    }

    fn merged(&self, from: Time) -> impl Iterator<Item = Row> {
        let mut cron = self.cron_times(from).peekable();
        let mut dibble = self.dibble_times(from).peekable();
        std::iter::from_fn(move || {
            loop {
                let time = cron.peek().into_iter().chain(dibble.peek()).min().copied()?;
                let change = self.change_near(time);
                if let Some(other) = self.same_on_the_clock(time, change) {
                    let runs = Pair {
                        cron: cron.next_if_eq(&time).is_some(),
                        dibble: dibble.next_if_eq(&time).is_some(),
                    };
                    match self.row_of_twice(time, other, runs, from) {
                        Some(row) => return Some(row),
                        None => continue,
                    }
                }
                return next_row(&mut cron, &mut dibble, change);
            }
        })
    }

    fn cron_times(&self, from: Time) -> CronTimes<'_> {
        CronTimes::new(self.pattern, self.zone, self.rules, from)
    }

    fn dibble_times(&self, from: Time) -> impl Iterator<Item = Time> {
        let times = std::iter::successors(self.schedule.first(from), |time| self.schedule.next(time.session));
        times.take_while(|time| !time.is_never()).map(|time| time.run)
    }

    /// The row of a time that the clocks show twice; none when it has been in the row of the other time.
    fn row_of_twice(&self, time: Time, other: Time, runs: Pair, from: Time) -> Option<Row> {
        let row = |runs: Pair, change| Row {
            cron: runs.cron.then_some(time),
            dibble: runs.dibble.then_some(time),
            change,
        };
        if runs.cron && runs.dibble {
            return Some(row(runs, Some(Change::Back)));
        }
        let others = Pair {
            cron: self.cron_times(other).next() == Some(other),
            dibble: self.dibble_times(other).next() == Some(other),
        };
        if (others.cron, others.dibble) == (runs.dibble, runs.cron) {
            // Each of the two has it once, in another of the hours.
            let (cron, dibble) = if runs.cron { (time, other) } else { (other, time) };
            let row = Row { cron: Some(cron), dibble: Some(dibble), change: Some(Change::Back) };
            return (other > time || other < from).then_some(row);
        }
        // One of the two has it in both of the hours.
        Some(row(runs, (others.cron && others.dibble).then_some(Change::Back)))
    }

    /// The other time at which the clocks show the same, where they go back.
    fn same_on_the_clock(&self, time: Time, change: Option<Change>) -> Option<Time> {
        let by = match change {
            Some(Change::Back) => TimeDelta::seconds(i64::from(
                self.offset(time - AROUND_CHANGE) - self.offset(time + AROUND_CHANGE),
            )),
            _ => return None,
        };
        let shown = |time: Time| self.zone.local(time).naive_local();
        [time + by, time - by].into_iter().find(|other| shown(*other) == shown(time))
    }

    fn change_near(&self, time: Time) -> Option<Change> {
        match self.offset(time - AROUND_CHANGE).cmp(&self.offset(time + AROUND_CHANGE)) {
            Ordering::Less => Some(Change::Forward),
            Ordering::Equal => None,
            Ordering::Greater => Some(Change::Back),
        }
    }

    fn offset(&self, time: Time) -> i32 {
        self.zone.local(time).offset().local_minus_utc()
    }
}

/// How far from a run a change of the clocks may be.
const AROUND_CHANGE: TimeDelta = TimeDelta::hours(13);

/// Who runs at a time.
#[derive(Debug, Clone, Copy)]
struct Pair {
    cron: bool,
    dibble: bool,
}

/// Takes the next run of each that belong together: at the same time, or, where clocks go forward, one of each with no
/// other run between them.
fn next_row(
    cron: &mut Peekable<impl Iterator<Item = Time>>,
    dibble: &mut Peekable<impl Iterator<Item = Time>>,
    change: Option<Change>,
) -> Option<Row> {
    // What does not come twice has another reason.
    let change = change.filter(|change| *change == Change::Forward);
    let row = |cron, dibble| Some(Row { cron, dibble, change });
    let (left, right) = match (cron.peek().copied(), dibble.peek().copied()) {
        (None, None) => return None,
        (left, None) => return row(cron.next().and(left), None),
        (None, right) => return row(None, dibble.next().and(right)),
        (Some(left), Some(right)) => (left, right),
    };
    let near = change.is_some() && (left - right).abs() < TimeDelta::hours(12);
    match left.cmp(&right) {
        Ordering::Equal => row(cron.next(), dibble.next()),
        Ordering::Less => {
            cron.next();
            let alone = !near || cron.peek().is_some_and(|next| *next <= right);
            row(Some(left), if alone { None } else { dibble.next() })
        }
        Ordering::Greater => {
            dibble.next();
            let alone = !near || dibble.peek().is_some_and(|next| *next <= left);
            row(if alone { None } else { cron.next() }, Some(right))
        }
    }
}
