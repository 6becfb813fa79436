//! What people do with schedules: skip sessions, disable and enable them, look at the times to come.
//!
//! Running sessions again is `backfill`; starting them is the scheduler's.

use super::error_kind::ErrorKind;
use super::stored::schedule_of_section;
use crate::dig::schedule::{Schedule, ScheduleTime, Upcoming};
use crate::model::time::{LocalOrInstant, whole_seconds};
use crate::model::{ScheduleId, Time};
use crate::store::attempts::AttemptRow;
use crate::store::schedules::{self, Position, ScheduleRow};
use crate::store::skipped_sessions::{self, SkippedRow};
use crate::store::{Durability, Reader, Store, StoreError, Writer, sessions, workflows};

/// Which sessions are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SkipRequest {
    /// So many sessions, the first one being the first that runs at `from` or later.
    pub count: Option<i64>,
    pub from: Option<Time>,
    /// All before the first one that runs then or later; goes before `count`.
    pub next: Option<LocalOrInstant>,
    /// When the next session runs instead of its own time.
    pub run: Option<Time>,
    /// Only tells what it would come to.
    pub dry_run: bool,
}

/// How a schedule is enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enable {
    /// What was missed meanwhile is to be run.
    CatchUp,
    /// The next session is the first one that runs then or later.
    SkipTo(LocalOrInstant),
}

/// A schedule stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleActionError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("Resource does not exist: schedule id={0}")]
    NotFound(ScheduleId),
    #[error("nextTime or (fromTime and count) are required")]
    Incomplete,
    #[error("count must be at most {MAX_COUNT}: {0}")]
    Count(i64),
    #[error("Specified time to skip schedules is already past")]
    Past,
    /// What is in the file was not registered by Dibble: everything that is registered was read before.
    #[error("The schedule of workflow '{0}' cannot be read")]
    Unreadable(String),
}

impl ScheduleActionError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(error) => ErrorKind::of(error),
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Incomplete | Self::Count(_) | Self::Unreadable(_) => ErrorKind::Invalid,
            Self::Past => ErrorKind::Conflict,
        }
    }
}

type Result<T> = std::result::Result<T, ScheduleActionError>;

/// More than two months of a schedule for every minute; keeps a request from reckoning for minutes.
const MAX_COUNT: i64 = 100_000;

/// Leaves out sessions to come and returns the schedule as it is, or in a dry run would be, afterwards.
///
/// # Errors
///
/// There is no such schedule, the request says too little, or the session it comes to is not later than the next one.
pub fn skip(store: &Store, id: ScheduleId, request: &SkipRequest) -> Result<ScheduleRow> {
    let target = match (request.next, request.from, request.count) {
        (Some(time), _, _) => Target::Time(time),
        (None, Some(_), Some(count)) if count > MAX_COUNT => return Err(ScheduleActionError::Count(count)),
        (None, Some(from), Some(count)) => Target::Count(from, count),
        _ => return Err(ScheduleActionError::Incomplete),
    };
    change(store, id, |writer, row| {
        let skipped = skip_to(writer, row, target, request.run)?;
        if request.dry_run {
            writer.abandon();
        }
        Ok(skipped)
    })
}

/// Lets a schedule start sessions again and returns it as it is afterwards.
///
/// # Errors
///
/// There is no such schedule, or the session that it is to skip to is not later than the next one.
pub fn enable(store: &Store, id: ScheduleId, how: Enable, now: Time) -> Result<ScheduleRow> {
    change(store, id, |writer, row| {
        let row = match how {
            Enable::CatchUp => row,
            Enable::SkipTo(time) => skip_to(writer, row, Target::Time(time), None)?,
        };
        schedules::enable(writer, id, now)?;
        Ok(schedules::by_id(writer, id)?.unwrap_or(row))
    })
}

/// Keeps a schedule from starting sessions and returns it as it is afterwards. What runs goes on.
///
/// # Errors
///
/// There is no such schedule.
pub fn disable(store: &Store, id: ScheduleId, now: Time) -> Result<ScheduleRow> {
    change(store, id, |writer, row| {
        schedules::disable(writer, id, now)?;
        Ok(ScheduleRow { disabled_at: Some(now), ..row })
    })
}

