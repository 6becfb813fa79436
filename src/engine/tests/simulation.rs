//! Random workflows, random ends of their tasks, in any order, with and without a crash.
//!
//! How a run ends depends on nothing but the task, its generation and how often it was put off, so the same workflow
//! must come to the same end in whatever order things happen, and if the process is lost on the way.

use crate::dig::compile;
use crate::engine::RetryPolicy;
use crate::engine::testing::{End, World, fails, polls, scramble, success};
use crate::model::{Attempt, Params, Plan, Task, TaskKind, TaskResult, merge};
use crate::store::testing::object;
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A task polls only until it was put off so often.
const MAX_POLLS: u32 = 3;

fn task() -> impl Strategy<Value = Params> + Clone {
    let leaf = (weighted(0.3, 0..3), any::<bool>()).prop_map(|(retry, background)| {
        let mut task = object(json!({"sh>": "x"}));
        put(&mut task, "_retry", retry.map(Value::from));
        put(&mut task, "_background", background.then_some(Value::Bool(true)));
        task
    });
    leaf.prop_recursive(4, 32, 4, |inner| prop_oneof![group(inner.clone()), operator(inner)])
}

/// An operator with things to generate, to check and to do when it fails.
fn operator(inner: impl Strategy<Value = Params> + Clone) -> impl Strategy<Value = Params> {
    let option = |odds| weighted(odds, inner.clone());
    (option(0.7), option(0.3), option(0.4), weighted(0.4, 0..3)).prop_map(
        |(generated, check, error, retry)| {
            let mut task = object(json!({"sh>": "x"}));
            for (key, inner) in [("_do", generated), ("_check", check), ("_error", error)] {
                put(&mut task, key, inner.map(Value::Object));
            }
            put(&mut task, "_retry", retry.map(Value::from));
            task
        },
    )
}

fn group(inner: impl Strategy<Value = Params> + Clone) -> impl Strategy<Value = Params> {
    let order = prop_oneof![
        2 => Just(Value::Bool(false)),
        2 => Just(Value::Bool(true)),
        1 => (1..3).prop_map(|limit| json!({ "limit": limit })),
    ];
    let retry = prop_oneof![
        (0..3).prop_map(Value::from),
        (1..3, 0..20).prop_map(
            |(limit, interval)| json!({"limit": limit, "interval": interval, "interval_type": "exponential"})
        ),
    ];
    let children = vec(inner.clone(), 0..5);
    (order, children, weighted(0.3, inner), weighted(0.4, retry)).prop_map(
        |(order, children, error, retry)| {
            let mut group = Params::new();
            let sequential = order == json!(false);
            for (place, mut child) in children.into_iter().enumerate() {
                if !sequential {
                    child.shift_remove("_background");
                }
                group.insert(format!("+{place}"), Value::Object(child));
            }
            put(&mut group, "_parallel", Some(order));
            put(&mut group, "_error", error.map(Value::Object));
            put(&mut group, "_retry", retry);
            group
        },
    )
}

fn workflow() -> impl Strategy<Value = Plan> {
    group(task()).prop_map(|config| compile("+wf", &config).unwrap_or_else(|errors| panic!("{errors:?}")))
}

fn put(params: &mut Params, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        params.insert(key.to_owned(), value);
    }
}

/// How a run ends: by chance, but always the same for the same run.
fn end_of(seed: u64, attempt: &Attempt, task: &Task) -> End {
    let earlier = |other: &&Task| other.id < task.id && other.full_name == task.full_name;
    let generation = attempt.tasks().iter().filter(earlier).count();
    let mut hasher = DefaultHasher::new();
    (seed, &task.full_name, generation, task.retry_count).hash(&mut hasher);
    match scramble(&mut hasher.finish()) % 10 {
        0..3 => fails("no"),
        3 if task.retry_count < MAX_POLLS => polls(hasher.finish() % 30),
        _ => {
            let generated = task.config.local.get("_do").and_then(Value::as_object);
            success(TaskResult {
                subtask_config: generated.cloned().unwrap_or_default(),
                store_params: object(json!({"by": task.full_name, &task.full_name: generation})),
                ..TaskResult::default()
            })
        }
    }
}

fn world(plan: &Plan, seed: u64) -> World {
    World::of_plan(plan.clone())
        .with_limit(100_000)
        .otherwise(move |attempt, task| end_of(seed, attempt, task))
}

/// No task was run, and no group copied, more often than its `_retry` allows.
fn check_runs(world: &World) {
    for task in world.attempt.tasks() {
        let mut options = task.config.export.clone();
        merge(&mut options, &task.config.local);
        let policy = RetryPolicy::read(&options).unwrap();
        let retries = std::iter::successors(Some(Params::new()), |state| Some(policy.next(state)?.1)).count();
        let generations = match task.kind {
            TaskKind::Group => retries,
            TaskKind::Operator => {
                let allowed = retries + MAX_POLLS as usize;
                assert!(world.runs.get(&task.id).is_none_or(|runs| *runs <= allowed), "{}", world.trace());
                retries
            }
        };
        let mut copies: HashMap<&str, usize> = HashMap::new();
        for child in world.attempt.children(task.id).iter().filter_map(|id| world.attempt.task(*id)) {
            *copies.entry(&child.full_name).or_default() += 1;
        }
        assert!(copies.values().all(|count| *count <= generations), "{}", world.trace());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_events_does_not_matter(plan in workflow(), ends: u64, order: u64) {
        let one = world(&plan, ends).run();
        check_runs(&one);
        let other = world(&plan, ends).shuffled(order).run();
        prop_assert_eq!(one.tree(), other.tree());
        prop_assert_eq!(one.all_seen(), other.all_seen());
    }

    #[test]
    fn cancelling_ends_every_task(plan in workflow(), ends: u64, steps in 0..20) {
        let mut world = world(&plan, ends).shuffled(ends).start();
        for _ in 0..steps {
            world.step();
        }
        if world.attempt.outcome.is_none() {
            let running = world.running.len();
            let mut world = world.cancel();
            for _ in 0..running {
                world.step();
            }
            prop_assert_eq!(world.attempt.outcome.map(|outcome| outcome.success), Some(false));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_crash_after_any_step_changes_nothing(plan in workflow(), ends: u64, steps in vec(0..12, 1..4)) {
        let without = world(&plan, ends).run();
        let mut with = world(&plan, ends).with_store().shuffled(ends).start();
        for count in steps {
            for _ in 0..count {
                with.step();
            }
            with = with.crash();
        }
        let with = with.run();
        prop_assert_eq!(without.tree(), with.tree());
    }
}
