//! `py>`: calls a Python function or method, or runs a Python script.

use super::script::{self, Language};
use super::{Context, OperatorError};
use crate::model::TaskResult;

const PYTHON: Language = Language {
    operator: "py",
    title: "Python",
    interpreter: "python",
    default_interpreters: &["python", "python3"],
    runner_file: "runner.py",
    runner: include_str!("runners/runner.py"),
    arguments: |_, _| Ok(Vec::new()),
    report: "\nError messages from python",
};

pub(crate) fn run(ctx: &Context<'_>) -> Result<TaskResult, OperatorError> {
    script::run(ctx, &PYTHON)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operators::CancelStage;
    use crate::operators::testing::Task;
    use serde_json::{Value, json};
    use std::process::Command;
    use std::sync::LazyLock;
    use std::thread;

    const TASKS: &str = r#"
import digdag, digdag_env
class Klass(object):
    def __init__(self, name, size=2):
        self.words = [name] * size
    def meth(self, stored):
        print("meth", self.words, stored, digdag.env.params["n"])
    def run(self, n, opt="default"):
        print("run", n, opt)
    @staticmethod
    def static(n):
        print("static", n)
def hello(name, n, opt=5):
    print("hello", name, n, opt, digdag_env.params is digdag.env.params)
    digdag.env.store({"stored": n * 2, "obj": {"x": 1}}, more="é😀", file="\udc80")
    digdag.env.export(e=1.5)
    digdag.env.set_state(s=1)
def everything(name, **rest):
    print(name, sorted(rest))
def only(*, n=1):
    print("only", n)
def sub():
    digdag.env.add_subtask({"echo>": "from subtask"}, x=1)
    digdag.env.add_subtask(hello, name="a", n=1)
    digdag.env.add_subtask(Klass.meth)
    digdag.env.add_subtask(**{"sh>": "x"})
def bad_subtask():
    digdag.env.add_subtask(hello, x=object())
def need(x):
    pass
def boom():
    print("before")
    raise ValueError("my message")
def leave():
    raise SystemExit(3)
def leave_quietly():
    import sys
    sys.exit()
def unserializable():
    digdag.env.store(x={1, 2})
def not_a_number():
    digdag.env.store(x=float("nan"))
def quiet_death():
    import os
    os._exit(0)
def talk():
    print("ready")
    import signal
    signal.pause()
"#;

    /// Python itself: what is found on PATH may be a launcher that takes longer than the tests.
    static INTERPRETER: LazyLock<String> = LazyLock::new(|| {
        let script = "import sys; print(sys.executable, end='')";
        let output = Command::new("python3").args(["-c", script]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    });

    fn task(mut params: Value) -> Task {
        if params.get("python").is_none() {
            params["py"]["python"] = json!(*INTERPRETER);
        }
        Task::new(params).file("tasks.py", TASKS).file("pkg/__init__.py", "").file("pkg/mod.py", TASKS)
    }

    fn call(command: &str) -> (Result<TaskResult, String>, String) {
        let task = task(json!({"_command": command, "name": "world", "n": 3, "stored": 6, "_secrets": {}}));
        let result = task.with(run).map_err(|error| error.to_string());
        assert!(task.files().iter().all(|name| !name.starts_with(".digdag")), "{:?}", task.files());
        (result, task.output())
    }

    #[test]
    fn functions_and_methods_get_parameters_by_name() {
        for (command, expected) in [
            ("tasks.Klass.meth", "meth ['world', 'world'] 6 3\n"),
            ("tasks.Klass", "run 3 default\n"),
            ("pkg.mod.Klass", "run 3 default\n"),
            ("pkg.mod.Klass.static", "static 3\n"),
            ("tasks.everything", "world ['_command', 'n', 'py', 'python', 'stored']\n"),
            ("tasks.only", "only 1\n"),
        ] {
            let (result, output) = call(command);
            assert_eq!((result, output.as_str()), (Ok(TaskResult::default()), expected), "{command}");
        }
    }

    #[test]
    fn stored_and_exported_parameters_come_back() {
        let (result, output) = call("pkg.mod.hello");
        let result = result.unwrap();
        assert_eq!(output, "hello world 3 5 True\n");
        assert_eq!(
            Value::Object(result.store_params).to_string(),
            r#"{"stored":6,"obj":{"x":1},"more":"é😀","file":"?"}"#
        );
        assert_eq!(Value::Object(result.export_params).to_string(), r#"{"e":1.5}"#);
        assert!(result.subtask_config.is_empty() && result.reset_store_params.is_empty());
    }

    #[test]
    fn tasks_are_generated_in_order() {
        let result = call("tasks.sub").0.unwrap();
        assert_eq!(
            Value::Object(result.subtask_config).to_string(),
            r#"{"+subtask0":{"echo>":"from subtask","x":1},"+subtask1":{"name":"a","n":1,"py>":"tasks.hello"},"#
                .to_owned()
                + r#""+subtask2":{"py>":"tasks.Klass.meth"},"+subtask3":{"sh>":"x"}}"#
        );
    }

    #[test]
    fn failures_tell_what_python_said() {
        let begin = "Python command failed with code 1\nError messages from python: ";
        let exit = "Possible cause: Invalid python module call, duplicate module name with standard library";
        for (command, expected) in [
            ("tasks.boom", "my message (ValueError)".to_owned()),
            ("tasks.need", "Method 'need' requires parameter 'x' but not set (TypeError)".to_owned()),
            ("tasks.nosuch", "Module 'tasks' has no attribute 'nosuch' (AttributeError)".to_owned()),
            ("nomodule.f", "Empty module name (ValueError)".to_owned()),
            ("f", "Empty module name (ValueError)".to_owned()),
            ("pkg.mod.Nope.f", "Module 'pkg.mod' has no attribute 'Nope' (AttributeError)".to_owned()),
            ("tasks.leave", format!("Failed to call python command with code:3 {exit} (SystemExit)")),
            ("tasks.leave_quietly", format!("Failed to call python command with code:0 {exit} (SystemExit)")),
            ("tasks.unserializable", "Object of type set is not JSON serializable (TypeError)".to_owned()),
            (
                "tasks.not_a_number",
                "Out of range float values are not JSON compliant (ValueError)".to_owned(),
            ),
            (
                "tasks.bad_subtask",
                "Parameters must be serializable using JSON: Object of type object is not JSON serializable \
                 (TypeError)"
                    .to_owned(),
            ),
        ] {
            let (result, output) = call(command);
            let error = result.unwrap_err();
            let first_lines = error.split("\n\tfrom Traceback").next().unwrap();
            assert_eq!(first_lines, format!("{begin}{expected}"), "{command}");
            assert!(output.contains("Traceback (most recent call last):\n"), "{command}: {output}");
        }
    }

    #[test]
    fn traces_show_the_users_lines() {
        let task = task(json!({"_command": "tasks.boom"}));
        let error = task.with(run).unwrap_err().to_string();
        let file = task.dir().join("tasks.py");
        let lines = format!(
            "\n\tfrom   File \"{}\", line 33, in boom\n    raise ValueError(\"my message\")\n\n\tfrom ValueError: my message\n (runtime)",
            file.display()
        );
        assert!(error.ends_with(&lines), "{error}");
        assert!(task.output().starts_with("before\nTraceback"), "{}", task.output());
    }

    #[test]
    fn the_end_without_a_result_is_an_error() {
        let message =
            "output.json does not exist. Something unexpected error happened. Please check logs. (runtime)";
        assert_eq!(call("tasks.quiet_death").0, Err(message.to_owned()));
    }

    #[test]
    fn the_script_may_be_in_the_workflow() {
        let script = "import json, sys\nparams = json.load(open(sys.argv[1]))['params']\n\
            json.dump({'store_params': {'y': params['x'] + 1}}, open(sys.argv[2], 'w'))\nprint(len(sys.argv))";
        let task = task(json!({"script": script, "x": 1}));
        assert_eq!(Value::Object(task.with(run).unwrap().store_params), json!({"y": 2}));
        assert_eq!(task.output(), "3\n");
        let silent = Task::new(json!({"py": {"script": "print(1)"}}));
        assert!(silent.with(run).unwrap_err().to_string().starts_with("output.json does not exist."));
        let broken =
            Task::new(json!({"script": "import sys; open(sys.argv[2], 'w').write('[1'); sys.exit(2)"}));
        let error = broken.with(run).unwrap_err().to_string();
        assert!(
            error.starts_with("Python command failed with code 2\n\tIts output.json is not a JSON object: ")
        );
        let none = Task::new(json!({}));
        let error = none.with(run).unwrap_err().to_string();
        assert_eq!(error, "Parameter 'script' is required but not set (config)");
    }

    #[test]
    fn the_interpreter_can_be_chosen() {
        let list = task(json!({"_command": "tasks.only", "python": ["env", "python3", "-B"]}));
        list.with(run).unwrap();
        assert_eq!(list.output(), "only 1\n");
        let wrong = task(json!({"_command": "tasks.only", "python": 5}));
        assert_eq!(wrong.with(run).unwrap_err().to_string(), "Invalid python: 5 (config)");
        let missing = task(json!({"_command": "tasks.only", "python": "nosuchpython"}));
        assert_eq!(
            missing.with(run).unwrap_err().to_string(),
            format!(
                "Cannot run program \"nosuchpython\" (in directory \"{}\"): error=2, No such file or directory (runtime)",
                missing.dir().display()
            )
        );
    }

    #[test]
    fn only_env_reaches_the_environment() {
        let script = "import os, sys\nprint(os.environ.get('SOME_PARAM'), os.environ['E'])\n\
            open(sys.argv[2], 'w').write('{}')";
        let task = Task::new(json!({"script": script, "SOME_PARAM": 1}))
            .local(json!({"_env": {"E": "${secret:k}"}}))
            .secret("k", "s3");
        task.with(run).unwrap();
        assert_eq!(task.output(), "None s3\n");
    }

    #[test]
    fn modules_come_from_the_working_directory() {
        let task = Task::new(json!({"_command": "runner.f", "_workdir": "sub"}))
            .file("sub/runner.py", "def f():\n    print('mine')\n");
        task.with(run).unwrap();
        assert_eq!(task.output(), "mine\n");
    }

    #[test]
    fn lines_are_seen_at_once_and_canceling_ends_python() {
        let task = task(json!({"_command": "tasks.talk"}));
        let result = thread::scope(|scope| {
            let running = scope.spawn(|| task.with(run));
            task.wait_for_output("ready");
            task.cancellation().advance(CancelStage::Terminating);
            running.join().unwrap()
        });
        assert!(matches!(result, Err(OperatorError::Canceled)), "{result:?}");
    }
}
