//! What `start` and `retry` do with the attempt that they have started: they show it, and wait for its end if they are
//! asked to.

use super::block::started_block;
use super::log::{cut_off, follow_remote};
use super::{CliError, Context, Exit};
use crate::client::Client;
use crate::client::models::Attempt;
use clap::Args;

/// Whether to wait.
#[derive(Debug, Clone, Default, Args)]
pub struct WaitArgs {
    /// Show the logs until the attempt ends; fail if it does not succeed
    #[arg(long)]
    pub wait: bool,
}

/// Shows an attempt that was started, and follows it to its end.
///
/// # Errors
///
/// It ended without success, or the server cannot be asked any more.
pub(crate) fn show(
    attempt: &Attempt,
    args: &WaitArgs,
    client: &Client,
    context: &Context,
) -> Result<Exit, CliError> {
    let output = &context.output;
    let Attempt { id, session_id, .. } = attempt;
    output.line("Started a session attempt:");
    output.line(&started_block(attempt, &context.zone));
    output.note(&format!("* Use `dibble session {session_id}` to show session status."));
    output.note(&format!("* Use `dibble task {id}` and `dibble log {id}` to show task status and logs."));
    if !args.wait {
        return Ok(Exit::Success);
    }
    follow_remote(client, id, context)?;
    let ended = client.attempt(id).map_err(|error| cut_off(error.into(), id))?;
    match (ended.done, ended.success) {
        (_, true) => Ok(Exit::Success),
        // Nobody reads the log any more.
        (false, false) => Ok(Exit::Failure),
        (true, false) => {
            let status = if ended.status == "killed" { "was killed" } else { "failed" };
            Err(CliError::user(format!("Session attempt {id} {status}."))
                .hint(format!("`dibble task {id}` shows what went wrong")))
        }
    }
}
