//! One step of some schedules at once: what each comes to is read in one go, and written in one transaction for those
//! that only move and in another one for those that start a session.

use super::agenda::Agenda;
use super::due::{Decision, Previous, Situation, Skipped, Step, decide};
use super::known::KnownWorkflows;
use super::late::{self, Fate};
use crate::actions::accept::Start;
use crate::actions::known::KnownWorkflow;
use crate::actions::schedules::ScheduleActionError;
use crate::actions::start::{StartError, StartRequest, Started};
use crate::dig::schedule::ScheduleTime;
use crate::engine::GenerateError;
use crate::logs::Level;
use crate::model::time::whole_seconds;
use crate::model::{Params, ScheduleId, SessionTime, Time};
use crate::store::schedules::{self, Position, ScheduleRow, UnfinishedAttempt};
use crate::store::skipped_sessions::{self, NewSkip};
use crate::store::{Durability, Reader, StoreError, Writer};
use chrono::TimeDelta;
use serde_json::Value;
use std::sync::Arc;

/// When an attempt would have too many tasks, its session is tried again so much later.
const AFTER_LIMIT: TimeDelta = TimeDelta::minutes(10);
/// When something is wrong with a workflow.
const AFTER_ERROR: TimeDelta = TimeDelta::hours(1);

/// Where a schedule goes, and what is written together with that.
struct Move {
    row: ScheduleRow,
    to: Position,
    skipped: Vec<Skipped>,
    /// For somebody who is to be told that the session is late.
    late: Option<String>,
}

/// A session that is to be started.
struct Starting {
    step: Move,
    workflow: Arc<KnownWorkflow>,
    session: ScheduleTime,
}

/// What is known of a schedule that is due.
struct Seen {
    workflow: Arc<KnownWorkflow>,
    overtime: bool,
    unfinished: Option<UnfinishedAttempt>,
    usual: Option<TimeDelta>,
}

impl Agenda {
    /// Takes one step of each schedule. Returns those that have another step to take.
    pub(super) fn round(&self, rows: Vec<ScheduleRow>, now: Time) -> Result<Vec<ScheduleRow>, StoreError> {
        let due: Vec<(ScheduleRow, Time)> = rows
            .into_iter()
            .map(|row| (self.waiting.put_off_until(&row, now).unwrap_or(row.next.run), row))
            .filter(|(run, _)| *run <= now)
            .map(|(run, row)| (row, run))
            .collect();
        if due.is_empty() {
            return Ok(vec![]);
        }
        let seen: Vec<_> = self
            .store
            .read(|reader| Ok(due.iter().map(|(row, _)| look(reader, &self.known, row)).collect()))?;
        let (mut moves, mut starts, mut waits) = (vec![], vec![], vec![]);
        for ((row, run), seen) in due.into_iter().zip(seen) {
            let seen = match seen {
                Ok(seen) => seen,
                Err(error) => {
                    self.put_off_unreadable(&row, error, now)?;
                    continue;
                }
            };
            let Some(Decision { skipped, step }) = self.decide(&row, run, &seen, now) else { continue };
            match (step, seen.unfinished) {
                (Step::Sleep(next), _) => {
                    let late = self.late(&row, || skipped_fate(&skipped), now);
                    moves.push(self.moving(row, next, skipped, late, now));
                }
                (Step::Wait { session, until }, Some(attempt)) => {
                    self.waiting.add(attempt.id, row.id, until);
                    waits.push((attempt, row.id));
                    let next = planned(&row, session);
                    // One that stays where it is is told of when all is done.
                    if next != row.next {
                        let late = self.late(&row, || skipped_fate(&skipped), now);
                        moves.push(self.moving(row, next, skipped, late, now));
                    }
                }
                (Step::Wait { .. }, None) => {}
                (Step::Start { session, next }, _) => {
                    let step = self.starting(row, session, next, skipped, now);
                    starts.push(Starting { step, session, workflow: seen.workflow });
                }
            }
        }
        self.carry_out(&moves, now)?;
        let mut left = self.stop_waiting(&waits)?;
        left.extend(self.start(starts, now)?);
        Ok(left)
    }

    /// Lets a session be tried again later. Nothing is written: a server that is started anew tries at once, and so does
    /// this one when the schedule changes.
    pub(super) fn put_off(&self, row: &ScheduleRow, reason: &str, now: Time) {
        self.put_off_for(row, row.next, AFTER_ERROR, reason, now);
    }

    fn decide(&self, row: &ScheduleRow, run: Time, seen: &Seen, now: Time) -> Option<Decision> {
        let previous = |attempt: UnfinishedAttempt| {
            let (session, started_at) = (attempt.session_time, attempt.created_at);
            Previous {
                session,
                started_at,
                runs_since: self.unbroken.runs_since(started_at, now),
                usual: seen.usual,
            }
        };
        let situation = Situation {
            schedule: seen.workflow.schedule(),
            next: ScheduleTime { run, ..row.next },
            policy: self.settings.catch_up.of(&row.project_name, &row.workflow_name),
            overtime: seen.overtime,
            previous: seen.unfinished.map(previous),
        };
        decide(&situation, now)
    }

