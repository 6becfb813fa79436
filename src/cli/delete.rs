//! `dibble delete`: deletes a project of a server.

use super::args::Definition;
use super::client_args::{ClientArgs, connect};
use super::{CliError, Context, Exit};
use clap::Args;
use std::io::{self, BufRead};

pub const DEFINITION: Definition = Definition {
    name: "delete",
    aliases: &[],
    synopsis: &[("delete <project-name>", "delete a project")],
    usage: &["delete <project> [options...]"],
    about: "Delete a project with its schedules; what has run can still be looked at",
    examples: &[("delete sales --force", "does not ask")],
    args: DeleteArgs::augment_args,
};

/// The arguments of `delete`.
#[derive(Debug, Clone, Args)]
pub struct DeleteArgs {
    /// The name of the project
    #[arg(value_name = "project")]
    pub name: String,

    /// Do not ask whether to delete it
    #[arg(long)]
    pub force: bool,

    #[command(flatten)]
    pub client: ClientArgs,
}

/// Shows the project and deletes it when the answer is yes.
///
/// # Errors
///
/// There is no such project, the answer is not yes, or the server cannot be asked or refuses.
pub fn run(args: &DeleteArgs, context: &Context) -> Result<Exit, CliError> {
    delete(args, &mut io::stdin().lock(), context)
}

fn delete(args: &DeleteArgs, answers: &mut dyn BufRead, context: &Context) -> Result<Exit, CliError> {
    let (output, zone) = (&context.output, &context.zone);
    let client = connect(&args.client, context)?;
    let project = client.project_by_name(&args.name)?;
    output.line(&format!(
        "Project:\n  id: {}\n  name: {}\n  latest revision: {}\n  created at: {}\n  last updated at: {}",
        project.id,
        project.name,
        project.revision,
        zone.show(project.created_at),
        zone.show(project.updated_at)
    ));
    if !args.force {
        output.prompt("Are you sure you want to delete this project? [y/N]: ");
        let mut answer = String::new();
        let read = answers.read_line(&mut answer).unwrap_or(0);
        if read == 0 {
            output.note("");
            return Err(CliError::user("canceled.").hint("there is nobody to ask; --force does not ask"));
        }
        if !["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) {
            return Err(CliError::user("canceled."));
        }
    }
    client.delete_project(&project.id)?;
    output.note(&format!("Project '{}' is deleted.", args.name));
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client_args::tests::run_with;
    use crate::cli::push::tests::UPLOADED;
    use crate::client::testing::Answer;

    const PROMPT: &str = "Are you sure you want to delete this project? [y/N]: ";

    fn answered(words: &str, answer: &'static str) -> (Result<Exit, String>, String, String, Vec<String>) {
        let run: fn(&DeleteArgs, &Context) -> Result<Exit, CliError> = match answer {
            "y\n" => |args, context| delete(args, &mut &b" Yes \n"[..], context),
            "n\n" => |args, context| delete(args, &mut &b"\n"[..], context),
            _ => |args, context| delete(args, &mut io::empty(), context),
        };
        let found = Answer::ok("GET /api/projects?name=p1", format!(r#"{{"projects":[{UPLOADED}]}}"#));
        let deleted = Answer::ok("DELETE /api/projects/1", UPLOADED);
        let (ended, out, err, seen) = run_with(&DEFINITION, run, words, [found, deleted]);
        let lines = seen.into_iter().map(|seen| seen.line).collect();
        (ended.map_err(|error| error.to_string()), out, err, lines)
    }

    #[test]
    fn a_project_is_shown_and_deleted_when_the_answer_is_yes() {
        let found = "GET /api/projects?name=p1".to_owned();
        let deleted = "DELETE /api/projects/1".to_owned();
        let done = "Project 'p1' is deleted.\n";
        let shown = "Project:\n  id: 1\n  name: p1\n  latest revision: r1\n  created at: 2026-11-22 03:16:29 +0000\n  \
                     last updated at: 2026-11-22 04:16:29 +0000\n";
        for (words, answer, ended, err, lines) in [
            ("p1", "y\n", Ok(Exit::Success), format!("{PROMPT}{done}"), vec![found.clone(), deleted.clone()]),
            ("p1 --force", "", Ok(Exit::Success), done.to_owned(), vec![found.clone(), deleted]),
            ("p1", "n\n", Err("error: canceled.".to_owned()), PROMPT.to_owned(), vec![found.clone()]),
            (
                "p1",
                "",
                Err("error: canceled.\nhint: there is nobody to ask; --force does not ask".to_owned()),
                format!("{PROMPT}\n"),
                vec![found],
            ),
        ] {
            assert_eq!(answered(words, answer), (ended, shown.to_owned(), err, lines), "{words} {answer}");
        }
    }
}
