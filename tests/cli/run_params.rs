//! `dibble run -p` and `-P`, and parameters from the configuration.

use crate::support::Project;

fn project(text: &str) -> Project {
    Project::new().file("wf.dig", format!("+a:\n  echo>: {text}\n"))
}

#[test]
fn values_are_texts_and_dots_nest() {
    let out =
        project("${a} ${typeof a} ${b.c} ${b.d}").run(&["-p", "a=1", "-p", "b.c=2", "--param", "b.d=x=y"]);
    assert_eq!(out.success().lines(), ["1 string 2 x=y"]);
}

#[test]
fn commas_separate_and_belong_to_values() {
    let out = project("${a} ${b} ${c}").run(&["-p", "a=1,b=2", "-p", "c=x,y"]).success();
    assert_eq!(out.lines(), ["1 2 x,y"]);
}

#[test]
fn a_file_is_yaml_and_p_wins() {
    let project = project("${a} ${typeof n} ${o.k} ${i}")
        .file("params.yml", "a: file\nn: 5\no: {k: v}\n!include : 'more.yml'\n")
        .file("more.yml", "i: included\n");
    let out = project.run(&["-P", "params.yml", "-p", "a=line"]).success();
    assert_eq!(out.lines(), ["line number v included"]);
}

#[test]
fn the_workflows_export_wins_over_both() {
    let out =
        Project::new().dig("_export: {a: export}\n+a: {echo>: '${a}'}").run(&["-p", "a=line"]).success();
    assert_eq!(out.lines(), ["export"]);
}

#[test]
fn the_configuration_gives_defaults() {
    let project =
        project("${a} ${b.c}").file("config.properties", "params.a = one\nparams.b.c: two\n# comment\n");
    let out = project.run(&["-c", "config.properties", "-p", "b.c=three"]).success();
    assert_eq!(out.lines(), ["one three"]);
    let out = project.env("DIGDAG_CONFIG", "params.a=x\nparams.b.c=y\n").run(&["--rerun"]).success();
    assert_eq!(out.lines(), ["x y"]);
    let out = project_with_x();
    assert_eq!(out, ["set"]);
}

fn project_with_x() -> Vec<String> {
    project("${a}").run(&["-X", "params.a=set"]).success().lines()
}

#[test]
fn mistakes_are_usage_errors_and_missing_files_are_named() {
    let _ = project("x")
        .run(&["-p", "a"])
        .fails(2)
        .says(&["Parameter -p expected a value of the form a=b but got:a"]);
    let _ = project("x").run(&["-P", "nope.yml"]).fails(1).says(&["nope.yml"]);
    let _ = project("x").file("bad.yml", "a: [\n").run(&["-P", "bad.yml"]).fails(1).says(&["bad.yml:"]);
    let _ = project("x")
        .run(&["-p", "a=1", "-p", "a.b=2"])
        .fails(1)
        .says(&["Parameter 'a.b' is set but 'a' is not a object"]);
    let _ = project("x").run(&["-c", "nope.properties"]).fails(1).says(&["nope.properties"]);
}
