//! `dibble push`: packs the project and gives it to a server as the newest revision.

use super::args::Definition;
use super::client_args::{ClientArgs, connect};
use super::packing::{PackArgs, pack_project};
use super::parse::PROGRAM;
use super::time_arg::instant;
use super::{CliError, Context, Exit, Output};
use crate::client::Push;
use crate::client::models::Project;
use chrono::SecondsFormat;
use clap::Args;
use std::io::{self, BufWriter, Seek};
use tempfile::Builder;
use uuid::Uuid;

pub const DEFINITION: Definition = Definition {
    name: "push",
    aliases: &[],
    synopsis: &[("push <project-name>", "create and upload a new revision")],
    usage: &["push <project> [-r <revision>] [options...]"],
    about: "Check the project and give it to a server as the newest revision, whose schedules run from then on",
    examples: &[
        ("push sales", "the project in the current directory"),
        ("push sales -r v2 --project jobs", "the project in jobs as revision v2"),
    ],
    args: PushArgs::augment_args,
};

/// The arguments of `push`.
#[derive(Debug, Clone, Args)]
pub struct PushArgs {
    /// The name of the project on the server; it is made when it is new
    #[arg(value_name = "project")]
    pub name: String,

    #[command(flatten)]
    pub revision: RevisionArgs,

    /// Start new schedules from this time on, yyyy-MM-dd HH:mm:ss Z or UNIX seconds [default: the server's time]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub schedule_from: Option<String>,

    #[command(flatten)]
    pub pack: PackArgs,

    #[command(flatten)]
    pub client: ClientArgs,
}

/// What a new revision is called.
#[derive(Debug, Clone, Default, Args)]
pub struct RevisionArgs {
    /// Name the revision; the server must not have it yet [default: a random UUID]
    #[arg(short = 'r', long, value_name = "REVISION", allow_hyphen_values = true)]
    pub revision: Option<String>,
}

impl RevisionArgs {
    /// The name that was given, or one that nobody has.
    pub(super) fn name(&self) -> Result<String, CliError> {
        match self.revision.as_deref() {
            None => Ok(Uuid::new_v4().to_string()),
            Some("") => Err(CliError::usage("revision cannot be empty")),
            Some(name) => Ok(name.to_owned()),
        }
    }
}

/// Packs and uploads the project.
///
/// # Errors
///
/// The project is wrong or cannot be read, or the server cannot be asked or refuses it.
pub fn run(args: &PushArgs, context: &Context) -> Result<Exit, CliError> {
    let project = project_name(&args.name)?;
    let revision = &args.revision.name()?;
    let from = args.schedule_from.as_deref();
    let schedule_from = from.map(|text| instant(text, "--schedule-from", context)).transpose()?;
    let failed = |error: io::Error| CliError::user(format!("Cannot write the archive: {error}"));
    let output = &context.output;

    let file = Builder::new().prefix("archive-").suffix(".tar.gz").tempfile().map_err(failed)?;
    output.line(&format!("Creating {}...", file.path().display()));
    let workflows = pack_project(&args.pack, None, BufWriter::new(file.as_file()), context)?;
    output.line("Workflows:");
    for workflow in &workflows {
        output.line(&format!("  {workflow}"));
    }
    if workflows.is_empty() {
        output.line(
            "  WARNING: This project doesn't include workflows. Usually, this is a mistake.\n           \
             Please make sure that all *.dig files are on the top directory.\n           \
             *.dig files in subdirectories are not recognized as workflows.\n",
        );
    }
    let mut archive = file.as_file();
    archive.rewind().map_err(failed)?;
    let length = archive.metadata().map_err(failed)?.len();
    let push = Push { project, revision, schedule_from, length, archive: &mut archive };
    let uploaded = connect(&args.client, context)?.push(push)?;
    show_uploaded(&uploaded, output);
    Ok(Exit::Success)
}

/// The name of a project that is to have a new revision.
pub(super) fn project_name(name: &str) -> Result<&str, CliError> {
    if name.is_empty() { Err(CliError::usage("project name cannot be empty")) } else { Ok(name) }
}

/// Shows what became of an upload.
pub(super) fn show_uploaded(project: &Project, output: &Output) {
    output.line(&uploaded_text(project));
    project.warning.iter().for_each(|warning| output.note(&format!("warning: {warning}")));
}

