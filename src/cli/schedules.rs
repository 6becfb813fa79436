//! `dibble schedules`: shows the schedules of a server.

use super::args::Definition;
use super::block::schedule_block;
use super::client_args::{ClientArgs, connect};
use super::{CliError, Context, Exit};
use clap::Args;

pub const DEFINITION: Definition = Definition {
    name: "schedules",
    aliases: &["schedule"],
    synopsis: &[("schedules", "show registered schedules")],
    usage: &["schedules [options...]"],
    about: "Show schedules with their next sessions",
    examples: &[],
    args: SchedulesArgs::augment_args,
};

/// The arguments of `schedules`.
#[derive(Debug, Clone, Args)]
pub struct SchedulesArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub client: ClientArgs,
}

/// So many of its next times are shown of a schedule.
const NEXT_TIMES: usize = 5;

/// Shows the schedules: all of them, where Digdag shows the first hundred.
///
/// # Errors
///
/// The server cannot be asked.
pub fn run(args: &SchedulesArgs, context: &Context) -> Result<Exit, CliError> {
    let list = connect(&args.client, context)?.schedules(NEXT_TIMES)?;
    let output = &context.output;
    if args.json {
        context.print_json(&list)?;
        return Ok(Exit::Success);
    }
    let now = context.clock.now();
    output.line("Schedules:");
    for schedule in list.schedules.iter().take_while(|_| !output.is_closed()) {
        output.line(&schedule_block(schedule, &context.zone, now));
    }
    output.line(&format!("{} entries.", list.schedules.len()));
    output.note("Use `dibble workflows [project-name] [name]` to show workflow details.");
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client_args::tests::asked;
    use crate::client::testing::Answer;
    use serde_json::{Value, json};

    const FOOTER: &str = "Use `dibble workflows [project-name] [name]` to show workflow details.\n";

    fn schedule(id: u64, disabled: Value) -> Value {
        json!({
            "id": id.to_string(), "project": {"id": "1", "name": "p1"}, "workflow": {"id": "2", "name": "daily"},
            "nextRunTime": "2026-11-22T22:00:00Z", "nextScheduleTime": "2026-11-23T00:00:00+09:00",
            "disabledAt": disabled,
        })
    }

    fn page(target: &str, schedules: &[Value]) -> Answer {
        Answer::ok(&format!("GET /api/schedules{target}"), json!({ "schedules": schedules }).to_string())
    }

    #[test]
    fn all_pages_are_shown() {
        let first = page("?next=5", &[schedule(1, json!(null)), schedule(2, json!("2026-11-22T03:10:38Z"))]);
        let pages = || {
            [
                first.clone(),
                page("?next=5&last_id=2", &[schedule(3, json!(null))]),
                page("?next=5&last_id=3", &[]),
            ]
        };
        let block = |id, disabled| {
            format!(
                "  id: {id}\n  project: p1\n  workflow: daily\n  disabled at: {disabled}\n  \
                 next session time: 2026-11-23 00:00:00 +0900\n  \
                 next scheduled to run at: 2026-11-22 22:00:00 +0000 (in 18h 49m 21s)\n\n"
            )
        };
        let out = format!(
            "Schedules:\n{}{}{}3 entries.\n",
            block(1, ""),
            block(2, "2026-11-22 03:10:38 +0000 (1s ago)"),
            block(3, "")
        );
        assert_eq!(asked(&DEFINITION, run, "", pages()), (out, FOOTER.to_owned()));
        let (json, err) = asked(&DEFINITION, run, "--json", pages());
        let list: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((list["schedules"][2].clone(), err.as_str()), (schedule(3, json!(null)), ""));
    }

    #[test]
    fn there_may_be_none() {
        let shown = asked(&DEFINITION, run, "", [page("?next=5", &[])]);
        assert_eq!(shown, ("Schedules:\n0 entries.\n".to_owned(), FOOTER.to_owned()));
    }
}
