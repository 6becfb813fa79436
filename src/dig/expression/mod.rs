//! Evaluation of `${...}`: plain look-ups in Rust, everything else in JavaScript.
//!
//! Every text is evaluated in a JavaScript state of its own; nothing of one evaluation is seen by the next. The clock is
//! never read: expressions see the `now` that the caller gives. There is no console, no file, no network and no JVM.

mod engine;
mod inline;
mod lookup;
mod message;
mod prelude;
mod zone_clock;

use self::engine::Job;
use crate::dig::template::Template;
use crate::model::{Params, Time, Zone};
use serde_json::Value;
use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

/// Evaluates templates within limits of time and memory.
#[derive(Debug, Clone)]
pub struct Evaluator {
    limits: Limits,
}

/// What one evaluation may use before it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub time: Duration,
    /// Bytes.
    pub memory: usize,
}

/// A template has no value. The text names the whole template and says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Failed to evaluate a variable {template} ({cause})")]
pub struct EvaluationError {
    pub template: String,
    pub cause: Cause,
}

/// Why a template has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// What the expression threw: `ReferenceError: x is not defined`.
    #[error("{0}")]
    Thrown(String),
    #[error("it took longer than {0:?}")]
    Time(Duration),
    #[error("it needs more than {0} MiB of memory")]
    Memory(usize),
    /// The machine has no thread or no memory left to start the evaluation.
    #[error("JavaScript cannot be started: {0}")]
    Start(String),
}

/// The parameters that expressions see: a base, with other parameters laid over it key by key (not merged).
#[derive(Debug)]
pub struct Scope<'a> {
    base: &'a Base<'a>,
    overlay: &'a Params,
}

/// Parameters that many evaluations share. They are written as JSON once, when the first of them needs JavaScript.
#[derive(Debug)]
pub struct Base<'a> {
    params: &'a Params,
    json: OnceCell<Arc<str>>,
}

impl Evaluator {
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    pub fn with_limits(limits: Limits) -> Self {
        Self { limits }
    }

    /// The text with every expression replaced by its value. `moment()` and `new Date()` are `now`, in the zone.
    ///
    /// # Errors
    ///
    /// An expression throws, is no JavaScript, or exceeds the limits.
    pub fn evaluate_template(
        &self,
        text: &str,
        params: &Params,
        zone: &Zone,
        now: Time,
    ) -> Result<String, EvaluationError> {
        let base = Base::new(params);
        self.evaluate(text, &Scope { base: &base, overlay: &Params::new() }, zone, now)
    }

    /// The same, in a layered scope.
    ///
    /// # Errors
    ///
    /// As `evaluate_template`.
    pub fn evaluate(
        &self,
        text: &str,
        scope: &Scope<'_>,
        zone: &Zone,
        now: Time,
    ) -> Result<String, EvaluationError> {
        if !text.contains('$') {
            return Ok(text.to_owned());
        }
        let template = Template::scan(text);
        if let Some(result) = lookup::evaluate(&template, scope) {
            return Ok(result);
        }
        let job = Job::new(&template, scope, zone, now, self.limits);
        engine::evaluate(job).map_err(|cause| EvaluationError { template: text.to_owned(), cause })
    }
}

impl Default for Evaluator {
    fn default() -> Self {
        Self::new()
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(1), memory: 64 << 20 }
    }
}

impl<'a> Scope<'a> {
    pub fn new(base: &'a Base<'a>, overlay: &'a Params) -> Self {
        Self { base, overlay }
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.overlay.get(key).or_else(|| self.base.params.get(key))
    }
}

impl<'a> Base<'a> {
    pub fn new(params: &'a Params) -> Self {
        Self { params, json: OnceCell::new() }
    }

    fn json(&self) -> Arc<str> {
        self.json.get_or_init(|| json_text(self.params)).clone()
    }
}

fn json_text(params: &Params) -> Arc<str> {
    // Keys are strings and values are JSON, so that nothing can fail.
    serde_json::to_string(params).unwrap_or_default().into()
}

#[cfg(test)]
mod tests;
