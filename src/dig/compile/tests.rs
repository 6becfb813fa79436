//! Tests of the compiler: plans as text, and every message.

use super::*;
use crate::dig::yaml::{IncludeError, read};

/// Parses YAML and compiles it as the workflow `wf`: one line for each task, or the errors with their paths.
fn plan(text: &str) -> String {
    let tree = read("wf.dig", text.into(), &|_| Err(IncludeError::NotFound)).unwrap();
    shown(compile("+wf", &tree.root.to_params()))
}

fn shown(result: Result<Plan, Vec<CompileError>>) -> String {
    let lines: Vec<String> = match result {
        Ok(plan) => plan.tasks.iter().map(|task| line(task, &plan)).collect(),
        Err(errors) => {
            errors.iter().map(|error| format!("{} at {}", error.kind, error.path.join(" "))).collect()
        }
    };
    lines.join("\n")
}

/// `+wf+a group <- +wf+b {"local":1} export {"x":1}`
fn line(task: &PlannedTask, plan: &Plan) -> String {
    let kind = match task.kind {
        TaskKind::Group => " group",
        TaskKind::Operator => "",
    };
    let names: Vec<_> = task.upstreams.iter().map(|&index| plan.tasks[index].full_name.as_str()).collect();
    let upstreams = if names.is_empty() { String::new() } else { format!(" <- {}", names.join(" ")) };
    let object = |words: &str, params: &Params| match params.is_empty() {
        true => String::new(),
        false => format!(" {words}{}", Value::Object(params.clone())),
    };
    let local = object("", &task.config.local);
    format!("{}{kind}{upstreams}{local}{}", task.full_name, object("export ", &task.config.export))
}

fn messages(text: &str) -> Vec<String> {
    plan(text).lines().map(|line| line.split(" at ").next().unwrap().to_owned()).collect()
}

#[test]
fn tasks_follow_each_other_in_the_order_of_the_text() {
    insta::assert_snapshot!(
        plan("_export: {x: 1}\n_retry: 2\n+b: {sh>: b, _export: {y: 2}}\n+a:\n  +c: {sh>: c}\n  +d: {}\n+e: {_type: sh}"),
        @r#"
    +wf group {"_retry":2} export {"x":1}
    +wf+b {"sh>":"b"} export {"y":2}
    +wf+a group <- +wf+b
    +wf+a+c {"sh>":"c"}
    +wf+a+d group <- +wf+a+c
    +wf+e <- +wf+a {"_type":"sh"}
    "#
    );
}

#[test]
fn parents_come_before_children() {
    let tree = read("w", "+a: {+b: {sh>: 1}}\n+c: {}".into(), &|_| Err(IncludeError::NotFound)).unwrap();
    let plan = compile("+wf", &tree.root.to_params()).unwrap();
    assert_eq!(
        plan.tasks.iter().map(|task| task.parent).collect::<Vec<_>>(),
        [None, Some(0), Some(1), Some(0)]
    );
}

#[test]
fn background_tasks_wait_for_nothing_and_join_the_barrier() {
    insta::assert_snapshot!(
        plan("+a: {sh>: 1}\n+b: {sh>: 1}\n+c: {sh>: 1, _background: true}\n+d: {sh>: 1}\n+e: {sh>: 1, _background: 'false'}"),
        @r#"
    +wf group
    +wf+a {"sh>":1}
    +wf+b <- +wf+a {"sh>":1}
    +wf+c {"sh>":1}
    +wf+d <- +wf+b +wf+c {"sh>":1}
    +wf+e <- +wf+d {"sh>":1}
    "#
    );
}

#[test]
fn parallel_tasks_wait_for_what_they_name() {
    insta::assert_snapshot!(
        plan("_parallel: true\n+a: {sh>: 1}\n+b: {sh>: 1}\n+c: {sh>: 1, _after: [+b, +a, +b]}\n+d: {_after: null}"),
        @r#"
    +wf group {"_parallel":true}
    +wf+a {"sh>":1}
    +wf+b {"sh>":1}
    +wf+c <- +wf+b +wf+a {"sh>":1}
    +wf+d group
    "#
    );
}

#[test]
fn a_limit_makes_chunks() {
    insta::assert_snapshot!(
        plan("_parallel: {limit: 2}\n+a: {}\n+b: {}\n+c: {}\n+d: {_after: [+c, +a]}\n+e: {}"),
        @r#"
    +wf group {"_parallel":{"limit":2}}
    +wf+a group
    +wf+b group
    +wf+c group <- +wf+a +wf+b
    +wf+d group <- +wf+c +wf+a +wf+b
    +wf+e group <- +wf+c +wf+d
    "#
    );
    for unlimited in ["{limit: 0}", "{limit: -1}", "'true'"] {
        assert!(!plan(&format!("_parallel: {unlimited}\n+a: {{}}\n+b: {{}}")).contains("<-"), "{unlimited}");
    }
    assert!(plan("_parallel: 'false'\n+a: {}\n+b: {}").contains("+wf+b group <- +wf+a"));
    assert!(plan("_parallel: {limit: '1'}\n+a: {}\n+b: {}").contains("+wf+b group <- +wf+a"));
}

