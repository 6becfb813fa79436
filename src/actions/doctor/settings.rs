//! Whether what the configuration says of single workflows and tasks concerns any.

use super::Finding;

/// `idle` is what is to be said of settings that concern nothing.
pub fn check_settings(idle: Vec<String>) -> Vec<Finding> {
    if idle.is_empty() {
        return vec![Finding::ok("limits", "all that is set for single workflows and tasks concerns some")];
    }
    let fix = "correct the name, or leave it until what it concerns is registered";
    idle.into_iter().map(|message| Finding::warning("limits", message, fix)).collect()
}
