//! One evaluation in JavaScript: a fresh QuickJS state on a thread of its own, within limits of time and memory.
//!
//! The engine asks whether it may go on only between its own steps; a single long built-in (`indexOf` over megabytes)
//! never asks. That is why the caller waits with a deadline and gives up, whatever the thread does: the thread ends by
//! itself as soon as that built-in returns, and holds no more than its memory limit until then.

use super::prelude::{self, Script};
use super::{Cause, Limits, Scope, json_text, message, zone_clock};
use crate::dig::template::{Part, Template};
use crate::model::{Time, Zone};
use rquickjs::context::intrinsic;
use rquickjs::prelude::Coerced;
use rquickjs::{Context, Ctx, Error, Function, Object, Runtime, Type, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

/// Everything an evaluation needs, owned by its thread.
pub struct Job {
    source: String,
    base: Arc<str>,
    overlay: Arc<str>,
    /// Digdag's scanner leaves its last step behind in global variables.
    last_match: Option<String>,
    zone: Zone,
    now: Time,
    limits: Limits,
}

/// Recursion in scripts, parsers and JSON ends with an error well before the thread's stack does.
const SCRIPT_STACK: usize = 1 << 20;
const THREAD_STACK: usize = 4 << 20;

impl Job {
    pub fn new(template: &Template<'_>, scope: &Scope<'_>, zone: &Zone, now: Time, limits: Limits) -> Self {
        Self {
            source: source(template),
            base: scope.base.json(),
            overlay: json_text(scope.overlay),
            last_match: template.last_match.map(str::to_owned),
            zone: zone.clone(),
            now,
            limits,
        }
    }
}

/// Runs the job; returns at the deadline at the latest.
pub fn evaluate(job: Job) -> Result<String, Cause> {
    let limits = job.limits;
    let expired = Arc::new(AtomicBool::new(false));
    let (sender, receiver) = mpsc::channel();
    let seen = Arc::clone(&expired);
    thread::Builder::new()
        .name("expression".to_owned())
        .stack_size(THREAD_STACK)
        .spawn(move || {
            let answer = |result| {
                // Nobody listens any more when the deadline has passed.
                let _ = sender.send(result);
            };
            if let Err(error) = run(&job, seen, &answer) {
                answer(Err(Cause::Start(error.to_string())));
            }
        })
        .map_err(|error| Cause::Start(error.to_string()))?;
    match receiver.recv_timeout(limits.time) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => {
            expired.store(true, Ordering::Relaxed);
            Err(Cause::Time(limits.time))
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(Cause::Start("its thread died".to_owned())),
    }
}

/// The body of a function that returns the template's text: literals and expressions added up, inside `with (params)`.
///
/// An expression ends at its line's end, so that a `//` comment in it swallows the closing parentheses, as in Digdag.
fn source(template: &Template<'_>) -> String {
    let mut source = "return function () {\nwith (this) {\nreturn ''".to_owned();
    for part in &template.parts {
        source.push_str("+\n");
        match part {
            Part::Literal(text) => source.push_str(&serde_json::to_string(text).unwrap_or_default()),
            Part::Expression(code) => {
                source.push_str("__inline((");
                source.push_str(code);
                source.push_str("))");
            }
        }
    }
    source.push_str(";\n}\n}");
    source
}

type Globals = (
    intrinsic::Date,
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::Proxy,
    intrinsic::MapSet,
    intrinsic::TypedArrays,
    intrinsic::Promise,
);

/// Answers before it takes down the state, which takes as long as a short evaluation.
fn run(job: &Job, expired: Arc<AtomicBool>, answer: &impl Fn(Result<String, Cause>)) -> rquickjs::Result<()> {
    let runtime = Runtime::new()?;
    runtime.set_memory_limit(job.limits.memory);
    runtime.set_max_stack_size(SCRIPT_STACK);
    // Most evaluations end before there is anything to collect.
    runtime.set_gc_threshold(job.limits.memory / 4);
    runtime.set_interrupt_handler(Some(Box::new(move || expired.load(Ordering::Relaxed))));
    let context = Context::custom::<Globals>(&runtime)?;
    answer(context.with(|ctx| call(&ctx, job).map_err(|error| cause(&ctx, &error, job))));
    Ok(())
}

fn call(ctx: &Ctx<'_>, job: &Job) -> rquickjs::Result<String> {
    let host = zone_clock::host(ctx, &job.zone, job.now)?;
    host.set("loadDate", Function::new(ctx.clone(), |ctx| prelude::load(&ctx, Script::Date))?)?;
    host.set("loadMoment", Function::new(ctx.clone(), |ctx| prelude::load(&ctx, Script::Moment))?)?;
    let run = prelude::load(ctx, Script::Run)?;
    run.call((host, job.source.as_str(), &*job.base, &*job.overlay, job.last_match.as_deref()))
}

fn cause(ctx: &Ctx<'_>, error: &Error, job: &Job) -> Cause {
    let memory = Cause::Memory(job.limits.memory >> 20);
    match error {
        Error::Exception => {}
        // What the engine says when it cannot even write out the result.
        Error::Allocation | Error::Unknown => return memory,
        other => return Cause::Start(other.to_string()),
    }
    let thrown = ctx.catch();
    // There was no memory left to make an error.
    if matches!(thrown.type_of(), Type::Null | Type::Uninitialized) {
        return memory;
    }
    match thrown.as_object().filter(|_| thrown.is_error()) {
        Some(error) => {
            let [name, message, stack] = ["name", "message", "stack"].map(|key| property(error, key));
            message::cause(&name, &message, &stack, &job.source, job.limits)
        }
        None => Cause::Thrown(text(&thrown)),
    }
}

fn property(error: &Object<'_>, key: &str) -> String {
    error.get::<_, Value<'_>>(key).map(|value| text(&value)).unwrap_or_default()
}

/// A value as text; empty when it has none, as an object whose `toString` throws.
fn text(value: &Value<'_>) -> String {
    value.get::<Coerced<String>>().map(|text| text.0).unwrap_or_default()
}
