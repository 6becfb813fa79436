//! What the API sends and takes. Fields that are not known are ignored, so that newer servers can be asked, too; ids
//! come as texts or as numbers and are opaque.

use super::times::{instant, offset_time, optional_instant, optional_offset_time};
use crate::model::{Params, Time};
use chrono::{DateTime, FixedOffset};
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::fmt;

/// The id of anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id(pub String);

/// Something that is named beside something else. A workflow that is not stored has no id.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct IdAndName {
    #[serde(default)]
    pub id: Option<Id>,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    pub id: Id,
    pub name: String,
    pub revision: String,
    #[serde(with = "instant")]
    pub created_at: Time,
    #[serde(with = "instant")]
    pub updated_at: Time,
    #[serde(default, with = "optional_instant")]
    pub deleted_at: Option<Time>,
    #[serde(default)]
    pub archive_type: String,
    #[serde(default)]
    pub archive_md5: Option<String>,
    /// Of Dibble only: what is wrong with its directory, which is watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch_error: Option<String>,
    /// Of Dibble only: what whoever has pushed it should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// A directory that Dibble watches.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Watched {
    pub name: String,
    pub directory: String,
    /// What is wrong with its files as they are.
    pub error: Option<String>,
    #[serde(with = "instant")]
    pub checked_at: Time,
    /// It is not watched, for another directory has its name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Workflow {
    pub id: Id,
    pub name: String,
    pub project: IdAndName,
    pub revision: String,
    /// The id of its zone.
    pub timezone: String,
    pub config: Value,
}

/// When a session that is asked for would be.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TruncatedSessionTime {
    #[serde(with = "offset_time")]
    pub session_time: DateTime<FixedOffset>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    pub id: Id,
    pub project: IdAndName,
    pub workflow: IdAndName,
    #[serde(with = "instant")]
    pub next_run_time: Time,
    #[serde(with = "offset_time")]
    pub next_schedule_time: DateTime<FixedOffset>,
    #[serde(default, with = "optional_instant")]
    pub disabled_at: Option<Time>,
    /// Servers of Digdag do not tell this, nor what follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_session: Option<LastSession>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_offset_time")]
    pub late_session_time: Option<DateTime<FixedOffset>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<SkippedSessions>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next_times: Vec<NextTime>,
}

/// A session of a schedule that is to come.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NextTime {
    #[serde(with = "offset_time")]
    pub session_time: DateTime<FixedOffset>,
    #[serde(with = "offset_time")]
    pub run_time: DateTime<FixedOffset>,
    /// What a change of the clocks does to it; its `text` says it to people.
    #[serde(default)]
    pub clock_change: Option<Params>,
}

/// The session that a schedule started last, with its newest attempt as long as that is kept.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LastSession {
    #[serde(with = "offset_time")]
    pub session_time: DateTime<FixedOffset>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt_id: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(default, with = "optional_instant")]
    pub started_at: Option<Time>,
    #[serde(default, with = "optional_instant")]
    pub finished_at: Option<Time>,
}

/// Sessions of a schedule, one after another, that were not run.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SkippedSessions {
    #[serde(with = "offset_time")]
    pub first_session_time: DateTime<FixedOffset>,
    #[serde(with = "offset_time")]
    pub last_session_time: DateTime<FixedOffset>,
    pub count: u64,
    pub reason: String,
    #[serde(with = "instant")]
    pub skipped_at: Time,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    pub id: Id,
    pub project: IdAndName,
    pub workflow: IdAndName,
    pub session_uuid: String,
    #[serde(with = "offset_time")]
    pub session_time: DateTime<FixedOffset>,
    #[serde(default)]
    pub last_attempt: Option<LastAttempt>,
}

