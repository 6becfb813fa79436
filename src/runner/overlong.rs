//! When an attempt takes much longer than usual: so many times the median of the last successful ones.

use super::active::Origin;
use super::shared::Shared;
use crate::logs::{Level, LogRecord};
use crate::model::{Attempt, AttemptId, Time};
use crate::store::attempts::AttemptRow;
use crate::store::overlong;
use chrono::TimeDelta;

/// What is shorter is never marked, however short it usually is. The history is not looked at before, so that short
/// attempts cost nothing.
const SHORTEST: TimeDelta = TimeDelta::seconds(10);
/// The history of so many successful attempts counts.
const HISTORY: u32 = 20;
/// With fewer of them nobody knows what is usual.
const LEAST_HISTORY: usize = 5;

/// What is known of how long the attempt may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overlong {
    /// It does not matter (any more).
    Never,
    /// The history is to be looked at when it has taken as long as the shortest ones that are marked.
    Unknown,
    At {
        at: Time,
        usual: TimeDelta,
    },
}

impl Overlong {
    pub(super) fn new(shared: &Shared, row: &AttemptRow) -> Self {
        match shared.options.overlong_factor {
            Some(_) if row.overlong_at.is_none() => Self::Unknown,
            _ => Self::Never,
        }
    }

    /// When there is something to do.
    pub(super) fn alarm(self, attempt: &Attempt) -> Option<Time> {
        match self {
            Self::Never => None,
            Self::Unknown => began(attempt).map(|began| began + SHORTEST),
            Self::At { at, .. } => Some(at),
        }
    }

    /// Why the attempt takes too long by now, if it does; that is told once.
    pub(super) fn due(
        &mut self,
        shared: &Shared,
        origin: &Origin,
        attempt: &Attempt,
        now: Time,
    ) -> Option<String> {
        let began = began(attempt)?;
        if *self == Self::Unknown && began + SHORTEST <= now {
            *self = limit(shared, origin, attempt.id, began);
        }
        let Self::At { at, usual } = *self else { return None };
        if at > now {
            return None;
        }
        *self = Self::Never;
        let (taken, usual) = ((now - began).num_seconds(), usual.num_seconds());
        Some(format!("Workflow takes much longer than usual: {taken} s so far, usually {usual} s"))
    }
}

fn limit(shared: &Shared, origin: &Origin, attempt: AttemptId, began: Time) -> Overlong {
    let Some(factor) = shared.options.overlong_factor else { return Overlong::Never };
    let (project, workflow) = (origin.project_id, &origin.workflow_name);
    let read = shared
        .store
        .read(|reader| overlong::durations_of_successes(reader, project, workflow, attempt, HISTORY));
    let durations = read.unwrap_or_else(|error| {
        let message =
            format!("How long {}/{workflow} usually takes is not known: {error}", origin.project_name);
        let record = LogRecord { time: shared.now(), level: Level::Warn, task: None, message: &message };
        shared.observer.log(&record);
        vec![]
    });
    median(durations)
        .and_then(|usual| {
            let factor = i32::try_from(factor).ok()?;
            let at = began.checked_add_signed(usual.checked_mul(factor)?.max(SHORTEST))?;
            Some(Overlong::At { at, usual })
        })
        .unwrap_or(Overlong::Never)
}

/// The one in the middle, the longer one of two; none when there are too few.
fn median(mut durations: Vec<TimeDelta>) -> Option<TimeDelta> {
    durations.sort_unstable();
    durations.get(durations.len() / 2).copied().filter(|_| durations.len() >= LEAST_HISTORY)
}

/// When the first task was started. What an attempt waited for before does not count.
fn began(attempt: &Attempt) -> Option<Time> {
    attempt.tasks().iter().find_map(|task| task.started_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_usual_is_in_the_middle() {
        let median = |seconds: &[i64]| {
            median(seconds.iter().copied().map(TimeDelta::seconds).collect()).map(|usual| usual.num_seconds())
        };
        assert_eq!(median(&[9, 1, 1, 1]), None);
        assert_eq!(median(&[500, 1, 3, 2, 4]), Some(3));
        assert_eq!(median(&[6, 5, 4, 3, 2, 1]), Some(4));
    }
}
