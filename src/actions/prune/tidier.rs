//! Removing attempts in one transaction, or only counting them.

use super::keep::{Verdict, verdict};
use super::pruning::Pruning;
use crate::model::{AttemptId, SessionId, Time};
use crate::store::retention::{self, EndedAttempt};
use crate::store::{Reader, StoreError, Writer};
use std::collections::HashSet;

/// How much one transaction may still do. The writer of the whole machine is taken meanwhile.
struct Budget {
    attempts: u32,
    tasks: u64,
    /// Of logs.
    bytes: u64,
}

/// How many chunks of a log are removed at a time; each has 256 KiB at most.
const CHUNKS: u32 = 16;

/// What attempts are removed with, or only counted.
#[derive(Clone, Copy)]
pub(super) enum Hand<'a> {
    Remove(&'a Writer),
    Count(&'a Reader),
}

impl<'a> Hand<'a> {
    pub(super) fn reader(self) -> &'a Reader {
        match self {
            Self::Remove(writer) => writer,
            Self::Count(reader) => reader,
        }
    }
}

/// Removes attempts in one transaction, or counts them.
pub(super) struct Tidier<'a> {
    hand: Hand<'a>,
    resumed: HashSet<AttemptId>,
    budget: Budget,
    pub(super) pruning: &'a mut Pruning,
}

impl<'a> Tidier<'a> {
    pub(super) fn new(pruning: &'a mut Pruning, hand: Hand<'a>) -> Result<Self, StoreError> {
        let resumed = retention::resumed(hand.reader())?.into_iter().collect();
        let attempts = if pruning.is_frugal { 1 } else { 50 };
        let budget = Budget { attempts, tasks: 2000, bytes: 4 << 20 };
        Ok(Self { hand, resumed, budget, pruning })
    }

    /// Removes an attempt that is too much, if nothing speaks against it. Tells `false` when that is not done yet and the
    /// transaction has grown long enough.
    pub(super) fn work_off(&mut self, row: &EndedAttempt, oldest: Option<Time>) -> Result<bool, StoreError> {
        let is_other = self.pruning.project.is_some_and(|project| project != row.project);
        if is_other || self.pruning.is_counted(row, row.id) {
            return Ok(true);
        }
        let is_done = match verdict(self.hand.reader(), row, oldest, &self.resumed)? {
            Verdict::Keep => true,
            Verdict::Attempt => self.remove(row, row.id)?,
            Verdict::Session => self.remove_session(row, row.session)?,
        };
        self.pruning.has_begun = !is_done;
        Ok(is_done)
    }

    fn remove_session(&mut self, row: &EndedAttempt, session: SessionId) -> Result<bool, StoreError> {
        let attempts = retention::of_session(self.hand.reader(), session, u32::MAX)?;
        for attempt in attempts {
            if !self.pruning.is_counted(row, attempt) && !self.remove(row, attempt)? {
                return Ok(false);
            }
        }
        self.pruning.pruned.of(row).sessions += 1;
        Ok(true)
    }

    /// Removes an attempt of the workflow and the session of `row`.
    fn remove(&mut self, row: &EndedAttempt, attempt: AttemptId) -> Result<bool, StoreError> {
        let mut extent = retention::extent(self.hand.reader(), attempt)?;
        match self.hand {
            Hand::Count(_) => {
                let workflow = (row.project, row.workflow_name.clone());
                self.pruning.counted.entry(workflow).or_default().insert(attempt);
            }
            Hand::Remove(writer) => {
                if self.budget.attempts == 0 || self.budget.tasks == 0 {
                    return Ok(false);
                }
                while extent.logs > self.budget.bytes {
                    if self.budget.bytes == 0 {
                        return Ok(false);
                    }
                    let trimmed = retention::trim_logs(writer, attempt, CHUNKS)?;
                    self.budget.bytes = self.budget.bytes.saturating_sub(trimmed);
                    self.pruning.pruned.of(row).logs += trimmed;
                    extent.logs = extent.logs.saturating_sub(trimmed);
                }
                self.budget.attempts -= 1;
                self.budget.tasks = self.budget.tasks.saturating_sub(extent.tasks);
                self.budget.bytes -= extent.logs;
                retention::remove(writer, attempt, row.session)?;
            }
        }
        self.pruning.pruned.of(row).add(extent);
        Ok(true)
    }
}
