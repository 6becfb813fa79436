//! Which tasks need a slot: full names with `*`, and the project if one likes.

use std::fmt;

/// `+etl+load*`, `sales/+etl+load*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// None for all projects.
    project: Option<String>,
    task: String,
}

impl Pattern {
    /// Reads one pattern. The full name of a task begins with a `+` and the name of its workflow; what stands before it
    /// and a slash is the project's name. `*` stands for any characters, none included.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (project, task) = match text.split_once('/') {
            Some((project, task)) if !text.starts_with('+') => (Some(project.trim_end()), task.trim_start()),
            _ => (None, text),
        };
        let begins = task.starts_with(['+', '*']) && project != Some("");
        begins.then(|| Self { project: project.map(str::to_owned), task: task.to_owned() })
    }

    pub(super) fn matches(&self, project: &str, task: &str) -> bool {
        self.project.as_ref().is_none_or(|pattern| fits(pattern, project)) && fits(&self.task, task)
    }

    /// Whether tasks of a workflow may need the slot: those that it has, which `tasks` tells by their full names, or those
    /// that they make when they run, whose names are theirs with a `^` and more. The tasks are asked for only if they
    /// matter.
    ///
    /// # Errors
    ///
    /// Those of `tasks`.
    pub(super) fn concerns<E>(
        &self,
        project: &str,
        workflow: &str,
        tasks: impl FnOnce() -> Result<Vec<String>, E>,
    ) -> Result<bool, E> {
        if self.project.as_ref().is_some_and(|pattern| !fits(pattern, project)) {
            return Ok(false);
        }
        let root = format!("+{workflow}");
        if self.may_fit(&root) {
            return Ok(true);
        }
        let is_below = self.start().strip_prefix(&root).is_some_and(|rest| rest.starts_with('+'));
        Ok(is_below && tasks()?.iter().any(|task| self.may_fit(task)))
    }

    /// Whether it fits a task, or one that the task may make.
    fn may_fit(&self, task: &str) -> bool {
        let made = format!("{task}^");
        let may_go_on = self.task.contains('*') && made.starts_with(self.start());
        fits(&self.task, task) || may_go_on || self.task.starts_with(&made)
    }

    /// What all names begin with that it fits.
    fn start(&self) -> &str {
        self.task.split('*').next().unwrap_or_default()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(project) = &self.project {
            write!(f, "{project}/")?;
        }
        f.write_str(&self.task)
    }
}

/// Whether a text is what a pattern says.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(start) else { return false };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        // The first place is as good as any: what follows has the more room.
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_with_stars() {
        for (pattern, yes, no) in [
            ("+etl+load", &["+etl+load"][..], &["+etl+load2", "+etl+load^sub+a", "+etl"][..]),
            ("+etl+load*", &["+etl+load", "+etl+loader", "+etl+load^sub+a"], &["+etl+x", "+x+etl+load"]),
            ("+etl+*+load", &["+etl+a+load", "+etl+a+b+load"], &["+etl+load", "+etl+a+load2"]),
            ("*+load", &["+etl+load", "+a+b+load"], &["+load+a"]),
            ("*", &["+etl", "+etl+a"], &[]),
            ("+a*b*c*", &["+abc", "+axbxcx", "+abbcc"], &["+acb", "+ab"]),
            ("+ab*ba", &["+abba", "+abxba"], &["+aba"]),
            ("**", &["+a"], &[]),
        ] {
            let pattern = Pattern::parse(pattern).unwrap();
            for (names, expected) in [(yes, true), (no, false)] {
                for name in names {
                    assert_eq!(pattern.matches("p", name), expected, "{pattern:?} {name}");
                }
            }
        }
    }

    #[test]
    fn the_project_can_be_named() {
        let matches = |pattern: &str, project, task| Pattern::parse(pattern).unwrap().matches(project, task);
        assert!(matches("sales/+etl+load*", "sales", "+etl+load"));
        assert!(!matches("sales/+etl+load*", "stock", "+etl+load"));
        assert!(matches("s* / *+load", "stock", "+etl+load"));
        // Workflows of sub-directories have slashes in their names.
        assert!(matches("+sub/etl+load", "p", "+sub/etl+load"));
        assert!(matches("sales/+sub/etl+load", "sales", "+sub/etl+load"));
    }

    #[test]
    fn a_pattern_that_concerns_nothing_is_known() {
        let tasks = || Ok::<_, ()>(["+etl", "+etl+load", "+etl+all"].map(str::to_owned).to_vec());
        for (pattern, expected) in [
            ("+etl", true),
            ("+etl+load", true),
            ("p/+etl+lo*", true),
            ("+etl+*d", true),
            ("*+nosuch", true),
            ("+etl+all^sub+for-0*", true),
            ("+etl+all^sub+x", true),
            ("+etl^error", true),
            ("+etl+laod", false),
            ("+etl+laod*", false),
            ("+etl2", false),
            ("+et+load", false),
            ("q/+etl", false),
        ] {
            let pattern = Pattern::parse(pattern).unwrap();
            assert_eq!(pattern.concerns("p", "etl", tasks), Ok(expected), "{pattern}");
        }
        let unasked = || Err("was asked for");
        let pattern = Pattern::parse("s / +other+load").unwrap();
        assert_eq!(pattern.concerns("s", "etl", unasked), Ok(false));
        assert_eq!(pattern.to_string(), "s/+other+load");
    }

    #[test]
    fn what_cannot_be_a_full_name_is_refused() {
        for text in ["", "etl", "load*", "/+etl", "sales/", "sales/etl", "^sub"] {
            assert_eq!(Pattern::parse(text), None, "{text}");
        }
    }
}
