//! `dibble download`: fetches the files of a revision from a server.

use super::args::Definition;
use super::client_args::{ClientArgs, connect};
use super::{CliError, Context, Exit};
use crate::archive::{Limits, Member, extract};
use clap::Args;
use std::io::{self, BufReader, Seek};
use std::path::{Component, Path, PathBuf};

pub const DEFINITION: Definition = Definition {
    name: "download",
    aliases: &[],
    synopsis: &[("download <project-name>", "fetch the files of a revision")],
    usage: &["download <project> [options...]"],
    about: "Fetch the files of a project from a server; those that are there already are replaced",
    examples: &[
        ("download sales", "the newest revision, into sales"),
        ("download sales -r v1 -o old", "revision v1, into old"),
    ],
    args: DownloadArgs::augment_args,
};

/// The arguments of `download`.
#[derive(Debug, Clone, Args)]
pub struct DownloadArgs {
    /// The name of the project
    #[arg(value_name = "project")]
    pub name: String,

    /// Fetch this revision [default: the newest]
    #[arg(short = 'r', long, value_name = "REVISION", allow_hyphen_values = true)]
    pub revision: Option<String>,

    /// Extract into this directory [default: one that is named like the project]
    #[arg(short = 'o', long, value_name = "DIR")]
    pub output: Option<PathBuf>,

    #[command(flatten)]
    pub client: ClientArgs,
}

/// Downloads the archive of a revision and extracts it.
///
/// # Errors
///
/// There is no such project or revision, the server cannot be asked, or the files cannot be written.
pub fn run(args: &DownloadArgs, context: &Context) -> Result<Exit, CliError> {
    let dir = match &args.output {
        Some(dir) => dir.as_path(),
        None => directory_named(&args.name)?,
    };
    let client = connect(&args.client, context)?;
    let project = client.project_by_name(&args.name)?;
    let revision = args.revision.as_ref().unwrap_or(&project.revision);
    let mut download = client.archive(&project.id, revision).map_err(|error| match error.status() {
        Some(404) => CliError::user(format!("Project archive of revision '{revision}' does not exist.")),
        _ => error.into(),
    })?;
    // Nothing is extracted before all of it is here.
    let failed = |error: io::Error| CliError::user(format!("Cannot download the archive: {error}"));
    let mut archive = tempfile::tempfile().map_err(failed)?;
    let copied = io::copy(&mut download.body, &mut archive).map_err(failed)?;
    if download.length.is_some_and(|length| length != copied) {
        return Err(CliError::user("Cannot download the archive: it ends too early").hint("try again"));
    }
    archive.rewind().map_err(failed)?;
    let output = &context.output;
    extract(BufReader::new(archive), &context.dir.join(dir), &Limits::NONE, &mut |member| match member {
        Member::File(name) => output.line(&format!("  {}", dir.join(name).display())),
        Member::Symlink { name, target } => {
            output.line(&format!("  {} -> {}", dir.join(name).display(), target.display()));
        }
    })
    .map_err(|error| CliError::user(error.to_string()))?;
    output.line(&format!("Extracted project '{}' revision '{revision}' to {}.", args.name, dir.display()));
    Ok(Exit::Success)
}

/// The directory that is named like a project, unless that is another place.
fn directory_named(project: &str) -> Result<&Path, CliError> {
    let path = Path::new(project);
    match path.components().next() {
        Some(Component::Normal(name)) if name == path => Ok(path),
        _ => Err(CliError::usage(format!("'{project}' cannot be the name of a directory; name one with -o"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{PackOptions, pack};
    use crate::cli::client_args::tests::{failure, run_with};
    use crate::cli::push::tests::UPLOADED;
    use crate::client::testing::Answer;
    use std::fs;

    fn found() -> Answer {
        Answer::ok("GET /api/projects?name=p1", format!(r#"{{"projects":[{UPLOADED}]}}"#))
    }

    fn archive() -> Vec<u8> {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        fs::write(dir.path().join("sub/x.sql"), "x").unwrap();
        std::os::unix::fs::symlink("sub", dir.path().join("link")).unwrap();
        let mut bytes = vec![];
        pack(dir.path(), &PackOptions::default(), &mut bytes, &mut |_| {}).unwrap();
        bytes
    }

    #[test]
    fn files_are_extracted_and_once_more_over_themselves() {
        let home = tempfile::tempdir().unwrap();
        let to = home.path().join("to");
        let shown = to.display();
        for (words, revision) in [("", "r1"), ("-r v%2", "v%252")] {
            let line = format!("GET /api/projects/1/archive?revision={revision}");
            let words = format!("p1 -o {shown} {words}");
            let (ended, out, _, _) =
                run_with(&DEFINITION, run, &words, [found(), Answer::ok(&line, archive())]);
            assert_eq!(ended, Ok(Exit::Success));
            let name = revision.replace("%25", "%");
            assert_eq!(
                out,
                format!(
                    "  {shown}/link -> sub\n  {shown}/sub/x.sql\nExtracted project 'p1' revision '{name}' to {shown}.\n"
                )
            );
        }
        assert_eq!(fs::read_to_string(to.join("link/x.sql")).unwrap(), "x");
        assert_eq!(fs::read_dir(&to).unwrap().count(), 2);
    }

    #[test]
    fn what_is_missing_is_named_and_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let to = home.path().join("to");
        let words = format!("p1 -r zz -o {}", to.display());
        let missing = Answer::new("GET /api/projects/1/archive?revision=zz", 404, "");
        let error = failure(&DEFINITION, run, &words, [found(), missing]);
        assert_eq!(error, CliError::user("Project archive of revision 'zz' does not exist."));
        assert!(!to.exists());
        let none = Answer::ok("GET /api/projects?name=p1", r#"{"projects":[]}"#);
        let error = failure(&DEFINITION, run, &words, [none]);
        assert_eq!(error, CliError::user("Resource not found: project not found: p1"));
    }

    #[test]
    fn a_project_may_have_a_name_that_is_none_for_a_directory() {
        for name in ["..", ".", "a/b"] {
            let error = failure(&DEFINITION, run, name, []);
            let message = format!("'{name}' cannot be the name of a directory; name one with -o");
            assert_eq!(error, CliError::usage(message));
        }
    }
}
