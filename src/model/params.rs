//! Parameters: JSON objects that keep the order of their keys. Layers are laid over each other with `merge`.

use serde_json::Value;

/// A JSON object whose keys stay in the order in which they were written.
pub type Params = serde_json::Map<String, Value>;

/// Lays `upper` over `lower`: objects merge key by key at any depth, everything else replaces.
///
/// A key that is overwritten keeps its place, a new key goes to the end.
pub fn merge(lower: &mut Params, upper: &Params) {
    for (key, value) in upper {
        match (lower.get_mut(key), value) {
            (Some(Value::Object(below)), Value::Object(above)) => merge(below, above),
            (Some(below), _) => *below = value.clone(),
            (None, _) => {
                lower.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Removes the value at a dotted path (`td.last_results`), if there is one. Emptied parents stay.
pub fn remove_path(params: &mut Params, path: &str) {
    match path.split_once('.') {
        None => {
            params.shift_remove(path);
        }
        Some((head, rest)) => {
            if let Some(Value::Object(inner)) = params.get_mut(head) {
                remove_path(inner, rest);
            }
        }
    }
}

/// Sets the value at a dotted path and makes the objects on the way.
///
/// # Errors
///
/// Something on the way is there already and is no object.
pub fn set_path(params: &mut Params, path: &str, value: Value) -> Result<(), PathConflict> {
    let mut here = params;
    let mut walked = String::new();
    let mut rest = path;
    while let Some((head, tail)) = rest.split_once('.') {
        if !walked.is_empty() {
            walked.push('.');
        }
        walked.push_str(head);
        let next = here.entry(head).or_insert_with(|| Value::Object(Params::new()));
        here = match next {
            Value::Object(inner) => inner,
            other => {
                return Err(PathConflict { path: path.to_owned(), at: walked, found: other.to_string() });
            }
        };
        rest = tail;
    }
    here.insert(rest.to_owned(), value);
    Ok(())
}

/// A dotted key runs through something that is not an object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Parameter '{path}' is set but '{at}' is not a object ({found})")]
pub struct PathConflict {
    pub path: String,
    pub at: String,
    pub found: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Params {
        match value {
            Value::Object(map) => map,
            other => panic!("not an object: {other}"),
        }
    }

    #[test]
    fn objects_merge_and_everything_else_replaces() {
        let mut lower = object(json!({"a": {"x": 1, "y": [1, 2]}, "b": 1}));
        merge(&mut lower, &object(json!({"c": 3, "a": {"y": [3], "z": null}, "b": {"k": 1}})));
        assert_eq!(Value::Object(lower).to_string(), r#"{"a":{"x":1,"y":[3],"z":null},"b":{"k":1},"c":3}"#);
    }

    #[test]
    fn paths_are_set_and_removed() {
        let mut params = Params::new();
        set_path(&mut params, "a.b.c", json!("1")).unwrap();
        set_path(&mut params, "a.d", json!("2")).unwrap();
        remove_path(&mut params, "a.b.c");
        remove_path(&mut params, "a.nothing.there");
        assert_eq!(Value::Object(params.clone()).to_string(), r#"{"a":{"b":{},"d":"2"}}"#);
        let conflict = set_path(&mut params, "a.d.e", json!("3")).unwrap_err();
        assert_eq!(conflict.to_string(), "Parameter 'a.d.e' is set but 'a.d' is not a object (\"2\")");
    }
}
