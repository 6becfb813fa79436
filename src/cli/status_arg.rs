//! `--status`: which attempts of a list are shown, by how they ended. The API has no such filter: pages are read until there
//! are enough, so that old ones are not looked at when nobody asks for all of them.

use super::args::PageArgs;
use super::history::{self, PAGE_SIZE, ask_pages};
use super::{CliError, Context};
use crate::client::models::{Attempt, Id, Session};
use crate::client::{self, ClientError};
use crate::store::Page;
use clap::Args;

/// How an attempt is, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Running,
    Success,
    Error,
    Killed,
}

/// The option.
#[derive(Debug, Clone, Default, Args)]
pub struct StatusArgs {
    /// Show those only that are running; that ended with success; that ended with error by themselves; or that were killed:
    /// somebody, or a limit of time, has asked for their end. Several are joined by commas: error,killed is everything that
    /// did not succeed
    #[arg(long, value_name = "success | error | running | killed", value_parser = statuses)]
    pub status: Option<Statuses>,
}

/// One or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statuses(Vec<Status>);

/// What has a status; a session has that of its last attempt, if there is one.
pub(crate) trait HasStatus {
    fn status(&self) -> Option<Status>;
}

impl HasStatus for Attempt {
    fn status(&self) -> Option<Status> {
        Some(of_marks(self.done, self.success, self.cancel_requested))
    }
}

impl HasStatus for Session {
    fn status(&self) -> Option<Status> {
        self.last_attempt.as_ref().map(|last| of_marks(last.done, last.success, last.cancel_requested))
    }
}

impl StatusArgs {
    /// Asks a server for a part of a list, newest first.
    ///
    /// # Errors
    ///
    /// Those of asking.
    pub(crate) fn ask<T: HasStatus>(
        &self,
        page: &PageArgs,
        id: fn(&T) -> &Id,
        context: &Context,
        ask: impl Fn(&client::Page) -> Result<Vec<T>, ClientError>,
    ) -> Result<Vec<T>, CliError> {
        if self.status.is_none() {
            return ask_pages(page, id, ask);
        }
        let (wanted, size) = (wanted(page), i64::from(PAGE_SIZE));
        let (mut found, mut seen) = (vec![], 0);
        let mut last_id = page.last_id.map(Id::from);
        loop {
            let next = ask(&client::Page { last_id: last_id.clone(), size: Some(size) })?;
            let is_last = (next.len() as i64) < size;
            seen += next.len();
            last_id = next.last().map(|item| id(item).clone());
            found.extend(next);
            found = self.matching(found, page);
            if is_last || found.len() >= wanted {
                return Ok(found);
            }
            if let Some(last_id) = last_id.as_ref().filter(|_| wanted < usize::MAX && seen >= MOST_SEEN) {
                let note = "were looked at: use --last-id";
                context
                    .output
                    .note(&format!("{seen} {note} {last_id} to look at what is older, or -s -1 for all."));
                return Ok(found);
            }
        }
    }

    /// The part of a list of this machine that is read: all that is older than an id where a status is looked for.
    pub(crate) fn local_page<I>(&self, page: &PageArgs, id: fn(i64) -> I) -> Page<I> {
        let Page { before, limit } = history::page(page, id);
        Page { before, limit: self.status.as_ref().map_or(limit, |_| u32::MAX) }
    }

    /// Leaves out what has another status, and what is more than a page.
    pub(crate) fn matching<T: HasStatus>(&self, all: Vec<T>, page: &PageArgs) -> Vec<T> {
        let Some(Statuses(wished)) = &self.status else { return all };
        let is_wished = |item: &T| item.status().is_some_and(|status| wished.contains(&status));
        all.into_iter().filter(is_wished).take(wanted(page)).collect()
    }
}

/// How many are looked at before somebody has to say that older ones are to be looked at, too.
const MOST_SEEN: usize = 10_000;

/// How many are to be found; what is negative means everything.
fn wanted(page: &PageArgs) -> usize {
    page.page_size.map_or(PAGE_SIZE as usize, |size| usize::try_from(size).unwrap_or(usize::MAX))
}

fn of_marks(done: bool, success: bool, cancel_requested: bool) -> Status {
    match (done, success, cancel_requested) {
        (false, ..) => Status::Running,
        (true, true, _) => Status::Success,
        (true, false, true) => Status::Killed,
        (true, false, false) => Status::Error,
    }
}

fn statuses(text: &str) -> Result<Statuses, String> {
    let status = |name: &str| match name.trim() {
        "running" => Some(Status::Running),
        "success" => Some(Status::Success),
        "error" => Some(Status::Error),
        "killed" => Some(Status::Killed),
        _ => None,
    };
    text.split(',').map(status).collect::<Option<_>>().map(Statuses).ok_or_else(|| {
        format!(
            "--status must be success, error, running or killed, or several of them joined by commas: {text}"
        )
    })
}
