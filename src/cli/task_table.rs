//! Tasks as a table for people: name, state, start and elapsed time.

use super::colour::Colour;
use crate::logs::local_time::{MachineZone, span};
use crate::model::{Task, TaskState, Time};
use chrono::TimeDelta;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use std::cmp::Reverse;
use std::collections::HashSet;

/// How a table of tasks looks.
#[derive(Debug, Clone)]
pub struct TaskTable<'a> {
    pub zone: &'a MachineZone,
    pub now: Time,
    pub colours: bool,
    /// How wide it may become before dates are left out; none for any width.
    pub columns: Option<u16>,
}

/// The width of the terminal, if standard output or standard error is one.
pub fn terminal_columns() -> Option<u16> {
    // A terminal that does not know its size says 0.
    Table::new().width().filter(|columns| *columns > 0)
}

impl TaskTable<'_> {
    /// All tasks in their order.
    pub fn all(&self, tasks: &[Task]) -> String {
        self.rows(tasks.iter())
    }

    /// At most about `limit` rows: all that did not succeed, and the slowest of the others; says what is left out.
    pub fn digest(&self, tasks: &[Task], limit: usize) -> String {
        if tasks.len() <= limit {
            return self.all(tasks);
        }
        let (succeeded, others): (Vec<&Task>, Vec<&Task>) =
            tasks.iter().partition(|task| task.state == TaskState::Success);
        let mut slowest = succeeded;
        slowest.sort_by_key(|task| Reverse(self.elapsed(task)));
        slowest.truncate(limit.saturating_sub(others.len()));
        let kept: HashSet<_> = others.iter().chain(&slowest).map(|task| task.id).collect();
        let table = self.rows(tasks.iter().filter(|task| kept.contains(&task.id)));
        format!("{table}\n({} tasks that succeeded sooner are left out)", tasks.len() - kept.len())
    }

    fn rows<'t>(&self, tasks: impl Iterator<Item = &'t Task> + Clone) -> String {
        let full = self.table(tasks.clone(), |at| self.zone.show(at));
        let is_too_wide =
            self.columns.is_some_and(|columns| full.iter().any(|line| line.chars().count() > columns.into()));
        let lines = if is_too_wide {
            self.table(tasks, |at| self.zone.local(at).format("%H:%M:%S").to_string())
        } else {
            full
        };
        lines.iter().map(|line| self.coloured(line)).collect::<Vec<_>>().join("\n")
    }

    fn table<'t>(
        &self,
        tasks: impl Iterator<Item = &'t Task>,
        started: impl Fn(Time) -> String,
    ) -> Vec<String> {
        let mut table = Table::new();
        // Widths follow the contents alone: a name cut in two can be neither read nor copied.
        table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(["task", "state", "started", "elapsed"]);
        for task in tasks {
            table.add_row([
                task.full_name.clone(),
                task.state.to_string(),
                task.started_at.map(&started).unwrap_or_default(),
                self.elapsed(task).map(span).unwrap_or_default(),
            ]);
        }
        if let Some(elapsed) = table.column_mut(3) {
            elapsed.set_cell_alignment(CellAlignment::Right);
        }
        table.lines().map(|line| line.trim().to_owned()).collect()
    }

    /// From its first start to its end, or to now.
    fn elapsed(&self, task: &Task) -> Option<TimeDelta> {
        let end = if task.state.is_done() { task.updated_at } else { self.now };
        Some((end - task.started_at?).max(TimeDelta::zero()))
    }

    /// Colours the state in a finished line, so that its width is not disturbed.
    fn coloured(&self, line: &str) -> String {
        let state = || {
            let (name, rest) = line.split_once(' ')?;
            let state = rest.split_whitespace().next()?;
            let colour = colour(state.parse().ok()?)?;
            Some(format!("{name} {}", rest.replacen(state, &colour.paint(state, true), 1)))
        };
        if self.colours { state() } else { None }.unwrap_or_else(|| line.to_owned())
    }
}

