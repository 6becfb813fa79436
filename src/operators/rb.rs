//! `rb>`: calls a Ruby method, or runs a Ruby script.

use super::script::{self, Language};
use super::{Context, OperatorError};
use crate::model::{Config, TaskResult};
use std::path::Path;

const RUBY: Language = Language {
    operator: "rb",
    title: "Ruby",
    interpreter: "ruby",
    default_interpreters: &["ruby"],
    runner_file: "runner.rb",
    runner: include_str!("runners/runner.rb"),
    arguments,
    report: "",
};

pub(crate) fn run(ctx: &Context<'_>) -> Result<TaskResult, OperatorError> {
    script::run(ctx, &RUBY)
}

/// `-I <workdir> -r <feature> --`
fn arguments(config: &Config, dir: &Path) -> Result<Vec<String>, OperatorError> {
    let mut arguments = vec!["-I".to_owned(), dir.to_string_lossy().into_owned()];
    if let Some(feature) = config.string("require")? {
        arguments.extend(["-r".to_owned(), feature]);
    }
    arguments.push("--".to_owned());
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operators::testing::Task;
    use serde_json::{Value, json};

    const TASKS: &str = r#"
class Tasks
  def initialize(n = 1)
    @n = n
  end
  def hello(name, n, opt: 5)
    puts "hello #{name} #{n} #{opt} #{@n}"
    Digdag.env.store(stored: n * 2, text: "é")
    Digdag.env.store("key" => { x: nil })
    Digdag.env.export(e: 1.5)
  end
  def keywords(name:, missing: "default", **rest)
    puts [name, missing, rest.keys.sort, rest[:map]].inspect
  end
  def self.single(n, *more)
    puts "single #{n} #{more.inspect}"
  end
  def sub
    Digdag.env.add_subtask("echo>": "from subtask")
    Digdag.env.add_subtask(:top, name: "a")
    Digdag.env.add_subtask(Tasks, :hello, "n" => 1)
    Digdag.env.add_subtask(:Tasks, :single)
  end
  def bad_subtask
    Digdag.env.add_subtask(Tasks, :nope)
  end
  def boom
    puts "before"
    raise "my message \xff"
  end
  def need(x)
  end
  def leave
    exit 3
  end
  def leave_quietly
    exit
  end
  def not_a_number
    Digdag.env.store(x: 0.0 / 0)
  end
  class Klass
    def meth(stored)
      puts "meth #{stored}"
    end
  end
end
def top(name)
  puts "top #{name}"
end
def main(n)
  puts "main #{n}"
end
"#;

    fn task(params: Value) -> Task {
        Task::new(params).file("tasks.rb", TASKS)
    }

    fn call(command: &str) -> (Result<TaskResult, String>, String) {
        let task = task(json!({
            "_command": command, "rb": {"require": "tasks"}, "name": "world", "n": 3, "stored": 6,
            "map": {"a": {"b": 1}},
        }));
        let result = task.with(run).map_err(|error| error.to_string());
        assert!(task.files().iter().all(|name| !name.starts_with(".digdag")), "{:?}", task.files());
        (result, task.output())
    }

    #[test]
    fn methods_get_parameters_by_name() {
        for (command, expected) in [
            ("Tasks::Klass.meth", "meth 6\n"),
            ("::Tasks.single", "single 3 []\n"),
            ("top", "top world\n"),
            ("main", "main 3\n"),
        ] {
            let (result, output) = call(command);
            assert_eq!((result, output.as_str()), (Ok(TaskResult::default()), expected), "{command}");
        }
        let (result, output) = call("Tasks.keywords");
        assert_eq!(result, Ok(TaskResult::default()), "{output}");
        let keys = "[:_command, :map, :n, :rb, :require, :stored]";
        assert!(
            output.starts_with(&format!("[\"world\", \"default\", {keys}, {{:a=>{{:b=>1}}}}]")),
            "{output}"
        );
    }

    #[test]
    fn stored_and_exported_parameters_come_back() {
        let (result, output) = call("Tasks.hello");
        let result = result.unwrap();
        assert_eq!(output, "hello world 3 5 3\n");
        assert_eq!(
            Value::Object(result.store_params).to_string(),
            r#"{"stored":6,"text":"é","key":{"x":null}}"#
        );
        assert_eq!(Value::Object(result.export_params).to_string(), r#"{"e":1.5}"#);
    }

    #[test]
    fn tasks_are_generated_in_order() {
        let result = call("Tasks.sub").0.unwrap();
        assert_eq!(
            Value::Object(result.subtask_config).to_string(),
            r#"{"+subtask0":{"echo>":"from subtask"},"+subtask1":{"name":"a","rb>":"top"},"#.to_owned()
                + r#""+subtask2":{"n":1,"rb>":"::Tasks.hello"},"+subtask3":{"rb>":"::Tasks.single"}}"#
        );
    }

    #[test]
    fn failures_tell_what_ruby_said() {
        for (command, expected) in [
            ("Tasks.boom", ": my message \u{fffd} (RuntimeError)"),
            ("Tasks.need", ": Method 'Tasks#need' requires parameter 'x' but not set (ArgumentError)"),
            ("Tasks.nosuch", ": undefined method `nosuch' for class `Tasks' (NameError)"),
            ("Nope.x", ": uninitialized constant Kernel::Nope (NameError)"),
            ("Tasks.bad_subtask", ": Class Tasks does not have method :nope (ArgumentError)"),
        ] {
            let (result, output) = call(command);
            let error = result.unwrap_err();
            let first_line = error.lines().next().unwrap();
            assert_eq!(first_line, format!("Ruby command failed with code 1{expected}"));
            assert!(output.contains("Error)"), "{command}: {output}");
        }
        let (result, output) = call("Tasks.not_a_number");
        assert!(result.unwrap_err().contains("(JSON::GeneratorError)"), "{output}");
    }

    #[test]
    fn traces_show_the_users_lines() {
        let task = task(json!({"_command": "Tasks.boom", "require": "tasks"}));
        let error = task.with(run).unwrap_err().to_string();
        let place = format!("\n\tfrom {}:29:in `boom'\n\tfrom ", task.dir().join("tasks.rb").display());
        assert!(error.contains(&place), "{error}");
        assert_eq!(error.lines().count(), 3, "{error}");
        assert!(task.output().starts_with("before\n"), "{}", task.output());
    }

    #[test]
    fn exits_are_taken_as_they_are() {
        assert_eq!(call("Tasks.leave").0, Err("Ruby command failed with code 3 (runtime)".to_owned()));
        let message =
            "output.json does not exist. Something unexpected error happened. Please check logs. (runtime)";
        assert_eq!(call("Tasks.leave_quietly").0, Err(message.to_owned()));
    }

    #[test]
    fn the_script_and_the_interpreter_can_be_given() {
        let script = "require 'json'\nn = JSON.parse(File.read(ARGV[0]))['params']['n']\n\
            File.write(ARGV[1], JSON.generate(store_params: { m: n + 1 }))";
        let inline = task(json!({"script": script, "n": 1, "ruby": ["env", "ruby"]}));
        assert_eq!(Value::Object(inline.with(run).unwrap().store_params), json!({"m": 2}));
        let wrong = task(json!({"_command": "top", "ruby": {"a": 1}}));
        assert_eq!(wrong.with(run).unwrap_err().to_string(), "Invalid ruby: {\"a\":1} (config)");
        let missing = task(json!({"_command": "top", "require": "no_such_file"}));
        assert_eq!(missing.with(run).unwrap_err().to_string(), "Ruby command failed with code 1 (runtime)");
        assert!(missing.output().contains("cannot load such file -- no_such_file (LoadError)"));
    }
}
