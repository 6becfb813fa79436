//! `dibble sessions`: shows sessions with their newest attempts.

use super::args::{Definition, HistoryArgs, PageArgs};
use super::block::session_block;
use super::history::{self, History};
use super::status_arg::StatusArgs;
use super::{CliError, Context, Exit};
use crate::client::models::{Id, Session, Sessions};
use crate::client::{Client, ClientError};
use crate::model::SessionId;
use crate::server::wire;
use crate::store::attempts::Scope;
use crate::store::{Page, Reader, StoreError, projects, sessions};
use clap::Args;
use sessions::SessionRow;

pub const DEFINITION: Definition = Definition {
    name: "sessions",
    aliases: &["session"],
    synopsis: &[
        ("sessions", "show sessions for all workflows"),
        ("sessions <project-name>", "show sessions for all workflows in a project"),
        ("sessions <project-name> <name>", "show sessions for a workflow"),
        ("session  <session-id>", "show a single session"),
    ],
    usage: &[
        "sessions [options...]                          show sessions for all workflows",
        "sessions <project-name> [options...]           show sessions for all workflows in a project",
        "sessions <project-name> <name> [options...]    show sessions for a workflow",
        "session  <session-id> [options...]             show a single session",
    ],
    about: "Show sessions with their last attempts, the newest last",
    examples: &[
        ("sessions myproj hourly -s 5", "the last five of a workflow"),
        ("sessions --status error", "those whose last attempts failed"),
        ("sessions --status error,killed", "those whose last attempts did not succeed"),
        ("session 17", "session 17 only"),
        ("sessions --local", "what `dibble run` did in this project"),
    ],
    args: SessionsArgs::augment_args,
};

/// The arguments of `sessions`.
#[derive(Debug, Clone, Args)]
pub struct SessionsArgs {
    /// A project and one of its workflows, or the id of a session
    #[arg(value_name = "project-name | session-id")]
    first: Option<String>,

    #[arg(value_name = "name", hide = true)]
    workflow: Option<String>,

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

/// Which sessions are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionSelection<'a> {
    All,
    Project(&'a str),
    Workflow { project: &'a str, workflow: &'a str },
    Session(SessionId),
}

impl SessionsArgs {
    /// A first argument that is a number is the id of a session, otherwise it names a project.
    ///
    /// # Errors
    ///
    /// A workflow, or a status, after the id of a session.
    pub fn selection(&self) -> Result<SessionSelection<'_>, CliError> {
        let id = self.first.as_deref().and_then(|text| text.parse().ok()).filter(|id: &i64| *id >= 0);
        Ok(match (self.first.as_deref(), self.workflow.as_deref(), id) {
            (None, _, _) => SessionSelection::All,
            (Some(_), None, Some(_)) if self.status.status.is_some() => {
                return Err(CliError::usage("--status chooses from a list, not from a single session"));
            }
            (Some(_), None, Some(id)) => SessionSelection::Session(SessionId(id)),
            (Some(_), Some(extra), Some(_)) => {
                return Err(CliError::usage(format!("Unexpected argument: {extra}")));
            }
            (Some(project), None, None) => SessionSelection::Project(project),
            (Some(project), Some(workflow), None) => SessionSelection::Workflow { project, workflow },
        })
    }
}

/// Shows the sessions that are asked for.
///
/// # Errors
///
/// There is no such session or project, or no history.
pub fn run(args: &SessionsArgs, context: &Context) -> Result<Exit, CliError> {
    let selection = args.selection()?;
    let (newest_first, start) = match history::open(&args.history, context)? {
        History::Local(store) => {
            let page = args.status.local_page(&args.page, SessionId);
            let found = store.read(|reader| find(reader, &selection, page)).map_err(history::failed)?;
            let rows = found.map_err(|missing| history::not_found(&missing))?;
            let sent: Vec<wire::Session<'_>> = rows.iter().map(wire::Session::from).collect();
            (args.status.matching(history::as_answered(sent)?, &args.page), "run")
        }
        History::Server(client) => (ask(&client, &selection, args, context)?, "start"),
    };
    print(newest_first, matches!(selection, SessionSelection::Session(_)), start, args, context)
}

fn print(
    newest_first: Vec<Session>,
    is_single: bool,
    start: &str,
    args: &SessionsArgs,
    context: &Context,
) -> Result<Exit, CliError> {
    let (output, json) = (&context.output, args.json);
    let more = args.page.older(newest_first.len(), newest_first.last().map(|session| session.id.clone()));
    match newest_first.first() {
        Some(session) if json && is_single => context.print_json(session)?,
        _ if json => context.print_json(&Sessions { sessions: newest_first })?,
        first => {
            if !is_single {
                output.line("Sessions:");
            }
            if first.is_none() && args.status.status.is_none() {
                output.note(&format!("Use `dibble {start}` to start a session."));
            }
            for session in newest_first.iter().rev().take_while(|_| !output.is_closed()) {
                output.line(&session_block(session, &context.zone));
            }
        }
    }
    // On standard error, also beside JSON: whoever reads it would take a part of the list for all of it.
    more.iter().for_each(|more| output.note(more));
    Ok(Exit::Success)
}

