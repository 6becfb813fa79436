//! Settings of single workflows and tasks that concern none of those there are: most likely a name is misspelled. Nothing is
//! refused, for what they concern may be registered later.

use crate::dig::compile;
use crate::model::{Settings, WorkflowId, similar};
use crate::runner::SlotSettings;
use crate::store::workflows::{self, WorkflowName};
use crate::store::{Reader, Store, StoreError};
use std::collections::BTreeSet;

/// What keys begin with that end in `<project>.<workflow>`.
const PREFIXES: [&str; 4] = ["limits.memory.", "limits.cpu.", "limits.processes.", "schedule.catch_up."];

/// What is to be said of such settings; nothing as long as there is no workflow at all.
///
/// # Errors
///
/// Those of the store, which is read only when there are settings of this kind.
pub(crate) fn idle_settings(settings: &Settings, store: &Store) -> Result<Vec<String>, StoreError> {
    if !has_any(settings) {
        return Ok(vec![]);
    }
    store.read(|reader| {
        let names = workflows::names(reader)?;
        if names.is_empty() {
            return Ok(vec![]);
        }
        let mut told = idle_keys(settings, &names);
        // Slots that make no sense are told by whoever follows them.
        let slots = SlotSettings::from_settings(settings).unwrap_or_default();
        let idle = slots.idle_patterns(&names, |id| tasks(reader, id))?;
        told.extend(
            idle.iter().map(|(key, pattern)| format!("{key}: {pattern} concerns no task that there is")),
        );
        Ok(told)
    })
}

/// Whether there is a setting of this kind.
pub(crate) fn has_any(settings: &Settings) -> bool {
    PREFIXES.iter().chain(&["slots."]).any(|prefix| settings.below(prefix).next().is_some())
}

fn idle_keys(settings: &Settings, names: &[WorkflowName]) -> Vec<String> {
    let known: BTreeSet<String> =
        names.iter().map(|name| format!("{}.{}", name.project, name.workflow)).collect();
    let mut told = vec![];
    for prefix in PREFIXES {
        for (name, _) in settings.below(prefix).filter(|(name, _)| !known.contains(*name)) {
            let meant = similar(name, known.iter().map(String::as_str)).first().copied();
            let meant = meant.map(|meant| format!("; did you mean {prefix}{meant}?")).unwrap_or_default();
            told.push(format!("{prefix}{name} concerns no workflow that there is{meant}"));
        }
    }
    told
}

/// The full names of the tasks that a workflow has before it runs.
fn tasks(reader: &Reader, id: WorkflowId) -> Result<Vec<String>, StoreError> {
    let Some(workflow) = workflows::by_id(reader, id)? else { return Ok(vec![]) };
    let plan = compile(&format!("+{}", workflow.name), &workflow.config);
    Ok(plan.map_or_else(|_| vec![], |plan| plan.tasks.into_iter().map(|task| task.full_name).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing;

    fn told(store: &Store, pairs: &[(&str, &str)]) -> Vec<String> {
        let mut settings = Settings::default();
        pairs.iter().for_each(|(key, value)| settings.set(*key, *value));
        idle_settings(&settings, store).unwrap()
    }

    #[test]
    fn names_are_those_of_the_workflows_there_are() {
        let (store, _directory) = testing::store();
        let misspelled = [
            ("limits.memory", "1G"),
            ("limits.memory.shop.dayly", "1G"),
            ("limits.processes.shop.daily", "9"),
            ("schedule.catch_up.other.x", "all"),
        ];
        assert_eq!(told(&store, &misspelled), [""; 0], "it may come");
        testing::workflow(&store, "shop", "daily");
        testing::workflow(&store, "shop.old", "daily");
        assert_eq!(
            told(&store, &misspelled),
            [
                "limits.memory.shop.dayly concerns no workflow that there is; did you mean \
                 limits.memory.shop.daily?",
                "schedule.catch_up.other.x concerns no workflow that there is",
            ]
        );
        assert_eq!(told(&store, &[("limits.cpu.shop.old.daily", "1")]), [""; 0]);
        assert_eq!(told(&store, &[("limits.cpu", "1"), ("limits.free_disk", "1G")]), [""; 0]);
    }
}
