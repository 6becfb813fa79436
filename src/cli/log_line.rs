//! One line of the log for the terminal.

use super::colour::Colour;
use crate::logs::line::{level_name, place};
use crate::logs::local_time::{MachineZone, show};
use crate::logs::{Level, LogRecord};

/// `2026-11-22 03:10:39 +0000 [INFO] (0021@[0:default:1:1]+hello+one): echo>: hi`, for standard output.
pub fn console_line(record: &LogRecord<'_>, zone: &MachineZone, colours: bool) -> String {
    let time = show(zone.local(record.time));
    let level = colour(record.level).paint(format_args!("[{}]", level_name(record.level)), colours);
    let place = Colour::Dim.paint(format_args!("({})", place(record.task)), colours);
    format!("{} {level} {place}: {}", Colour::Dim.paint(time, colours), record.message)
}

fn colour(level: Level) -> Colour {
    match level {
        Level::Error => Colour::Magenta,
        Level::Warn => Colour::Yellow,
        Level::Info => Colour::Green,
        Level::Debug => Colour::White,
        Level::Trace => Colour::Blue,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::LogTask;
    use crate::model::time::parse_iso;
    use crate::model::{AttemptId, ProjectId, SessionId};

    fn record(task: Option<LogTask<'static>>) -> LogRecord<'static> {
        LogRecord {
            time: parse_iso("2026-11-22T03:10:39.25Z").unwrap(),
            level: Level::Info,
            task,
            message: "echo>: hi",
        }
    }

    fn task() -> LogTask<'static> {
        LogTask {
            thread: 21,
            project_id: ProjectId(1),
            project_name: "default",
            session_id: SessionId(3),
            attempt_id: AttemptId(4),
            full_name: "+hello+one",
        }
    }

    #[test]
    fn lines_tell_time_level_and_task() {
        let zone = MachineZone::new(Some("Asia/Tokyo"));
        assert_eq!(
            console_line(&record(Some(task())), &zone, false),
            "2026-11-22 12:10:39 +0900 [INFO] (0021@[0:default:3:4]+hello+one): echo>: hi"
        );
        assert_eq!(
            console_line(&record(None), &zone, false),
            "2026-11-22 12:10:39 +0900 [INFO] (main): echo>: hi"
        );
    }

    #[test]
    fn colours_leave_the_message_alone() {
        assert_eq!(
            console_line(&record(None), &MachineZone::utc(), true),
            "\u{1b}[2m2026-11-22 03:10:39 +0000\u{1b}[0m \u{1b}[32m[INFO]\u{1b}[0m \u{1b}[2m(main)\u{1b}[0m: echo>: hi"
        );
    }
}
