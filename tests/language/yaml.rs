//! Digdag's YAML: how plain scalars are typed, keys, anchors, and what is refused.

use crate::support::Project;

/// Each value is exported and comes back as the JSON text that a template makes of it.
#[test]
fn plain_scalars_have_digdags_types() {
    let cases = [
        ("1", "number 1"),
        ("+5", "number 5"),
        ("1_000", "number 1000"),
        ("010", "number 8"),
        ("08", "string 08"),
        ("0o10", "string 0o10"),
        ("0x1F", "number 31"),
        ("0b101", "number 5"),
        ("1.5", "number 1.5"),
        ("1e3", "number 1000"),
        (".5", "number 0.5"),
        ("0.5", "string 0.5"),
        ("0.0", "string 0.0"),
        (".inf", "string Infinity"),
        (".nan", "string NaN"),
        ("12:30", "string 12:30"),
        ("01:30:00", "string 01:30:00"),
        ("1:30.5", "number 90.5"),
        ("true", "boolean true"),
        ("False", "boolean false"),
        ("TRUE", "string TRUE"),
        ("yes", "string yes"),
        ("on", "string on"),
        ("~", "object null"),
        ("Null", "object null"),
        ("", "object null"),
        ("2016-01-01", "string 2016-01-01"),
        ("=", "string ="),
        ("1,000", "string 1,000"),
        ("!!str 1", "string 1"),
        ("!!int \"5\"", "number 5"),
        ("'1'", "string 1"),
    ];
    let mut dig = String::from("_export:\n");
    for (number, (text, _)) in cases.iter().enumerate() {
        dig.push_str(&format!("  v{number}: {text}\n"));
    }
    for number in 0..cases.len() {
        let shown = format!("${{typeof v{number}}} ${{v{number} === null ? 'null' : v{number}}}");
        dig.push_str(&format!("+t{number}:\n  echo>: \"{shown}\"\n"));
    }
    let out = Project::new().file("wf.dig", dig).run(&[]).success();
    let expected: Vec<&str> = cases.iter().map(|(_, expected)| *expected).collect();
    assert_eq!(out.lines(), expected);
}

#[test]
fn keys_are_strings_of_their_values() {
    let out = Project::new()
        .dig(
            "
            _export:
              010: octal
              true: truth
              12:30: time
            +a:
              echo>: ${this['8']} ${this['true']} ${this['12:30']}
            ",
        )
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["octal truth time"]);
}

#[test]
fn anchors_and_merge_keys_work_and_explicit_keys_win() {
    let out = Project::new()
        .dig(
            "
            _export:
              base: &base {host: a, port: 1}
              other:
                <<: *base
                port: 2
            +a:
              echo>: ${other.host} ${other.port}
            ",
        )
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["a 2"]);
}

#[test]
fn a_byte_order_mark_and_crlf_are_accepted() {
    let out = Project::new().file("wf.dig", "\u{feff}+a:\r\n  echo>: x\r\n").run(&[]).success();
    assert_eq!(out.lines(), ["x"]);
}

#[test]
fn a_block_text_keeps_its_lines() {
    let out = Project::new().dig("+a:\n  sh>: |\n    echo one\n    echo two\n").run(&[]).success();
    // The log line of a command of several lines may repeat the command; the output comes last.
    assert!(out.lines().ends_with(&["one".to_owned(), "two".to_owned()]), "{out}");
}

#[test]
fn a_task_may_be_a_list_of_maps() {
    let out = Project::new().dig("+a:\n  - echo>: x\n  - _export: {k: 1}\n").run(&[]).success();
    assert_eq!(out.operators(), ["+wf+a echo>: x"]);
}

#[test]
fn duplicate_keys_are_refused_whatever_their_quotes() {
    for dig in
        ["+a: {echo>: x}\n+a: {echo>: y}", "+a:\n  echo>: x\n  'echo>': y", "_export:\n  1: a\n  '1': b"]
    {
        let _ = Project::new().dig(dig).run(&[]).fails(1).says(&["Duplicate", "wf.dig"]);
    }
}

#[test]
fn errors_point_into_the_file() {
    let cases = [
        ("+a:\n\techo>: x\n", "wf.dig:2"),
        ("+a: {echo>: [}\n", "wf.dig:1"),
        ("+a:\n  echo>: x\n\n+b:\n  echo>: *nowhere\n", "wf.dig:5"),
        ("+a:\n  x: !foo y\n", "wf.dig:2"),
        ("+a: {}\n---\n+b: {}\n", "wf.dig"),
        ("schedule:\n  cron>: * * * * *\n", "wf.dig:2"),
    ];
    for (dig, place) in cases {
        let out = Project::new().dig(dig).run(&[]).fails(1).says(&[place]);
        assert_eq!(out.stdout, "", "nothing may have run: {dig}");
    }
}

#[test]
fn the_root_must_be_a_map() {
    for dig in ["", "null\n", "just text\n", "- a\n- b\n", "# only a comment\n"] {
        let _ = Project::new().dig(dig).run(&[]).fails(1).says(&["wf.dig"]);
    }
}

#[test]
fn an_empty_map_is_a_workflow_without_tasks() {
    let out = Project::new().dig("{}").run(&[]).success();
    assert_eq!(out.operators(), [""; 0]);
}
