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
        let cron = CronTimes::new(self.pattern, self.zone, self.rules, from);
        let first = self.schedule.first(from);
        let dibble = std::iter::successors(first, |time| self.schedule.next(time.session));
        let mut cron = cron.peekable();
        let mut dibble = dibble.take_while(|time| !time.is_never()).map(|time| time.run).peekable();
        std::iter::from_fn(move || {
            let mut row = next_row(&mut cron, &mut dibble)?;
            row.change = row.time().and_then(|time| self.change_near(time));
            Some(row)
        })
    }

    fn change_near(&self, time: Time) -> Option<Change> {
        let around = TimeDelta::hours(13);
        match self.offset(time - around).cmp(&self.offset(time + around)) {
            Ordering::Less => Some(Change::Forward),
            Ordering::Equal => None,
            Ordering::Greater => Some(Change::Back),
        }
    }

    fn offset(&self, time: Time) -> i32 {
        self.zone.local(time).offset().local_minus_utc()
    }
}

/// Takes the next run of each that belong together: at the same time, or one of each with no other run between them.
fn next_row(
    cron: &mut Peekable<impl Iterator<Item = Time>>,
    dibble: &mut Peekable<impl Iterator<Item = Time>>,
) -> Option<Row> {
    let row = |cron, dibble| Some(Row { cron, dibble, change: None });
    let (left, right) = match (cron.peek().copied(), dibble.peek().copied()) {
        (None, None) => return None,
        (left, None) => return row(cron.next().and(left), None),
        (None, right) => return row(None, dibble.next().and(right)),
        (Some(left), Some(right)) => (left, right),
    };
    let near = (left - right).abs() < TimeDelta::hours(12);
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
