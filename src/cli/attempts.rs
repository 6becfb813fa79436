//! `dibble attempts` and `dibble attempt`: show attempts.

use super::args::{Definition, HistoryArgs, PageArgs, id};
use super::attempt_text::attempt_text;
use super::{CliError, Context, Exit, history};
use crate::model::{AttemptId, SessionId};
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
    usage: &["attempts [session-id] [options...]"],
    about: "Show attempts of sessions, the newest last",
    examples: &[("attempts --local 17", "the attempts of session 17")],
    args: AttemptsArgs::augment_args,
};

pub const ATTEMPT: Definition = Definition {
    name: "attempt",
    aliases: &[],
    synopsis: &[("attempt  <attempt-id>", "show a single attempt")],
    usage: &["attempt <attempt-id> [options...]"],
    about: "Show one attempt",
    examples: &[("attempt --local 3", "attempt 3")],
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
    pub history: HistoryArgs,
}

/// The arguments of `attempt`.
#[derive(Debug, Clone, Args)]
pub struct AttemptArgs {
    /// The attempt
    #[arg(value_name = "attempt-id", value_parser = id)]
    pub attempt: i64,

    #[command(flatten)]
    pub history: HistoryArgs,
}

/// Shows the attempts of a session, or the newest one of each.
///
/// # Errors
///
/// There is no such session, or no history.
pub fn run_list(args: &AttemptsArgs, context: &Context) -> Result<Exit, CliError> {
    let store = history::open(&args.history, context)?;
    let page = history::page(&args.page, AttemptId);
    let session = args.session.map(SessionId);
    let found = store.read(|reader| find(reader, session, page)).map_err(history::failed)?;
    let newest_first = found.map_err(|id| history::not_found(&format!("session not found: {id}")))?;
    let output = &context.output;
    output.line("Session attempts:");
    if newest_first.is_empty() {
        output.note("Use `dibble run` to start a session.");
    }
    for attempt in newest_first.iter().rev().take_while(|_| !output.is_closed()) {
        output.line(&attempt_text(attempt, &context.zone));
    }
    Ok(Exit::Success)
}

/// Shows one attempt.
///
/// # Errors
///
/// There is no such attempt, or no history.
pub fn run(args: &AttemptArgs, context: &Context) -> Result<Exit, CliError> {
    let store = history::open(&args.history, context)?;
    let attempt = history::attempt(&store, AttemptId(args.attempt))?;
    context.output.line(&attempt_text(&attempt, &context.zone));
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
    use crate::cli::history::tests::{printed, project};
    use crate::cli::parse::tests::parsed;
    use crate::store::testing;

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
}
