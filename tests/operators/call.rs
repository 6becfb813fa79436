//! `call>`

use crate::support::Project;

#[test]
fn it_runs_another_file_with_inherited_parameters_only() {
    let out = Project::new()
        .dig("_export: {name: inherited}\n+a:\n  call>: other\n  passed: local\n  _export: {given: export}")
        .file(
            "other.dig",
            "timezone: Asia/Tokyo\n+t: {echo>: '${name} ${given} ${typeof passed} ${timezone}'}",
        )
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["inherited export undefined UTC"]);
    assert_eq!(out.ran(), ["+wf+a", "+wf+a^sub+t"]);
}

#[test]
fn in_a_subdirectory_its_tasks_run_there() {
    let out = Project::new()
        .dig("+a: {call>: sub/other.dig}")
        .file("sub/other.dig", "+t: {sh>: 'basename $PWD; cat here.txt'}\n+n: {call>: nested}")
        .file("sub/nested.dig", "+t: {sh>: 'basename $PWD'}")
        .file("sub/here.txt", "file\n")
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["sub", "file", "sub"]);
}

#[test]
fn what_is_not_there_or_outside_is_refused() {
    let out = Project::new().dig("+a: {call>: nope}").run(&[]).fails(1);
    assert!(out.failure().1.contains("nope.dig"), "{out}");
    let out = Project::new().dig("+a: {call>: ../outside}").run(&[]).fails(1);
    assert!(out.failure().1.contains("outside of project path"), "{out}");
}

#[test]
fn an_error_in_the_called_file_names_it() {
    let out = Project::new().dig("+a: {call>: sub/bad}").file("sub/bad.dig", "+t: text").run(&[]).fails(1);
    assert!(out.failure().1.contains("bad.dig"), "{out}");
}
