//! What the real Digdag did with our workflows and commands, and whether Dibble does the same where it counts: exit
//! code, operators, task output, skipped and failed tasks, session times, what `check` shows. Wording does not count.
//!
//! A case (`cases/<family>/<case>.json`) has `input` files, `steps` (commands with what Digdag printed) and `files` left
//! behind. `<CWD>`, `<HOME>`, `<NOW>`, `<THR>`, `<UUID>`, `<RUNNER>` and `<STACKTRACE>` stand for what varies.
//! `cases/deviations.toml` and `deviations.toml` list the deliberate differences.

mod deviations;
mod moment;
mod outcome;

use crate::support::{Output, Project};
use deviations::Deviation;
use outcome::{Difference, Outcome, Reader};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, Deserialize)]
struct Case {
    tz: String,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    needs: Vec<String>,
    input: BTreeMap<String, Input>,
    steps: Vec<Step>,
    #[serde(default)]
    files: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct Input {
    text: Option<String>,
    base64: Option<String>,
    #[serde(default)]
    mode: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Step {
    args: Option<Vec<String>>,
    shell: Option<String>,
    exit: i32,
    recorded_at: Option<String>,
    stdout: String,
    stderr: String,
}

/// One test for every directory of `cases`.
macro_rules! families {
    ($($family:ident = $directory:literal),* $(,)?) => {
        $(#[test] fn $family() { run_family($directory); })*

        #[test]
        fn every_family_is_run() {
            let mut listed = vec![$($directory),*];
            listed.sort_unstable();
            assert_eq!(names(&root()).into_iter().filter(|name| !name.contains('.')).collect::<Vec<_>>(), listed);
        }
    };
}

families! {
    call = "call", check = "check", cli = "cli", echo = "echo", error = "error", export = "export",
    for_each = "for_each", if_ = "if", include = "include", js = "js", names_ = "names", parallel = "parallel",
    retry = "retry", run = "run", schedules = "schedules", scripts = "scripts", secrets = "secrets", tasks = "tasks",
    yaml = "yaml",
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/cases")
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory of recordings");
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().expect("a plain name")).collect();
    names.sort();
    names
}

fn run_family(family: &str) {
    let deviations = deviations::load();
    let mut failed = Vec::new();
    for name in names(&root().join(family)) {
        let name = format!("{family}/{}", name.trim_end_matches(".json"));
        let text = fs::read_to_string(root().join(format!("{name}.json"))).unwrap();
        let case: Case = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let differences = run_case(&name, &case);
        let meant: Vec<&Deviation> = deviations.iter().filter(|deviation| deviation.case == name).collect();
        let unmeant =
            |(step, difference): &&(usize, Difference)| !meant.iter().any(|d| d.covers(*step, difference));
        if let Some((step, Difference { aspect, detail, .. })) = differences.iter().find(unmeant) {
            failed.push(format!("{name} step {step}: {aspect}: {detail}"));
        }
    }
    assert!(failed.is_empty(), "\n{}\n", failed.join("\n"));
}

/// Runs all steps in a fresh project.
fn run_case(name: &str, case: &Case) -> Vec<(usize, Difference)> {
    for program in &case.needs {
        let there = Project::new().shell(&format!("command -v {program}"));
        assert_eq!(there.exit(), "0", "{name} needs {program}; tests/run installs it");
    }
    let mut project =
        case.env.iter().fold(project_with(case), |project, (name, value)| project.env(name, value));
    let reader = Reader::new(case.input.iter().map(|(path, input)| (path.as_str(), input.text.as_deref())));
    let mut differences = Vec::new();
    for (step, number) in case.steps.iter().zip(1..) {
        // What `check` says about schedules depends on the time, so it is asked at the time of the recording.
        project = match (&step.recorded_at, command(step)) {
            (Some(time), "check") => project.clock(time),
            _ => project.moving_clock(),
        };
        let out = run_step(&project, step);
        let command = command(step);
        let expected = reader.read(command, step.exit.to_string(), &step.stdout, &step.stderr);
        let actual =
            reader.read(command, out.exit(), &normal(&project, &out.stdout), &normal(&project, &out.stderr));
        differences
            .extend(expected.compare(&actual, command).into_iter().map(|difference| (number, difference)));
    }
    for (path, expected) in &case.files {
        let actual = fs::read_to_string(project.path(path)).unwrap_or_default();
        if normal(&project, &actual).trim() != expected.trim() {
            let detail = format!("{path}: {expected:?} expected, got {actual:?}");
            differences.push((case.steps.len(), Difference::new("files", detail, &Outcome::default())));
        }
    }
    differences
}

fn project_with(case: &Case) -> Project {
    let mut project = Project::new().env("TZ", &case.tz).env("USER", "tester");
    for (path, input) in &case.input {
        let bytes = match (&input.text, &input.base64) {
            (Some(text), _) => text.clone().into_bytes(),
            (None, Some(encoded)) => decode(encoded),
            (None, None) => Vec::new(),
        };
        project = project.file(path, bytes);
        let mode = input.mode.as_deref().and_then(|mode| u32::from_str_radix(mode, 8).ok());
        project.chmod(path, mode.unwrap_or(0o644));
    }
    project
}

fn decode(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}

fn command(step: &Step) -> &str {
    let from_args = step.args.as_ref().and_then(|args| args.first()).map(String::as_str);
    let from_shell = || {
        let (_, rest) = step.shell.as_deref()?.split_once("$DIBBLE ")?;
        rest.split_whitespace().next()
    };
    match from_args.or_else(from_shell).unwrap_or("shell") {
        "r" => "run",
        "c" => "check",
        other => other,
    }
}

fn run_step(project: &Project, step: &Step) -> Output {
    let here = |text: &str| text.replace("<CWD>", &project.dir().to_string_lossy());
    match (&step.args, &step.shell) {
        (Some(args), _) => {
            let args: Vec<String> = args.iter().map(|arg| here(arg)).collect();
            project.dibble(&args.iter().map(String::as_str).collect::<Vec<_>>())
        }
        (None, shell) => project.shell(&here(shell.as_deref().unwrap_or_default())),
    }
}

/// Puts tokens in the place of what varies.
fn normal(project: &Project, text: &str) -> String {
    let text = text.replace(&*project.dir().to_string_lossy(), "<CWD>");
    let text = text.replace(&*project.home().to_string_lossy(), "<HOME>");
    let runner = |word: &str| {
        word.contains("tmp")
            && ["/runner.sh", "/runner.py", "/runner.rb"].iter().any(|end| word.ends_with(end))
    };
    text.split_inclusive([' ', '\n', '"', '\'', '`', ':'])
        .map(|word| {
            let bare = word.trim_end_matches([' ', '\n', '"', '\'', '`', ':']);
            if runner(bare) { word.replacen(bare, "<RUNNER>", 1) } else { word.to_owned() }
        })
        .collect()
}
