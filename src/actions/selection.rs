//! Which tasks of a run are executed, which are taken over from earlier runs of the session, and which are left out:
//! `--rerun`, `--start`, `--goal`, `--end` and the `+task` argument. Pure.
//!
//! A task that comes into being while the workflow runs goes the way of its nearest ancestor in the plan.

use crate::model::{Plan, PlannedTask};
use std::collections::HashSet;

/// A failure is told of every time.
const ALERT: &str = "^failure-alert";

/// What was asked for on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    pub rerun: bool,
    pub start: Option<String>,
    pub goal: Option<String>,
    pub end: Option<String>,
}

/// What becomes of a task when its turn comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// Its operator runs.
    Run,
    /// Its result of an earlier run is taken over if it succeeded then; otherwise its operator runs.
    Resume,
    /// It succeeds without doing anything.
    LeaveOut,
}

/// The treatment of each task by its full name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    planned: HashSet<String>,
    /// None: all of them.
    resumed: Option<HashSet<String>>,
    /// None: all of them.
    run: Option<HashSet<String>>,
}

/// A pattern for a task that fits none or several.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    #[error("Task pattern '{0}' doesn't match with any tasks. (no match)")]
    NoMatch(String),
    #[error("Task pattern '{pattern}' is ambiguous. Matching candidates are [{}] (multiple task match)", candidates.join(", "))]
    Ambiguous { pattern: String, candidates: Vec<String> },
    #[error("Match patterns excepting direct child (+name+name) is not supported: {0} (illegal argument)")]
    Unsupported(String),
}

impl Selection {
    /// Works a wish out for a plan.
    ///
    /// # Errors
    ///
    /// A pattern fits no task or several.
    pub fn new(plan: &Plan, wish: &Wish) -> Result<Self, PatternError> {
        let names = |places: &[usize]| -> HashSet<String> {
            places.iter().map(|place| plan.tasks[*place].full_name.clone()).collect()
        };
        let mut selection =
            Self { planned: names(&(0..plan.tasks.len()).collect::<Vec<_>>()), resumed: None, run: None };
        if let Some(goal) = &wish.goal {
            let place = find(plan, goal)?;
            let before = before(plan, place);
            let mut run = before.clone();
            run.push(place);
            run.extend(descendants(plan, place));
            selection.resumed = Some(names(&before));
            selection.run = Some(names(&run));
        }
        if let Some(start) = &wish.start {
            selection.resumed = Some(names(&before(plan, find(plan, start)?)));
        }
        if wish.rerun {
            selection.resumed = Some(HashSet::new());
        }
        if let Some(end) = &wish.end {
            selection.run = Some(names(&before(plan, find(plan, end)?)));
        }
        Ok(selection)
    }

    /// What becomes of a task, planned or generated.
    pub fn treatment(&self, full_name: &str) -> Treatment {
        if full_name.ends_with(ALERT) {
            return Treatment::Run;
        }
        let name = self.nearest_planned(full_name);
        if self.run.as_ref().is_some_and(|run| !run.contains(name)) {
            Treatment::LeaveOut
        } else if self.resumed.as_ref().is_none_or(|resumed| resumed.contains(name)) {
            Treatment::Resume
        } else {
            Treatment::Run
        }
    }

    /// What holds in the workflows that this one requires. No wish names their tasks: all of them are resumed, or all
    /// run when some tasks here are to run again.
    pub fn of_required(&self) -> Self {
        let resumed = self.resumed.as_ref().map(|_| HashSet::new());
        Self { resumed, ..Self::default() }
    }

    /// The longest beginning of a name that is a planned task; a task of another workflow has none.
    fn nearest_planned<'a>(&self, full_name: &'a str) -> &'a str {
        let mut name = full_name;
        while !self.planned.contains(name) {
            match name.rfind(['+', '^']) {
                Some(end) if end > 0 => name = &name[..end],
                _ => return full_name,
            }
        }
        name
    }
}

