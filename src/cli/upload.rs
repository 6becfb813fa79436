//! `dibble upload`: gives a server an archive that `archive` has made.

use super::args::Definition;
use super::client_args::{ClientArgs, connect};
use super::push::{RevisionArgs, project_name, show_uploaded};
use super::{CliError, Context, Exit};
use crate::client::Push;
use clap::Args;
use std::fs::File;
use std::io;
use std::path::PathBuf;

pub const DEFINITION: Definition = Definition {
    name: "upload",
    aliases: &[],
    synopsis: &[("upload <path.tar.gz> <project>", "upload an archive as a new revision")],
    usage: &["upload <path.tar.gz> <project> [-r <revision>] [options...]"],
    about: "Give an archive of a project to a server as the newest revision",
    examples: &[("upload digdag.archive.tar.gz sales", "what `archive` has made")],
    args: UploadArgs::augment_args,
};

/// The arguments of `upload`.
#[derive(Debug, Clone, Args)]
pub struct UploadArgs {
    /// The archive
    #[arg(value_name = "path.tar.gz")]
    pub path: PathBuf,

    /// The name of the project on the server; it is made when it is new
    #[arg(value_name = "project")]
    pub name: String,

    #[command(flatten)]
    pub revision: RevisionArgs,

    #[command(flatten)]
    pub client: ClientArgs,
}

/// Uploads the archive.
///
/// # Errors
///
/// The file cannot be read, or the server cannot be asked or refuses it.
pub fn run(args: &UploadArgs, context: &Context) -> Result<Exit, CliError> {
    let project = project_name(&args.name)?;
    let revision = &args.revision.name()?;
    let shown = args.path.display();
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => CliError::user(format!("{shown} (no such file)")),
        _ => CliError::user(format!("Cannot read {shown}: {error}")),
    };
    let mut archive = File::open(context.dir.join(&args.path)).map_err(failed)?;
    let found = archive.metadata().map_err(failed)?;
    if !found.is_file() {
        return Err(CliError::user(format!("{shown} is no file")));
    }
    let push = Push { project, revision, schedule_from: None, length: found.len(), archive: &mut archive };
    let uploaded = connect(&args.client, context)?.push(push)?;
    show_uploaded(&uploaded, &context.output);
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client_args::tests::{failure, run_with};
    use crate::cli::push::tests::{UPLOADED, UPLOADED_TEXT};
    use crate::client::testing::Answer;

    #[test]
    fn a_file_is_uploaded_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.tar.gz");
        std::fs::write(&path, "not looked into").unwrap();
        let answer = Answer::ok("PUT /api/projects?project=p1&revision=r1", UPLOADED);
        let words = format!("{} p1 -r r1", path.display());
        let (ended, out, _, seen) = run_with(&DEFINITION, run, &words, [answer]);
        assert_eq!((ended, out.as_str()), (Ok(Exit::Success), UPLOADED_TEXT));
        assert_eq!(seen[0].body, "not looked into");
    }

    #[test]
    fn a_revision_without_a_name_gets_a_uuid() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.tar.gz");
        std::fs::write(&path, "").unwrap();
        let (_, _, _, seen) = run_with(&DEFINITION, run, &format!("{} p1", path.display()), []);
        let revision = seen[0].line.strip_prefix("PUT /api/projects?project=p1&revision=").unwrap();
        assert_eq!(uuid::Uuid::try_parse(revision).unwrap().get_version_num(), 4);
    }

    #[test]
    fn there_must_be_a_file() {
        for (words, message) in [
            ("/nosuch.tar.gz p1", "/nosuch.tar.gz (no such file)"),
            ("/dev/null p1", "/dev/null is no file"),
            ("x.tar.gz", "Missing argument: <project>"),
            ("x.tar.gz p1 -r=", "revision cannot be empty"),
        ] {
            assert_eq!(failure(&DEFINITION, run, words, []).message, message);
        }
    }
}
