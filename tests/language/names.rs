//! What tasks and workflows may be called, and the keys they may have.

use crate::support::Project;

#[test]
fn odd_names_that_digdag_takes() {
    let dig = "+1a: {echo>: a}\n+a-b_c=d: {echo>: b}\n+e[f]: {echo>: c}\n+g%h&i@j: {echo>: d}\n+k,l.m: {echo>: e}\n";
    let out = Project::new().file("wf.dig", dig).run(&[]).success();
    assert_eq!(out.lines(), ["a", "b", "c", "d", "e"]);
}

#[test]
fn names_that_digdag_refuses() {
    for name in ["'+a b'", "+a+b", "+日本", "'+a/b'", "'+a*'", "'+a\"b'", "+a^b"] {
        let out = Project::new().dig(&format!("{name}: {{echo>: x}}")).run(&[]).fails(1).says(&["wf.dig:1"]);
        assert_eq!(out.operators(), [""; 0], "{name}");
    }
}

#[test]
fn files_whose_names_are_no_workflow_names_are_refused() {
    for name in ["1wf.dig", "a b.dig", "+wf.dig"] {
        let project = Project::new().dig("+a: {echo>: x}").file(name, "+a: {echo>: x}");
        let _ = project.run(&[]).fails(1).says(&[name]);
    }
}

#[test]
fn it_is_said_that_a_workflow_is_named_as_its_file() {
    for (name, advice) in [
        ("my flow copy.dig", "rename the file, to my_flow_copy.dig for example"),
        ("1wf.dig", "rename the file, to wf.dig for example"),
        ("größe.dig", "rename the file, to gr_e.dig for example"),
        ("日本.dig", "rename the file"),
    ] {
        let project = Project::new().file(name, "+a: {echo>: x}");
        let help = format!("= help: the workflow is named as its file: {advice}\n");
        for command in [&["run", name][..], &["check"], &["push", "p", "-e", "http://127.0.0.1:1"]] {
            let _ = project.dibble(command).fails(1).says(&[&help]);
        }
    }
}

/// Such a name is one of a file only, as in Digdag.
#[test]
fn files_that_are_called_or_included_may_have_any_name() {
    let dig = "+a: {call>: parts/my part.dig}\n+b:\n  !include : 'parts/my part.dig'\n";
    let project = Project::new().dig(dig).file("parts/my part.dig", "+c: {echo>: c}\n");
    assert_eq!(project.run(&[]).success().lines(), ["c", "c"]);
}

#[test]
fn structural_mistakes_are_explained_and_pointed_at() {
    let cases = [
        ("+a: {echo>: x, sh>: y}", "A task can't have more than one operator", "wf.dig:1"),
        ("+a:\n  echo>: x\n  +b: {}", "A task can't have subtasks", "wf.dig:"),
        ("+a:\n  foo: 1", "foo", "wf.dig:2"),
        ("+a:\n", "Parameter '+a' is required but null", "wf.dig:1"),
        ("+a: text", "'+a' must be an object or array of objects", "wf.dig:1"),
        ("foo: 1\n+a: {echo>: x}", "unknown keys", "wf.dig:1"),
        ("_secrets: {}\n+a: {echo>: x}", "_secrets", "wf.dig:1"),
        ("sh>: echo x", "sh>", "wf.dig:1"),
        ("_export: text\n+a: {echo>: x}", "_export", "wf.dig:1"),
    ];
    for (dig, message, place) in cases {
        let out = Project::new().dig(dig).run(&[]).fails(1).says(&[message, place]);
        assert_eq!(out.operators(), [""; 0], "{dig}");
    }
}

#[test]
fn a_mistyped_key_gets_a_suggestion() {
    let _ =
        Project::new().dig("+a:\n  _retr: 1\n  +b: {echo>: x}").run(&[]).fails(1).says(&["_retr", "_retry"]);
}

#[test]
fn one_bad_file_stops_the_whole_project_and_all_errors_are_shown() {
    let project = Project::new()
        .dig("+a: {echo>: x}")
        .file("bad.dig", "+a:\n  foo: 1\n+b: text\n")
        .file("worse.dig", "+a: [\n");
    let out = project.run(&[]).fails(1).says(&["bad.dig:2", "bad.dig:3", "worse.dig:"]);
    assert_eq!(out.operators(), [""; 0]);
}

#[test]
fn files_in_subdirectories_and_hidden_files_are_no_workflows() {
    let project = Project::new()
        .dig("+a: {echo>: x}")
        .file("sub/other.dig", "nonsense")
        .file(".hidden.dig", "nonsense");
    assert_eq!(project.run(&[]).success().lines(), ["x"]);
}
