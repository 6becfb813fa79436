//! What `check` tells beyond errors: operators that nobody knows, and what can only go wrong when it runs.

use crate::dig::compile::{TaskError, compile_sub, is_operator_key, is_operator_task, task_params};
use crate::dig::error::DigError;
use crate::dig::load::{LoadedWorkflow, locate};
use crate::dig::yaml::{MAX_DEPTH, Part};
use crate::model::Params;
use serde_json::Value;
use strsim::levenshtein;

/// Something that loads and is probably a mistake.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Lint {
    #[error("Unknown task type: {0}")]
    UnknownOperator(String),
    #[error("_check of a group is never run")]
    CheckOnGroup,
    /// Tasks below `_check`, `_do` and `_else_do` are compiled only when they run.
    #[error("{0}")]
    Generated(TaskError),
}

/// Warns of operators that are not in `operators` (names without `>`), of `_check` on groups, and of tasks that will
/// not compile when they are generated.
pub fn lints(workflow: &LoadedWorkflow, operators: &[&str]) -> Vec<DigError> {
    let full_name = format!("+{}", workflow.definition.name);
    let mut linter = Linter { workflow, operators, path: Vec::new(), warnings: Vec::new() };
    linter.task(&full_name, &workflow.definition.config);
    linter.warnings
}

struct Linter<'a> {
    workflow: &'a LoadedWorkflow,
    operators: &'a [&'a str],
    path: Vec<String>,
    warnings: Vec<DigError>,
}

impl Linter<'_> {
    fn task(&mut self, full_name: &str, config: &Params) {
        if self.path.len() > MAX_DEPTH || config.get("_disable").is_some_and(is_true) {
            return;
        }
        if is_operator_task(config) {
            self.operator(config);
        } else if config.contains_key("_check") {
            let hint = "give it to an operator, such as the last task of the group".to_owned();
            self.warn(Lint::CheckOnGroup, "_check", Part::Key, Some(hint));
        }
        for (key, value) in config.iter().filter(|(key, _)| key.starts_with('+')) {
            if let Ok(subtask) = task_params(key, value) {
                self.below(key, &format!("{full_name}{key}"), &subtask);
            }
        }
        for (key, suffix) in
            [("_do", "^sub"), ("_else_do", "^sub"), ("_check", "^check"), ("_error", "^error")]
        {
            let Some(Value::Object(generated)) = config.get(key) else { continue };
            if key != "_error" && is_operator_task(config) {
                self.generated(key, full_name, suffix, generated);
            }
            self.below(key, &format!("{full_name}{suffix}"), generated);
        }
    }

    fn below(&mut self, key: &str, full_name: &str, config: &Params) {
        self.path.push(key.to_owned());
        self.task(full_name, config);
        self.path.pop();
    }

    fn operator(&mut self, config: &Params) {
        let written = config.get("_type").and_then(Value::as_str).map(|name| ("_type", name));
        let key = config.keys().find(|key| is_operator_key(key));
        let by_key = key.map(|key| (key.as_str(), key.strip_suffix('>').unwrap_or(key)));
        let Some((key, name)) = written.or(by_key) else { return };
        if name.contains("${") || self.operators.contains(&name) {
            return;
        }
        let part = if key == "_type" { Part::Value } else { Part::Key };
        let hint = self.similar(name).map(|similar| {
            let mark = if key == "_type" { "" } else { ">" };
            format!("did you mean `{similar}{mark}`?")
        });
        self.warn(Lint::UnknownOperator(name.to_owned()), key, part, hint);
    }

    fn similar(&self, name: &str) -> Option<&str> {
        let distances = self.operators.iter().map(|known| (levenshtein(name, known), *known));
        distances
            .min()
            .filter(|(distance, known)| *distance <= known.len().div_ceil(2).min(3))
            .map(|(_, known)| known)
    }

    /// Compiles what an operator would generate; what those tasks generate comes when the walk reaches them.
    fn generated(&mut self, key: &str, full_name: &str, suffix: &str, config: &Params) {
        for mut error in compile_sub(full_name, suffix, config).err().unwrap_or_default() {
            error.path = self.path.iter().cloned().chain([key.to_owned()]).chain(error.path).collect();
            let located = locate(error.clone(), &self.workflow.tree);
            let warning = DigError::new(Lint::Generated(error.kind), located.place).with_hint(error.hint);
            self.warnings.push(warning.into_warning());
        }
    }

    fn warn(&mut self, lint: Lint, key: &str, part: Part, hint: Option<String>) {
        let path: Vec<String> = self.path.iter().cloned().chain([key.to_owned()]).collect();
        let place = self.workflow.place(&path, part);
        self.warnings.push(DigError::new(lint, Some(place)).with_hint(hint).into_warning());
    }
}