/// The sessions that a schedule comes to next, as many as asked for unless it ends.
///
/// # Errors
///
/// The schedule cannot be read.
pub fn next_points(reader: &Reader, row: &ScheduleRow, count: usize) -> Result<Vec<Upcoming>> {
    Ok(schedule_of(reader, row)?.upcoming_from(row.next, count))
}

/// A schedule and what has become of its sessions lately.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleStory {
    pub row: ScheduleRow,
    /// The newest attempt of the session that the schedule started last, as long as there is one.
    pub last_attempt: Option<AttemptRow>,
    /// The last sessions that were not run, newest first.
    pub skipped: Vec<SkippedRow>,
    /// The sessions to come that were asked for, soonest first; none while the schedule is disabled.
    pub upcoming: Vec<Upcoming>,
}

/// So many records of sessions that were not run are shown.
const SHOWN_SKIPS: u32 = 3;

/// Tells what has become of the sessions of a schedule, and the next ones, as many as asked for.
///
/// # Errors
///
/// Those of the store.
pub fn story(
    reader: &Reader,
    row: ScheduleRow,
    upcoming: usize,
) -> std::result::Result<ScheduleStory, StoreError> {
    let (project, workflow) = (row.project_id, &row.workflow_name);
    let last = row.last_session_time.map(|time| sessions::by_time(reader, project, workflow, time));
    let last_attempt = last.transpose()?.flatten().map(|session| session.last_attempt);
    let skipped = skipped_sessions::newest_of_workflow(reader, project, workflow, SHOWN_SKIPS)?;
    let upcoming = if upcoming == 0 || row.disabled_at.is_some() {
        vec![]
    } else {
        match next_points(reader, &row, upcoming) {
            Err(ScheduleActionError::Store(error)) => return Err(error),
            // What cannot be read has no times to come.
            points => points.unwrap_or_default(),
        }
    };
    Ok(ScheduleStory { row, last_attempt, skipped, upcoming })
}

/// The schedule of a row's workflow, whose definition stays in the store but for this section.
///
/// # Errors
///
/// The workflow has none that can be read.
pub fn schedule_of(reader: &Reader, row: &ScheduleRow) -> Result<Schedule> {
    let section = workflows::schedule(reader, row.workflow_id)?;
    let schedule = section.and_then(|section| schedule_of_section(&section, &row.timezone));
    schedule.ok_or_else(|| ScheduleActionError::Unreadable(row.workflow_name.clone()))
}

/// Where a skip comes to.
#[derive(Debug, Clone, Copy)]
enum Target {
    Time(LocalOrInstant),
    Count(Time, i64),
}

impl Target {
    fn find(self, schedule: &Schedule, row: &ScheduleRow) -> Option<ScheduleTime> {
        match self {
            Self::Time(time) => schedule.first(time.instant(&row.timezone)),
            Self::Count(from, count) => {
                let mut times =
                    std::iter::successors(schedule.first(from), |time| schedule.next(time.session));
                times.nth(usize::try_from(count).unwrap_or(0))
            }
        }
    }
}

fn skip_to(writer: &Writer, row: ScheduleRow, target: Target, run: Option<Time>) -> Result<ScheduleRow> {
    let schedule = schedule_of(writer, &row)?;
    let mut next = target.find(&schedule, &row).unwrap_or(ScheduleTime::NEVER);
    if next.session <= row.next.session {
        return Err(ScheduleActionError::Past);
    }
    next.run = run.map_or(next.run, whole_seconds);
    // The row was read in this transaction, so nobody can have moved it since.
    schedules::advance(writer, &row, Position { next, ..row.position() })?;
    Ok(ScheduleRow { next, ..row })
}

