//! Who waits for whom among the tasks of a group.

use crate::dig::compile::{Child, CompileError, TaskError};
use crate::dig::yaml::Part;
use crate::model::Params;
use crate::model::config::{ConfigError, as_bool, as_int, as_string, mismatch};
use serde_json::Value;
use std::collections::HashMap;

/// How the tasks of a group follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Sequential,
    Parallel,
    /// So many at a time: each chunk waits for all of the chunk before.
    Chunks(usize),
}

/// Reads `_parallel`. An error comes with the path to it from the group.
pub(super) fn read(group: &Params) -> Result<Order, (TaskError, &'static [&'static str])> {
    let parallel: &[&str] = &["_parallel"];
    match group.get("_parallel") {
        None => Ok(Order::Sequential),
        Some(value @ (Value::Bool(_) | Value::String(_))) => match as_bool("_parallel", value) {
            Ok(true) => Ok(Order::Parallel),
            Ok(false) => Ok(Order::Sequential),
            Err(error) => Err((error.into(), parallel)),
        },
        Some(Value::Object(options)) => limit(options).map_err(|error| {
            let written = options.contains_key("limit");
            (error.into(), if written { &["_parallel", "limit"] } else { parallel })
        }),
        Some(other) => Err((TaskError::ParallelFormat(other.to_string()), parallel)),
    }
}

fn limit(options: &Params) -> Result<Order, ConfigError> {
    let value = match options.get("limit") {
        None => return Err(ConfigError::Missing("limit".to_owned())),
        Some(Value::Null) => return Err(ConfigError::Null("limit".to_owned())),
        Some(value) => value,
    };
    let limit = as_int("limit", value).ok().and_then(|limit| i32::try_from(limit).ok());
    let limit = limit.ok_or_else(|| mismatch("limit", "integer (int) type", value))?;
    Ok(usize::try_from(limit).ok().filter(|&limit| limit > 0).map_or(Order::Parallel, Order::Chunks))
}

/// The indexes that every child waits for, and what is wrong with their `_background` and `_after`.
pub(super) fn upstreams(order: Order, children: &[Child]) -> (Vec<Vec<usize>>, Vec<CompileError>) {
    let mut ordering = Ordering { children, errors: Vec::new() };
    let upstreams = match order {
        Order::Sequential => ordering.sequential(),
        Order::Parallel => ordering.parallel(children.len().max(1)),
        Order::Chunks(size) => ordering.parallel(size),
    };
    (upstreams, ordering.errors)
}

struct Ordering<'a> {
    children: &'a [Child],
    errors: Vec<CompileError>,
}

impl Ordering<'_> {
    /// Each task waits for the one before. A background task waits for nothing, and the next one waits for it too.
    fn sequential(&mut self) -> Vec<Vec<usize>> {
        let mut upstreams = Vec::with_capacity(self.children.len());
        let mut barrier: Vec<usize> = Vec::new();
        for child in self.children {
            if child.after.is_some() {
                self.report(TaskError::AfterWithoutParallel, child, "_after", Part::Key);
            }
            if self.is_background(child) {
                barrier.extend(child.index);
                upstreams.push(Vec::new());
            } else {
                upstreams.push(std::mem::replace(&mut barrier, child.index.into_iter().collect()));
            }
        }
        upstreams
    }

    /// Tasks wait for those in `_after` and for the chunk before their own.
    fn parallel(&mut self, chunk: usize) -> Vec<Vec<usize>> {
        let mut upstreams = Vec::with_capacity(self.children.len());
        let mut earlier: HashMap<&str, Option<usize>> = HashMap::new();
        let mut previous: &[Child] = &[];
        for members in self.children.chunks(chunk) {
            for child in members {
                if self.is_background(child) {
                    self.report(TaskError::BackgroundInParallel, child, "_background", Part::Key);
                }
                let mut waits_for = self.after(child, &earlier);
                for index in previous.iter().filter_map(|child| child.index) {
                    if !waits_for.contains(&index) {
                        waits_for.push(index);
                    }
                }
                upstreams.push(waits_for);
                earlier.insert(&child.name, child.index);
            }
            previous = members;
        }
        upstreams
    }

    fn is_background(&mut self, child: &Child) -> bool {
        let Some(value) = child.background.as_ref().filter(|value| !value.is_null()) else { return false };
        as_bool("_background", value).unwrap_or_else(|error| {
            self.report(error, child, "_background", Part::Value);
            false
        })
    }

    /// The tasks that `_after` names, which must stand earlier.
    fn after(&mut self, child: &Child, earlier: &HashMap<&str, Option<usize>>) -> Vec<usize> {
        let names = match child.after.as_ref() {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(names)) => names,
            Some(other) => {
                self.report(mismatch("_after", "array type", other), child, "_after", Part::Value);
                return Vec::new();
            }
        };
        let mut indexes = Vec::new();
        for name in names {
            let name = if name.is_null() { Ok("null".to_owned()) } else { as_string("_after", name) };
            match name.map(|name| (earlier.get(name.as_str()).copied(), name)) {
                Ok((Some(index), _)) => indexes.extend(index.filter(|index| !indexes.contains(index))),
                Ok((None, name)) => self.report_unknown(child, name, earlier),
                Err(error) => self.report(error, child, "_after", Part::Value),
            }
        }
        indexes
    }

    fn report_unknown(&mut self, child: &Child, name: String, earlier: &HashMap<&str, Option<usize>>) {
        let with_plus = format!("+{name}");
        let hint = if name == child.name {
            Some("a task cannot wait for itself".to_owned())
        } else if self.children.iter().any(|other| other.name == name) {
            Some(format!("`{name}` stands later; `_after` can only name tasks above its own"))
        } else if earlier.contains_key(with_plus.as_str()) {
            Some(format!("did you mean `{with_plus}`?"))
        } else {
            None
        };
        self.report(TaskError::UnknownDependency(name), child, "_after", Part::Value);
        if let Some(error) = self.errors.last_mut() {
            error.hint = hint;
        }
    }

    fn report(&mut self, kind: impl Into<TaskError>, child: &Child, key: &str, part: Part) {
        let path = vec![child.name.clone(), key.to_owned()];
        self.errors.push(CompileError { kind: kind.into(), path, part, hint: None });
    }
}
