//! `dibble log`: shows what the tasks of an attempt wrote, and follows it.

use super::args::{Definition, HistoryArgs, id};
use super::history::{self, History};
use super::remote_log::{Lines, RemoteLog, RemoteLogError};
use super::{CliError, Context, ErrorKind, Exit};
use crate::actions::owner::ProcessIdentity;
use crate::actions::read_log::{LogError, LogReader, LogSelection};
use crate::client::Client;
use crate::client::models::Id;
use crate::logs::Level;
use crate::model::AttemptId;
use crate::store::{Store, StoreError, Watch, attempts, owners};
use clap::Args;
use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

/// How often to look whether the file has changed.
const INTERVAL: Duration = Duration::from_millis(500);
/// How long to wait at most before a server is asked again.
const LONGEST_INTERVAL: Duration = Duration::from_secs(10);
/// How often in a row a server may fail to answer while it is followed: some time passes while it is started anew.
const FAILURES: u32 = 10;
/// After how many looks in vain to ask whether the attempt is still being run.
const LOOKS: u32 = 20;

pub const DEFINITION: Definition = Definition {
    name: "log",
    aliases: &["logs"],
    synopsis: &[("log <attempt-id>", "show logs of a session attempt")],
    usage: &["log <attempt-id> [+task name prefix] [options...]"],
    about: "Show what the tasks of an attempt wrote",
    examples: &[
        ("log 3", "all tasks of attempt 3"),
        ("log 3 +hello+load -f", "+hello+load and the tasks in it, until they end"),
        ("log --local 3", "those of an attempt of `dibble run` in this project"),
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
    match history::open(&args.history, context)? {
        History::Local(store) => run_local(args, &store, context)?,
        History::Server(client) => {
            let attempt = Id::from(args.attempt);
            let lines = Lines { attempt: &attempt, prefix: args.task.as_deref(), least: least(args.verbose) };
            let until = if args.follow { Until::End { has_answered: false } } else { Until::Now };
            show_remote(&mut RemoteLog::new(&client, lines), until, context, thread::sleep)?;
        }
    }
    Ok(Exit::Success)
}

/// Shows all lines of an attempt on a server until it has ended.
///
/// # Errors
///
/// The server cannot be asked.
pub(crate) fn follow_remote(client: &Client, attempt: &Id, context: &Context) -> Result<(), CliError> {
    let lines = Lines { attempt, prefix: None, least: least(false) };
    let until = Until::End { has_answered: true };
    show_remote(&mut RemoteLog::new(client, lines), until, context, thread::sleep)
}

/// Adds to an error that cut off an attempt's being followed that it says nothing of the attempt.
pub(crate) fn cut_off(error: CliError, attempt: &Id) -> CliError {
    error.hint(format!("attempt {attempt} may go on; `dibble log {attempt} -f` follows it again"))
}

/// How long an attempt on a server is looked at.
#[derive(Debug, Clone, Copy)]
enum Until {
    /// One look.
    Now,
    /// Until it has ended. A server that has answered may be away for some time.
    End { has_answered: bool },
}

fn show_remote(
    log: &mut RemoteLog<'_>,
    until: Until,
    context: &Context,
    wait: impl Fn(Duration),
) -> Result<(), CliError> {
    let output = &context.output;
    let mut sink = |lines: &[u8]| {
        output.bytes(lines);
        if output.is_closed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let mut has_answered = matches!(until, Until::End { has_answered: true });
    let (mut interval, mut failures) = (INTERVAL, 0);
    loop {
        // Asked before reading: what was written before the end is read after it.
        let is_last = match until {
            Until::Now => Ok(true),
            Until::End { .. } => log.has_ended().map_err(RemoteLogError::from),
        };
        let looked = is_last.and_then(|is_last| Ok((is_last, log.read(is_last, &mut sink)?)));
        match looked {
            Ok((is_last, news)) => {
                if is_last || news.flow.is_break() {
                    return Ok(());
                }
                (has_answered, failures) = (true, 0);
                if news.is_any {
                    interval = INTERVAL;
                }
            }
            Err(error) if has_answered && is_passing(&error) => {
                let (attempt, endpoint) = log.place();
                if failures == FAILURES {
                    return Err(cut_off(told(error), attempt));
                }
                if failures == 0 {
                    output.note(&format!("No answer from {endpoint}, trying again: {error}"));
                }
                failures += 1;
            }
            Err(error) => return Err(told(error)),
        }
        wait(interval);
        interval = LONGEST_INTERVAL.min(interval * 2);
    }
}

/// Whether another look may bring what this one did not.
fn is_passing(error: &RemoteLogError) -> bool {
    match error {
        RemoteLogError::Client(error) => error.may_pass(),
        RemoteLogError::Lost { .. } => true,
        RemoteLogError::Damaged { .. } => false,
    }
}

fn told(error: RemoteLogError) -> CliError {
    match error {
        RemoteLogError::Client(error) => error.into(),
        RemoteLogError::Lost { .. } => CliError::new(ErrorKind::Unreachable, error.to_string()),
        RemoteLogError::Damaged { .. } => CliError::user(error.to_string()),
    }
}

fn least(verbose: bool) -> Option<Level> {
    (!verbose).then_some(Level::Info)
}

fn run_local(args: &LogArgs, store: &Store, context: &Context) -> Result<(), CliError> {
    let attempt = history::attempt(store, AttemptId(args.attempt))?.id;
    let mut watch = store.watch().map_err(history::failed)?;
    let prefix = args.task.as_deref().unwrap_or_default();
    let mut log = LogReader::new(LogSelection { attempt, prefix, least: least(args.verbose) });
    let mut is_lost = false;
    loop {
        // Asked before reading: what was written before the end is read after it.
        let is_last = !args.follow || is_lost || log.has_ended(store).map_err(history::failed)?;
        let read = print(&mut log, store, is_last, context)?;
        if is_last || read.is_break() {
            break;
        }
        is_lost = !wait(&mut watch).map_err(history::failed)?
            && lost_process(store, attempt).map_err(history::failed)?.is_some_and(|pid| {
                context.output.note(&format!(
                    "Attempt {attempt} does not run any more: its process {pid} has gone without ending it."
                ));
                true
            });
    }
    Ok(())
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
    use crate::cli::client_args::tests::asked;
    use crate::cli::context::tests::in_dir;
    use crate::cli::history::tests::{printed, project};
    use crate::cli::parse::tests::parsed;
    use crate::client::testing::{Answer, StubServer};
    use crate::store::Durability;
    use crate::store::task_logs::{self, LogFile};
    use crate::store::testing::{self, at};
    use serde_json::json;
    use std::cell::RefCell;
    use std::path::Path;

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

    fn attempt(done: bool) -> Answer {
        let attempt = json!({
            "status": "running", "id": "1", "index": 1, "project": {"id": "1", "name": "p1"},
            "workflow": {"id": "2", "name": "wf"}, "sessionId": "7", "sessionUuid": "0-0",
            "sessionTime": "2024-01-02T00:00:00+09:00", "retryAttemptName": null, "done": done, "success": done,
            "cancelRequested": false, "params": {}, "createdAt": "2024-01-03T10:00:00Z", "finishedAt": null,
        });
        Answer::ok("GET /api/attempts/1", attempt.to_string())
    }

    fn files(query: &str, texts: &[(&str, usize)]) -> Answer {
        let file = |(task, size): &(&str, usize)| {
            let time = "2026-11-22T03:16:30Z";
            json!({"fileName": task, "fileSize": size, "taskName": task, "fileTime": time, "agentId": "1@h"})
        };
        let files: Vec<_> = texts.iter().map(file).collect();
        Answer::ok(&format!("GET /api/logs/1/files{query}"), json!({ "files": files }).to_string())
    }

    fn text(task: &str, text: &str) -> Answer {
        Answer::ok(&format!("GET /api/logs/1/files/%2Bwf%2B{task}"), task_logs::compress(text.as_bytes()))
    }

    #[test]
    fn a_server_is_asked_once_unless_it_is_followed() {
        let answers = || [files("", &[("+wf+a", 9)]), text("a", "[INFO] a\n[DEBUG] b\n")];
        assert_eq!(asked(&DEFINITION, run, "1", answers()).0, "[INFO] a\n");
        assert_eq!(asked(&DEFINITION, run, "1 -v", answers()).0, "[INFO] a\n[DEBUG] b\n");
        let chosen = [files("?task=%2Bwf%2Ba", &[("+wf+a", 9)]), text("a", "a")];
        assert_eq!(asked(&DEFINITION, run, "1 +wf+a", chosen).0, "a\n");
        let none = [files("?task=wf", &[])];
        assert_eq!(asked(&DEFINITION, run, "1 wf", none), (String::new(), String::new()));
        let ended = answers().into_iter().chain([attempt(true)]);
        assert_eq!(asked(&DEFINITION, run, "1 -f", ended).0, "[INFO] a\n");
    }

    /// What is shown of a followed attempt, and for how many milliseconds it waits each time.
    fn followed(answers: Vec<Answer>, prefix: Option<&str>) -> (Result<(), CliError>, String, Vec<u128>) {
        let server = StubServer::new(answers);
        let (context, captured) = in_dir(Path::new("/"));
        let (client, id) = (server.client(), Id::from(1));
        let mut log = RemoteLog::new(&client, Lines { attempt: &id, prefix, least: None });
        let waits = RefCell::new(vec![]);
        let until = Until::End { has_answered: false };
        let ended = show_remote(&mut log, until, &context, |time| waits.borrow_mut().push(time.as_millis()));
        let err = captured.err().replace(&server.url(), "URL");
        (ended, captured.out() + &err, waits.into_inner())
    }

    #[test]
    fn waits_grow_until_there_is_news() {
        let running = || attempt(false);
        let mut answers: Vec<Answer> = (0..8).map(|_| running()).collect();
        answers.extend([attempt(true), text("a", "a1\n"), text("a", "a1\na2\n")]);
        answers.extend((0..7).map(|_| files("", &[])));
        answers.extend([files("", &[("+wf+a", 3)]), files("", &[("+wf+a", 6)])]);
        let (ended, out, waits) = followed(answers, None);
        assert_eq!((ended, out.as_str()), (Ok(()), "a1\na2\n"));
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 10_000, 10_000, 500]);
    }

    #[test]
    fn following_ends_with_the_chosen_tasks() {
        let tasks = |state: &str| {
            let task = |name: &str, state: &str| json!({"id": 1, "fullName": name, "state": state, "updatedAt": "2026-11-22T03:16:30Z"});
            let tasks = [task("+wf", "planned"), task("+wf+a", state), task("+wf+b", "blocked")];
            Answer::ok("GET /api/attempts/1/tasks", json!({ "tasks": tasks }).to_string())
        };
        let answers = vec![
            attempt(false),
            tasks("running"),
            tasks("retry_waiting"),
            tasks("error"),
            files("?task=%2Bwf%2Ba", &[]),
        ];
        let (ended, _, waits) = followed(answers, Some("+wf+a"));
        assert_eq!((ended, waits.len()), (Ok(()), 2));
    }

    #[test]
    fn a_server_may_be_away_for_some_time() {
        let away = |times: usize| {
            let busy = (0..times * 10).map(|_| Answer::new("GET /api/attempts/1", 503, "busy"));
            let answers = [attempt(false)].into_iter().chain(busy);
            let answers = answers.chain([attempt(true), files("", &[])]);
            followed(answers.collect(), None)
        };
        let note = "No answer from URL, trying again: Status code 503: busy\n";
        assert_eq!(away(1), (Ok(()), note.to_owned(), vec![500, 1000]));
        let never = followed(vec![Answer::hang_up("GET /api/attempts/1")], None);
        assert_eq!((never.0.is_err(), never.1.as_str(), never.2), (true, "", vec![]));
    }

    #[test]
    fn a_server_that_stays_away_says_nothing_of_the_attempt() {
        let broken = text("a", "a").header("Transfer-Encoding: chunked");
        let answers = vec![attempt(false), files("", &[]), files("", &[("+wf+a", 9)]), broken];
        let (ended, told, waits) = followed(answers, None);
        let note = "No answer from URL, trying again: the connection broke off while +wf+a was read: ";
        assert!(told.starts_with(note) && told.lines().count() == 1, "{told}");
        assert_eq!(waits.len(), 11);
        assert_eq!(ended.unwrap_err().hints, ["attempt 1 may go on; `dibble log 1 -f` follows it again"]);
    }
}
