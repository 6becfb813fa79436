//! Which keys a group may have, and what was probably meant by another.

use crate::dig::compile::{CompileError, TaskError};
use crate::dig::yaml::Part;
use crate::model::Params;
use serde_json::Value;
use strsim::levenshtein;

const GROUP_KEYS: [&str; 11] = [
    "timezone",
    "schedule",
    "sla",
    "_parallel",
    "_background",
    "_after",
    "_error",
    "_check",
    "_retry",
    "_export",
    "_secrets",
];

/// Reports the keys that a group must not have, with a path from the group.
pub(super) fn check_group(full_name: &str, own: &Params) -> Option<CompileError> {
    let invalid: Vec<&String> = own.keys().filter(|key| !GROUP_KEYS.contains(&key.as_str())).collect();
    let first = *invalid.first()?;
    let described: Vec<String> = invalid.iter().map(|key| describe(key)).collect();
    let kind = TaskError::InvalidKeys {
        full_name: full_name.to_owned(),
        keys: described.join(", "),
        config: Value::Object(own.clone()).to_string(),
    };
    let hint = hint(first, own);
    Some(CompileError { kind, path: vec![first.clone()], part: Part::Key, hint })
}

fn describe(key: &str) -> String {
    let candidates = similar(key);
    if candidates.is_empty() {
        format!("'{key}'")
    } else {
        format!("'{key}' (did you mean [{}]?)", candidates.join(", "))
    }
}

fn hint(key: &str, own: &Params) -> Option<String> {
    if let Some(best) = similar(key).first() {
        return Some(format!("did you mean `{best}`?"));
    }
    match &own[key] {
        Value::Object(_) => Some(format!("the name of a task begins with `+`: `+{key}`")),
        _ => Some(format!("a task needs an operator, whose key ends with `>`: `{key}>`")),
    }
}

/// The keys of groups that differ from this one in at most half of their letters, the closest first.
fn similar(key: &str) -> Vec<&'static str> {
    let mut candidates: Vec<_> = GROUP_KEYS
        .into_iter()
        .map(|candidate| (levenshtein(key, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len() / 2)
        .collect();
    candidates.sort_by_key(|(distance, _)| *distance);
    candidates.into_iter().map(|(_, candidate)| candidate).collect()
}
