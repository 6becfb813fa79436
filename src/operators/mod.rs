//! What tasks do: one file an operator, and the table of them all.
//!
//! An operator sees its `Context` only: never the store, the engine or the terminal.

mod builtins;
mod call;
mod cancellation;
mod container;
pub mod context;
#[cfg(test)]
mod control_testing;
mod echo;
mod embulk;
mod env;
mod fail;
mod for_each;
mod for_range;
mod if_;
mod loop_;
mod notify;
mod param_get;
mod param_server;
mod param_set;
mod process;
mod program;
mod py;
mod rb;
mod require;
mod script;
mod secret_template;
mod secrets;
mod sh;
mod subtasks;
mod temp_dir;
#[cfg(test)]
mod testing;
mod wait;

pub use builtins::builtin_params;
pub use cancellation::{CancelStage, Cancellation, Registration};
pub use context::{Context, Host, OperatorError, TaskIdentity};
pub use temp_dir::remove_unused_dirs;

use crate::model::TaskResult;

/// An operator: its name in workflows and what it does.
pub struct Operator {
    /// The name before the `>`.
    pub name: &'static str,
    pub run: fn(&Context<'_>) -> Result<TaskResult, OperatorError>,
    /// Whether `_retry` applies to the operator's own failure.
    pub retries: bool,
    /// Whether it may use the project's files.
    pub reads_files: bool,
}

/// All operators by name.
pub const OPERATORS: &[Operator] = &[
    Operator { name: "call", run: call::run, retries: true, reads_files: true },
    Operator { name: "echo", run: echo::run, retries: false, reads_files: false },
    Operator { name: "embulk", run: embulk::run, retries: true, reads_files: true },
    Operator { name: "fail", run: fail::run, retries: false, reads_files: false },
    Operator { name: "for_each", run: for_each::run, retries: false, reads_files: false },
    Operator { name: "for_range", run: for_range::run, retries: false, reads_files: false },
    Operator { name: "if", run: if_::run, retries: false, reads_files: false },
    Operator { name: "loop", run: loop_::run, retries: false, reads_files: false },
    Operator { name: "notify", run: notify::run, retries: false, reads_files: true },
    Operator { name: "param_get", run: param_get::run, retries: true, reads_files: false },
    Operator { name: "param_set", run: param_set::run, retries: true, reads_files: false },
    Operator { name: "py", run: py::run, retries: true, reads_files: true },
    Operator { name: "rb", run: rb::run, retries: true, reads_files: true },
    Operator { name: "require", run: require::run, retries: true, reads_files: false },
    Operator { name: "sh", run: sh::run, retries: true, reads_files: true },
    Operator { name: "wait", run: wait::run, retries: false, reads_files: false },
];

/// Finds an operator by its name in workflows.
pub fn find(name: &str) -> Option<&'static Operator> {
    OPERATORS.iter().find(|operator| operator.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_found_by_their_names() {
        for operator in OPERATORS {
            assert_eq!(OPERATORS.iter().filter(|other| other.name == operator.name).count(), 1);
        }
        let retries = |name| find(name).map(|operator| operator.retries);
        for name in ["echo", "fail", "for_each", "for_range", "if", "loop", "notify", "wait"] {
            assert_eq!(retries(name), Some(false), "{name}");
        }
        for name in ["param_get", "param_set", "require"] {
            assert_eq!(retries(name), Some(true), "{name}");
        }
        assert_eq!(retries("ech"), None);
    }
}
