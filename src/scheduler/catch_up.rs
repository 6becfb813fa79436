//! What is done about sessions that were missed: the settings.

use crate::model::{ConfigError, Settings};
use std::collections::HashMap;

/// Which of the missed sessions of a schedule are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CatchUp {
    /// The newest ones, up to the limit, one after another.
    #[default]
    All,
    /// The newest one.
    Last,
    None,
}

/// `schedule.catch_up` and what goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatchUpSettings {
    pub catch_up: CatchUp,
    /// How many sessions of a schedule are run at most. One at least.
    pub limit: u32,
    /// By project and workflow, joined by a dot.
    workflows: HashMap<String, CatchUp>,
}

/// A setting that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatchUpError {
    #[error("{key} must be all, last or none: {found}")]
    Unknown { key: String, found: String },
    #[error("{LIMIT} must be a number from 1 to {}: {found}", u32::MAX)]
    Limit { found: u64 },
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// How a schedule's missed sessions are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) catch_up: CatchUp,
    pub(super) limit: u32,
}

const CATCH_UP: &str = "schedule.catch_up";
const LIMIT: &str = "schedule.catch_up_limit";
const DEFAULT_LIMIT: u32 = 24;

impl Default for CatchUpSettings {
    fn default() -> Self {
        Self { catch_up: CatchUp::default(), limit: DEFAULT_LIMIT, workflows: HashMap::new() }
    }
}

impl CatchUpSettings {
    /// Reads `schedule.catch_up`, `schedule.catch_up_limit` and `schedule.catch_up.<project>.<workflow>`.
    ///
    /// # Errors
    ///
    /// A value that is none of those allowed; the message names the key.
    pub fn from_settings(settings: &Settings) -> Result<Self, CatchUpError> {
        let limit = settings.number(LIMIT)?.unwrap_or(DEFAULT_LIMIT.into());
        let limit = u32::try_from(limit)
            .ok()
            .filter(|&limit| limit > 0)
            .ok_or(CatchUpError::Limit { found: limit })?;
        let read = |key: &str, text: &str| {
            CatchUp::parse(text)
                .ok_or_else(|| CatchUpError::Unknown { key: key.to_owned(), found: text.to_owned() })
        };
        let catch_up = settings.get(CATCH_UP).map(|text| read(CATCH_UP, text)).transpose()?;
        let prefix = format!("{CATCH_UP}.");
        let of_workflow =
            |(name, text): (&str, &str)| Ok((name.to_owned(), read(&format!("{prefix}{name}"), text)?));
        let workflows = settings.below(&prefix).map(of_workflow).collect::<Result<_, CatchUpError>>()?;
        Ok(Self { catch_up: catch_up.unwrap_or_default(), limit, workflows })
    }

    pub(super) fn of(&self, project: &str, workflow: &str) -> Policy {
        let own = self.workflows.get(&format!("{project}.{workflow}"));
        Policy { catch_up: own.copied().unwrap_or(self.catch_up), limit: self.limit }
    }
}

impl CatchUp {
    /// Reads `all`, `last` or `none`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "all" => Some(Self::All),
            "last" => Some(Self::Last),
            "none" => Some(Self::None),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<CatchUpSettings, String> {
        let mut settings = Settings::default();
        for (key, value) in pairs {
            settings.set(*key, *value);
        }
        CatchUpSettings::from_settings(&settings).map_err(|error| error.to_string())
    }

    #[test]
    fn workflows_have_settings_of_their_own() {
        let settings = read(&[
            ("schedule.catch_up", "last"),
            ("schedule.catch_up_limit", "3"),
            ("schedule.catch_up.p.wf", "none"),
            ("schedule.catch_up.my.project.wf", " all "),
        ])
        .unwrap();
        for (project, workflow, catch_up) in [
            ("p", "wf", CatchUp::None),
            ("my.project", "wf", CatchUp::All),
            ("p", "other", CatchUp::Last),
            ("q", "wf", CatchUp::Last),
        ] {
            assert_eq!(settings.of(project, workflow), Policy { catch_up, limit: 3 }, "{project} {workflow}");
        }
        assert_eq!(read(&[]).unwrap(), CatchUpSettings::default());
        assert_eq!(read(&[]).unwrap().of("p", "wf"), Policy { catch_up: CatchUp::All, limit: 24 });
    }

    #[test]
    fn wrong_values_are_told_with_their_keys() {
        for (key, value, message) in [
            ("schedule.catch_up", "some", "schedule.catch_up must be all, last or none: some"),
            ("schedule.catch_up.p.wf", "", "schedule.catch_up.p.wf must be all, last or none: "),
            (
                "schedule.catch_up_limit",
                "0",
                "schedule.catch_up_limit must be a number from 1 to 4294967295: 0",
            ),
            (
                "schedule.catch_up_limit",
                "x",
                "Expected integer (long) type for key 'schedule.catch_up_limit' but got \"x\" (string)",
            ),
        ] {
            assert_eq!(read(&[(key, value)]), Err(message.to_owned()));
        }
    }
}