#[test]
fn lists_are_tasks_too() {
    insta::assert_snapshot!(
        plan("+a:\n- +x: {sh>: 1}\n- {+y: {sh>: 2}, _parallel: true}\n- +x: {sh>: 3}\n+b: []"),
        @r#"
    +wf group
    +wf+a group {"_parallel":true}
    +wf+a+x {"sh>":3}
    +wf+a+y {"sh>":2}
    +wf+b group <- +wf+a
    "#
    );
}

#[test]
fn disabled_tasks_are_empty_groups() {
    insta::assert_snapshot!(
        plan("+a: {_disable: true, sh>: 1, foo: 1, _background: true}\n+b: {_disable: 'true', +c: {bad: 1}}\n+d: {_disable: false, sh>: 1}"),
        @r#"
    +wf group
    +wf+a group {"_disable":true}
    +wf+b group <- +wf+a {"_disable":true}
    +wf+d <- +wf+b {"_disable":false,"sh>":1}
    "#
    );
}

#[test]
fn groups_and_operators_keep_their_own_keys() {
    insta::assert_snapshot!(
        plan("+g: {timezone: x, schedule: {}, sla: {}, _secrets: {}, _check: 5, _error: {sh>: 1}, _after: 1, +a: {_type: sh, echo>: b, '>': 1}}"),
        @r#"
    A task can't have more than one operator: {"_type":"sh","echo>":"b",">":1} at +g +a >
    Setting "_after" option is invalid if its parent task doesn't have "_parallel: true" option at +g _after
    "#
    );
    insta::assert_snapshot!(
        plan("+g: {timezone: x, schedule: {}, sla: {}, _secrets: {}, _check: 5, _error: {sh>: 1}, +a: {_type: sh, echo>: b}}"),
        @r#"
    +wf group
    +wf+g group {"timezone":"x","schedule":{},"sla":{},"_secrets":{},"_check":5,"_error":{"sh>":1}}
    +wf+g+a {"_type":"sh","echo>":"b"}
    "#
    );
}

