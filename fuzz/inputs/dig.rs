//! Hostile workflows. What is wrong with them is told.

use dibble::dig::{IncludeError, load_params, load_workflow};

/// Reads bytes as a workflow, and as a file of parameters.
pub fn check(bytes: &[u8]) {
    let include = |_: &_| Err(IncludeError::NotFound);
    match load_workflow("w", "w.dig", bytes.to_vec(), &include, &["echo>", "sh>"]) {
        Ok(workflow) => assert!(!workflow.plan.tasks.is_empty()),
        Err(errors) => assert!(!errors.to_string().is_empty()),
    }
    let _ = load_params("p.yml", bytes.to_vec(), &include);
}
