//! What the documents promise: commands that exist, tests that exist, links that lead somewhere.

use crate::support::Project;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn document(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Command lines of the README's blocks: `$ dibble run hello.dig`.
fn commands() -> Vec<Vec<String>> {
    let readme = document("README.md");
    let lines = readme.lines().filter_map(|line| line.trim().strip_prefix("$ dibble "));
    let words = |line: &str| {
        let mut words: Vec<String> = Vec::new();
        for (part, quoted) in line.split('"').zip([false, true].into_iter().cycle()) {
            match quoted {
                true => words.push(part.to_owned()),
                false => words.extend(part.split_whitespace().map(str::to_owned)),
            }
        }
        words
    };
    lines.map(words).collect()
}

/// With `DIBBLE_UPDATE_README=1` the outputs are written into the README instead of being compared.
#[test]
fn the_tour_works_word_for_word() {
    let readme = document("README.md");
    let project = Project::new();
    let blocks: Vec<String> = readme.split("```").map(|block| shown(&project, block)).collect();
    let actual = blocks.join("```");
    if std::env::var_os("DIBBLE_UPDATE_README").is_some() {
        fs::write(root().join("README.md"), actual).expect("README.md can be written");
        return;
    }
    let differ = |(left, right): &(&str, &str)| left != right;
    let first = readme.lines().zip(actual.lines()).find(differ);
    assert!(readme == actual, "expected in README.md and printed: {first:#?}");
}

/// The block with what its commands print now. A file (`yaml`, `crontab`) is written into the project.
fn shown(project: &Project, block: &str) -> String {
    let file = block.strip_prefix("yaml\n# ").or_else(|| block.strip_prefix("crontab\n# "));
    if let Some((name, content)) = file.and_then(|block| block.split_once('\n')) {
        let text = format!("# {name}\n{content}");
        fs::write(project.path(name.trim()), text).expect("a file of the tour");
    }
    let Some(session) = block.strip_prefix("console\n") else { return block.to_owned() };
    let mut text = String::from("console\n");
    for command in session.lines().filter(|line| line.starts_with("$ ")) {
        let out = project.shell(&format!("{} 2>&1", command[2..].replacen("dibble", "$DIBBLE", 1)));
        let version = concat!("v", env!("CARGO_PKG_VERSION"));
        let printed = out.to_string().replace("vVERSION", version).replace("$PROJECT", "/home/me/hello");
        let printed = printed.replace("(....@", "(0001@");
        text.push_str(command);
        text.push('\n');
        text.push_str(printed.split("[exit status").next().unwrap_or_default());
    }
    text
}

#[test]
fn commands_and_options_of_the_readme_exist() {
    let found = commands();
    assert!(found.len() >= 5, "{found:?}");
    for command in found {
        let help = Project::new().dibble(&[&command[0], "--help"]).success();
        let help = format!("{help}");
        for option in command.iter().filter(|word| word.starts_with("--")) {
            assert!(help.contains(option.as_str()), "{command:?}: {option} is not in its usage");
        }
    }
}

#[test]
fn configurations_of_the_readme_are_accepted() {
    let readme = document("README.md");
    let blocks: Vec<&str> = readme.split("```properties\n").skip(1).collect();
    assert!(blocks.len() >= 3, "found {}", blocks.len());
    for block in blocks {
        let text = block.split("```").next().unwrap();
        let project = Project::new().file("s.properties", text);
        let _ = project.dibble(&["service", "install", "--print", "-c", "s.properties"]).success();
    }
}

#[test]
fn every_difference_names_its_test() {
    let readme = document("README.md");
    let (_, section) = readme.split_once("## Differences from Digdag").expect("the section");
    let rows: Vec<&str> =
        section.lines().filter(|line| line.starts_with("| ") && line.contains("::")).collect();
    assert!(rows.len() >= 8, "{rows:?}");
    for row in rows {
        let test = row.split('`').find(|text| text.contains("::") && !text.contains(' ')).expect("a test");
        let parts: Vec<&str> = test.split("::").collect();
        let (name, modules) = parts.split_last().expect("a name");
        let path = modules.join("/");
        let mut files = ["tests", "src"]
            .into_iter()
            .flat_map(|tree| [format!("{tree}/{path}.rs"), format!("{tree}/{path}/mod.rs")])
            .filter(|file| root().join(file).exists());
        let found = files.any(|file| document(&file).contains(&format!("fn {name}(")));
        assert!(found, "{test}: no such test");
    }
}

#[test]
fn links_lead_somewhere() {
    for name in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "samples/README.md"] {
        let text = document(name);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            let here = root().join(name);
            let there = here.parent().unwrap_or(Path::new("")).join(path);
            assert!(target.starts_with("http") || path.is_empty() || there.exists(), "{name}: {target}");
        }
    }
}

#[test]
fn the_architecture_names_every_layer() {
    let text = document("ARCHITECTURE.md");
    for entry in fs::read_dir(root().join("src")).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(text.contains(&name), "ARCHITECTURE.md does not speak of src/{name}");
    }
}
