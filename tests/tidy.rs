//! Rules of the source tree that no compiler knows: layers, headers, words that must not be there, length of files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The layers, and what each may use. `engine` knows no SQL, thread or clock; operators never see the store.
const LAYERS: [(&str, &[&str]); 25] = [
    ("model", &[]),
    ("clock", &["model"]),
    ("init_process", &[]),
    ("crypto", &["model"]),
    ("dig", &["model"]),
    ("archive", &["model", "dig"]),
    ("engine", &["model", "dig"]),
    ("store", &["model", "dig", "engine"]),
    ("logs", &["model"]),
    ("confinement", &["model", "logs"]),
    ("project_files", &["model", "dig"]),
    ("proxy", &[]),
    ("notifications", &["model", "dig", "logs", "proxy"]),
    ("crontab", &["model", "dig"]),
    ("operators", &["confinement", "model", "dig", "logs", "project_files", "notifications"]),
    (
        "actions",
        &[
            "model",
            "dig",
            "archive",
            "crypto",
            "engine",
            "store",
            "operators",
            "notifications",
            "project_files",
            "clock",
            "logs",
        ],
    ),
    (
        "runner",
        &[
            "confinement",
            "model",
            "dig",
            "archive",
            "crypto",
            "engine",
            "store",
            "operators",
            "notifications",
            "actions",
            "clock",
            "logs",
        ],
    ),
    ("outbox", &["model", "store", "notifications", "runner", "clock", "logs"]),
    (
        "scheduler",
        &["model", "dig", "engine", "store", "actions", "runner", "notifications", "clock", "logs"],
    ),
    ("watch", &["model", "dig", "engine", "store", "actions", "runner", "clock", "logs", "project_files"]),
    ("housekeeping", &["model", "engine", "store", "actions", "runner", "notifications", "clock", "logs"]),
    (
        "server",
        &[
            "model",
            "dig",
            "archive",
            "crypto",
            "engine",
            "store",
            "actions",
            "runner",
            "scheduler",
            "watch",
            "housekeeping",
            "notifications",
            "clock",
            "logs",
        ],
    ),
    ("client", &["model", "proxy"]),
    ("secret_files", &["model"]),
    (
        "cli",
        &[
            "confinement",
            "model",
            "dig",
            "archive",
            "crypto",
            "engine",
            "store",
            "operators",
            "actions",
            "runner",
            "scheduler",
            "watch",
            "housekeeping",
            "notifications",
            "outbox",
            "crontab",
            "server",
            "client",
            "clock",
            "logs",
            "project_files",
            "secret_files",
        ],
    ),
];

/// Longest file, without its tests. More needs a reason in the header: a sentence with "long".
const MAX_LINES: usize = 400;

