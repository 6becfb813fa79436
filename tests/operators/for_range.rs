//! `for_range>`

use crate::support::Project;

fn ranges(command: &str) -> Vec<String> {
    let dig = format!(
        "+a:\n  for_range>: {command}\n  _do: {{echo>: '${{range.from}}-${{range.to}} ${{range.index}}'}}"
    );
    Project::new().dig(&dig).run(&[]).success().lines()
}

#[test]
fn steps_and_slices() {
    assert_eq!(ranges("{from: 0, to: 10, step: 4}"), ["0-4 0", "4-8 1", "8-10 2"]);
    assert_eq!(ranges("{from: 0, to: 10, slices: 3}"), ["0-4 0", "4-8 1", "8-10 2"]);
    assert_eq!(ranges("{from: 5, to: 5, step: 1}"), [""; 0]);
}

#[test]
fn names_hold_the_range() {
    let dig = "+a:\n  for_range>: {from: 8, to: 10, step: 2}\n  _do: {echo>: '${task_name}'}";
    let out = Project::new().dig(dig).run(&[]).success();
    assert_eq!(out.lines(), ["+wf+a^sub+range-from=8&to=10"]);
}

#[test]
fn mistakes_are_explained() {
    for (command, message) in [
        ("{from: 0, to: 1, step: 1, slices: 1}", "Setting both step and slices options"),
        ("{from: 0, to: 1}", "step or slices option is required for for_range"),
        ("{from: 0, to: 1, step: 0}", "step option must be same or greater than 1 but got 0"),
        ("{from: 0, to: 5000, step: 1}", "Too many for_range subtasks (5000). Limit: 1000"),
    ] {
        let out = Project::new()
            .dig(&format!("+a:\n  for_range>: {command}\n  _do: {{echo>: x}}"))
            .run(&[])
            .fails(1);
        assert!(out.failure().1.contains(message), "{out}");
    }
}
