//! What stands at the top of a `.dig` file: time zone, exports, schedule, tasks. Tasks themselves are in `compile`.

use crate::dig::error::DigError;
use crate::dig::source::Place;
use crate::dig::yaml::{Entry, Part, Tree};
use crate::model::config::{ConfigError, as_string, mismatch};
use crate::model::names::{check_task_name, check_workflow_name};
use crate::model::{Params, UnknownZone, WorkflowDefinition, Zone};
use serde_json::Value;
use strsim::levenshtein;

/// Keys of the whole workflow besides `timezone` and `_export`, in the order in which a definition has them.
const WORKFLOW_KEYS: [&str; 6] = ["schedule", "sla", "_error", "_check", "_retry", "_parallel"];

/// What can be wrong at the top of a file.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DocumentError {
    #[error(transparent)]
    Parameter(#[from] ConfigError),
    #[error("{0}\n> {1}")]
    Timezone(ConfigError, UnknownZone),
    #[error("Workflow '{name}' includes unknown keys: [{}]", .keys.join(", "))]
    UnknownKeys { name: String, keys: Vec<String> },
}

/// Reads a file as the workflow of that name, as far as it can be read, and says what is wrong with it.
///
/// `workdir` is the directory of a file that does not stand at the top of its project; its tasks run there.
pub(crate) fn define(name: &str, tree: &Tree, workdir: Option<&str>) -> (WorkflowDefinition, Vec<DigError>) {
    let mut reader = Reader { tree, errors: Vec::new() };
    for error in check_workflow_name(name).err().unwrap_or_default() {
        reader.errors.push(DigError::new(error, Some(tree.find(&[], Part::Key))));
    }
    let timezone = reader.timezone();
    let mut config = Params::new();
    let export = reader.export(workdir);
    if !export.is_empty() {
        config.insert("_export".to_owned(), Value::Object(export));
    }
    for key in WORKFLOW_KEYS {
        reader.copy(key, &mut config);
    }
    for entry in tree.root.entries().iter().filter(|entry| is_task(entry)) {
        for error in check_task_name(&entry.key).err().unwrap_or_default() {
            reader.errors.push(DigError::new(error, Some(reader.place(&entry.key, Part::Key))));
        }
        reader.copy(&entry.key, &mut config);
    }
    reader.unknown_keys(name);
    (WorkflowDefinition { name: name.to_owned(), timezone, config }, reader.errors)
}

fn is_task(entry: &Entry) -> bool {
    entry.key.starts_with('+')
}

struct Reader<'a> {
    tree: &'a Tree,
    errors: Vec<DigError>,
}

