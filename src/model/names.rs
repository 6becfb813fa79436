//! Which names workflows, projects and tasks may have. Names become file names, so tasks are held to a short alphabet.

use std::fmt;

/// The longest name, in UTF-16 units.
const MAX_LENGTH: usize = 255;

/// A name that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {rule}: \"{name}\"")]
pub struct NameError {
    /// What is named: `name`, `task name`.
    pub field: &'static str,
    pub rule: NameRule,
    pub name: String,
}

/// The rules, in the words of their messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameRule {
    NotBlank,
    NoLeadingDigit,
    NoLeadingSymbol,
    NoSuffix,
    NotTooLong,
    LeadingPlus,
    LeadingMark,
    NoCaret,
    TaskCharacters(char),
}

impl fmt::Display for NameRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBlank => f.write_str("must not be blank"),
            Self::NoLeadingDigit => f.write_str("must not start with a numeric digit (0-9)"),
            Self::NoLeadingSymbol => {
                f.write_str("must not include special symbols (+ ^ @ / \\ / : * ? \" < > |)")
            }
            Self::NoSuffix => f.write_str("must not end with .dig"),
            Self::NotTooLong => write!(f, "must not be longer than {MAX_LENGTH} characters"),
            Self::LeadingPlus => f.write_str("must start with '+'"),
            Self::LeadingMark => f.write_str("must start with '+' or '^'"),
            Self::NoCaret => f.write_str("must not contain ^ character"),
            Self::TaskCharacters(found) => write!(f, "must not contain character '{found}'"),
        }
    }
}

/// Checks the name of a project: as of a workflow, and a slash nowhere.
///
/// # Errors
///
/// Every rule that is broken.
pub fn check_project_name(name: &str) -> Result<(), Vec<NameError>> {
    let mut broken = Broken::new("name", name);
    broken.workflow_rules();
    // Digdag says so of the first character only, and then fails to make a directory of that name.
    broken.unless(!name.chars().skip(1).any(|c| c == '/' || c == '\0'), NameRule::NoLeadingSymbol);
    broken.result()
}

/// Checks the name of a workflow: its file name without `.dig`.
///
/// Only the first character is looked at closely; the root task, which is named after the workflow, is stricter.
///
/// # Errors
///
/// Every rule that is broken.
pub fn check_workflow_name(name: &str) -> Result<(), Vec<NameError>> {
    let mut broken = Broken::new("name", name);
    broken.workflow_rules();
    broken.result()
}

/// Checks the name of a task at the top of a file, `+` included.
///
/// # Errors
///
/// Every rule that is broken.
pub fn check_task_name(name: &str) -> Result<(), Vec<NameError>> {
    let mut broken = Broken::new("task name", name);
    broken.unless(name.starts_with('+'), NameRule::LeadingPlus);
    broken.unless(!name.contains('^'), NameRule::NoCaret);
    broken.task_rules();
    broken.result()
}

/// Checks the name of any task, its `+` or `^` included: `+a`, `^sub`.
///
/// # Errors
///
/// Every rule that is broken.
pub fn check_raw_task_name(name: &str) -> Result<(), Vec<NameError>> {
    let mut broken = Broken::new("name", name);
    broken.task_rules();
    broken.result()
}

/// Checks a name that may hold anything: of a revision, of a retry.
///
/// # Errors
///
/// Every rule that is broken.
pub fn check_identifier(field: &'static str, name: &str) -> Result<(), Vec<NameError>> {
    let mut broken = Broken::new(field, name);
    broken.unless(!name.is_empty(), NameRule::NotBlank);
    broken.unless(fits(name), NameRule::NotTooLong);
    broken.result()
}

/// A name like this one that a workflow may have; none if there is nothing left of it.
pub fn similar_workflow_name(name: &str) -> Option<String> {
    let is_kept = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    let parts: Vec<&str> = name.split(|c| !is_kept(c)).filter(|part| !part.is_empty()).collect();
    let name = parts.join("_");
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphabetic()).trim_end_matches(".dig");
    let is_good = check_workflow_name(name).is_ok() && check_raw_task_name(&format!("+{name}")).is_ok();
    is_good.then(|| name.to_owned())
}

struct Broken<'a> {
    field: &'static str,
    name: &'a str,
    errors: Vec<NameError>,
}

impl<'a> Broken<'a> {
    fn new(field: &'static str, name: &'a str) -> Self {
        Self { field, name, errors: Vec::new() }
    }

    fn unless(&mut self, kept: bool, rule: NameRule) {
        if !kept {
            self.errors.push(NameError { field: self.field, rule, name: self.name.to_owned() });
        }
    }

    fn workflow_rules(&mut self) {
        let name = self.name;
        self.unless(!name.is_empty(), NameRule::NotBlank);
        self.unless(!name.starts_with(|c: char| c.is_ascii_digit()), NameRule::NoLeadingDigit);
        self.unless(!name.starts_with(is_special_symbol), NameRule::NoLeadingSymbol);
        self.unless(!name.ends_with(".dig"), NameRule::NoSuffix);
        self.unless(fits(name), NameRule::NotTooLong);
    }

