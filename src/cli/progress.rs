//! What a run shows: log lines and task output as they come, and on a terminal the running tasks below them.
//!
//! Log and task output go to standard output, task output as it is and at once. When standard error is a terminal, the
//! live lines are drawn there, and on a terminal the output of tasks is printed line by line so that they never meet.

use super::err_terminal::ErrTerminal;
use super::live::Live;
use super::output::Output;
use super::program_log::ProgramLog;
use super::run_summary::RunSummary;
use super::task_output::TaskOutput;
use super::task_table::{TaskTable, terminal_columns};
use super::{Context, Exit};
use crate::logs::{LogRecord, MachineZone};
use crate::model::{Task, TaskState, Time};
use crate::runner::Observer;
use indicatif::ProgressDrawTarget;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many rows the closing table has at most.
const CLOSING_ROWS: usize = 40;

/// Shows a run.
pub struct Terminal {
    output: Arc<Output>,
    log: Arc<ProgramLog>,
    zone: MachineZone,
    /// The live lines; none without a terminal.
    live: Option<Live>,
    tasks: Mutex<TaskOutput>,
}

impl Terminal {
    /// Shows a run in the way that suits the output of the context.
    pub fn new(context: &Context) -> Self {
        let terminal = context.output.err_is_terminal().then(|| ErrTerminal::new(&context.output));
        let target = terminal.map(|terminal| ProgressDrawTarget::term_like(Box::new(terminal)));
        Self::with_target(&context.output, &context.log, context.zone.clone(), target)
    }

    fn with_target(
        output: &Arc<Output>,
        log: &Arc<ProgramLog>,
        zone: MachineZone,
        target: Option<ProgressDrawTarget>,
    ) -> Self {
        let live = target.map(|target| {
            let output = Arc::clone(output);
            Live::new(target, move |bytes| output.bytes(bytes))
        });
        let (output, log) = (Arc::clone(output), Arc::clone(log));
        Self { output, log, zone, live, tasks: Mutex::default() }
    }

    /// Tells which tasks there are, before the first one starts, so that the total is known.
    pub fn planned(&self, tasks: &[Task]) {
        if let Some(live) = &self.live {
            live.planned(tasks);
        }
    }

    /// Ends the live lines, shows the tasks in a table if this is a terminal, and says how the run ended.
    pub fn finish(mut self, summary: &RunSummary<'_>, now: Time) -> Exit {
        let rest = self.tasks().end_all();
        if self.output.out_is_terminal() {
            self.print(&rest);
        }
        let was_live = self.live.take().is_some();
        if was_live {
            let colours = self.output.err_has_colours();
            let table = TaskTable { zone: &self.zone, now, colours, columns: terminal_columns() };
            self.output.note(&format!("\n{}\n", table.digest(summary.tasks, CLOSING_ROWS)));
        }
        let tasks = self.tasks();
        summary.tell(&self.output, |task| if was_live { tasks.last_lines(task) } else { &[] })
    }

    /// Prints on standard output, above the live lines if they are on the same terminal.
    fn print(&self, bytes: &[u8]) {
        match &self.live {
            _ if bytes.is_empty() => {}
            Some(live) if self.output.out_is_terminal() => live.print(bytes),
            _ => self.output.bytes(bytes),
        }
    }

    fn tasks(&self) -> MutexGuard<'_, TaskOutput> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Terminal {
    fn log(&self, record: &LogRecord<'_>) {
        if let Some(line) = self.log.take(record) {
            self.print(format!("{line}\n").as_bytes());
        }
    }

    fn output(&self, task: &str, bytes: &[u8]) {
        if self.live.is_none() {
            return self.print(bytes);
        }
        let lines = self.tasks().take(task, bytes);
        self.print(if self.output.out_is_terminal() { &lines } else { bytes });
    }

    fn started(&self, task: &Task) {
        if let Some(live) = &self.live {
            live.started(task);
        }
    }

