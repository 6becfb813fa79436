//! `dibble retry`: runs a session again on a server, all of it or what failed.

use super::args::{Definition, id};
use super::client_args::{ClientArgs, connect};
use super::params_arg::ParamArgs;
use super::started::{self, WaitArgs};
use super::{CliError, Context, Exit};
use crate::client::models::{Attempt, Id};
use crate::client::{Client, NewAttempt, Resume, Started};
use crate::model::merge;
use clap::Args;
use uuid::Uuid;

pub const DEFINITION: Definition = Definition {
    name: "retry",
    aliases: &[],
    synopsis: &[("retry <attempt-id>", "retry a session")],
    usage: &["retry <attempt-id> [options...]"],
    about: "Run the session of an attempt again, with its parameters",
    examples: &[
        ("retry 3 --latest-revision --all", "all tasks, as they are defined now"),
        ("retry 3 --keep-revision --resume", "what did not succeed, as it was defined then"),
        ("retry 3 --latest-revision --resume-from +load", "+load and what follows"),
    ],
    args: RetryArgs::augment_args,
};

/// The arguments of `retry`.
#[derive(Debug, Clone, Args)]
pub struct RetryArgs {
    /// The attempt
    #[arg(value_name = "attempt-id", value_parser = id)]
    pub attempt: i64,

    /// The name of the new attempt [default: a UUID]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Use the latest revision
    #[arg(long)]
    pub latest_revision: bool,

    /// Use the revision of the attempt
    #[arg(long)]
    pub keep_revision: bool,

    /// Use this revision
    #[arg(long, value_name = "NAME")]
    pub revision: Option<String>,

    /// Run all tasks
    #[arg(long)]
    pub all: bool,

    /// Run the tasks that did not succeed
    #[arg(long)]
    pub resume: bool,

    /// Run this task and what follows
    #[arg(long, value_name = "+NAME")]
    pub resume_from: Option<String>,

    #[command(flatten)]
    pub params: ParamArgs,

    #[command(flatten)]
    pub wait: WaitArgs,

    #[command(flatten)]
    pub client: ClientArgs,
}

/// Starts the new attempt.
///
/// # Errors
///
/// Wrong arguments, no such attempt, revision or task, or the server cannot be asked. With `--wait`: the attempt did not
/// succeed.
pub fn run(args: &RetryArgs, context: &Context) -> Result<Exit, CliError> {
    check(args)?;
    let overrides = args.params.load(context)?;
    let client = connect(&args.client, context)?;
    let old = client.attempt(&Id::from(args.attempt))?;
    let workflow = workflow(args, &old, &client)?;
    let name = args.name.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
    let mut params = old.params;
    merge(&mut params, &overrides);
    let resume = match &args.resume_from {
        Some(task) => Some(Resume::From { attempt: &old.id, task }),
        None => args.resume.then_some(Resume::Failed { attempt: &old.id }),
    };
    let session_time = old.session_time.to_utc();
    let new = NewAttempt { workflow: &workflow, session_time, name: Some(&name), resume, params };
    match client.start(&new)? {
        Started::New(attempt) => started::show(&attempt, &args.wait, &client, context),
        Started::Exists(attempt) => {
            let id = attempt.map(|attempt| format!(" (attempt_id={})", attempt.id)).unwrap_or_default();
            let message =
                format!("Request conflicted: the session has an attempt named '{name}' already{id}");
            Err(CliError::user(message).hint("--name gives the new attempt another name"))
        }
    }
}

/// Of each kind there must be one option.
fn check(args: &RetryArgs) -> Result<(), CliError> {
    let revisions = usize::from(args.keep_revision)
        + usize::from(args.latest_revision)
        + usize::from(args.revision.is_some());
    let tasks = usize::from(args.all) + usize::from(args.resume) + usize::from(args.resume_from.is_some());
    let missing = [
        (revisions, "--keep-revision, --latest-revision, or --revision <name> option is required."),
        (tasks, "--all, --resume, or --resume-from <+name> option is required."),
    ];
    let missing: Vec<&str> =
        missing.iter().filter(|(count, _)| *count == 0).map(|(_, message)| *message).collect();
    if !missing.is_empty() {
        return Err(CliError::usage(missing.join(" ")));
    }
    if revisions > 1 {
        let message = "Setting --keep-revision, --latest-revision, or --revision together is invalid.";
        return Err(CliError::usage(message));
    }
    if tasks > 1 {
        return Err(CliError::usage("Setting --all, --resume, or --resume-from together is invalid."));
    }
    Ok(())
}

