//! `rb>` and its `Digdag` module.

use crate::support::Project;

const SCRIPT: &str = "
class Job
  def initialize(name = 'nobody')
    @name = name
  end

  def greet(greeting:)
    puts \"#{greeting} #{@name}\"
  end

  def self.store
    Digdag.env.store(v: 7)
  end

  def sub
    Digdag.env.add_subtask({'echo>' => 'generated'})
  end

  def fail
    raise 'boom'
  end
end

def top
  puts 'top'
end
";

fn project(tasks: &str) -> Project {
    Project::new().file("jobs.rb", SCRIPT).dig(&format!("_export: {{rb: {{require: ./jobs}}}}\n{tasks}"))
}

#[test]
fn methods_get_parameters_by_name() {
    let out = project("+a: {rb>: Job.greet, name: you, greeting: hello}\n+b: {rb>: top}").run(&[]).success();
    assert_eq!(out.lines(), ["hello you", "top"]);
}

#[test]
fn stores_and_subtasks() {
    let out = project("+a: {rb>: Job.store}\n+b: {echo>: 'v=${v}'}\n+c: {rb>: Job.sub}").run(&[]).success();
    assert_eq!(out.lines(), ["v=7", "generated"]);
}

#[test]
fn an_exception_is_the_error() {
    let out = project("+a: {rb>: Job.fail}").run(&[]).fails(1);
    let (task, message) = out.failure();
    assert_eq!(task, "+wf+a");
    assert!(message.contains("Ruby command failed with code 1") && message.contains("boom"), "{message}");
}
