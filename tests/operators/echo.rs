//! `echo>`

use crate::support::Project;

#[test]
fn it_prints_its_text() {
    let out = Project::new()
        .dig("+a: {echo>: 'hi ${session_date}'}\n+b: {echo>: ''}\n+c: {echo>: 12.50}")
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["hi 2026-01-02", "", "12.5"]);
}

#[test]
fn what_is_no_text_is_refused() {
    let cases = [
        ("{echo>: {a: 1}}", "Expected string type for key '_command' but got {\"a\":1} (object)"),
        ("{echo>: [1]}", "Expected string type for key '_command' but got [1] (array)"),
        ("{echo>: null}", "Parameter '_command' is required but not set"),
    ];
    for (task, message) in cases {
        let out = Project::new().dig(&format!("+a: {task}")).run(&[]).fails(1);
        assert!(out.failure().1.starts_with(message), "{out}");
    }
}
