//! Whether an attempt is still needed, whatever the limits say.

use crate::model::{AttemptId, Time};
use crate::store::retention::{self, EndedAttempt};
use crate::store::{Reader, StoreError, leftovers};
use std::collections::HashSet;

/// What may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It stays.
    Keep,
    /// It may go; its session has a newer attempt, which stays for now.
    Attempt,
    /// Its session may go as a whole, for this is the newest attempt of it.
    Session,
}

/// What may go of an attempt that is too much. `oldest` is given when the reason is its age: then the rest of its session
/// must be as old.
pub(super) fn verdict(
    r: &Reader,
    attempt: &EndedAttempt,
    oldest: Option<Time>,
    resumed: &HashSet<AttemptId>,
) -> Result<Verdict, StoreError> {
    if resumed.contains(&attempt.id) {
        return Ok(Verdict::Keep);
    }
    let Some(last) = retention::last_attempt(r, attempt.session)? else {
        // It went with its session, a moment ago.
        return Ok(Verdict::Keep);
    };
    if last == attempt.id {
        let may_go = session_may_go(r, attempt, oldest, resumed)?;
        return Ok(if may_go { Verdict::Session } else { Verdict::Keep });
    }
    let is_needed = retention::has_only_success(r, attempt)?;
    Ok(if is_needed { Verdict::Keep } else { Verdict::Attempt })
}

fn session_may_go(
    r: &Reader,
    attempt: &EndedAttempt,
    oldest: Option<Time>,
    resumed: &HashSet<AttemptId>,
) -> Result<bool, StoreError> {
    let Some(session) = retention::session_use(r, attempt.session)? else { return Ok(false) };
    if session.is_unfinished || session.is_awaited {
        return Ok(false);
    }
    if let Some(oldest) = oldest
        && session.last_end.is_none_or(|end| end >= oldest)
    {
        return Ok(false);
    }
    if (session.has_newest_attempt || session.is_latest) && !is_of_gone_project(r, attempt, oldest)? {
        return Ok(false);
    }
    if resumed.is_empty() {
        return Ok(true);
    }
    let attempts = retention::of_session(r, attempt.session, u32::MAX)?;
    Ok(!attempts.iter().any(|attempt| resumed.contains(attempt)))
}

/// Nobody looks for the newest attempts of a project that was deleted so long ago.
fn is_of_gone_project(r: &Reader, attempt: &EndedAttempt, oldest: Option<Time>) -> Result<bool, StoreError> {
    let Some(oldest) = oldest else { return Ok(false) };
    Ok(leftovers::deleted_at(r, attempt.project)?.is_some_and(|deleted| deleted < oldest))
}
