//! Secrets are not shown, whoever prints them.

use crate::support::{Project, dump};

const DIG: &str = "
+print:
  sh>: |
    echo \"the password is $P\"
    printf 'hun'; sleep 0.05; printf 'ter2\\n'
    printf 'at the end: hunt'
  _env: {P: '${secret:password}'}
+name:
  echo>: my ${'hun' + 'ter2'} is in the log
+fail:
  fail>: cannot connect with ${'hun' + 'ter2'}
+error:
  echo>: after
";

fn project() -> Project {
    Project::new().dig(DIG)
}

/// Nothing that the run leaves behind holds the secret but the file that it is kept in.
#[track_caller]
fn is_not_shown(project: &Project, args: &[&str]) {
    let out = project.run(args).fails(1);
    let shown = format!("{}{}", out.stdout, out.stderr);
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("the password is ***\n***\nat the end: hunt"), "{shown}");
    assert!(shown.contains("cannot connect with ***"), "{shown}");
    let kept = dump(&project.path(".dibble.db"));
    assert!(!kept.contains("hunter2") && kept.contains("cannot connect with ***"), "{kept}");
}

#[test]
fn local_secrets() {
    let project = project();
    let _ = project.dibble(&["secrets", "--local", "--set", "password=hunter2"]).success();
    is_not_shown(&project, &["-O", "logs"]);
    is_not_shown(&project, &["--rerun", "-E"]);
    let tree = project.shell("cat logs/*/*/*.gz | gunzip -c");
    assert!(tree.stdout.contains("the password is ***\n") && !tree.stdout.contains("hunter2"), "{tree}");
    let log = project.dibble(&["log", "--local", "1"]).success();
    assert!(log.stdout.contains("the password is ***\n") && !log.stdout.contains("hunter2"), "{log}");
}

#[test]
fn secrets_of_the_configuration() {
    is_not_shown(&project(), &["-X", "secrets.password=hunter2"]);
}

#[test]
fn what_is_short_is_no_secret_to_hide() {
    let project = Project::new().dig("+a: {echo>: the pin is 123}");
    assert_eq!(project.run(&["-X", "secrets.pin=123"]).success().lines(), ["the pin is 123"]);
}

/// A prompt is seen while the program waits.
#[test]
fn output_stays_live() {
    let project =
        Project::new().dig("+a:\n  sh>: printf 'go on? '; until [ -e go ]; do sleep 0.01; done; echo yes");
    let program = project.start(&["run", "wf.dig", "-X", "secrets.k=hunter2"]);
    program.wait_for("go on? ");
    std::fs::write(project.path("go"), "").unwrap();
    assert_eq!(program.end().success().lines(), ["go on? yes"]);
}

#[test]
fn a_secret_that_cannot_be_read_is_told() {
    let project = Project::new().dig("+a:\n  sh>: 'true'\n  _env: {P: '${secret:bin}'}");
    let _ = project.dibble(&["secrets", "--local", "--set", "bin=x"]).success();
    std::fs::write(project.home().join(".config/digdag/secrets/bin"), b"\xff").unwrap();
    let out = project.run(&[]).fails(1);
    assert_eq!(out.messages("ERROR")[0], "+wf+a: The secret 'bin' is not UTF-8 text");
}

/// Nobody but the engine finds what is wrong with generated tasks.
#[test]
fn errors_of_generated_tasks() {
    let project = Project::new()
        .dig("+gen:\n  py>: tasks.generate\n  _error: {echo>: 'told ${error.message.length > 60}'}\n")
        .file(
            "tasks.py",
            "import digdag\n\ndef generate():\n    \
             digdag.env.add_subtask({'stray': 'hun' + 'ter2', '+a': {'echo>': 'x'}})\n",
        );
    let out = project.run(&["-X", "secrets.password=hunter2"]).fails(1);
    let error = "contains invalid keys: 'stray': \"{\"stray\":\"***\"";
    assert_eq!(out.lines(), ["told true"], "{out}");
    for shown in [&out.stdout, &out.stderr] {
        assert!(shown.contains(error) && !shown.contains("hunter2"), "{out}");
    }
    let kept = dump(&project.path(".dibble.db"));
    assert!(kept.contains("invalid keys") && !kept.contains("hunter2"), "{kept}");
}