/// The workflow in the revision that is asked for.
fn workflow(args: &RetryArgs, old: &Attempt, client: &Client) -> Result<Id, CliError> {
    if args.keep_revision {
        return old.workflow.id.clone().ok_or_else(|| {
            CliError::user(format!(
                "Session attempt {} is non-stored workflow. Retrying a non-stored workflow is not supported.",
                old.id
            ))
        });
    }
    let gone = || CliError::user(format!("Project '{}' is gone.", old.project.name));
    let project = old.project.id.as_ref().ok_or_else(gone)?;
    Ok(client.workflow_by_name(project, &old.workflow.name, args.revision.as_deref())?.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client_args::tests::{failure, run_with};
    use crate::cli::start::tests::{NOTES, STARTED, attempt, workflow};
    use crate::client::testing::Answer;
    use serde_json::{Value, json};

    fn old() -> Answer {
        let old =
            json!({"id": "9", "workflow": {"id": "7", "name": "plain"}, "params": {"a": {"x": 1}, "b": 2}});
        Answer::ok("GET /api/attempts/9", attempt(old).to_string())
    }

    fn new() -> Answer {
        Answer::ok("PUT /api/attempts", attempt(json!({})).to_string())
    }

    /// What is sent to start the attempt.
    fn sent(words: &str, answers: impl IntoIterator<Item = Answer>) -> Value {
        let (ended, out, err, seen) = run_with(&DEFINITION, run, words, answers);
        assert_eq!((ended, out.as_str(), err.as_str()), (Ok(Exit::Success), STARTED, NOTES));
        serde_json::from_str(&seen.last().unwrap().body).unwrap()
    }

    #[test]
    fn the_old_attempt_gives_session_and_parameters() {
        let body = sent("9 --keep-revision --all --name n -p a.y=2,b=3", [old(), new()]);
        assert_eq!(
            body,
            json!({
                "workflowId": "7", "sessionTime": "2024-01-02T00:00:00Z", "retryAttemptName": "n", "resume": null,
                "params": {"a": {"x": 1, "y": "2"}, "b": "3"},
            })
        );
    }

    #[test]
    fn revisions_and_tasks_can_be_chosen() {
        let body = sent("9 --latest-revision --resume", [old(), workflow(""), new()]);
        assert_eq!(body["workflowId"], json!("11"));
        assert_eq!(body["resume"], json!({"mode": "failed", "attemptId": "9"}));
        assert!(Uuid::parse_str(body["retryAttemptName"].as_str().unwrap()).is_ok());
        let body = sent("9 --revision a+b --resume-from +bad", [old(), workflow("&revision=a%2Bb"), new()]);
        assert_eq!(body["resume"], json!({"mode": "from", "attemptId": "9", "from": "+bad"}));
    }

    #[test]
    fn names_can_be_taken() {
        let taken = Answer::new("PUT /api/attempts", 409, attempt(json!({"id": "14"})).to_string());
        let error = failure(&DEFINITION, run, "9 --keep-revision --all --name rn2", [old(), taken]);
        assert_eq!(
            error.to_string(),
            "error: Request conflicted: the session has an attempt named 'rn2' already (attempt_id=14)\n\
             hint: --name gives the new attempt another name"
        );
    }

    #[test]
    fn one_option_of_each_kind_is_required() {
        let revision = "--keep-revision, --latest-revision, or --revision <name> option is required.";
        let tasks = "--all, --resume, or --resume-from <+name> option is required.";
        for (words, message) in [
            ("9", format!("{revision} {tasks}")),
            ("9 --latest-revision", tasks.to_owned()),
            ("9 --all", revision.to_owned()),
            (
                "9 --latest-revision --revision x --all",
                "Setting --keep-revision, --latest-revision, or --revision together is invalid.".to_owned(),
            ),
            (
                "9 --keep-revision --all --resume-from +x",
                "Setting --all, --resume, or --resume-from together is invalid.".to_owned(),
            ),
            ("abc --keep-revision --all", "For input string: \"abc\"".to_owned()),
        ] {
            assert_eq!(failure(&DEFINITION, run, words, []), CliError::usage(message), "{words}");
        }
    }

    #[test]
    fn workflows_that_are_not_stored_cannot_be_kept() {
        let change = json!({"id": "9", "workflow": {"id": null, "name": "plain"}});
        let old = Answer::ok("GET /api/attempts/9", attempt(change).to_string());
        assert_eq!(
            failure(&DEFINITION, run, "9 --keep-revision --all", [old]).message,
            "Session attempt 9 is non-stored workflow. Retrying a non-stored workflow is not supported."
        );
    }
}
