//! `dibble run` on a terminal: colours, the tasks that run, and a table at the end.

use crate::support::{Project, without_escapes};

const DIG: &str = "
    +a: {echo>: hello}
    +g:
      +b: {sh>: 'echo from b; sleep 0.3'}
      +c: {sh>: 'echo the cause >&2; exit 3'}
    +d: {echo>: never}
";

#[test]
fn it_has_colours_and_a_closing_table() {
    let project = Project::new().moving_clock().dig(DIG);
    let (raw, exit) = project.on_terminal(&["run", "wf.dig", "--session", "2026-01-02"]);
    let text = without_escapes(&raw);
    assert_eq!(exit, 1, "{text}");
    assert!(raw.contains("\u{1b}["), "it has no colours:\n{text}");
    let table: Vec<&str> =
        text.lines().filter(|line| line.contains("+g+b") || line.contains("+g+c")).collect();
    assert!(table.iter().any(|line| line.contains("success")), "{text}");
    assert!(table.iter().any(|line| line.contains("error")), "{text}");
    assert!(text.contains("hello") && text.contains("from b"), "{text}");
}

/// The last lines that the failed task printed stand beside its error, so that nobody has to scroll.
#[test]
fn a_failed_tasks_last_words_are_shown_with_the_error() {
    let project = Project::new().moving_clock().dig(DIG);
    let (raw, _) = project.on_terminal(&["run", "wf.dig", "--session", "2026-01-02"]);
    let text = without_escapes(&raw);
    let (_, error) = text.split_once("error:").unwrap_or_else(|| panic!("no error:\n{text}"));
    assert!(error.contains("Command failed with code 3") && error.contains("the cause"), "{text}");
}

#[test]
fn without_a_terminal_there_are_no_escapes() {
    let out = Project::new().moving_clock().dig(DIG).run(&[]).fails(1);
    assert!(!out.stdout.contains('\u{1b}') && !out.stderr.contains('\u{1b}'), "{out}");
}

#[test]
fn no_color_is_respected() {
    let project = Project::new().moving_clock().env("NO_COLOR", "1").dig("+a: {echo>: hello}");
    let (raw, exit) = project.on_terminal(&["run", "wf.dig", "--session", "2026-01-02"]);
    assert_eq!(exit, 0);
    assert!(!raw.contains("\u{1b}[3"), "{raw:?}");
}
