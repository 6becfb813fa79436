//! `for_each>`: runs the tasks of `_do` for every combination of the values of some lists.

use super::subtasks::{Subtasks, task_limit};
use crate::model::config::parsed_list;
use crate::model::{ConfigError, Params, TaskResult};
use crate::operators::context::{Context, OperatorError};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// What stays as it is in the name of a task: what Java's form encoding leaves alone.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'*').remove(b'_');

/// How many UTF-16 code units of a key or value its task's name shows.
const TAG_LENGTH: usize = 8;

pub(crate) fn run(ctx: &Context<'_>) -> Result<TaskResult, OperatorError> {
    let mut subtasks = Subtasks::new(ctx.config)?;
    let lists = read_lists(&ctx.config.parsed_object("_command")?)?;
    let limit = task_limit(ctx.host.settings())?;
    if exceeds(&lists, limit) {
        return Err(OperatorError::config(format!("Too many for_each subtasks. Limit: {limit}")));
    }
    for combination in combinations(&lists) {
        let export = combination.iter().map(|choice| (choice.list.key.clone(), choice.value().clone()));
        subtasks.add(task_name(&combination), export.collect())?;
    }
    Ok(subtasks.finish()?)
}

/// A key and the values it takes, with its place among the keys.
struct List {
    place: usize,
    key: String,
    values: Vec<Value>,
}

/// One value of a list.
#[derive(Clone, Copy)]
struct Choice<'a> {
    list: &'a List,
    place: usize,
}

impl<'a> Choice<'a> {
    fn value(self) -> &'a Value {
        &self.list.values[self.place]
    }
}

fn read_lists(command: &Params) -> Result<Vec<List>, ConfigError> {
    let read = |(place, (key, value)): (usize, (&String, &Value))| match value {
        Value::Null => Err(ConfigError::Null(key.clone())),
        value => Ok(List { place, key: key.clone(), values: parsed_list(key, value)? }),
    };
    command.iter().enumerate().map(read).collect()
}

/// Whether the lists, taken from the first on, make more combinations than `limit`.
fn exceeds(lists: &[List], limit: u64) -> bool {
    let sizes = lists.iter().map(|list| list.values.len() as u64);
    let mut products = sizes.scan(1_u64, |product, size| {
        *product = product.saturating_mul(size);
        Some(*product)
    });
    products.any(|product| product > limit)
}

/// All combinations; those of the last list change fastest. As in Digdag, an empty list forgets the lists before it.
fn combinations(lists: &[List]) -> Vec<Vec<Choice<'_>>> {
    let mut combinations: Vec<Vec<Choice<'_>>> = Vec::new();
    for list in lists {
        if combinations.is_empty() {
            combinations.push(Vec::new());
        }
        let choices = || (0..list.values.len()).map(|place| Choice { list, place });
        combinations = combinations
            .iter()
            .flat_map(|before| choices().map(|choice| [before.as_slice(), &[choice]].concat()))
            .collect();
    }
    combinations
}

/// `+for-0=fruit=1=apple&1=verb=0=eat`: places make it unique, so that keys and values may be cut short.
fn task_name(combination: &[Choice<'_>]) -> String {
    let part = |choice: &Choice<'_>| {
        let value = match choice.value() {
            Value::String(text) => tag(text),
            other => tag(&other.to_string()),
        };
        format!("{}={}={}={value}", choice.list.place, tag(&choice.list.key), choice.place)
    };
    format!("+for-{}", combination.iter().map(part).collect::<Vec<_>>().join("&"))
}

