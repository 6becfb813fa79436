//! Input that nobody would write on purpose, or somebody would: every case ends with an error that names the file.

use crate::support::{Output, Project};
use std::time::{Duration, Instant};

/// Runs and checks the project; both must fail soon, with a short error that names `wf.dig`, and leave no state.
#[track_caller]
fn refused(content: impl AsRef<[u8]>) -> Output {
    let project = Project::new().file("wf.dig", content);
    let start = Instant::now();
    let checked = project.dibble(&["check"]).fails(1).says(&["wf.dig"]);
    let out = project.run(&[]).fails(1).says(&["wf.dig"]);
    assert!(start.elapsed() < Duration::from_secs(20), "it took {:?}", start.elapsed());
    assert!(checked.stderr.len() < 20_000 && out.stderr.len() < 20_000, "the error has no end");
    assert_eq!(out.operators(), [""; 0]);
    out
}

#[test]
fn a_binary_file() {
    let bytes: Vec<u8> = (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let _ = refused(bytes);
    let _ = refused(include_bytes!("../../Cargo.lock").iter().rev().copied().collect::<Vec<u8>>());
}

#[test]
fn ten_megabytes_of_brackets() {
    let _ = refused("[".repeat(10_000_000));
    let _ = refused("{a: ".repeat(2_500_000));
}

#[test]
fn ten_thousand_nested_groups() {
    let flow: String = "+a: {".repeat(10_000) + &"}".repeat(10_000);
    let _ = refused(flow);
    let block: String = (0..10_000).map(|depth| format!("{}+a:\n", " ".repeat(depth))).collect();
    let _ = refused(block);
}

#[test]
fn an_alias_bomb() {
    let mut bomb = String::from("_export:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let previous = format!("*a{}", level - 1);
        bomb.push_str(&format!("  a{level}: &a{level} [{}]\n", vec![previous; 10].join(", ")));
    }
    let _ = refused(bomb + "+a: {echo>: x}\n");
}

#[test]
fn a_long_merge_bomb() {
    let mut bomb = String::from("_export:\n  m0: &m0 {k: v}\n");
    for level in 1..30 {
        bomb.push_str(&format!("  m{level}: &m{level} {{x: *m{0}, y: *m{0}}}\n", level - 1));
    }
    let _ = refused(bomb + "+a: {echo>: x}\n");
}

#[test]
fn nul_bytes() {
    let _ = refused("+a:\n  echo>: x\0y\n");
    let _ = refused([0_u8; 4096]);
}

#[test]
fn invalid_utf_8() {
    let out = refused(b"+a:\n  echo>: caf\xe9\n");
    assert!(out.stderr.contains("UTF-8") || out.stderr.contains("wf.dig:2"), "{out}");
    let _ = refused(b"\xff\xfe+\0a\0:\0");
}

#[test]
fn a_directory_in_the_place_of_a_workflow() {
    let project = Project::new().file("wf.dig/file", "");
    let _ = project.run(&[]).fails(1).says(&["wf"]);
}

#[test]
fn an_unreadable_file() {
    let project = Project::new().dig("+a: {echo>: x}").unprivileged();
    project.chmod("wf.dig", 0o000);
    let _ = project.run(&[]).fails(1).says(&["wf.dig", "ermission denied"]);
    let _ = project.dibble(&["check"]).fails(1).says(&["wf.dig", "ermission denied"]);
}

#[test]
fn a_link_to_nowhere_or_to_itself() {
    let project = Project::new();
    std::os::unix::fs::symlink("nowhere", project.path("wf.dig")).unwrap();
    let _ = project.run(&[]).fails(1).says(&["wf"]);
    std::os::unix::fs::symlink("loop.dig", project.path("loop.dig")).unwrap();
    let _ = project.dibble(&["run", "loop"]).fails(1).says(&["loop"]);
}

/// Reading it would wait for ever.
#[test]
fn a_pipe_in_the_place_of_a_workflow() {
    let project = Project::new().dig("+a: {echo>: x}");
    nix::unistd::mkfifo(&project.path("pipe.dig"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let out = project.run(&[]);
    assert!(out.exit() == "0" || out.stderr.contains("pipe.dig"), "{out}");
}

#[test]
fn very_long_names_and_lines() {
    let name = "n".repeat(300);
    let _ = refused(format!("+{name}: {{echo>: x}}\n"));
    let out = Project::new()
        .file("wf.dig", format!("+a: {{echo>: '{}'}}\n", "y".repeat(1_000_000)))
        .run(&[])
        .success();
    assert_eq!(out.lines().concat().len(), 1_000_000);
}

#[test]
fn parameters_that_are_too_large_for_an_environment() {
    let out = Project::new()
        .file("wf.dig", format!("_export: {{big: '{}'}}\n+a: {{sh>: 'echo ran'}}\n", "y".repeat(3_000_000)))
        .run(&[])
        .fails(1);
    assert_eq!(out.failure().0, "+wf+a");
}

#[test]
fn output_nobody_reads_any_longer_is_no_panic() {
    let project = Project::new().dig("+a: {sh>: 'yes | head -n 200000'}");
    let out =
        project.shell("$DIBBLE run wf.dig --session 2026-01-02 | head -n 1; exit ${PIPESTATUS[1]}").success();
    assert!(!out.stderr.contains("panicked"), "{out}");
}

#[test]
fn deep_json_in_templates_is_no_crash() {
    let deep = "(function(){var a=[]; for (var i=0;i<100000;i++) a=[a]; return a})()";
    let out = Project::new().dig(&format!("+a: {{echo>: \"${{{deep}}}\"}}")).run(&[]);
    assert!(!out.exit().starts_with("signal"), "{out}");
    let recursion = "(function f(){return f()})()";
    let out = Project::new().dig(&format!("+a: {{echo>: \"${{{recursion}}}\"}}")).run(&[]).fails(1);
    assert_eq!(out.failure().0, "+wf+a");
}