    /// What somebody is to be told of a schedule whose next session is late.
    fn late(&self, row: &ScheduleRow, fate: impl FnOnce() -> Fate, now: Time) -> Option<String> {
        late::untold(row, self.settings.late_after, now).map(|_| late::message(row, &fate(), now))
    }

    fn moving(
        &self,
        row: ScheduleRow,
        next: ScheduleTime,
        skipped: Vec<Skipped>,
        late: Option<String>,
        now: Time,
    ) -> Move {
        let told = late::untold(&row, self.settings.late_after, now);
        let late_session_time = row.late_session_time.or(told);
        let to = Position { next, late_session_time, ..row.position() };
        Move { row, to, skipped, late }
    }

    fn starting(
        &self,
        row: ScheduleRow,
        session: ScheduleTime,
        next: ScheduleTime,
        skipped: Vec<Skipped>,
        now: Time,
    ) -> Move {
        let session = planned(&row, session);
        let fate = || if session == row.next { Fate::Starts } else { skipped_fate(&skipped) };
        let late = self.late(&row, fate, now);
        let late_session_time = late::after_start(&row, session, self.settings.late_after, now);
        let last_session_time = Some(SessionTime::new(session.session));
        let to = Position { next, last_session_time, late_session_time };
        Move { row, to, skipped, late }
    }

    /// Moves schedules on without starting anything. One that somebody else has moved stays as they left it: they wake the
    /// scheduler.
    fn carry_out(&self, moves: &[Move], now: Time) -> Result<(), StoreError> {
        if moves.is_empty() {
            return Ok(());
        }
        let moved = self.store.write(Durability::Full, |writer| {
            moves.iter().map(|step| step.write(writer, now)).collect::<Result<Vec<bool>, StoreError>>()
        })?;
        moves.iter().zip(moved).filter(|(_, moved)| *moved).for_each(|(step, _)| self.tell(step));
        Ok(())
    }

    /// Lets schedules go on at once whose attempts have ended just before it was known that somebody waits.
    fn stop_waiting(
        &self,
        waits: &[(UnfinishedAttempt, ScheduleId)],
    ) -> Result<Vec<ScheduleRow>, StoreError> {
        let mut left = vec![];
        for &(attempt, id) in waits {
            let (row, unfinished) = self.store.read(|reader| {
                let row = schedules::by_id(reader, id)?.filter(|row| row.disabled_at.is_none());
                let unfinished = row.as_ref().map(|row| schedules::unfinished(reader, row)).transpose()?;
                Ok((row, unfinished.flatten()))
            })?;
            if unfinished != Some(attempt) {
                self.waiting.remove(attempt.id);
                left.extend(row);
            }
        }
        Ok(left)
    }

    /// Starts sessions, as many as there is room for. Returns the schedules as they are then.
    fn start(&self, mut starts: Vec<Starting>, now: Time) -> Result<Vec<ScheduleRow>, StoreError> {
        if starts.is_empty() {
            return Ok(vec![]);
        }
        let room = self.starter.room()?.min(starts.len());
        self.waiting.add_for_room(starts.drain(room..).map(|start| start.step.row.id));
        let requests: Vec<Start<'_>> = starts.iter().map(|start| start.request(now)).collect();
        let results = if requests.is_empty() { vec![] } else { self.starter.start_all(&requests)? };
        drop(requests);
        let mut left = vec![];
        for (start, result) in starts.into_iter().zip(results) {
            left.extend(self.started(start, result, now)?);
        }
        Ok(left)
    }

    fn started(
        &self,
        start: Starting,
        result: Result<Started, StartError>,
        now: Time,
    ) -> Result<Option<ScheduleRow>, StoreError> {
        let Starting { step, session, .. } = start;
        match result {
            Ok(started) => {
                self.tell(&step);
                // Otherwise somebody has started this session by hand.
                if matches!(started, Started::New(_)) {
                    let mut health = self.health();
                    health.started += 1;
                    health.lateness = Some(self.clock.now() - planned(&step.row, session).run);
                }
                return Ok(Some(step.moved()));
            }
            // Somebody else has moved the schedule. What they made of it is looked at anew.
            Err(StartError::Conflict(_)) => {
                let row = self.store.read(|reader| schedules::by_id(reader, step.row.id))?;
                return Ok(row.filter(|row| row.disabled_at.is_none() && *row != step.row));
            }
            // Others have started attempts meanwhile, or the disk has become full.
            Err(StartError::TooManyAttempts { .. } | StartError::DiskFull(_)) => {
                self.waiting.add_for_room([step.row.id]);
            }
            Err(StartError::Store(error)) => self.put_off_unreadable(&step.row, error.into(), now)?,
            Err(error) => {
                let limit = matches!(error, StartError::Tasks(GenerateError::TooManyTasks { .. }));
                let wait = if limit { AFTER_LIMIT } else { AFTER_ERROR };
                self.put_off_for(&step.row, session, wait, &error.to_string(), now);
            }
        }
        Ok(None)
    }

