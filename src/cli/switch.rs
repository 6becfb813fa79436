//! `dibble enable` and `dibble disable`: turn schedules of a server on and off.

use super::args::Definition;
use super::client_args::{ClientArgs, connect};
use super::schedule_target::{Target, TargetArgs};
use super::{CliError, Context, Exit};
use clap::Args;

pub const ENABLE: Definition = Definition {
    name: "enable",
    aliases: &[],
    synopsis: &[
        ("enable <schedule-id>", "enable a workflow schedule"),
        ("enable <project-name>", "enable all workflow schedules in a project"),
        ("enable <project-name> <name>", "enable a workflow schedule"),
    ],
    usage: &["enable <schedule-id> | <project-name> [name] [options...]"],
    about: "Enable schedules; what they missed while they were disabled runs, too",
    examples: &[
        ("enable 17", "schedule 17"),
        ("enable myproj", "all schedules of the project `myproj`"),
        ("enable myproj mywf", "that of its workflow `mywf`"),
    ],
    args: SwitchArgs::augment_args,
};

pub const DISABLE: Definition = Definition {
    name: "disable",
    aliases: &[],
    synopsis: &[
        ("disable <schedule-id>", "disable a workflow schedule"),
        ("disable <project-name>", "disable all workflow schedules in a project"),
        ("disable <project-name> <name>", "disable a workflow schedule"),
    ],
    usage: &["disable <schedule-id> | <project-name> [name] [options...]"],
    about: "Disable schedules; attempts that run go on",
    examples: &[
        ("disable 17", "schedule 17"),
        ("disable myproj", "all schedules of the project `myproj`"),
        ("disable myproj mywf", "that of its workflow `mywf`"),
    ],
    args: SwitchArgs::augment_args,
};

/// The arguments of both.
#[derive(Debug, Clone, Args)]
pub struct SwitchArgs {
    #[command(flatten)]
    pub target: TargetArgs,

    #[command(flatten)]
    pub client: ClientArgs,
}

/// Turns schedules on.
///
/// # Errors
///
/// There is no such schedule, or the server cannot be asked.
pub fn enable(args: &SwitchArgs, context: &Context) -> Result<Exit, CliError> {
    switch(args, context, true)
}

/// Turns schedules off.
///
/// # Errors
///
/// There is no such schedule, or the server cannot be asked.
pub fn disable(args: &SwitchArgs, context: &Context) -> Result<Exit, CliError> {
    switch(args, context, false)
}

fn switch(args: &SwitchArgs, context: &Context, on: bool) -> Result<Exit, CliError> {
    let client = connect(&args.client, context)?;
    let target = args.target.target();
    let ids = target.ids(&client)?;
    let output = &context.output;
    for id in &ids {
        if on {
            client.enable_schedule(id)?;
        } else {
            client.disable_schedule(id)?;
        }
        let done = if on { "Enabled" } else { "Disabled" };
        output.line(&format!("{done} schedule id: {id}"));
    }
    if let Target::Project(project) = target
        && ids.is_empty()
    {
        output.note(&format!("No workflow of the project '{project}' has a schedule."));
    }
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::backfill::tests::{of_workflow, schedule};
    use crate::cli::client_args::tests::{failure, run_with};
    use crate::cli::start::tests::project;
    use crate::client::testing::Answer;
    use serde_json::{Value, json};

    fn switched(id: u64, verb: &str) -> Answer {
        Answer::ok(&format!("POST /api/schedules/{id}/{verb}"), schedule(id).to_string())
    }

    fn page(query: &str, schedules: &[Value]) -> Answer {
        let line = format!("GET /api/projects/1/schedules{query}");
        Answer::ok(&line, json!({ "schedules": schedules }).to_string())
    }

    #[test]
    fn one_schedule_is_switched() {
        for words in ["5", "p1 daily"] {
            let answers = [project(), of_workflow("daily", &[schedule(5)]), switched(5, "disable")];
            let (ended, out, _, seen) = run_with(&DISABLE, disable, words, answers);
            assert_eq!((ended, out.as_str()), (Ok(Exit::Success), "Disabled schedule id: 5\n"), "{words}");
            assert_eq!(seen.last().unwrap().body, "{}");
        }
        let (_, out, _, _) = run_with(&ENABLE, enable, "5", [switched(5, "enable")]);
        assert_eq!(out, "Enabled schedule id: 5\n");
    }

    #[test]
    fn all_schedules_of_a_project_are_switched() {
        let answers = [
            project(),
            page("", &[schedule(5), schedule(6)]),
            page("?last_id=6", &[]),
            switched(5, "enable"),
            switched(6, "enable"),
        ];
        let (ended, out, err, _) = run_with(&ENABLE, enable, "p1", answers);
        assert_eq!(ended, Ok(Exit::Success));
        assert_eq!((out.as_str(), err.as_str()), ("Enabled schedule id: 5\nEnabled schedule id: 6\n", ""));
        let (ended, out, err, _) = run_with(&ENABLE, enable, "p1", [project(), page("", &[])]);
        assert_eq!((ended, out.as_str()), (Ok(Exit::Success), ""));
        assert_eq!(err, "No workflow of the project 'p1' has a schedule.\n");
    }

    #[test]
    fn what_is_not_there_is_named() {
        let error = failure(&ENABLE, enable, "p1 nosuch", [project(), of_workflow("nosuch", &[])]);
        let message =
            "Resource not found: schedule not found in the latest revision of project id = 1: nosuch";
        assert_eq!(error, CliError::user(message));
        let body = r#"{"message":"Resource does not exist: schedule id=999","status":404}"#;
        let missing = Answer::new("POST /api/schedules/999/disable", 404, body);
        let error = failure(&DISABLE, disable, "999", [missing]);
        assert_eq!(error, CliError::user(format!("Resource not found: {body}")));
        assert_eq!(
            failure(&ENABLE, enable, "", []).message,
            "Missing argument: <schedule-id | project-name>"
        );
    }
}