    fn task_rules(&mut self) {
        let name = self.name;
        self.unless(!name.is_empty(), NameRule::NotBlank);
        self.unless(name.starts_with(['+', '^']), NameRule::LeadingMark);
        if let Some(found) = name.chars().skip(1).find(|&c| !is_task_character(c)) {
            self.unless(false, NameRule::TaskCharacters(found));
        }
        self.unless(fits(name), NameRule::NotTooLong);
    }

    fn result(self) -> Result<(), Vec<NameError>> {
        if self.errors.is_empty() { Ok(()) } else { Err(self.errors) }
    }
}

fn is_special_symbol(c: char) -> bool {
    matches!(c, '+' | '^' | '@' | '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
}

fn is_task_character(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '_' | '-' | '=' | '[' | ']' | '{' | '}' | '%' | '&' | '@' | '`' | ',' | '.' | '^')
}

fn fits(name: &str) -> bool {
    name.len() <= MAX_LENGTH || name.encode_utf16().count() <= MAX_LENGTH
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(result: Result<(), Vec<NameError>>) -> Vec<String> {
        result.map_or_else(|errors| errors.iter().map(NameError::to_string).collect(), |()| Vec::new())
    }

    #[test]
    fn workflow_names() {
        for name in ["a", "a b", "a+b", "a^b", "A%B", "日本", "a.b", "_", &"a".repeat(255), &"日".repeat(255)]
        {
            assert_eq!(check_workflow_name(name), Ok(()), "{name}");
        }
        for (name, message) in [
            ("", r#"name must not be blank: """#),
            ("1", r#"name must not start with a numeric digit (0-9): "1""#),
            ("+a", r#"name must not include special symbols (+ ^ @ / \ / : * ? " < > |): "+a""#),
            ("|a", r#"name must not include special symbols (+ ^ @ / \ / : * ? " < > |): "|a""#),
            ("a.dig", r#"name must not end with .dig: "a.dig""#),
        ] {
            assert_eq!(messages(check_workflow_name(name)), [message]);
        }
        assert_eq!(messages(check_workflow_name("1.dig")).len(), 2);
        assert!(check_workflow_name(&"a".repeat(256)).is_err());
    }

    #[test]
    fn names_become_those_of_workflows() {
        for (name, similar) in [
            ("my flow copy", Some("my_flow_copy")),
            ("flow (copy)", Some("flow_copy")),
            ("1wf", Some("wf")),
            ("+größe.dig", Some("gr_e")),
            ("a-b.c", Some("a-b.c")),
            ("日本", None),
            (&"a".repeat(256), None),
        ] {
            assert_eq!(similar_workflow_name(name).as_deref(), similar, "{name}");
        }
    }

    #[test]
    fn project_names() {
        for name in ["a b", "a:b", "日本"] {
            assert_eq!(check_project_name(name), Ok(()), "{name}");
        }
        for name in ["a/b", "/a", "a\0", "2bad", "", "p.dig"] {
            assert_eq!(check_project_name(name).err().map(|errors| errors.len()), Some(1), "{name}");
        }
    }

    #[test]
    fn task_names() {
        for name in ["+a", "+1a", "+", "+a.b-c_d=e&f[0]", "+a@b", "+a,b", "+%{}`"] {
            assert_eq!(check_task_name(name), Ok(()), "{name}");
            assert_eq!(check_raw_task_name(name), Ok(()), "{name}");
        }
        for (name, message) in [
            ("+a b", r#"task name must not contain character ' ': "+a b""#),
            ("+a+b", r#"task name must not contain character '+': "+a+b""#),
            ("+日本", r#"task name must not contain character '日': "+日本""#),
            ("+a^b", r#"task name must not contain ^ character: "+a^b""#),
            ("+a\"b", r#"task name must not contain character '"': "+a"b""#),
            ("+a'b", r#"task name must not contain character ''': "+a'b""#),
        ] {
            assert_eq!(messages(check_task_name(name)), [message]);
        }
        let long = format!("+{}", "n".repeat(255));
        let message = format!("task name must not be longer than 255 characters: \"{long}\"");
        assert_eq!(messages(check_task_name(&long)), [message]);
        assert_eq!(check_raw_task_name("^sub"), Ok(()));
        assert_eq!(check_raw_task_name("+a^b"), Ok(()));
        assert_eq!(messages(check_raw_task_name("a")), [r#"name must start with '+' or '^': "a""#]);
    }

    #[test]
    fn identifiers() {
        assert_eq!(check_identifier("revision name", "any / thing"), Ok(()));
        assert_eq!(
            messages(check_identifier("revision name", "")),
            [r#"revision name must not be blank: """#]
        );
    }
}