impl Reader<'_> {
    fn value(&self, key: &str) -> Option<Value> {
        self.tree.root.get(key).map(|entry| entry.value.to_json())
    }

    fn place(&self, key: &str, part: Part) -> Place {
        self.tree.find(&[key.to_owned()], part)
    }

    fn report(&mut self, kind: impl Into<DocumentError>, key: &str, part: Part, hint: Option<String>) {
        let place = self.place(key, part);
        self.errors.push(DigError::new(kind.into(), Some(place)).with_hint(hint));
    }

    fn timezone(&mut self) -> Zone {
        let value = match self.value("timezone") {
            None | Some(Value::Null) => return Zone::utc(),
            Some(value) => value,
        };
        let id = as_string("timezone", &value).unwrap_or_default();
        Zone::parse(&id).unwrap_or_else(|unknown| {
            let hint = similar_zone(&id);
            let mismatch = mismatch("timezone", "a time zone", &value);
            self.report(DocumentError::Timezone(mismatch, unknown), "timezone", Part::Value, hint);
            Zone::utc()
        })
    }

    fn export(&mut self, workdir: Option<&str>) -> Params {
        let mut export = match self.value("_export") {
            None | Some(Value::Null) => Params::new(),
            Some(Value::Object(export)) => export,
            Some(_) => {
                self.report(ConfigError::NotAnObject("_export".to_owned()), "_export", Part::Value, None);
                Params::new()
            }
        };
        if let Some(base) = workdir {
            let joined = match export.get("_workdir").filter(|value| !value.is_null()) {
                None => Ok(base.to_owned()),
                Some(below) => as_string("_workdir", below).map(|below| format!("{base}/{below}")),
            };
            match joined {
                Ok(joined) => {
                    export.insert("_workdir".to_owned(), Value::String(joined));
                }
                Err(error) => {
                    let path = ["_export".to_owned(), "_workdir".to_owned()];
                    let place = self.tree.find(&path, Part::Value);
                    self.errors.push(DigError::new(DocumentError::from(error), Some(place)));
                }
            }
        }
        export
    }

    /// Copies a key that must not be null if it is there.
    fn copy(&mut self, key: &str, config: &mut Params) {
        match self.value(key) {
            None => {}
            Some(Value::Null) => {
                let hint = key.starts_with('+').then(|| format!("an empty task is written `{key}: {{}}`"));
                self.report(ConfigError::Null(key.to_owned()), key, Part::Key, hint);
            }
            Some(value) => {
                config.insert(key.to_owned(), value);
            }
        }
    }

    fn unknown_keys(&mut self, name: &str) {
        let known = |key: &str| matches!(key, "timezone" | "_export") || WORKFLOW_KEYS.contains(&key);
        let tree = self.tree;
        let unknown: Vec<&Entry> =
            tree.root.entries().iter().filter(|entry| !is_task(entry) && !known(&entry.key)).collect();
        let Some((first, others)) = unknown.split_first() else { return };
        let keys = unknown.iter().map(|entry| entry.key.clone()).collect();
        let kind = DocumentError::UnknownKeys { name: name.to_owned(), keys };
        self.report(kind, &first.key, Part::Key, unknown_key_hint(first));
        if let Some(error) = self.errors.last_mut() {
            let place = |entry: &&Entry| (tree.sources.place(entry.key_span), "unknown too".to_owned());
            error.related.extend(others.iter().map(place));
        }
    }
}

fn unknown_key_hint(entry: &Entry) -> Option<String> {
    let key = entry.key.as_str();
    let known = WORKFLOW_KEYS.into_iter().chain(["timezone", "_export"]);
    let closest = known.map(|known| (levenshtein(key, known), known)).min();
    if let Some((_, known)) = closest.filter(|(distance, known)| *distance <= known.len() / 3) {
        return Some(format!("did you mean `{known}`?"));
    }
    if key.ends_with('>') {
        return Some(format!("an operator belongs into a task: `+task: {{{key}: ...}}`"));
    }
    let is_named = entry.value.to_json().is_object() && check_task_name(&format!("+{key}")).is_ok();
    is_named.then(|| format!("the name of a task begins with `+`: `+{key}`"))
}

