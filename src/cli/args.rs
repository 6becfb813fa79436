//! Arguments that several commands share, and how a command describes itself.

use super::client_args::ClientArgs;
use crate::client::models::Id;
use clap::Args;
use std::fmt::Display;
use std::path::PathBuf;

/// What a command is called, what it takes and what its usage says. What it does is in the table of commands.
pub struct Definition {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// Lines of the main usage: the command with its arguments, and what it is for.
    pub synopsis: &'static [(&'static str, &'static str)],
    /// Lines of its own usage, after the name of the program.
    pub usage: &'static [&'static str],
    /// One imperative sentence.
    pub about: &'static str,
    /// Command lines, after the name of the program, and what they do.
    pub examples: &'static [(&'static str, &'static str)],
    pub args: fn(clap::Command) -> clap::Command,
}

impl Definition {
    /// The command for the parser, without its common options.
    pub(crate) fn command(&self) -> clap::Command {
        (self.args)(clap::Command::new(self.name)).about(self.about).visible_aliases(self.aliases.to_vec())
    }
}

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Common options")]
pub struct CommonArgs {
    /// Write the log to this file, rolled over at 10 MB to PATH.1.gz … PATH.5.gz; - is standard output [default: -]
    #[arg(short = 'L', long = "log", value_name = "PATH")]
    pub log: Option<PathBuf>,

    /// Log from this level on: error, warn, info, debug or trace [default: info]
    #[arg(short = 'l', long = "log-level", value_name = "LEVEL")]
    pub log_level: Option<String>,

    /// Set a key of the configuration; it wins over the default file, not over -c
    #[arg(short = 'X', value_name = "KEY=VALUE", value_parser = setting, allow_hyphen_values = true)]
    pub setting: Vec<(String, String)>,

    /// Taken for compatibility with Digdag; has no effect
    #[arg(long, value_name = "PATH")]
    pub logback_config: Option<PathBuf>,

    /// Read the configuration from this file [default: ~/.config/digdag/config]
    #[arg(short = 'c', long = "config", value_name = "PATH.properties")]
    pub config: Option<PathBuf>,

    /// Print the version only
    #[arg(long)]
    pub version: bool,

    /// Show this text
    #[arg(short = 'h', long, action = clap::ArgAction::HelpShort)]
    pub help: Option<bool>,
}

/// Which project a command works in.
#[derive(Debug, Clone, Default, Args)]
pub struct ProjectArgs {
    /// Use this directory as the project directory [default: the current directory]
    #[arg(long = "project", value_name = "DIR")]
    pub project: Option<PathBuf>,
}

/// The options that mean nothing when no server is asked.
const CLIENT_OPTIONS: [&str; 5] =
    ["endpoint", "header", "basic_auth", "disable_version_check", "disable_cert_validation"];

/// Where a command looks up what ran.
#[derive(Debug, Clone, Default, Args)]
pub struct HistoryArgs {
    /// Look at the runs of `dibble run` in this project instead of asking a server
    #[arg(long, conflicts_with_all = CLIENT_OPTIONS)]
    pub local: bool,

    /// With --local: use this directory as the project directory [default: the current directory]
    #[arg(long = "project", value_name = "DIR", requires = "local")]
    pub project: Option<PathBuf>,

    /// With --local: the file of the history, or a directory that holds dibble.db [default: .dibble.db in the project]
    #[arg(short = 'o', long = "save", value_name = "PATH", requires = "local")]
    pub save: Option<PathBuf>,

    #[command(flatten)]
    pub client: ClientArgs,
}

/// Which part of a long list is shown that begins with the newest.
#[derive(Debug, Clone, Default, Args)]
pub struct PageArgs {
    /// Show what is older than this id
    #[arg(short = 'i', long = "last-id", value_name = "ID", value_parser = long("-i"))]
    #[arg(allow_negative_numbers = true)]
    pub last_id: Option<i64>,

    /// Show at most so many entries; -1 is all of them [default: 100]
    #[arg(short = 's', long = "page-size", value_name = "NUMBER", value_parser = long("-s"))]
    #[arg(allow_negative_numbers = true)]
    pub page_size: Option<i64>,
}

impl PageArgs {
    /// How to see what is older, after a page that is full because nobody gave its size.
    pub(crate) fn older<Id: Display>(&self, shown: usize, last: Option<Id>) -> Option<String> {
        let last = last.filter(|_| self.page_size.is_none() && shown as i64 >= PAGE)?;
        Some(format!(
            "There may be more: use --last-id {last} to show what is older than these {shown}, or -s -1 for all."
        ))
    }
}

/// Which part of a list is shown that begins with the oldest.
#[derive(Debug, Clone, Default, Args)]
pub struct CountArgs {
    /// Show at most so many [default: all]
    #[arg(long, value_name = "NUMBER", value_parser = long("--count"))]
    pub count: Option<i64>,

    /// Show what comes after this id
    #[arg(long, value_name = "ID", value_parser = long("--last-id"))]
    pub last_id: Option<i64>,
}

/// How many entries are asked for at a time, as Digdag does.
const PAGE: i64 = 100;

impl CountArgs {
    /// Asks for the entries with `ask`, which is told after which one and how many: page after page unless a number is
    /// given.
    pub(crate) fn ask<T, E>(
        &self,
        id: impl Fn(&T) -> &Id,
        mut ask: impl FnMut(Option<i64>, i64) -> Result<Vec<T>, E>,
    ) -> Result<Vec<T>, E> {
        let mut found = ask(self.last_id, self.count.unwrap_or(PAGE))?;
        let mut is_full = found.len() as i64 >= PAGE;
        while self.count.is_none() && is_full {
            let last = found.last().map(|item| id(item).clone());
            let next = ask(last.as_ref().and_then(|id| id.as_str().parse().ok()), PAGE)?;
            // A server that takes no notice of the id would send the same page for ever.
            if next.last().map(&id) == last.as_ref() {
                break;
            }
            is_full = next.len() as i64 >= PAGE;
            found.extend(next);
        }
        Ok(found)
    }

    /// How to see what comes after a full page, which would not be noticed otherwise.
    pub(crate) fn more(&self, shown: usize, last: Option<&Id>) -> Option<String> {
        let last = last.filter(|_| self.count.is_some_and(|count| shown as i64 >= count))?;
        Some(format!("There may be more: use --last-id {last} to show what comes after these {shown}."))
    }
}

/// Reads a whole number; `option` is its name in the message.
pub(crate) fn long(option: &'static str) -> impl Fn(&str) -> Result<i64, String> + Clone + Send + Sync {
    move |text| text.parse().map_err(|_| format!("\"{option}\": couldn't convert \"{text}\" to a long"))
}

/// Reads an id that stands alone.
pub(crate) fn id(text: &str) -> Result<i64, String> {
    text.parse().ok().filter(|id| *id >= 0).ok_or_else(|| format!("For input string: \"{text}\""))
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("Dynamic parameter expected a value of the form a=b but got:{text}"))?;
    Ok((key.to_owned(), value.to_owned()))
}
