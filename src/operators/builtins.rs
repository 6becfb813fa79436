//! The built-in variables that every operator task sees: `session_time`, `task_name`, `project_id` …

use super::TaskIdentity;
use crate::model::config::as_string;
use crate::model::time::parse_iso;
use crate::model::{Params, Time, Zone};
use serde_json::Value;

/// The built-in variables of a task. `params` are those of the layers below: the times of the schedule are read from
/// there.
pub fn builtin_params(task: &TaskIdentity, params: &Params) -> Params {
    let zone = &task.timezone;
    let mut built = Params::new();
    set(&mut built, "timezone", zone.id());
    set(&mut built, "session_uuid", task.session_uuid.as_str());
    set(&mut built, "session_time", task.session_time.iso(zone));
    set(&mut built, "session_id", task.session_id.0);
    set_time_parts(&mut built, "session_", task.session_time.time(), zone);
    for prefix in ["last_session_", "last_executed_session_", "next_session_"] {
        match text(params, &format!("{prefix}time")) {
            Given::Time(time) => set_time_parts(&mut built, prefix, time, zone),
            Given::Nothing if prefix == "last_executed_session_" => set_empty_time(&mut built, prefix, zone),
            Given::Nothing | Given::Unreadable => {}
        }
    }
    set(&mut built, "project_id", task.project_id.0);
    if let Some(name) = &task.retry_attempt_name {
        set(&mut built, "retry_attempt_name", name.as_str());
    }
    set(&mut built, "attempt_id", task.attempt_id.0);
    set(&mut built, "task_name", task.full_name.as_str());
    built
}

enum Given {
    Time(Time),
    Nothing,
    /// Something that is no time: the variables that follow from it are left alone.
    Unreadable,
}

fn text(params: &Params, key: &str) -> Given {
    match params.get(key).filter(|value| !value.is_null()) {
        None => Given::Nothing,
        Some(value) => as_string(key, value)
            .ok()
            .and_then(|text| parse_iso(&text))
            .map_or(Given::Unreadable, Given::Time),
    }
}

fn set_time_parts(built: &mut Params, prefix: &str, time: Time, zone: &Zone) {
    let local = zone.local(time);
    for (name, format) in [
        ("date", "%Y-%m-%d"),
        ("date_compact", "%Y%m%d"),
        ("local_time", "%Y-%m-%d %H:%M:%S"),
        ("tz_offset", "%z"),
    ] {
        set(built, &format!("{prefix}{name}"), local.format(format).to_string());
    }
    set(built, &format!("{prefix}unixtime"), time.timestamp());
}

fn set_empty_time(built: &mut Params, prefix: &str, zone: &Zone) {
    for name in ["time", "date", "date_compact", "local_time"] {
        set(built, &format!("{prefix}{name}"), "");
    }
    set(built, &format!("{prefix}tz_offset"), zone.local(Time::UNIX_EPOCH).format("%z").to_string());
    set(built, &format!("{prefix}unixtime"), "");
}

fn set(built: &mut Params, key: &str, value: impl Into<Value>) {
    built.insert(key.to_owned(), value.into());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AttemptId, ProjectId, SessionId, SessionTime, TaskId};
    use serde_json::json;

    fn identity() -> TaskIdentity {
        TaskIdentity {
            full_name: "+wf+a".to_owned(),
            task_id: TaskId(2),
            attempt_id: AttemptId(7),
            session_id: SessionId(5),
            session_uuid: "00000000-0000-4000-8000-000000000000".to_owned(),
            session_time: SessionTime::new(parse_iso("2016-01-30T00:00:00+09:00").unwrap()),
            project_id: ProjectId(1),
            project_name: "default".to_owned(),
            workflow_id: None,
            workflow_name: "wf".to_owned(),
            revision: "1".to_owned(),
            timezone: Zone::parse("Asia/Tokyo").unwrap(),
            retry_attempt_name: None,
            retry_count: 0,
        }
    }

    #[test]
    fn without_a_schedule() {
        insta::assert_snapshot!(
            serde_json::to_string_pretty(&builtin_params(&identity(), &Params::new())).unwrap()
        );
    }

    #[test]
    fn times_of_the_schedule_come_from_the_parameters() {
        let params = json!({
            "last_session_time": "2016-01-29T00:00:00+09:00",
            "last_executed_session_time": "2016-01-28T00:00:00+09:00",
            "next_session_time": "no time"
        });
        let built = builtin_params(&identity(), params.as_object().unwrap());
        assert_eq!(built["last_session_date"], "2016-01-29");
        assert_eq!(built["last_session_unixtime"], 1_453_993_200);
        assert_eq!(built["last_executed_session_local_time"], "2016-01-28 00:00:00");
        assert!(!built.contains_key("next_session_date"));
        assert!(!built.contains_key("last_session_time"), "it stays as the parameters have it");
    }
}
