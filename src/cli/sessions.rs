//! `dibble sessions`: shows sessions with their newest attempts.

use super::args::{Definition, HistoryArgs, PageArgs};
use super::attempt_text::session_text;
use super::{CliError, Context, Exit, history};
use crate::model::SessionId;
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
        ("sessions --local", "what ran in this project"),
        ("sessions --local -s 5", "the last five"),
        ("session --local 17", "session 17 only"),
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
    /// A workflow after the id of a session.
    pub fn selection(&self) -> Result<SessionSelection<'_>, CliError> {
        let id = self.first.as_deref().and_then(|text| text.parse().ok()).filter(|id: &i64| *id >= 0);
        Ok(match (self.first.as_deref(), self.workflow.as_deref(), id) {
            (None, _, _) => SessionSelection::All,
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
    let store = history::open(&args.history, context)?;
    let page = history::page(&args.page, SessionId);
    let found = store.read(|reader| find(reader, &selection, page)).map_err(history::failed)?;
    let newest_first = found.map_err(|missing| history::not_found(&missing))?;
    let output = &context.output;
    if !matches!(selection, SessionSelection::Session(_)) {
        output.line("Sessions:");
    }
    if newest_first.is_empty() {
        output.note("Use `dibble run` to start a session.");
    }
    for session in newest_first.iter().rev().take_while(|_| !output.is_closed()) {
        output.line(&session_text(&session.last_attempt, &context.zone));
    }
    Ok(Exit::Success)
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
    use crate::cli::history::tests::{printed, project};
    use crate::cli::parse::tests::parsed;
    use crate::store::testing;

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
            ("p", "no server was asked: this version looks at local runs only"),
        ] {
            let error = printed(dir.path(), &DEFINITION, run, words).unwrap_err();
            assert_eq!((error.message.as_str(), error.exit_code()), (message, 1), "{words}");
        }
    }
}