/// The newest attempt of a session.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LastAttempt {
    pub id: Id,
    #[serde(default)]
    pub retry_attempt_name: Option<String>,
    pub done: bool,
    pub success: bool,
    pub cancel_requested: bool,
    #[serde(default)]
    pub params: Params,
    #[serde(with = "instant")]
    pub created_at: Time,
    #[serde(default, with = "optional_instant")]
    pub finished_at: Option<Time>,
    /// When it had taken much longer than usual.
    #[serde(default, with = "optional_instant", skip_serializing_if = "Option::is_none")]
    pub overlong_at: Option<Time>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// `running`, `success`, `error` or `killed`.
    #[serde(default)]
    pub status: String,
    pub id: Id,
    /// Within its session, from 1 on.
    #[serde(default)]
    pub index: u64,
    pub project: IdAndName,
    pub workflow: IdAndName,
    pub session_id: Id,
    pub session_uuid: String,
    #[serde(with = "offset_time")]
    pub session_time: DateTime<FixedOffset>,
    #[serde(default)]
    pub retry_attempt_name: Option<String>,
    pub done: bool,
    pub success: bool,
    pub cancel_requested: bool,
    #[serde(default)]
    pub params: Params,
    #[serde(with = "instant")]
    pub created_at: Time,
    #[serde(default, with = "optional_instant")]
    pub finished_at: Option<Time>,
    /// When it had taken much longer than usual.
    #[serde(default, with = "optional_instant", skip_serializing_if = "Option::is_none")]
    pub overlong_at: Option<Time>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    pub id: Id,
    pub full_name: String,
    #[serde(default)]
    pub parent_id: Option<Id>,
    #[serde(default)]
    pub config: Params,
    #[serde(default)]
    pub upstreams: Vec<Id>,
    pub state: String,
    #[serde(default)]
    pub cancel_requested: bool,
    #[serde(default)]
    pub export_params: Params,
    #[serde(default)]
    pub store_params: Params,
    #[serde(default)]
    pub state_params: Params,
    #[serde(with = "instant")]
    pub updated_at: Time,
    #[serde(default, with = "optional_instant")]
    pub retry_at: Option<Time>,
    #[serde(default, with = "optional_instant")]
    pub started_at: Option<Time>,
    #[serde(default)]
    pub error: Params,
    #[serde(default)]
    pub is_group: bool,
}

/// A log file of one run of a task.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogFile {
    pub file_name: String,
    /// In bytes, compressed. It grows while the task runs.
    pub file_size: u64,
    pub task_name: String,
    #[serde(with = "instant")]
    pub file_time: Time,
    /// Where to fetch it from, when that is not the server.
    #[serde(default)]
    pub direct: Option<Direct>,
}