/// Finds the one task of a plan whose full name ends with the pattern.
///
/// # Errors
///
/// None does, or several do, or the pattern is only a part of a separator.
pub fn find(plan: &Plan, pattern: &str) -> Result<usize, PatternError> {
    find_name(plan.tasks.iter().map(|task| task.full_name.as_str()), pattern)
}

/// Finds the place of the one full name that ends with the pattern.
///
/// # Errors
///
/// As [`find`].
pub(super) fn find_name<'a>(
    names: impl Iterator<Item = &'a str>,
    pattern: &str,
) -> Result<usize, PatternError> {
    let lone_separator = pattern.split_inclusive(['+', '^']).skip(1).any(|part| part == "+" || part == "^");
    if lone_separator || pattern.ends_with(['+', '^']) {
        return Err(PatternError::Unsupported(pattern.to_owned()));
    }
    let matching: Vec<(usize, &str)> =
        names.enumerate().filter(|(_, name)| name.ends_with(pattern)).collect();
    match matching.as_slice() {
        [] => Err(PatternError::NoMatch(pattern.to_owned())),
        [(place, _)] => Ok(*place),
        several => Err(PatternError::Ambiguous {
            pattern: pattern.to_owned(),
            candidates: several.iter().map(|(_, name)| (*name).to_owned()).collect(),
        }),
    }
}

/// The root and one task with everything below it. The task waits for nothing any more.
pub fn subtree(plan: &Plan, place: usize) -> Plan {
    if place == 0 {
        return plan.clone();
    }
    let mut kept = vec![0, place];
    kept.extend(descendants(plan, place));
    kept.sort_unstable();
    let new_place = |old: usize| kept.iter().position(|kept| *kept == old);
    let tasks = kept
        .iter()
        .map(|&old| {
            let task = &plan.tasks[old];
            let (parent, upstreams) = match old {
                0 => (None, vec![]),
                _ if old == place => (Some(0), vec![]),
                _ => (
                    task.parent.and_then(new_place),
                    task.upstreams.iter().filter_map(|up| new_place(*up)).collect(),
                ),
            };
            PlannedTask { parent, upstreams, ..task.clone() }
        })
        .collect();
    Plan { tasks }
}

/// Ancestors of a task and, for it and each of them, the siblings they wait for with everything below those.
fn before(plan: &Plan, place: usize) -> Vec<usize> {
    let mut found = vec![];
    let mut here = Some(place);
    while let Some(node) = here {
        for sibling in upstreams(plan, node) {
            found.push(sibling);
            found.extend(descendants(plan, sibling));
        }
        here = plan.tasks[node].parent;
        found.extend(here);
    }
    found
}

fn upstreams(plan: &Plan, place: usize) -> Vec<usize> {
    let mut found: Vec<usize> = vec![];
    let mut pending = plan.tasks[place].upstreams.clone();
    while let Some(next) = pending.pop() {
        if !found.contains(&next) {
            found.push(next);
            pending.extend(&plan.tasks[next].upstreams);
        }
    }
    found
}

