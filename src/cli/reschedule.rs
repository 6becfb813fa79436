//! `dibble reschedule`: moves the next session of a schedule on a server.

use super::args::{Definition, long};
use super::block::rescheduled_block;
use super::client_args::{ClientArgs, connect};
use super::schedule_target::{Target, TargetArgs};
use super::time_arg::instant;
use super::{CliError, Context, Exit};
use crate::client::{Skip, SkipTo};
use clap::Args;

pub const DEFINITION: Definition = Definition {
    name: "reschedule",
    aliases: &[],
    synopsis: &[
        ("reschedule <schedule-id>", "skip sessions of a schedule to a future time"),
        ("reschedule <project-name> <name>", "skip sessions of a schedule to a future time"),
    ],
    usage: &["reschedule <schedule-id> | <project-name> <name> [options...]"],
    about: "Skip sessions of a schedule, or run the next one at another time",
    examples: &[("reschedule myproj daily --skip 2", "leave the next two out")],
    args: RescheduleArgs::augment_args,
};

/// The arguments of `reschedule`.
#[derive(Debug, Clone, Args)]
pub struct RescheduleArgs {
    #[command(flatten)]
    pub target: TargetArgs,

    /// Skip so many sessions from now on
    #[arg(short = 's', long, value_name = "NUMBER", value_parser = long("-s"), allow_negative_numbers = true)]
    pub skip: Option<i64>,

    /// Skip the sessions before this time: now, "yyyy-MM-dd HH:mm:ss Z" or seconds since 1970
    #[arg(short = 't', long, value_name = "TIME")]
    pub skip_to: Option<String>,

    /// Run the next session at this time
    #[arg(short = 'a', long, value_name = "TIME")]
    pub run_at: Option<String>,

    /// Show what would change only
    #[arg(short = 'd', long)]
    pub dry_run: bool,

    #[command(flatten)]
    pub client: ClientArgs,
}

/// Moves the next session.
///
/// # Errors
///
/// Wrong arguments, no such schedule, a time that has passed, or the server cannot be asked.
pub fn run(args: &RescheduleArgs, context: &Context) -> Result<Exit, CliError> {
    let count = args.skip.filter(|count| *count > 0);
    match (count, &args.skip_to) {
        (Some(_), Some(_)) => return Err(CliError::usage("-s and -t can't be set together")),
        (None, None) => return Err(CliError::usage("-s or -t is required")),
        _ => {}
    }
    let target = args.target.target();
    target.check_one()?;
    let client = connect(&args.client, context)?;
    let id = match target {
        Target::Schedule(id) => id,
        Target::Project(_) | Target::Workflow { .. } => target.one(&client)?.id,
    };
    let now = context.clock.now();
    let run_at = args.run_at.as_deref().map(|text| instant(text, "-a, --run-at", context)).transpose()?;
    let to = match (&args.skip_to, count) {
        (Some(text), _) if text == "now" => SkipTo::Time(now),
        (Some(text), _) => SkipTo::Time(instant(text, "-t, --skip-to", context)?),
        (None, count) => SkipTo::Count { from: now, count: count.unwrap_or_default() },
    };
    let schedule = client.skip_schedule(&id, &Skip { to, run_at, dry_run: args.dry_run })?;
    let output = &context.output;
    output.line(&rescheduled_block(&schedule, &context.zone, now));
    output.note(if args.dry_run {
        "Schedule is not updated."
    } else {
        "Use `dibble schedules` to show schedules."
    });
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::backfill::tests::{of_workflow, schedule};
    use crate::cli::client_args::tests::{failure, run_with};
    use crate::cli::start::tests::project;
    use crate::client::testing::Answer;
    use serde_json::{Value, json};

    const SKIP: &str = "POST /api/schedules/5/skip";

    fn skipped() -> Answer {
        Answer::ok(SKIP, schedule(5).to_string())
    }

    #[test]
    fn sessions_are_skipped() {
        for (words, body, note) in [
            (
                "5 -s 2",
                json!({"fromTime": "2026-11-22T03:10:39Z", "count": 2, "nextTime": null}),
                "Use `dibble schedules` to show schedules.\n",
            ),
            (
                "p1 daily --skip-to now -d",
                json!({"fromTime": null, "count": null, "nextTime": "2026-11-22T03:10:39Z", "dryRun": true}),
                "Schedule is not updated.\n",
            ),
            (
                "5 -t 2026-12-20\u{a0}00:00:00\u{a0}+0900 -a 1797811200",
                json!({"nextTime": "2026-12-19T15:00:00Z", "nextRunTime": "2026-12-21T00:00:00Z"}),
                "Use `dibble schedules` to show schedules.\n",
            ),
        ] {
            let answers = [project(), of_workflow("daily", &[schedule(5)]), skipped()];
            let (ended, out, err, seen) = run_with(&DEFINITION, run, words, answers);
            assert_eq!((ended, err.as_str()), (Ok(Exit::Success), note), "{words}");
            assert_eq!(
                out,
                "  id: 5\n  workflow: daily\n  disabled at: \n  next session time: 2026-11-23 00:00:00 +0900\n  \
                 next scheduled to run at: 2026-11-22 22:00:00 +0000 (in 18h 49m 21s)\n\n"
            );
            let sent: Value = serde_json::from_str(&seen.last().unwrap().body).unwrap();
            let expected = body.as_object().unwrap();
            assert!(expected.iter().all(|(key, value)| sent[key] == *value), "{words}: {sent}");
            assert_eq!(sent["dryRun"], json!(words.contains("-d")), "{words}");
        }
    }

    #[test]
    fn wrong_arguments_are_told() {
        for (words, message, code) in [
            ("p1 daily", "-s or -t is required", 2),
            ("p1", "-s or -t is required", 2),
            ("p1 daily -s 0", "-s or -t is required", 2),
            ("p1 daily -s 1 -t now", "-s and -t can't be set together", 2),
            ("p1 -s 1", "Missing argument: <name>", 2),
            (
                "5 -t 2026-12-11",
                "-t, --skip-to option must be \"yyyy-MM-dd HH:mm:ss Z\" format or UNIX timestamp: 2026-12-11",
                1,
            ),
        ] {
            let error = failure(&DEFINITION, run, words, []);
            assert_eq!((error.message.as_str(), error.exit_code()), (message, code), "{words}");
        }
        let body = r#"{"message":"Specified time to skip schedules is already past","status":409}"#;
        let error = failure(&DEFINITION, run, "5 -s 1", [Answer::new(SKIP, 409, body)]);
        assert_eq!(error, CliError::user(format!("Request conflicted: {body}")));
    }
}
