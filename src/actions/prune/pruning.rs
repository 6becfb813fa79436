//! Going through the history once, in steps of one small transaction each.

use super::limits::RetentionLimits;
use super::pruned::Pruned;
use super::tidier::{Hand, Tidier};
use crate::actions::living::is_alive;
use crate::model::{AttemptId, ProjectId, RevisionId, Time};
use crate::store::leftovers::{self, OldRevision};
use crate::store::retention::{self, EndedAttempt};
use crate::store::{Durability, OwnerId, Reader, Store, StoreError, owners, space};
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet};

/// Whether anything is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Remove,
    /// Nothing is; what would be is counted. Revisions that only go because their last attempts do are not seen.
    Count,
}

/// One way through the history. It looks at everything that is too old, too much or too large, and never back.
#[derive(Debug, Clone)]
pub struct Pruning {
    limits: RetentionLimits,
    pub(super) mode: Mode,
    now: Time,
    /// Only of this project.
    pub(super) project: Option<ProjectId>,
    stage: Stage,
    pub(super) pruned: Pruned,
    /// What would have been removed by now, by workflow.
    pub(super) counted: BTreeMap<(ProjectId, String), BTreeSet<AttemptId>>,
    /// A part of an attempt, or of a session, is gone already: the rest has to follow.
    pub(super) has_begun: bool,
    /// The disk is full: a transaction, which has to be in the write-ahead log first, does as little as it can.
    pub(super) is_frugal: bool,
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

/// How many rows are looked at in a step.
const ROWS: u32 = 50;
const RECORDS: u32 = 500;
/// What was pushed lately may be about to be started, however large the file is.
const UNUSED_AT_LEAST: TimeDelta = TimeDelta::days(1);
const FIRST: (Time, AttemptId) = (Time::UNIX_EPOCH, AttemptId(0));

impl Pruning {
    pub fn new(limits: RetentionLimits, mode: Mode, now: Time) -> Self {
        let stage = Stage::TooOld { after: FIRST };
        let (pruned, counted) = (Pruned::default(), BTreeMap::new());
        Self { limits, mode, now, project: None, stage, pruned, counted, has_begun: false, is_frugal: false }
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
    /// Those of the store. What was removed before stays so, and what was not done does not count.
    pub fn step(&mut self, store: &Store) -> Result<bool, StoreError> {
        if self.mode == Mode::Count {
            return self.try_step(store);
        }
        let before = self.clone();
        match self.try_step(store) {
            Ok(is_more) if self.is_frugal => store.fold_in_log().map(|_| is_more),
            Err(StoreError::Full { .. }) if !before.is_frugal => {
                *self = Self { is_frugal: true, ..before };
                store.fold_in_log().map(|_| true)
            }
            done => {
                if done.is_err() {
                    *self = before;
                }
                done
            }
        }
    }

    fn try_step(&mut self, store: &Store) -> Result<bool, StoreError> {
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
        let mut tidier = Tidier::new(self, hand)?;
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
        let mut tidier = Tidier::new(self, hand)?;
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

    pub(super) fn is_counted(&self, row: &EndedAttempt, attempt: AttemptId) -> bool {
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
        let mut tidier = Tidier::new(self, hand)?;
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
}
