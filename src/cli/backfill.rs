//! `dibble backfill`: runs sessions of a schedule on a server although their time has passed.

use super::args::{Definition, long};
use super::block::backfill_block;
use super::client_args::{ClientArgs, connect};
use super::schedule_target::TargetArgs;
use super::time_arg::local_time;
use super::{CliError, Context, ErrorKind, Exit, UsageText};
use crate::client::Backfill;
use clap::Args;
use uuid::Uuid;

pub const DEFINITION: Definition = Definition {
    name: "backfill",
    aliases: &[],
    synopsis: &[
        ("backfill <schedule-id>", "start sessions of a schedule for past times"),
        ("backfill <project-name> <name>", "start sessions of a schedule for past times"),
    ],
    usage: &["backfill <schedule-id> | <project-name> <name> --from TIME [options...]"],
    about: "Start sessions of a schedule for past times, one after another",
    examples: &[
        ("backfill myproj daily --from 2016-01-01", "all until the next session"),
        ("backfill 17 --from 2016-01-01 --count 3", "the first three"),
    ],
    args: BackfillArgs::augment_args,
};

/// The arguments of `backfill`.
#[derive(Debug, Clone, Args)]
pub struct BackfillArgs {
    #[command(flatten)]
    pub target: TargetArgs,

    /// Begin at this time in the zone of the workflow: "yyyy-MM-dd" or "yyyy-MM-dd HH:mm:ss" (required)
    #[arg(short = 'f', long, value_name = "TIME")]
    pub from: Option<String>,

    /// The name of the attempts [default: a UUID]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Start so many sessions [default: all until the next one]
    #[arg(long, value_name = "NUMBER", value_parser = long("--count"))]
    pub count: Option<i64>,

    /// Show what would be started only
    #[arg(short = 'd', long)]
    pub dry_run: bool,

    #[command(flatten)]
    pub client: ClientArgs,
}

/// Starts the sessions.
///
/// # Errors
///
/// Wrong arguments, no such schedule, an attempt that is there already, or the server cannot be asked.
pub fn run(args: &BackfillArgs, context: &Context) -> Result<Exit, CliError> {
    let from = args
        .from
        .as_deref()
        .ok_or_else(|| CliError::new(ErrorKind::Usage(UsageText::Line), "--from option is required"))?;
    let target = args.target.target();
    target.check_one()?;
    let client = connect(&args.client, context)?;
    let schedule = target.one(&client)?;
    let workflow = schedule.workflow.id.as_ref().unwrap_or(&schedule.id);
    let from = local_time(from, "--from must be \"yyyy-MM-dd\", or \"yyyy-MM-dd HH:mm:SS\" format")?;
    let from = client.session_time(workflow, &from, None)?.to_utc();
    let name = args.name.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
    let wish = Backfill { from, name: &name, count: args.count, dry_run: args.dry_run };
    let attempts = client.backfill(&schedule.id, &wish)?.attempts;
    let output = &context.output;
    output.line("Session attempts:");
    for attempt in attempts.iter().take_while(|_| !output.is_closed()) {
        output.line(&backfill_block(attempt, &context.zone));
    }
    if args.dry_run || attempts.is_empty() {
        output.note("No session attempts started.");
    } else {
        output.note("Backfill session attempts started.");
        output.note("Use `dibble sessions` to show the session attempts.");
    }
    Ok(Exit::Success)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cli::client_args::tests::{asked, failure, run_with};
    use crate::cli::start::tests::{attempt, project};
    use crate::client::testing::Answer;
    use serde_json::{Value, json};

    pub(crate) fn schedule(id: u64) -> Value {
        json!({
            "id": id.to_string(), "project": {"id": "1", "name": "p1"}, "workflow": {"id": "2", "name": "daily"},
            "nextRunTime": "2026-11-22T22:00:00Z", "nextScheduleTime": "2026-11-23T00:00:00+09:00",
            "disabledAt": null,
        })
    }

    /// The answer to the question for a workflow's schedule.
    pub(crate) fn of_workflow(name: &str, schedules: &[Value]) -> Answer {
        let line = format!("GET /api/projects/1/schedules?workflow={name}");
        Answer::ok(&line, json!({ "schedules": schedules }).to_string())
    }

    fn from() -> Answer {
        Answer::ok(
            "GET /api/workflows/2/truncated_session_time?session_time=2026-11-19T00%3A00%3A00",
            r#"{"sessionTime":"2026-11-19T00:00:00+09:00"}"#,
        )
    }

    fn answer(attempts: &[Value]) -> Answer {
        Answer::ok("POST /api/schedules/5/backfill", json!({ "attempts": attempts }).to_string())
    }

    #[test]
    fn attempts_are_started_and_shown() {
        let answers = [
            project(),
            of_workflow("daily", &[schedule(5)]),
            from(),
            answer(&[attempt(json!({"id": "17", "retryAttemptName": "bf2"}))]),
        ];
        let words = "p1 daily --from 2026-11-19 --name bf2 --count 1";
        let (ended, out, err, seen) = run_with(&DEFINITION, run, words, answers);
        assert_eq!(ended, Ok(Exit::Success));
        assert_eq!(
            out,
            "Session attempts:\n  id: 17\n  uuid: 0-0\n  project: p1\n  workflow: plain\n  \
             session time: 2024-01-02 00:00:00 +0000\n  retry attempt name: bf2\n  params: {\"p\":\"1\"}\n  \
             created at: 2024-01-03 10:00:00 +0000\n\n"
        );
        assert_eq!(
            err,
            "Backfill session attempts started.\nUse `dibble sessions` to show the session attempts.\n"
        );
        let body: Value = serde_json::from_str(&seen.last().unwrap().body).unwrap();
        assert_eq!(
            body,
            json!({"fromTime": "2026-11-18T15:00:00Z", "attemptName": "bf2", "count": 1, "dryRun": false})
        );
    }

    #[test]
    fn there_may_be_nothing_to_start() {
        let by_id = || Answer::ok("GET /api/schedules/5", schedule(5).to_string());
        let none = "No session attempts started.\n";
        let (out, err) = asked(&DEFINITION, run, "5 -f 2026-11-19", [by_id(), from(), answer(&[])]);
        assert_eq!((out.as_str(), err.as_str()), ("Session attempts:\n", none));
        let dry = [by_id(), from(), answer(&[attempt(json!({"id": "0"}))])];
        let (out, err) = asked(&DEFINITION, run, "5 -f 2026-11-19 -d", dry);
        assert!(out.starts_with("Session attempts:\n  id: 0\n") && err == none, "{out}{err}");
    }

    #[test]
    fn wrong_arguments_are_told() {
        for (words, message, code) in [
            ("p1 daily --name bf2", "--from option is required", 2),
            ("p1 --from 2026-11-19", "Missing argument: <name>", 2),
        ] {
            let error = failure(&DEFINITION, run, words, []);
            assert_eq!((error.message.as_str(), error.exit_code()), (message, code), "{words}");
        }
        let forms = "--from must be \"yyyy-MM-dd\", or \"yyyy-MM-dd HH:mm:SS\" format: garbage";
        let answers = [project(), of_workflow("daily", &[schedule(5)])];
        assert_eq!(failure(&DEFINITION, run, "p1 daily -f garbage", answers), CliError::user(forms));
        assert_eq!(
            failure(&DEFINITION, run, "p1 plain -f garbage", [project(), of_workflow("plain", &[])]).message,
            "Resource not found: schedule not found in the latest revision of project id = 1: plain"
        );
    }
}
