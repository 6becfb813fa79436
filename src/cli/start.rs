//! `dibble start`: starts an attempt of a workflow on a server.

use super::args::Definition;
use super::block::dry_run_block;
use super::client_args::{ClientArgs, connect};
use super::params_arg::ParamArgs;
use super::started::{self, WaitArgs};
use super::time_arg::{local_time, offset_text};
use super::{CliError, Context, Exit};
use crate::client::{NewAttempt, Started};
use crate::model::Time;
use chrono::{DateTime, FixedOffset, SecondsFormat};
use clap::Args;

pub const DEFINITION: Definition = Definition {
    name: "start",
    aliases: &[],
    synopsis: &[("start <project-name> <name>", "start a new session attempt of a workflow")],
    usage: &["start <project-name> <name> --session TIME [options...]"],
    about: "Start a new session attempt of a workflow",
    examples: &[
        ("start myproj workflow1 --session 2016-01-01", "use this day as session_time"),
        ("start myproj workflow1 --session hourly", "use current hour's 00:00"),
        ("start myproj workflow1 --session daily --wait", "use today's 00:00:00, show the logs"),
    ],
    args: StartArgs::augment_args,
};

/// The arguments of `start`.
#[derive(Debug, Clone, Args)]
pub struct StartArgs {
    /// The project
    #[arg(value_name = "project-name")]
    pub project: String,

    /// The workflow
    #[arg(value_name = "name")]
    pub workflow: String,

    /// The session time: hourly, daily, now, "yyyy-MM-dd" or "yyyy-MM-dd HH:mm:ss" (required)
    #[arg(long, value_name = "TIME")]
    pub session: Option<String>,

    /// Use this revision instead of the latest one
    #[arg(long, value_name = "NAME")]
    pub revision: Option<String>,

    /// Give the attempt a name, so that the session can have another one
    #[arg(long, value_name = "NAME")]
    pub retry: Option<String>,

    /// Show what would be started only
    #[arg(short = 'd', long)]
    pub dry_run: bool,

    #[command(flatten)]
    pub params: ParamArgs,

    #[command(flatten)]
    pub wait: WaitArgs,

    #[command(flatten)]
    pub client: ClientArgs,
}

/// Starts the attempt.
///
/// # Errors
///
/// Wrong arguments, no such workflow, an attempt that is there already, or the server cannot be asked. With `--wait`: the
/// attempt did not succeed.
pub fn run(args: &StartArgs, context: &Context) -> Result<Exit, CliError> {
    let session = args.session.as_deref().ok_or_else(|| CliError::usage("--session option is required"))?;
    let params = args.params.load(context)?;
    let (time, mode) = session_time(session, context.clock.now())?;
    let client = connect(&args.client, context)?;
    let project = client.project_by_name(&args.project)?;
    let workflow = client.workflow_by_name(&project.id, &args.workflow, args.revision.as_deref())?;
    let session_time = client.session_time(&workflow.id, &time, mode)?;
    let new = NewAttempt {
        workflow: &workflow.id,
        session_time: session_time.to_utc(),
        name: args.retry.as_deref(),
        resume: None,
        params,
    };
    if args.dry_run {
        context.output.line("Session attempt:");
        context.output.line(&dry_run_block(&workflow, session_time, &new));
        context.output.note("Session attempt is not started.");
        return Ok(Exit::Success);
    }
    match client.start(&new)? {
        Started::New(attempt) => started::show(&attempt, &args.wait, &client, context),
        Started::Exists(attempt) => {
            let (ids, id) = attempt.map_or_else(
                || (String::new(), "<attempt-id>".to_owned()),
                |attempt| {
                    let ids = format!("session_id={}, attempt_id={}, ", attempt.session_id, attempt.id);
                    (ids, attempt.id.to_string())
                },
            );
            Err(exists(session_time, &ids, &id))
        }
    }
}

fn exists(session_time: DateTime<FixedOffset>, ids: &str, attempt: &str) -> CliError {
    let time = offset_text(session_time);
    let message =
        format!("A session for the requested session_time already exists ({ids}session_time={time})");
    CliError::user(message).hint(format!(
        "use `dibble retry {attempt} --latest-revision --all` command to run the session again for the same \
         session_time"
    ))
}

