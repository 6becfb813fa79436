//! From the bytes of a file to a workflow that can run, or to all that is wrong with it.

use crate::dig::compile::{CompileError, TaskError, compile, compile_sub};
use crate::dig::document::define;
use crate::dig::error::{DigError, DigErrorKind, DigErrors};
use crate::dig::lint::lints;
use crate::dig::schedule::{Schedule, ScheduleWarning};
use crate::dig::source::Place;
use crate::dig::yaml::{Include, Part, Tree, read};
use crate::model::config::mismatch;
use crate::model::names::similar_workflow_name;
use crate::model::{Params, Plan, WorkflowDefinition};
use serde_json::Value;

/// A workflow together with its text, so that whoever finds something wrong later can still point.
#[derive(Debug, Clone)]
pub struct LoadedWorkflow {
    pub definition: WorkflowDefinition,
    pub plan: Plan,
    pub(crate) tree: Tree,
}

/// A workflow that is known to be right.
#[derive(Debug, Clone)]
pub struct CompiledWorkflow {
    pub definition: WorkflowDefinition,
    pub plan: Plan,
}

impl LoadedWorkflow {
    /// Lets go of the text, which is several times as large as the rest.
    pub fn into_compiled(self) -> CompiledWorkflow {
        CompiledWorkflow { definition: self.definition, plan: self.plan }
    }

    /// Where the key or value at a path of keys of the definition is written: `["schedule", "daily>"]`.
    pub fn place(&self, path: &[String], part: Part) -> Place {
        self.tree.find(path, part)
    }

    /// The workflow's schedule, if it has one, with warnings of keys that mean nothing there.
    ///
    /// # Errors
    ///
    /// The section makes no schedule, or is no mapping.
    pub fn schedule(&self) -> Result<Option<(Schedule, Vec<DigError>)>, Box<DigError>> {
        const SECTION: &str = "schedule";
        let problem = |key: Option<&str>, part: Part, message: String| {
            let path: Vec<String> = [SECTION].into_iter().chain(key).map(str::to_owned).collect();
            DigError::new(DigErrorKind::Other(message), Some(self.place(&path, part)))
        };
        let section = match self.definition.config.get(SECTION) {
            None => return Ok(None),
            Some(Value::Object(section)) => section,
            Some(other) => {
                let message = mismatch(SECTION, "object type", other).to_string();
                let hint =
                    "a workflow has one schedule, a mapping without `-`: `schedule: {daily>: 07:00:00}`";
                return Err(Box::new(problem(None, Part::Value, message).with_hint(Some(hint.to_owned()))));
            }
        };
        let (schedule, unused) = Schedule::parse(section, &self.definition.timezone).map_err(|error| {
            let wrong = error.key().filter(|key| section.contains_key(*key));
            let kind = || section.keys().find(|key| *key == "_type" || key.ends_with('>'));
            let key = wrong.or_else(|| kind().map(String::as_str));
            Box::new(problem(key, Part::Value, error.to_string()))
        })?;
        let warning = |unused: &ScheduleWarning| {
            problem(Some(&unused.key), Part::Key, unused.to_string()).into_warning()
        };
        Ok(Some((schedule, unused.iter().map(warning).collect())))
    }
}

/// Reads and compiles a workflow file.
///
/// `label` is the file's name in messages. When something is wrong, the errors include what `lints` says with `operators`;
/// with none, they are the errors alone.
///
/// # Errors
///
/// All problems of the text; if its syntax is wrong, that alone.
pub fn load_workflow(
    name: &str,
    label: &str,
    bytes: Vec<u8>,
    include: Include<'_>,
    operators: &[&str],
) -> Result<LoadedWorkflow, DigErrors> {
    let tree = read(label, bytes, include)?;
    let (definition, mut errors) = define(name, &tree, None);
    let compiled = compile(&format!("+{name}"), &definition.config);
    let (plan, problems) = match compiled {
        Ok(plan) => (plan, vec![]),
        Err(problems) => (Plan { tasks: vec![] }, problems),
    };
    // The rules for names overlap; one problem of a place is enough.
    for error in problems.into_iter().map(|problem| locate(problem, &tree)) {
        if !errors.iter().any(|other| other.place == error.place) {
            errors.push(error);
        }
    }
    errors.iter_mut().for_each(|error| explain_file_name(error, name));
    let workflow = LoadedWorkflow { definition, plan, tree };
    if errors.is_empty() {
        return Ok(workflow);
    }
    if !operators.is_empty() {
        errors.extend(lints(&workflow, operators));
    }
    Err(DigErrors::in_order(errors))
}

