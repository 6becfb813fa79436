//! `dibble log`: shows what the tasks of an attempt wrote, and follows it.

use super::args::{Definition, HistoryArgs, id};
use super::{CliError, Context, Exit, history};
use crate::actions::owner::ProcessIdentity;
use crate::actions::read_log::{LogError, LogReader, LogSelection};
use crate::logs::Level;
use crate::model::AttemptId;
use crate::store::{Store, StoreError, Watch, attempts, owners};
use clap::Args;
use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

/// How often to look whether the file has changed.
const INTERVAL: Duration = Duration::from_millis(500);
/// After how many looks in vain to ask whether the attempt is still being run.
const LOOKS: u32 = 20;

pub const DEFINITION: Definition = Definition {
    name: "log",
    aliases: &["logs"],
    synopsis: &[("log <attempt-id>", "show logs of a session attempt")],
    usage: &["log <attempt-id> [+task name prefix] [options...]"],
    about: "Show what the tasks of an attempt wrote",
    examples: &[
        ("log --local 3", "all tasks of attempt 3"),
        ("log --local 3 +hello+load -f", "+hello+load and the tasks in it, until they end"),
    ],
    args: LogArgs::augment_args,
};

/// The arguments of `log`.
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// The attempt
    #[arg(value_name = "attempt-id", value_parser = id)]
    pub attempt: i64,

    /// Show only tasks whose full name begins like this
    #[arg(value_name = "+task name prefix")]
    pub task: Option<String>,

    /// Show debug and trace lines too
    #[arg(short = 'v', long)]
    pub verbose: bool,

    /// Go on as new lines come, until the attempt or the tasks end
    #[arg(short = 'f', long)]
    pub follow: bool,

    #[command(flatten)]
    pub history: HistoryArgs,
}

/// Shows the logs, and with `-f` what is added to them.
///
/// # Errors
///
/// There is no such attempt, no history, or it is damaged.
pub fn run(args: &LogArgs, context: &Context) -> Result<Exit, CliError> {
    let store = history::open(&args.history, context)?;
    let attempt = history::attempt(&store, AttemptId(args.attempt))?.id;
    let mut watch = store.watch().map_err(history::failed)?;
    let prefix = args.task.as_deref().unwrap_or_default();
    let least = (!args.verbose).then_some(Level::Info);
    let mut log = LogReader::new(LogSelection { attempt, prefix, least });
    let mut is_lost = false;
    loop {
        // Asked before reading: what was written before the end is read after it.
        let is_last = !args.follow || is_lost || log.has_ended(&store).map_err(history::failed)?;
        let read = print(&mut log, &store, is_last, context)?;
        if is_last || read.is_break() {
            break;
        }
        is_lost = !wait(&mut watch).map_err(history::failed)?
            && lost_process(&store, attempt).map_err(history::failed)?.is_some_and(|pid| {
                context.output.note(&format!(
                    "Attempt {attempt} does not run any more: its process {pid} has gone without ending it."
                ));
                true
            });
    }
    Ok(Exit::Success)
}

fn print(
    log: &mut LogReader<'_>,
    store: &Store,
    is_last: bool,
    context: &Context,
) -> Result<ControlFlow<()>, CliError> {
    let output = &context.output;
    let mut sink = |lines: &[u8]| {
        output.bytes(lines);
        if output.is_closed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    log.read(store, is_last, &mut sink).map_err(|error| match error {
        LogError::Store(error) => history::failed(error),
        LogError::Damaged { .. } => CliError::user(error.to_string()),
    })
}

/// Waits until the file changes. Tells `false` when it has not for some time.
fn wait(watch: &mut Watch) -> Result<bool, StoreError> {
    for _ in 0..LOOKS {
        thread::sleep(INTERVAL);
        if watch.has_changed()? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The process that ran an unfinished attempt, if it is gone.
fn lost_process(store: &Store, attempt: AttemptId) -> Result<Option<u32>, StoreError> {
    let process = store.read(|reader| {
        let owner = attempts::by_id(reader, attempt)?.and_then(|row| row.owner);
        let owner = owners::list(reader)?.into_iter().find(|row| Some(row.id) == owner);
        Ok(owner.map(|row| ProcessIdentity { pid: row.process.pid, started: row.process.identity }))
    })?;
    Ok(process.filter(|process| !process.is_alive()).map(|process| process.pid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::history::tests::{printed, project};
    use crate::cli::parse::tests::parsed;
    use crate::store::Durability;
    use crate::store::task_logs::{self, LogFile};
    use crate::store::testing::{self, at};

    #[test]
    fn tasks_can_be_chosen() {
        let args: LogArgs = parsed(&DEFINITION, "3 +wf+a -vf --local").unwrap();
        assert_eq!((args.attempt, args.task.as_deref()), (3, Some("+wf+a")));
        assert!(args.verbose && args.follow);
        assert_eq!(parsed::<LogArgs>(&DEFINITION, "x").unwrap_err(), "For input string: \"x\"");
    }

    #[test]
    fn logs_of_ended_attempts_are_shown_and_followed_alike() {
        let (store, dir) = project();
        let attempt = testing::attempt(&store, "");
        for (task, text) in [("+wf+b", "[INFO] b\n[DEBUG] c\n"), ("+wf+a", "a")] {
            let file = LogFile { attempt, task: task.to_owned(), number: 1 };
            let gzip = task_logs::compress(text.as_bytes());
            store.write(Durability::Normal, |w| task_logs::append(w, &file, &gzip, at(1))).unwrap();
        }
        testing::finish(&store, attempt, true);
        for (words, expected) in [
            ("--local 1", "[INFO] b\na\n"),
            ("--local 1 -f", "[INFO] b\na\n"),
            ("--local 1 -v", "[INFO] b\n[DEBUG] c\na\n"),
            ("--local 1 +wf+a", "a\n"),
            ("--local 1 +nosuch -f", ""),
        ] {
            let (out, err) = printed(dir.path(), &DEFINITION, run, words).unwrap();
            assert_eq!((out.as_str(), err.as_str()), (expected, ""), "{words}");
        }
        let error = printed(dir.path(), &DEFINITION, run, "--local 999").unwrap_err();
        assert_eq!(error, CliError::user("Resource not found: attempt not found: 999"));
    }

    #[test]
    fn processes_that_are_gone_are_known() {
        let (store, _dir) = project();
        let workflow = testing::workflow(&store, "p", "wf");
        let start = |time, owner| testing::insert(&store, workflow, time, "", owner, &testing::tasks());
        // Its pid is somebody's, but that somebody was started at another time.
        let lost = start(0, Some(testing::owner(&store)));
        assert_eq!(lost_process(&store, lost).unwrap(), Some(7));
        assert_eq!(lost_process(&store, start(1, None)).unwrap(), None);
    }
}
