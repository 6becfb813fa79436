//! `dibble init`: makes a project with an example workflow. Existing files are left alone.

use super::args::Definition;
use super::{CliError, Context, Exit};
use clap::Args;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

pub const DEFINITION: Definition = Definition {
    name: "init",
    aliases: &["new"],
    synopsis: &[("init <dir>", "create a new workflow project")],
    usage: &["init <dir> [options...]"],
    about: "Create a project with an example workflow in a new or existing directory",
    examples: &[("init mydag", "a project that prints"), ("init -t python mydag", "one that calls Python")],
    args: InitArgs::augment_args,
};

/// The arguments of `init`.
#[derive(Debug, Clone, Args)]
pub struct InitArgs {
    /// The directory of the project; its last part names the workflow
    #[arg(value_name = "dir")]
    pub dir: PathBuf,

    /// The kind of example: echo, sh, ruby, python, td or postgresql [default: echo]
    #[arg(short = 't', long = "type", value_name = "EXAMPLE_TYPE", value_parser = example)]
    example: Option<&'static Example>,
}

/// A kind of example project.
#[derive(Debug)]
struct Example {
    name: &'static str,
    workflow: &'static str,
    /// The other files: path, content and mode.
    files: &'static [(&'static str, &'static str, u32)],
}

const EXAMPLES: [Example; 6] = [
    Example { name: "echo", workflow: include_str!("examples/echo.dig"), files: &[] },
    Example {
        name: "sh",
        workflow: include_str!("examples/sh.dig"),
        files: &[("scripts/myscript.sh", include_str!("examples/sh/myscript.sh"), 0o755)],
    },
    Example {
        name: "ruby",
        workflow: include_str!("examples/ruby.dig"),
        files: &[("scripts/myclass.rb", include_str!("examples/ruby/myclass.rb"), 0o644)],
    },
    Example {
        name: "python",
        workflow: include_str!("examples/python.dig"),
        files: &[
            ("scripts/__init__.py", "", 0o644),
            ("scripts/myclass.py", include_str!("examples/python/myclass.py"), 0o644),
        ],
    },
    Example {
        name: "td",
        workflow: include_str!("examples/td.dig"),
        files: &[("queries/query.sql", include_str!("examples/td/query.sql"), 0o644)],
    },
    Example {
        name: "postgresql",
        workflow: include_str!("examples/postgresql.dig"),
        files: &[
            ("queries/create_src_table.sql", include_str!("examples/postgresql/create_src_table.sql"), 0o644),
            (
                "queries/insert_data_to_src_table.sql",
                include_str!("examples/postgresql/insert_data_to_src_table.sql"),
                0o644,
            ),
            (
                "queries/summarize_src_table.sql",
                include_str!("examples/postgresql/summarize_src_table.sql"),
                0o644,
            ),
        ],
    },
];

const GITIGNORE: &str = include_str!("examples/gitignore");

/// Makes the project.
///
/// # Errors
///
/// The directory's name is no name for a workflow, or a file cannot be written.
pub fn run(args: &InitArgs, context: &Context) -> Result<Exit, CliError> {
    let output = &context.output;
    let example = args.example.unwrap_or(&EXAMPLES[0]);
    let place = normalized(&context.dir.join(&args.dir));
    let is_here = place == normalized(&context.dir);
    let workflow = workflow_name(&place)?;
    let file = format!("{workflow}.dig");
    let shown = |name: &str| args.dir.join(name).display().to_string();

    if place.join(&file).exists() {
        output.line(&format!("File {} already exists.", shown(&file)));
        return Ok(Exit::Success);
    }
    let workflow_file = [(file.as_str(), example.workflow, 0o644), (".gitignore", GITIGNORE, 0o644)];
    for (name, content, mode) in example.files.iter().copied().chain(workflow_file) {
        let path = place.join(name);
        if path.exists() {
            continue;
        }
        output.line(&format!("  Creating {}", shown(name)));
        create(&path, content, mode)
            .map_err(|error| CliError::user(format!("Cannot create {}: {error}", path.display())))?;
    }
    let enter = if is_here { String::new() } else { format!("`cd {}` and then ", args.dir.display()) };
    output.line(&if example.name == "td" {
        format!(
            "Done. Set up your Treasure Data API key and type {enter}`digdag push {workflow}` to push the workflow to \
             Treasure Data. Enjoy!"
        )
    } else {
        format!("Done. Type {enter}`dibble run {file}` to run the workflow. Enjoy!")
    });
    Ok(Exit::Success)
}