/// The first code units of a text, percent-encoded. Half a surrogate pair becomes a question mark, as in Java.
fn tag(text: &str) -> String {
    let cut: String =
        char::decode_utf16(text.encode_utf16().take(TAG_LENGTH)).map(|c| c.unwrap_or('?')).collect();
    utf8_percent_encode(&cut, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operators::control_testing::Fixture;
    use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};
    use serde_json::json;

    fn task(command: Value) -> Fixture {
        Fixture::new(json!({"_command": command, "_do": {"echo>": "x"}}))
    }

    fn names(command: Value) -> Vec<String> {
        task(command).run("for_each").unwrap().subtask_config.keys().cloned().collect()
    }

    #[test]
    fn the_last_list_changes_fastest() {
        assert_eq!(
            names(json!({"fruit": ["apple", "orange"], "verb": "[\"eat\", \"throw\"]"})),
            [
                "+for-0=fruit=0=apple&1=verb=0=eat",
                "+for-0=fruit=0=apple&1=verb=1=throw",
                "+for-0=fruit=1=orange&1=verb=0=eat",
                "+for-0=fruit=1=orange&1=verb=1=throw",
            ]
        );
    }

    #[test]
    fn values_are_exported_as_they_are() {
        let task = Fixture::new(json!({
            "_command": "{\"x\": [1, \"b\", {\"k\": \"v\"}, null]}",
            "_parallel": "true",
            "_do": {"echo>": "x", "_export": {"x": {"old": 1}, "y": 2}},
        }));
        let expected = json!({
            "+for-0=x=0=1": {"echo>": "x", "_export": {"x": 1, "y": 2}},
            "+for-0=x=1=b": {"echo>": "x", "_export": {"x": "b", "y": 2}},
            "+for-0=x=2=%7B%22k%22%3A%22v%22": {"echo>": "x", "_export": {"x": {"k": "v"}, "y": 2}},
            "+for-0=x=3=null": {"echo>": "x", "_export": {"x": null, "y": 2}},
            "_parallel": "true",
        });
        assert_eq!(task.subtasks("for_each"), expected.to_string());
    }

    #[test]
    fn names_show_the_start_of_keys_and_values() {
        for (text, shown) in [
            ("a b", "a%20b"),
            ("c/d", "c%2Fd"),
            ("e+f", "e%2Bf"),
            ("日本", "%E6%97%A5%E6%9C%AC"),
            ("x=1&y", "x%3D1%26y"),
            ("", ""),
            ("a%b~", "a%25b%7E"),
            ("a.b-c*d_e", "a.b-c*d_"),
            ("verylongvalue", "verylong"),
            ("123456😀8", "123456%F0%9F%98%80"),
            ("1234567😀", "1234567%3F"),
        ] {
            assert_eq!(tag(text), shown, "{text}");
        }
    }

    #[test]
    fn empty_lists_forget_what_came_before() {
        assert_eq!(names(json!({})), [""; 0]);
        assert_eq!(names(json!({"a": [], "b": [1, 2]})), ["+for-1=b=0=1", "+for-1=b=1=2"]);
        assert_eq!(names(json!({"a": [1, 2], "b": []})), [""; 0]);
        assert_eq!(names(json!({"a": [1, 2], "b": [], "c": [3]})), ["+for-2=c=0=3"]);
    }

    #[test]
    fn options_are_checked() {
        let many: Vec<i32> = (0..501).collect();
        for (config, message) in [
            (json!({"_command": {}}), "Parameter '_do' is required but not set"),
            (json!({"_do": {}}), "Parameter '_command' is required but not set"),
            (json!({"_do": {}, "_command": [1]}), "Parameter '_command' must be an object"),
            (json!({"_do": {}, "_command": "abc"}), "Parameter '_command' must be an object"),
            (json!({"_do": {}, "_command": {"a": null}}), "Parameter 'a' is required but null"),
            (json!({"_do": {}, "_command": {"a": 5}}), "Expected array type for key 'a' but got 5 (number)"),
            (
                json!({"_do": {}, "_command": {"a": "b"}}),
                "Expected array type for key 'a' but got \"b\" (string)",
            ),
            (
                json!({"_do": {}, "_command": {"a": many, "b": [1, 2]}}),
                "Too many for_each subtasks. Limit: 1000",
            ),
            (
                json!({"_do": {"_export": []}, "_command": {"a": [1]}}),
                "Parameter '_export' must be an object",
            ),
        ] {
            assert_eq!(Fixture::new(config).failure("for_each"), format!("{message} (config)"));
        }
        let few = task(json!({"a": [1, 2, 3]})).setting("executor.task_max_run", "2");
        assert_eq!(few.failure("for_each"), "Too many for_each subtasks. Limit: 2 (config)");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        #[test]
        fn combinations_count_up_like_digits(sizes in proptest::collection::vec(1_usize..4, 1..5)) {
            let command: Params = sizes
                .iter()
                .enumerate()
                .map(|(place, &size)| (format!("k{place}"), Value::from((0..size).collect::<Vec<_>>())))
                .collect();
            let lists = read_lists(&command).unwrap();
            let places: Vec<Vec<usize>> = combinations(&lists)
                .iter()
                .map(|combination| combination.iter().map(|choice| choice.place).collect())
                .collect();
            let digits_of = |number: usize| {
                let mut rest = number;
                let mut digits: Vec<usize> = sizes
                    .iter()
                    .rev()
                    .map(|&size| {
                        let digit = rest % size;
                        rest /= size;
                        digit
                    })
                    .collect();
                digits.reverse();
                digits
            };
            let expected: Vec<Vec<usize>> = (0..sizes.iter().product()).map(digits_of).collect();
            prop_assert_eq!(places, expected);
        }
    }
}
