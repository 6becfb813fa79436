//! The log of requests.

use super::super::values::Values;
use std::path::PathBuf;

/// A log of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli::server) struct AccessLogConfig {
    pub(in crate::cli::server) dir: PathBuf,
    pub(in crate::cli::server) pattern: String,
}

pub(super) fn read(values: &Values<'_>) -> Option<AccessLogConfig> {
    let dir = PathBuf::from(values.text("server.access-log.path")?);
    let pattern = values.text("server.access-log.pattern").unwrap_or("json").to_owned();
    Some(AccessLogConfig { dir, pattern })
}
