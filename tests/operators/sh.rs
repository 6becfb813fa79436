//! `sh>`

use crate::support::Project;

#[test]
fn both_streams_come_through_as_they_are() {
    let out =
        Project::new().dig("+a:\n  sh>: printf 'a\\tb\\n'; echo err >&2; printf end").run(&[]).success();
    assert_eq!(out.lines(), ["a\tb", "err", "end"]);
}

#[test]
fn parameters_are_environment_variables() {
    let out = Project::new()
        .dig(
            "
            _export: {text: 'a b', map: {k: 1}, list: [1, x], flag: true, number: 1.5, not-a-name: 1}
            +a:
              local: 5
              sh>: echo \"$text|$map|$list|$flag|$number|$local|$session_date|$task_name\"
            ",
        )
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["a b|{\"k\":1}|[1,\"x\"]|true|1.5|5|2026-01-02|+wf+a"]);
}

#[test]
fn it_runs_in_the_project_with_the_callers_environment() {
    let project =
        Project::new().env("FROM_OUTSIDE", "seen").dig("+a: {sh>: 'basename $PWD; echo $FROM_OUTSIDE $#'}");
    assert_eq!(project.run(&[]).success().lines(), ["proj", "seen 0"]);
}

#[test]
fn the_exit_code_decides() {
    let out = Project::new().dig("+a: {sh>: 'echo last words >&2; exit 42'}").run(&[]).fails(1);
    let (task, message) = out.failure();
    assert_eq!(task, "+wf+a");
    assert!(message.starts_with("Command failed with code 42 (runtime)"), "{message}");
}

#[test]
fn a_command_that_dies_of_a_signal_fails() {
    let out = Project::new().dig("+a: {sh>: 'kill -SEGV $$$$'}").run(&[]);
    // `$$` is one `$`, so the shell sees its own pid.
    let out = out.fails(1);
    assert!(out.failure().1.contains("Command failed"), "{out}");
}

#[test]
fn another_shell() {
    let out = Project::new()
        .dig("+a:\n  shell: [bash, -e]\n  sh>: '[[ 1 == 1 ]] && echo bash; false; echo never'")
        .run(&[])
        .fails(1);
    assert_eq!(out.lines(), ["bash"]);
    let out = Project::new().dig("+a: {shell: /bin/bash, sh>: echo x}").run(&[]).fails(1);
    assert!(out.failure().1.contains("Expected array type for key 'shell'"), "{out}");
}

#[test]
fn a_script_of_the_project() {
    let project = Project::new().dig("+a: {sh>: scripts/hello.sh}").executable(
        "scripts/hello.sh",
        "
        #!/bin/sh
        echo hello from $(basename \"$0\")
        ",
    );
    assert_eq!(project.run(&[]).success().lines(), ["hello from hello.sh"]);
}

#[test]
fn env_sets_variables_and_refuses_bad_names() {
    let out = Project::new().dig("+a:\n  sh>: echo $X\n  _env: {X: 'v ${session_date}'}").run(&[]).success();
    assert_eq!(out.lines(), ["v 2026-01-02"]);
    let out = Project::new().dig("+a:\n  sh>: 'true'\n  _env: {'A-B': x}").run(&[]).fails(1);
    assert!(out.failure().1.contains("A-B"), "{out}");
}

#[test]
fn output_that_is_no_text_and_long_lines_come_through() {
    let out =
        Project::new().dig("+a: {sh>: 'head -c 300000 /dev/zero | tr \"\\0\" x; echo'}").run(&[]).success();
    assert_eq!(out.lines().concat().len(), 300_000);
    let project = Project::new().dig("+a: {sh>: 'printf \"\\377\\n\"'}");
    let counted = project
        .shell("$DIBBLE run wf.dig --session 2026-01-02 2>/dev/null | tr -cd '\\377' | wc -c")
        .success();
    assert_eq!(counted.stdout.trim(), "1");
}

/// A process in the background that keeps the output open does not hold the task up for ever.
#[test]
fn output_is_streamed_while_the_command_runs() {
    let project =
        Project::new().dig("+a: {sh>: 'echo begin; while [ ! -e go ]; do sleep 0.01; done; echo end'}");
    let program = project.start(&["run", "wf.dig", "--session", "2026-01-02"]);
    program.wait_for("begin");
    let project = project.file("go", "");
    let out = program.end().success();
    assert_eq!(out.lines(), ["begin", "end"]);
    drop(project);
}

#[test]
fn nothing_is_left_behind() {
    let project = Project::new().dig("+a: {sh>: 'true'}\n+b: {sh>: exit 1}");
    let _ = project.run(&[]).fails(1);
    let left: Vec<String> = project.files().into_iter().filter(|name| name.contains("runner")).collect();
    assert_eq!(left, [""; 0]);
}