fn uploaded_text(project: &Project) -> String {
    let time = |time: crate::model::Time| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!(
        "Uploaded:\n  id: {}\n  name: {}\n  revision: {}\n  archive type: {}\n  project created at: {}\n  \
         revision updated at: {}\n\nUse `{PROGRAM} workflows` to show all workflows.",
        project.id,
        project.name,
        project.revision,
        project.archive_type,
        time(project.created_at),
        time(project.updated_at),
    )
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::client_args::tests::{failure, run_with};
    use crate::client::testing::Answer;
    use std::fs;

    /// What a server answers to an upload of `p1` as revision `r1`.
    pub(in crate::cli) const UPLOADED: &str = r#"{"id":"1","name":"p1","revision":"r1","createdAt":"2026-11-22T03:16:29Z",
        "updatedAt":"2026-11-22T04:16:29Z","deletedAt":null,"archiveType":"db","archiveMd5":"Zth/"}"#;
    pub(in crate::cli) const UPLOADED_TEXT: &str = "Uploaded:\n  id: 1\n  name: p1\n  revision: r1\n  \
         archive type: db\n  project created at: 2026-11-22T03:16:29Z\n  revision updated at: 2026-11-22T04:16:29Z\n\n\
         Use `dibble workflows` to show all workflows.\n";

    const QUERY: &str = "PUT /api/projects?project=p1&revision=r1";

    /// What is said after the name of the temporary file.
    fn rest(out: &str) -> &str {
        let (first, rest) = out.split_once('\n').unwrap();
        assert!(first.starts_with("Creating ") && first.ends_with(".tar.gz..."), "{first}");
        rest
    }

    #[test]
    fn a_project_is_packed_and_uploaded() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("b.dig"), "+a:\n  echo>: x\n").unwrap();
        fs::write(dir.path().join("a.dig"), "+a:\n  echo>: x\n").unwrap();
        fs::write(dir.path().join("x.txt"), "x").unwrap();
        let project = dir.path().display();
        let from = "&schedule_from=2016-12-01T00%3A00%3A00Z";
        for (words, query) in [("", String::new()), ("--schedule-from 1480550400", from.to_owned())] {
            let answer = Answer::ok(&format!("{QUERY}{query}"), UPLOADED);
            let words = format!("p1 -r r1 --project {project} {words}");
            let (ended, out, err, seen) = run_with(&DEFINITION, run, &words, [answer]);
            assert_eq!((ended, err.as_str()), (Ok(Exit::Success), ""));
            let packed =
                "  Archiving a.dig\n  Archiving b.dig\n  Archiving x.txt\nWorkflows:\n  a.dig\n  b.dig\n";
            assert_eq!(rest(&out), format!("{packed}{UPLOADED_TEXT}"));
            let sent =
                |name: &str| seen[0].headers.iter().find(|(header, _)| header == name).unwrap().1.clone();
            assert_eq!(sent("content-type"), "application/gzip");
            assert!(sent("content-length").parse::<u64>().unwrap() > 50);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_project_without_workflows_is_warned_about() {
        let dir = tempfile::tempdir().unwrap();
        let words = format!("p1 -r r1 --project {}", dir.path().display());
        let (_, out, _, _) = run_with(&DEFINITION, run, &words, [Answer::ok(QUERY, UPLOADED)]);
        let warning = "Workflows:\n  WARNING: This project doesn't include workflows. Usually, this is a mistake.\n           \
                       Please make sure that all *.dig files are on the top directory.\n           \
                       *.dig files in subdirectories are not recognized as workflows.\n\n";
        assert_eq!(rest(&out), format!("{warning}{UPLOADED_TEXT}"));
    }

    #[test]
    fn what_is_wrong_is_said_before_a_server_is_asked() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("bad.dig"), "+a:\n  echo>: x\n  sh>: y\n").unwrap();
        let words = format!("p1 --project {}", dir.path().display());
        let (ended, _, _, seen) = run_with(&DEFINITION, run, &words, []);
        let message = ended.unwrap_err().message;
        assert!(message.contains("A task can't have more than one operator"), "{message}");
        assert!(seen.is_empty());
        for (words, expected) in [
            ("p1 -r=", CliError::usage("revision cannot be empty")),
            ("", CliError::usage("Missing argument: <project>")),
            ("p1 extra", CliError::usage("Unexpected argument: extra")),
        ] {
            assert_eq!(failure(&DEFINITION, run, words, []), expected, "{words}");
        }
        assert_eq!(project_name(""), Err(CliError::usage("project name cannot be empty")));
        let message = failure(&DEFINITION, run, "p1 --schedule-from garbage", []).message;
        assert!(message.starts_with("--schedule-from option must be "), "{message}");
    }

    #[test]
    fn a_refusal_is_shown() {
        let dir = tempfile::tempdir().unwrap();
        let words = format!("p1 -r r1 --project {}", dir.path().display());
        let body = r#"{"message":"Resource already exists: revision=r1 in project id=1","status":409}"#;
        let error = failure(&DEFINITION, run, &words, [Answer::new(QUERY, 409, body)]);
        assert_eq!(error.to_string(), format!("error: Request conflicted: {body}"));
    }
}
