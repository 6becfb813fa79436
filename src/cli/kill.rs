//! `dibble kill`: asks a server to end an attempt.

use super::args::{Definition, id};
use super::client_args::{ClientArgs, connect};
use super::{CliError, Context, Exit};
use crate::client::models::Id;
use clap::Args;

pub const DEFINITION: Definition = Definition {
    name: "kill",
    aliases: &[],
    synopsis: &[("kill <attempt-id>", "kill a running session attempt")],
    usage: &["kill <attempt-id> [options...]"],
    about: "Kill a running session attempt",
    examples: &[],
    args: KillArgs::augment_args,
};

/// The arguments of `kill`.
#[derive(Debug, Clone, Args)]
pub struct KillArgs {
    /// The attempt
    #[arg(value_name = "attempt-id", value_parser = id)]
    pub attempt: i64,

    #[command(flatten)]
    pub client: ClientArgs,
}

/// Asks for the end of the attempt. It may take some time to come.
///
/// # Errors
///
/// There is no such attempt, it has ended, or the server cannot be asked.
pub fn run(args: &KillArgs, context: &Context) -> Result<Exit, CliError> {
    connect(&args.client, context)?.kill(&Id::from(args.attempt))?;
    context.output.line(&format!("Kill requested for session attempt {}", args.attempt));
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client_args::tests::{failure, run_with};
    use crate::cli::start::tests::attempt;
    use crate::client::testing::Answer;
    use serde_json::json;

    const KILL: &str = "POST /api/attempts/10/kill";

    #[test]
    fn the_end_is_requested() {
        let answer = Answer::ok(KILL, attempt(json!({})).to_string());
        let (ended, out, err, seen) = run_with(&DEFINITION, run, "10", [answer]);
        assert_eq!((ended, err.as_str()), (Ok(Exit::Success), ""));
        assert_eq!((out.as_str(), seen[0].body.as_str()), ("Kill requested for session attempt 10\n", "{}"));
    }

    #[test]
    fn what_has_ended_cannot_be_killed() {
        let body = r#"{"message":"Session attempt already killed or finished","status":409}"#;
        let error = failure(&DEFINITION, run, "10", [Answer::new(KILL, 409, body)]);
        assert_eq!(error, CliError::user(format!("Request conflicted: {body}")));
        assert_eq!(failure(&DEFINITION, run, "abc", []), CliError::usage("For input string: \"abc\""));
    }
}