/// Reads a workflow file whose tasks are to run below a task, as `call>` does. `caller` is that task's full name.
///
/// # Errors
///
/// All problems of the text; if its syntax is wrong, that alone.
pub fn load_called(
    caller: &str,
    name: &str,
    label: &str,
    bytes: Vec<u8>,
    include: Include<'_>,
    workdir: Option<&str>,
) -> Result<WorkflowDefinition, DigErrors> {
    let tree = read(label, bytes, include)?;
    let (definition, mut errors) = define(name, &tree, workdir);
    if errors.is_empty() {
        let wrong = compile_sub(caller, "^sub", &definition.config).err().unwrap_or_default();
        errors.extend(wrong.into_iter().map(|error| locate(error, &tree)));
    }
    DigErrors::check(errors)?;
    Ok(definition)
}

/// Reads a file of parameters.
///
/// # Errors
///
/// All problems of the text; if its syntax is wrong, that alone.
pub fn load_params(label: &str, bytes: Vec<u8>, include: Include<'_>) -> Result<Params, DigErrors> {
    Ok(read(label, bytes, include)?.root.to_params())
}

/// Whoever has copied a file may not know that its name is more than that.
fn explain_file_name(error: &mut DigError, name: &str) {
    let (DigErrorKind::Name(broken) | DigErrorKind::Task(TaskError::Name(broken))) = &error.kind else {
        return;
    };
    if broken.name == name || broken.name.strip_prefix('+') == Some(name) {
        let example = similar_workflow_name(name);
        let example = example.map(|name| format!(", to {name}.dig for example")).unwrap_or_default();
        error.hint = Some(format!("the workflow is named as its file: rename the file{example}"));
    }
}

