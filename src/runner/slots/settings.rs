//! `slots.NAME = N` and `slots.NAME.tasks = PATTERNS` of the configuration.

use super::pattern::Pattern;
use crate::model::settings::WrongSetting;
use crate::model::{Settings, WorkflowId};
use crate::store::workflows::WorkflowName;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The slots there are, and the tasks that need them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlotSettings(BTreeMap<Arc<str>, Slot>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Slot {
    size: usize,
    tasks: Vec<Pattern>,
}

const MOST: usize = 100_000;
const SIZE: &str = "a whole number from 1 to 100000";
const TASKS: &str = "full names of tasks with * for any characters, separated by commas, such as +etl+load* or \
                     sales/+etl+load*";
const NAME: &str = "slots.NAME = N and slots.NAME.tasks = +TASK*, the name made of letters, digits, - and _";

impl SlotSettings {
    /// Reads all keys that begin with `slots.`.
    ///
    /// # Errors
    ///
    /// Everything that makes no sense, in the order of the keys.
    pub fn from_settings(settings: &Settings) -> Result<Self, Vec<WrongSetting>> {
        let (mut slots, mut wrong) = (BTreeMap::new(), vec![]);
        let mut refuse = |key: String, value: &str, expected| {
            wrong.push(WrongSetting { key, value: value.to_owned(), expected });
        };
        let mut names = BTreeSet::new();
        for (key, value) in settings.below("slots.") {
            let name = key.strip_suffix(".tasks").unwrap_or(key);
            if is_name(name) {
                names.insert(name);
            } else {
                refuse(format!("slots.{key}"), value, NAME);
            }
        }
        for name in names {
            let (size_key, tasks_key) = (format!("slots.{name}"), format!("slots.{name}.tasks"));
            let text = |key| settings.get(key).unwrap_or_default().trim();
            let (size, tasks) = (text(&size_key), text(&tasks_key));
            let read_size = size.parse().ok().filter(|size| (1..=MOST).contains(size));
            let read_tasks: Option<Vec<_>> =
                tasks.split(',').map(|text| Pattern::parse(text.trim())).collect();
            if read_size.is_none() {
                refuse(size_key, size, SIZE);
            }
            if read_tasks.is_none() {
                refuse(tasks_key, tasks, TASKS);
            }
            if let Some((size, tasks)) = read_size.zip(read_tasks) {
                slots.insert(Arc::from(name), Slot { size, tasks });
            }
        }
        if wrong.is_empty() { Ok(Self(slots)) } else { Err(wrong) }
    }

    /// The patterns that concern no task of these workflows, nor one that these could make, each with its key. `tasks` tells
    /// the full names of a workflow's tasks.
    ///
    /// # Errors
    ///
    /// Those of `tasks`.
    pub fn idle_patterns<E>(
        &self,
        workflows: &[WorkflowName],
        tasks: impl Fn(WorkflowId) -> Result<Vec<String>, E>,
    ) -> Result<Vec<(String, String)>, E> {
        let mut idle = vec![];
        for (name, slot) in &self.0 {
            for pattern in &slot.tasks {
                let mut is_idle = true;
                for one in workflows {
                    if pattern.concerns(&one.project, &one.workflow, || tasks(one.id))? {
                        is_idle = false;
                        break;
                    }
                }
                if is_idle {
                    idle.push((format!("slots.{name}.tasks"), pattern.to_string()));
                }
            }
        }
        Ok(idle)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The slots that a task needs, in the order of their names.
    pub(super) fn of(&self, project: &str, task: &str) -> Vec<Arc<str>> {
        let needed = self.0.iter().filter(|(_, slot)| slot.tasks.iter().any(|it| it.matches(project, task)));
        needed.map(|(name, _)| Arc::clone(name)).collect()
    }

    /// Names and sizes.
    pub(super) fn sizes(&self) -> impl Iterator<Item = (&Arc<str>, usize)> {
        self.0.iter().map(|(name, slot)| (name, slot.size))
    }

    pub(super) fn size(&self, name: &str) -> Option<usize> {
        self.0.get(name).map(|slot| slot.size)
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<SlotSettings, Vec<String>> {
        let mut settings = Settings::default();
        pairs.iter().for_each(|(key, value)| settings.set(*key, *value));
        SlotSettings::from_settings(&settings)
            .map_err(|wrong| wrong.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_task_needs_every_slot_that_names_it() {
        let slots = read(&[
            ("slots.db", " 2 "),
            ("slots.db.tasks", "+etl+load*, sales/+report"),
            ("slots.api", "1"),
            ("slots.api.tasks", "*+call , +etl+load_api"),
            ("slotsize", "x"),
        ])
        .unwrap();
        let of = |project, task| slots.of(project, task).join(" ");
        assert_eq!(of("p", "+etl+load"), "db");
        assert_eq!(of("p", "+etl+load_api"), "api db");
        assert_eq!([of("sales", "+report"), of("p", "+report")], ["db", ""]);
        assert_eq!((slots.size("db"), slots.size("x")), (Some(2), None));
        assert!(read(&[]).unwrap().is_empty() && !slots.is_empty());
    }

    #[test]
    fn patterns_without_any_task_are_named() {
        let slots = read(&[
            ("slots.db", "2"),
            ("slots.db.tasks", "+etl+load, q/+etl+load"),
            ("slots.api", "1"),
            ("slots.api.tasks", "+etl+call"),
        ])
        .unwrap();
        let name = |id, project: &str| WorkflowName {
            id: WorkflowId(id),
            project: project.to_owned(),
            workflow: "etl".to_owned(),
        };
        let tasks = |WorkflowId(id)| {
            let task = if id == 1 { "+etl+load" } else { "+etl+other" };
            Ok::<_, ()>(vec!["+etl".to_owned(), task.to_owned()])
        };
        let idle = |workflows: &[WorkflowName]| {
            let idle = slots.idle_patterns(workflows, tasks).unwrap();
            idle.iter().map(|(key, pattern)| format!("{key} {pattern}")).collect::<Vec<_>>()
        };
        let (call, load) = ("slots.api.tasks +etl+call", "slots.db.tasks q/+etl+load");
        assert_eq!(idle(&[name(1, "p"), name(2, "q")]), [call, load]);
        assert_eq!(idle(&[name(2, "p"), name(1, "q")]), [call]);
    }

    #[test]
    fn all_that_makes_no_sense_is_told() {
        let wrong = read(&[
            ("slots.a", "0"),
            ("slots.a.tasks", "+x"),
            ("slots.b.tasks", "load"),
            ("slots.c", "1"),
            ("slots.c.task", "+x"),
            ("slots.d", "1"),
            ("slots.d.tasks", "+x,,+y"),
        ]);
        let message = |key_and_value: &str, expected| format!("{key_and_value}: expected {expected}");
        assert_eq!(
            wrong.unwrap_err(),
            [
                message("slots.c.task = +x", NAME),
                message("slots.a = 0", SIZE),
                message("there is no slots.b", SIZE),
                message("slots.b.tasks = load", TASKS),
                message("there is no slots.c.tasks", TASKS),
                message("slots.d.tasks = +x,,+y", TASKS),
            ]
        );
    }
}
