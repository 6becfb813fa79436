//! `dibble attempts` and `dibble attempt`: show attempts.

use super::args::{Definition, HistoryArgs, PageArgs, id};
use super::block::attempt_block;
use super::history::{self, History};
use super::status_arg::StatusArgs;
use super::{CliError, Context, Exit};
use crate::client::models::{Attempt, Attempts, Id};
use crate::model::{AttemptId, SessionId};
use crate::server::wire;
use crate::store::attempts::{self, AttemptRow, Scope};
use crate::store::{Page, Reader, StoreError, sessions};
use clap::Args;

pub const ATTEMPTS: Definition = Definition {
    name: "attempts",
    aliases: &[],
    synopsis: &[
        ("attempts", "show attempts for all sessions"),
        ("attempts <session-id>", "show attempts for a session"),
    ],
    usage: &[
        "attempts [options...]                 show attempts for all sessions",
        "attempts <session-id> [options...]    show attempts for a session",
    ],
    about: "Show attempts of sessions, the newest last",
    examples: &[
        ("attempts 17", "the attempts of session 17"),
        ("attempts --status error -s 5", "the last five that failed"),
        ("attempts --status error,killed", "all that did not succeed"),
        ("attempts --local", "those of `dibble run` in this project"),
    ],
    args: AttemptsArgs::augment_args,
};

pub const ATTEMPT: Definition = Definition {
    name: "attempt",
    aliases: &[],
    synopsis: &[("attempt  <attempt-id>", "show a single attempt")],
    usage: &["attempt <attempt-id> [options...]"],
    about: "Show one attempt",
    examples: &[("attempt 3", "attempt 3")],
    args: AttemptArgs::augment_args,
};

/// The arguments of `attempts`.
#[derive(Debug, Clone, Args)]
pub struct AttemptsArgs {
    /// Show the attempts of this session only
    #[arg(value_name = "session-id", value_parser = id)]
    pub session: Option<i64>,

    #[command(flatten)]
    pub page: PageArgs,

    #[command(flatten)]
    pub status: StatusArgs,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub history: HistoryArgs,
}

/// The arguments of `attempt`.
#[derive(Debug, Clone, Args)]
pub struct AttemptArgs {
    /// The attempt
    #[arg(value_name = "attempt-id", value_parser = id)]
    pub attempt: i64,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub history: HistoryArgs,
}

/// Shows the attempts of a session, or the newest one of each.
///
/// # Errors
///
/// There is no such session, or no history.
pub fn run_list(args: &AttemptsArgs, context: &Context) -> Result<Exit, CliError> {
    let session = args.session.map(SessionId);
    let (newest_first, start): (Vec<Attempt>, _) = match history::open(&args.history, context)? {
        History::Local(store) => {
            let page = args.status.local_page(&args.page, AttemptId);
            let found = store.read(|reader| find(reader, session, page)).map_err(history::failed)?;
            let rows = found.map_err(|id| history::not_found(&format!("session not found: {id}")))?;
            let sent: Vec<wire::Attempt<'_>> = rows.iter().map(wire::Attempt::from).collect();
            (args.status.matching(history::as_answered(sent)?, &args.page), "run")
        }
        History::Server(client) => {
            let session = session.map(|id| Id::from(id.0));
            let ask = |page: &_| match &session {
                Some(session) => Ok(client.attempts_of_session(session, page)?.attempts),
                None => Ok(client.attempts(page)?.attempts),
            };
            (args.status.ask(&args.page, |attempt: &Attempt| &attempt.id, context, ask)?, "start")
        }
    };
    let output = &context.output;
    let more = args.page.older(newest_first.len(), newest_first.last().map(|attempt| attempt.id.clone()));
    if args.json {
        context.print_json(&Attempts { attempts: newest_first })?;
        more.iter().for_each(|more| output.note(more));
        return Ok(Exit::Success);
    }
    output.line("Session attempts:");
    if newest_first.is_empty() && args.status.status.is_none() {
        output.note(&format!("Use `dibble {start}` to start a session."));
    }
    for attempt in newest_first.iter().rev().take_while(|_| !output.is_closed()) {
        output.line(&attempt_block(attempt, &context.zone));
    }
    more.iter().for_each(|more| output.note(more));
    Ok(Exit::Success)
}

/// Shows one attempt.
///
/// # Errors
///
/// There is no such attempt, or no history.
pub fn run(args: &AttemptArgs, context: &Context) -> Result<Exit, CliError> {
    let attempt: Attempt = match history::open(&args.history, context)? {
        History::Local(store) => {
            let row = history::attempt(&store, AttemptId(args.attempt))?;
            history::as_answered(wire::Attempt::from(&row))?
        }
        History::Server(client) => client.attempt(&Id::from(args.attempt))?,
    };
    if args.json {
        context.print_json(&attempt)?;
    } else {
        context.output.line(&attempt_block(&attempt, &context.zone));
    }
    Ok(Exit::Success)
}

