//! Going through the history once, in steps of one small transaction each.

use super::keep::{Verdict, verdict};
use super::limits::RetentionLimits;
use super::pruned::Pruned;
use crate::actions::owner::ProcessIdentity;
use crate::model::{AttemptId, ProjectId, RevisionId, SessionId, Time};
use crate::store::leftovers::{self, OldRevision};
use crate::store::owners::OwnerRow;
use crate::store::retention::{self, EndedAttempt};
use crate::store::{Durability, OwnerId, Reader, Store, StoreError, Writer, owners, space};
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Whether anything is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Remove,
    /// Nothing is; what would be is counted. Revisions that only go because their last attempts do are not seen.
    Count,
}

/// One way through the history. It looks at everything that is too old, too much or too large, and never back.
#[derive(Debug)]
pub struct Pruning {
    limits: RetentionLimits,
    mode: Mode,
    now: Time,
    /// Only of this project.
    project: Option<ProjectId>,
    stage: Stage,
    pruned: Pruned,
    /// What would have been removed by now, by workflow.
    counted: BTreeMap<(ProjectId, String), BTreeSet<AttemptId>>,
    /// A part of an attempt, or of a session, is gone already: the rest has to follow.
    has_begun: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    TooOld {
        after: (Time, AttemptId),
    },
    TooMany {
        workflow: (ProjectId, String),
        after: AttemptId,
        last: Option<AttemptId>,
    },
    OldRevisions {
        after: RevisionId,
    },
    OldRecords,
    GoneOwners,
    GoneProjects {
        after: ProjectId,
    },
    /// Only while too much of the file is in use, as the next one.
    UnusedRevisions {
        after: RevisionId,
    },
    TooLarge {
        after: (Time, AttemptId),
    },
    Over,
}

/// How much one transaction may still do. The writer of the whole machine is taken meanwhile.
pub(super) struct Budget {
    attempts: u32,
    tasks: u64,
    /// Of logs.
    bytes: u64,
}

/// How many rows are looked at in a step.
const ROWS: u32 = 50;
/// How many chunks of a log are removed at a time; each has 256 KiB at most.
const CHUNKS: u32 = 16;
const RECORDS: u32 = 500;
/// What was pushed lately may be about to be started, however large the file is.
const UNUSED_AT_LEAST: TimeDelta = TimeDelta::days(1);
const FIRST: (Time, AttemptId) = (Time::UNIX_EPOCH, AttemptId(0));

impl Pruning {
    pub fn new(limits: RetentionLimits, mode: Mode, now: Time) -> Self {
        let stage = Stage::TooOld { after: FIRST };
        let (pruned, counted) = (Pruned::default(), BTreeMap::new());
        Self { limits, mode, now, project: None, stage, pruned, counted, has_begun: false }
    }

    /// Only what belongs to a project goes.
    #[must_use]
    pub fn of_project(self, project: ProjectId) -> Self {
        Self { project: Some(project), ..self }
    }

    /// Does a little. Tells whether there is more to do.
    ///
    /// # Errors
    ///
    /// Those of the store. What was removed before stays so.
    pub fn step(&mut self, store: &Store) -> Result<bool, StoreError> {
        if self.stage == Stage::GoneOwners {
            self.gone_owners(store)?;
            self.stage = Stage::GoneProjects { after: ProjectId(0) };
            return Ok(true);
        }
        match self.mode {
            Mode::Remove => store.write(Durability::Normal, |writer| self.advance(Hand::Remove(writer)))?,
            Mode::Count => store.read(|reader| self.advance(Hand::Count(reader)))?,
        }
        Ok(self.stage != Stage::Over)
    }

    /// What was done.
    pub fn finish(self) -> Pruned {
        self.pruned
    }

    fn advance(&mut self, hand: Hand<'_>) -> Result<(), StoreError> {
        let next = match self.stage.clone() {
            Stage::TooOld { after } => self.too_old(hand, after)?,
            Stage::TooMany { workflow, after, last } => self.too_many(hand, workflow, after, last)?,
            Stage::OldRevisions { after } => self.old_revisions(hand, after)?,
            Stage::OldRecords | Stage::GoneOwners => self.old_records(hand)?,
            Stage::GoneProjects { after } => self.gone_projects(hand, after)?,
            Stage::UnusedRevisions { after } => self.unused_revisions(hand, after)?,
            Stage::TooLarge { after } => self.too_large(hand, after)?,
            Stage::Over => Stage::Over,
        };
        self.stage = next;
        Ok(())
    }

