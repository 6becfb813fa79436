//! One line of the log as text.

use super::local_time::MachineZone;
use super::record::{Level, LogRecord, LogTask};

/// The levels by the name that `-l` takes.
pub const LEVELS: [(&str, Level); 5] = [
    ("error", Level::Error),
    ("warn", Level::Warn),
    ("info", Level::Info),
    ("debug", Level::Debug),
    ("trace", Level::Trace),
];

/// Finds a level by its name.
pub fn parse_level(name: &str) -> Option<Level> {
    LEVELS.iter().find(|(known, _)| *known == name).map(|(_, level)| *level)
}

/// `2026-11-22 03:10:39.250 +0000 [INFO] (0021@[0:default:1:1]+hello+one): echo>: hi`, for log files.
pub fn file_line(record: &LogRecord<'_>, zone: &MachineZone) -> String {
    let time = zone.local(record.time).format("%Y-%m-%d %H:%M:%S%.3f %z");
    format!("{time} [{}] ({}): {}", level_name(record.level), place(record.task), record.message)
}

/// `0021@[0:default:1:1]+hello+one`: thread, site (always 0), project, session, attempt and task; `main` for none.
pub fn place(task: Option<LogTask<'_>>) -> String {
    task.map_or_else(
        || "main".to_owned(),
        |task| {
            let LogTask { thread, project_name, session_id, attempt_id, full_name, .. } = task;
            format!("{thread:04}@[0:{project_name}:{session_id}:{attempt_id}]{full_name}")
        },
    )
}

/// `INFO`
pub fn level_name(level: Level) -> &'static str {
    match level {
        Level::Error => "ERROR",
        Level::Warn => "WARN",
        Level::Info => "INFO",
        Level::Debug => "DEBUG",
        Level::Trace => "TRACE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_iso;
    use crate::model::{AttemptId, ProjectId, SessionId};

    #[test]
    fn files_have_milliseconds() {
        let task = LogTask {
            thread: 21,
            project_id: ProjectId(1),
            project_name: "default",
            session_id: SessionId(3),
            attempt_id: AttemptId(4),
            full_name: "+hello+one",
        };
        let record = LogRecord {
            time: parse_iso("2026-11-22T03:10:39.25Z").unwrap(),
            level: Level::Info,
            task: Some(task),
            message: "echo>: hi",
        };
        assert_eq!(
            file_line(&record, &MachineZone::utc()),
            "2026-11-22 03:10:39.250 +0000 [INFO] (0021@[0:default:3:4]+hello+one): echo>: hi"
        );
    }

    #[test]
    fn levels_have_names() {
        assert_eq!(parse_level("warn"), Some(Level::Warn));
        assert_eq!(parse_level("WARN"), None);
    }
}