/// The region with the most similar name, or what forms there are.
fn similar_zone(id: &str) -> Option<String> {
    let wanted = id.to_ascii_lowercase();
    let regions = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).filter(|name| name.contains('/'));
    let distance = |name: &str| {
        let name = name.to_ascii_lowercase();
        let city = name.rsplit('/').next().unwrap_or_default();
        levenshtein(&wanted, &name).min(levenshtein(&wanted, city))
    };
    let closest = regions.map(|name| (distance(name), name)).min();
    Some(match closest.filter(|(distance, _)| *distance <= wanted.len() / 4) {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => "write a region such as Asia/Tokyo, an offset such as +09:00, or UTC".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use crate::dig::yaml::IncludeError;
    use crate::dig::yaml::read;
    use crate::dig::{DigError, DigErrors};
    use crate::model::WorkflowDefinition;
    use serde_json::Value;

    fn load_definition(
        name: &str,
        text: &str,
        workdir: Option<&str>,
    ) -> Result<WorkflowDefinition, DigErrors> {
        let tree = read("w.dig", text.into(), &|_| Err(IncludeError::NotFound))?;
        let (definition, errors) = super::define(name, &tree, workdir);
        DigErrors::check(errors).map(|()| definition)
    }

    fn load(name: &str, text: &str, workdir: Option<&str>) -> String {
        match load_definition(name, text, workdir) {
            Ok(definition) => format!("{} {}", definition.timezone.id(), Value::Object(definition.config)),
            Err(errors) => errors.iter().map(DigError::one_line).collect::<Vec<_>>().join("\n"),
        }
    }

    fn defined(text: &str) -> String {
        load("wf", text, None)
    }

    fn hint(text: &str) -> String {
        let errors = load_definition("wf", text, None).unwrap_err();
        errors.iter().next().and_then(|error| error.hint.clone()).unwrap_or_default()
    }

    #[test]
    fn keys_are_put_in_a_fixed_order() {
        assert_eq!(
            defined(
                "+b: {}\n_parallel: true\n_retry: 1\ntimezone: Asia/Tokyo\n_check: {}\n+a: {}\n_error: {}\nsla: {}\n\
                 schedule: {}\n_export: {x: 1}\n"
            ),
            "Asia/Tokyo {\"_export\":{\"x\":1},\"schedule\":{},\"sla\":{},\"_error\":{},\"_check\":{},\"_retry\":1,\
             \"_parallel\":true,\"+b\":{},\"+a\":{}}"
        );
    }

    #[test]
    fn little_is_enough() {
        assert_eq!(defined("{}"), "UTC {}");
        assert_eq!(defined("timezone: null\n_export: null\n"), "UTC {}");
        assert_eq!(defined("timezone: '+09:00'\n_export: {}\n+a: []"), "+09:00 {\"+a\":[]}");
    }

    #[test]
    fn errors() {
        for (text, expected) in [
            ("foo: 1\n_secrets: {}\n", "w.dig:1:1: Workflow 'wf' includes unknown keys: [foo, _secrets]"),
            ("+1: {}\n1: {}", "w.dig:2:1: Workflow 'wf' includes unknown keys: [1]"),
            ("_export: 5", "w.dig:1:10: Parameter '_export' must be an object"),
            ("+a:\n", "w.dig:1:1: Parameter '+a' is required but null"),
            ("schedule:\n", "w.dig:1:1: Parameter 'schedule' is required but null"),
            ("+a^b: {}", "w.dig:1:1: task name must not contain ^ character: \"+a^b\""),
            ("+a b: {}", "w.dig:1:1: task name must not contain character ' ': \"+a b\""),
            (
                "timezone: JST",
                "w.dig:1:11: Expected a time zone for key 'timezone' but got \"JST\" (string)\n\
                 > Unknown time zone name: JST",
            ),
            (
                "timezone: [UTC]",
                "w.dig:1:11: Expected a time zone for key 'timezone' but got [\"UTC\"] (array)\n\
                 > Unknown time zone name: ",
            ),
        ] {
            assert_eq!(defined(text), expected, "{text}");
        }
        let message = "w.dig:1:1: name must not start with a numeric digit (0-9): \"1\"";
        assert_eq!(load("1", "+a: {}", None), message);
    }

    #[test]
    fn all_errors_are_found() {
        assert_eq!(
            defined("_export: 1\ntimezone: x\nfoo: 1\n+a:\n")
                .lines()
                .filter(|line| line.starts_with("w.dig"))
                .count(),
            4
        );
    }

    #[test]
    fn hints() {
        assert_eq!(hint("_exprot: {}"), "did you mean `_export`?");
        assert_eq!(hint("schedul: {}"), "did you mean `schedule`?");
        assert_eq!(hint("sh>: ls"), "an operator belongs into a task: `+task: {sh>: ...}`");
        assert_eq!(hint("prepare: {sh>: ls}"), "the name of a task begins with `+`: `+prepare`");
        assert_eq!(hint("+a:"), "an empty task is written `+a: {}`");
        assert_eq!(hint("timezone: tokyo"), "did you mean `Asia/Tokyo`?");
        assert_eq!(
            hint("timezone: JST"),
            "write a region such as Asia/Tokyo, an offset such as +09:00, or UTC"
        );
    }

    #[test]
    fn files_in_a_directory_run_there() {
        let load = |text| load("sub/x", text, Some("sub"));
        assert_eq!(load("+a: {}"), r#"UTC {"_export":{"_workdir":"sub"},"+a":{}}"#);
        assert_eq!(
            load("_export: {_workdir: below, x: 1}"),
            r#"UTC {"_export":{"_workdir":"sub/below","x":1}}"#
        );
        assert_eq!(
            load("_export: {_workdir: [a]}"),
            "w.dig:1:21: Expected string type for key '_workdir' but got [\"a\"] (array)"
        );
    }
}
