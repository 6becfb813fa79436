//! Tests of errors and their renderings.

use crate::dig::{IncludeError, load_workflow};
use std::time::{Duration, Instant};

fn rendered(text: impl Into<Vec<u8>>) -> String {
    let result = load_workflow("wf", "wf.dig", text.into(), &|_| Err(IncludeError::NotFound), &[]);
    result.unwrap_err().render(false)
}

#[test]
fn the_line_has_a_caret() {
    insta::assert_snapshot!(rendered("+a:\n  echo>: 1\n+b:\n  +c:\n    _retr: 3\n    +d: {sh>: x}\n"), @r#"
    error: +wf+b+c contains invalid keys: '_retr' (did you mean [_retry, _after, _error, _secrets]?): "{"_retr":3}"
     --> wf.dig:5:5
      |
    5 |     _retr: 3
      |     ^^^^^
      |
      = help: did you mean `_retry`?
    "#);
    insta::assert_snapshot!(rendered("timezone: UTC\n+a:\n  echo>: 1\n+a:\n  echo>: 2\n"), @r#"
    error: Duplicated keys: [+a]
     --> wf.dig:4:1
      |
    2 | +a:
      | -- first here
    3 |   echo>: 1
    4 | +a:
      | ^^
    "#);
    insta::assert_snapshot!(rendered("timezone: Asia/Tokio\n+a: {}\n"), @r#"
    error: Expected a time zone for key 'timezone' but got "Asia/Tokio" (string)
     --> wf.dig:1:11
      |
    1 | timezone: Asia/Tokio
      |           ^^^^^^^^^^
      |
      = note: Unknown time zone name: Asia/Tokio
      = help: did you mean `Asia/Tokyo`?
    "#);
    insta::assert_snapshot!(rendered("+a:\n\tsh>: x\n"), @r#"
    error: tabs disallowed within this context (block indentation)
     --> wf.dig:2:2
      |
    2 |     sh>: x
      |     ^
      |
      = help: indent with spaces, not with tabs
    "#);
    insta::assert_snapshot!(rendered(""), @r#"
    error: Expected object to load Config but got null
     --> wf.dig:1:1
      |
    1 |
      | ^
      |
      = help: the file is empty
    "#);
    insta::assert_snapshot!(rendered("!include : x.dig\n"), @r#"
    error: x.dig (no such file)
     --> wf.dig:1:12
      |
    1 | !include : x.dig
      |            ^^^^^
    "#);
}

#[test]
fn all_problems_are_shown_in_the_order_of_the_text() {
    insta::assert_snapshot!(rendered("+a: null\nfoo: 1\nschedul: {}\n+b c:\n  sh>: x\n"), @r#"
    error: Parameter '+a' is required but null
     --> wf.dig:1:1
      |
    1 | +a: null
      | ^^
      |
      = help: an empty task is written `+a: {}`

    error: Workflow 'wf' includes unknown keys: [foo, schedul]
     --> wf.dig:2:1
      |
    2 | foo: 1
      | ^^^
    3 | schedul: {}
      | ------- unknown too

    error: task name must not contain character ' ': "+b c"
     --> wf.dig:4:1
      |
    4 | +b c:
      | ^^^^
    "#);
}

#[test]
fn carets_stand_right_in_wide_text() {
    insta::assert_snapshot!(rendered("+日本語: {sh>: x}\n"), @r#"
    error: task name must not contain character '日': "+日本語"
     --> wf.dig:1:1
      |
    1 | +日本語: {sh>: x}
      | ^^^^^^^
    "#);
    insta::assert_snapshot!(rendered("+a: {sh>: 日本, +é: {}}\n"), @r#"
    error: A task can't have subtasks: {"sh>":"日本"}
     --> wf.dig:1:15
      |
    1 | +a: {sh>: 日本, +é: {}}
      |                 ^^
    "#);
}

#[test]
fn crlf_does_not_show() {
    assert_eq!(rendered("+a:\r\n  foo: 1\r\n"), rendered("+a:\n  foo: 1\n"));
}

#[test]
fn far_places_are_named() {
    insta::assert_snapshot!(rendered(format!("a: 1\n{}a: 2\n", "\n".repeat(500))), @r#"
    error: Duplicated keys: [a]
       --> wf.dig:502:1
        |
    502 | a: 2
        | ^
        |
        = note: first here: wf.dig:1:1
    "#);
}

#[test]
fn long_lines_are_cut_around_the_caret() {
    insta::assert_snapshot!(rendered(format!("+a: {{x: {}, x: {}}}\n", "p".repeat(5000), "q".repeat(5000))), @r#"
    error: Duplicated keys: [x]
     --> wf.dig:1:5011
      |
    1 | ...pppppppppppppppppppppppppppppppppppppppppppppppppppppppppp, x: qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq...
      |                                                                ^
      |
      = note: first here: wf.dig:1:6
    "#);
    insta::assert_snapshot!(rendered(format!("+a: [{}", "日".repeat(3000))), @r#"
    error: unclosed bracket '['
     --> wf.dig:1:5
      |
    1 | +a: [日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日...
      |     ^
    "#);
}

#[test]
fn binary_text_is_harmless() {
    insta::assert_snapshot!(rendered(b"\x7fELF\x02\x01\x01\0\0\0 \x1b[31m\xff\xfe\n".as_slice()), @r#"
    error: the file is not UTF-8 text
     --> wf.dig:1:17
      |
    1 | ␡ELF␂␁␁␀␀␀ ␛[31m��
      |                 ^
    "#);
    insta::assert_snapshot!(rendered(b"a: \x1b[31mred\x07\n".as_slice()), @r#"
    error: unacceptable character '\u{1b}' (0x1b) special characters are not allowed
     --> wf.dig:1:4
      |
    1 | a: ␛[31mred␇
      |    ^
    "#);
}

#[test]
fn huge_texts_are_rendered_fast() {
    let start = Instant::now();
    let long = rendered("[".repeat(10_000_000));
    assert!(long.len() < 1000, "{long}");
    rendered(format!("+a: {{foo: {}}}", "x".repeat(1_000_000)));
    assert!(start.elapsed() < Duration::from_secs(3), "took {:?}", start.elapsed());
}

#[test]
fn colour_is_only_added() {
    let error =
        load_workflow("wf", "wf.dig", "foo: 1".into(), &|_| Err(IncludeError::NotFound), &[]).unwrap_err();
    let coloured = error.render(true);
    assert!(coloured.contains("\u{1b}[") && !error.render(false).contains('\u{1b}'));
}
