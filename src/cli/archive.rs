//! `dibble archive`: packs the project into a file that `upload` can send. Asks no server.

use super::args::Definition;
use super::packing::{PackArgs, pack_project};
use super::parse::PROGRAM;
use super::{CliError, Context, Exit};
use clap::Args;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

pub const DEFINITION: Definition = Definition {
    name: "archive",
    aliases: &[],
    synopsis: &[("archive", "pack the project into a file for upload")],
    usage: &["archive [options...]"],
    about: "Check the project and pack it into a file",
    examples: &[
        ("archive", "into digdag.archive.tar.gz"),
        ("archive --project jobs -o jobs.tar.gz", "the project in jobs"),
    ],
    args: ArchiveArgs::augment_args,
};

/// The arguments of `archive`.
#[derive(Debug, Clone, Args)]
pub struct ArchiveArgs {
    #[command(flatten)]
    pub pack: PackArgs,

    /// Write this file
    #[arg(short = 'o', long, value_name = "ARCHIVE.tar.gz", default_value = "digdag.archive.tar.gz")]
    pub output: PathBuf,
}

/// Writes the archive. One that is there already is replaced when the new one is complete.
///
/// # Errors
///
/// The project is wrong or cannot be read, or the file cannot be written.
pub fn run(args: &ArchiveArgs, context: &Context) -> Result<Exit, CliError> {
    let output = &context.output;
    let shown = args.output.display();
    let path = context.dir.join(&args.output);
    output.line(&format!("Creating {shown}..."));
    let failed = |error: io::Error| CliError::user(format!("Cannot write {shown}: {error}"));
    let target = Target::open(&path).map_err(failed)?;
    pack_project(&args.pack, Some(&path), BufWriter::new(target.file()), context)?;
    target.finish(&path).map_err(failed)?;
    for line in [
        &format!("Created {shown}."),
        &format!("Use `{PROGRAM} upload <path.tar.gz> <project> <revision>` to upload it a server."),
        "",
        "  Examples:",
        &format!("    $ {PROGRAM} upload {shown} $(basename $(pwd)) -r $(date +%Y%m%d-%H%M%S)"),
        &format!(
            "    $ {PROGRAM} upload {shown} $(git rev-parse --abbrev-ref HEAD) -r $(git rev-parse HEAD)"
        ),
        "",
    ] {
        output.line(line);
    }
    Ok(Exit::Success)
}

enum Target {
    /// A file beside the one to be written, whose name begins with a dot: it is not packed.
    File(NamedTempFile),
    /// A device or a pipe, which cannot be replaced.
    Stream(File),
}

impl Target {
    fn open(path: &Path) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(found) if !found.is_file() => {
                return Ok(Self::Stream(OpenOptions::new().write(true).open(path)?));
            }
            _ => {}
        }
        let dir = path.parent().unwrap_or(Path::new("/"));
        let mut builder = Builder::new();
        // Less what the umask takes away, as for any other new file.
        builder.prefix(".dibble-archive-").permissions(Permissions::from_mode(0o666));
        builder.tempfile_in(dir).map(Self::File)
    }

    fn file(&self) -> &File {
        match self {
            Self::File(temporary) => temporary.as_file(),
            Self::Stream(file) => file,
        }
    }

    fn finish(self, path: &Path) -> io::Result<()> {
        match self {
            Self::File(temporary) => temporary.persist(path).map(drop).map_err(|error| error.error),
            Self::Stream(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{Limits, extract};
    use crate::cli::context::tests::in_dir;
    use crate::cli::parse::tests::parsed;

    fn archive(dir: &Path, words: &str) -> (String, Result<Exit, String>) {
        let (context, captured) = in_dir(dir);
        let args: ArchiveArgs = parsed(&DEFINITION, words).unwrap();
        let ended = run(&args, &context).map_err(|error| error.to_string());
        (captured.out(), ended)
    }

    fn files(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_archive_holds_the_project_and_not_itself() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path();
        fs::create_dir(dir.join("sub")).unwrap();
        fs::write(dir.join("wf.dig"), "+a:\n  echo>: x\n").unwrap();
        fs::write(dir.join("sub/x.sql"), "x").unwrap();
        std::os::unix::fs::symlink("sub", dir.join("link")).unwrap();
        let expected = "Creating digdag.archive.tar.gz...\n  Archiving link\n    symlink -> sub\n  Archiving sub/x.sql\n  \
                        Archiving wf.dig\nCreated digdag.archive.tar.gz.\nUse `dibble upload <path.tar.gz> <project> \
                        <revision>` to upload it a server.\n\n  Examples:\n    $ dibble upload digdag.archive.tar.gz \
                        $(basename $(pwd)) -r $(date +%Y%m%d-%H%M%S)\n    $ dibble upload digdag.archive.tar.gz \
                        $(git rev-parse --abbrev-ref HEAD) -r $(git rev-parse HEAD)\n\n";
        for _ in 0..2 {
            assert_eq!(archive(dir, ""), (expected.to_owned(), Ok(Exit::Success)));
        }
        assert_eq!(files(dir), ["digdag.archive.tar.gz", "link", "sub", "wf.dig"]);
        let to = tempfile::tempdir().unwrap();
        let written = File::open(dir.join("digdag.archive.tar.gz")).unwrap();
        let mode = written.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o600, 0o600);
        extract(written, to.path(), &Limits::NONE, &mut |_| {}).unwrap();
        assert_eq!(files(to.path()), ["link", "sub", "wf.dig"]);
    }

    #[test]
    fn nothing_is_left_of_an_archive_that_fails() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path();
        fs::write(dir.join("wf.dig"), "schedule:\n  daily>: 07:00:00\n  skip: 1\n+a:\n  echo>: x\n").unwrap();
        fs::write(dir.join("out.tar.gz"), "older").unwrap();
        let (out, ended) = archive(dir, "-o out.tar.gz");
        assert_eq!(out, "Creating out.tar.gz...\n");
        let message = ended.unwrap_err();
        assert!(
            message.starts_with("error: Validating project failed\nerror: Parameter 'skip'"),
            "{message}"
        );
        assert!(message.contains("--> wf.dig:3:3"), "{message}");
        assert_eq!(files(dir), ["out.tar.gz", "wf.dig"]);
        assert_eq!(fs::read_to_string(dir.join("out.tar.gz")).unwrap(), "older");
        let (_, ended) = archive(dir, "-o nosuch/out.tar.gz");
        assert!(ended.unwrap_err().starts_with("error: Cannot write nosuch/out.tar.gz: "));
        let (_, ended) = archive(dir, "--project nosuch");
        let message = format!("error: Project directory {} does not exist", dir.join("nosuch").display());
        assert_eq!(ended, Err(message));
    }

    #[test]
    fn devices_are_written_to() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(archive(home.path(), "-o /dev/null").1, Ok(Exit::Success));
        assert!(!Path::new("/dev/null").is_file());
    }
}
