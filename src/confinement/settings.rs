//! `limits.memory`, `limits.cpu` and `limits.processes` of the configuration, for all workflows and for single ones.

use crate::model::settings::WrongSetting;
use crate::model::{Settings, parse_size};
use std::collections::HashMap;

/// What each attempt may use, by workflow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitSettings {
    memory: Limit<u64>,
    cpu: Limit<u64>,
    processes: Limit<u64>,
}

/// What one attempt may use. None: as much as there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AttemptLimits {
    /// In bytes.
    pub memory: Option<u64>,
    /// In thousandths of a core.
    pub cpu: Option<u64>,
    pub processes: Option<u64>,
}

/// A limit of all workflows, and those that have others. None says that there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Limit<T> {
    general: Option<T>,
    /// By project and workflow, joined by a dot.
    workflows: HashMap<String, Option<T>>,
}

const LEAST_MEMORY: u64 = 1 << 20;
const MEMORY: &str = "a size such as 500M or 2G, 1M at least, or none";
const CPU: &str = "a number of cores from 0.01 to 10000 such as 1.5, or none";
const PROCESSES: &str = "a whole number from 1 to 4000000, or none";

impl LimitSettings {
    /// Reads `limits.memory`, `limits.cpu`, `limits.processes`, and each of them with `.<project>.<workflow>`.
    ///
    /// # Errors
    ///
    /// Everything that makes no sense.
    pub fn from_settings(settings: &Settings) -> Result<Self, Vec<WrongSetting>> {
        let mut wrong = vec![];
        let memory = |text: &str| parse_size(text).filter(|bytes| *bytes >= LEAST_MEMORY);
        let processes = |text: &str| text.parse().ok().filter(|count| (1..=4_000_000).contains(count));
        let limits = Self {
            memory: Limit::read(settings, "limits.memory", MEMORY, memory, &mut wrong),
            cpu: Limit::read(settings, "limits.cpu", CPU, parse_cores, &mut wrong),
            processes: Limit::read(settings, "limits.processes", PROCESSES, processes, &mut wrong),
        };
        if wrong.is_empty() { Ok(limits) } else { Err(wrong) }
    }

    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn of(&self, project: &str, workflow: &str) -> AttemptLimits {
        let name = format!("{project}.{workflow}");
        AttemptLimits {
            memory: self.memory.of(&name),
            cpu: self.cpu.of(&name),
            processes: self.processes.of(&name),
        }
    }

    pub(super) fn limits_memory(&self) -> bool {
        self.memory.is_set()
    }

    pub(super) fn limits_cpu(&self) -> bool {
        self.cpu.is_set()
    }

    pub(super) fn limits_processes(&self) -> bool {
        self.processes.is_set()
    }
}

impl<T: Copy> Limit<T> {
    fn read(
        settings: &Settings,
        key: &str,
        expected: &'static str,
        parse: impl Fn(&str) -> Option<T>,
        wrong: &mut Vec<WrongSetting>,
    ) -> Self {
        let mut value = |key: &str, text: &str| {
            let text = text.trim();
            let parsed = if text == "none" { Some(None) } else { parse(text).map(Some) };
            parsed.unwrap_or_else(|| {
                wrong.push(WrongSetting { key: key.to_owned(), value: text.to_owned(), expected });
                None
            })
        };
        let general = settings.get(key).and_then(|text| value(key, text));
        let prefix = format!("{key}.");
        let of_workflow =
            |(name, text): (&str, &str)| (name.to_owned(), value(&format!("{prefix}{name}"), text));
        Self { general, workflows: settings.below(&prefix).map(of_workflow).collect() }
    }

    fn of(&self, name: &str) -> Option<T> {
        self.workflows.get(name).copied().unwrap_or(self.general)
    }

    fn is_set(&self) -> bool {
        self.general.is_some() || self.workflows.values().any(Option::is_some)
    }
}

impl<T> Default for Limit<T> {
    fn default() -> Self {
        Self { general: None, workflows: HashMap::new() }
    }
}

/// `1.5` cores in thousandths.
fn parse_cores(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || whole.len() > 5 || fraction.len() > 3 {
        return None;
    }
    let thousandths = whole.parse::<u64>().ok()? * 1000 + format!("{fraction:0<3}").parse::<u64>().ok()?;
    (10..=10_000_000).contains(&thousandths).then_some(thousandths)
}

impl AttemptLimits {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// As `docker run --cpus` takes it.
    pub fn cores(&self) -> Option<String> {
        self.cpu.map(|thousandths| format!("{}.{:03}", thousandths / 1000, thousandths % 1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<LimitSettings, Vec<String>> {
        let mut settings = Settings::default();
        pairs.iter().for_each(|(key, value)| settings.set(*key, *value));
        LimitSettings::from_settings(&settings)
            .map_err(|wrong| wrong.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn workflows_have_limits_of_their_own() {
        let limits = read(&[
            ("limits.memory", "2G"),
            ("limits.memory.p.wf", "none"),
            ("limits.cpu.my.project.wf", " 1.5 "),
            ("limits.processes", "200"),
            ("limits.processes.p.wf", "50"),
            ("limits.free_disk", "x"),
        ])
        .unwrap();
        let of = |project, workflow| {
            let AttemptLimits { memory, cpu, processes } = limits.of(project, workflow);
            (memory, cpu, processes)
        };
        assert_eq!(of("p", "wf"), (None, None, Some(50)));
        assert_eq!(of("my.project", "wf"), (Some(2 << 30), Some(1500), Some(200)));
        assert_eq!(of("p", "other"), (Some(2 << 30), None, Some(200)));
        assert!(limits.limits_memory() && limits.limits_cpu() && limits.limits_processes());
        assert!(read(&[]).unwrap().is_empty() && !limits.is_empty());
        assert!(!read(&[("limits.cpu", "none")]).unwrap().limits_cpu());
    }

    #[test]
    fn cores_have_fractions() {
        for (text, thousandths) in
            [("1", 1000), ("1.5", 1500), ("0.01", 10), ("0.125", 125), ("10000", 10_000_000)]
        {
            assert_eq!(parse_cores(text), Some(thousandths), "{text}");
        }
        for text in ["", "0", "0.009", ".5", "1.", "1,5", "-1", "10001", "1.2345", "150%"] {
            assert_eq!(parse_cores(text), None, "{text}");
        }
        let cores = |cpu| AttemptLimits { cpu: Some(cpu), ..AttemptLimits::default() }.cores().unwrap();
        assert_eq!((cores(1500), cores(10)), ("1.500".to_owned(), "0.010".to_owned()));
    }

    #[test]
    fn all_that_makes_no_sense_is_told() {
        let wrong = read(&[("limits.memory", "1K"), ("limits.cpu.p.wf", "half"), ("limits.processes", "0")]);
        assert_eq!(
            wrong.unwrap_err(),
            [
                format!("limits.memory = 1K: expected {MEMORY}"),
                format!("limits.cpu.p.wf = half: expected {CPU}"),
                format!("limits.processes = 0: expected {PROCESSES}"),
            ]
        );
    }
}
