//! `param_set>` and `param_get>`, on the database of the program when nothing else is configured.

use crate::support::Project;

#[test]
fn what_one_run_sets_another_one_gets() {
    let project = Project::new()
        .dig("+a:\n  param_set>:\n  k: v1\n  n: 5")
        .file("get.dig", "+a:\n  param_get>:\n  k: here\n  n: number\n  nothing: missing\n+b: {echo>: '${here} ${number} <${missing}>'}");
    let _ = project.run(&[]).success();
    let out = project.dibble(&["run", "get.dig", "--session", "2026-01-02"]).success();
    assert_eq!(out.lines(), ["v1 5 <>"]);
}
