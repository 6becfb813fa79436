//! Evaluation of a task's configuration: every text in it is a template, and keys are evaluated in their order.
//!
//! Keys are never evaluated, and neither is what stands under `_do` and `_else_do`: those tasks are evaluated when they run.

use crate::dig::expression::{Base, EvaluationError, Evaluator, Scope};
use crate::model::{Params, Time, Zone};
use serde_json::Value;

/// Evaluates `all`, the parameters with the task's own keys merged over them.
///
/// A text sees the unevaluated `params`, and over them the keys of its own object that stand before it, evaluated. So a
/// text in a nested object sees its siblings, but of the outer keys only the unevaluated ones; a text in an array belongs
/// to the object that holds the array. Results are always text.
///
/// # Errors
///
/// The first text that cannot be evaluated.
pub fn evaluate_config(
    evaluator: &Evaluator,
    params: &Params,
    all: &Params,
    zone: &Zone,
    now: Time,
) -> Result<Params, EvaluationError> {
    Evaluation { evaluator, base: &Base::new(params), zone, now }.object(all)
}

const VERBATIM: [&str; 2] = ["_do", "_else_do"];

struct Evaluation<'a> {
    evaluator: &'a Evaluator,
    base: &'a Base<'a>,
    zone: &'a Zone,
    now: Time,
}

impl Evaluation<'_> {
    fn object(&self, object: &Params) -> Result<Params, EvaluationError> {
        let mut built = Params::new();
        for (key, value) in object {
            let evaluated =
                if VERBATIM.contains(&key.as_str()) { value.clone() } else { self.value(&built, value)? };
            built.insert(key.clone(), evaluated);
        }
        Ok(built)
    }

    fn value(&self, siblings: &Params, value: &Value) -> Result<Value, EvaluationError> {
        match value {
            Value::String(text) => {
                let scope = Scope::new(self.base, siblings);
                self.evaluator.evaluate(text, &scope, self.zone, self.now).map(Value::String)
            }
            Value::Object(object) => self.object(object).map(Value::Object),
            Value::Array(items) => items
                .iter()
                .map(|item| self.value(siblings, item))
                .collect::<Result<_, _>>()
                .map(Value::Array),
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(value.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::merge;

    fn object(json: &str) -> Params {
        serde_json::from_str(json).unwrap()
    }

    fn evaluate(params: &str, local: &str) -> Result<String, String> {
        let params = object(params);
        let mut all = params.clone();
        merge(&mut all, &object(local));
        evaluate_config(&Evaluator::new(), &params, &all, &Zone::utc(), Time::UNIX_EPOCH)
            .map(|built| Value::Object(built).to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn keys_are_evaluated_in_order_and_nested_texts_see_their_siblings() {
        for (params, local, expected) in [
            (
                r#"{"a":1,"b":"${a}"}"#,
                r#"{"z":{"q":"${b}"},"y":"${b}","l":["${b}"]}"#,
                r#"{"a":1,"b":"1","z":{"q":"${a}"},"y":"1","l":["1"]}"#,
            ),
            (
                r#"{"b":"${a}","a":"${c}","c":3}"#,
                r#"{"y":"${b} ${a}"}"#,
                r#"{"b":"${c}","a":"3","c":3,"y":"${c} 3"}"#,
            ),
            (
                r#"{"db":{"h":"x","u":"${db.h}-${h}"}}"#,
                r#"{"y":"${db.u}"}"#,
                r#"{"db":{"h":"x","u":"x-x"},"y":"x-x"}"#,
            ),
            (r#"{"a":1}"#, r#"{"x":2,"sh>":"echo ${a} ${x}"}"#, r#"{"a":1,"x":2,"sh>":"echo 1 2"}"#),
            (r#"{"x":9}"#, r#"{"sh>":"echo ${x}","x":"${x}1"}"#, r#"{"x":"91","sh>":"echo 91"}"#),
            ("{}", r#"{"_do":"${nope}","k":1}"#, r#"{"_do":"${nope}","k":1}"#),
            ("{}", r#"{"m":{"_do":"${nope}"}}"#, r#"{"m":{"_do":"${nope}"}}"#),
            ("{}", r#"{"l":[{"_else_do":{"+a":"${nope}"}}]}"#, r#"{"l":[{"_else_do":{"+a":"${nope}"}}]}"#),
            (r#"{"a":1}"#, r#"{"${a}":1}"#, r#"{"a":1,"${a}":1}"#),
            (r#"{"a":1}"#, r#"{"a":"v","z":{"b":"${a}"}}"#, r#"{"a":"v","z":{"b":"1"}}"#),
            (
                "{}",
                r#"{"z":{"b":1,"l":[["${b}"],{"c":2,"d":"${c}"}]}}"#,
                r#"{"z":{"b":1,"l":[["1"],{"c":2,"d":"2"}]}}"#,
            ),
            (
                r#"{"o":{"x":1}}"#,
                r#"{"o":{"y":2},"k":"${o}"}"#,
                r#"{"o":{"x":1,"y":2},"k":"{\"x\":1,\"y\":2}"}"#,
            ),
        ] {
            assert_eq!(evaluate(params, local).as_deref(), Ok(expected), "{params} {local}");
        }
    }

    #[test]
    fn a_key_is_unknown_before_its_turn() {
        assert_eq!(
            evaluate(r#"{"a":1}"#, r#"{"sh>":"echo ${a} ${x}","x":2}"#).unwrap_err(),
            "Failed to evaluate a variable echo ${a} ${x} (ReferenceError: x is not defined)"
        );
        assert_eq!(
            evaluate("{}", r#"{"x":2,"z":{"l":["${x}"]}}"#).unwrap_err(),
            "Failed to evaluate a variable ${x} (ReferenceError: x is not defined)"
        );
    }

    #[test]
    fn javascript_sees_the_same_layers() {
        assert_eq!(
            evaluate(r#"{"x":1,"y":2,"z":3}"#, r#"{"y":"${y}0","w":"${[x, y + '!', Object.keys(this)]}"}"#)
                .unwrap(),
            r#"{"x":1,"y":"20","z":3,"w":"[1,\"20!\",[\"x\",\"y\",\"z\"]]"}"#
        );
        assert_eq!(
            evaluate("{}", r#"{"a":"${typeof b}","b":"${delete a}","c":"${a}"}"#).unwrap(),
            r#"{"a":"undefined","b":"true","c":"undefined"}"#
        );
    }
}