    fn changed(&self, task: &Task) {
        let Some(live) = &self.live else { return };
        let rest = self.tasks().end(&task.full_name, task.state == TaskState::Error);
        if self.output.out_is_terminal() {
            self.print(&rest);
        }
        live.stopped(task);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::live::tests::Screen;
    use crate::cli::output::captured::Captured;
    use crate::cli::run_summary::Saved;
    use crate::cli::task_table::tests::task;
    use crate::logs::Level;
    use crate::model::time::parse_iso;

    fn noon() -> Time {
        parse_iso("2026-11-22T12:00:00Z").unwrap()
    }

    fn record(message: &str) -> LogRecord<'_> {
        LogRecord { time: noon(), level: Level::Info, task: None, message }
    }

    fn terminal(is_terminal: bool) -> (Terminal, Captured, Screen) {
        let (output, captured) = Captured::with_terminal(is_terminal);
        let log = ProgramLog::console(Level::Info, MachineZone::utc(), false);
        let screen = Screen::default();
        let target = is_terminal.then(|| screen.target());
        let terminal = Terminal::with_target(&Arc::new(output), &Arc::new(log), MachineZone::utc(), target);
        (terminal, captured, screen)
    }

    /// Two tasks that run at the same time and print parts of lines; the second one fails.
    fn play(terminal: &Terminal) -> [Task; 2] {
        terminal.planned(&[
            task(2, "+wf+a", TaskState::Blocked, Some(0), 0),
            task(3, "+wf+b", TaskState::Blocked, Some(0), 0),
        ]);
        terminal.started(&task(2, "+wf+a", TaskState::Running, Some(0), 0));
        terminal.started(&task(3, "+wf+b", TaskState::Running, Some(0), 0));
        terminal.output("+wf+a", b"one ");
        terminal.output("+wf+b", b"other\n");
        terminal.log(&record("hello"));
        terminal.output("+wf+a", b"line\ntwo");
        let mut ended = [
            task(2, "+wf+a", TaskState::Success, Some(0), 1),
            task(3, "+wf+b", TaskState::Error, Some(0), 1),
        ];
        ended[1].error.insert("message".to_owned(), "boom".into());
        ended.iter().for_each(|task| terminal.changed(task));
        ended
    }

    #[test]
    fn without_a_terminal_everything_comes_as_it_is() {
        let (terminal, captured, screen) = terminal(false);
        let tasks = play(&terminal);
        let summary = RunSummary { success: false, tasks: &tasks, saved: Saved::Nowhere };
        assert_eq!(terminal.finish(&summary, noon()), Exit::Failure);
        assert_eq!(captured.out(), "one other\n2026-11-22 12:00:00 +0000 [INFO] (main): hello\nline\ntwo");
        assert_eq!(captured.err(), "error: \n  * +wf+b:\n    boom\n");
        assert_eq!(screen.text(), "");
    }

    #[test]
    fn on_a_terminal_lines_stay_whole() {
        let (terminal, captured, screen) = terminal(true);
        let tasks = play(&terminal);
        let summary = RunSummary { success: false, tasks: &tasks, saved: Saved::Nowhere };
        assert_eq!(terminal.finish(&summary, noon()), Exit::Failure);
        assert_eq!(captured.out(), "other\n2026-11-22 12:00:00 +0000 [INFO] (main): hello\none line\ntwo\n");
        assert_eq!(
            captured.err(),
            "\n\
             task   state    started                    elapsed\n\
             +wf+a  success  2026-11-22 12:00:00 +0000       1s\n\
             +wf+b  error    2026-11-22 12:00:00 +0000       1s\n\n\
             error: \n  * +wf+b:\n    boom\n    last output:\n      | other\n"
        );
        let drawn = screen.text();
        assert!(drawn.contains("+wf+a") && drawn.contains("+wf+b") && drawn.contains("2/2 tasks"), "{drawn}");
    }
}