    /// A schedule or workflow that cannot be read must not keep the others from running, a store that fails keeps all.
    fn put_off_unreadable(
        &self,
        row: &ScheduleRow,
        error: ScheduleActionError,
        now: Time,
    ) -> Result<(), StoreError> {
        match error {
            ScheduleActionError::Store(error) if !error.leaves_others() => return Err(error),
            error => self.put_off(row, &error.to_string(), now),
        }
        Ok(())
    }

    fn put_off_for(
        &self,
        row: &ScheduleRow,
        session: ScheduleTime,
        wait: TimeDelta,
        reason: &str,
        now: Time,
    ) {
        self.waiting.put_off(row, whole_seconds(now) + wait, reason);
        let (project, workflow) = (&row.project_name, &row.workflow_name);
        let session = SessionTime::new(session.session).iso(&row.timezone);
        let minutes = wait.num_minutes();
        let message =
            format!("{project}/{workflow}: session {session} is tried again in {minutes} minutes: {reason}");
        let level = if wait == AFTER_LIMIT { Level::Warn } else { Level::Error };
        self.log(level, &message);
    }

    /// Says what was written.
    fn tell(&self, step: &Move) {
        for skipped in &step.skipped {
            self.health().skipped += skipped.count;
            self.log(Level::Warn, &skipped_text(&step.row, skipped));
        }
        if let Some(message) = &step.late {
            self.log(Level::Warn, message);
            (self.notified)();
        }
    }
}

impl Move {
    /// Tells `false`, and writes nothing, when somebody else has changed the schedule.
    fn write(&self, writer: &Writer, now: Time) -> Result<bool, StoreError> {
        let row = &self.row;
        if !schedules::advance(writer, row, self.to)? {
            return Ok(false);
        }
        for Skipped { first, last, count, reason } in &self.skipped {
            let reason = &reason.to_string();
            let skip = NewSkip { first: *first, last: *last, count: *count, reason };
            skipped_sessions::insert(writer, row.project_id, &row.workflow_name, &skip, now)?;
        }
        if let Some(message) = &self.late {
            late::tell(writer, row, message, now)?;
        }
        Ok(true)
    }

    fn moved(self) -> ScheduleRow {
        let Position { next, last_session_time, late_session_time } = self.to;
        ScheduleRow { next, last_session_time, late_session_time, ..self.row }
    }
}

impl Starting {
    fn request(&self, now: Time) -> Start<'_> {
        let row = &self.step.row;
        let also = move |writer: &Writer| {
            if self.step.write(writer, now)? {
                return Ok(());
            }
            Err(StartError::Conflict(format!("schedule id={} has been changed", row.id)))
        };
        let request = StartRequest {
            workflow: row.workflow_id,
            session_time: SessionTime::new(self.session.session),
            name: String::new(),
            resume: None,
            params: params(row),
        };
        Start { request, known: Some(&self.workflow), also: Box::new(also) }
    }
}

fn look(reader: &Reader, known: &KnownWorkflows, row: &ScheduleRow) -> Result<Seen, ScheduleActionError> {
    let workflow = known.get(reader, row)?;
    let overtime = workflow.schedule().skip_on_overtime() && schedules::is_overtime(reader, row)?;
    let unfinished = schedules::unfinished(reader, row)?;
    // Whoever does not wait for it need not know.
    let usual = if unfinished.is_some() { schedules::usual_duration(reader, row)? } else { None };
    Ok(Seen { workflow, overtime, unfinished, usual })
}

/// A session of a schedule with the time at which it was to run, whatever it was put off to.
fn planned(row: &ScheduleRow, session: ScheduleTime) -> ScheduleTime {
    if session.session == row.next.session { row.next } else { session }
}

fn skipped_fate(skipped: &[Skipped]) -> Fate {
    skipped.first().map_or(Fate::Waits(None), |skipped| Fate::Skipped(skipped.reason.to_string()))
}

fn skipped_text(row: &ScheduleRow, skipped: &Skipped) -> String {
    let Skipped { first, last, count, reason } = skipped;
    let (id, zone) = (row.id, &row.timezone);
    let sessions = if first == last {
        format!("session {}", first.iso(zone))
    } else {
        format!("{count} sessions from {} to {}", first.iso(zone), last.iso(zone))
    };
    let from = zone.local(first.time()).format("%Y-%m-%d %H:%M:%S");
    format!(
        "{}/{}: {sessions} not run: {reason}. To run: dibble backfill {id} --from '{from}' --count {count}",
        row.project_name, row.workflow_name
    )
}

/// What only sessions that a schedule starts have; their neighbours are added when they are accepted.
fn params(row: &ScheduleRow) -> Params {
    let last = row.last_session_time.map(|time| Value::from(time.iso(&row.timezone)));
    last.map(|last| ("last_executed_session_time".to_owned(), last)).into_iter().collect()
}
