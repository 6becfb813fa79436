//! `for_range>`: cuts a range of integers into pieces and runs the tasks of `_do` for each, with the piece in `range`.

use super::subtasks::{Subtasks, task_limit};
use crate::model::{Config, ConfigError, Params, TaskResult};
use crate::operators::context::{Context, OperatorError};
use serde_json::json;
use std::iter;

pub(crate) fn run(ctx: &Context<'_>) -> Result<TaskResult, OperatorError> {
    let mut subtasks = Subtasks::new(ctx.config)?;
    let range = Range::read(&Config::new(ctx.config.parsed_object("_command")?))?;
    // Counting first keeps a range that is far too long from filling the memory.
    let (count, limit) = (range.count(), task_limit(ctx.host.settings())?);
    if count > limit {
        let message = format!("Too many for_range subtasks ({count}). Limit: {limit}");
        return Err(OperatorError::config(message));
    }
    for (index, (from, to)) in range.pieces().enumerate() {
        let piece = json!({"from": from, "to": to, "index": index});
        let export = Params::from_iter([("range".to_owned(), piece)]);
        subtasks.add(format!("+range-from={from}&to={to}"), export)?;
    }
    Ok(subtasks.finish()?)
}

/// The integers from `from` up to but not including `to`, in pieces of `step`; the last one may be shorter.
struct Range {
    from: i64,
    to: i64,
    /// At least 1.
    step: u64,
}

impl Range {
    fn read(config: &Config) -> Result<Self, ConfigError> {
        let from = config.required_int("from")?;
        let to = config.required_int("to")?;
        let step = match (config.int("step")?, config.int("slices")?) {
            (Some(step), None) => at_least_1("step", step)?,
            (None, Some(slices)) => distance(from, to).div_ceil(at_least_1("slices", slices)?).max(1),
            (Some(_), Some(_)) => {
                return Err(invalid("Setting both step and slices options to for_range is invalid"));
            }
            (None, None) => return Err(invalid("step or slices option is required for for_range")),
        };
        Ok(Self { from, to, step })
    }

    /// How many pieces there are.
    fn count(&self) -> u64 {
        distance(self.from, self.to).div_ceil(self.step)
    }

    fn pieces(&self) -> impl Iterator<Item = (i64, i64)> {
        let piece_at = |from: i64| {
            let to = from.checked_add_unsigned(self.step).map_or(self.to, |to| to.min(self.to));
            (from < self.to).then_some((from, to))
        };
        iter::successors(piece_at(self.from), move |&(_, to)| piece_at(to))
    }
}

/// How far it is up to `to`; 0 if it is not above `from`.
fn distance(from: i64, to: i64) -> u64 {
    if to > from { to.abs_diff(from) } else { 0 }
}

fn at_least_1(option: &str, value: i64) -> Result<u64, ConfigError> {
    u64::try_from(value)
        .ok()
        .filter(|&value| value >= 1)
        .ok_or_else(|| invalid(&format!("{option} option must be same or greater than 1 but got {value}")))
}

fn invalid(message: &str) -> ConfigError {
    ConfigError::Invalid(message.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::operators::control_testing::Fixture;
    use serde_json::{Value, json};

    fn task(range: Value) -> Fixture {
        Fixture::new(json!({"_command": range, "_do": {"echo>": "x"}}))
    }

    fn names(range: Value) -> String {
        let tasks = task(range).run("for_range").unwrap().subtask_config;
        tasks.keys().map(|name| name.trim_start_matches("+range-")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_range_is_cut_into_pieces() {
        for (range, pieces) in [
            (json!({"from": 10, "to": 50, "step": 20}), "from=10&to=30 from=30&to=50"),
            (json!({"from": 0, "to": 10, "slices": 3}), "from=0&to=4 from=4&to=8 from=8&to=10"),
            (json!({"from": "1", "to": "4", "step": "2"}), "from=1&to=3 from=3&to=4"),
            (json!("{\"from\": -5, \"to\": -3, \"step\": 9}"), "from=-5&to=-3"),
            (json!({"from": 0, "to": 2, "slices": 5}), "from=0&to=1 from=1&to=2"),
            (json!({"from": 10, "to": 0, "step": 1}), ""),
            (json!({"from": 10, "to": 0, "slices": 2}), ""),
            (json!({"from": 3, "to": 3, "slices": 2}), ""),
            (
                json!({"from": i64::MIN, "to": i64::MAX, "slices": 2}),
                "from=-9223372036854775808&to=0 from=0&to=9223372036854775807",
            ),
        ] {
            assert_eq!(names(range.clone()), pieces, "{range}");
        }
    }

    #[test]
    fn the_piece_is_exported() {
        let task = Fixture::new(json!({
            "_command": {"from": 0, "to": 3, "step": 2},
            "_parallel": {"limit": 2},
            "_do": {"echo>": "x", "_export": {"range": {"unit": "day"}, "k": 1}},
        }));
        let expected = json!({
            "+range-from=0&to=2": {"echo>": "x", "_export": {"range": {"from": 0, "to": 2, "index": 0}, "k": 1}},
            "+range-from=2&to=3": {"echo>": "x", "_export": {"range": {"from": 2, "to": 3, "index": 1}, "k": 1}},
            "_parallel": {"limit": 2},
        });
        assert_eq!(task.subtasks("for_range"), expected.to_string());
    }

    #[test]
    fn options_are_checked() {
        for (range, message) in [
            (json!({"to": 10, "step": 1}), "Parameter 'from' is required but not set"),
            (json!({"from": 0, "to": null, "step": 1}), "Parameter 'to' is required but null"),
            (json!({"from": 0, "to": 10}), "step or slices option is required for for_range"),
            (
                json!({"from": 0, "to": 10, "step": 1, "slices": 2}),
                "Setting both step and slices options to for_range is invalid",
            ),
            (json!({"from": 0, "to": 10, "step": 0}), "step option must be same or greater than 1 but got 0"),
            (
                json!({"from": 0, "to": 10, "slices": -1}),
                "slices option must be same or greater than 1 but got -1",
            ),
            (
                json!({"from": "x", "to": 10, "step": 1}),
                "Expected integer (long) type for key 'from' but got \"x\" (string)",
            ),
            (json!(5), "Parameter '_command' must be an object"),
            (json!("[1]"), "Parameter '_command' must be an object"),
            (json!({"from": 0, "to": 1001, "step": 1}), "Too many for_range subtasks (1001). Limit: 1000"),
            (
                json!({"from": i64::MIN, "to": i64::MAX, "step": 1}),
                "Too many for_range subtasks (18446744073709551615). Limit: 1000",
            ),
        ] {
            assert_eq!(task(range).failure("for_range"), format!("{message} (config)"));
        }
        let failure = |config| Fixture::new(config).failure("for_range");
        assert_eq!(failure(json!({"_do": {}})), "Parameter '_command' is required but not set (config)");
        assert_eq!(failure(json!({"_command": {}})), "Parameter '_do' is required but not set (config)");
    }
}
