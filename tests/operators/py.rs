//! `py>` and its `digdag` module.

use crate::support::Project;

const SCRIPT: &str = "
import digdag

class Job(object):
    def __init__(self, name='nobody'):
        self.name = name

    def run(self):
        print('run', self.name)

    def greet(self, greeting, **rest):
        print(greeting, self.name, rest['session_date'])

def store(key):
    digdag.env.store({'o': {key: 1}})
    digdag.env.store(n=3)

def export():
    digdag.env.export({'e': 'exported'})
    digdag.env.add_subtask({'echo>': 'e=${e}'})

def show(o, n):
    print(sorted(o.items()), n, digdag.env.params['task_name'])

def fail():
    raise ValueError('boom')

def leave():
    raise SystemExit(5)

def unserializable():
    digdag.env.add_subtask(store, x=object())
";

fn project(tasks: &str) -> Project {
    let tasks: String =
        tasks.lines().map(|line| format!("{}\n", line.trim_start_matches("        "))).collect();
    Project::new()
        .file("jobs.py", SCRIPT)
        .file("wf.dig", format!("_export: {{py: {{python: python3}}}}\n{tasks}"))
}

#[test]
fn functions_classes_and_methods_get_parameters_by_name() {
    let out = project("+a: {py>: jobs.Job}\n+b: {py>: jobs.Job.greet, name: you, greeting: hello}")
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["run nobody", "hello you 2026-01-02"]);
}

#[test]
fn what_is_stored_is_merged() {
    let out =
        project("+s: {py>: jobs.store, key: a}\n+t: {py>: jobs.store, key: b}\n+b: {py>: jobs.show}\n+c: {echo>: '${o} ${n}'}").run(&[]).success();
    assert_eq!(out.lines(), ["[('a', 1), ('b', 1)] 3 +wf+b", "{\"a\":1,\"b\":1} 3"]);
}

#[test]
fn what_is_exported_is_for_its_own_subtasks() {
    let out = project("+a: {py>: jobs.export}\n+b: {echo>: '${typeof e}'}").run(&[]).success();
    assert_eq!(out.lines(), ["e=exported", "undefined"]);
}

#[test]
fn an_exception_is_the_error() {
    let out = project("+a: {py>: jobs.fail}").run(&[]).fails(1);
    let (task, message) = out.failure();
    assert_eq!(task, "+wf+a");
    assert!(message.contains("Python command failed with code 1"), "{message}");
    assert!(message.contains("boom (ValueError)"), "{message}");
    assert!(message.contains("jobs.py"), "{message}");
}

#[test]
fn other_failures_are_explained() {
    for (task, message) in [
        ("{py>: jobs.nope}", "nope"),
        ("{py>: nomodule.f}", "nomodule"),
        ("{py>: jobs.show}", "requires parameter"),
        ("{py>: jobs.leave}", "Python command failed"),
        ("{py>: jobs.unserializable}", "serializable"),
        ("{py>: jobs.store, python: /nowhere/python}", "/nowhere/python"),
    ] {
        let out = project(&format!("+a: {task}")).run(&[]).fails(1);
        assert!(out.failure().1.contains(message), "{task}\n{out}");
    }
}

#[test]
fn parameters_are_not_in_the_environment_but_env_is() {
    let text = "import os\ndef f():\n    print(os.environ.get('k'), os.environ.get('E'))\n";
    let out = project("+a:\n  py>: env.f\n  k: 1\n  _env: {E: e}").file("env.py", text).run(&[]).success();
    assert_eq!(out.lines(), ["None e"]);
}

#[test]
fn a_module_in_a_package() {
    let out = project("+a: {py>: tasks.daily.go}")
        .file("tasks/__init__.py", "")
        .file("tasks/daily.py", "def go():\n    print('gone')\n")
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["gone"]);
}
