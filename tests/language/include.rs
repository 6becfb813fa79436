//! `!include :` merges another file at its place.

use crate::support::Project;

#[test]
fn an_included_file_brings_tasks_and_exports() {
    let out = Project::new()
        .dig(
            "
            _export:
              !include : 'config/params.dig'
            !include : 'tasks/first.dig'
            +second:
              echo>: ${name} second
            ",
        )
        .file("config/params.dig", "name: included\n")
        .file("tasks/first.dig", "+first:\n  echo>: ${name} first\n")
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["included first", "included second"]);
}

#[test]
fn later_keys_overwrite_and_maps_are_merged() {
    let out = Project::new()
        .dig(
            "
            _export:
              db: {host: before, port: 1}
              !include : 'parts/db.dig'
              late: own
            +a:
              echo>: ${db.host} ${db.port} ${db.user} ${late}
            ",
        )
        .file("parts/db.dig", "db: {host: included, user: me}\nlate: included\n")
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["included 1 me own"]);
}

#[test]
fn several_includes_in_one_map_and_includes_in_includes() {
    let out = Project::new()
        .dig("!include : 'a.dig'\n!include : 'sub/b.dig'\n")
        .file("a.dig", "+a: {echo>: a}\n")
        .file("sub/b.dig", "!include : 'c.dig'\n+b: {echo>: b}\n")
        .file("sub/c.dig", "+c: {echo>: c}\n")
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["a", "c", "b"]);
}

#[test]
fn a_missing_file_is_named_with_the_place_of_the_include() {
    let project = Project::new().dig("+a: {echo>: x}\n\n!include : 'nope.dig'\n");
    let _ = project.run(&[]).fails(1).says(&["nope.dig", "wf.dig:3"]);
}

#[test]
fn an_include_stays_below_its_directory() {
    let project = Project::new().dig("!include : '../secret.dig'\n");
    let _ = project.run(&[]).fails(1).says(&["File name must not include ..", "../secret.dig"]);
}

#[test]
fn a_file_that_includes_itself_is_an_error() {
    let project =
        Project::new().dig("!include : 'inc/loop.dig'\n").file("inc/loop.dig", "!include : 'loop.dig'\n");
    let _ = project.run(&[]).fails(1).says(&["loop.dig"]);
}

#[test]
fn an_error_in_an_included_file_names_that_file() {
    let project = Project::new().dig("!include : 'part/bad.dig'\n").file("part/bad.dig", "+a:\n  echo>: [\n");
    let _ = project.run(&[]).fails(1).says(&["part/bad.dig"]);
}
