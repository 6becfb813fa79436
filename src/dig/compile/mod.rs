//! Parameters to a plan: tasks in the order of the text, with their parents and what they wait for.
//!
//! This works on plain parameters, because running tasks generate tasks that no text holds. Its errors carry paths of
//! keys; whoever has the text turns them into places.

mod keys;
mod order;

use crate::dig::yaml::{MAX_DEPTH, Part};
use crate::model::config::{ConfigError, as_bool};
use crate::model::names::{NameError, check_raw_task_name};
use crate::model::{Params, Plan, PlannedTask, TaskConfig, TaskKind};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// A problem in a task, and the path of keys to it from the parameters that were compiled.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{kind}")]
pub struct CompileError {
    pub kind: TaskError,
    pub path: Vec<String>,
    /// Whether the path means the key or its value.
    pub part: Part,
    /// How to mend it.
    pub hint: Option<String>,
}

/// What can be wrong with a task. Quoted parameters are JSON.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TaskError {
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Parameter(#[from] ConfigError),
    #[error("Parameter '{0}' must be an object or array of objects")]
    NotATask(String),
    #[error("Expected object but got {0}")]
    NotAnObject(String),
    #[error("A task can't have subtasks: {0}")]
    OperatorWithSubtasks(String),
    #[error("A task can't have more than one operator: {0}")]
    SeveralOperators(String),
    #[error("{full_name} contains invalid keys: {keys}: \"{config}\"")]
    InvalidKeys { full_name: String, keys: String, config: String },
    #[error("Invalid _parallel format: {0}")]
    ParallelFormat(String),
    #[error(
        "Setting \"_after\" option is invalid if its parent task doesn't have \"_parallel: true\" option"
    )]
    AfterWithoutParallel,
    #[error(
        "Setting \"_background: true\" option is invalid (unnecessary) if its parent task has \"_parallel: true\" option"
    )]
    BackgroundInParallel,
    #[error("Dependency task '{0}' does not exist")]
    UnknownDependency(String),
    #[error("tasks are nested more than {MAX_DEPTH} deep")]
    TooDeep,
}

/// Compiles a workflow. The root gets this full name: `+` and the workflow's name.
///
/// # Errors
///
/// Every problem that can be told without running anything.
pub fn compile(full_name: &str, config: &Params) -> Result<Plan, Vec<CompileError>> {
    compile_sub("", full_name, config)
}

/// Compiles what a task generated, or its `_check` or `_error`. The root is named `<parent><suffix>`, such as
/// `+wf+a^sub`, and can be an operator itself.
///
/// # Errors
///
/// Every problem that can be told without running anything.
pub fn compile_sub(parent: &str, suffix: &str, config: &Params) -> Result<Plan, Vec<CompileError>> {
    let mut compiler = Compiler::default();
    compiler.task(None, parent, suffix, config);
    if compiler.errors.is_empty() { Ok(Plan { tasks: compiler.tasks }) } else { Err(compiler.errors) }
}

/// Whether a key names the operator of its task: `echo>`, and even `>` alone.
pub(crate) fn is_operator_key(key: &str) -> bool {
    key.ends_with('>')
}

/// Whether a task with these keys is an operator rather than a group.
pub(crate) fn is_operator_task(config: &Params) -> bool {
    config.contains_key("_type") || config.keys().any(|key| is_operator_key(key))
}

/// The parameters of a task that is written as a mapping or as a list of mappings. In a list later keys replace
/// earlier ones.
pub(crate) fn task_params<'a>(key: &str, value: &'a Value) -> Result<Cow<'a, Params>, TaskError> {
    match value {
        Value::Object(params) => Ok(Cow::Borrowed(params)),
        Value::Array(items) => {
            let mut params = Params::new();
            for item in items {
                let Value::Object(part) = item else { return Err(TaskError::NotAnObject(item.to_string())) };
                params.extend(part.clone());
            }
            Ok(Cow::Owned(params))
        }
        _ => Err(TaskError::NotATask(key.to_owned())),
    }
}

#[derive(Default)]
struct Compiler {
    tasks: Vec<PlannedTask>,
    errors: Vec<CompileError>,
    /// The keys that lead to the current task.
    path: Vec<String>,
}

/// A task that its group still has to put in order.
struct Child {
    /// `None` if it could not be read.
    index: Option<usize>,
    name: String,
    background: Option<Value>,
    after: Option<Value>,
}

impl Compiler {
    fn task(&mut self, parent: Option<usize>, parent_name: &str, name: &str, config: &Params) -> Child {
        if let Err(errors) = check_raw_task_name(name) {
            for error in errors {
                self.report(error, &[], Part::Key);
            }
        }
        let full_name = format!("{parent_name}{name}");
        let (subtasks, own): (Vec<_>, Vec<_>) = config.iter().partition(|(key, _)| key.starts_with('+'));
        let own: Params = own.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let subtasks = self.read_subtasks(subtasks);
        if self.is_disabled(&own) {
            let own = Params::from_iter([("_disable".to_owned(), Value::Bool(true))]);
            return self.add(parent, name, full_name, TaskKind::Group, own);
        }
        if is_operator_task(&own) {
            self.check_operator(&own, &subtasks);
            self.check_error_task(&full_name, &own);
            return self.add(parent, name, full_name, TaskKind::Operator, own);
        }
        if let Some(error) = keys::check_group(&full_name, &own) {
            self.report_error(error);
        }
        let group = self.add(parent, name, full_name.clone(), TaskKind::Group, own.clone());
        let children: Vec<Child> = subtasks
            .into_iter()
            .map(|(name, config)| self.subtask(group.index, &full_name, name, config.as_deref()))
            .collect();
        self.put_in_order(&own, children);
        self.check_error_task(&full_name, &own);
        group
    }

