//! The live part of the terminal: one line for every running task and a total, kept below everything that is printed.

use crate::model::{Task, TaskId, TaskKind};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the elapsed times are drawn again while something runs, and how long a line waits at most to be printed.
const TICK: Duration = Duration::from_millis(50);

/// So many bytes are printed at once, without waiting.
const BATCH: usize = 64 * 1024;

/// How many tasks have a line at most, so that something can be read above; the others wait for one.
const ROWS: usize = 8;

/// The live lines. They disappear when this is dropped.
pub(crate) struct Live {
    lines: Arc<Lines>,
    ticker: Option<JoinHandle<()>>,
}

type Print = Box<dyn Fn(&[u8]) + Send + Sync>;

struct Lines {
    all: MultiProgress,
    total: ProgressBar,
    /// Prints above the live lines.
    print: Print,
    state: Mutex<State>,
    /// Told when something begins to run or is to be printed, and at the end.
    wake: Condvar,
}

struct State {
    running: Vec<Row>,
    /// The tasks with operators that are known so far, and whether they are done.
    known: HashMap<TaskId, bool>,
    /// What is to be printed: drawing the live lines again for every line of a talkative task would take too long.
    pending: Vec<u8>,
    ended: bool,
}

struct Row {
    task: TaskId,
    name: String,
    bar: Option<ProgressBar>,
}

impl Live {
    /// Draws on `target`; `print` is for what stands above, whole lines at a time.
    pub(crate) fn new(target: ProgressDrawTarget, print: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        let all = MultiProgress::with_draw_target(target);
        let total = all.add(ProgressBar::new(0).with_style(style("{pos}/{len} tasks{msg}  {elapsed}")));
        let state = State { running: Vec::new(), known: HashMap::new(), pending: Vec::new(), ended: false };
        let (print, state) = (Box::new(print), Mutex::new(state));
        let lines = Arc::new(Lines { all, total, print, state, wake: Condvar::new() });
        let ticking = Arc::clone(&lines);
        // Without the thread the times stand still between two events; everything else works.
        let ticker =
            std::thread::Builder::new().name("progress".to_owned()).spawn(move || ticking.tick()).ok();
        Self { lines, ticker }
    }

    /// The tasks of the workflow, before any of them starts.
    pub(crate) fn planned(&self, tasks: &[Task]) {
        let mut state = self.lines.state();
        tasks.iter().for_each(|task| state.know(task));
        self.lines.draw_total(&state);
    }

    pub(crate) fn started(&self, task: &Task) {
        let mut state = self.lines.state();
        state.know(task);
        state.running.retain(|row| row.task != task.id);
        state.running.push(Row { task: task.id, name: task.full_name.clone(), bar: None });
        self.lines.give_lines(&mut state);
        self.lines.draw_total(&state);
        self.lines.wake.notify_one();
    }

    /// The task ended, or waits to be run again.
    pub(crate) fn stopped(&self, task: &Task) {
        let mut state = self.lines.state();
        state.know(task);
        if let Some(place) = state.running.iter().position(|row| row.task == task.id)
            && let Some(bar) = state.running.remove(place).bar
        {
            bar.finish_and_clear();
            self.lines.all.remove(&bar);
        }
        self.lines.give_lines(&mut state);
        self.lines.draw_total(&state);
    }