/// Finds the place of a compile error.
pub(crate) fn locate(error: CompileError, tree: &Tree) -> DigError {
    let place = tree.find(&error.path, error.part);
    DigError::new(error.kind, Some(place)).with_hint(error.hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dig::lint::lints;
    use crate::dig::yaml::{IncludeError, IncludePath};
    use proptest::collection::vec;
    use proptest::prelude::{Strategy, any, prop_assert, proptest};
    use proptest::sample::select;

    fn load(name: &str, text: &str) -> Result<LoadedWorkflow, DigErrors> {
        load_workflow(name, "w.dig", text.into(), &|_| Err(IncludeError::NotFound), &[])
    }

    fn problems(name: &str, text: &str) -> Vec<String> {
        load(name, text).unwrap_err().iter().map(DigError::one_line).collect()
    }

    #[test]
    fn a_workflow_has_its_definition_its_plan_and_its_text() {
        let workflow =
            load("wf", "timezone: UTC\nschedule:\n  daily>: 07:00:00\n+a:\n  echo>: hello\n").unwrap();
        assert_eq!(workflow.definition.name, "wf");
        assert_eq!(workflow.plan.tasks[1].full_name, "+wf+a");
        let path = ["schedule".to_owned(), "daily>".to_owned()];
        assert_eq!(workflow.place(&path, Part::Value).to_string(), "w.dig:3:11");
    }

    #[test]
    fn schedules_are_checked_where_they_stand() {
        let schedule = |section: &str| {
            let workflow = load("wf", &format!("schedule:\n{section}+a: {{}}\n")).unwrap();
            let found = workflow.schedule().map_err(|error| error.one_line());
            found.map(|found| {
                found.map(|(_, unused)| unused.iter().map(DigError::one_line).collect::<Vec<_>>())
            })
        };
        assert_eq!(schedule("  daily>: 07:00:00\n"), Ok(Some(vec![])));
        assert_eq!(load("wf", "+a: {}").unwrap().schedule().unwrap().map(|_| ()), None);
        let unused = "w.dig:3:3: Parameter 'skip' is not used at schedule.".to_owned();
        assert_eq!(schedule("  daily>: 07:00:00\n  skip: 1\n"), Ok(Some(vec![unused])));
        let unknown = "w.dig:2:12: Unknown scheduler type: nosuch".to_owned();
        assert_eq!(schedule("  nosuch>: 1\n"), Err(unknown));
        for (section, message) in [
            (
                "  daily>: 07:00:00\n  start: 2026-13-01\n",
                "w.dig:3:10: Invalid start: 2026-13-01 (needs an existing date as yyyy-MM-dd)",
            ),
            (
                "  start: 2026-02-01\n  daily>: 07:00:00\n  end: 2026-01-01\n",
                "w.dig:4:8: The schedule of end is earlier than start",
            ),
            (
                "  cron>: '* * * * *'\n  delay: soon\n",
                "w.dig:3:10: Expected integer (long) type for key 'delay' but got \"soon\" (string)",
            ),
            (
                "  daily>: 07:00:00\n  skip_delayed_by: x\n",
                "w.dig:3:20: Invalid skip_delayed_by: x (needs a duration such as 30s, 5m or 1h 30m)",
            ),
            ("  _type: nosuch\n", "w.dig:2:10: Unknown scheduler type: nosuch"),
        ] {
            assert_eq!(schedule(section), Err(message.to_owned()), "{section}");
        }
    }

    #[test]
    fn a_schedule_is_a_mapping() {
        let wrong = |text: &str| load("wf", text).unwrap().schedule().unwrap_err();
        let list = wrong("schedule:\n  - cron>: '* * * * *'\n+a: {}\n");
        assert_eq!(
            list.one_line(),
            "w.dig:2:3: Expected object type for key 'schedule' but got [{\"cron>\":\"* * * * *\"}] (array)"
        );
        assert_eq!(
            list.hint.as_deref(),
            Some("a workflow has one schedule, a mapping without `-`: `schedule: {daily>: 07:00:00}`")
        );
        assert_eq!(
            wrong("schedule: daily\n+a: {}\n").one_line(),
            "w.dig:1:11: Expected object type for key 'schedule' but got \"daily\" (string)"
        );
    }

    #[test]
    fn problems_of_the_file_and_of_its_tasks_come_together() {
        assert_eq!(
            problems("wf", "+a: {sh>: 1, +x: {}}\nfoo: 1\n+b c: {sh>: 1}\n+d:\n- +e: {x: 1}\n"),
            [
                "w.dig:1:14: A task can't have subtasks: {\"sh>\":1}",
                "w.dig:2:1: Workflow 'wf' includes unknown keys: [foo]",
                "w.dig:3:1: task name must not contain character ' ': \"+b c\"",
                "w.dig:5:8: +wf+d+e contains invalid keys: 'x': \"{\"x\":1}\"",
            ]
        );
        assert_eq!(problems("a b", "+a: {}"), ["w.dig:1:1: name must not contain character ' ': \"+a b\""]);
    }

    #[test]
    fn a_called_file_belongs_to_its_caller() {
        let called = |text: &str| {
            let files = |_: &IncludePath| Err(IncludeError::NotFound);
            load_called("+wf+a", "sub/c", "sub/c.dig", text.into(), &files, Some("sub"))
        };
        assert_eq!(called("+t: {echo>: 1}").unwrap().config["+t"]["echo>"], 1);
        assert_eq!(
            called("+t: {x: 1}").unwrap_err().iter().next().unwrap().one_line(),
            "sub/c.dig:1:6: +wf+a^sub+t contains invalid keys: 'x': \"{\"x\":1}\""
        );
    }

    #[test]
    fn parameters_follow_the_same_rules() {
        let files = |_: &IncludePath| Ok(b"n: 010\n".to_vec());
        let params = load_params("p.yml", "t: 07:00:00\n!include : more.yml\n".into(), &files).unwrap();
        assert_eq!(Value::Object(params).to_string(), r#"{"t":"07:00:00","n":8}"#);
        let errors = load_params("p.yml", "- a".into(), &files).unwrap_err();
        assert_eq!(errors.to_string(), "Expected object to load Config but got [\"a\"]");
    }

    /// Pieces of workflow files, in any order.
    fn fragments() -> impl Strategy<Value = String> {
        let pieces = [
            "+a",
            "+b:",
            ": ",
            "\n",
            "\n  ",
            "\n    ",
            "- ",
            "{",
            "}",
            "[",
            "]",
            ", ",
            "'",
            "\"",
            "|",
            ">",
            "&x ",
            "*x",
            "!x ",
            "!!set ",
            "!!int ",
            "!include : ",
            "<<: ",
            "? ",
            "#",
            "\t",
            "\r",
            "_parallel: ",
            "_error: ",
            "_do:",
            "sh>: ",
            "timezone: ",
            "_after: [+a]",
            "${x}",
            "010",
            "1:30.5",
            "0x_",
            "~",
            "日",
            "\0",
            "\u{85}",
            "\u{FEFF}",
            "%",
            "---\n",
            "\\",
        ];
        vec(select(pieces.to_vec()), 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in fragments()) {
            let files = |_: &IncludePath| Ok(b"k: [1]\n+i: {sh>: x}\n".to_vec());
            match load_workflow("wf", "w.dig", text.clone().into(), &files, &[]) {
                Ok(workflow) => drop(lints(&workflow, &["sh"])),
                Err(errors) => prop_assert!(!errors.render(false).is_empty()),
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..200)) {
            if let Err(errors) = load_params("p", bytes, &|_| Err(IncludeError::NotFound)) {
                prop_assert!(!errors.render(true).is_empty());
            }
        }
    }
}