    fn subtask(
        &mut self,
        parent: Option<usize>,
        parent_name: &str,
        name: &str,
        config: Option<&Params>,
    ) -> Child {
        let unread = || Child { index: None, name: name.to_owned(), background: None, after: None };
        let Some(config) = config else { return unread() };
        self.path.push(name.to_owned());
        let child = if self.path.len() > MAX_DEPTH {
            self.report(TaskError::TooDeep, &[], Part::Key);
            unread()
        } else {
            self.task(parent, parent_name, name, config)
        };
        self.path.pop();
        child
    }

    /// Subtasks in order; those whose value is no task are reported and have no parameters.
    fn read_subtasks<'a>(
        &mut self,
        subtasks: Vec<(&'a String, &'a Value)>,
    ) -> Vec<(&'a str, Option<Cow<'a, Params>>)> {
        let mut read = Vec::with_capacity(subtasks.len());
        for (key, value) in subtasks {
            let config = task_params(key, value);
            read.push((key.as_str(), config.map_err(|error| self.report(error, &[key], Part::Value)).ok()));
        }
        read
    }

    fn is_disabled(&mut self, own: &Params) -> bool {
        let Some(value) = own.get("_disable").filter(|value| !value.is_null()) else { return false };
        as_bool("_disable", value).unwrap_or_else(|error| {
            self.report(error, &["_disable"], Part::Value);
            false
        })
    }

    fn check_operator(&mut self, own: &Params, subtasks: &[(&str, Option<Cow<'_, Params>>)]) {
        if let Some((subtask, _)) = subtasks.first() {
            let json = Value::Object(own.clone()).to_string();
            self.report(TaskError::OperatorWithSubtasks(json), &[subtask], Part::Key);
        }
        if let Some(second) = own.keys().filter(|key| is_operator_key(key)).nth(1) {
            let json = Value::Object(own.clone()).to_string();
            self.report(TaskError::SeveralOperators(json), &[second], Part::Key);
        }
    }

    /// Compiles `_error` ahead of time: when a task has failed it is too late to find that its handler is wrong.
    fn check_error_task(&mut self, full_name: &str, own: &Params) {
        match own.get("_error") {
            None | Some(Value::Null) => {}
            Some(Value::Object(config)) if config.is_empty() => {}
            Some(Value::Object(config)) => {
                let errors = compile_sub(full_name, "^error", config).err().unwrap_or_default();
                for mut error in errors {
                    let inner = std::mem::replace(&mut error.path, self.path.clone());
                    error.path.push("_error".to_owned());
                    error.path.extend(inner);
                    self.errors.push(error);
                }
            }
            Some(_) => {
                self.report(ConfigError::NotAnObject("_error".to_owned()), &["_error"], Part::Value);
            }
        }
    }

    fn add(
        &mut self,
        parent: Option<usize>,
        name: &str,
        full_name: String,
        kind: TaskKind,
        mut local: Params,
    ) -> Child {
        let background = local.shift_remove("_background");
        let after = local.shift_remove("_after");
        let export = match local.shift_remove("_export") {
            None | Some(Value::Null) => Params::new(),
            Some(Value::Object(export)) => export,
            Some(_) => {
                self.report(ConfigError::NotAnObject("_export".to_owned()), &["_export"], Part::Value);
                Params::new()
            }
        };
        let index = Some(self.tasks.len());
        let config = Arc::new(TaskConfig { local, export });
        self.tasks.push(PlannedTask { full_name, parent, upstreams: Vec::new(), kind, config });
        Child { index, name: name.to_owned(), background, after }
    }

    fn put_in_order(&mut self, group: &Params, children: Vec<Child>) {
        let order = match order::read(group) {
            Ok(order) => order,
            Err((error, below)) => {
                self.report(error, below, Part::Value);
                return;
            }
        };
        let (upstreams, errors) = order::upstreams(order, &children);
        for (child, upstreams) in children.iter().zip(upstreams) {
            if let Some(index) = child.index {
                self.tasks[index].upstreams = upstreams;
            }
        }
        for error in errors {
            self.report_error(error);
        }
    }

    /// `below` leads from the current task to the problem.
    fn report(&mut self, kind: impl Into<TaskError>, below: &[&str], part: Part) {
        let path = below.iter().map(|&key| key.to_owned()).collect();
        self.report_error(CompileError { kind: kind.into(), path, part, hint: None });
    }

    /// The path of `error` begins at the current task.
    fn report_error(&mut self, mut error: CompileError) {
        error.path = self.path.iter().cloned().chain(error.path).collect();
        self.errors.push(error);
    }
}

#[cfg(test)]
mod tests;