/// The URL of a file; old servers wrap it in an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Direct(pub String);

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionCheck {
    pub server_version: String,
    #[serde(default)]
    pub upgrade_recommended: bool,
    #[serde(default = "yes")]
    pub api_compatible: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Projects {
    pub projects: Vec<Project>,
    /// Of Dibble only: directories whose files were never good.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unregistered: Vec<Watched>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Workflows {
    pub workflows: Vec<Workflow>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Schedules {
    pub schedules: Vec<Schedule>,
}

/// Newest first.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Sessions {
    pub sessions: Vec<Session>,
}

/// Newest first.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Attempts {
    pub attempts: Vec<Attempt>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Tasks {
    pub tasks: Vec<Task>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct LogFiles {
    pub files: Vec<LogFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SecretKeys {
    pub secrets: Vec<SecretKey>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SecretKey {
    pub key: String,
}

impl NextTime {
    /// What a change of the clocks does to it, for people.
    pub fn clock_change_text(&self) -> Option<&str> {
        self.clock_change.as_ref()?.get("text")?.as_str()
    }
}

impl Id {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<i64> for Id {
    fn from(number: i64) -> Self {
        Self(number.to_string())
    }
}

impl AsRef<str> for Id {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            other => Err(D::Error::invalid_type(Unexpected::Other(&other.to_string()), &"an id")),
        }
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Direct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let url = value.get("url").unwrap_or(&value).as_str();
        url.map(|url| Self(url.to_owned()))
            .ok_or_else(|| D::Error::invalid_type(Unexpected::Other(&value.to_string()), &"a URL"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::DeserializeOwned;
    use serde_json::json;

    /// Answers of Digdag are read, and written as they were.
    fn survives<T: DeserializeOwned + Serialize>(answer: Value) {
        let read: T = serde_json::from_value(answer.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), answer);
    }

    #[test]
    fn answers_of_digdag_are_read_and_written() {
        let project = json!({"id": "1", "name": "p1"});
        let workflow = json!({"id": "2", "name": "wf"});
        survives::<Projects>(json!({"projects": [{
            "id": "1", "name": "p1", "revision": "rev1", "createdAt": "2026-11-22T03:16:29Z",
            "updatedAt": "2026-11-22T03:16:29Z", "deletedAt": null, "archiveType": "db",
            "archiveMd5": "Zth/w4k8dMj9GXr/+Xnbgw==",
        }]}));
        survives::<Workflow>(json!({
            "id": "2", "name": "wf", "project": project, "revision": "rev1", "timezone": "Asia/Tokyo",
            "config": {"_export": {"k": "v"}, "schedule": {"daily>": "07:00:00"}, "+a": {"echo>": "hi"}, "n": 1.50},
        }));
        survives::<Schedules>(json!({"schedules": [{
            "id": "1", "project": project, "workflow": workflow, "nextRunTime": "2026-11-22T22:00:00Z",
            "nextScheduleTime": "2026-11-23T00:00:00+09:00", "disabledAt": null,
        }, {
            "id": "1", "project": project, "workflow": workflow, "nextRunTime": "2026-11-22T22:00:00Z",
            "nextScheduleTime": "2026-11-23T00:00:00+09:00", "disabledAt": null,
            "lastSession": {
                "sessionTime": "2026-11-22T00:00:00+09:00", "attemptId": "7", "status": "error",
                "startedAt": "2026-11-21T22:00:00Z", "finishedAt": null,
            },
            "late": true, "lateSessionTime": "2026-11-22T00:00:00+09:00",
            "skipped": [{
                "firstSessionTime": "2026-11-20T00:00:00+09:00", "lastSessionTime": "2026-11-21T00:00:00+09:00",
                "count": 2, "reason": "missed", "skippedAt": "2026-11-21T22:00:00Z",
            }],
        }]}));
        survives::<Sessions>(json!({"sessions": [{
            "id": "5", "project": project, "workflow": {"id": null, "name": "slow"},
            "sessionUuid": "1138c51f-4aab-4210-a66b-b09ae1b1d6a0", "sessionTime": "2026-11-22T03:00:00+00:00",
            "lastAttempt": {
                "id": "5", "retryAttemptName": null, "done": false, "success": false, "cancelRequested": false,
                "params": {}, "createdAt": "2026-11-22T03:17:16Z", "finishedAt": null,
            },
        }]}));
        survives::<Attempt>(json!({
            "status": "success", "id": "1", "index": 1, "project": project, "workflow": workflow, "sessionId": "1",
            "sessionUuid": "d2d8", "sessionTime": "2026-11-20T00:00:00+09:00", "retryAttemptName": "again",
            "done": true, "success": true, "cancelRequested": false,
            "params": {"last_session_time": "2026-11-19T00:00:00+09:00"},
            "createdAt": "2026-11-22T03:17:16Z", "finishedAt": "2026-11-22T03:17:17Z",
        }));
        survives::<Tasks>(json!({"tasks": [{
            "id": "2", "fullName": "+wf+a", "parentId": "1", "config": {"echo>": "x"}, "upstreams": ["1"],
            "state": "success", "cancelRequested": false, "exportParams": {"k": "v"}, "storeParams": {},
            "stateParams": {}, "updatedAt": "2026-11-22T03:16:30Z", "retryAt": null,
            "startedAt": "2026-11-22T03:16:30Z", "error": {}, "isGroup": false,
        }]}));
        survives::<LogFiles>(json!({"files": [{
            "fileName": "+wf+a@6b025e8e0473d7e2.27318@vm.log.gz", "fileSize": 141, "taskName": "+wf+a",
            "fileTime": "2026-11-22T03:16:30Z", "direct": null,
        }]}));
    }

    #[test]
    fn other_servers_may_write_other_things() {
        let file = json!({
            "fileName": "f", "fileSize": 1, "taskName": "+t", "fileTime": "2026-11-22T03:16:30.25Z", "agentId": "a@b",
            "direct": {"type": "http", "url": "https://s3/x"}, "new": [],
        });
        let file: LogFile = serde_json::from_value(file).unwrap();
        assert_eq!(file.direct, Some(Direct("https://s3/x".to_owned())));
        let ids: Vec<Id> = serde_json::from_value(json!([1, "2"])).unwrap();
        assert_eq!(ids, [Id("1".to_owned()), Id("2".to_owned())]);
        for wrong in ["null", "{}", "true"] {
            assert!(serde_json::from_str::<Id>(wrong).is_err(), "{wrong}");
        }
        assert!(
            serde_json::from_value::<TruncatedSessionTime>(json!({"sessionTime": "2026-11-22"})).is_err()
        );
        let check: VersionCheck = serde_json::from_value(json!({"serverVersion": "1"})).unwrap();
        assert!(check.api_compatible && !check.upgrade_recommended);
    }
}
