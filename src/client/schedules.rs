//! Schedules: listing, turning off and on, skipping, making up for the past.

use super::models::{Attempts, Id, Schedule, Schedules};
use super::{ApiPath, Client, ClientError};
use crate::model::Time;
use chrono::SecondsFormat;
use serde_json::{Value, json};

/// Up to when sessions of a schedule are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipTo {
    Time(Time),
    /// So many sessions from a time on.
    Count {
        from: Time,
        count: i64,
    },
}

/// A change of a schedule's next session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skip {
    pub to: SkipTo,
    /// When the next session runs, if not at its own time.
    pub run_at: Option<Time>,
    pub dry_run: bool,
}

/// Sessions of a schedule that are to be run although their time has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backfill<'a> {
    pub from: Time,
    /// The name of the attempts.
    pub name: &'a str,
    /// All until the next session if not given.
    pub count: Option<i64>,
    pub dry_run: bool,
}

impl Client {
    /// All schedules, in the order of their ids, each with so many of its next times if the server knows to tell them.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn schedules(&self, next: usize) -> Result<Schedules, ClientError> {
        self.all_schedules(&["schedules"], Some(next))
    }

    /// All schedules of a project's newest revision.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn schedules_of_project(&self, project: &Id) -> Result<Schedules, ClientError> {
        self.all_schedules(&["projects", project.as_str(), "schedules"], None)
    }

    /// Servers show a page at a time, of a size that they choose.
    fn all_schedules(&self, segments: &[&str], next: Option<usize>) -> Result<Schedules, ClientError> {
        let mut all: Vec<Schedule> = vec![];
        loop {
            let last_id = all.last().map(|schedule| &schedule.id);
            let path = ApiPath::new(segments).query_if("next", next).query_if("last_id", last_id);
            let page: Schedules = self.get(&path)?;
            if page.schedules.is_empty() {
                return Ok(Schedules { schedules: all });
            }
            all.extend(page.schedules);
        }
    }

    /// One schedule.
    ///
    /// # Errors
    ///
    /// There is none with this id, or the server cannot be asked or refuses.
    pub fn schedule(&self, id: &Id) -> Result<Schedule, ClientError> {
        self.get(&ApiPath::new(["schedules", id.as_str()]))
    }

    /// The schedule of a workflow.
    ///
    /// # Errors
    ///
    /// There is none, or the server cannot be asked or refuses.
    pub fn schedule_of_workflow(&self, project: &Id, workflow: &str) -> Result<Schedule, ClientError> {
        let path = ApiPath::new(["projects", project.as_str(), "schedules"]).query("workflow", workflow);
        let found: Schedules = self.get(&path)?;
        let missing = || {
            ClientError::NotFound(format!(
                "schedule not found in the latest revision of project id = {project}: {workflow}"
            ))
        };
        found.schedules.into_iter().next().ok_or_else(missing)
    }

    /// Lets a schedule run again.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn enable_schedule(&self, id: &Id) -> Result<Schedule, ClientError> {
        self.post(&ApiPath::new(["schedules", id.as_str(), "enable"]), &json!({}))
    }

    /// Stops a schedule.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn disable_schedule(&self, id: &Id) -> Result<Schedule, ClientError> {
        self.post(&ApiPath::new(["schedules", id.as_str(), "disable"]), &json!({}))
    }

    /// Moves a schedule forward. The schedule is as it is then, or would be.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn skip_schedule(&self, id: &Id, skip: &Skip) -> Result<Schedule, ClientError> {
        let (next, from, count) = match skip.to {
            SkipTo::Time(time) => (Some(instant(time)), None, None),
            SkipTo::Count { from, count } => (None, Some(instant(from)), Some(count)),
        };
        let body: Value = json!({
            "fromTime": from,
            "count": count,
            "nextTime": next,
            "nextRunTime": skip.run_at.map(instant),
            "dryRun": skip.dry_run,
        });
        self.post(&ApiPath::new(["schedules", id.as_str(), "skip"]), &body)
    }

    /// Runs sessions of the past. The attempts are in the order of their sessions.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn backfill(&self, id: &Id, backfill: &Backfill<'_>) -> Result<Attempts, ClientError> {
        let body = json!({
            "fromTime": instant(backfill.from),
            "attemptName": backfill.name,
            "count": backfill.count,
            "dryRun": backfill.dry_run,
        });
        self.post(&ApiPath::new(["schedules", id.as_str(), "backfill"]), &body)
    }
}

pub(super) fn instant(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