/// The attempts, newest first; the session when there is no such session.
fn find(
    reader: &Reader,
    session: Option<SessionId>,
    page: Page<AttemptId>,
) -> Result<Result<Vec<AttemptRow>, SessionId>, StoreError> {
    let Some(session) = session else {
        return attempts::list_last(reader, Scope::All, page).map(Ok);
    };
    match sessions::by_id(reader, session)? {
        Some(_) => attempts::list_of_session(reader, session, page).map(Ok),
        None => Ok(Err(session)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client_args::tests::{asked, failure};
    use crate::cli::history::tests::{printed, project};
    use crate::cli::parse::tests::parsed;
    use crate::client::testing::Answer;
    use crate::store::testing;
    use serde_json::{Value, json};

    #[test]
    fn ids_are_numbers() {
        assert_eq!(parsed::<AttemptsArgs>(&ATTEMPTS, "--local").unwrap().session, None);
        assert_eq!(parsed::<AttemptsArgs>(&ATTEMPTS, "7 -s 2").unwrap().session, Some(7));
        assert_eq!(parsed::<AttemptArgs>(&ATTEMPT, "7").unwrap().attempt, 7);
        assert_eq!(parsed::<AttemptArgs>(&ATTEMPT, "abc").unwrap_err(), "For input string: \"abc\"");
        assert_eq!(parsed::<AttemptArgs>(&ATTEMPT, "").unwrap_err(), "Missing argument: <attempt-id>");
    }

    #[test]
    fn lists_show_the_newest_attempt_last() {
        let (store, dir) = project();
        for name in ["", "again"] {
            testing::attempt(&store, name);
        }
        let workflow = testing::workflow(&store, "p", "wf");
        testing::insert(&store, workflow, 1, "", None, &testing::tasks());
        let shown = |words| {
            let (out, err) = printed(dir.path(), &ATTEMPTS, run_list, words).unwrap();
            assert!(out.starts_with("Session attempts:\n"), "{out}");
            let id = |line: &str| line.strip_prefix("  attempt id: ").map(str::to_owned);
            (out.lines().filter_map(id).collect::<Vec<_>>().join(" "), err)
        };
        let hint = "Use `dibble run` to start a session.\n";
        for (words, ids, err) in [
            ("--local", "2 3", ""),
            ("--local 1", "1 2", ""),
            ("--local -s 1", "3", ""),
            ("--local 1 -i 2", "1", ""),
            ("--local -i 1", "", hint),
        ] {
            assert_eq!(shown(words), (ids.to_owned(), err.to_owned()), "{words}");
        }
        let error = printed(dir.path(), &ATTEMPTS, run_list, "--local 9").unwrap_err();
        assert_eq!(error, CliError::user("Resource not found: session not found: 9"));
    }

    #[test]
    fn one_attempt_has_no_title() {
        let (store, dir) = project();
        let id = testing::attempt(&store, "");
        testing::finish(&store, id, false);
        let (out, err) = printed(dir.path(), &ATTEMPT, run, "--local 1").unwrap();
        assert!(out.starts_with("  session id: 1\n  attempt id: 1\n"), "{out}");
        assert!(
            out.ends_with(
                "  created at: 1970-01-01 00:00:04 +0000\n  finished at: 1970-01-01 00:00:50 +0000\n  \
                 kill requested: false\n  status: error\n\n"
            ),
            "{out}"
        );
        assert_eq!(err, "");
        let error = printed(dir.path(), &ATTEMPT, run, "--local 999").unwrap_err();
        assert_eq!(error, CliError::user("Resource not found: attempt not found: 999"));
    }

    fn attempt(id: u64) -> Value {
        json!({
            "status": "success", "id": id.to_string(), "index": 1, "project": {"id": "1", "name": "p1"},
            "workflow": {"id": "2", "name": "wf"}, "sessionId": "7", "sessionUuid": "0-0",
            "sessionTime": "2024-01-02T00:00:00+09:00", "retryAttemptName": null, "done": true, "success": true,
            "cancelRequested": false, "params": {}, "createdAt": "2024-01-03T10:00:00Z",
            "finishedAt": "2024-01-03T10:00:05Z",
        })
    }

    #[test]
    fn a_server_is_asked_for_all_attempts_or_those_of_a_session() {
        for (words, target) in [
            ("", "attempts"),
            ("-s 2 -i 9", "attempts?last_id=9&page_size=2"),
            ("7", "sessions/7/attempts"),
            ("7 -i 9", "sessions/7/attempts?last_id=9"),
        ] {
            let list = json!({"attempts": [attempt(4), attempt(3)]});
            let answer = || Answer::ok(&format!("GET /api/{target}"), list.to_string());
            let (out, err) = asked(&ATTEMPTS, run_list, words, [answer()]);
            assert!(
                out.starts_with("Session attempts:\n  session id: 7\n  attempt id: 3\n"),
                "{words}: {out}"
            );
            assert_eq!((out.matches("attempt id: ").count(), err.as_str()), (2, ""), "{words}");
            let (out, _) = asked(&ATTEMPTS, run_list, &format!("{words} --json"), [answer()]);
            assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), list);
        }
        let none = Answer::ok("GET /api/attempts", r#"{"attempts":[]}"#);
        let hint = "Use `dibble start` to start a session.\n";
        let shown = asked(&ATTEMPTS, run_list, "", [none]);
        assert_eq!(shown, ("Session attempts:\n".to_owned(), hint.to_owned()));
    }

    #[test]
    fn those_of_a_status_are_looked_for_page_by_page() {
        let failed = |id: u64| {
            let mut failed = attempt(id);
            failed["success"] = json!(false);
            failed["status"] = json!("error");
            failed
        };
        let page = |target: &str, attempts: &[Value]| {
            Answer::ok(&format!("GET /api/attempts?{target}"), json!({ "attempts": attempts }).to_string())
        };
        let mut first: Vec<Value> = (51..=150).rev().map(attempt).collect();
        first[10] = failed(140);
        let second = [attempt(50), failed(49), failed(48)];
        let mut killed = failed(47);
        killed["cancelRequested"] = json!(true);
        let second = [&second[..], &[killed]].concat();
        let pages = || [page("page_size=100", &first), page("last_id=51&page_size=100", &second)];
        let ids = |words, pages: &[Answer]| {
            let (out, err) = asked(&ATTEMPTS, run_list, words, pages.iter().cloned());
            let id = |line: &str| line.strip_prefix("  attempt id: ").map(str::to_owned);
            (out.lines().filter_map(id).collect::<Vec<_>>().join(" "), err)
        };
        assert_eq!(ids("--status error", &pages()), ("48 49 140".to_owned(), String::new()));
        assert_eq!(ids("--status error -s 2", &pages()).0, "49 140");
        assert_eq!(ids("--status error -s 1", &pages()[..1]).0, "140");
        assert_eq!(ids("--status killed", &pages()), ("47".to_owned(), String::new()));
        assert_eq!(ids("--status error,killed", &pages()).0, "47 48 49 140");
        assert_eq!(ids("--status running", &pages()), (String::new(), String::new()));
        let error = parsed::<AttemptsArgs>(&ATTEMPTS, "--status failed").unwrap_err();
        let expected =
            "--status must be success, error, running or killed, or several of them joined by commas: ";
        assert_eq!(error, format!("{expected}failed"));
        assert!(parsed::<AttemptsArgs>(&ATTEMPTS, "--status error,,killed").is_err());
    }

    #[test]
    fn a_list_that_goes_on_says_so_also_beside_json() {
        let full: Vec<Value> = (1..=100).rev().map(attempt).collect();
        let answer = || Answer::ok("GET /api/attempts", json!({ "attempts": full }).to_string());
        let more =
            "There may be more: use --last-id 1 to show what is older than these 100, or -s -1 for all.\n";
        assert_eq!(asked(&ATTEMPTS, run_list, "", [answer()]).1, more);
        let (out, err) = asked(&ATTEMPTS, run_list, "--json", [answer()]);
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), json!({ "attempts": full }));
        assert_eq!(err, more);
    }

    #[test]
    fn a_server_is_asked_for_one_attempt() {
        let answer = || Answer::ok("GET /api/attempts/3", attempt(3).to_string());
        let (out, _) = asked(&ATTEMPT, run, "3", [answer()]);
        assert!(out.starts_with("  session id: 7\n  attempt id: 3\n  uuid: 0-0\n"), "{out}");
        let (out, _) = asked(&ATTEMPT, run, "3 --json", [answer()]);
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), attempt(3));
        let missing =
            Answer::new("GET /api/attempts/999", 404, r#"{"message":"Resource does not exist: x"}"#);
        let error = failure(&ATTEMPT, run, "999", [missing]);
        assert_eq!(error, CliError::user("Resource not found: Resource does not exist: x"));
    }
}