    /// Prints whole lines above the live ones, at once or within `TICK`.
    pub(crate) fn print(&self, bytes: &[u8]) {
        let mut state = self.lines.state();
        state.pending.extend_from_slice(bytes);
        if self.ticker.is_none() || state.pending.len() >= BATCH {
            self.lines.print_pending(&mut state);
        } else {
            self.lines.wake.notify_one();
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.lines.state().ended = true;
        self.lines.wake.notify_all();
        if let Some(ticker) = self.ticker.take() {
            // A ticker that panicked has nothing left to do.
            let _ = ticker.join();
        }
        self.lines.print_pending(&mut self.lines.state());
        // A terminal that cannot be cleared is gone.
        let _ = self.lines.all.clear();
    }
}

impl State {
    fn know(&mut self, task: &Task) {
        if task.kind == TaskKind::Operator {
            self.known.insert(task.id, task.state.is_done());
        }
    }
}

impl Lines {
    /// Draws the times again and again while tasks run, and prints; sleeps while there is nothing to do.
    fn tick(&self) {
        let mut state = self.state();
        while !state.ended {
            if state.running.is_empty() && state.pending.is_empty() {
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            self.print_pending(&mut state);
            let bars: Vec<ProgressBar> = state.running.iter().filter_map(|row| row.bar.clone()).collect();
            drop(state);
            bars.iter().chain((!bars.is_empty()).then_some(&self.total)).for_each(ProgressBar::tick);
            let waited = self.wake.wait_timeout_while(self.state(), TICK, |state| !state.ended);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn print_pending(&self, state: &mut State) {
        if !state.pending.is_empty() {
            let bytes = std::mem::take(&mut state.pending);
            self.all.suspend(|| (self.print)(&bytes));
        }
    }

    fn give_lines(&self, state: &mut State) {
        for row in state.running.iter_mut().take(ROWS).filter(|row| row.bar.is_none()) {
            // A bar draws by itself until it is inserted, so its text comes with it.
            let bar = ProgressBar::no_length()
                .with_style(style("{spinner} {wide_msg} {elapsed:>4}"))
                .with_message(row.name.clone());
            let bar = self.all.insert_before(&self.total, bar);
            bar.tick();
            row.bar = Some(bar);
        }
    }

    fn draw_total(&self, state: &State) {
        let done = state.known.values().filter(|done| **done).count();
        self.total.set_length(state.known.len() as u64);
        let hidden = state.running.len().saturating_sub(ROWS);
        let note = if hidden > 0 { format!(", {hidden} more running") } else { String::new() };
        self.total.set_message(note);
        self.total.set_position(done as u64);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cli::task_table::tests::task;
    use crate::model::TaskState;
    use indicatif::TermLike;
    use std::io;

    /// A terminal that keeps all that was ever drawn.
    #[derive(Debug, Clone, Default)]
    pub(crate) struct Screen(Arc<Mutex<String>>);

    impl Screen {
        pub(crate) fn target(&self) -> ProgressDrawTarget {
            ProgressDrawTarget::term_like(Box::new(self.clone()))
        }

        pub(crate) fn text(&self) -> String {
            self.0.lock().unwrap().clone()
        }
    }

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            30
        }

        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, line: &str) -> io::Result<()> {
            self.write_str(&format!("{line}\n"))
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }

        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    fn shown(live: &Live) -> (u64, Option<u64>, String, usize) {
        let state = live.lines.state();
        let total = &live.lines.total;
        let rows = state.running.iter().filter(|row| row.bar.is_some()).count();
        (total.position(), total.length(), total.message(), rows)
    }

    #[test]
    fn operators_are_counted_as_they_become_known() {
        let live = Live::new(ProgressDrawTarget::hidden(), |_| ());
        live.planned(&[
            task(1, "+wf", TaskState::Planned, None, 0),
            task(2, "+wf+a", TaskState::Blocked, Some(0), 0),
        ]);
        assert_eq!(shown(&live), (0, Some(1), String::new(), 0));
        live.started(&task(2, "+wf+a", TaskState::Running, Some(0), 0));
        live.started(&task(3, "+wf+a^sub", TaskState::Running, Some(0), 0));
        assert_eq!(shown(&live), (0, Some(2), String::new(), 2));
        live.stopped(&task(3, "+wf+a^sub", TaskState::RetryWaiting, Some(0), 1));
        live.stopped(&task(2, "+wf+a", TaskState::Success, Some(0), 1));
        assert_eq!(shown(&live), (1, Some(2), String::new(), 0));
    }

    #[test]
    fn everything_is_printed_in_order() {
        let printed = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&printed);
        let live = Live::new(ProgressDrawTarget::hidden(), move |bytes: &[u8]| {
            sink.lock().unwrap().extend_from_slice(bytes);
        });
        let long = vec![b'x'; BATCH];
        live.print(b"one\n");
        live.print(&long);
        live.print(b"two\n");
        drop(live);
        assert_eq!(*printed.lock().unwrap(), [b"one\n", long.as_slice(), b"two\n"].concat());
    }

    #[test]
    fn many_tasks_share_few_lines() {
        let live = Live::new(ProgressDrawTarget::hidden(), |_| ());
        for id in 1..=10 {
            live.started(&task(id, "+wf+a", TaskState::Running, Some(0), 0));
        }
        assert_eq!(shown(&live), (0, Some(10), ", 2 more running".to_owned(), ROWS));
        live.stopped(&task(1, "+wf+a", TaskState::Success, Some(0), 1));
        assert_eq!(shown(&live), (1, Some(10), ", 1 more running".to_owned(), ROWS));
    }
}
