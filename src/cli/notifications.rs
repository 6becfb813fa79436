//! `dibble notifications`: shows what people were told, and tries out how they are.

use super::args::{Definition, HistoryArgs, PageArgs};
use super::block::notification_block;
use super::history::{self, History};
use super::{CliError, Context, Exit};
use crate::client::ClientError;
use crate::client::notifications::{Notification, Notifications};
use crate::notifications::{About, Sender, machine, payload};
use crate::server::wire;
use crate::store::notifications;
use clap::Args;

pub const DEFINITION: Definition = Definition {
    name: "notifications",
    aliases: &["notification"],
    synopsis: &[
        ("notifications", "show notifications and what has become of them"),
        ("notifications --test", "send one, to try out notification.*"),
    ],
    usage: &[
        "notifications [options...]    show notifications and what has become of them",
        "notifications --test          send one as notification.* of the configuration says",
    ],
    about: "Show what people were told, the newest last: of failed attempts, of time limits, of what did not run or takes \
            too long",
    examples: &[
        ("notifications -s 5", "the last five"),
        ("notifications --test -c server.properties", "try out the settings of a server"),
    ],
    args: NotificationsArgs::augment_args,
};

/// The arguments of `notifications`.
#[derive(Debug, Clone, Args)]
pub struct NotificationsArgs {
    /// Send a notification from this machine, once, and show what was answered
    #[arg(long, conflicts_with_all = ["json", "local", "last_id", "page_size", "endpoint"])]
    pub test: bool,

    #[command(flatten)]
    pub page: PageArgs,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub history: HistoryArgs,
}

/// Shows notifications, or sends one.
///
/// # Errors
///
/// There is no history, the server keeps no such list, or nobody took the one that was sent.
pub fn run(args: &NotificationsArgs, context: &Context) -> Result<Exit, CliError> {
    if args.test {
        return test(context);
    }
    let newest_first: Vec<Notification> = match history::open(&args.history, context)? {
        History::Local(store) => {
            let page = history::page(&args.page, |id| id);
            let rows = store.read(|reader| notifications::list(reader, page)).map_err(history::failed)?;
            let sent: Vec<wire::Notification<'_>> = rows.iter().map(wire::Notification::from).collect();
            history::as_answered(sent)?
        }
        History::Server(client) => {
            let ask = |page: &_| Ok(client.notifications(page).map_err(explained)?.notifications);
            history::ask_pages(&args.page, |notification: &Notification| &notification.id, ask)?
        }
    };
    let last = newest_first.last().map(|notification| notification.id.clone());
    let more = args.page.older(newest_first.len(), last);
    let output = &context.output;
    if args.json {
        context.print_json(&Notifications { notifications: newest_first })?;
        more.iter().for_each(|more| output.note(more));
        return Ok(Exit::Success);
    }
    output.line("Notifications:");
    for notification in newest_first.iter().rev().take_while(|_| !output.is_closed()) {
        output.line(&notification_block(notification, &context.zone));
    }
    more.iter().for_each(|more| output.note(more));
    Ok(Exit::Success)
}

/// Digdag's servers answer that there is no such path.
fn explained(error: ClientError) -> ClientError {
    if error.status() == Some(404) {
        let what = "this server keeps no list of notifications: it is Digdag's, or an older one";
        return ClientError::NotFound(what.to_owned());
    }
    error
}

fn test(context: &Context) -> Result<Exit, CliError> {
    let sender = Sender::read(&context.settings, context.variable);
    let sender = sender.map_err(|error| CliError::user(error.to_string()))?.ok_or_else(|| {
        CliError::user("Nobody is told anything, for notification.type is not set")
            .hint("name the configuration of the server with -c")
    })?;
    let message = format!("Test of notifications on {}", machine());
    let now = context.clock.now();
    match sender.send(&payload(&message, &About::default(), now), now, &|_, wait| wait()) {
        Ok(answer) => {
            context.output.line(&format!("Sent by {}: {answer}", sender.channel()));
            Ok(Exit::Success)
        }
        Err(error) => Err(CliError::user(format!("Not sent by {}: {}", sender.channel(), error.answer()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client_args::tests::{asked, failure};
    use crate::cli::history::tests::{printed, project};
    use crate::cli::parse::tests::parsed;
    use crate::client::testing::Answer;
    use crate::model::{AttemptId, Params};
    use crate::store::Durability;
    use crate::store::notifications::{
        NewNotification, NotificationKind, NotificationState, Progress, record,
    };
    use crate::store::testing::at;
    use serde_json::{Value, json};

    fn notification(id: u64) -> Value {
        json!({
            "id": id.to_string(), "createdAt": "2026-11-22T03:00:00Z", "kind": "late", "project": "p",
            "workflow": "wf", "attemptId": null, "message": "late", "state": "pending", "tries": 2,
            "retryAt": "2026-11-22T03:00:04Z", "channel": "http", "answer": "503", "endedAt": null,
        })
    }

    #[test]
    fn a_server_is_asked() {
        let list = json!({"notifications": [notification(4), notification(3)]});
        let answer = |target: &str| Answer::ok(&format!("GET /api/notifications{target}"), list.to_string());
        let (out, err) = asked(&DEFINITION, run, "", [answer("")]);
        let expected = "Notifications:\n  id: 3\n  created at: 2026-11-22 03:00:00 +0000\n  kind: late\n  project: p\n  \
                        workflow: wf\n  message: late\n  state: pending\n  channel: http\n  tries: 2\n  answer: 503\n  \
                        next try at: 2026-11-22 03:00:04 +0000\n\n  id: 4\n";
        assert!(out.starts_with(expected), "{out}");
        assert_eq!(err, "");
        let (out, _) = asked(&DEFINITION, run, "-s 2 -i 9 --json", [answer("?last_id=9&page_size=2")]);
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), list);
    }

    #[test]
    fn digdags_servers_have_no_such_list() {
        let answer = Answer::new("GET /api/notifications", 404, r#"{"message":"HTTP 404 Not Found"}"#);
        let error = failure(&DEFINITION, run, "", [answer]);
        let message =
            "Resource not found: this server keeps no list of notifications: it is Digdag's, or an older one";
        assert_eq!(error.message, message);
    }

    #[test]
    fn a_projects_own_are_in_its_history() {
        let (store, dir) = project();
        let payload = Params::new();
        let new = NewNotification {
            kind: NotificationKind::Task,
            project_name: Some("default"),
            workflow_name: Some("hello"),
            attempt: Some(AttemptId(1)),
            message: "Workflow session attempt failed",
            payload: &payload,
        };
        let progress = Progress { tries: 0, channel: None, answer: None };
        store
            .write(Durability::Full, |w| record(w, &new, NotificationState::Dropped, &progress, at(0)))
            .unwrap();
        let (out, _) = printed(dir.path(), &DEFINITION, run, "--local").unwrap();
        assert_eq!(
            out,
            "Notifications:\n  id: 1\n  created at: 1970-01-01 00:00:00 +0000\n  kind: task\n  project: default\n  \
             workflow: hello\n  attempt id: 1\n  message: Workflow session attempt failed\n  state: dropped\n\n"
        );
        let error = printed(dir.path(), &DEFINITION, run, "--test").unwrap_err();
        assert_eq!(error.message, "Nobody is told anything, for notification.type is not set");
        let error = parsed::<NotificationsArgs>(&DEFINITION, "--test --local").unwrap_err();
        assert!(error.contains("don't work together"), "{error}");
    }
}
