//! What became of a crontab: for people, with the times side by side, and for programs.

use super::SETTINGS_FILE;
use super::sources::Failed;
use crate::cli::Context;
use crate::cli::colour::flag_error;
use crate::crontab::{Cause, Conversion, Row};
use crate::model::time::iso;
use crate::model::{Time, Zone};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The whole result.
#[derive(Default)]
pub(super) struct Report {
    pub(super) dir: PathBuf,
    pub(super) converted: Vec<Converted>,
    pub(super) errors: Vec<Failed>,
    /// Entries that are commented out: crontab, line and text.
    pub(super) disabled: Vec<(String, usize, String)>,
    /// Lines of the server's configuration.
    pub(super) settings: Vec<String>,
    /// The file of the settings has another content, and has been left alone.
    pub(super) settings_kept: bool,
    /// What concerns all entries.
    pub(super) notes: Vec<String>,
}

/// An entry that is a workflow now.
pub(super) struct Converted {
    pub(super) label: String,
    pub(super) line: usize,
    pub(super) text: String,
    pub(super) user: Option<String>,
    pub(super) conversion: Conversion,
    /// The next times.
    pub(super) times: Vec<Row>,
    /// What differs in the next year and is not among the times.
    pub(super) differences: Vec<Row>,
}

impl Converted {
    pub(super) fn file_name(&self) -> String {
        format!("{}.dig", self.conversion.name)
    }
}

impl Report {
    /// What is wrong with a variable is wrong with every entry below it, and is said once.
    pub(super) fn add_error(&mut self, failed: Failed) {
        let mut known = self.errors.iter_mut();
        match known.find(|known| known.label == failed.label && known.error == failed.error) {
            Some(known) => known.entries += failed.entries,
            None => self.errors.push(failed),
        }
    }

    pub(super) fn print(&self, context: &Context) {
        let line = |text: &str| context.output.line(text);
        for one in &self.converted {
            self.print_entry(one, context);
        }
        for failed in &self.errors {
            let of = match (&failed.error.cause, failed.entries) {
                (Cause::Zone(_), 1) => " (1 entry below it is left out)".to_owned(),
                (Cause::Zone(_), count) => format!(" ({count} entries below it are left out)"),
                _ => String::new(),
            };
            let error = format!("error: {}:{}{of}", failed.label, failed.error);
            context.output.note(&flag_error(&error, context.output.err_has_colours()));
            let column = failed.error.column.saturating_sub(1);
            let before: String =
                failed.text.chars().take(column).map(|c| if c == '\t' { c } else { ' ' }).collect();
            context.output.note(&format!("    {}\n    {before}^", failed.text));
        }
        for (label, number, text) in &self.disabled {
            line(&format!("{label}:{number}: commented out, left out: {text}"));
        }
        let dir = self.dir.display();
        let total = self.converted.len() + self.errors.iter().map(|failed| failed.entries).sum::<usize>();
        line(&format!("{} of {total} entries are workflows in {dir} now.", self.converted.len()));
        if self.converted.is_empty() {
            return;
        }
        if self.settings_kept {
            line(&format!("{dir}/{SETTINGS_FILE} was there already and has not been changed. It would be:"));
        } else {
            line(&format!("{dir}/{SETTINGS_FILE}, for the server:"));
        }
        self.settings.iter().for_each(|setting| line(&format!("  {setting}")));
        self.notes.iter().for_each(|note| line(&format!("note: {note}")));
        line(
            "note: cron takes no notice of exit codes; here a command that ends with another one than 0 has failed",
        );
        let is_system = self.converted.iter().any(|one| one.user.is_some());
        let service = if is_system {
            "sudo dibble service install --run-as USER"
        } else {
            "dibble service install --user"
        };
        line(&format!("Next: dibble check --project {dir}"));
        line(&format!("      {service} --project {dir} -c {dir}/{SETTINGS_FILE}"));
        line("and take out of the crontab what Dibble runs now, so that it does not run twice.");
    }

    fn print_entry(&self, one: &Converted, context: &Context) {
        let line = |text: &str| context.output.line(text);
        let zone = &one.conversion.zone;
        line(&format!("{}:{}: {}", one.label, one.line, one.text));
        let file = self.dir.join(one.file_name());
        match &one.conversion.pattern {
            Some(pattern) => line(&format!("  {}: cron>: \"{pattern}\" in {zone}", file.display())),
            None => line(&format!("  {}: without a schedule", file.display())),
        }
        for note in &one.conversion.notes {
            line(&format!("  note: {}:{}: {note}", one.label, one.line));
        }
        if !one.times.is_empty() {
            line(&format!("    {:<24}{}", "cron", "Dibble"));
            one.times.iter().for_each(|row| line(&shown(row, zone)));
        }
        if !one.differences.is_empty() {
            line("  and where clocks are changed, within a year:");
            one.differences.iter().for_each(|row| line(&shown(row, zone)));
        }
        line("");
    }

    pub(super) fn as_json(&self) -> Value {
        let entries: Vec<Value> = self.converted.iter().map(|one| self.entry_json(one)).collect();
        let error = |failed: &Failed| {
            json!({
                "file": failed.label,
                "line": failed.error.line,
                "column": failed.error.column,
                "message": failed.error.cause.to_string(),
                "text": failed.text,
                "entries": failed.entries,
            })
        };
        let disabled =
            |(file, line, text): &(String, usize, String)| json!({"file": file, "line": line, "text": text});
        json!({
            "entries": entries,
            "errors": self.errors.iter().map(error).collect::<Vec<_>>(),
            "disabled": self.disabled.iter().map(disabled).collect::<Vec<_>>(),
            "configuration": {
                "path": self.dir.join(SETTINGS_FILE),
                "lines": self.settings,
                "written": !self.converted.is_empty() && !self.settings_kept,
            },
            "notes": self.notes,
        })
    }

    fn entry_json(&self, one: &Converted) -> Value {
        let zone = &one.conversion.zone;
        let rows = |rows: &[Row]| {
            let time = |time: Option<Time>| time.map(|time| iso(zone.local(time)));
            let row = |row: &Row| json!({"cron": time(row.cron), "dibble": time(row.dibble), "difference": row.reason()});
            rows.iter().map(row).collect::<Vec<_>>()
        };
        json!({
            "file": one.label,
            "line": one.line,
            "text": one.text,
            "user": one.user,
            "workflow": one.conversion.name,
            "path": self.dir.join(one.file_name()),
            "cron": one.conversion.pattern,
            "timezone": zone.id(),
            "notes": one.conversion.notes,
            "times": rows(&one.times),
            "clockChanges": rows(&one.differences),
        })
    }
}

/// Both times of a row, and why they differ.
fn shown(row: &Row, zone: &Zone) -> String {
    let time = |time: Option<Time>| {
        time.map_or("-".to_owned(), |time| zone.local(time).format("%Y-%m-%d %H:%M %z").to_string())
    };
    let reason = row.reason().map(|reason| format!("  differs: {reason}")).unwrap_or_default();
    format!("    {:<24}{:<22}{reason}", time(row.cron), time(row.dibble)).trim_end().to_owned()
}
