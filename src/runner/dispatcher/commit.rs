//! Writing down what the dispatcher found out, before it acts upon it.

use super::{Dispatcher, Purpose, Step};
use crate::engine::Change;
use crate::logs::Level;
use crate::runner::run_error::RunError;
use crate::store::Durability;
use crate::store::commit::{Applied, apply};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server waits for a store that fails, such as on a full disk, before it tries again.
const STORE_PAUSE: Duration = Duration::from_secs(1);

impl Dispatcher {
    /// Commits all steps in one transaction. A server waits for a store that fails, and gives up attempts that somebody
    /// else has changed; what is left was committed.
    pub(super) fn commit(&mut self, mut steps: Vec<Step>) -> Result<Vec<Step>, RunError> {
        let logs = self.logs.take_ended();
        let mut alerts = std::mem::take(&mut self.alerts);
        alerts.retain(|alert| self.active.contains_key(&alert.attempt()));
        let chunks: Vec<_> = logs.iter().filter_map(|log| log.take()).collect();
        loop {
            let ended = |change: &Change| matches!(change, Change::Finished { .. } | Change::CancelRequested);
            let told = steps.iter().any(|(_, changes)| changes.iter().any(ended));
            let (now, owner) = (self.shared.now(), self.shared.owner);
            let durability = if told || !alerts.is_empty() { Durability::Full } else { Durability::Normal };
            let committed = self.shared.store.write(durability, |writer| {
                for chunk in &chunks {
                    chunk.write(writer, now)?;
                }
                for alert in &alerts {
                    alert.write(writer, now)?;
                }
                for (id, changes) in &steps {
                    if apply(writer, *id, owner, changes)? == Applied::Conflict {
                        return Ok(Err(*id));
                    }
                }
                Ok(Ok(()))
            });
            match committed {
                Ok(Ok(())) => {
                    if self.commit_trouble.worked() {
                        self.tell(Level::Info, "The database can be written again: tasks go on");
                    }
                    if !alerts.is_empty() {
                        (self.shared.raised)();
                    }
                    return Ok(steps);
                }
                Ok(Err(id)) if self.purpose == Purpose::Run => return Err(RunError::TakenOver(id)),
                Ok(Err(id)) => {
                    self.forget(id, &RunError::TakenOver(id));
                    steps.retain(|(other, _)| *other != id);
                    alerts.retain(|alert| alert.attempt() != id);
                }
                Err(error) if self.purpose == Purpose::Run || self.draining => return Err(error.into()),
                Err(error) => {
                    if let Some(cause) = self.commit_trouble.failed(&error, Instant::now()) {
                        self.tell(Level::Error, &format!("{cause}; trying again every second"));
                    }
                    thread::sleep(STORE_PAUSE);
                }
            }
        }
    }
}
