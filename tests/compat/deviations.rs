//! Deliberate differences from Digdag, read from `cases/deviations.toml` and `deviations.toml`.

use super::outcome::Difference;
use serde_json::Value;
use std::collections::BTreeMap;

/// A difference that is meant: in which case and steps, in what, and what happens instead.
#[derive(Debug)]
pub struct Deviation {
    pub case: String,
    steps: Vec<usize>,
    aspects: Vec<String>,
    exit: Vec<String>,
    output: Option<Vec<String>>,
}

impl Deviation {
    /// Whether this difference is the deliberate one.
    pub fn covers(&self, step: usize, difference: &Difference) -> bool {
        (self.steps.is_empty() || self.steps.contains(&step))
            && (self.aspects.is_empty() || self.aspects.iter().any(|aspect| aspect == difference.aspect))
            && (self.exit.is_empty() || self.exit.contains(&difference.exit))
            && self.output.as_ref().is_none_or(|output| *output == difference.output)
    }
}

/// The entries of both files. Those for recordings that are not here are of no consequence.
pub fn load() -> Vec<Deviation> {
    let files = [include_str!("cases/deviations.toml"), include_str!("deviations.toml")];
    files
        .iter()
        .flat_map(|text| text.split("[[deviation]]").skip(1))
        .map(|entry| deviation(&keys(entry)))
        .collect()
}

/// The part of TOML that the file uses: a key and a string, number or list on a line, in the notation of JSON or between single quotes.
fn keys(entry: &str) -> BTreeMap<&str, Value> {
    let lines = entry.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("deviations.toml: {line}"));
            let value = serde_json::from_str(&value.trim().replace('\'', "\""))
                .unwrap_or_else(|e| panic!("deviations.toml: {line}: {e}"));
            (key.trim(), value)
        })
        .collect()
}

fn deviation(keys: &BTreeMap<&str, Value>) -> Deviation {
    const KNOWN: [&str; 6] = ["case", "reason", "steps", "aspects", "exit", "output"];
    for key in keys.keys() {
        assert!(KNOWN.contains(key), "deviations.toml: {key}");
    }
    let text = |key| {
        keys.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("deviations.toml: {key}")).to_owned()
    };
    let list = |key| keys.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let texts = |key| list(key).iter().map(|value| value.as_str().unwrap_or_default().to_owned()).collect();
    assert!(!text("reason").is_empty(), "deviations.toml: a difference needs a reason");
    Deviation {
        case: text("case"),
        steps: list("steps").iter().filter_map(|step| step.as_u64()?.try_into().ok()).collect(),
        aspects: texts("aspects"),
        exit: list("exit").iter().map(ToString::to_string).collect(),
        output: keys.contains_key("output").then(|| texts("output")),
    }
}
