//! A workflow as it is stored: its name, its zone, and its tasks as parameters.

use super::{Params, Zone};

/// What a `.dig` file defines, its includes expanded.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkflowDefinition {
    /// The file's name without `.dig`; with its directory for a file below the project's top.
    pub name: String,
    /// Where the workflow's clock is; UTC unless the file says otherwise.
    pub timezone: Zone,
    /// `_export`, then `schedule`, `sla`, `_error`, `_check`, `_retry`, `_parallel`, then the tasks in the file's order.
    pub config: Params,
}