    fn too_old(&mut self, hand: Hand<'_>, mut after: (Time, AttemptId)) -> Result<Stage, StoreError> {
        let next =
            Stage::TooMany { workflow: (ProjectId(0), String::new()), after: AttemptId(0), last: None };
        let Some(oldest) = self.limits.oldest(self.now) else { return Ok(next) };
        let rows = retention::in_order_of_end(hand.reader(), after, ROWS)?;
        let is_all = (rows.len() as u32) < ROWS;
        let mut tidier = self.tidier(hand)?;
        for row in &rows {
            if row.finished_at >= oldest {
                return Ok(next);
            }
            if !tidier.work_off(row, Some(oldest))? {
                return Ok(Stage::TooOld { after });
            }
            after = (row.finished_at, row.id);
        }
        Ok(if is_all { next } else { Stage::TooOld { after } })
    }

    fn too_many(
        &mut self,
        hand: Hand<'_>,
        workflow: (ProjectId, String),
        mut after: AttemptId,
        last: Option<AttemptId>,
    ) -> Result<Stage, StoreError> {
        let next = Stage::OldRevisions { after: RevisionId(0) };
        let Some(max) = self.limits.max_attempts else { return Ok(next) };
        let Some(last) = last else {
            let Some(found) = retention::next_workflow(hand.reader(), (workflow.0, &workflow.1))? else {
                return Ok(next);
            };
            let last = self.newest_but(hand.reader(), &found, max)?;
            return Ok(Stage::TooMany { workflow: found, after: AttemptId(0), last });
        };
        let rows = retention::of_workflow(hand.reader(), workflow.0, &workflow.1, after, last, ROWS)?;
        let is_all = (rows.len() as u32) < ROWS;
        let mut tidier = self.tidier(hand)?;
        for row in &rows {
            if !tidier.work_off(row, None)? {
                return Ok(Stage::TooMany { workflow, after, last: Some(last) });
            }
            after = row.id;
        }
        Ok(Stage::TooMany { workflow, after, last: (!is_all).then_some(last) })
    }

    /// The newest attempt of a workflow that has `max` newer ones, of those that would still be there.
    fn newest_but(
        &self,
        reader: &Reader,
        workflow: &(ProjectId, String),
        max: u32,
    ) -> Result<Option<AttemptId>, StoreError> {
        let mut newer = max;
        loop {
            let found = retention::newest_but(reader, workflow.0, &workflow.1, newer)?;
            let (Some(last), Some(counted)) = (found, self.counted.get(workflow)) else { return Ok(found) };
            let wanted = max.saturating_add(counted.range(last..).count() as u32);
            if wanted == newer {
                return Ok(found);
            }
            newer = wanted;
        }
    }

    fn is_counted(&self, row: &EndedAttempt, attempt: AttemptId) -> bool {
        // Only what is counted, and not removed, can be met again.
        self.mode == Mode::Count
            && (self.counted.get(&(row.project, row.workflow_name.clone())))
                .is_some_and(|counted| counted.contains(&attempt))
    }

    fn old_revisions(&mut self, hand: Hand<'_>, after: RevisionId) -> Result<Stage, StoreError> {
        let Some(oldest) = self.limits.oldest(self.now) else { return Ok(Stage::OldRecords) };
        let is_old = |revision: &OldRevision| {
            let is_gone = revision.project_deleted_at.is_some_and(|deleted| deleted < oldest);
            revision.created_at < oldest && (is_gone || !revision.is_newest)
        };
        let after = self.remove_revisions(hand, after, is_old)?;
        Ok(after.map_or(Stage::OldRecords, |after| Stage::OldRevisions { after }))
    }

    fn unused_revisions(&mut self, hand: Hand<'_>, after: RevisionId) -> Result<Stage, StoreError> {
        let next = Stage::TooLarge { after: FIRST };
        if self.excess(hand.reader())?.is_none() {
            return Ok(next);
        }
        let newest = self.now - UNUSED_AT_LEAST;
        let is_unused = |revision: &OldRevision| revision.created_at < newest && !revision.is_newest;
        let after = self.remove_revisions(hand, after, is_unused)?;
        Ok(after.map_or(next, |after| Stage::UnusedRevisions { after }))
    }

    /// Removes revisions that nothing uses. Returns the last one that was looked at, none at the end.
    fn remove_revisions(
        &mut self,
        hand: Hand<'_>,
        after: RevisionId,
        may_go: impl Fn(&OldRevision) -> bool,
    ) -> Result<Option<RevisionId>, StoreError> {
        let rows = leftovers::revisions(hand.reader(), after, ROWS)?;
        let is_wanted = |row: &&OldRevision| self.project.is_none_or(|project| project == row.project);
        for row in rows.iter().filter(is_wanted).filter(|row| !row.is_used && may_go(row)) {
            if let Hand::Remove(writer) = hand {
                leftovers::remove_revision(writer, row.id)?;
            }
            self.pruned.revisions += 1;
            self.pruned.archives += row.size;
        }
        Ok(rows.last().filter(|_| rows.len() as u32 == ROWS).map(|row| row.id))
    }