#[test]
fn layers_use_only_what_is_below_them() {
    let mut wrong = Vec::new();
    for file in sources("src") {
        let Some(layer) = file.layer() else { continue };
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
            wrong.push(format!("{}: a layer that LAYERS does not know", file.name));
            continue;
        };
        for (number, line) in file.code() {
            for used in used_layers(line) {
                if used != layer && !allowed.contains(&used) {
                    wrong.push(format!("{}:{number}: {layer} must not use {used}", file.name));
                }
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn main_only_calls() {
    let main = fs::read_to_string(root().join("src/main.rs")).unwrap();
    assert!(main.lines().count() <= 30, "src/main.rs has grown");
}

#[test]
fn files_say_what_they_are_for() {
    let without = |file: &Source| !file.text.starts_with("//! ");
    assert_none(&all_sources().filter(without).map(|file| file.name).collect::<Vec<_>>());
}

#[test]
fn files_are_short() {
    let long = |file: &Source| {
        let header: String = file.text.lines().take_while(|line| line.starts_with("//!")).collect();
        file.code().count() > MAX_LINES && !header.contains("long")
    };
    let named = |file: Source| format!("{}: {} lines", file.name, file.code().count());
    assert_none(&sources("src").into_iter().filter(long).map(named).collect::<Vec<_>>());
}

#[test]
fn forbidden_words() {
    // Taken apart, so that this file does not hold them.
    let calls = ["dbg\u{21}(", "todo\u{21}(", "unimplemented\u{21}("];
    let notes = ["TO\u{44}O", "FIX\u{4d}E"];
    let mut wrong = Vec::new();
    for file in all_sources() {
        let prints = file.name.starts_with("src/") && file.name != "src/cli/output.rs";
        for (number, line) in file.numbered_lines() {
            let comment = line.split_once("//").map_or("", |(_, comment)| comment);
            let found = calls.iter().find(|word| line.contains(*word));
            let found = found.or(notes.iter().find(|word| comment.contains(*word)));
            let printing =
                ["println!(", "eprintln!(", " print!(", "eprint!("].iter().find(|word| line.contains(*word));
            if let Some(word) = found.or(printing.filter(|_| prints)) {
                wrong.push(format!("{}:{number}: {word}", file.name));
            }
            if line.trim_start().starts_with("#[allow(") || line.trim_start().starts_with("#![allow(") {
                wrong.push(format!(
                    "{}:{number}: #[expect(..., reason = ...)] instead of #[allow]",
                    file.name
                ));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn imports_name_what_they_import() {
    let mut wrong = Vec::new();
    for file in all_sources() {
        for (number, line) in file.numbered_lines() {
            let line = line.trim();
            let import = line.starts_with("use ") || line.starts_with("pub use ");
            // Tests of a file see the whole file; macros of the property tests need their prelude.
            let usual = ["use super::*;", "use proptest::prelude::*;"].contains(&line);
            if import && line.contains("::*") && !usual {
                wrong.push(format!("{}:{number}: {line}", file.name));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn only_the_clock_reads_the_time() {
    let mut wrong = Vec::new();
    for file in sources("src").into_iter().filter(|file| file.name != "src/clock.rs") {
        for (number, line) in file.code() {
            if ["SystemTime::now", "Utc::now", "Local::now"].iter().any(|call| line.contains(call)) {
                wrong.push(format!("{}:{number}", file.name));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn sql_is_in_the_store_only() {
    let mut wrong = Vec::new();
    for file in sources("src").into_iter().filter(|file| file.layer().as_deref() != Some("store")) {
        for (number, line) in file.code() {
            if line.contains("rusqlite::") {
                wrong.push(format!("{}:{number}", file.name));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn every_test_file_is_part_of_the_tests() {
    let mut wrong = Vec::new();
    for file in sources("tests").into_iter().filter(|file| file.name != "tests/lib.rs") {
        let path = Path::new(&file.name);
        let is_mod = path.ends_with("mod.rs");
        let parent = if is_mod { path.parent().and_then(Path::parent) } else { path.parent() }.unwrap();
        let stem = if is_mod { path.parent().and_then(Path::file_name) } else { path.file_stem() };
        let stem = stem.unwrap().to_string_lossy();
        let list = if parent == Path::new("tests") { parent.join("lib.rs") } else { parent.join("mod.rs") };
        let list = fs::read_to_string(root().join(list)).unwrap_or_default();
        if !list.contains(&format!("mod {stem};")) {
            wrong.push(file.name);
        }
    }
    assert_none(&wrong);
}

/// A file of Rust.
struct Source {
    /// From the root of the repository.
    name: String,
    text: String,
}

impl Source {
    /// `engine` of `src/engine/tree.rs`; none for the files that belong to no layer.
    fn layer(&self) -> Option<String> {
        let path = self.name.strip_prefix("src/")?;
        let layer = path.split('/').next()?.trim_end_matches(".rs");
        (!["lib", "main"].contains(&layer)).then(|| layer.to_owned())
    }

    fn numbered_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// The lines before the tests, with their numbers. Files of tests have none.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let stem = Path::new(&self.name).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_test = ["/tests/", "/testing/"].iter().any(|folder| self.name.contains(folder))
            || stem.ends_with("_testing")
            || ["tests", "testing", "captured"].contains(&stem.as_str());
        // Tests with a file of their own are named before the code.
        let begins_tests = |line: &str, next: &str| line == "#[cfg(test)]" && next.ends_with('{');
        let next = self.text.lines().skip(1).chain([""]);
        let lines = self.text.lines().zip(next);
        let lines = lines.take_while(move |(line, next)| !is_test && !begins_tests(line, next));
        (1..).zip(lines.map(|(line, _)| line))
    }
}

/// `store` and `model` in `use crate::{store::Reader, model::Time}`.
fn used_layers(line: &str) -> Vec<&str> {
    let mut used = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        let names = rest.strip_prefix('{').map_or(vec![rest], |list| list.split(", ").collect());
        for name in names {
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
            if !line.trim_start().starts_with("//") && !line[..at].ends_with("pub(in ") {
                used.push(&name[..end]);
            }
        }
    }
    used
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn all_sources() -> impl Iterator<Item = Source> {
    ["src", "tests", "benches"].into_iter().flat_map(sources)
}

fn sources(directory: &str) -> Vec<Source> {
    let mut found = BTreeMap::new();
    collect(&root().join(directory), directory, &mut found);
    found.into_iter().map(|(name, text)| Source { name, text }).collect()
}

fn collect(directory: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = format!("{prefix}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &name, found);
        } else if name.ends_with(".rs") {
            found.insert(name, fs::read_to_string(entry.path()).expect("a source file"));
        }
    }
}

#[track_caller]
fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
