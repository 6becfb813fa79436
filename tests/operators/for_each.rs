//! `for_each>`

use crate::support::Project;

#[test]
fn every_combination_runs_the_last_key_fastest() {
    let out = Project::new()
        .dig("+a:\n  for_each>: {n: [1, 2], s: [x, y]}\n  _do: {echo>: '${n}${s} ${typeof n}'}")
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["1x number", "1y number", "2x number", "2y number"]);
}

#[test]
fn names_hold_place_and_value() {
    let out = Project::new()
        .dig("+a:\n  for_each>: {fruit: ['red apple'], v: [{k: 1}]}\n  _do: {echo>: '${task_name}'}")
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["+wf+a^sub+for-0=fruit=0=red%20appl&1=v=0=%7B%22k%22%3A1%7D"]);
}

#[test]
fn lists_may_be_json_text() {
    let out = Project::new()
        .dig("_export: {names: [a, b]}\n+a:\n  for_each>: {n: '${names}'}\n  _do: {echo>: '${n}'}\n+b:\n  for_each>: '{\"n\": [3]}'\n  _do: {echo>: '${n}'}")
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["a", "b", "3"]);
}

#[test]
fn parallel_goes_to_the_generated_tasks() {
    let meet = "touch f${n}; while [ $(ls f* | wc -l) -lt 3 ]; do sleep 0.01; done";
    let dig = format!("+a:\n  for_each>: {{n: [1, 2, 3]}}\n  _parallel: true\n  _do: {{sh>: '{meet}'}}");
    let out = Project::new().dig(&dig).run(&["--max-task-threads", "4"]).success();
    assert_eq!(out.ran().len(), 4);
}

#[test]
fn empty_lists() {
    let none = Project::new().dig("+a:\n  for_each>: {n: []}\n  _do: {echo>: x}").run(&[]).success();
    assert_eq!(none.lines(), [""; 0]);
}

#[test]
fn mistakes_are_explained() {
    for (task, message) in [
        ("for_each>: text\n  _do: {echo>: x}", "_command"),
        ("for_each>: {n: text}\n  _do: {echo>: x}", "n"),
        ("for_each>: {n: [1]}", "Parameter '_do' is required but not set"),
    ] {
        let out = Project::new().dig(&format!("+a:\n  {task}")).run(&[]).fails(1);
        assert!(out.failure().1.contains(message), "{out}");
    }
}