/// The server's sessions, newest first.
fn ask(
    client: &Client,
    selection: &SessionSelection<'_>,
    args: &SessionsArgs,
    context: &Context,
) -> Result<Vec<Session>, CliError> {
    let (page, status) = (&args.page, &args.status);
    let id: fn(&Session) -> &Id = |session| &session.id;
    let (project, workflow) = match *selection {
        SessionSelection::Session(id) => return Ok(vec![client.session(&Id::from(id.0))?]),
        SessionSelection::All => {
            return status.ask(page, id, context, |page| Ok(client.sessions(page)?.sessions));
        }
        SessionSelection::Project(project) => (project, None),
        SessionSelection::Workflow { project, workflow } => (project, Some(workflow)),
    };
    let project = client.project_by_name(project)?.id;
    status.ask(page, id, context, |page| -> Result<_, ClientError> {
        Ok(client.sessions_of_project(&project, workflow, page)?.sessions)
    })
}

/// The sessions, newest first, or what is not there.
fn find(
    reader: &Reader,
    selection: &SessionSelection<'_>,
    page: Page<SessionId>,
) -> Result<Result<Vec<SessionRow>, String>, StoreError> {
    let (project, workflow) = match *selection {
        SessionSelection::All => return sessions::list(reader, Scope::All, page).map(Ok),
        SessionSelection::Session(id) => {
            let session = sessions::by_id(reader, id)?;
            return Ok(session.map(|row| vec![row]).ok_or_else(|| format!("session not found: {id}")));
        }
        SessionSelection::Project(project) => (project, None),
        SessionSelection::Workflow { project, workflow } => (project, Some(workflow)),
    };
    let Some(project) = projects::by_name(reader, project)? else {
        return Ok(Err(format!("project not found: {project}")));
    };
    let scope = workflow.map_or(Scope::Project(project.id), |workflow| Scope::Workflow(project.id, workflow));
    sessions::list(reader, scope, page).map(Ok)
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
    fn a_number_is_a_session() {
        for (words, expected) in [
            ("--local", SessionSelection::All),
            ("p -i 3", SessionSelection::Project("p")),
            ("p wf", SessionSelection::Workflow { project: "p", workflow: "wf" }),
            ("12", SessionSelection::Session(SessionId(12))),
        ] {
            let args: SessionsArgs = parsed(&DEFINITION, words).unwrap();
            assert_eq!(args.selection(), Ok(expected), "{words}");
        }
        let args: SessionsArgs = parsed(&DEFINITION, "12 wf").unwrap();
        assert_eq!(args.selection(), Err(CliError::usage("Unexpected argument: wf")));
    }

    #[test]
    fn pages_are_numbers() {
        let args: SessionsArgs = parsed(&DEFINITION, "-i 30 --page-size -1").unwrap();
        assert_eq!((args.page.last_id, args.page.page_size), (Some(30), Some(-1)));
        assert_eq!(
            parsed::<SessionsArgs>(&DEFINITION, "--last-id x").unwrap_err(),
            "\"-i\": couldn't convert \"x\" to a long"
        );
        assert_eq!(parsed::<SessionsArgs>(&DEFINITION, "-o x").unwrap_err(), "-o, --save needs --local");
    }

    #[test]
    fn sessions_have_the_status_of_their_last_attempts() {
        let (store, dir) = project();
        for success in [true, false] {
            let workflow = testing::workflow(&store, "p", "wf");
            let time = if success { 1 } else { 2 };
            let attempt = testing::insert(&store, workflow, time, "", None, &testing::tasks());
            testing::finish(&store, attempt, success);
        }
        for (status, expected) in [("error", "2"), ("success", "1"), ("running", "")] {
            let words = format!("--local --status {status}");
            let (out, err) = printed(dir.path(), &DEFINITION, run, &words).unwrap();
            let id = |line: &str| line.strip_prefix("  session id: ").map(str::to_owned);
            let ids: Vec<String> = out.lines().filter_map(id).collect();
            assert_eq!((ids.join(" ").as_str(), err.as_str()), (expected, ""), "{status}");
        }
        let args: SessionsArgs = parsed(&DEFINITION, "12 --status error").unwrap();
        assert!(args.selection().is_err());
    }

    /// The ids of the sessions that are shown, in order.
    fn shown(words: &str) -> Vec<String> {
        let (store, dir) = project();
        for (project, workflow, time) in [("p", "a", 1), ("p", "b", 1), ("q", "a", 1), ("p", "a", 0)] {
            let workflow = testing::workflow(&store, project, workflow);
            testing::insert(&store, workflow, time, "", None, &testing::tasks());
        }
        let (out, err) = printed(dir.path(), &DEFINITION, run, words).unwrap();
        assert_eq!(err, "");
        out.lines().filter_map(|line| line.strip_prefix("  session id: ")).map(str::to_owned).collect()
    }

    #[test]
    fn the_newest_session_is_shown_last() {
        assert_eq!(shown("--local"), ["1", "2", "3", "4"]);
        assert_eq!(shown("--local -s 2"), ["3", "4"]);
        assert_eq!(shown("--local -i 3 -s 1"), ["2"]);
        assert_eq!(shown("--local p -s -1"), ["1", "2", "4"]);
        assert_eq!(shown("--local p a -i 4"), ["1"]);
        assert_eq!(shown("--local 2"), ["2"]);
    }

    #[test]
    fn a_list_has_a_title_and_a_session_has_none() {
        let (store, dir) = project();
        let attempt = testing::attempt(&store, "");
        testing::finish(&store, attempt, true);
        let block = "  session id: 1\n  attempt id: 1\n  uuid: 00000000-0000-0000-0000-000000000000\n  project: p\n  \
                     workflow: wf\n  session time: 1970-01-01 00:00:00 +0000\n  retry attempt name: \n  params: {}\n  \
                     created at: 1970-01-01 00:00:04 +0000\n  kill requested: false\n  status: success\n\n";
        let shown = |words| printed(dir.path(), &DEFINITION, run, words).unwrap();
        assert_eq!(shown("--local"), (format!("Sessions:\n{block}"), String::new()));
        assert_eq!(shown("--local 1"), (block.to_owned(), String::new()));
        let hint = "Use `dibble run` to start a session.\n";
        assert_eq!(shown("--local p nosuch"), ("Sessions:\n".to_owned(), hint.to_owned()));
    }

    #[test]
    fn what_is_not_there_is_named() {
        let (_store, dir) = project();
        for (words, message) in [
            ("--local 999", "Resource not found: session not found: 999"),
            ("--local nosuch", "Resource not found: project not found: nosuch"),
            ("--local nosuch wf", "Resource not found: project not found: nosuch"),
        ] {
            let error = printed(dir.path(), &DEFINITION, run, words).unwrap_err();
            assert_eq!((error.message.as_str(), error.exit_code()), (message, 1), "{words}");
        }
    }

    fn session(id: u64) -> Value {
        json!({
            "id": id.to_string(), "project": {"id": "1", "name": "p1"}, "workflow": {"id": "2", "name": "wf"},
            "sessionUuid": "0-0", "sessionTime": "2026-11-22T03:00:00+00:00", "lastAttempt": null,
        })
    }

    fn answer(target: &str, sessions: &[Value]) -> Answer {
        Answer::ok(&format!("GET /api/{target}"), json!({ "sessions": sessions }).to_string())
    }

    #[test]
    fn a_server_is_asked_for_what_is_chosen() {
        let project = json!({
            "id": "1", "name": "p1", "revision": "r", "createdAt": "2026-11-22T03:16:29Z",
            "updatedAt": "2026-11-22T03:16:29Z",
        });
        for (words, target) in [
            ("", "sessions"),
            ("-s 5 -i 9", "sessions?last_id=9&page_size=5"),
            ("p1", "projects/1/sessions"),
            ("p1 wf -s 2", "projects/1/sessions?workflow=wf&page_size=2"),
        ] {
            let project =
                Answer::ok("GET /api/projects?name=p1", json!({ "projects": [project] }).to_string());
            let answers = [project, answer(target, &[session(4), session(3)])];
            let (out, err) = asked(&DEFINITION, run, words, answers);
            assert!(out.starts_with("Sessions:\n  session id: 3\n  attempt id: \n"), "{words}: {out}");
            assert_eq!((out.matches("session id: ").count(), err.as_str()), (2, ""), "{words}");
        }
        let hint = "Use `dibble start` to start a session.\n";
        let shown = asked(&DEFINITION, run, "", [answer("sessions", &[])]);
        assert_eq!(shown, ("Sessions:\n".to_owned(), hint.to_owned()));
    }

    #[test]
    fn json_is_that_of_the_api() {
        let (out, _) = asked(&DEFINITION, run, "--json", [answer("sessions", &[session(4), session(3)])]);
        assert_eq!(
            serde_json::from_str::<Value>(&out).unwrap(),
            json!({"sessions": [session(4), session(3)]})
        );
        let one = Answer::ok("GET /api/sessions/4", session(4).to_string());
        let (out, _) = asked(&DEFINITION, run, "4 --json", [one]);
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), session(4));
        let (store, dir) = project();
        testing::attempt(&store, "");
        let (out, _) = printed(dir.path(), &DEFINITION, run, "--local 1 --json").unwrap();
        let read: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((&read["id"], &read["lastAttempt"]["done"]), (&json!("1"), &json!(false)));
    }

    #[test]
    fn the_servers_message_is_shown() {
        let message = r#"{"message":"Resource does not exist: session id=999","status":404}"#;
        let error = failure(&DEFINITION, run, "999", [Answer::new("GET /api/sessions/999", 404, message)]);
        assert_eq!(error, CliError::user("Resource not found: Resource does not exist: session id=999"));
        let none = Answer::ok("GET /api/projects?name=abc", r#"{"projects":[]}"#);
        let error = failure(&DEFINITION, run, "abc", [none]);
        assert_eq!(error, CliError::user("Resource not found: project not found: abc"));
        let error = parsed::<SessionsArgs>(&DEFINITION, "--local -e h").unwrap_err();
        assert_eq!(error, "--local and -e, --endpoint don't work together");
    }
}
