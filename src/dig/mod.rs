//! The language: text to model. Total, never touches the disk (includes come through a closure).

pub mod compile;
pub mod document;
pub mod error;
pub mod lint;
mod load;
pub mod schedule;
pub mod source;
pub mod yaml;

pub use compile::{CompileError, compile, compile_sub};
pub use error::{DigError, DigErrorKind, DigErrors, Severity};
pub use lint::lints;
pub use load::{CompiledWorkflow, LoadedWorkflow, load_called, load_params, load_workflow};
pub use source::Place;
pub use yaml::{Include, IncludeError, IncludePath, Part};
pub mod evaluate;
pub mod expression;
pub mod template;