#[test]
fn errors() {
    for (text, message) in [
        ("+a: {echo>: x, sh>: y}", r#"A task can't have more than one operator: {"echo>":"x","sh>":"y"}"#),
        ("+a: {echo>: x, +b: {}}", r#"A task can't have subtasks: {"echo>":"x"}"#),
        ("+a: {foo: 1}", r#"+wf+a contains invalid keys: 'foo': "{"foo":1}""#),
        (
            "+a: {foo: 1, _retr: 2}",
            r#"+wf+a contains invalid keys: 'foo', '_retr' (did you mean [_retry, _after, _error, _secrets]?): "{"foo":1,"_retr":2}""#,
        ),
        ("+a: null", "Parameter '+a' must be an object or array of objects"),
        ("+a: str", "Parameter '+a' must be an object or array of objects"),
        ("+a: [1, 2]", "Expected object but got 1"),
        ("+a b: {echo>: x}", r#"name must not contain character ' ': "+a b""#),
        ("+a+b: {echo>: x}", r#"name must not contain character '+': "+a+b""#),
        ("+日本: {echo>: x}", r#"name must not contain character '日': "+日本""#),
        ("_parallel: {}", "Parameter 'limit' is required but not set"),
        ("_parallel: {limit: null}", "Parameter 'limit' is required but null"),
        ("_parallel: {limit: x}", r#"Expected integer (int) type for key 'limit' but got "x" (string)"#),
        (
            "_parallel: {limit: 3000000000}",
            "Expected integer (int) type for key 'limit' but got 3000000000 (number)",
        ),
        ("_parallel: 5", "Invalid _parallel format: 5"),
        ("_parallel: null", "Invalid _parallel format: null"),
        ("_parallel: [1]", "Invalid _parallel format: [1]"),
        ("_parallel: '${x}'", r#"Expected 'true' or 'false' for key '_parallel' but got "${x}" (string)"#),
        (
            "+a: {_disable: '${x}', sh>: x}",
            r#"Expected 'true' or 'false' for key '_disable' but got "${x}" (string)"#,
        ),
        ("_error: x", "Parameter '_error' must be an object"),
        ("_error: {echo>: 1, sh>: 2}", r#"A task can't have more than one operator: {"echo>":1,"sh>":2}"#),
        ("_error: {foo: 2}", r#"+wf^error contains invalid keys: 'foo': "{"foo":2}""#),
        ("+a: {_export: 5, sh>: 1}", "Parameter '_export' must be an object"),
        (
            "+a: {_after: [+b]}",
            r#"Setting "_after" option is invalid if its parent task doesn't have "_parallel: true" option"#,
        ),
        (
            "_parallel: true\n+a: {_background: true}",
            r#"Setting "_background: true" option is invalid (unnecessary) if its parent task has "_parallel: true" option"#,
        ),
        ("_parallel: true\n+a: {_after: [+b]}\n+b: {}", "Dependency task '+b' does not exist"),
        (
            "_parallel: true\n+a: {_after: +b}",
            r#"Expected array type for key '_after' but got "+b" (string)"#,
        ),
        (
            "+a: {_background: maybe}",
            r#"Expected 'true' or 'false' for key '_background' but got "maybe" (string)"#,
        ),
    ] {
        assert_eq!(messages(text), [message], "{text}");
    }
}

#[test]
fn some_oddities_are_fine() {
    for text in [
        "{}",
        "_error: {}",
        "_error: null",
        "_export: null",
        "+a: {_check: {echo>: 1, sh>: 2}, sh>: 1}",
        "+1a^b: {}",
        "+: {}",
    ] {
        assert!(plan(text).starts_with("+wf group"), "{text}: {}", plan(text));
    }
}

#[test]
fn all_errors_are_found_with_their_paths() {
    insta::assert_snapshot!(
        plan("+a: {foo: 1}\n+b:\n  _parallel: x\n  +c: 5\n  +d: {sh>: 1, +e: {}}\n  _error:\n    +f: {+g: 1}\n"),
        @r#"
    +wf+a contains invalid keys: 'foo': "{"foo":1}" at +a foo
    Parameter '+c' must be an object or array of objects at +b +c
    A task can't have subtasks: {"sh>":1} at +b +d +e
    Expected 'true' or 'false' for key '_parallel' but got "x" (string) at +b _parallel
    Parameter '+g' must be an object or array of objects at +b _error +f +g
    "#
    );
}

#[test]
fn hints() {
    let hint = |text: &str| {
        let tree = read("wf.dig", text.into(), &|_| Err(IncludeError::NotFound)).unwrap();
        compile("+wf", &tree.root.to_params()).unwrap_err()[0].hint.clone().unwrap_or_default()
    };
    assert_eq!(hint("+a: {_retr: 1}"), "did you mean `_retry`?");
    assert_eq!(hint("+a: {echo: hi}"), "a task needs an operator, whose key ends with `>`: `echo>`");
    assert_eq!(hint("+a: {prepare: {}}"), "the name of a task begins with `+`: `+prepare`");
    assert_eq!(
        hint("_parallel: true\n+a: {_after: [+b]}\n+b: {}"),
        "`+b` stands later; `_after` can only name tasks above its own"
    );
    assert_eq!(hint("_parallel: true\n+a: {}\n+b: {_after: [a]}"), "did you mean `+a`?");
    assert_eq!(hint("_parallel: true\n+a: {_after: [+a]}"), "a task cannot wait for itself");
}

#[test]
fn generated_tasks_can_be_operators_at_their_root() {
    let params =
        |text: &str| read("x", text.into(), &|_| Err(IncludeError::NotFound)).unwrap().root.to_params();
    insta::assert_snapshot!(
        shown(compile_sub("+wf+a", "^check", &params("echo>: x\n_error: {sh>: y}"))),
        @r#"+wf+a^check {"echo>":"x","_error":{"sh>":"y"}}"#
    );
    insta::assert_snapshot!(
        shown(compile_sub("+wf+a", "^sub", &params("_parallel: true\n+loop-0: {+x: {sh>: y}, _export: {i: 0}}"))),
        @r#"
    +wf+a^sub group {"_parallel":true}
    +wf+a^sub+loop-0 group export {"i":0}
    +wf+a^sub+loop-0+x {"sh>":"y"}
    "#
    );
    assert_eq!(shown(compile("+a b", &Params::new())), r#"name must not contain character ' ': "+a b" at "#);
}

#[test]
fn deep_tasks_are_an_error() {
    let mut config = Params::new();
    for _ in 0..10_000 {
        config = Params::from_iter([("+g".to_owned(), Value::Object(config))]);
    }
    let errors = compile("+wf", &config).unwrap_err();
    assert_eq!(errors[0].kind, TaskError::TooDeep);
    // Dropping it would recurse as deep as it is nested.
    std::mem::forget(config);
}