fn descendants(plan: &Plan, place: usize) -> Vec<usize> {
    let mut found: Vec<usize> = vec![];
    for (child, task) in plan.tasks.iter().enumerate() {
        if task.parent.is_some_and(|parent| parent == place || found.contains(&parent)) {
            found.push(child);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TaskKind;
    use std::sync::Arc;

    /// `+wf` with `+a`, `+b` (with `+b1`, `+b2`) and `+c`, one after another.
    fn plan() -> Plan {
        let task = |name: &str, parent, upstreams: &[usize]| PlannedTask {
            full_name: name.to_owned(),
            parent,
            upstreams: upstreams.to_vec(),
            kind: TaskKind::Operator,
            config: Arc::default(),
        };
        Plan {
            tasks: vec![
                task("+wf", None, &[]),
                task("+wf+a", Some(0), &[]),
                task("+wf+b", Some(0), &[1]),
                task("+wf+b+b1", Some(2), &[]),
                task("+wf+b+b2", Some(2), &[3]),
                task("+wf+c", Some(0), &[2]),
            ],
        }
    }

    /// One letter a task: `!` runs, `=` is resumed, `-` is left out.
    fn shown(wish: Wish) -> String {
        let selection = Selection::new(&plan(), &wish).unwrap();
        let letter = |name: &str| match selection.treatment(name) {
            Treatment::Run => '!',
            Treatment::Resume => '=',
            Treatment::LeaveOut => '-',
        };
        let names =
            ["+wf+a", "+wf+a^sub+loop-0", "+wf+b+b1", "+wf+b+b2", "+wf+b+b2^sub", "+wf+c", "+other+x"];
        names.into_iter().map(letter).collect()
    }

    #[test]
    fn options_select_tasks() {
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(shown(Wish::default()), "=======");
        assert_eq!(shown(Wish { rerun: true, ..Wish::default() }), "!!!!!!!");
        assert_eq!(shown(Wish { start: some("+b"), ..Wish::default() }), "==!!!!!");
        assert_eq!(shown(Wish { start: some("+b2"), ..Wish::default() }), "===!!!!");
        assert_eq!(shown(Wish { goal: some("+b"), ..Wish::default() }), "==!!!--");
        assert_eq!(shown(Wish { goal: some("+b1"), ..Wish::default() }), "==!----");
        assert_eq!(shown(Wish { end: some("+c"), ..Wish::default() }), "=====--");
        assert_eq!(shown(Wish { start: some("+b"), end: some("+c"), ..Wish::default() }), "==!!!--");
        assert_eq!(shown(Wish { rerun: true, end: some("+b"), ..Wish::default() }), "!!-----");
    }

    #[test]
    fn a_failure_is_told_of_every_time() {
        let selection = Selection::new(&plan(), &Wish::default()).unwrap();
        assert_eq!(selection.treatment("+wf^failure-alert"), Treatment::Run);
        assert_eq!(selection.treatment("+wf+a^error"), Treatment::Resume);
    }

    #[test]
    fn required_workflows_are_resumed_or_run_as_a_whole() {
        let required = |wish| Selection::new(&plan(), &wish).unwrap().of_required().treatment("+other+x");
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(required(Wish::default()), Treatment::Resume);
        assert_eq!(required(Wish { end: some("+c"), ..Wish::default() }), Treatment::Resume);
        assert_eq!(required(Wish { rerun: true, ..Wish::default() }), Treatment::Run);
        assert_eq!(required(Wish { start: some("+b"), ..Wish::default() }), Treatment::Run);
        assert_eq!(required(Wish { goal: some("+b"), ..Wish::default() }), Treatment::Run);
    }

    #[test]
    fn patterns_are_ends_of_names() {
        let found = |pattern| find(&plan(), pattern).map_err(|error| error.to_string());
        assert_eq!(found("+b+b2"), Ok(4));
        assert_eq!(found("1"), Ok(3));
        assert_eq!(found("+x"), Err("Task pattern '+x' doesn't match with any tasks. (no match)".to_owned()));
        let unsupported = "Match patterns excepting direct child (+name+name) is not supported";
        assert_eq!(found("+b++b2"), Err(format!("{unsupported}: +b++b2 (illegal argument)")));
        let mut twice = plan();
        twice.tasks[5].full_name = "+wf+x+b1".to_owned();
        let error = find(&twice, "+b1").unwrap_err().to_string();
        assert!(error.contains("is ambiguous. Matching candidates are [+wf+b+b1, +wf+x+b1]"), "{error}");
    }

    #[test]
    fn a_subtree_starts_at_once() {
        let names = |plan: Plan| -> Vec<(String, Option<usize>, Vec<usize>)> {
            plan.tasks.into_iter().map(|task| (task.full_name, task.parent, task.upstreams)).collect()
        };
        assert_eq!(
            names(subtree(&plan(), 2)),
            [
                ("+wf".to_owned(), None, vec![]),
                ("+wf+b".to_owned(), Some(0), vec![]),
                ("+wf+b+b1".to_owned(), Some(1), vec![]),
                ("+wf+b+b2".to_owned(), Some(1), vec![2]),
            ]
        );
        assert_eq!(subtree(&plan(), 0), plan());
    }
}