/// Does something with a schedule in one transaction, which is undone when it fails.
fn change(
    store: &Store,
    id: ScheduleId,
    change: impl FnOnce(&Writer, ScheduleRow) -> Result<ScheduleRow>,
) -> Result<ScheduleRow> {
    store.write(Durability::Full, |writer| {
        let found = schedules::by_id(writer, id)?.ok_or(ScheduleActionError::NotFound(id));
        let changed = found.and_then(|row| change(writer, row));
        if changed.is_err() {
            writer.abandon();
        }
        Ok(changed)
    })?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_iso;
    use crate::model::{Params, Zone};
    use crate::store::revisions::{self, NewRevision};
    use crate::store::{projects, testing};
    use serde_json::{Value, json};
    use tempfile::TempDir;

    const ID: ScheduleId = ScheduleId(1);

    fn at(text: &str) -> Time {
        parse_iso(text).unwrap()
    }

    /// A schedule in Tokyo whose next session is that of 2024-01-10, a Wednesday.
    fn scheduled(section: Value) -> (Store, TempDir) {
        let (store, directory) = testing::store();
        let zone = Zone::parse("Asia/Tokyo").unwrap();
        let config = testing::object(json!({"schedule": section, "+a": {"echo>": "a"}}));
        store
            .write(Durability::Normal, |w| {
                let project = projects::find_or_insert(w, "p", testing::at(1))?.id;
                let new = NewRevision {
                    project,
                    name: "1",
                    default_params: &Params::new(),
                    digest: "d",
                    directory: None,
                };
                let revision = revisions::insert(w, &new, testing::at(1))?;
                let workflow = workflows::insert(w, revision, "wf", &zone, &config)?;
                let (schedule, _) = Schedule::parse(config["schedule"].as_object().unwrap(), &zone).unwrap();
                let first = schedule.first(at("2024-01-10T00:00:00+09:00")).unwrap();
                schedules::insert(w, workflow, first, testing::at(2))
            })
            .unwrap();
        (store, directory)
    }

    fn daily() -> (Store, TempDir) {
        scheduled(json!({"daily>": "07:00:00"}))
    }

    fn next(text: &str) -> SkipRequest {
        SkipRequest { next: LocalOrInstant::parse(text), ..SkipRequest::default() }
    }

    fn count(from: &str, count: i64) -> SkipRequest {
        SkipRequest { count: Some(count), from: Some(at(from)), ..SkipRequest::default() }
    }

    /// The next session and its run in Tokyo, or the kind and text of the error.
    fn shown(result: &Result<ScheduleRow>) -> String {
        match result {
            Ok(row) if row.next.is_never() => "never".to_owned(),
            Ok(row) => {
                let local = |time| row.timezone.local(time).format("%m-%d %H:%M").to_string();
                format!("{} run {}", local(row.next.session), local(row.next.run))
            }
            Err(error) => format!("{:?}: {error}", error.kind()),
        }
    }

    #[test]
    fn skips_go_to_the_first_run_of_a_time() {
        let past = "Conflict: Specified time to skip schedules is already past";
        for (request, expected) in [
            (next("2024-01-12T00:00:00+09:00"), "01-12 00:00 run 01-12 07:00"),
            (next("2024-01-12T07:00"), "01-12 00:00 run 01-12 07:00"),
            (next("2024-01-12T07:00:01"), "01-13 00:00 run 01-13 07:00"),
            (next("2024-01-10T07:00:00"), past),
            (next("2020-01-01T00:00:00"), past),
            (count("2024-01-10T00:00:00+09:00", 2), "01-12 00:00 run 01-12 07:00"),
            (count("2024-01-10T08:00:00+09:00", 1), "01-12 00:00 run 01-12 07:00"),
            (count("2024-01-10T00:00:00+09:00", 0), past),
            (count("2024-01-10T08:00:00+09:00", -3), "01-11 00:00 run 01-11 07:00"),
            (count("2024-01-10T08:00:00+09:00", 99_999), "never"),
            (count("2024-01-10T08:00:00+09:00", 100_001), "Invalid: count must be at most 100000: 100001"),
            (SkipRequest::default(), "Invalid: nextTime or (fromTime and count) are required"),
            (
                SkipRequest { count: Some(1), ..SkipRequest::default() },
                "Invalid: nextTime or (fromTime and count) are required",
            ),
        ] {
            let (store, _directory) = daily();
            let result = skip(&store, ID, &request);
            assert_eq!(shown(&result), expected, "{request:?}");
            let stored = store.read(|r| schedules::by_id(r, ID)).unwrap().unwrap();
            match result {
                Ok(row) => assert_eq!(stored, row),
                Err(_) => assert_eq!(shown(&Ok(stored)), "01-10 00:00 run 01-10 07:00"),
            }
        }
    }

    #[test]
    fn the_run_of_a_skip_can_be_given() {
        let (store, _directory) = daily();
        let run = Some(at("2024-01-12T09:00:00.9+09:00"));
        let request = SkipRequest { run, ..next("2024-01-12T00:00:00") };
        assert_eq!(shown(&skip(&store, ID, &request)), "01-12 00:00 run 01-12 09:00");
        let stored = store.read(|r| schedules::by_id(r, ID)).unwrap().unwrap();
        assert_eq!(stored.next.run, at("2024-01-12T09:00:00+09:00"));
        // The next one is at its usual time again.
        let points = store.read(|r| Ok(next_points(r, &stored, 2))).unwrap().unwrap();
        let runs: Vec<_> = points.iter().map(|point| point.time.run).collect();
        assert_eq!(runs, [stored.next.run, at("2024-01-13T07:00:00+09:00")]);
    }

    #[test]
    fn a_dry_run_changes_nothing() {
        let (store, _directory) = daily();
        let request = SkipRequest { dry_run: true, ..next("2024-01-12T00:00:00") };
        assert_eq!(shown(&skip(&store, ID, &request)), "01-12 00:00 run 01-12 07:00");
        let stored = store.read(|r| schedules::by_id(r, ID)).unwrap().unwrap();
        assert_eq!(shown(&Ok(stored)), "01-10 00:00 run 01-10 07:00");
    }

    #[test]
    fn disabled_schedules_are_enabled_as_they_were_or_further_on() {
        let (store, _directory) = daily();
        let now = at("2024-01-20T00:00:00+09:00");
        assert_eq!(disable(&store, ID, testing::at(5)).unwrap().disabled_at, Some(testing::at(5)));
        assert_eq!(disable(&store, ID, now).unwrap().disabled_at, Some(now));

        let early = Enable::SkipTo(LocalOrInstant::Instant(at("2024-01-01T00:00:00Z")));
        assert_eq!(
            shown(&enable(&store, ID, early, now)),
            "Conflict: Specified time to skip schedules is already past"
        );
        let stored = || store.read(|r| schedules::by_id(r, ID)).unwrap().unwrap();
        assert_eq!(stored().disabled_at, Some(now));

        let row = enable(&store, ID, Enable::CatchUp, testing::at(1));
        assert_eq!(shown(&row), "01-10 00:00 run 01-10 07:00");
        assert_eq!(stored(), row.unwrap());
        assert_eq!(stored().disabled_at, None);

        disable(&store, ID, now).unwrap();
        let row = enable(&store, ID, Enable::SkipTo(LocalOrInstant::Instant(now)), now);
        assert_eq!(shown(&row), "01-20 00:00 run 01-20 07:00");
        assert_eq!(stored(), row.unwrap());
        assert_eq!(stored().disabled_at, None);
    }

    #[test]
    fn schedules_that_are_not_there_are_not_found() {
        let (store, _directory) = testing::store();
        let expected = "NotFound: Resource does not exist: schedule id=1";
        assert_eq!(shown(&skip(&store, ID, &next("2024-01-12T00:00:00"))), expected);
        assert_eq!(shown(&enable(&store, ID, Enable::CatchUp, testing::at(1))), expected);
        assert_eq!(shown(&disable(&store, ID, testing::at(1))), expected);
    }

    #[test]
    fn schedules_end() {
        let (store, _directory) = scheduled(json!({"daily>": "07:00:00", "end": "2024-01-11"}));
        let row = store.read(|r| schedules::by_id(r, ID)).unwrap().unwrap();
        let points = store.read(|r| Ok(next_points(r, &row, 5))).unwrap().unwrap();
        assert_eq!(points.len(), 2);
        let ended = skip(&store, ID, &next("2024-01-12T00:00:00"));
        assert_eq!(shown(&ended), "never");
        let points = store.read(|r| Ok(next_points(r, &ended.unwrap(), 5))).unwrap().unwrap();
        assert_eq!(points, []);
    }
}