fn colour(state: TaskState) -> Option<Colour> {
    match state {
        TaskState::Success => Some(Colour::Green),
        TaskState::Error | TaskState::GroupError => Some(Colour::Red),
        TaskState::Canceled => Some(Colour::Yellow),
        TaskState::Running => Some(Colour::Blue),
        TaskState::Blocked
        | TaskState::Ready
        | TaskState::RetryWaiting
        | TaskState::GroupRetryWaiting
        | TaskState::Planned => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::time::parse_iso;
    use crate::model::{Params, TaskFlags, TaskId, TaskKind, TaskResult};
    use std::sync::Arc;

    /// A task that started at `start` seconds after noon and changed `elapsed` seconds later.
    pub(crate) fn task(id: i64, name: &str, state: TaskState, start: Option<i64>, elapsed: i64) -> Task {
        let noon = parse_iso("2026-11-22T12:00:00Z").unwrap();
        let at = |seconds| noon + TimeDelta::seconds(seconds);
        Task {
            id: TaskId(id),
            parent: (id > 1).then_some(TaskId(1)),
            upstreams: Vec::new(),
            full_name: name.to_owned(),
            kind: if start.is_some() { TaskKind::Operator } else { TaskKind::Group },
            config: Arc::default(),
            state,
            flags: TaskFlags::default(),
            state_params: Params::new(),
            retry_count: 0,
            retry_at: None,
            started_at: start.map(at),
            updated_at: at(start.unwrap_or_default() + elapsed),
            result: TaskResult::default(),
            error: Params::new(),
        }
    }

    fn tasks() -> Vec<Task> {
        vec![
            task(1, "+wf", TaskState::Planned, None, 0),
            task(2, "+wf+load", TaskState::Success, Some(0), 65),
            task(3, "+wf+check", TaskState::Error, Some(65), 1),
            task(4, "+wf+long", TaskState::Running, Some(5), 0),
            task(5, "+wf+fast", TaskState::Success, Some(7), 0),
        ]
    }

    fn table(colours: bool) -> TaskTable<'static> {
        static UTC: std::sync::OnceLock<MachineZone> = std::sync::OnceLock::new();
        let now = parse_iso("2026-11-22T13:00:10Z").unwrap();
        TaskTable { zone: UTC.get_or_init(MachineZone::utc), now, colours, columns: None }
    }

    #[test]
    fn tasks_have_states_and_times() {
        assert_eq!(
            table(false).all(&tasks()),
            "task       state    started                     elapsed\n\
             +wf        planned\n\
             +wf+load   success  2026-11-22 12:00:00 +0000     1m 5s\n\
             +wf+check  error    2026-11-22 12:01:05 +0000        1s\n\
             +wf+long   running  2026-11-22 12:00:05 +0000  1h 0m 5s\n\
             +wf+fast   success  2026-11-22 12:00:07 +0000        0s"
        );
    }

    #[test]
    fn dates_are_left_out_where_they_do_not_fit() {
        let narrow = TaskTable { columns: Some(40), ..table(false) };
        assert_eq!(
            narrow.all(&tasks()[..3]),
            "task       state    started   elapsed\n\
             +wf        planned\n\
             +wf+load   success  12:00:00    1m 5s\n\
             +wf+check  error    12:01:05       1s"
        );
    }

    #[test]
    fn colours_do_not_move_columns() {
        let coloured = table(true).all(&tasks());
        assert!(coloured.contains("+wf+load   \u{1b}[32msuccess\u{1b}[0m  2026"), "{coloured}");
        let plain = coloured.replace("\u{1b}[32m", "").replace("\u{1b}[31m", "").replace("\u{1b}[34m", "");
        assert_eq!(plain.replace("\u{1b}[0m", ""), table(false).all(&tasks()));
    }

    #[test]
    fn long_tables_keep_what_matters() {
        let digest = table(false).digest(&tasks(), 4);
        assert!(digest.contains("+wf+load") && !digest.contains("+wf+fast"), "{digest}");
        assert!(digest.ends_with("\n(1 tasks that succeeded sooner are left out)"), "{digest}");
        assert_eq!(table(false).digest(&tasks(), 5), table(false).all(&tasks()));
    }
}