fn is_true(value: &Value) -> bool {
    value.as_bool() == Some(true) || value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dig::load_workflow;
    use crate::dig::yaml::IncludeError;

    fn warnings(text: &str) -> Vec<String> {
        let workflow =
            load_workflow("wf", "wf.dig", text.into(), &|_| Err(IncludeError::NotFound), &[]).unwrap();
        let operators = ["echo", "sh", "for_each", "if", "loop", "call", "td", "nop"];
        let with_hint = |warning: &DigError| match &warning.hint {
            Some(hint) => format!("{} ({hint})", warning.one_line()),
            None => warning.one_line(),
        };
        lints(&workflow, &operators).iter().map(with_hint).collect()
    }

    #[test]
    fn good_workflows_have_no_warnings() {
        let text = "_error: {echo>: x}\n+a: {for_each>: {x: [1]}, _do: {_parallel: true, +b: {sh>: y, _check: {sh>: z}}}}\n\
                    +c: {_type: '${op}'}\n+d: {_disable: true, foo>: 1}\n";
        assert_eq!(warnings(text), [""; 0]);
    }

    #[test]
    fn unknown_operators_are_found_everywhere() {
        let text = "_error:\n  ech>: a\n+a:\n  if>: true\n  _do: {+b: {s>: c}}\n  _else_do:\n    foreach>: d\n\
                    +c:\n  sh>: e\n  _check: {lop>: f}\n+d:\n- +e: {_type: eco}\n+f: {wonderful>: g}\n+g: {'>': h}\n";
        assert_eq!(
            warnings(text),
            [
                "wf.dig:5:14: Unknown task type: s (did you mean `sh>`?)",
                "wf.dig:7:5: Unknown task type: foreach (did you mean `for_each>`?)",
                "wf.dig:10:12: Unknown task type: lop (did you mean `loop>`?)",
                "wf.dig:12:15: Unknown task type: eco (did you mean `echo`?)",
                "wf.dig:13:6: Unknown task type: wonderful",
                "wf.dig:14:6: Unknown task type: ",
                "wf.dig:2:3: Unknown task type: ech (did you mean `echo>`?)",
            ]
        );
    }

    #[test]
    fn the_check_of_a_group_is_never_run() {
        assert_eq!(
            warnings("+g:\n  _check: {echo>: x}\n  +a: {echo>: y}\n"),
            [
                "wf.dig:2:3: _check of a group is never run (give it to an operator, such as the last task of the group)"
            ]
        );
    }

    #[test]
    fn what_will_not_compile_when_it_is_generated() {
        assert_eq!(
            warnings("+a:\n  loop>: 3\n  _do:\n    +b: {foo: 1}\n    +c: {if>: x, _do: {+d: 5}}\n"),
            [
                "wf.dig:4:10: +wf+a^sub+b contains invalid keys: 'foo': \"{\"foo\":1}\" \
                 (a task needs an operator, whose key ends with `>`: `foo>`)",
                "wf.dig:5:28: Parameter '+d' must be an object or array of objects",
            ]
        );
    }

    #[test]
    fn warnings_look_like_warnings() {
        let workflow =
            load_workflow("wf", "wf.dig", "+a: {ehco>: x}".into(), &|_| Err(IncludeError::NotFound), &[]);
        insta::assert_snapshot!(lints(&workflow.unwrap(), &["echo"])[0].render(false), @r#"
        warning: Unknown task type: ehco
         --> wf.dig:1:6
          |
        1 | +a: {ehco>: x}
          |      ^^^^^
          |
          = help: did you mean `echo>`?
        "#);
    }
}