    fn old_records(&mut self, hand: Hand<'_>) -> Result<Stage, StoreError> {
        let oldest = self.limits.oldest(self.now).filter(|_| self.project.is_none());
        let Some(oldest) = oldest else { return Ok(Stage::GoneOwners) };
        let (skipped, notifications) = match hand {
            Hand::Remove(writer) => (
                leftovers::remove_skipped(writer, oldest, RECORDS)?,
                leftovers::remove_notifications(writer, oldest, RECORDS)?,
            ),
            Hand::Count(reader) => {
                (leftovers::count_skipped(reader, oldest)?, leftovers::count_notifications(reader, oldest)?)
            }
        };
        self.pruned.skipped += skipped;
        self.pruned.notifications += notifications;
        let is_more = self.mode == Mode::Remove && skipped.max(notifications) >= u64::from(RECORDS);
        Ok(if is_more { Stage::OldRecords } else { Stage::GoneOwners })
    }

    /// Forgets processes that are gone and left nothing unfinished.
    fn gone_owners(&mut self, store: &Store) -> Result<(), StoreError> {
        if self.project.is_some() {
            return Ok(());
        }
        // Looked at outside of a transaction, for that asks the system.
        let gone: Vec<OwnerId> =
            store.read(owners::list)?.iter().filter(|row| !is_alive(row)).map(|row| row.id).collect();
        if self.mode == Mode::Count || gone.is_empty() {
            self.pruned.owners += gone.len() as u64;
            return Ok(());
        }
        store.write(Durability::Normal, |writer| {
            for owner in gone {
                self.pruned.owners += u64::from(owners::delete(writer, owner)?);
            }
            Ok(())
        })
    }

    fn gone_projects(&mut self, hand: Hand<'_>, after: ProjectId) -> Result<Stage, StoreError> {
        let next = Stage::UnusedRevisions { after: RevisionId(0) };
        let oldest = self.limits.oldest(self.now).filter(|_| self.project.is_none());
        let Some(oldest) = oldest else { return Ok(next) };
        let projects = leftovers::empty_projects(hand.reader(), after, oldest, ROWS)?;
        for project in &projects {
            if let Hand::Remove(writer) = hand {
                leftovers::remove_project(writer, *project)?;
            }
            self.pruned.projects += 1;
        }
        let last = projects.last().filter(|_| projects.len() as u32 == ROWS);
        Ok(last.map_or(next, |last| Stage::GoneProjects { after: *last }))
    }

    fn too_large(&mut self, hand: Hand<'_>, mut after: (Time, AttemptId)) -> Result<Stage, StoreError> {
        if self.is_small_enough(hand)? {
            return Ok(Stage::Over);
        }
        let rows = retention::in_order_of_end(hand.reader(), after, ROWS)?;
        let is_all = (rows.len() as u32) < ROWS;
        let mut tidier = self.tidier(hand)?;
        for row in &rows {
            // Asked anew for every attempt: no more goes than has to.
            if tidier.pruning.is_small_enough(hand)? {
                return Ok(Stage::Over);
            }
            if !tidier.work_off(row, None)? {
                return Ok(Stage::TooLarge { after });
            }
            after = (row.finished_at, row.id);
        }
        if is_all {
            self.pruned.still_over = self.excess(hand.reader())?;
            return Ok(Stage::Over);
        }
        Ok(Stage::TooLarge { after })
    }

    fn is_small_enough(&self, hand: Hand<'_>) -> Result<bool, StoreError> {
        Ok(!self.has_begun && self.excess(hand.reader())?.is_none())
    }

    /// By how many bytes more is in use than may be.
    fn excess(&self, reader: &Reader) -> Result<Option<u64>, StoreError> {
        let Some(max) = self.limits.max_size else { return Ok(None) };
        let gone = if self.mode == Mode::Count { self.pruned.estimate() } else { 0 };
        let used = space::measure(reader)?.used().saturating_sub(gone);
        Ok(used.checked_sub(max).filter(|excess| *excess > 0))
    }

    pub(super) fn tidier<'a>(&'a mut self, hand: Hand<'a>) -> Result<Tidier<'a>, StoreError> {
        let resumed = retention::resumed(hand.reader())?.into_iter().collect();
        let budget = Budget { attempts: ROWS, tasks: 2000, bytes: 4 << 20 };
        Ok(Tidier { hand, resumed, budget, pruning: self })
    }
}

fn is_alive(row: &OwnerRow) -> bool {
    let process = &row.process;
    ProcessIdentity { pid: process.pid, started: process.identity.clone() }.is_alive()
}

/// What attempts are removed with, or only counted.
#[derive(Clone, Copy)]
pub(super) enum Hand<'a> {
    Remove(&'a Writer),
    Count(&'a Reader),
}

impl<'a> Hand<'a> {
    fn reader(self) -> &'a Reader {
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
    pruning: &'a mut Pruning,
}

impl Tidier<'_> {
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