/// What a server is asked for, and how it cuts that off.
fn session_time(text: &str, now: Time) -> Result<(String, Option<&'static str>), CliError> {
    let now = now.to_rfc3339_opts(SecondsFormat::Secs, true);
    Ok(match text {
        "hourly" => (now, Some("hour")),
        "daily" => (now, Some("day")),
        "now" => (now, None),
        other => {
            let forms =
                "--session must be hourly, daily, now, \"yyyy-MM-dd\", or \"yyyy-MM-dd HH:mm:SS\" format";
            (local_time(other, forms)?, None)
        }
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cli::client_args::tests::{asked, failure, run_with};
    use crate::client::testing::Answer;
    use serde_json::{Value, json};

    pub(crate) fn project() -> Answer {
        let project = json!({
            "id": "1", "name": "p1", "revision": "r", "createdAt": "2026-11-22T03:16:29Z",
            "updatedAt": "2026-11-22T03:16:29Z",
        });
        Answer::ok("GET /api/projects?name=p1", json!({ "projects": [project] }).to_string())
    }

    pub(crate) fn workflow(query: &str) -> Answer {
        let workflow = json!({
            "id": "11", "name": "plain", "project": {"id": "1", "name": "p1"}, "revision": "r", "timezone": "UTC",
            "config": {},
        });
        Answer::ok(
            &format!("GET /api/projects/1/workflows?name=plain{query}"),
            json!({ "workflows": [workflow] }).to_string(),
        )
    }

    fn time(query: &str, time: &str) -> Answer {
        Answer::ok(
            &format!("GET /api/workflows/11/truncated_session_time?session_time={query}"),
            json!({ "sessionTime": time }).to_string(),
        )
    }

    pub(crate) fn attempt(change: Value) -> Value {
        let mut attempt = json!({
            "status": "running", "id": "4", "index": 1, "project": {"id": "1", "name": "p1"},
            "workflow": {"id": "11", "name": "plain"}, "sessionId": "3", "sessionUuid": "0-0",
            "sessionTime": "2024-01-02T00:00:00+00:00", "retryAttemptName": null, "done": false, "success": false,
            "cancelRequested": false, "params": {"p": "1"}, "createdAt": "2024-01-03T10:00:00Z", "finishedAt": null,
        });
        attempt.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        attempt
    }

    pub(crate) const STARTED: &str = "Started a session attempt:\n  session id: 3\n  attempt id: 4\n  uuid: 0-0\n  \
        project: p1\n  workflow: plain\n  session time: 2024-01-02 00:00:00 +0000\n  retry attempt name: \n  \
        params: {\"p\":\"1\"}\n  created at: 2024-01-03 10:00:00 +0000\n\n";
    pub(crate) const NOTES: &str = "* Use `dibble session 3` to show session status.\n\
        * Use `dibble task 4` and `dibble log 4` to show task status and logs.\n";

    #[test]
    fn an_attempt_is_started_and_shown() {
        let answers = [
            project(),
            workflow(""),
            time("2024-01-02T00%3A00%3A00", "2024-01-02T00:00:00+00:00"),
            Answer::ok("PUT /api/attempts", attempt(json!({})).to_string()),
        ];
        let words = "p1 plain --session 2024-01-02 -p p=1,a.b=c";
        let (ended, out, err, seen) = run_with(&DEFINITION, run, words, answers);
        assert_eq!((ended, out.as_str(), err.as_str()), (Ok(Exit::Success), STARTED, NOTES));
        let body: Value = serde_json::from_str(&seen.last().unwrap().body).unwrap();
        assert_eq!(
            body,
            json!({
                "workflowId": "11", "sessionTime": "2024-01-02T00:00:00Z", "retryAttemptName": null, "resume": null,
                "params": {"p": "1", "a": {"b": "c"}},
            })
        );
    }

    #[test]
    fn session_times_are_asked_for() {
        for (words, revision, query, expected) in [
            ("--session hourly", "", "2026-11-22T03%3A10%3A39Z&mode=hour", "2024-01-02T01:00:00Z"),
            ("--session daily", "", "2026-11-22T03%3A10%3A39Z&mode=day", "2024-01-02T01:00:00Z"),
            (
                "--session now --revision r/1",
                "&revision=r%2F1",
                "2026-11-22T03%3A10%3A39Z",
                "2024-01-02T01:00:00Z",
            ),
            ("--session 2024-01-02\u{a0}10:00:00", "", "2024-01-02T10%3A00%3A00", "2024-01-02T01:00:00Z"),
        ] {
            let answers = [
                project(),
                workflow(revision),
                time(query, "2024-01-02T10:00:00+09:00"),
                Answer::ok("PUT /api/attempts", attempt(json!({})).to_string()),
            ];
            let words = format!("p1 plain {words} --retry again");
            let (ended, _, _, seen) = run_with(&DEFINITION, run, &words, answers);
            assert_eq!(ended, Ok(Exit::Success), "{words}");
            let body: Value = serde_json::from_str(&seen.last().unwrap().body).unwrap();
            assert_eq!(
                (&body["sessionTime"], &body["retryAttemptName"]),
                (&json!(expected), &json!("again"))
            );
        }
    }

    #[test]
    fn a_dry_run_starts_nothing() {
        let answers = [project(), workflow(""), time("2024-03-03T00%3A00%3A00", "2024-03-03T00:00:00+09:00")];
        let shown = asked(&DEFINITION, run, "p1 plain --session 2024-03-03 -d --retry x", answers);
        assert_eq!(
            shown,
            (
                "Session attempt:\n  session id: (dry run)\n  attempt id: (dry run)\n  uuid: (dry run)\n  \
                 project: p1\n  workflow: plain\n  session time: 2024-03-03 00:00:00 +0900\n  \
                 retry attempt name: x\n  params: {}\n\n"
                    .to_owned(),
                "Session attempt is not started.\n".to_owned()
            )
        );
    }

    #[test]
    fn an_attempt_in_the_way_is_named() {
        let refused = |body: String, time_of_session: &str| {
            let answers = [
                project(),
                workflow(""),
                time("2024-01-02T00%3A00%3A00", time_of_session),
                Answer::new("PUT /api/attempts", 409, body),
            ];
            failure(&DEFINITION, run, "p1 plain --session 2024-01-02", answers).to_string()
        };
        assert_eq!(
            refused(attempt(json!({})).to_string(), "2024-01-02T00:00:00+00:00"),
            "error: A session for the requested session_time already exists (session_id=3, attempt_id=4, \
             session_time=2024-01-02T00:00Z)\nhint: use `dibble retry 4 --latest-revision --all` command to run the \
             session again for the same session_time"
        );
        assert_eq!(
            refused("{}".to_owned(), "2024-01-02T00:00:01+09:00"),
            "error: A session for the requested session_time already exists (session_time=2024-01-02T00:00:01+09:00)\n\
             hint: use `dibble retry <attempt-id> --latest-revision --all` command to run the session again for the \
             same session_time"
        );
    }

    #[test]
    fn wrong_arguments_are_told_before_anybody_is_asked() {
        for (words, message, code) in [
            ("p1", "Missing argument: <name>", 2),
            ("p1 plain", "--session option is required", 2),
            (
                "p1 plain --session schedule",
                "--session must be hourly, daily, now, \"yyyy-MM-dd\", or \"yyyy-MM-dd HH:mm:SS\" format: schedule",
                1,
            ),
            (
                "p1 plain --session now -P nosuch.yml",
                "nosuch.yml: cannot be read: No such file or directory (os error 2)",
                1,
            ),
        ] {
            let (ended, _, _, seen) = run_with(&DEFINITION, run, words, []);
            let error = ended.unwrap_err();
            assert_eq!((error.message.as_str(), error.exit_code()), (message, code), "{words}");
            assert_eq!(seen, []);
        }
    }

    /// The end of an attempt that is waited for.
    fn waited(last: Value) -> (Result<Exit, CliError>, String) {
        let answers = [
            project(),
            workflow(""),
            time("2024-01-02T00%3A00%3A00", "2024-01-02T00:00:00+00:00"),
            Answer::ok("PUT /api/attempts", attempt(json!({})).to_string()),
            Answer::ok("GET /api/attempts/4", attempt(last).to_string()),
            Answer::ok("GET /api/logs/4/files", r#"{"files":[]}"#),
        ];
        let (ended, out, _, _) = run_with(&DEFINITION, run, "p1 plain --session 2024-01-02 --wait", answers);
        (ended, out)
    }

    #[test]
    fn the_result_of_an_attempt_that_is_waited_for_is_that_of_the_command() {
        let success = waited(json!({"done": true, "success": true, "status": "success"}));
        assert_eq!(success, (Ok(Exit::Success), STARTED.to_owned()));
        for (status, message) in
            [("error", "Session attempt 4 failed."), ("killed", "Session attempt 4 was killed.")]
        {
            let error = waited(json!({"done": true, "status": status})).0.unwrap_err();
            assert_eq!(error, CliError::user(message).hint("`dibble task 4` shows what went wrong"));
        }
    }
}