/// The path without `.` and `..`, as far as that is possible without looking at the disk.
fn normalized(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

/// The last part of the directory's path, if it can be the name of a workflow.
fn workflow_name(dir: &Path) -> Result<String, CliError> {
    let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-=[]{}%&@`,.^".contains(c);
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_';
    if name.starts_with(begins) && name.chars().all(allowed) {
        return Ok(name);
    }
    Err(CliError::user(format!("The name of the directory, '{name}', cannot be the name of a workflow"))
        .hint("a name begins with a letter and has letters, digits, - and _"))
}

/// Makes a file and the directories it is in; an existing file is never overwritten.
fn create(path: &Path, content: &str, mode: u32) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?.write_all(content.as_bytes())
}

fn example(name: &str) -> Result<&'static Example, String> {
    EXAMPLES
        .iter()
        .find(|example| example.name == name)
        .ok_or_else(|| "--type has an invalid value".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::context::tests::in_dir;
    use crate::cli::parse::tests::parsed;
    use std::os::unix::fs::PermissionsExt;

    fn init(dir: &Path, words: &str) -> (String, Result<Exit, String>) {
        let (context, captured) = in_dir(dir);
        let args: InitArgs = parsed(&DEFINITION, words).unwrap();
        let ended = run(&args, &context).map_err(|error| error.to_string());
        (captured.out(), ended)
    }

    #[test]
    fn projects_of_all_kinds_are_made() {
        let home = tempfile::tempdir().unwrap();
        for (kind, files) in [
            ("echo", &[][..]),
            ("sh", &["scripts/myscript.sh"]),
            ("ruby", &["scripts/myclass.rb"]),
            ("python", &["scripts/__init__.py", "scripts/myclass.py"]),
            (
                "postgresql",
                &[
                    "queries/create_src_table.sql",
                    "queries/insert_data_to_src_table.sql",
                    "queries/summarize_src_table.sql",
                ],
            ),
        ] {
            let (out, ended) = init(home.path(), &format!("-t {kind} p_{kind}"));
            assert_eq!(ended, Ok(Exit::Success));
            let dig = format!("p_{kind}.dig");
            let created: String = files
                .iter()
                .chain(&[dig.as_str(), ".gitignore"])
                .map(|file| format!("  Creating p_{kind}/{file}\n"))
                .collect();
            assert_eq!(
                out,
                format!(
                    "{created}Done. Type `cd p_{kind}` and then `dibble run {dig}` to run the workflow. Enjoy!\n"
                )
            );
        }
        let script = fs::metadata(home.path().join("p_sh/scripts/myscript.sh")).unwrap();
        assert_eq!(script.permissions().mode() & 0o100, 0o100);
    }

    #[test]
    fn the_current_directory_will_do() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("garden");
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join(".gitignore"), "mine\n").unwrap();
        let (out, _) = init(&dir, ".");
        assert_eq!(
            out,
            "  Creating ./garden.dig\nDone. Type `dibble run garden.dig` to run the workflow. Enjoy!\n"
        );
        assert_eq!(fs::read_to_string(dir.join(".gitignore")).unwrap(), "mine\n");

        let (out, _) = init(&dir, "-t td .");
        assert_eq!(out, "File ./garden.dig already exists.\n");
    }

    #[test]
    fn the_directory_must_be_named_like_a_workflow() {
        let home = tempfile::tempdir().unwrap();
        for name in ["1st", "a:b", "x/a+b", "ümlaut"] {
            let (out, ended) = init(home.path(), name);
            assert_eq!(out, "", "{name}");
            assert!(ended.unwrap_err().contains("cannot be the name of a workflow"), "{name}");
        }
        assert_eq!(
            parsed::<InitArgs>(&DEFINITION, "x -t nosuch").err().unwrap(),
            "--type has an invalid value"
        );
    }
}
